/**
 * One buddy: how he is reached, the conversation with him and perhaps a rival
 * of it, and what was said to him and not confirmed. What happens in one part
 * is told to the others here.
 *
 * Sans-I/O as `src/machine.ts` says, but that its owner has already looked up
 * whom a datagram is for.
 */
import { hexToBytes } from '@noble/hashes/utils.js'
import type { Random } from '../crypto.ts'
import type { Datagram, Local, Notice, Output, WallClock } from '../machine.ts'
import type { Mapping } from '../nat/mapping.ts'
import type { End } from '../nat/punch.ts'
import type { Goal } from '../nat/way.ts'
import type { Attempts } from '../otr/attempts.ts'
import { DakeBudget } from '../otr/budget.ts'
import type { Fingerprint } from '../otr/identity.ts'
import type { Buddy as Contact } from '../profile/buddies.ts'
import type { Habits } from '../profile/habits.ts'
import type { Pair } from '../profile/pair.ts'
import { Queue } from '../queue.ts'
import type { Work } from '../transfer/work.ts'
import type { IsHere } from '../transport/link/link.ts'
import { Acquaintance, type Whom } from './acquaintance.ts'
import type { Fresh } from './approach.ts'
import type { Command, Lost, TalkEvent, TypingState } from './command.ts'
import { Exchange, type Kept } from './exchange.ts'
import type { KnownMessages } from './known.ts'
import { type Current, isTried, type Live, newRival, type Own, pathOf } from './live.ts'
import type { BuddyReport } from './report.ts'
import { Search } from './search.ts'
import type { SessionEvent } from './session.ts'
import { type Change, Sessions } from './sessions.ts'
import { Transfers } from './transfers.ts'
import { betterPaths, pathsTo } from './upgrade.ts'
import { Ways, type WaysEvent } from './ways.ts'
import type { Found, Near } from './whereabouts.ts'

export interface BuddyOptions {
  readonly whom: Whom
  /** An invite code that he and we share, or still do after we met. */
  readonly invite: Pair | undefined
  /** He does not know our address yet, or not the one of now. */
  readonly isStrange: boolean
  readonly own: Own
  /** Our main ends that are open at this moment. */
  readonly ends: () => readonly End[]
  readonly isHere: IsHere
  /** Whether a thousand datagrams may go to ports of this host; it counts as done. */
  readonly mayGuess: (host: string, now: number) => boolean
  readonly random: Random
  readonly wall: WallClock
  readonly sessionId: Uint8Array
  readonly indices: Indices
  readonly nextSession: () => number
  /** Verifications that failed, whatever the conversation. */
  readonly attempts: Attempts
  /** Messages that came before, from whomever. */
  readonly known: KnownMessages
  /** Where nothing is set for a buddy. */
  readonly habits: Habits
  readonly loopback: boolean
  readonly now: number
}

/** A text, as the user gave it. */
type Said = Pick<Extract<Command, { kind: 'say' }>, 'text' | 'id' | 'fingerprint' | 'about'>

/** Receiver indices of links: which buddy a datagram is for. */
export interface Indices {
  allocate(): number
  release(index: number): void
}

/** What it wants of its owner. */
export type Wish =
  /** This end is open: as whom is it seen? */
  | { readonly kind: 'measure'; readonly local: Local }
  /** The buddy is to be told this address and time; `undefined`: the same as everybody. */
  | { readonly kind: 'tell'; readonly pair: Pair; readonly fresh: Fresh | undefined }
  /** What we publish next, and what he does, is needed soon. */
  | { readonly kind: 'hurry'; readonly pair: Pair }

export class Buddy {
  readonly wishes = new Queue<Wish>()
  /** Files and streams that go to him and come from him. */
  readonly transfers: Transfers
  readonly #options: BuddyOptions
  readonly #acquaintance: Acquaintance
  readonly #ways: Ways
  readonly #events = new Queue<TalkEvent>()
  readonly #exchange: Exchange
  readonly #dakes = new DakeBudget()
  readonly #search: Search
  readonly #sessions: Sessions
  #hurriedAt = -Infinity
  #isClosed = false

  constructor(options: BuddyOptions) {
    const { own, whom, ends, indices, now } = options
    const events = this.#events
    const acquaintance = new Acquaintance({ ...options, selves: own.selves })
    this.#options = options
    this.#acquaintance = acquaintance
    this.#search = new Search({ whom: acquaintance, events, ends, now })
    this.#exchange = new Exchange({ ...options, acquaintance, events })
    this.#sessions = new Sessions({ accepts: this.#accepts, dakes: this.#dakes })
    this.transfers = new Transfers({ acquaintance, events })
    const { allocate, release } = indices
    const hints = whom.kind === 'known' ? hintsOf(whom.contact) : []
    this.#ways = new Ways(acquaintance.pairs, { ...options, allocate, release, hints })
    this.#search.looking(now)
  }

