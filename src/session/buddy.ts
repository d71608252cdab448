/**
 * One buddy: how he is reached, the conversation with him and perhaps a rival
 * of it, and what was said to him and not confirmed.
 *
 * A new link never touches the conversation there is. It runs its own DAKE
 * beside it and takes its place only when that ended with the pinned key: a
 * buddy who restarted does that, a thief of his discovery secret cannot.
 * Sans-I/O as `src/machine.ts` says, but that its owner has already looked up
 * whom a datagram is for.
 */
import { hexToBytes } from '@noble/hashes/utils.js'
import type { Random } from '../crypto.ts'
import type { Datagram, Local, Notice, Output, WallClock } from '../machine.ts'
import type { Mapping } from '../nat/mapping.ts'
import type { End } from '../nat/punch.ts'
import { type Goal, pathKind } from '../nat/way.ts'
import type { Attempts } from '../otr/attempts.ts'
import { DakeBudget } from '../otr/budget.ts'
import type { Fingerprint } from '../otr/identity.ts'
import type { Buddy as Contact } from '../profile/buddies.ts'
import type { Pair } from '../profile/pair.ts'
import { Queue } from '../queue.ts'
import { Acquaintance, type Whom } from './acquaintance.ts'
import type { Found, Fresh, Near } from './approach.ts'
import type { Command, Lost, PathKind, Phase, TalkEvent } from './command.ts'
import { KnownMessages } from './known.ts'
import { Ladder } from './ladder.ts'
import { type Current, isTried, type Live, newRival, type Own, type Rival } from './live.ts'
import { Outbox } from './outbox.ts'
import type { Payload } from './payload.ts'
import type { BuddyReport } from './report.ts'
import { Search, type SearchEvent, tenths } from './search.ts'
import type { SessionEvent } from './session.ts'
import { betterPaths, pathsTo, Upgrade } from './upgrade.ts'
import { Ways, type WaysEvent } from './ways.ts'

export interface BuddyOptions {
  readonly whom: Whom
  /** An invite code that he and we share, or still do after we met. */
  readonly invite: Pair | undefined
  /** He does not know our address yet, or not the one of now. */
  readonly isStrange: boolean
  readonly own: Own
  /** Our main ends that are open at this moment. */
  readonly ends: () => readonly End[]
  /** Whether a thousand datagrams may go to ports of this host; it counts as done. */
  readonly mayGuess: (host: string, now: number) => boolean
  readonly random: Random
  readonly wall: WallClock
  readonly sessionId: Uint8Array
  readonly indices: Indices
  readonly nextSession: () => number
  /** Verifications that failed, whatever the conversation. */
  readonly attempts: Attempts
  readonly loopback: boolean
  readonly now: number
}

