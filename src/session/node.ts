/**
 * A node of the DHT and nothing else: the seed of a private network. It keeps
 * records for others, and knows no profile. Sans-I/O: see `src/machine.ts`.
 */
import type { Address, Datagram, Machine, Notice, Output } from '../machine.ts'
import { Presence, type PresenceEvent, type PresenceOptions } from './presence.ts'
import type { Place } from './standing.ts'

export type NodeEvent = Extract<PresenceEvent, { kind: 'listening' | 'network' }>

export interface NodeOptions extends Pick<PresenceOptions, 'random' | 'wall' | 'place' | 'loopback' | 'now'> {
  /** There is a network to join; the first node of one has nobody to ask. */
  readonly hasBootstrap: boolean
}

export class Node implements Machine<NodeEvent> {
  readonly #presence: Presence
  readonly #hasBootstrap: boolean

  constructor({ hasBootstrap, ...options }: NodeOptions) {
    this.#hasBootstrap = hasBootstrap
    const dht = { mode: 'node', bootstrap: [], saved: [] } as const
    this.#presence = new Presence({ ...options, dht, lan: false, stun: false })
  }

  get deadline(): number {
    return this.#presence.deadline
  }

  addBootstrap(addresses: readonly Address[], now: number): void {
    this.#presence.addBootstrap(addresses, now)
  }

  /** Our network is another one. */
  moved(place: Place, { isBound }: { readonly isBound: boolean }, now: number): void {
    this.#presence.moved(place, { isBound }, now)
  }

  receive(datagram: Datagram, now: number): void {
    this.#presence.receive(datagram, now)
  }

  notice(notice: Notice, now: number): void {
    this.#presence.notice(notice, now)
  }

  *drain(now: number): Generator<Output<NodeEvent>> {
    for (const out of this.#presence.drain(now)) {
      if (out.kind !== 'event') yield out
      else if (this.#isWorthTelling(out.event)) yield { kind: 'event', event: out.event }
    }
  }

  #isWorthTelling(event: PresenceEvent): event is NodeEvent {
    if (event.kind !== 'network') return event.kind === 'listening'
    const isAboutOthers = event.state === 'joined' || event.state === 'unreachable'
    return isAboutOthers ? this.#hasBootstrap : event.state !== 'joining'
  }
}
