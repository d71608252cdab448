/**
 * Finds buddies through the DHT, and answers as one of its nodes if asked to:
 * what a session composes. Sans-I/O: see `src/machine.ts`. The local end is its
 * owner's, who opens and closes it, and its kind decides whether this is IPv4 or
 * IPv6; the other is another instance (BEP 32).
 */
import type { Random } from '../crypto.ts'
import type { Address, Datagram, Local, Machine, Output, WallClock } from '../machine.ts'
import { Queue } from '../queue.ts'
import { Dht, type DhtEvent, type Seen } from './dht.ts'
import { decodeMessage, encodeMessage, type Query } from './krpc.ts'
import { Node } from './node.ts'
import type { Part, PartOrder } from './part.ts'
import type { PairKeys } from './place.ts'
import { type Family, familyOf } from './reach.ts'
import type { Candidate } from './record.ts'
import { type Announcement, Rendezvous, type RendezvousEvent } from './rendezvous.ts'
import type { StoreLimits } from './store.ts'
import type { Table } from './table.ts'

export type { PairKeys } from './place.ts'
export type { Candidate } from './record.ts'

export type DiscoveryEvent =
  /** A node answered. */
  | { readonly kind: 'joined' }
  /** Nobody answers, of those known; it goes on trying. */
  | { readonly kind: 'unreachable' }
  /** As whom most nodes see us, whenever that changes. */
  | { readonly kind: 'external'; readonly address: Address }
  /** As whom one node saw one end of ours when it was asked from there: what our NAT does shows in these. */
  | Seen
  | RendezvousEvent

/** What one buddy is told. */
export interface Said {
  readonly candidates: readonly Candidate[]
  /** Unix milliseconds; 0 for at once. */
  readonly startAt: number
}

/** Since the start: datagrams of the DHT, and what they were for. */
export interface Counters {
  readonly sent: number
  readonly received: number
  readonly puts: number
  readonly lookups: number
}

export interface DiscoveryOptions {
  readonly local: Local
  /** 8 octets, drawn at each start of the program; the same for both address families. */
  readonly sessionId?: Uint8Array | undefined
  /** The instance for the other address family: it learns nodes from this one, and is asked what a node is to tell. */
  readonly other?: (() => Discovery | undefined) | undefined
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
  #announcement: Announcement | undefined // what all are told,
  readonly #told = new Map<string, Announcement>() // but these
  #versions = 0
  #sent = 0
  #received = 0

