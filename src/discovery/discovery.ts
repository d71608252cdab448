/**
 * Finds buddies through the DHT, and answers as one of its nodes if asked to:
 * what a session composes. Sans-I/O: see `src/machine.ts`. The local end is its
 * owner's, who opens and closes it. IPv4; IPv6 is another instance.
 */
import type { Random } from '../crypto.ts'
import type { Address, Datagram, Local, Machine, Output, WallClock } from '../machine.ts'
import { Queue } from '../queue.ts'
import { Dht, type DhtEvent } from './dht.ts'
import { decodeMessage, encodeMessage, type Query } from './krpc.ts'
import { Node } from './node.ts'
import type { PairKeys } from './place.ts'
import type { Candidate } from './record.ts'
import {
  type Announcement,
  type Part,
  Rendezvous,
  type RendezvousEvent,
  type RendezvousOrder,
} from './rendezvous.ts'
import type { StoreLimits } from './store.ts'

export type { PairKeys } from './place.ts'
export type { Candidate } from './record.ts'

export type DiscoveryEvent =
  /** A node answered. */
  | { readonly kind: 'joined' }
  /** Nobody answers, of those known; it goes on trying. */
  | { readonly kind: 'unreachable' }
  /** As whom most nodes see us, whenever that changes. */
  | { readonly kind: 'external'; readonly address: Address }
  | RendezvousEvent

export interface DiscoveryOptions {
  readonly local: Local
  readonly random: Random
  readonly wall: WallClock
  /** A client only asks (BEP 43); a node answers and keeps things for others, too. */
  readonly mode: 'client' | 'node'
  readonly bootstrap: readonly Address[]
  /** What `nodes()` gave the last time. */
  readonly saved?: readonly Address[] | undefined
  readonly limits?: StoreLimits | undefined
  readonly now: number
}

export interface SeekOptions {
  /** False: look for him once a minute only, so that he can find us and be found. */
  readonly eager: boolean
}

export class Discovery implements Machine<DiscoveryEvent> {
  /** 8 octets in all our records: tells this run from another of the same profile. */
  readonly sessionId: Uint8Array
  readonly #options: DiscoveryOptions
  readonly #dht: Dht<Part>
  readonly #node: Node | undefined
  readonly #rendezvous = new Map<string, Rendezvous>()
  readonly #outbox = new Queue<Output<DiscoveryEvent>>()
  #announcement: Announcement | undefined

  constructor(options: DiscoveryOptions) {
    const { random, mode, bootstrap, saved = [], limits } = options
    this.#options = options
    this.sessionId = random(8).slice()
    this.#dht = new Dht({ random, isReadOnly: mode === 'client', bootstrap, saved })
    const { table } = this.#dht
    if (mode === 'node') this.#node = new Node({ random, id: () => this.#dht.id, table, limits })
  }

