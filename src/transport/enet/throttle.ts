/**
 * ENet's packet throttle (1.3.17, peer.c and host.c): a number of 0 to 32
 * that follows the round trip time. Of 32 unreliable messages so many go out,
 * and so many parts of its window the classic controller uses.
 */
import type { RoundTrip } from './roundtrip.ts'

/** THROTTLE_CONFIGURE: how the throttle moves. */
export interface Throttle {
  readonly interval: number // ms
  readonly acceleration: number // of `throttleScale`
  readonly deceleration: number
}

export const defaultThrottle: Throttle = { interval: 5_000, acceleration: 2, deceleration: 2 }
export const throttleScale = 32

export class PacketThrottle {
  #value = throttleScale
  #most = throttleScale
  #counter = 0
  #settings = defaultThrottle
  #epoch: number | undefined
  // Of the interval before, and of this one so far.
  #last = { lowest: 500, variance: 0 }
  #lowest = 500
  #highestVariance = 0

  /** 0 to `throttleScale`. */
  get value(): number {
    return this.#value
  }

  /** What `limit` set. */
  get most(): number {
    return this.#most
  }

  configure(settings: Throttle): void {
    this.#settings = settings
  }

  /** What the bandwidth of both hosts leaves, `throttleScale` where nothing is limited: the value never rises above it. */
  limit(value: number): void {
    this.#most = value
    this.#value = Math.min(this.#value, value)
  }

  /** enet_peer_throttle: a round trip, against those of the interval before. */
  sampled(sample: number): void {
    const { lowest, variance } = this.#last
    const { acceleration, deceleration } = this.#settings
    if (lowest <= variance) this.#value = this.#most
    else if (sample <= lowest) this.#value = Math.min(this.#most, this.#value + acceleration)
    else if (sample > lowest + 2 * variance) this.#value = Math.max(0, this.#value - deceleration)
  }

  /** After the estimate took the sample. */
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

  /** check_outgoing_commands: may the next unreliable message leave? Spreads what is dropped evenly. */
  admits(): boolean {
    this.#counter = (this.#counter + step) % throttleScale
    return this.#counter <= this.#value
  }
}

const step = 7