/** A text, as the user gave it. */
type Said = Pick<Extract<Command, { kind: 'say' }>, 'text' | 'id' | 'fingerprint'>

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
  readonly #options: BuddyOptions
  readonly #acquaintance: Acquaintance
  readonly #ways: Ways
  readonly #outbox = new Outbox()
  readonly #events = new Queue<TalkEvent>()
  readonly #known = new KnownMessages()
  readonly #dakes = new DakeBudget()
  readonly #ladder: Ladder // of what was tried, for `report`
  readonly #search: Search
  #current: Current | undefined
  #rivals: Rival[] = [] // the oldest first
  #leaving: Live[] = [] // closed, their links still flush
  #early: Payload[] = [] // texts that came while the vault was written
  #upgrade: Upgrade | undefined // of the conversation there is
  readonly #kept = new Set<Local>() // ends of attempts that links use
  #hurriedAt = -Infinity
  #path: PathKind | undefined // as it was told
  #pause = endedPause // ms, after a link that was not secured
  #isClosed = false

  constructor(options: BuddyOptions) {
    const { ends, mayGuess, random, wall, sessionId, indices, loopback, own, whom, now } = options
    this.#options = options
    this.#search = new Search(now)
    this.#ladder = new Ladder(now)
    this.#acquaintance = new Acquaintance({ ...options, selves: own.selves })
    const { allocate, release } = indices
    const hints = whom.kind === 'known' ? whom.contact.hints : []
    const ways = {
      ...{ ends, mayGuess, random, wall, sessionId, allocate, release, loopback },
      hints: hints.map((address): Goal => ({ address, way: 'hint' })),
    }
    this.#ways = new Ways(this.#acquaintance.pairs, ways)
    this.#enter('looking', now)
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
    if (this.#acquaintance.events.length > 0 || this.#isSayingDue) return -Infinity
    const upgrade = this.#upgrade?.deadline ?? Infinity
    return Math.min(upgrade, this.#ways.deadline, ...this.#live().map(({ session }) => session.deadline))
  }

  /** Nothing is left to flush: it may be forgotten. */
  get isQuiet(): boolean {
    return this.#isClosed && this.#live().length === 0 && this.#events.length === 0
  }

  get isSecured(): boolean {
    return this.#current !== undefined
  }

  /** How he is being reached, or why not. @param isOnLink - he is listened for there */
  report({ isOnLink }: { readonly isOnLink: boolean }, now: number): BuddyReport {
    const current = this.#acquaintance.isMet ? this.#current : undefined
    const live = this.#current ?? this.#rivals.find(isTried)
    const reached = live && { address: live.session.path.peer, way: live.way }
    const [{ goals }, ends, record] = [this.#ways, this.#options.ends(), this.#ladder.record(now)]
    const { phase, unreached, refusedFor } = this.#search
    const verdict = this.#current ? undefined : unreached
    return {
      state: current ? 'secured' : (phase ?? 'securing'),
      isInvited: !this.#acquaintance.isMet,
      ms: this.#ladder.ms(now),
      ...(current && { path: { kind: this.#pathOf(current), address: current.session.path.peer } }),
      ...(record && { record }),
      isOnLan: this.#ladder.isOnLan,
      attempts: this.#ladder.attempts,
      ladder: this.#ladder.rungs({ goals, ends, isOnLink, reached }, now),
      ...(verdict && { verdict }),
      ...(!current && refusedFor && { refused: refusedFor }),
    }
  }

  found(pair: Pair, found: Found, now: number): void {
    if (this.#isClosed) return
    this.#ladder.found(found.candidates, now)
    this.#ways.found(pair, found, now)
    this.#upgrade?.soon(now)
  }

  /** His program was heard on our link. */
  near(pair: Pair, near: Near, now: number): void {
    if (this.#isClosed) return
    this.#ladder.near()
    this.#ways.near(pair, near, now)
    this.#upgrade?.soon(now)
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
    for (const { session } of this.#live()) {
      const { peer } = session.path
      const home: Goal = { address: peer, way: 'learnt' }
      session.moved([...pathsTo([home], ends), ...paths], now)
    }
    if (!this.#current) this.#ladder.forget()
    if (!this.#current) this.#ways.moved(now)
    this.#upgrade?.soon(now)
  }

  /** What became of an end that is not a main one. */
  notice(notice: Notice, now: number): void {
    this.#ways.notice(notice, now)
    if (notice.kind === 'opened' || !this.#kept.delete(notice.local)) return
    for (const { session } of this.#live()) session.localGone(notice.local, now)
  }

  /** @param said - `fingerprint`: of whom alone it is for */
  say({ text, id, fingerprint }: Said, now: number): void {
    const why = this.#isClosed ? 'closed' : this.#outbox.push({ id, text, to: fingerprint, saidAt: now })
    if (why) this.#emit({ kind: 'undelivered', buddy: this.alias, id, why })
  }

  /** Begins to verify that he is who he should be: both must know the secret. */
  verify(input: { question?: string; secret: string }, now: number): void {
    this.#acquaintance.verify(this.#current, input, now)
  }

  /** Answers his question. */
  answer(secret: string, now: number): void {
    this.#acquaintance.answer(this.#current, secret, now)
  }

  /** Ends the verification under way, whoever began it. */
  cancel(now: number): void {
    this.#acquaintance.cancel(this.#current, now)
  }

  /** The user calls him otherwise from here on. */
  rename(to: string): void {
    this.#emit({ kind: 'renamed', buddy: this.alias, to })
    this.#acquaintance.rename(to)
  }

  /** The user has changed what is known of him. */
  revise(contact: Contact, now: number): void {
    this.#acquaintance.revise(this.#current, contact, now)
    const hints = contact.hints.map((address): Goal => ({ address, way: 'hint' }))
    if (hints.length > 0) for (const pair of this.pairs) this.hear(pair, hints, now)
  }

  /** We have another address: he is told it, and can reach us by the former one until he knows it. */
  renew(selves: Own['selves']): void {
    this.#acquaintance.renew(selves)
    if (!this.#isClosed) this.#ways.change(this.#acquaintance.pairs)
  }

  /** The address he told is in the vault. */
  saved(address: string, now: number): void {
    const [current, wasMet] = [this.#current, this.#acquaintance.isMet]
    this.#acquaintance.saved(current, address)
    if (this.#isClosed) return
    this.#ways.change(this.#acquaintance.pairs)
    if (!current || wasMet || !this.#acquaintance.isMet) return
    this.#welcome(current, now)
    for (const payload of this.#early.splice(0)) this.#hearText(current, payload, now)
  }

  /** Ends the conversation, saying so; what is unconfirmed stays so. */
  close(now: number): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#ways.close()
    this.#retireRivals(now)
    if (this.#current) {
      this.#retire(this.#current, now)
      this.#lose('closed', now)
    }
    for (const { id } of this.#outbox.clear())
      this.#emit({ kind: 'undelivered', buddy: this.alias, id, why: 'closed' })
    this.#acquaintance.wipe()
  }

  /** An init or a knock whose tag is of this pair in `epoch`. */
  receiveTagged(datagram: Datagram, tagged: { pair: Pair; epoch: number }, now: number): void {
    if (!this.#isClosed) this.#ways.receiveTagged(datagram, tagged, now)
  }

  /** A response or a data frame to one of this buddy's indices. */
  receive(datagram: Datagram, index: number, now: number): void {
    const live = this.#live().find((live) => live.index === index)
    if (live) live.session.receive(datagram, now)
    else this.#ways.receiveResponse(datagram)
  }

  *drain(now: number): Generator<Output<TalkEvent>> {
    for (const out of this.#ways.drain(now)) {
      if (out.kind === 'event') this.#approached(out.event, now)
      else if (out.kind !== 'close' || !this.#isUsed(out.local)) yield out
      else this.#kept.add(out.local)
    }
    for (const live of this.#live()) {
      this.#sayWhatWaits(live, now)
      for (const out of live.session.drain(now)) {
        if (out.kind === 'event') this.#hear(live, out.event, now)
        else yield out
      }
      if (live.session.isOver) this.#forget(live)
    }
    if (this.#current?.session.isOverdue) this.#overdue(now)
    if (this.#upgrade?.isDue(now)) this.#offerPaths(now)
    for (const local of [...this.#kept]) {
      if (this.#isUsed(local)) continue
      this.#kept.delete(local)
      for (const { session } of this.#live()) session.localGone(local, now)
      yield { kind: 'close', local }
    }
    if (this.#acquaintance.events.length > 0) this.#tellAcquaintance(now)
    for (const event of this.#events.take()) yield { kind: 'event', event }
  }

  #live(): readonly Live[] {
    return [...(this.#current ? [this.#current] : []), ...this.#rivals, ...this.#leaving]
  }

  /** A link may be heard there. */
  #isUsed(local: Local): boolean {
    return this.#live().some(({ session }) => session.path.local === local)
  }

  #offerPaths(now: number): void {
    const current = this.#current
    if (!current) return
    const { goals } = this.#ways
    const { peer } = current.session.path
    const isTold = goals.some(({ address }) => address === peer)
    const paths = betterPaths({ address: peer, way: current.way }, goals, {
      ends: this.#options.ends(),
      isTold,
    })
    if (paths.length > 0) current.session.offerPaths(paths, now)
  }

  /** He may have moved without knowing where we are: what he publishes tells, and we are ready for him. */
  #overdue(now: number): void {
    this.#ways.silent(now)
    if (now < this.#hurriedAt + hurryGap) return
    this.#hurriedAt = now
    this.#upgrade?.soon(now)
    for (const pair of this.#ways.pairs) this.wishes.push({ kind: 'hurry', pair })
  }

  /** Its link has moved. */
  #moved(live: Live): void {
    const { peer } = live.session.path
    live.way = this.#ways.goals.find(({ address }) => address === peer)?.way ?? 'learnt'
    const current = this.#current
    if (live.session !== current?.session || !this.#acquaintance.isMet) return
    const path = this.#pathOf(live)
    if (path === this.#path) return
    this.#path = path
    this.#emit({ kind: 'path', buddy: this.alias, path })
  }

  get #isSayingDue(): boolean {
    const current = this.#current
    if (!current?.session.hasRoom || !this.#acquaintance.mayTalk(current)) return false
    return this.#outbox.next(current.fingerprint) !== undefined
  }

  #sayWhatWaits(live: Live, now: number): void {
    const current = this.#current
    if (!current || live.session !== current.session) return
    this.#acquaintance.introduce(current, now)
    if (!this.#acquaintance.mayTalk(current)) return
    while (current.session.hasRoom) {
      const message = this.#outbox.next(current.fingerprint)
      if (!message) return
      current.session.say(message, now)
      this.#outbox.sent(message.id, current.fingerprint)
      this.#emit({ kind: 'sent', buddy: this.alias, id: message.id })
    }
  }

  /** A handshake of the link is done: a conversation is tried in it, beside the one there is. */
  #reached(event: WaysEvent & { kind: 'reached' }, now: number): void {
    const { indices, nextSession, ...options } = this.#options
    if (this.#isClosed) {
      indices.release(event.established.index)
      return
    }
    const accepts = (fingerprint: Fingerprint): boolean => this.#acquaintance.accepts(fingerprint)
    const rival = newRival(event, { ...options, number: nextSession(), accepts, dakes: this.#dakes, now })
    this.#rivals.push(rival)
    if (rival.session.role !== 'initiator') return // the init may be a replay: so far nobody is there
    this.#ladder.reached(now)
    this.#ways.rest()
    this.#enter('securing', now)
  }

  /** Somebody is at the other end of a rival's link: its DAKE may run. */
  #up(live: Live, now: number): void {
    const rival = this.#rivalOf(live)
    if (!rival) return
    rival.isUp = true
    this.#pause = endedPause
    this.#ladder.reached(now)
    this.#ways.rest()
    this.#enter('securing', now)
    const up = this.#rivals.filter(({ isUp }) => isUp)
    if (up.length > maxRivals) this.#dismiss(up[0]!, now)
    // The initiator's DAKE costs us as much as the other side: it counts for both.
    if (rival.session.role === 'initiator' && !this.#dakes.take(now)) this.#dismiss(rival, now)
  }

  #approached(event: WaysEvent, now: number): void {
    switch (event.kind) {
      case 'reached':
        this.#reached(event, now)
        return
      case 'trying':
        this.#ladder.trying(event.pair, event, this.#options.ends(), now)
        this.#enter('punching', now)
        return
      case 'failed':
        this.#ladder.failed(event.pair, now)
        this.wishes.push({ kind: 'hurry', pair: event.pair })
        this.#enter('looking', now)
        if (!this.#current) this.#tell(this.#search.failed(event.why, now))
        return
      case 'measure':
        this.wishes.push({ kind: 'measure', local: event.local })
        this.wishes.push({ kind: 'hurry', pair: event.pair }) // he is to know the answer in time
        return
      case 'tell':
        this.wishes.push({ kind: 'tell', pair: event.pair, fresh: event.fresh })
        return
      case 'doubt':
        this.#current?.session.doubt(now)
        return
      case 'displaced': {
        const rival = this.#rivals.find(({ index, isUp }) => index === event.index && !isUp)
        if (rival) this.#dismiss(rival, now)
        return
      }
      default:
        event satisfies never
    }
  }

  #hear(live: Live, event: SessionEvent, now: number): void {
    switch (event.kind) {
      case 'up':
        this.#up(live, now)
        return
      case 'secured':
        this.#secured(live, event.fingerprint, now)
        return
      case 'received':
        this.#confirmRival(live, now)
        if (this.#current?.session === live.session) this.#received(this.#current, event.payload, now)
        return
      case 'room':
        return // the next drain says what waits
      case 'path':
        this.#moved(live)
        return
      case 'smp':
        if (this.#current?.session === live.session) this.#acquaintance.hearSmp(this.#current, event, now)
        return
      case 'refused':
        this.#refused(live, event, now)
        return
      case 'ended':
        this.#ended(live, event.why, now)
        return
      default:
        event satisfies never
    }
  }

  /**
   * The responder knows by now that both are secured. The initiator does not:
   * it lets go of a conversation only when a word came in the new one.
   */
  #secured(live: Live, fingerprint: Fingerprint, now: number): void {
    if (live.session === this.#current?.session) this.#outbox.rewind() // its keys were renewed
    const rival = this.#rivalOf(live)
    if (!rival) return // dismissed meanwhile, or the keys were renewed
    rival.fingerprint = fingerprint
    this.#dakes.succeeded()
    if (!this.#current || live.session.role === 'responder') this.#promote(rival, fingerprint, now)
  }

  #confirmRival(live: Live, now: number): void {
    const rival = this.#rivalOf(live)
    if (rival?.fingerprint !== undefined) this.#promote(rival, rival.fingerprint, now)
  }

  #promote(rival: Rival, fingerprint: Fingerprint, now: number): void {
    // Asked again: since the handshake began, another may have proved a code first.
    if (!this.#acquaintance.accepts(fingerprint)) {
      this.#refused(rival, { kind: 'refused', why: 'wrong-fingerprint' }, now)
      this.#dismiss(rival, now)
      return
    }
    this.#rivals = this.#rivals.filter(({ session }) => session !== rival.session)
    this.#retireRivals(now)
    const old = this.#current
    if (old) {
      this.#retire(old, now)
      this.#lose('restarted', now)
    }
    const { session, pair, index, way } = rival
    this.#current = { session, pair, index, way, fingerprint }
    this.#upgrade = new Upgrade(now)
    this.#search.ended()
    this.#ladder.secured(now)
    this.#ways.settle(index)
    this.#ways.rest()
    this.#acquaintance.secured(this.#current, now)
    this.#welcome(this.#current, now)
  }

  /** He who answers is the buddy, and can be shown; with an invite code only once it is proved. */
  #welcome(current: Current, now: number): void {
    if (!this.#acquaintance.isMet) return
    const path = this.#pathOf(current)
    this.#path = path
    const pq = current.session.isPostQuantum
    const ms = this.#search.ms(now)
    this.#emit({ kind: 'secured', ...this.#acquaintance.under(current), path, ms, pq })
  }

  #pathOf({ session, way }: Live): PathKind {
    return pathKind({ address: session.path.peer, way })
  }

  #received(current: Current, payload: Payload, now: number): void {
    const buddy = this.alias
    if (payload.run !== undefined) this.#ways.ran(hexToBytes(payload.run))
    for (const id of payload.receipts) {
      this.#acquaintance.confirmed(current, id)
      const confirmed = this.#outbox.confirm(id, current.fingerprint)
      if (confirmed) this.#emit({ kind: 'delivered', buddy, id, ms: tenths(now - confirmed.saidAt) })
    }
    if (payload.address) this.#acquaintance.hearAddress(current, payload, now)
    else if (this.#acquaintance.isMet) this.#hearText(current, payload, now)
    else if (this.#acquaintance.isPending && this.#early.length < maxEarly) this.#early.push(payload)
  }

  #hearText(current: Current, { id, text }: Payload, now: number): void {
    if (id === undefined) return
    current.session.confirm(id)
    if (!this.#known.add(id, text)) return // resent because our receipt was lost
    const at = Math.floor(this.#options.wall(now))
    this.#emit({ kind: 'message', id, text, at, ...this.#acquaintance.under(current) })
  }

  /** What it has to tell comes before what follows from it; and other secrets may serve by now. */
  #tellAcquaintance(now: number): void {
    for (const event of this.#acquaintance.events.take()) {
      this.#emit(event)
      if (event.kind === 'burnt') this.close(now)
    }
    if (!this.#isClosed) this.#ways.change(this.#acquaintance.pairs)
  }

  #refused(live: Live, { why, clocks }: SessionEvent & { kind: 'refused' }, now: number): void {
    if (this.#rivalOf(live)) this.#pause = refusedPause
    this.#tell(this.#search.refused(why, clocks, now))
  }

  #ended(live: Live, why: Lost, now: number): void {
    const rival = this.#rivalOf(live)
    const isCurrent = live.session === this.#current?.session
    if (!rival && !isCurrent) return // it was leaving
    this.#rivals = this.#rivals.filter(({ session }) => session !== live.session)
    this.#leaving.push(live)
    if (isCurrent) this.#lose(why, now)
    // A rival that waited for its turn has it, if the other side is there too.
    const next = isCurrent ? this.#rivals.find(({ fingerprint }) => fingerprint !== undefined) : undefined
    if (next?.fingerprint !== undefined) this.#promote(next, next.fingerprint, now)
    if (this.#isClosed || this.#current || this.#rivals.some(isTried)) return
    if (isCurrent || (rival && isTried(rival))) this.#ways.resume(rival ? this.#pause : 0, now)
    this.#enter('looking', now)
  }

  /** Its link is gone: its index is free. */
  #forget(live: Live): void {
    this.#leaving = this.#leaving.filter(({ session }) => session !== live.session)
    this.#ways.settle(live.index)
    this.#options.indices.release(live.index)
  }

  #lose(why: Lost, now: number): void {
    this.#current = undefined
    this.#upgrade = undefined
    this.#early = []
    this.#outbox.rewind()
    this.#search.begin(now)
    this.#ladder.begin(now)
    if (this.#acquaintance.isMet) this.#emit({ kind: 'lost', buddy: this.alias, why })
  }

  #rivalOf({ session }: Live): Rival | undefined {
    return this.#rivals.find((rival) => rival.session === session)
  }

  #retireRivals(now: number): void {
    for (const rival of this.#rivals.splice(0)) this.#retire(rival, now)
  }

  /** It had to make room: what comes of it is told as of one that ended. */
  #dismiss(rival: Rival, now: number): void {
    rival.session.close(now)
    this.#ended(rival, 'closed', now)
  }

  #retire(live: Live, now: number): void {
    live.session.close(now)
    this.#leaving.push(live)
  }

  #enter(phase: Phase, now: number): void {
    if (!this.#current) this.#tell(this.#search.enter(phase, now))
  }

  #tell(told: SearchEvent | undefined): void {
    if (told) this.#emit({ ...told, buddy: this.alias })
  }

  #emit(event: TalkEvent): void {
    this.#events.push(event)
  }
}

/** Beside each other: the buddy may be started twice in 15 s. */
const maxRivals = 2

const maxEarly = 64 // texts in the milliseconds that a write takes

const hurryGap = 15_000 // ms
const refusedPause = 60_000 // ms; the same key would answer again
const endedPause = 5_000 // ms; the other side let the link go before it was secured