  get deadline(): number {
    if (this.#outbox.length > 0) return -Infinity
    let deadline = this.#dht.deadline
    for (const rendezvous of this.#rendezvous.values()) deadline = Math.min(deadline, rendezvous.deadline)
    return deadline
  }

  /** 20 octets: what we are called in the DHT at the moment. */
  get id(): Uint8Array {
    return this.#dht.id
  }

  /** Things kept for others; none as a client. */
  get stored(): number {
    return this.#node?.store.size ?? 0
  }

  /** More addresses to begin with: names are looked up elsewhere, and arrive later. */
  addBootstrap(addresses: readonly Address[], _now: number): void {
    this.#dht.addBootstrap(addresses)
  }

  /** What all buddies are told from now on. @param startAt - unix milliseconds; 0 for at once */
  announce(
    candidates: readonly Candidate[],
    now: number,
    { startAt }: { readonly startAt: number } = { startAt: 0 },
  ): void {
    const old = this.#announcement
    if (old && old.startAt === startAt && isSame(old.candidates, candidates)) return
    const version = (old?.version ?? 0) + 1
    this.#announcement = { sessionId: this.sessionId, candidates: [...candidates], startAt, version }
    for (const rendezvous of this.#rendezvous.values()) {
      // Before the first announcement nothing could be posted.
      if (old) rendezvous.touch(now)
      else rendezvous.restart(now)
    }
  }

  /** Publishes our record for a buddy and reads his, until `stop`; again for a buddy begins anew. */
  seek(name: string, pair: PairKeys, now: number, { eager }: SeekOptions = { eager: true }): void {
    this.stop(name)
    const { random, wall } = this.#options
    const announcement = (): Announcement | undefined => this.#announcement
    this.#rendezvous.set(
      name,
      new Rendezvous({ name, pair, isEager: eager, announcement, random, wall, now }),
    )
  }

  stop(name: string): void {
    const rendezvous = this.#rendezvous.get(name)
    if (!rendezvous) return
    rendezvous.stop()
    this.#obey(rendezvous.drain(-Infinity), -Infinity)
    this.#rendezvous.delete(name)
  }

  /** The machine slept, or its addresses changed: a new id, new tokens, everything looked up again. */
  moved(now: number): void {
    this.#dht.moved(now)
    for (const rendezvous of this.#rendezvous.values()) rendezvous.restart(now)
  }

  /** Verified nodes, at most 200, to begin with the next time. */
  nodes(): readonly Address[] {
    return this.#dht.table.good().slice(0, maxSaved)
  }

  receive({ local, peer, bytes }: Datagram, now: number): void {
    if (local !== this.#options.local) return
    const message = decodeMessage(bytes)
    if (!message) return
    if (message.kind === 'query') this.#serve(message, peer, now)
    else this.#dht.receive(message, peer, now)
  }

  *drain(now: number): Generator<Output<DiscoveryEvent>> {
    let rounds = 0
    do {
      let isUrgent = false
      for (const rendezvous of this.#rendezvous.values()) {
        this.#obey(rendezvous.drain(now), now)
        isUrgent ||= rendezvous.isUrgent(now)
      }
      this.#dht.isUrgent = isUrgent
      for (const { peer, bytes } of this.#dht.drain(now)) this.#send(peer, bytes)
      for (const event of this.#dht.events()) this.#hear(event, now)
      for (const rendezvous of this.#rendezvous.values()) {
        for (const event of rendezvous.events()) this.#outbox.push({ kind: 'event', event })
      }
      yield* this.#outbox.take()
    } while (this.deadline <= now && ++rounds < maxRounds)
  }

  #serve(query: Query, from: Address, now: number): void {
    const answer = this.#node?.answer(query, from, now)
    if (!answer) return
    this.#send(from, encodeMessage(answer))
    if (!query.isReadOnly) this.#dht.meet({ id: query.id, address: from }, now)
  }

  #obey(orders: Iterable<RendezvousOrder>, now: number): void {
    for (const order of orders) {
      const { part } = order
      if (order.kind === 'forget') this.#dht.forget(part)
      else if (order.kind === 'ask') {
        if (!order.isIdle || this.#dht.isFree(order.to, now)) this.#dht.ask(part, order.to, order.question)
      } else this.#dht.look(part, order.target, { question: order.question, isUrgent: order.isUrgent })
    }
  }

  #hear(event: DhtEvent<Part>, now: number): void {
    switch (event.kind) {
      case 'joined':
      case 'unreachable':
      case 'external':
        this.#outbox.push({ kind: 'event', event })
        return
      case 'looked':
        event.part.of.looked(event.part, event.closest, now)
        return
      case 'answered': {
        const { part, from, question, answer } = event
        part.of.answered(part, from, { question, answer, now })
        return
      }
      case 'failed': {
        const { part, from, question, code } = event
        const { target } = part.role.place
        if (part.of.failed(part, from, { question, code, now }))
          this.#dht.ask(part, from, { kind: 'get', target })
        return
      }
      default:
        event satisfies never
    }
  }

  #send(peer: Address, bytes: Uint8Array): void {
    this.#outbox.push({ kind: 'send', datagram: { local: this.#options.local, peer, bytes } })
  }
}

const isSame = (a: readonly Candidate[], b: readonly Candidate[]): boolean =>
  a.length === b.length && a.every(({ kind, address }, i) => kind === b[i]!.kind && address === b[i]!.address)

const maxSaved = 200
const maxRounds = 8 // then the caller's turn
