/**
 * A client of the DHT: joins it, keeps a table of verified nodes, looks up
 * targets, asks single nodes. For the sake of what is the owner's business: he
 * names a `Part` with each question and finds it in the event. One address
 * family; another family is another instance.
 */
import type { Random } from '../crypto.ts'
import type { Address } from '../machine.ts'
import { Queue } from '../queue.ts'
import { idFor } from './id.ts'
import { type Answer, encodeMessage, type Failure, type NodeInfo, type Question } from './krpc.ts'
import { type Candidate, Lookup, type Storer } from './lookup.ts'
import { Pace } from './pace.ts'
import { hostOf, scopeOf } from './reach.ts'
import { type Asked, Rpc } from './rpc.ts'
import { Table } from './table.ts'
import { Votes } from './votes.ts'

export type DhtEvent<Part> =
  | { readonly kind: 'joined' }
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'external'; readonly address: Address }
  /** A lookup for this part ended; empty if nobody answered. */
  | { readonly kind: 'looked'; readonly part: Part; readonly closest: readonly Storer[] }
  /** A node answered, within a lookup or alone. */
  | ({ readonly kind: 'answered'; readonly answer: Answer } & Concerned<Part>)
  /** A node asked alone said no, or nothing (no code). */
  | ({ readonly kind: 'failed'; readonly code: number | undefined } & Concerned<Part>)

interface Concerned<Part> {
  readonly part: Part
  readonly from: Address
  readonly question: Question
}

export interface DhtOptions {
  readonly random: Random
  readonly isReadOnly: boolean
  readonly bootstrap: readonly Address[]
  readonly saved: readonly Address[]
}

export interface LookOptions {
  readonly question: Question
  readonly isUrgent: boolean
}

type Tag<Part> =
  | { readonly kind: 'check' }
  | { readonly kind: 'ask'; readonly part: Part }
  | { readonly kind: 'lookup'; readonly search: Search<Part>; readonly candidate: Candidate }

interface Search<Part> extends LookOptions {
  readonly part: Part | undefined // undefined: our own, to fill the table
  readonly lookup: Lookup
}

interface Wish<Part> extends LookOptions {
  readonly part: Part
  readonly target: Uint8Array
}

type State =
  | { readonly kind: 'alone' } // knows no address at all
  | { readonly kind: 'joining'; readonly attempt: number }
  | { readonly kind: 'waiting'; readonly attempt: number; readonly until: number }
  | { readonly kind: 'joined'; refreshAt: number; refreshes: number; checkAt: number }

export class Dht<Part> {
  readonly table: Table
  readonly #options: DhtOptions
  readonly #rpc: Rpc<Tag<Part>>
  #votes = new Votes()
  readonly #meetings = new Pace({ rate: 2, burst: 20 })
  readonly #events = new Queue<DhtEvent<Part>>()
  readonly #bootstrap: Set<Address>
  #id: Uint8Array
  #state: State
  #searches: Search<Part>[] = []
  #wishes: Wish<Part>[] = []
  #heardAt = -Infinity
  #isStirred = true
  #drainedAt = -Infinity

