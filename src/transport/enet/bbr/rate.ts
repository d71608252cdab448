/**
 * Delivery rate samples (draft-ietf-ccwg-bbr, "Delivery Rate Samples"): what
 * was acknowledged between a packet's leaving and its acknowledgement, over
 * the time that took. Octets, ms with fractions, octets per ms.
 */
import type { Packet, Snapshot } from '../packet.ts'

/** What the acknowledgements say that came together; the draft's RS. */
export interface RateSample {
  /** 0: no reliable sample. */
  rate: number
  /** Since the newest acknowledged packet left. */
  delivered: number
  lost: number
  /** When that packet left: all delivered before, and what was in flight. */
  priorDelivered: number
  inFlight: number
  isAppLimited: boolean
  newlyAcknowledged: number
  /** Of the newest; -1 when nothing was acknowledged. */
  rtt: number
}

export class RateSampler {
  delivered = 0
  lost = 0
  #sent = 0
  #deliveredAt = 0
  #firstSentAt = 0
  #appLimitedUntil = 0 // `delivered`, once what is in flight now has arrived; 0: not limited
  #newest: Snapshot | undefined // of the packets acknowledged since `take`
  #newestNumber = -1
  #newestSentAt = 0
  #newlyAcknowledged = 0

  get isAppLimited(): boolean {
    return this.#appLimitedUntil !== 0
  }

  /** OnPacketSent. @param before - octets in flight, without the packet */
  sent({ octets, sentAt }: Packet, before: number): Snapshot {
    if (before === 0) this.#firstSentAt = this.#deliveredAt = sentAt
    this.#sent += octets
    return {
      delivered: this.delivered,
      deliveredAt: this.#deliveredAt,
      firstSentAt: this.#firstSentAt,
      inFlight: before + octets,
      lost: this.lost,
      sent: this.#sent,
      isAppLimited: this.isAppLimited,
    }
  }

  /** UpdateRateSample. */
  acknowledged({ octets, number, sentAt, snapshot }: Packet, now: number): void {
    this.delivered += octets
    this.#newlyAcknowledged += octets
    this.#deliveredAt = now
    if (!snapshot || number < this.#newestNumber) return
    this.#newest = snapshot
    this.#newestNumber = number
    this.#newestSentAt = sentAt
    this.#firstSentAt = sentAt
  }

  /** MarkConnectionAppLimited. */
  limited(inFlight: number): void {
    this.#appLimitedUntil = Math.max(this.delivered + inFlight, 1)
  }

  /** GenerateRateSample. `undefined`: nothing was acknowledged since the last time. */
  take(minRtt: number): RateSample | undefined {
    if (this.isAppLimited && this.delivered > this.#appLimitedUntil) this.#appLimitedUntil = 0
    const newest = this.#newest
    if (!newest) return undefined
    const sendElapsed = this.#newestSentAt - newest.firstSentAt
    const ackElapsed = this.#deliveredAt - newest.deliveredAt
    const interval = Math.max(sendElapsed, ackElapsed)
    const delivered = this.delivered - newest.delivered
    const sample = {
      rate: interval > 0 && interval >= minRtt ? delivered / interval : 0,
      delivered,
      lost: this.lost - newest.lost,
      priorDelivered: newest.delivered,
      inFlight: newest.inFlight,
      isAppLimited: newest.isAppLimited,
      newlyAcknowledged: this.#newlyAcknowledged,
      rtt: this.#deliveredAt - this.#newestSentAt,
    }
    this.#newest = undefined
    this.#newlyAcknowledged = 0
    return sample
  }
}
