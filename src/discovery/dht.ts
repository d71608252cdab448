/**
 * A client of the DHT: joins it, keeps a table of verified nodes, looks up
 * targets, asks single nodes. For the sake of what is the owner's business: he
 * names a `Part` with each question and finds it in the event. One address
 * family; another family is another instance.
 */
import type { Random } from '../crypto.ts'
import type { Address, Local, Path } from '../machine.ts'
import { Queue } from '../queue.ts'
import { idFor } from './id.ts'
import { type Answer, encodeMessage, type Failure, type NodeInfo, type Question } from './krpc.ts'
import { type Candidate, deepBreadth, k, Lookup, type Storer } from './lookup.ts'
import { Measure } from './measure.ts'
import { doubtEvery, Membership } from './membership.ts'
import { Pace } from './pace.ts'
import { type Family, familyOf, hostOf, mayTell, scopeOf } from './reach.ts'
import { type Asked, Rpc } from './rpc.ts'
import { Table } from './table.ts'
import { Votes } from './votes.ts'

export type DhtEvent<Part> =
  | { readonly kind: 'joined' }
  | { readonly kind: 'unreachable' }
  | { readonly kind: 'external'; readonly address: Address }
  | Seen
  /** Nodes of the other address family that were told to us, and nobody has asked. */
  | { readonly kind: 'others'; readonly addresses: readonly Address[] }
  /** A lookup for this part ended; empty if nobody answered. */
  | ({ readonly kind: 'looked'; readonly part: Part } & Looked)
  /** A node answered, within a lookup or alone. */
  | ({ readonly kind: 'answered'; readonly answer: Answer } & Concerned<Part>)
  /** A node asked alone said no, or nothing (no code). */
  | ({ readonly kind: 'failed'; readonly code: number | undefined } & Concerned<Part>)

/** A node said as whom it saw us when we asked it from `local` at `sentAt`. */
export interface Seen {
  readonly kind: 'seen'
  readonly local: Local
  readonly voter: Address
  readonly as: Address
  readonly sentAt: number
}

export interface Looked {
  readonly closest: readonly Storer[] // eight, or those of a deep lookup
  /** Few of them know the method, and there are others. */
  readonly isFew: boolean
}

interface Concerned<Part> {
  readonly part: Part
  readonly from: Address
  readonly question: Question
}

export interface DhtOptions {
  readonly local: Local
  readonly random: Random
  readonly isReadOnly: boolean
  readonly bootstrap: readonly Address[]
  readonly saved: readonly Address[]
  /** There is a DHT of the other family that looks for nodes to begin with. */
  readonly hasOther?: () => boolean
}

export interface LookOptions {
  readonly question: Question
  readonly isUrgent: boolean
  /** Many more than the eight nearest shall settle it, and it begins anywhere: lies may surround the target. */
  readonly isDeep?: boolean
}

type Tag<Part> =
  | { readonly kind: 'check' }
  | { readonly kind: 'measure'; readonly measure: Measure }
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

export class Dht<Part> {
  readonly table: Table
  readonly counters = { puts: 0, lookups: 0 }
  readonly family: Family
  readonly #options: DhtOptions
  readonly #rpc: Rpc<Tag<Part>>
  #votes = new Votes()
  readonly #meetings = new Pace({ rate: 2, burst: 20 })
  readonly #events = new Queue<DhtEvent<Part>>()
  readonly #membership: Membership
  readonly #measures = new Map<Local, Measure>()
  #id: Uint8Array
  #idHost: string | undefined // for which the id was made
  #searches: Search<Part>[] = []
  #wishes: Wish<Part>[] = []
  #heardAt = -Infinity
  #isStirred = true
  #drainedAt = -Infinity

