/**
 * Sending as ENet 1.3.17 does: at most 64 KiB in flight, scaled by a throttle
 * that follows the round trip time; loss changes nothing, and is found by
 * timeouts alone (protocol.c: check_timeouts, check_outgoing_commands).
 */
import type { Congestion, Recovery, Sending, Terms } from './congestion.ts'
import type { List, Outgoing } from './flight.ts'
import type { Timeout } from './limits.ts'
import type { Packet } from './packet.ts'
import type { RoundTrip } from './roundtrip.ts'
import { PacketThrottle, throttleScale } from './throttle.ts'

export const classic = (): Sending => ({
  congestion: new Classic(),
  recovery: new Timeouts(),
  order: 'first-queued',
  acknowledging: 'once',
})

export class Classic implements Congestion {
  readonly paced = -Infinity
  readonly throttle: PacketThrottle
  #mtu = 0
  #windowSize = 0
  #inFlight = 0 // octets of payload

  constructor(throttle = new PacketThrottle()) {
    this.throttle = throttle
  }

  /** Octets of payload that may be in flight. */
  get window(): number {
    return Math.max(this.#mtu, Math.floor((this.throttle.value * this.#windowSize) / throttleScale))
  }

  allows({ size }: Packet): boolean {
    return this.#inFlight + size <= this.window
  }

  configure({ mtu, windowSize }: Terms): void {
    this.#mtu = mtu
    this.#windowSize = windowSize
  }

  sent({ size }: Packet): void {
    this.#inFlight += size
  }

  acknowledged({ size, isInFlight }: Packet): void {
    if (isInFlight) this.#inFlight -= size
  }

  lost({ size }: Packet): void {
    this.#inFlight -= size
  }

  recalled(packet: Packet): void {
    this.lost(packet)
  }

  cleared(): void {
    this.#inFlight = 0
  }

  spurious(): void {}
  settled(): void {}
  stopped(): void {}
  rerouted(): void {}
}

/** Each command has a timeout of its own, doubled at each sending. */
class Timeouts implements Recovery {
  #earliest: number | undefined // whole ms: when the oldest command left that timed out since the last acknowledgement

  deadline({ first }: List): number {
    return first ? first.sentTime + first.timeout : Infinity
  }

  due(flying: List, now: number, { limit, minimum, maximum }: Timeout): readonly Outgoing[] | 'gone' {
    const time = Math.floor(now)
    if (time < this.deadline(flying)) return none
    const late: Outgoing[] = []
    for (let item = flying.first; item; item = item.after) {
      if (time - item.sentTime < item.timeout) continue
      this.#earliest = Math.min(this.#earliest ?? Infinity, item.sentTime)
      const silence = time - this.#earliest
      const isOften = 2 ** (item.attempts - 1) >= limit
      if (silence >= maximum || (isOften && silence >= minimum)) return 'gone'
      item.timeout *= 2
      late.push(item)
    }
    return late
  }

  sent(item: Outgoing, { timeout }: RoundTrip): void {
    if (item.attempts === 1) item.timeout = timeout
  }

  heard(): void {
    this.#earliest = undefined
  }

  /** libenet does. */
  believes(): boolean {
    return true
  }

  acknowledged(): void {}

  hurried(flying: List, { timeout }: RoundTrip): readonly Outgoing[] {
    const all: Outgoing[] = []
    for (let item = flying.first; item; item = item.after) {
      item.timeout = timeout
      all.push(item)
    }
    return all
  }

  rerouted(): void {}
}

const none: readonly Outgoing[] = []
