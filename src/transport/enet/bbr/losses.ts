/**
 * What losses mean. A full queue drops, and shows in the round trip time
 * before; a line that loses without a queue, as radio does, is no sign that too
 * much is sent (`docs/decisions/034-bbr.md`). Octets, ms.
 */
import { LineLoss } from './noise.ts'

export class Losses {
  /** Losses in this round trip say that the path carries less than thought. */
  isCongested = false
  /** ... and more than may be. */
  isMuch = false
  /** Packets, in this round trip. */
  count = 0
  readonly #line = new LineLoss()
  // The shortest of this round trip and of the one before: a queue lengthens all, a program that was not run in time some.
  #least = Infinity
  #leastBefore = Infinity
  #shortest = Infinity
  #hadQueue = false // in this round trip
  #roundAt = { delivered: 0, lost: 0 }

  /** 0..1 of what is sent: what the line itself loses. */
  get line(): number {
    return this.#line.share
  }

  /** The round trip time shows a queue. */
  get isQueueing(): boolean {
    return (
      Math.min(this.#least, this.#leastBefore) > this.#shortest + Math.max(this.#shortest / 8, queueFloor)
    )
  }

  /** 0..1 of what is in flight: what may be lost beside a queue. */
  get threshold(): number {
    return lossThreshold + noiseMargin * Math.min(this.#line.share, mostNoise)
  }

  /** @param shortest - the shortest round trip time so far */
  hear(rtt: number, shortest: number): void {
    this.#least = Math.min(this.#least, rtt)
    this.#shortest = shortest
    this.#hadQueue ||= this.isQueueing
  }

  /** A round trip is over. */
  measure({ delivered, lost }: { readonly delivered: number; readonly lost: number }): void {
    if (!this.#hadQueue) this.#line.add(lost - this.#roundAt.lost, delivered - this.#roundAt.delivered)
    this.#roundAt = { delivered, lost }
    this.#leastBefore = this.#least
    this.#least = Infinity
    this.#hadQueue = this.isQueueing
  }

  /** A packet is lost. @param lost - since it left, with it */
  add(lost: number, inFlight: number, packet: number): void {
    this.count++
    if (this.isQueueing && lost > noiseMargin * this.#line.share * inFlight) this.isCongested = true
    if (this.isTooHigh(lost, inFlight, packet)) this.isCongested = this.isMuch = true
  }

  /** IsInflightTooHigh. @param packet - octets of a full one */
  isTooHigh(lost: number, inFlight: number, packet: number): boolean {
    const share = lost / inFlight
    const isBlind = share > blindThreshold && inFlight > blindPackets * packet
    return share > this.threshold && (this.isQueueing || isBlind)
  }

  forget(): void {
    this.isCongested = this.isMuch = false
    this.count = 0
  }
}

const lossThreshold = 0.02
const noiseMargin = 1.5 // of what the line loses: a round's share varies
const mostNoise = 0.2 // a line that loses more is not used, or somebody drops on purpose
const blindThreshold = 0.15 // without a queue: so much that it may be a bottleneck that has none
const blindPackets = 64 // in flight: of fewer, one lost datagram of acknowledgements seems as many
const queueFloor = 2 // ms: less is an event loop's noise
