/**
 * Reaches one buddy: sends the first datagram of the link's handshake to all of
 * his addresses until one of them answers. The Noise initiator sends its init;
 * the responder knocks, which opens its own NAT and asks for that init.
 * Sans-I/O as `src/machine.ts` says, but that its owner has already looked up
 * whom a datagram is for. docs/Protocol.md, "The sealed link".
 */
import type { Random } from '../crypto.ts'
import type { Address, Datagram, Local, Notice, Output, Path, WallClock } from '../machine.ts'
import { mayProbe } from '../nat/candidates.ts'
import type { Mapping } from '../nat/mapping.ts'
import { type End, Punch } from '../nat/punch.ts'
import { type Unreached, verdictOf } from '../nat/verdict.ts'
import type { Goal, Way } from '../nat/way.ts'
import { epochOf, type Pair } from '../profile/pair.ts'
import { Queue } from '../queue.ts'
import { readKnock } from '../transport/link/frames.ts'
import { Responder } from '../transport/link/handshake.ts'
import { Knocks } from '../transport/link/knocks.ts'
import type { Established } from '../transport/link/sealed.ts'
import { splitAddress } from '../wire/address.ts'
import { Firsts, linkKeys, runName } from './firsts.ts'
import { Rumours } from './rumours.ts'
import { Runs } from './runs.ts'
import { type Found, type Near, Whereabouts } from './whereabouts.ts'

export type ApproachEvent =
  /** The handshake is done: a link can be made of it. */
  | {
      readonly kind: 'reached'
      readonly established: Established
      readonly path: Path
      readonly way: Way
      /** As the initiator: our init went to where its response came from. */
      readonly isAsked: boolean
    }
  /** An attempt begins, or aims anew, perhaps at many ports; or it ends in vain. */
  | { readonly kind: 'trying'; readonly goals: readonly Goal[]; readonly isGuessing: boolean }
  | { readonly kind: 'failed'; readonly why: Unreached }
  /** There is a conversation, and something says that the buddy's program was started anew. */
  | { readonly kind: 'doubt' }
  /** A half-open link of this index had to make room for a newer one. */
  | { readonly kind: 'displaced'; readonly index: number }
  /** A fresh end is open: `measured` is to be told as whom it is seen. */
  | { readonly kind: 'measure'; readonly local: Local }
  /** The buddy is to know this address, and that both begin then; `undefined`: what all are told. */
  | { readonly kind: 'tell'; readonly fresh: Fresh | undefined }

/** Where we can be found in the next attempt. */
export interface Fresh {
  readonly address: Address
  readonly startAt: number // unix ms
}

export interface ApproachOptions {
  readonly pair: Pair
  readonly random: Random
  readonly wall: WallClock
  /** Names this run of the program in knocks and records: 8 octets. */
  readonly sessionId: Uint8Array
  /** Draws a receiver index that this process does not use; it is ours until released. */
  readonly allocate: () => number
  readonly release: (index: number) => void
  /** Our main ends that are open at this moment. */
  readonly ends: () => readonly End[]
  /** Whether a thousand datagrams may go to ports of this host; it counts as done. */
  readonly mayGuess: (host: string, now: number) => boolean
  /** Where he may be besides what his record says. */
  readonly hints: readonly Goal[]
  readonly loopback: boolean
}

interface Attempt {
  /** Whose keys it uses. */
  readonly epoch: number
  punch: Punch
  /** When another end is to be tried: ms. */
  freshenAt: number
  /** When it was begun, or took in where else he is: ms. */
  aimedAt: number
  /** When it is to do so again. */
  aimAt: number
}

/** One more end of ours, that no router has seen yet. */
interface FreshEnd {
  readonly local: Local
  state:
    | { readonly kind: 'opening' | 'measuring'; readonly until: number }
    | { readonly kind: 'told'; readonly mapping: Mapping; readonly startAt: number } // ms
}

