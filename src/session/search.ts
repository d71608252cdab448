/**
 * Looking for a buddy: which phase it is in, and once each why nothing comes of
 * it, as the user is told; what was tried, as `why` reports it. It decides
 * nothing. What it tells, it puts into its owner's queue, so that all of a
 * buddy's events stay in order.
 */
import type { Candidate } from '../nat/candidates.ts'
import type { End } from '../nat/punch.ts'
import type { Goal } from '../nat/way.ts'
import type { Pair } from '../profile/pair.ts'
import type { Queue } from '../queue.ts'
import type { Clocks, Phase, Refused, TalkEvent, Unreached } from './command.ts'
import { Ladder } from './ladder.ts'
import { type Live, pathOf } from './live.ts'
import type { BuddyReport } from './report.ts'

export interface SearchOptions {
  /** Who is looked for. */
  readonly whom: { readonly alias: string; readonly isMet: boolean }
  readonly events: Queue<TalkEvent>
  /** Our main ends that are open at this moment. */
  readonly ends: () => readonly End[]
  readonly now: number
}

/** What is true while it is asked. */
export interface SearchFacts {
  /** Every address that he may be at, as far as is known. */
  readonly goals: readonly Goal[]
  /** He is listened for on our link. */
  readonly isOnLink: boolean
  /** Where somebody answered with the link's keys, in the conversation or before it. */
  readonly live: Pick<Live, 'session' | 'way'> | undefined
}

export class Search {
  readonly #options: SearchOptions
  readonly #ladder = new Ladder()
  #since: number // when looking began
  #securedAt: number | undefined // there is a conversation since then
  #phase: Phase | undefined // none: there is a conversation, or was a moment ago
  #unreached: Unreached | undefined // told since looking began
  #refused: { readonly why: Refused; readonly at: number } | undefined // told last

  constructor(options: SearchOptions) {
    this.#options = options
    this.#since = options.now
  }

  /** Since looking began. */
  ms(now: number): number {
    return tenths(now - this.#since)
  }

  found(candidates: readonly Candidate[], now: number): void {
    this.#ladder.found(candidates, now)
  }

  /** His program was heard on our link. */
  near(): void {
    this.#ladder.near()
  }

  /** Our network is another one: what was tried means nothing. */
  moved(): void {
    if (this.#securedAt === undefined) this.#ladder.forget()
  }

  looking(now: number): void {
    this.#enter('looking', now)
  }

  /** An attempt by this secret begins, or aims anew. */
  trying(pair: Pair, aim: { goals: readonly Goal[]; isGuessing: boolean }, now: number): void {
    this.#ladder.trying(pair, aim, this.#options.ends(), now)
    this.#enter('punching', now)
  }

  failed(pair: Pair, why: Unreached, now: number): void {
    this.#ladder.failed(pair, now)
    this.#enter('looking', now)
    if (this.#securedAt !== undefined || this.#unreached === why) return
    this.#unreached = why
    this.#emit({ kind: 'unreached', why, ms: this.ms(now) })
  }

  /** Somebody answered: nothing more is tried meanwhile. */
  reached(now: number): void {
    this.#ladder.reached(now)
    this.#enter('securing', now)
  }

  /** Whoever is refused may come again six times a minute: it is told once. */
  refused(why: Refused, clocks: Clocks | undefined, now: number): void {
    if (this.#refused?.why === why && now - this.#refused.at < tellAgain) return
    this.#refused = { why, at: now }
    this.#emit({ kind: 'refused', why, ...(clocks && { clocks }) })
  }

  /** There is a conversation. */
  secured(now: number): void {
    this.#ladder.reached(now)
    this.#securedAt = now
    this.#phase = undefined
    this.#unreached = undefined
  }

  /** There is none any more. */
  begin(now: number): void {
    this.#ladder.begin()
    this.#since = now
    this.#securedAt = undefined
    this.#phase = undefined
  }

  /** How he is being reached, or why not. */
  report({ goals, isOnLink, live }: SearchFacts, now: number): BuddyReport {
    const { whom, ends } = this.#options
    const current = this.#securedAt !== undefined && whom.isMet ? live : undefined
    const reached = live && { address: live.session.path.peer, way: live.way }
    const record = this.#ladder.record(now)
    const refused = this.#refused && this.#refused.at >= this.#since ? this.#refused.why : undefined
    return {
      state: current ? 'secured' : (this.#phase ?? 'securing'),
      isInvited: !whom.isMet,
      ms: Math.round((this.#securedAt ?? now) - this.#since),
      ...(current && { path: { kind: pathOf(current), address: current.session.path.peer } }),
      ...(record && { record }),
      isOnLan: this.#ladder.isOnLan,
      attempts: this.#ladder.attempts,
      ladder: this.#ladder.rungs({ goals, ends: ends(), isOnLink, reached }, now),
      ...(this.#unreached && { verdict: this.#unreached }),
      ...(!current && refused && { refused }),
    }
  }

  #enter(phase: Phase, now: number): void {
    if (this.#securedAt !== undefined || this.#phase === phase) return
    this.#phase = phase
    this.#emit({ kind: 'phase', phase, ms: this.ms(now) })
  }

  #emit(told: Told<'phase'> | Told<'unreached'> | Told<'refused'>): void {
    this.#options.events.push({ ...told, buddy: this.#options.whom.alias })
  }
}

/** What is told, without the buddy. */
type Told<Kind extends TalkEvent['kind']> = Omit<TalkEvent & { kind: Kind }, 'buddy'>

/** ms, as exact as anybody wants to read them. */
export const tenths = (ms: number): number => Math.round(ms * 10) / 10

const tellAgain = 600_000 // ms
