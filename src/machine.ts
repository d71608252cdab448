/**
 * The contract of every protocol here: a pure state machine without sockets,
 * clocks or randomness of its own. Times are milliseconds on the caller's
 * monotonic clock.
 *
 * Inputs only change state; what they make due shows in `deadline`. The caller
 * drains until nothing is due: `src/edge/run.ts` on real sockets,
 * `test/support/network.ts` on simulated ones.
 *
 * Machines compose by a loop: what an inner `drain` yields that is not an
 * `event` passes through unchanged, events become one's own, notices go down.
 * A machine that wants something of a disk yields it as `work`; what came of it
 * is a command to that machine.
 */

/** `1.2.3.4:5678` or `[fe80::1%eth0]:5678`, canonical; made by `src/wire/address.ts` only. */
export type Address = string & { readonly __brand: 'Address' }

/** A local end. Its maker (a machine, or the driver for an accepted stream) compares it by identity. */
export interface Local {
  readonly kind: 'udp4' | 'udp6' | 'multicast4' | 'multicast6' | 'stream'
  /** One more than the first of its kind: bound to a port that the system picks, whatever port was asked for. */
  readonly isExtra?: true
}

/** Which of our ends speaks with which of the peer's addresses. */
export interface Path {
  readonly local: Local
  readonly peer: Address // sender when received, destination when sent
}

export interface Datagram extends Path {
  readonly bytes: Uint8Array // never written again
}

export type Output<Event, Work = never> =
  | { readonly kind: 'send'; readonly datagram: Datagram }
  | { readonly kind: 'open'; readonly local: Local; readonly peer?: Address } // peer: of streams, and the group of multicast
  | { readonly kind: 'close'; readonly local: Local }
  | { readonly kind: 'event'; readonly event: Event }
  | { readonly kind: 'work'; readonly work: Work } // of a disk; what has none never yields it

/** What became of a local end: each one opened is `closed` once, whoever closes it. */
export type Notice =
  | { readonly kind: 'opened'; readonly local: Local; readonly at: Address } // at: our side
  | { readonly kind: 'closed'; readonly local: Local; readonly reason: 'failed' | 'limit' | 'ended' } // limit: too many open

export interface Machine<Event, Work = never> {
  receive(datagram: Datagram, now: number): void

  /** Only machines that keep local ends, or contain one that does, need it. */
  notice?(notice: Notice, now: number): void

  /** Runs whatever is due at `now`, then yields everything there is to do, in order. */
  drain(now: number): Iterable<Output<Event, Work>>

  /** When `drain` next has work: -Infinity for at once, Infinity for never. */
  readonly deadline: number
}

/** Wall time in unix milliseconds at the moment `now` of the monotonic clock: where a spec needs a date. */
export type WallClock = (now: number) => number
