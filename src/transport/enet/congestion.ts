/**
 * How much may be in flight: the interface, and `Classic`, which sends
 * datagram for datagram what ENet 1.3.17 sends: at most 64 KiB in flight,
 * scaled by a throttle that follows the round trip time; loss changes nothing.
 * ENet binds the sender only, so another controller needs no word with the peer.
 */
import type { RoundTrip } from './roundtrip.ts'

/** A reliable command with a payload, as its controller sees it. */
export interface Packet {
  readonly size: number // octets of payload
  readonly sentAt: number // ms with fractions, of the latest sending
  readonly attempts: number
}

export interface Congestion {
  /** Octets of payload that may be in flight, before the bound by the peer's window. */
  readonly window: number

  /** Nothing with a payload may leave before; -Infinity: at once. */
  readonly paced: number

  /** What the peer announced. */
  configure(terms: Terms): void

  /** Every acknowledgement, also of what is acknowledged already; `estimate` does not hold the sample yet. */
  sampled(sample: number, estimate: RoundTrip, now: number): void

  /** After `estimate` took the sample. */
  estimated(estimate: RoundTrip, now: number): void

  sent(packet: Packet, now: number): void
  acknowledged(packet: Packet, now: number): void
  lost(packet: Packet, now: number): void
}

export interface Terms {
  readonly mtu: number
  readonly windowSize: number // octets
  readonly throttle: Throttle
}

/** THROTTLE_CONFIGURE. */
export interface Throttle {
  readonly interval: number // ms
  readonly acceleration: number // of `throttleScale`
  readonly deceleration: number
}

export const defaultThrottle: Throttle = { interval: 5_000, acceleration: 2, deceleration: 2 }
const throttleScale = 32

export class Classic implements Congestion {
  readonly paced = -Infinity
  #mtu = 0
  #windowSize = 0
  #settings = defaultThrottle
  #throttle = throttleScale
  #epoch: number | undefined
  // Of the interval before, and of this one so far.
  #last = { lowest: 500, variance: 0 }
  #lowest = 500
  #highestVariance = 0

  get window(): number {
    return Math.max(this.#mtu, Math.floor((this.#throttle * this.#windowSize) / throttleScale))
  }

  configure({ mtu, windowSize, throttle }: Terms): void {
    this.#mtu = mtu
    this.#windowSize = windowSize
    this.#settings = throttle
  }

  /** peer.c, enet_peer_throttle. */
  sampled(sample: number): void {
    const { lowest, variance } = this.#last
    const { acceleration, deceleration } = this.#settings
    if (lowest <= variance) this.#throttle = throttleScale
    else if (sample <= lowest) this.#throttle = Math.min(throttleScale, this.#throttle + acceleration)
    else if (sample > lowest + 2 * variance) this.#throttle = Math.max(0, this.#throttle - deceleration)
  }

  estimated({ smoothed, variance }: RoundTrip, now: number): void {
    this.#lowest = Math.min(this.#lowest, smoothed)
    this.#highestVariance = Math.max(this.#highestVariance, variance)
    const time = Math.floor(now)
    if (this.#epoch !== undefined && time - this.#epoch < this.#settings.interval) return
    this.#last = { lowest: this.#lowest, variance: Math.max(this.#highestVariance, 1) }
    this.#lowest = smoothed
    this.#highestVariance = variance
    this.#epoch = time
  }

  sent(): void {}
  acknowledged(): void {}
  lost(): void {}
}