  constructor(options: DiscoveryOptions) {
    const { local, random, mode, bootstrap, saved = [], limits, other = () => undefined } = options
    this.#options = options
    this.sessionId = options.sessionId ?? random(8).slice()
    const hasOther = (): boolean => other()?.isJoined === false
    this.#dht = new Dht({ local, random, isReadOnly: mode === 'client', bootstrap, saved, hasOther })
    const tables = (family: Family): Table | undefined => {
      const one = family === this.#dht.family ? this : other()
      return one === undefined ? undefined : one.#dht.table
    }
    if (mode === 'node') this.#node = new Node({ random, id: () => this.#dht.id, tables, limits })
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

  /** Somebody answered, and our network is there as far as we know. */
  get isJoined(): boolean {
    return this.#dht.isJoined
  }

  get counters(): Counters {
    return { sent: this.#sent, received: this.#received, ...this.#dht.counters }
  }

  /** More addresses to begin with: names are looked up elsewhere, and arrive later. Those of the other family are ignored. */
  addBootstrap(addresses: readonly Address[], _now: number): void {
    this.#dht.addBootstrap(addresses)
  }

  /** What nodes of the other family's DHT told of ours. Nothing once joined. */
  learn(addresses: readonly Address[]): void {
    this.#dht.learn(addresses)
  }

  /** What all buddies are told from now on. @param startAt - unix milliseconds; 0 for at once */
  announce(
    candidates: readonly Candidate[],
    now: number,
    { startAt }: { readonly startAt: number } = { startAt: 0 },
  ): void {
    const old = this.#announcement
    if (isSame(old, { candidates, startAt })) return
    this.#announcement = this.#version({ candidates, startAt })
    for (const name of this.#rendezvous.keys()) if (!this.#told.has(name)) this.#changed(name, old, now)
  }

  /** What one buddy is told from now on, whatever the others are; `undefined`: the same as they. */
  tell(name: string, said: Said | undefined, now: number): void {
    const old = this.#said(name)
    if (!said) this.#told.delete(name)
    else if (!isSame(old, said)) this.#told.set(name, this.#version(said))
    else if (old) this.#told.set(name, old)
    if (this.#said(name)?.version !== old?.version) this.#changed(name, old, now)
  }

  /**
   * An attempt to reach a buddy failed: his record is polled as often as at the start, and what `tell` changes within
   * 15 s leaves after 0.3 s, 2 s after the last put, at most four times a minute (the common rule: 0.5 s, 10 s).
   */
  hurry(name: string, now: number): void {
    this.#rendezvous.get(name)?.hurry(now)
  }

  /**
   * Asks up to four nodes at distinct IPs (others, if they do not say, eight in all) from another end of ours, once
   * some are known: `seen` with that end tells how it is seen. Until `forget` what comes to it is to be given to
   * `receive`. Again for an end: asks again.
   */
  measure(local: Local, _now: number): void {
    this.#dht.measure(local)
  }

  /** That end closes: nothing is sent from it any more, nor taken from it. */
  forget(local: Local): void {
    this.#dht.leave(local)
  }

  /** Publishes our record for a buddy and reads his, until `stop`; again for a buddy begins anew. */
  seek(name: string, pair: PairKeys, now: number, { eager }: SeekOptions = { eager: true }): void {
    this.#end(name)
    const { random, wall } = this.#options
    const announcement = (): Announcement | undefined => this.#said(name)
    const external = (): Address | undefined => this.#dht.external
    this.#rendezvous.set(
      name,
      new Rendezvous({ name, pair, isEager: eager, announcement, external, random, wall, now }),
    )
  }

  /** What `tell` said to him alone is forgotten, too. */
  stop(name: string): void {
    this.#end(name)
    this.#told.delete(name)
  }

  #end(name: string): void {
    const rendezvous = this.#rendezvous.get(name)
    if (!rendezvous) return
    rendezvous.stop()
    this.#obey(rendezvous.drain(-Infinity), -Infinity)
    this.#rendezvous.delete(name)
  }

  /** The machine slept, or its addresses changed: a new id, new tokens, everything looked up again. */
  moved(now: number): void {
    this.#dht.moved()
    for (const rendezvous of this.#rendezvous.values()) rendezvous.restart(now)
  }

  /** Verified nodes, at most 200, to begin with the next time. */
  nodes(): readonly Address[] {
    return this.#dht.table.good().slice(0, maxSaved)
  }

  receive({ local, peer, bytes }: Datagram, now: number): void {
    if (!this.#dht.hasLocal(local) || familyOf(peer) !== this.#dht.family) return
    const message = decodeMessage(bytes)
    if (!message) return
    this.#received++
    if (message.kind !== 'query') this.#dht.receive(message, { local, peer }, now)
    else if (local === this.#options.local) this.#serve(message, peer, now)
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
      for (const datagram of this.#dht.drain(now)) this.#send(datagram)
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
    this.#send({ local: this.#options.local, peer: from, bytes: encodeMessage(answer) })
    if (!query.isReadOnly) this.#dht.meet({ id: query.id, address: from }, now)
  }

  #obey(orders: Iterable<PartOrder>, now: number): void {
    for (const order of orders) {
      const { part } = order
      if (order.kind === 'forget') this.#dht.forget(part)
      else if (order.kind === 'ask') {
        if (!order.isIdle || this.#dht.isFree(order.to, now)) this.#dht.ask(part, order.to, order.question)
      } else this.#dht.look(part, order.target, order)
    }
  }

  #hear(event: DhtEvent<Part>, now: number): void {
    switch (event.kind) {
      case 'joined':
      case 'unreachable':
      case 'external':
      case 'seen':
        this.#outbox.push({ kind: 'event', event })
        return
      case 'others':
        this.#options.other?.()?.learn(event.addresses)
        return
      case 'looked':
        event.part.of.looked(event.part, event, now)
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

  #send(datagram: Datagram): void {
    this.#sent++
    this.#outbox.push({ kind: 'send', datagram })
  }

  #said(name: string): Announcement | undefined {
    return this.#told.get(name) ?? this.#announcement
  }

  #version({ candidates, startAt }: Said): Announcement {
    const { sessionId } = this
    return { sessionId, candidates: [...candidates], startAt, version: ++this.#versions }
  }

  /** Before the first announcement nothing could be posted. */
  #changed(name: string, old: Announcement | undefined, now: number): void {
    const rendezvous = this.#rendezvous.get(name)
    if (old) rendezvous?.touch(now)
    else rendezvous?.restart(now)
  }
}

function isSame(a: Said | undefined, b: Said): boolean {
  if (!a || a.startAt !== b.startAt || a.candidates.length !== b.candidates.length) return false
  return a.candidates.every(
    ({ kind, address }, i) => kind === b.candidates[i]!.kind && address === b.candidates[i]!.address,
  )
}

const maxSaved = 200
const maxRounds = 8 // then the caller's turn