  constructor(options: DhtOptions) {
    this.#options = options
    this.family = options.local.kind === 'udp6' ? 6 : 4
    this.#rpc = new Rpc(options.local, options.random)
    this.#id = idFor(undefined, options.random)
    this.table = new Table(this.#id)
    const [bootstrap, saved] = [this.#ours(options.bootstrap), this.#ours(options.saved)]
    this.#membership = new Membership({ bootstrap, saved })
  }

  get id(): Uint8Array {
    return this.#id
  }

  get isJoined(): boolean {
    return this.#membership.isJoined
  }

  /** As whom most see us. */
  get external(): Address | undefined {
    return this.#votes.winner
  }

  /** More may be sent while somebody waits. */
  set isUrgent(isUrgent: boolean) {
    this.#rpc.isUrgent = isUrgent
  }

  get deadline(): number {
    if (this.#isStirred || this.#events.length > 0) return -Infinity
    let deadline = Math.min(this.#rpc.deadline, this.#membership.deadline)
    for (const { lookup } of this.#searches) {
      deadline = Math.min(deadline, lookup.deadline(this.#drainedAt, this.#rpc.softTimeout))
    }
    return deadline
  }

  /** Asked at the next attempt to join, which is at once if the last one failed. */
  addBootstrap(addresses: readonly Address[]): void {
    if (this.#membership.add(this.#ours(addresses))) this.#rejoin()
  }

  /** Others of the internet told of these: tried if nobody else answers. */
  learn(addresses: readonly Address[]): void {
    if (this.#membership.learn(this.#ours(addresses))) this.#rejoin()
  }

  /** Asks some nodes from another end of ours, so that they say as whom they see that one. */
  measure(local: Local): void {
    this.#measures.set(local, new Measure(local))
    this.#isStirred = true
  }

  /** That end is gone, or soon will be: nothing is sent from it. */
  leave(local: Local): void {
    this.#measures.delete(local)
    this.#rpc.cancel((asked) => asked.local === local)
  }

  hasLocal(local: Local): boolean {
    return local === this.#options.local || this.#measures.has(local)
  }

  /** Looks for the nodes nearest to a target, as soon as there is somebody to ask. */
  look(part: Part, target: Uint8Array, options: LookOptions): void {
    const { isUrgent } = options
    const wish = { part, target, ...options }
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

  /**
   * Our network changed, or we slept: another id, so that nobody follows us from one to the other; what was under way
   * is lost, and whoever we know must answer again. Lookups of a part end without a word: its owner begins anew.
   */
  moved(): void {
    this.#votes = new Votes()
    this.#id = idFor(undefined, this.#options.random)
    this.table.rekey(this.#id)
    this.table.doubt()
    this.#rpc.reset()
    this.#searches = []
    this.#heardAt = -Infinity
    this.#idHost = undefined
    for (const local of this.#measures.keys()) this.#measures.set(local, new Measure(local))
    this.#membership.moved()
    this.#isStirred = true
  }

  /** Nobody waits for this part's lookups any more. */
  forget(part: Part): void {
    this.#wishes = this.#wishes.filter((wish) => wish.part !== part)
    this.#searches = this.#searches.filter((search) => search.part !== part)
    this.#rpc.cancel(({ tag }) => tag.kind === 'ask' && tag.part === part)
  }

  /** Somebody asked us something: if there is room for him, see whether he answers, too. */
  meet(node: NodeInfo, now: number): void {
    if (!this.table.wants(node) || !this.#meetings.take('', now)) return
    this.#rpc.ask(node.address, { kind: 'ping' }, { kind: 'check' })
    this.#isStirred = true
  }

  /** Whether it is an answer to a question of ours. */
  receive(message: Answer | Failure, path: Path, now: number): void {
    const asked = this.#rpc.match(message, path, now)
    if (!asked) return
    this.#isStirred = true
    this.#heardAt = now
    if (message.kind === 'failure') this.#refused(asked, message.code)
    else this.#answered(asked, message, now)
  }

  /** What is to be sent, octets made; events come from `events`. */
  *drain(now: number): Generator<Path & { readonly bytes: Uint8Array }> {
    this.#isStirred = false
    this.#drainedAt = now
    for (const asked of this.#rpc.expired(now)) {
      // If nobody has answered since, it may be our own network that fails, not he.
      if (this.#heardAt >= asked.sentAt!) this.#missed(asked, now)
      this.#refused(asked, undefined)
    }
    this.#step(now)
    this.#advance(now)
    if (this.#isReady) for (const measure of this.#measures.values()) this.#witness(measure)
    for (const { local, peer, transaction, question } of this.#rpc.departures(now)) {
      const { isReadOnly } = this.#options
      if (question.kind === 'put') this.counters.puts++
      const asked = this.#wanting(question)
      const bytes = encodeMessage({ kind: 'query', transaction, id: this.#id, isReadOnly, question: asked })
      yield { local, peer, bytes }
    }
  }

  events(): Iterable<DhtEvent<Part>> {
    return this.#events.take()
  }

  #ours(addresses: readonly Address[]): Address[] {
    return addresses.filter((address) => familyOf(address) === this.family)
  }

  /** Nodes of our family, where no more is wanted: not every node takes the one we ask by. */
  #wanting(question: Question): Question {
    const isTelling =
      question.kind === 'find_node' || question.kind === 'get_peers' || question.kind === 'get'
    return isTelling ? { want: [this.family], ...question } : question
  }

  get #checkGap(): number {
    return this.table.isDoubted ? doubtEvery : checkEvery
  }

  /** The lookup that fills the table begins anew. */
  #rejoin(): void {
    this.#searches = this.#searches.filter(({ part }) => part !== undefined)
    this.#isStirred = true
  }

  #witness(measure: Measure): void {
    for (const peer of measure.next(this.table)) {
      this.#rpc.ask(peer, { kind: 'ping' }, { kind: 'measure', measure }, measure.local)
    }
  }

  #answered(asked: Asked<Tag<Part>>, answer: Answer, now: number): void {
    const { peer, tag, question } = asked
    this.table.heard({ id: answer.id, address: peer }, now)
    if (question.kind === 'get' || question.kind === 'put') this.table.keeps(peer)
    this.#note(asked, answer)
    if (tag.kind === 'measure') tag.measure.answered(answer.ip !== undefined)
    if (!this.isJoined) {
      this.#membership.join(now, this.#checkGap)
      this.#events.push({ kind: 'joined' })
    }
    if (tag.kind === 'lookup') {
      const told = answer.nodes?.filter(({ id }) => !this.table.isOwn(id)) ?? []
      const nodes = told.filter(({ address }) => familyOf(address) === this.family)
      tag.search.lookup.answered(tag.candidate, { ...answer, nodes })
      if (told.length > nodes.length) this.#pass(peer, told)
    }
    const part = tag.kind === 'lookup' ? tag.search.part : tag.kind === 'ask' ? tag.part : undefined
    if (part !== undefined) this.#events.push({ kind: 'answered', part, from: peer, question, answer })
  }

  /** As whom it sees us, if it says so and can be right. */
  #note({ local, peer, sentAt }: Asked<Tag<Part>>, { ip }: Answer): void {
    if (ip === undefined || familyOf(ip) !== this.family || scopeOf(ip) === 'none') return
    this.table.tells(peer)
    this.#events.push({ kind: 'seen', local, voter: peer, as: ip, sentAt: sentAt! })
    if (local === this.#options.local && this.#votes.cast(peer, ip)) this.#seenAs(ip)
  }

  /** What we hear of the other family. */
  #pass(teller: Address, told: readonly NodeInfo[]): void {
    const others = told.filter(({ address }) => familyOf(address) !== this.family && mayTell(teller, address))
    const addresses = others.slice(0, k).map(({ address }) => address)
    if (addresses.length > 0) this.#events.push({ kind: 'others', addresses })
  }

  #missed({ peer, question }: Asked<Tag<Part>>, now: number): void {
    if (question.kind === 'get' || question.kind === 'put') this.table.missedItem(peer)
    else this.table.missed(peer)
    this.#membership.missed(now)
  }

  #refused({ peer, tag, question }: Asked<Tag<Part>>, code: number | undefined): void {
    if (tag.kind === 'measure') {
      tag.measure.answered(false)
      this.#isStirred = true
    }
    if (tag.kind === 'lookup') tag.search.lookup.failed(tag.candidate)
    if (tag.kind === 'ask') this.#events.push({ kind: 'failed', part: tag.part, from: peer, question, code })
  }

  /** A new external IP makes our id wrong (BEP 42). */
  #seenAs(seen: Address): void {
    this.#events.push({ kind: 'external', address: seen })
    if (this.#idHost === hostOf(seen)) return
    this.#idHost = hostOf(seen)
    this.#id = idFor(seen, this.#options.random)
    this.table.rekey(this.#id)
  }

  /** Joining, trying again, and what a member does now and then. */
  #step(now: number): void {
    if (this.#membership.mustJoin(now) && !this.#isFilling) this.#search(this.#id)
    if (this.#membership.mustCheck(now)) {
      const address = this.table.questionable(now)
      if (address !== undefined) this.#rpc.ask(address, { kind: 'ping' }, { kind: 'check' })
      this.#membership.checked(now, this.#checkGap)
    }
    const { isReadOnly } = this.#options
    const refresh = this.#membership.mustRefresh(now)
    // A client needs no more than a place to start from.
    if (!refresh || (isReadOnly && this.table.size >= enough && refresh === 'often')) return
    this.#search(this.#id)
    if (!isReadOnly) this.#search(this.#options.random(20))
  }

  #search(target: Uint8Array): void {
    const lookup = new Lookup(target, this.table.closest(target, maxSeeds), {
      addresses: this.#membership.addresses,
    })
    const want = this.#options.hasOther?.() ? ([4, 6] as const) : [this.family]
    const question: Question = { kind: 'find_node', target, want }
    this.counters.lookups++
    this.#searches.push({ part: undefined, lookup, question, isUrgent: true })
  }

  #advance(now: number): void {
    while (this.#isReady && this.#wishes.length > 0 && this.#mayStart(this.#wishes[0]!)) {
      const { target, ...wish } = this.#wishes.shift()!
      this.counters.lookups++
      this.#searches.push({ ...wish, lookup: this.#lookupOf(target, wish) })
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

  #lookupOf(target: Uint8Array, { isDeep = false }: LookOptions): Lookup {
    const nearest = this.table.closest(target, maxSeeds)
    if (!isDeep) return new Lookup(target, nearest)
    const { random } = this.#options
    const others = this.table.some(maxSeeds, () => random(1)[0]! / 256)
    return new Lookup(target, [...nearest, ...others], { breadth: deepBreadth })
  }

  #mayStart({ isUrgent }: LookOptions): boolean {
    return this.#searches.length < (isUrgent ? maxUrgent : maxSearches)
  }

  /** A few nodes are enough to begin with; with fewer, all there are. */
  get #isReady(): boolean {
    return this.isJoined && (this.table.size >= 8 || !this.#isFilling)
  }

  get #isFilling(): boolean {
    return this.#searches.some(({ part }) => part === undefined)
  }

  #finish(search: Search<Part>, now: number): void {
    this.#searches = this.#searches.filter((other) => other !== search)
    this.#isStirred = true
    const closest = search.lookup.closest()
    if (search.part !== undefined)
      this.#events.push({ kind: 'looked', part: search.part, closest, isFew: this.#isFew(closest, now) })
    else if (closest.length > 0) this.#settle()
    if (closest.length > 0 || now - this.#heardAt < silence) return
    if (this.#membership.lost(now)) this.#events.push({ kind: 'unreachable' })
  }

  /** Only nodes that know the method give a token. */
  #isFew(closest: readonly Storer[], now: number): boolean {
    const able = closest.filter(({ token }) => token !== undefined).length
    return able < few && this.table.size > able && now - this.#heardAt < silence
  }

  /** With one node in all the network its vote is all we get. */
  #settle(): void {
    if (this.table.size === 1 && this.#votes.settle()) this.#seenAs(this.#votes.winner!)
  }
}

const few = 3 // of eight
const maxSeeds = 16 // nodes of the table a lookup begins with
const maxSearches = 6 // lookups at a time,
const maxUrgent = 16 // and when somebody waits for them
const silence = 10_000 // ms without any answer: our own network is down
const enough = 24 // nodes in a client's table
const checkEvery = 30_000 // ms; one questionable node each time
