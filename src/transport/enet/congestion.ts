/**
 * How a connection sends: how much may be in flight (`Congestion`), what of it
 * is lost (`Recovery`), and whose turn it is (`Order`). `classic.ts` sends
 * datagram for datagram what ENet 1.3.17 sends, `bbr/` as fast as the path
 * carries. ENet binds the sender only, so neither needs a word with the peer.
 */
import type { List, Outgoing } from './flight.ts'
import type { Timeout } from './limits.ts'
import type { Order, Packet } from './packet.ts'
import type { RoundTrip } from './roundtrip.ts'
import type { PacketThrottle } from './throttle.ts'

export interface Sending {
  readonly congestion: Congestion
  readonly recovery: Recovery
  readonly order: Order
  readonly acknowledging: Acknowledging
}

/** Whether an acknowledgement goes out again with the next datagram, where such are lost. */
export type Acknowledging = 'once' | 'again-after-loss'

/** What keeps a connection from sending. */
export type Obstacle = 'window' | 'nothing-to-send'

export interface Congestion {
  /** Drops unreliable messages, and knows what the bandwidth of both hosts leaves; the connection tells it. */
  readonly throttle: PacketThrottle

  /** May it be in flight beside what is? */
  allows(packet: Packet): boolean

  /** Nothing with a payload may leave before; -Infinity: at once. */
  readonly paced: number

  /** What the peer announced. */
  configure(terms: Terms): void

  sent(packet: Packet, now: number): void
  acknowledged(packet: Packet, now: number): void
  lost(packet: Packet, now: number): void

  /** It is sent once more to provoke an acknowledgement, as none came for long; it is not taken for lost. */
  recalled(packet: Packet): void

  /** What was taken for lost was not. */
  spurious(now: number): void

  /** All acknowledgements that came together are told, and what they show to be lost. */
  settled(now: number): void

  /** Sending ended with that. */
  stopped(by: Obstacle, now: number): void

  /** Nothing is in flight any more: it was forgotten. */
  cleared(): void

  /** The path is another: nothing that was learned holds. */
  rerouted(): void
}

/** Finds what of the commands in flight is lost. They are listed in the order of their latest sendings. */
export interface Recovery {
  /** ms: when `due` may have something; Infinity when nothing is in flight. */
  deadline(flying: List): number

  /** What is to be sent again. `gone` instead: too much was lost for too long, and the peer is. */
  due(flying: List, now: number, patience: Timeout): readonly Outgoing[] | 'gone'

  sent(item: Outgoing, estimate: RoundTrip, now: number): void

  /** Every acknowledgement, also of what is acknowledged already: the peer lives. */
  heard(): void

  /** Whether an acknowledgement with this echo (16 bits, ms) can be of a datagram that brought the item. */
  believes(item: Outgoing, sentTime: number): boolean

  /** Called while the item is still in its list. */
  acknowledged(item: Outgoing, echo: Echo, now: number): void

  /** The way was closed, and is open: what is to be sent again at once. */
  hurried(flying: List, estimate: RoundTrip): readonly Outgoing[]

  /** The path is another: nothing that was learned holds. */
  rerouted(): void
}

/** Of which sending of a command an acknowledgement tells: it echoes the time of the datagram. */
export type Echo = 'latest' | 'earlier'

export interface Terms {
  readonly mtu: number
  readonly windowSize: number // octets
}
