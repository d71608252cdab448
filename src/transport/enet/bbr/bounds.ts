/**
 * What losses have taught about how much the path holds (draft-ietf-ccwg-bbr,
 * "Updating the Model Upon Packet Loss"): for long, in the last probe for
 * bandwidth, and since then. Octets, octets per ms; Infinity: nothing yet.
 */
import type { RateSample } from './rate.ts'

export class Bounds {
  /** BBR.inflight_longterm. */
  longTerm = Infinity
  /** BBR.inflight_shortterm. */
  shortTerm = Infinity
  /** BBR.bw_shortterm. */
  rate = Infinity
  #longTermBefore = Infinity // the last loss for which it was lowered
  #isRoundStart = false
  #round = 0 // octets delivered
  #latestRate = 0
  #latestDelivered = 0
  // While probing upward: how much is to be acknowledged for one packet more.
  #acknowledged = 0
  #perPacket = Infinity
  #rounds = 0

  /** A round trip in which losses are counted is over with the sample heard last. */
  get isRoundStart(): boolean {
    return this.#isRoundStart
  }

  get latestDelivered(): number {
    return this.#latestDelivered
  }

  /** UpdateLatestDeliverySignals. @param delivered - octets, up to now */
  hear({ rate, delivered: since, priorDelivered }: RateSample, delivered: number): void {
    this.#latestRate = Math.max(this.#latestRate, rate)
    this.#latestDelivered = Math.max(this.#latestDelivered, since)
    this.#isRoundStart = priorDelivered >= this.#round
    if (this.#isRoundStart) this.#round = delivered
  }

  /** AdvanceLatestDeliverySignals. */
  advance({ rate, delivered }: RateSample): void {
    this.#latestRate = rate
    this.#latestDelivered = delivered
  }

  /** ResetCongestionSignals. */
  forgetLatest(): void {
    this.#latestRate = this.#latestDelivered = 0
  }

  /** InitLowerBounds, LossLowerBounds: after a round trip with losses. */
  lower(rate: number, window: number): void {
    this.rate = Math.max(this.#latestRate, beta * Math.min(this.rate, rate))
    this.shortTerm = Math.max(this.#latestDelivered, beta * Math.min(this.shortTerm, window))
  }

  /** ResetShortTermModel. */
  forgetShortTerm(): void {
    this.rate = this.shortTerm = Infinity
  }

  /** HandleInflightTooHigh. @param inFlight - how much it was; @param target - how much it should have been */
  exceeded(inFlight: number, target: number): void {
    this.#longTermBefore = this.longTerm
    this.longTerm = Math.max(inFlight, target * beta)
  }

  /** HandleSpuriousLossDetection. */
  undo(): void {
    this.forgetShortTerm()
    this.longTerm = Math.max(this.longTerm, this.#longTermBefore)
  }

  /** InflightWithHeadroom. */
  withHeadroom(packet: number): number {
    if (this.longTerm === Infinity) return Infinity
    return this.longTerm - Math.max(packet, headroom * this.longTerm)
  }

  /** A probe begins, or ends. */
  rest(): void {
    this.#acknowledged = this.#rounds = 0
    this.#perPacket = Infinity
  }

  /** RaiseInflightLongtermSlope: twice as fast as in the round before. */
  steepen(window: number, packet: number): void {
    this.#perPacket = Math.max(window / 2 ** this.#rounds, packet)
    this.#rounds = Math.min(this.#rounds + 1, 30)
  }

  /** ProbeInflightLongtermUpward. */
  raise(acknowledged: number, packet: number): void {
    this.#acknowledged += acknowledged
    const packets = Math.floor(this.#acknowledged / this.#perPacket)
    if (packets === 0) return
    this.#acknowledged -= packets * this.#perPacket
    this.longTerm += packets * packet
  }
}

const beta = 0.7
const headroom = 0.15