export class Approach {
  readonly #options: ApproachOptions
  readonly #outbox = new Queue<Output<ApproachEvent>>()
  readonly #responder = new Responder()
  readonly #knocks = new Knocks()
  readonly #firsts: Firsts
  readonly #whereabouts: Whereabouts
  readonly #rumours = new Rumours()
  readonly #runs = new Runs()
  #attempt: Attempt | undefined
  #fresh: FreshEnd | undefined
  #isTold = false // something else than what all are told
  #failures = 0
  #retryAt = Infinity
  #isWanted = true
  #silentUntil = -Infinity
  #answeredUntil = Infinity // responses to what knocks were answered with are taken
  #failedAt = -Infinity

  constructor(options: ApproachOptions) {
    this.#options = options
    this.#firsts = new Firsts(options)
    this.#whereabouts = new Whereabouts(options)
    if (options.hints.length > 0) this.#retryAt = -Infinity
  }

  get deadline(): number {
    if (this.#outbox.length > 0) return -Infinity
    const fresh = this.#fresh?.state
    const freshAt = fresh && (fresh.kind === 'told' ? Infinity : fresh.until)
    const attempt = this.#attempt
    const own = attempt ? Math.min(attempt.punch.deadline, attempt.freshenAt, attempt.aimAt) : this.#retryAt
    return Math.min(own, freshAt ?? Infinity, this.#answeredUntil)
  }

  /** Every address he may be at, as far as is known. */
  get goals(): readonly Goal[] {
    return this.#whereabouts.goals
  }

  /** It opened this end, and may send from it. */
  owns(local: Local): boolean {
    return this.#fresh?.local === local || this.#attempt?.punch.owns(local) === true
  }

  /** What a new record of the buddy's says. */
  found(found: Found, now: number): void {
    const isNew = this.#whereabouts.found(found, now)
    this.#failures = 0
    if (!this.#isWanted) this.#compare(found.sessionId, (run) => run, now)
    else if (this.#whereabouts.candidates.length === 0) return
    else if (this.#attempt?.epoch !== this.#whereabouts.epoch(now)) this.#begin(now)
    else if (isNew && (now < this.#attempt.punch.startAt || now >= this.#attempt.aimedAt + aimGap))
      this.#aim(this.#attempt, now)
    else if (isNew) this.#attempt.aimAt = this.#attempt.aimedAt + aimGap
  }

  /** He was heard on our link. Whoever is on it may show what he said earlier. */
  near(near: Near, now: number): void {
    if (!this.#isWanted) this.#compare(near.sessionId, (run) => run, now)
    const heard = this.#whereabouts.near(near, now)
    if (heard) this.#take([{ address: near.address, way: 'lan' }], heard.isNew, now)
  }

  /** He is, or may be, at these too. */
  hear(goals: readonly Goal[], now: number): void {
    const news = this.#whereabouts.hear(goals)
    this.#take(news, news.length > 0, now)
  }

  /** Tries them in the attempt there is, or soon. */
  #take(goals: readonly Goal[], isNew: boolean, now: number): void {
    if (!this.#isWanted) return
    if (!this.#attempt) this.#retryAt = Math.min(this.#retryAt, Math.max(now, this.#failedAt + shortestPause))
    if (!this.#attempt || !isNew) return
    for (const goal of goals) this.#attempt.punch.learn(goal, now)
    this.#emitTrying(this.#attempt.punch)
  }

  /** As whom our fresh end is seen. */
  measured(local: Local, mapping: Mapping, now: number): void {
    const fresh = this.#fresh
    if (fresh?.local !== local || fresh.state.kind !== 'measuring' || mapping.kind !== 'same') return
    const { agreedAt } = this.#whereabouts
    const startAt = agreedAt > now + shortestLead ? agreedAt : now + lead
    fresh.state = { kind: 'told', mapping, startAt }
    this.#isTold = true
    const { wall } = this.#options
    const at = Math.round(wall(now) + startAt - now)
    this.#emit({ kind: 'tell', fresh: { address: mapping.address, startAt: at } })
    if (this.#attempt) this.#aim(this.#attempt, now)
  }

  notice(notice: Notice, now: number): void {
    this.#attempt?.punch.notice(notice)
    const fresh = this.#fresh
    if (fresh?.local !== notice.local) return
    if (notice.kind === 'closed') {
      this.#fresh = undefined
      return
    }
    if (fresh.state.kind !== 'opening') return
    fresh.state = { kind: 'measuring', until: now + measuring }
    this.#emit({ kind: 'measure', local: fresh.local })
  }

  /** The buddy says in the conversation which run of his program speaks. */
  ran(run: Uint8Array): void {
    this.#runs.ran(run)
  }

  /** In the conversation he is overdue: if he knocks now he has lost it, whichever run of his it is. */
  silent(now: number): void {
    this.#silentUntil = now + silentFor
  }

  /** There is a conversation, or one is tried: no attempt until `resume`. */
  rest(): void {
    this.#isWanted = false
    this.#retryAt = Infinity
    this.#abandon()
    this.#untell()
  }

  /** There is none: try, after `pause` ms. */
  resume(pause: number, now: number): void {
    this.#isWanted = true
    this.#failures = 0
    if (!this.#attempt) this.#retryAt = now + pause
  }

  /** Our own network is another one: what was tried means nothing. */
  moved(now: number): void {
    this.#failures = 0
    this.#whereabouts.moved()
    this.#abandon()
    this.#untell()
    if (this.#isWanted) this.#retryAt = now
  }

  /** A frame whose tag is this pair's in `epoch`. */
  receiveTagged(datagram: Datagram, epoch: number, now: number): void {
    if (this.#options.pair.role === 'responder') this.#answer(datagram, epoch, now)
    else this.#hearKnock(datagram, epoch, now)
  }

  /** A response to one of our indices. */
  receiveResponse({ local, peer, bytes }: Datagram): void {
    const isAsked = this.#firsts.wentTo(peer)
    const established = this.#firsts.receive(bytes)
    if (!established) return
    const path = { local, peer }
    this.#emit({ kind: 'reached', established, path, way: this.#wayOf(path), isAsked })
    this.rest()
  }

  *drain(now: number): Generator<Output<ApproachEvent>> {
    this.#whereabouts.expire(now)
    if (!this.#attempt && now >= this.#retryAt) this.#retry(now)
    const fresh = this.#fresh
    if (fresh && fresh.state.kind !== 'told' && now >= fresh.state.until) this.#dropFresh()
    const attempt = this.#attempt
    if (attempt && now >= attempt.freshenAt) this.#freshen(attempt, now)
    if (attempt && now >= attempt.aimAt) this.#aim(attempt, now)
    for (const out of attempt?.punch.drain(now) ?? []) {
      if (out.kind !== 'event') yield out
      else yield* this.#probe(attempt!, out.event.path, now)
    }
    if (now >= this.#answeredUntil) this.#expireAnswers()
    if (attempt?.punch.isOver(now)) this.#fail(now)
    yield* this.#outbox.take()
  }

  /** The link of this index is secured or gone: another may be half-open. */
  settle(index: number): void {
    this.#responder.settle(index)
  }

  /** Ends all; indices are free again. */
  close(): void {
    this.rest()
  }

  /** What names a run is not the one we talk with. @param shown - how a run is named where `name` was read */
  #compare(name: Uint8Array, shown: (run: Uint8Array) => Uint8Array, now: number): void {
    if (this.#runs.casts(name, shown, now)) this.#emit({ kind: 'doubt' })
  }

  #begin(now: number): void {
    this.#leave()
    // What a knock was answered with may be on its way back.
    if (this.#answeredUntil === Infinity) this.#firsts.wipe()
    const punch = this.#punch(now)
    this.#attempt = {
      ...{ epoch: this.#whereabouts.epoch(now), punch },
      ...{ freshenAt: now + freshenAfter, aimedAt: -Infinity, aimAt: Infinity },
    }
    this.#retryAt = Infinity
    this.#emitTrying(punch)
  }

  /** He is told to be elsewhere, or we are: the same first datagram, sent there. */
  #aim(attempt: Attempt, now: number): void {
    this.#close(attempt.punch)
    attempt.aimedAt = now
    attempt.aimAt = Infinity
    attempt.punch = this.#punch(now)
    this.#emitTrying(attempt.punch)
  }

  #punch(now: number): Punch {
    const { ends, pair, random, mayGuess } = this.#options
    const fresh = this.#fresh?.state.kind === 'told' ? this.#fresh.state : undefined
    const own = [...ends()]
    if (fresh) own.push({ local: this.#fresh!.local, mapping: fresh.mapping })
    const { candidates, heard, agreedAt } = this.#whereabouts
    const startAt = Math.max(now, fresh?.startAt ?? -Infinity, agreedAt)
    return new Punch({
      ends: own,
      candidates,
      goals: heard,
      startAt,
      patience: fresh ? freshPatience : patience,
      random,
      stretches: pair.role === 'responder',
      mayGuess: (host) => mayGuess(host, now),
    })
  }

  /**
   * A router that was not asked yet, and heard from him first, gives our end another port for him for as long as
   * it remembers: a fresh end, and both begin at the same moment. Of no use where each destination has its port
   * anyway, on either side: there ports are tried meanwhile.
   */
  #freshen(attempt: Attempt, now: number): void {
    attempt.freshenAt = Infinity
    const main = this.#options.ends().find(({ local }) => local.kind === 'udp4')
    const { candidates } = this.#whereabouts
    const isHard = main?.mapping.kind !== 'same' || candidates.some(({ kind }) => kind === 'changing')
    const isPromising = candidates.length > 0 && this.#failures < freshTries
    if (this.#fresh || isHard || !isPromising) return
    const local: Local = { kind: 'udp4', isExtra: true }
    this.#fresh = { local, state: { kind: 'opening', until: now + measuring } }
    this.#outbox.push({ kind: 'open', local })
  }

  /** Without an address there is nothing to try: a record or a knock will bring one. */
  #retry(now: number): void {
    this.#retryAt = Infinity
    if (this.goals.length > 0) this.#begin(now)
  }

  #fail(now: number): void {
    const why = verdictOf(this.#options.ends(), this.#whereabouts.candidates)
    this.#abandon()
    this.#untell()
    const usual = pauses[this.#failures++] ?? steadyPause
    const pause = this.#whereabouts.isCarried(now) ? Math.min(usual, carriedPause) : usual
    this.#failedAt = now
    if (this.#isWanted) this.#retryAt = now + pause
    this.#emit({ kind: 'failed', why })
  }

  /** The fresh end is gone, or of no use. */
  #untell(): void {
    if (!this.#isTold) return
    this.#isTold = false
    this.#emit({ kind: 'tell', fresh: undefined })
  }

  #abandon(): void {
    this.#leave()
    this.#firsts.wipe()
    this.#answeredUntil = Infinity
  }

  /** An end that a link uses stays open: its owner sees to that. */
  #leave(): void {
    if (this.#attempt) this.#close(this.#attempt.punch)
    this.#attempt = undefined
    this.#dropFresh()
  }

  /** An attempt keeps its own. */
  #expireAnswers(): void {
    this.#answeredUntil = Infinity
    if (!this.#attempt) this.#firsts.wipe()
  }

  #close(punch: Punch): void {
    for (const local of punch.close()) this.#outbox.push({ kind: 'close', local })
  }

  #dropFresh(): void {
    if (this.#fresh) this.#outbox.push({ kind: 'close', local: this.#fresh.local })
    this.#fresh = undefined
  }

  /** A neighbour whose clock has another hour is sent one of that hour, too. */
  *#probe({ epoch, punch }: Attempt, path: Path, now: number): Generator<Output<never>> {
    const isRumour = punch.wayOf(path) === 'rumour'
    const hour = epochOf(this.#options.wall(now))
    if (isRumour && !this.#rumours.maySend(splitAddress(path.peer).address, hour)) return
    this.#firsts.goesTo(path.peer)
    yield { kind: 'send', datagram: { ...path, bytes: this.#firsts.of(epoch) } }
    const theirs = this.#whereabouts.epochAt(path.peer)
    const bytes = theirs === undefined ? undefined : this.#firsts.ofNeighbour(theirs)
    if (bytes) yield { kind: 'send', datagram: { ...path, bytes } }
  }

  #answer({ local, peer, bytes }: Datagram, epoch: number, now: number): void {
    const { pair, allocate, release, random } = this.#options
    const index = allocate()
    const keys = linkKeys(pair, epoch)
    const answer = this.#responder.receive(bytes, peer, { keys, epoch, index, random }, now)
    if (!answer?.established) release(index)
    if (!answer) return
    this.#outbox.push({ kind: 'send', datagram: { local, peer, bytes: answer.response } })
    if (answer.displaced !== undefined) this.#emit({ kind: 'displaced', index: answer.displaced })
    // It may be a replay: only when something opens on the link is anybody there.
    if (!answer.established) return
    const path = { local, peer }
    const { established } = answer
    this.#emit({ kind: 'reached', established, path, way: this.#wayOf(path), isAsked: false })
  }

  #wayOf(path: Path): Way {
    const known = this.goals.find(({ address }) => address === path.peer)
    return this.#attempt?.punch.wayOf(path) ?? known?.way ?? 'learnt'
  }

  /** One init for a knock, of its hour, and nothing else: whoever it came from is not probed again. */
  #hearKnock({ local, peer, bytes }: Datagram, epoch: number, now: number): void {
    const keys = linkKeys(this.#options.pair, epoch)
    const heard = readKnock(keys, bytes)
    if (!heard || !mayProbe(peer, this.#options)) return
    const isKnown = this.goals.some(({ address }) => address === peer)
    if (!this.#knocks.mayAnswer(peer, { isKnown }, now)) return
    if (!this.#isWanted && now >= this.#silentUntil) {
      this.#compare(heard.sessionId, (run) => runName(keys, run), now)
      return
    }
    this.#answeredUntil = now + patience
    this.#firsts.goesTo(peer)
    this.#outbox.push({ kind: 'send', datagram: { local, peer, bytes: this.#firsts.of(epoch) } })
  }

  #emitTrying({ goals, isGuessing }: Punch): void {
    this.#emit({ kind: 'trying', goals: [...goals], isGuessing })
  }

  #emit(event: ApproachEvent): void {
    this.#outbox.push({ kind: 'event', event })
  }
}

// The record may be old, and the buddy gone: ms between attempts.
const pauses = [1_000, 2_000, 5_000, 10_000, 30_000]
const steadyPause = 60_000
const shortestPause = 5_000 // ms, also when another address becomes known
const patience = 10_000 // ms
const aimGap = 2_000 // ms: whoever publishes all the while does not make us send all the while
const freshenAfter = 1_800 // ms; what works at all has worked by then, as a rule
const measuring = 1_500 // ms: to open an end, and again to hear as whom it is seen
const lead = 2_000 // ms: he looks for a record every second, at the most
const shortestLead = 1_000 // ms
const freshTries = 4 // for what he published; an absent buddy's record lies there for an hour
const freshPatience = 5_000 // ms

const carriedPause = 10_000 // ms
const silentFor = 2_000 // ms; told each second
