/**
 * How much may be in flight: the interface, and `Classic`, which sends
 * datagram for datagram what ENet 1.3.17 sends: at most 64 KiB in flight,
 * scaled by a throttle that follows the round trip time; loss changes nothing.
 * ENet binds the sender only, so another controller needs no word with the peer.
 */
import type { RoundTrip } from './roundtrip.ts'
import { PacketThrottle, type Throttle, throttleScale } from './throttle.ts'

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

  /** What the bandwidth of both hosts leaves to this connection, of 32 parts; 32 when nothing is limited. */
  limit(share: number): void

  /** Asked once for each unreliable message when its turn has come: may it leave, or is it dropped? */
  admits(): boolean

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

export class Classic implements Congestion {
  readonly paced = -Infinity
  readonly #throttle = new PacketThrottle()
  #mtu = 0
  #windowSize = 0

  get window(): number {
    return Math.max(this.#mtu, Math.floor((this.#throttle.value * this.#windowSize) / throttleScale))
  }

  configure({ mtu, windowSize, throttle }: Terms): void {
    this.#mtu = mtu
    this.#windowSize = windowSize
    this.#throttle.configure(throttle)
  }

  limit(share: number): void {
    this.#throttle.limit(share)
  }

  admits(): boolean {
    return this.#throttle.admits()
  }

  sampled(sample: number): void {
    this.#throttle.sampled(sample)
  }

  estimated(estimate: RoundTrip, now: number): void {
    this.#throttle.estimated(estimate, now)
  }

  sent(): void {}
  acknowledged(): void {}
  lost(): void {}
}
