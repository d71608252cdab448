/**
 * What was tried to reach one buddy since looking for him began, way by way:
 * a log that decides nothing.
 */
import type { Address } from '../machine.ts'
import { type Candidate, isV6 } from '../nat/candidates.ts'
import type { End } from '../nat/punch.ts'
import type { Goal, Way } from '../nat/way.ts'
import { natOf, type RecordReport, type Rung, type RungWhy } from './report.ts'

interface Try {
  readonly since: number
  endedAt: number | undefined
}

/** What is true while it is asked. */
export interface LadderFacts {
  /** Every address that he may be at, as far as is known. */
  readonly goals: readonly Goal[]
  /** Our main ends that are open. */
  readonly ends: readonly End[]
  /** He is listened for on our link. */
  readonly isOnLink: boolean
  /** Where somebody answered with the link's keys, in the conversation or before it. */
  readonly reached: Goal | undefined
}

/** In the order in which they are preferred. */
const ways = [
  ...(['lan', 'hint', 'mesh', 'host', 'ipv6', 'mapped'] as const),
  ...(['punched', 'predicted', 'guessed', 'rumour'] as const),
]

export class Ladder {
  #attempts = 0
  #isReached = false
  #wasNear = false
  #record: { readonly at: number; readonly candidates: readonly Candidate[] } | undefined
  readonly #tries = new Map<Way, Try>()
  readonly #under = new Set<unknown>() // secrets by which an attempt is under way

  get attempts(): number {
    return this.#attempts
  }

  /** His program was heard on our link. */
  get isOnLan(): boolean {
    return this.#wasNear
  }

  /** Looking begins anew; what he published stays true. */
  begin(): void {
    this.#wasNear = false
    this.forget()
  }

  /** Our network is another one: what was tried means nothing. */
  forget(): void {
    this.#attempts = 0
    this.#isReached = false
    this.#tries.clear()
    this.#under.clear()
  }

  found(candidates: readonly Candidate[], now: number): void {
    this.#record = { at: now, candidates }
  }

  near(): void {
    this.#wasNear = true
  }

  /** An attempt by this secret begins, or aims anew. */
  trying(secret: unknown, { goals, isGuessing }: Aim, ends: readonly End[], now: number): void {
    if (!this.#under.has(secret)) this.#attempts++
    this.#under.add(secret)
    this.#isReached = false
    for (const { way } of goals.filter(isSentFrom(ends))) this.#try(way, now)
    if (isGuessing) this.#try('guessed', now)
  }

  failed(secret: unknown, now: number): void {
    this.#under.delete(secret)
    if (this.#under.size === 0) this.#end(now)
  }

  /** Somebody answered: nothing more is tried meanwhile. */
  reached(now: number): void {
    this.#isReached = true
    this.#under.clear()
    this.#end(now)
  }

  record(now: number): RecordReport | undefined {
    const record = this.#record
    if (!record) return undefined
    const addresses = record.candidates.map(({ kind, address }) => ({ kind, address }))
    return { ms: Math.round(now - record.at), nat: natOf(record.candidates), addresses }
  }

  rungs(given: LadderFacts, now: number): readonly Rung[] {
    const { reached, goals } = given
    // He may have knocked before it was known where he is.
    const known = goals.find(({ address }) => address === reached?.address)
    const facts = reached?.way === 'learnt' && known ? { ...given, reached: known } : given
    const last = facts.reached?.way === 'learnt' ? (['learnt'] as const) : []
    return [...ways, ...last].map((way) => this.#rung(way, facts, now))
  }

  #rung(way: Way, facts: LadderFacts, now: number): Rung {
    const { goals, ends, reached } = facts
    const known = goals.filter((goal) => goal.way === way)
    const tried = this.#tries.get(way)
    const addresses = [...new Set(known.map(({ address }): Address => address))]
    const ms = tried ? Math.round((tried.endedAt ?? now) - tried.since) : 0
    if (reached?.way === way) return { way, state: 'worked', addresses: [reached.address], ms }
    if (tried && tried.endedAt === undefined) return { way, state: 'trying', addresses, ms }
    if (tried) return { way, state: 'failed', addresses, ms, why: this.#whyFailed(reached) }
    if (known.some(isSentFrom(ends)))
      return { way, state: 'waiting', addresses, ms, ...(reached && { why: 'another-first' }) }
    return { way, state: 'absent', addresses, ms, why: this.#whyAbsent(way, known, facts) }
  }

  #whyFailed(reached: Goal | undefined): RungWhy {
    if (reached) return 'another-first'
    return this.#isReached ? 'not-secured' : 'no-answer'
  }

  #whyAbsent(way: Way, known: readonly Goal[], { ends, isOnLink }: LadderFacts): RungWhy {
    const has = (kind: 'udp4' | 'udp6'): boolean => ends.some(({ local }) => local.kind === kind)
    if (known.length > 0) return has('udp4') ? 'no-ipv6-here' : 'no-ipv4-here'
    switch (way) {
      case 'lan':
        return isOnLink ? 'not-heard' : 'switched-off'
      case 'hint':
        return 'none-given'
      case 'mesh':
        return 'no-mesh'
      case 'rumour':
        return 'no-hearsay'
      case 'guessed':
        return this.#whyNotGuessed(ends)
      case 'ipv6':
        return has('udp6') ? this.#whyUntold : 'no-ipv6-here'
      case 'host':
      case 'mapped':
      case 'punched':
      case 'predicted':
      case 'learnt':
        return this.#whyUntold
      default:
        return way satisfies never
    }
  }

  get #whyUntold(): RungWhy {
    return this.#record ? 'not-told' : 'nothing-found'
  }

  /** Ports are guessed where just one of the two routers gives each destination another. */
  #whyNotGuessed(ends: readonly End[]): RungWhy {
    if (!this.#record) return 'nothing-found'
    const own = ends.find(({ local }) => local.kind === 'udp4')?.mapping.kind
    const isOwnHard = own === 'changing' || own === 'counting'
    const theirs = natOf(this.#record.candidates)
    if (theirs === 'unknown') return 'not-told'
    const isTheirsHard = theirs === 'changing' || theirs === 'counting'
    if (isOwnHard && isTheirsHard) return 'both-change'
    return !isOwnHard && isTheirsHard && this.#attempts > 0 ? 'too-often' : 'not-needed'
  }

  #try(way: Way, now: number): void {
    const tried = this.#tries.get(way)
    if (tried) tried.endedAt = undefined
    else this.#tries.set(way, { since: now, endedAt: undefined })
  }

  #end(now: number): void {
    for (const tried of this.#tries.values()) tried.endedAt ??= now
  }
}

interface Aim {
  readonly goals: readonly Goal[]
  /** Many ports are tried, too. */
  readonly isGuessing: boolean
}

const isSentFrom =
  (ends: readonly End[]) =>
  ({ address }: Goal): boolean =>
    ends.some(({ local }) => (local.kind === 'udp6') === isV6(address))
