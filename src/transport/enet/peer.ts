/** What the layer above sees of a connection, and what a host tells it. */
import type { Address } from '../../machine.ts'
import type { Limits, Timeout } from './limits.ts'
import type { Delivery } from './message.ts'
import type { Throttle } from './throttle.ts'

/**
 * ENet's states, without those it needs between its calls: what it calls
 * pending, succeeded and zombie is an event here.
 */
export type PeerState =
  | 'connecting'
  | 'acknowledging-connect'
  | 'connected'
  | 'disconnect-later'
  | 'disconnecting'
  | 'acknowledging-disconnect'
  | 'disconnected'

export interface SendOptions {
  readonly channel: number
  readonly delivery?: Delivery // 'reliable' by default
}

/** A connection, from `Host.connect` or the event `connected` until `disconnected` or `lost`. Never used again after. */
export interface Peer {
  readonly address: Address
  readonly state: PeerState

  /** Agreed on; ours before `connected`. */
  readonly channels: number
  readonly mtu: number

  /**
   * Octets that a datagram to the peer may have, 576..4096; the agreed `mtu` holds where that is less. What was cut for
   * a larger one and is not acknowledged still goes whole, in a datagram of its own.
   */
  pathMtu: number

  /** Smoothed round trip time in ms, 500 before the first sample, and its variance. */
  readonly rtt: number
  readonly rttVariance: number

  /** Octets that may be queued before one should wait for the event `room`; 0 when there is none. */
  readonly room: number

  /** ms without a word from the peer until it is pinged, when nothing else is in flight. */
  pingInterval: number

  timeout: Timeout
  limits: Limits

  /**
   * Queues a message, whatever `room` says. Its octets are the peer's
   * from here: they are not copied before they are sent. Dropped when the
   * connection is about to end or has ended; the event says so.
   *
   * @throws RangeError when the channel was not agreed on or the message is longer than `maxMessage`
   * @throws Error before `connected`
   */
  send(message: Uint8Array, options: SendOptions): void

  /** Octets that a message may have: 28,000 fragments. */
  readonly maxMessage: number

  ping(): void

  /**
   * Sets how the throttle of both sides moves, and tells the other; before `connected`, nothing.
   *
   * @throws RangeError for what is no u32
   */
  configureThrottle(throttle: Throttle): void

  /** Sends again at once whatever is not acknowledged: the network was away, and is back. */
  hurry(now: number): void

  /** The path to the peer is another: what was learned of its rate and its round trips is forgotten. */
  rerouted(): void

  /** Tells the peer and waits for its acknowledgement; what is queued is dropped. */
  disconnect(data?: number): void

  /** Tells the peer once and forgets it: no event follows. */
  disconnectNow(data?: number): void

  /** Disconnects when all that is queued was sent, and what is reliable acknowledged. Messages that arrive meanwhile are dropped. */
  disconnectLater(data?: number): void

  /** Forgets the peer without a word: no event follows. */
  reset(): void
}

export type HostEvent =
  | { readonly kind: 'connected'; readonly peer: Peer; readonly data: number } // data: of the side that connected
  | { readonly kind: 'message'; readonly peer: Peer; readonly channel: number; readonly bytes: Uint8Array }
  | { readonly kind: 'room'; readonly peer: Peer } // after there was none: at least half of it
  | { readonly kind: 'disconnected'; readonly peer: Peer; readonly data: number } // by either side
  | { readonly kind: 'lost'; readonly peer: Peer } // no acknowledgement for too long, or never an answer