  get alias(): string {
    return this.#acquaintance.alias
  }

  /** The secrets he can be found and reached by. */
  get pairs(): readonly Pair[] {
    return this.#ways.pairs
  }

  get deadline(): number {
    if (this.#events.length > 0 || this.wishes.length > 0) return -Infinity
    const { current } = this.#sessions
    if (this.#acquaintance.events.length > 0) return -Infinity
    const exchange = current ? this.#exchange.deadline(current) : Infinity
    const upgrade = current?.upgrade.deadline ?? Infinity
    const transfers = this.transfers.deadline(current)
    return Math.min(exchange, upgrade, transfers, this.#ways.deadline, this.#sessions.deadline)
  }

  /** Nothing is left to flush: it may be forgotten. */
  get isQuiet(): boolean {
    const isTold = this.#events.length === 0 && this.transfers.isQuiet
    return this.#isClosed && this.#sessions.all.length === 0 && isTold
  }

  get isSecured(): boolean {
    return this.#sessions.current !== undefined
  }

  /** How he is being reached, or why not. @param isOnLink - he is listened for there */
  report({ isOnLink }: { readonly isOnLink: boolean }, now: number): BuddyReport {
    const live = this.#sessions.current ?? this.#sessions.rivals.find(isTried)
    return this.#search.report({ goals: this.#ways.goals, isOnLink, live }, now)
  }

  found(pair: Pair, found: Found, now: number): void {
    if (this.#isClosed) return
    this.#search.found(found.candidates, now)
    this.#ways.found(pair, found, now)
    this.#sessions.current?.upgrade.soon(now)
  }

  /** His program was heard on our link. */
  near(pair: Pair, near: Near, now: number): void {
    if (this.#isClosed) return
    this.#search.near()
    this.#ways.near(pair, near, now)
    this.#sessions.current?.upgrade.soon(now)
  }

  /** He is, or may be, at these too. */
  hear(pair: Pair, goals: readonly Goal[], now: number): void {
    if (!this.#isClosed) this.#ways.hear(pair, goals, now)
  }

  /** As whom an end that was to be measured is seen. */
  measured(local: Local, mapping: Mapping, now: number): void {
    this.#ways.measured(local, mapping, now)
  }

  /** Our own network is another one, or an end of ours is open again. */
  moved(now: number): void {
    if (this.#isClosed) return
    const ends = this.#options.ends()
    const paths = pathsTo(this.#ways.goals, ends)
    for (const { session } of this.#sessions.all) {
      const { peer } = session.path
      const home: Goal = { address: peer, way: 'learnt' }
      session.moved([...pathsTo([home], ends), ...paths], now)
    }
    this.#search.moved()
    if (!this.isSecured) this.#ways.moved(now)
    this.#sessions.current?.upgrade.soon(now)
  }

  /** What became of an end that is not a main one. */
  notice(notice: Notice, now: number): void {
    this.#ways.notice(notice, now)
    if (notice.kind !== 'opened') this.#sessions.localGone(notice.local, now)
  }

  /** @param said - `fingerprint`: of whom alone it is for */
  say({ text, id, fingerprint, about }: Said, now: number): void {
    if (this.#isClosed) this.#emit({ kind: 'undelivered', buddy: this.alias, id, why: 'closed' })
    else this.#exchange.say({ id, text, to: fingerprint, saidAt: now, about })
  }

  /** The user is typing to him, or not any more. */
  type(state: TypingState): void {
    this.#exchange.type(this.#sessions.current, state)
  }

  /** These messages of his were on the screen. */
  read(ids: readonly string[]): void {
    this.#exchange.read(this.#sessions.current, ids)
  }

  /** What came is safe here: nothing is confirmed before. */
  kept(message: Kept): void {
    this.#exchange.kept(this.#sessions.current, message)
  }

  withdraw(ids: ReadonlySet<string>): void {
    this.#exchange.withdraw(ids)
  }

  /** Begins to verify that he is who he should be: both must know the secret. */
  verify(input: { question?: string; secret: string }, now: number): void {
    this.#acquaintance.verify(this.#sessions.current, input, now)
  }

  /** Answers his question. */
  answer(secret: string, now: number): void {
    this.#acquaintance.answer(this.#sessions.current, secret, now)
  }

  /** Ends the verification under way, whoever began it. */
  cancel(now: number): void {
    this.#acquaintance.cancel(this.#sessions.current, now)
  }

  /** The user calls him otherwise from here on. */
  rename(to: string): void {
    this.#emit({ kind: 'renamed', buddy: this.alias, to })
    this.#acquaintance.rename(to)
  }

  /** The user has changed what is known of him. */
  revise(contact: Contact, now: number): void {
    this.#acquaintance.revise(this.#sessions.current, contact, now)
    const hints = hintsOf(contact)
    if (hints.length > 0) for (const pair of this.pairs) this.hear(pair, hints, now)
  }

  /** We have another address: he is told it, and can reach us by the former one until he knows it. */
  renew(selves: Own['selves']): void {
    this.#acquaintance.renew(selves)
    if (!this.#isClosed) this.#ways.change(this.#acquaintance.pairs)
  }

  /** The address he told is in the vault. */
  saved(address: string, now: number): void {
    const [{ current }, wasMet] = [this.#sessions, this.#acquaintance.isMet]
    this.#acquaintance.saved(current, address)
    if (this.#isClosed) return
    this.#ways.change(this.#acquaintance.pairs)
    if (!current || wasMet || !this.#acquaintance.isMet) return
    this.#welcome(current, now)
    this.#exchange.met(current, now)
    this.transfers.met(current, now)
  }

  /** Ends the conversation, saying so; what is unconfirmed stays so. */
  close(now: number): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#ways.close()
    this.transfers.close(this.#sessions.current, now)
    if (this.#sessions.close(now)) this.#lost('closed', now)
    this.#exchange.close()
    this.#acquaintance.wipe()
  }

  /** An init or a knock whose tag is of this pair in `epoch`. */
  receiveTagged(datagram: Datagram, tagged: { pair: Pair; epoch: number }, now: number): void {
    if (!this.#isClosed) this.#ways.receiveTagged(datagram, tagged, now)
  }

  /** A response or a data frame to one of this buddy's indices. */
  receive(datagram: Datagram, index: number, now: number): void {
    const live = this.#sessions.at(index)
    if (live) live.session.receive(datagram, now)
    else this.#ways.receiveResponse(datagram)
  }

  *drain(now: number): Generator<Output<TalkEvent, Work>> {
    for (const out of this.#ways.drain(now)) {
      if (out.kind === 'event') this.#approached(out.event, now)
      else if (out.kind !== 'close' || !this.#sessions.keeps(out.local)) yield out
    }
    yield* this.transfers.drain(this.#sessions.current, now)
    for (const live of this.#sessions.all) {
      const current = this.#sessions.currentOf(live)
      if (current) this.#exchange.drain(current, now)
      for (const out of live.session.drain(now)) {
        if (out.kind === 'event') this.#hear(live, out.event, now)
        else yield out
      }
      if (live.session.isOver) this.#forget(live)
    }
    yield* this.transfers.works()
    const { current } = this.#sessions
    if (current?.session.isOverdue) this.#overdue(current, now)
    if (current?.upgrade.isDue(now)) this.#offerPaths(current, now)
    for (const local of this.#sessions.released(now)) yield { kind: 'close', local }
    if (this.#acquaintance.events.length > 0) this.#tellAcquaintance(now)
    for (const event of this.#events.take()) yield { kind: 'event', event }
  }

  #offerPaths({ session, way }: Current, now: number): void {
    const paths = betterPaths({ address: session.path.peer, way }, this.#ways.goals, this.#options.ends())
    if (paths.length > 0) session.offerPaths(paths, now)
  }

  /** He may have moved without knowing where we are: what he publishes tells, and we are ready for him. */
  #overdue({ upgrade }: Current, now: number): void {
    this.#ways.silent(now)
    if (now < this.#hurriedAt + hurryGap) return
    this.#hurriedAt = now
    upgrade.soon(now)
    for (const pair of this.#ways.pairs) this.wishes.push({ kind: 'hurry', pair })
  }

  /** Its link has moved. */
  #moved(live: Live): void {
    const current = this.#sessions.currentOf(live)
    const { peer } = live.session.path
    const moved = current ?? live // one that was promoted in this drain is another value
    moved.way = this.#ways.goals.find(({ address }) => address === peer)?.way ?? 'learnt'
    const path = pathOf(moved)
    if (!current || !this.#acquaintance.isMet || path === current.toldPath) return
    current.toldPath = path
    this.#emit({ kind: 'path', buddy: this.alias, path })
  }

  /** A handshake of the link is done: a conversation is tried in it, beside the one there is. */
  #reached(event: WaysEvent & { kind: 'reached' }, now: number): void {
    const { indices, nextSession, ...options } = this.#options
    if (this.#isClosed) {
      indices.release(event.established.index)
      return
    }
    const [number, accepts, dakes] = [nextSession(), this.#accepts, this.#dakes]
    const rival = newRival(event, { ...options, number, accepts, dakes, now })
    this.#follow(this.#sessions.add(rival), now)
  }

  readonly #accepts = (fingerprint: Fingerprint): boolean => this.#acquaintance.accepts(fingerprint)

  #approached(event: WaysEvent, now: number): void {
    switch (event.kind) {
      case 'reached':
        this.#reached(event, now)
        return
      case 'trying':
        this.#search.trying(event.pair, event, now)
        return
      case 'failed':
        this.wishes.push({ kind: 'hurry', pair: event.pair })
        this.#search.failed(event.pair, event.why, now)
        return
      case 'measure':
        this.wishes.push({ kind: 'measure', local: event.local })
        this.wishes.push({ kind: 'hurry', pair: event.pair }) // he is to know the answer in time
        return
      case 'tell':
        this.wishes.push({ kind: 'tell', pair: event.pair, fresh: event.fresh })
        return
      case 'doubt':
        this.#sessions.current?.session.doubt(now)
        return
      case 'displaced':
        this.#follow(this.#sessions.displaced(event.index, now), now)
        return
      default:
        event satisfies never
    }
  }

  #hear(live: Live, event: SessionEvent, now: number): void {
    switch (event.kind) {
      case 'up':
        this.#follow(this.#sessions.up(live, now), now)
        return
      case 'secured':
        this.#follow(this.#sessions.secured(live, event.fingerprint, now), now)
        return
      case 'received':
        this.#follow(this.#sessions.heard(live, now), now)
        this.#received(live, event, now)
        return
      case 'bulk':
        if (this.#sessions.currentOf(live)) this.transfers.bulk(event.bytes)
        return
      case 'room':
        return // the next drain says what waits
      case 'path':
        this.#moved(live)
        return
      case 'smp':
        this.#heardSmp(live, event, now)
        return
      case 'refused':
        this.#follow(this.#sessions.refused(live, event), now)
        return
      case 'ended':
        this.#follow(this.#sessions.ended(live, event.why, now), now)
        return
      default:
        event satisfies never
    }
  }

  /** What follows from what became of the sessions. */
  #follow(changes: readonly Change[], now: number): void {
    for (const change of changes) {
      switch (change.kind) {
        case 'up':
          this.#ways.rest()
          this.#search.reached(now)
          break
        case 'began':
          this.#began(change.current, now)
          break
        case 'renewed':
          this.#exchange.rewind()
          this.transfers.lost()
          break
        case 'refused':
          this.#search.refused(change.why, change.clocks, now)
          break
        case 'lost':
          this.#lost(change.why, now)
          break
        case 'alone':
          if (this.#isClosed) break
          if (change.pause !== undefined) this.#ways.resume(change.pause, now)
          this.#search.looking(now)
          break
        default:
          change satisfies never
      }
    }
  }

  #began(current: Current, now: number): void {
    this.#search.secured(now)
    this.#ways.settle(current.index)
    this.#ways.rest()
    this.#acquaintance.secured(current, now)
    this.#welcome(current, now)
  }

  /** He who answers is the buddy, and can be shown; with an invite code only once it is proved. */
  #welcome(current: Current, now: number): void {
    if (!this.#acquaintance.isMet) return
    const path = pathOf(current)
    current.toldPath = path
    const pq = current.session.isPostQuantum
    const ms = this.#search.ms(now)
    this.#emit({ kind: 'secured', ...this.#acquaintance.under(current), path, ms, pq })
  }

  #received(live: Live, { payload, key }: SessionEvent & { kind: 'received' }, now: number): void {
    const current = this.#sessions.currentOf(live)
    if (!current) return
    this.transfers.receive(current, payload, key, now)
    if (payload.run !== undefined) this.#ways.ran(hexToBytes(payload.run))
    this.#exchange.receive(current, payload, now)
  }

  #heardSmp(live: Live, event: SessionEvent & { kind: 'smp' }, now: number): void {
    const current = this.#sessions.currentOf(live)
    if (current) this.#acquaintance.hearSmp(current, event, now)
  }

  /** What it has to tell comes before what follows from it; and other secrets may serve by now. */
  #tellAcquaintance(now: number): void {
    for (const event of this.#acquaintance.events.take()) {
      this.#emit(event)
      if (event.kind === 'burnt') this.close(now)
    }
    if (!this.#isClosed) this.#ways.change(this.#acquaintance.pairs)
  }

  /** Its link is gone: its index is free. */
  #forget(live: Live): void {
    this.#sessions.forget(live)
    this.#ways.settle(live.index)
    this.#options.indices.release(live.index)
  }

  /** The conversation there was is over. */
  #lost(why: Lost, now: number): void {
    this.#exchange.lost()
    this.transfers.lost()
    this.#search.begin(now)
    if (this.#acquaintance.isMet) this.#emit({ kind: 'lost', buddy: this.alias, why })
  }

  #emit(event: TalkEvent): void {
    this.#events.push(event)
  }
}

/** Where the user says that he may be. */
const hintsOf = ({ hints }: Contact): readonly Goal[] => hints.map((address) => ({ address, way: 'hint' }))

const hurryGap = 15_000 // ms
