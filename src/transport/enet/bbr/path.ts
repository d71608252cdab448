/**
 * BBR's model of the path (draft-ietf-ccwg-bbr, "Updating Network Path Model
 * Parameters"): packet-timed round trips, the highest delivery rate, the
 * shortest round trip time, and how much comes acknowledged in one go.
 */
import type { RateSample } from './rate.ts'

export class PathModel {
  /** A packet-timed round trip has begun with this sample. */
  isRoundStart = false
  rounds = 0
  /** ms; Infinity before the first sample. */
  minRtt = Infinity
  /** The shortest round trip has not been seen for `probeRttInterval`. */
  isProbeRttDue = false
  /** In Startup, what comes in one go is remembered for a round or two only. */
  isStarting = true
  #nextRound = 0 // octets delivered
  #rates: [before: number, now: number] = [0, 0] // the highest, of two cycles
  #minRttAt = 0
  #probeRttMin = Infinity
  #probeRttAt = 0
  #aggregation: [before: number, now: number] = [0, 0] // the most, of five rounds each
  #aggregationRounds = 0
  #aggregationStart = 0
  #aggregationDelivered = 0

  /** BBR.max_bw, octets per ms; 0 before the first sample. */
  get maxRate(): number {
    return Math.max(this.#rates[0], this.#rates[1])
  }

  /** BBR.extra_acked, octets. */
  get extraAcknowledged(): number {
    return Math.max(this.#aggregation[0], this.#aggregation[1])
  }

  /** UpdateRound. @param delivered - octets, up to now */
  countRound({ priorDelivered }: RateSample, delivered: number): void {
    this.isRoundStart = priorDelivered >= this.#nextRound
    if (!this.isRoundStart) return
    this.startRound(delivered)
    this.rounds++
  }

  startRound(delivered: number): void {
    this.#nextRound = delivered
  }

  /** UpdateMaxBw. */
  addRate({ rate, isAppLimited }: RateSample): void {
    if (rate > 0 && (rate >= this.maxRate || !isAppLimited)) this.#rates[1] = Math.max(this.#rates[1], rate)
  }

  /** AdvanceMaxBwFilter: a cycle of probing ended. */
  advance(): void {
    if (this.#rates[1] > 0) this.#rates = [this.#rates[1], 0]
  }

  /** UpdateMinRTT. */
  addRtt(rtt: number, now: number): void {
    if (this.minRtt === Infinity) this.#minRttAt = this.#probeRttAt = now
    this.isProbeRttDue = now > this.#probeRttAt + probeRttInterval
    if (rtt < this.#probeRttMin || this.isProbeRttDue) {
      this.#probeRttMin = rtt
      this.#probeRttAt = now
    }
    if (this.#probeRttMin < this.minRtt || now > this.#minRttAt + minRttLifetime) {
      this.minRtt = this.#probeRttMin
      this.#minRttAt = this.#probeRttAt
    }
  }

  /** The queue was drained on purpose, or by a pause: no need to do so again soon. */
  probedRtt(now: number): void {
    this.#probeRttAt = now
  }

  /** UpdateACKAggregation. @param rate - BBR.bw; @param most - no more than the window can be of use */
  addAggregation(acknowledged: number, rate: number, most: number, now: number): void {
    let expected = rate * (now - this.#aggregationStart)
    if (this.#aggregationDelivered <= expected) {
      this.restartAggregation(now)
      expected = 0
    }
    this.#aggregationDelivered += acknowledged
    if (this.isRoundStart && ++this.#aggregationRounds >= (this.isStarting ? 1 : aggregationRounds)) {
      this.#aggregationRounds = 0
      this.#aggregation = [this.#aggregation[1], 0]
    }
    const extra = Math.min(this.#aggregationDelivered - expected, most)
    this.#aggregation[1] = Math.max(this.#aggregation[1], extra)
  }

  restartAggregation(now: number): void {
    this.#aggregationStart = now
    this.#aggregationDelivered = 0
  }
}

const probeRttInterval = 5_000 // ms
const minRttLifetime = 10_000 // ms
const aggregationRounds = 5