  constructor(options: DhtOptions) {
    this.#options = options
    this.#rpc = new Rpc(options.random)
    this.#id = idFor(undefined, options.random)
    this.table = new Table(this.#id)
    this.#bootstrap = new Set(options.bootstrap)
    this.#state = this.#addresses().length > 0 ? { kind: 'joining', attempt: 0 } : { kind: 'alone' }
  }

  get id(): Uint8Array {
    return this.#id
  }

  /** More may be sent while somebody waits. */
  set isUrgent(isUrgent: boolean) {
    this.#rpc.isUrgent = isUrgent
  }

  get deadline(): number {
    if (this.#isStirred || this.#events.length > 0) return -Infinity
    const state = this.#state
    let deadline = this.#rpc.deadline
    if (state.kind === 'waiting') deadline = Math.min(deadline, state.until)
    if (state.kind === 'joined') deadline = Math.min(deadline, state.refreshAt, state.checkAt)
    for (const { lookup } of this.#searches) {
      deadline = Math.min(deadline, lookup.deadline(this.#drainedAt, this.#rpc.softTimeout))
    }
    return deadline
  }

  /** Asked at the next attempt to join, which is at once if the last one failed. */
  addBootstrap(addresses: readonly Address[]): void {
    const count = this.#bootstrap.size
    for (const address of addresses) this.#bootstrap.add(address)
    if (this.#bootstrap.size === count || this.#state.kind === 'joined') return
    this.#searches = this.#searches.filter(({ part }) => part !== undefined)
    this.#state = { kind: 'joining', attempt: 0 }
    this.#isStirred = true
  }

  /** Looks for the nodes nearest to a target, as soon as there is somebody to ask. */
  look(part: Part, target: Uint8Array, { question, isUrgent }: LookOptions): void {
    const wish = { part, target, question, isUrgent }
    const at = isUrgent ? this.#wishes.findIndex((other) => !other.isUrgent) : -1
    this.#wishes.splice(at < 0 ? this.#wishes.length : at, 0, wish)
    this.#isStirred = true
  }

  ask(part: Part, to: Address, question: Question): void {
    this.#rpc.ask(to, question, { kind: 'ask', part })
    this.#isStirred = true
  }

  isFree(address: Address, now: number): boolean {
    return this.#rpc.isFree(address, now)
  }

  /** Our network changed: another id, so that nobody follows us from one to the other. */
  moved(now: number): void {
    this.#votes = new Votes()
    this.#id = idFor(undefined, this.#options.random)
    this.table.rekey(this.#id)
    if (this.#state.kind === 'joined') this.#state.refreshAt = now
    if (this.#state.kind === 'waiting') this.#state = { kind: 'joining', attempt: 0 }
    this.#isStirred = true
  }

  /** Nobody waits for this part's lookups any more. */
  forget(part: Part): void {
    this.#wishes = this.#wishes.filter((wish) => wish.part !== part)
    this.#searches = this.#searches.filter((search) => search.part !== part)
  }

  /** Somebody asked us something: if there is room for him, see whether he answers, too. */
  meet(node: NodeInfo, now: number): void {
    if (!this.table.wants(node) || !this.#meetings.take('', now)) return
    this.#rpc.ask(node.address, { kind: 'ping' }, { kind: 'check' })
    this.#isStirred = true
  }

  receive(message: Answer | Failure, from: Address, now: number): void {
    const asked = this.#rpc.match(message, from, now)
    if (!asked) return
    this.#isStirred = true
    this.#heardAt = now
    if (message.kind === 'failure') this.#refused(asked, message.code)
    else this.#answered(asked, message, now)
  }

  /** What is to be sent, octets made; events come from `events`. */
  *drain(now: number): Generator<{ readonly peer: Address; readonly bytes: Uint8Array }> {
    this.#isStirred = false
    this.#drainedAt = now
    for (const asked of this.#rpc.expired(now)) {
      // If nobody has answered since, it may be our own network that fails, not he.
      if (this.#heardAt >= asked.sentAt!) this.table.missed(asked.peer)
      this.#refused(asked, undefined)
    }
    this.#step(now)
    this.#advance(now)
    for (const { peer, transaction, question } of this.#rpc.departures(now)) {
      const { isReadOnly } = this.#options
      const bytes = encodeMessage({ kind: 'query', transaction, id: this.#id, isReadOnly, question })
      yield { peer, bytes }
    }
  }

  events(): Iterable<DhtEvent<Part>> {
    return this.#events.take()
  }

  #answered({ peer, tag, question }: Asked<Tag<Part>>, answer: Answer, now: number): void {
    this.table.heard({ id: answer.id, address: peer }, now)
    if (answer.ip !== undefined && scopeOf(answer.ip) !== 'none') this.#vote(peer, answer.ip)
    if (this.#state.kind !== 'joined') {
      this.#state = { kind: 'joined', refreshAt: now + minRefresh, refreshes: 0, checkAt: now + checkEvery }
      this.#events.push({ kind: 'joined' })
    }
    if (tag.kind === 'lookup') {
      const nodes = answer.nodes?.filter(({ id }) => !this.table.isOwn(id))
      tag.search.lookup.answered(tag.candidate, { ...answer, nodes })
    }
    const part = tag.kind === 'lookup' ? tag.search.part : tag.kind === 'ask' ? tag.part : undefined
    if (part !== undefined) this.#events.push({ kind: 'answered', part, from: peer, question, answer })
  }

  #refused({ peer, tag, question }: Asked<Tag<Part>>, code: number | undefined): void {
    if (tag.kind === 'lookup') tag.search.lookup.failed(tag.candidate)
    if (tag.kind === 'ask') this.#events.push({ kind: 'failed', part: tag.part, from: peer, question, code })
  }

  /** A new external IP makes our id wrong (BEP 42). */
  #vote(voter: Address, seen: Address): void {
    const before = this.#votes.winner
    if (!this.#votes.cast(voter, seen)) return
    this.#events.push({ kind: 'external', address: seen })
    if (before !== undefined && hostOf(before) === hostOf(seen)) return
    this.#id = idFor(seen, this.#options.random)
    this.table.rekey(this.#id)
  }

  /** Joining, trying again, and what a member does now and then. */
  #step(now: number): void {
    const state = this.#state
    switch (state.kind) {
      case 'alone':
        return
      case 'waiting':
        if (now >= state.until) this.#state = { kind: 'joining', attempt: state.attempt + 1 }
        else return
        break
      case 'joining':
        break
      case 'joined':
        this.#keep(state, now)
        return
      default:
        state satisfies never
    }
    if (!this.#searches.some(({ part }) => part === undefined)) this.#search(this.#id)
  }

  #keep(state: State & { kind: 'joined' }, now: number): void {
    const { isReadOnly } = this.#options
    if (now >= state.checkAt) {
      state.checkAt = now + checkEvery
      const address = this.table.questionable(now)
      if (address !== undefined) this.#rpc.ask(address, { kind: 'ping' }, { kind: 'check' })
    }
    if (now >= state.refreshAt) {
      // Dense at first: who joins a network that begins must meet those who come a moment later.
      state.refreshAt = now + Math.min(maxRefresh, minRefresh * 3 ** ++state.refreshes)
      // A client needs no more than a place to start from.
      if (isReadOnly && this.table.size >= enough && state.refreshAt < now + maxRefresh) return
      this.#search(this.#id)
      if (!isReadOnly) this.#search(this.#options.random(20))
    }
  }

  #search(target: Uint8Array): void {
    const lookup = new Lookup(target, this.table.closest(target, maxSeeds), this.#addresses())
    const question: Question = { kind: 'find_node', target }
    this.#searches.push({ part: undefined, lookup, question, isUrgent: true })
  }

  /** Some saved ones first: they are most likely to be alive, and no one's servers. */
  #addresses(): Address[] {
    if (this.#state?.kind === 'joined') return []
    const { saved } = this.#options
    return [...saved.slice(0, 8), ...this.#bootstrap, ...saved.slice(8, maxSaved)]
  }

  #advance(now: number): void {
    while (this.#isReady && this.#wishes.length > 0 && this.#mayStart(this.#wishes[0]!)) {
      const { target, ...wish } = this.#wishes.shift()!
      this.#searches.push({ ...wish, lookup: new Lookup(target, this.table.closest(target, maxSeeds)) })
    }
    for (const search of [...this.#searches]) {
      const { lookup, question } = search
      const { softTimeout } = this.#rpc
      for (let candidate = lookup.next(now, softTimeout); candidate; ) {
        lookup.asked(
          candidate,
          this.#rpc.ask(candidate.address, question, { kind: 'lookup', search, candidate }),
        )
        candidate = lookup.next(now, softTimeout)
      }
      if (lookup.isDone(now, softTimeout)) this.#finish(search, now)
    }
  }

  #mayStart({ isUrgent }: LookOptions): boolean {
    return this.#searches.length < (isUrgent ? maxUrgent : maxSearches)
  }

  /** A few nodes are enough to begin with; with fewer, all there are. */
  get #isReady(): boolean {
    const isJoined = this.#state.kind === 'joined'
    return isJoined && (this.table.size >= 8 || !this.#searches.some(({ part }) => part === undefined))
  }

  #finish(search: Search<Part>, now: number): void {
    this.#searches = this.#searches.filter((other) => other !== search)
    this.#isStirred = true
    const closest = search.lookup.closest()
    if (search.part !== undefined) this.#events.push({ kind: 'looked', part: search.part, closest })
    if (closest.length > 0 || now - this.#heardAt < silence) return
    // Nobody answers any more, or nobody ever did.
    const attempt = this.#state.kind === 'joining' ? this.#state.attempt : 0
    if (this.#state.kind === 'waiting') return
    this.#state = { kind: 'waiting', attempt, until: now + Math.min(maxBackoff, minBackoff * 2 ** attempt) }
    if (attempt === 0) this.#events.push({ kind: 'unreachable' })
  }
}

const maxSeeds = 16 // nodes of the table a lookup begins with
const maxSaved = 200
const maxSearches = 6 // lookups at a time,
const maxUrgent = 16 // and when somebody waits for them
const silence = 10_000 // ms without any answer: our own network is down
const minBackoff = 1_000 // ms, doubled
const maxBackoff = 60_000 // ms
const minRefresh = 5_000 // ms, tripled
const maxRefresh = 15 * 60_000 // ms (BEP 5)
const enough = 24 // nodes in a client's table
const checkEvery = 30_000 // ms; one questionable node each time
