/**
 * Where one buddy may be, as far as is known: what his record says, where he
 * is heard on our link, and what was given, heard of or found otherwise. And
 * which moment and which hour's keys the two of us keep to.
 */
import type { Address, WallClock } from '../machine.ts'
import { type Candidate, mayProbe } from '../nat/candidates.ts'
import { type Goal, type Way, wayTo } from '../nat/way.ts'
import { epochOf } from '../profile/pair.ts'
import { Neighbours } from './neighbours.ts'

/** What of a record matters here. */
export interface Found {
  readonly sessionId: Uint8Array
  readonly candidates: readonly Candidate[]
  readonly startAt: number // unix ms, 0 for at once
  /** Whose keys both use, whatever the clocks say: a line that people carried names it. */
  readonly epoch?: number
}

/** His program is on our link, and says so. */
export interface Near {
  readonly address: Address
  /** By his clock. */
  readonly epoch: number
  readonly sessionId: Uint8Array
}

export interface WhereaboutsOptions {
  readonly wall: WallClock
  /** Where he may be besides what his record says. */
  readonly hints: readonly Goal[]
  readonly loopback: boolean
}

export class Whereabouts {
  readonly #options: WhereaboutsOptions
  readonly #neighbours = new Neighbours()
  #candidates: readonly Candidate[] = []
  #goals: readonly Goal[] // known otherwise
  #record = '' // what it said
  #agreedAt = -Infinity
  #carried: { readonly epoch: number; readonly until: number } | undefined // by people, for a while

  constructor(options: WhereaboutsOptions) {
    this.#options = options
    this.#goals = options.hints
  }

  /** Every address he may be at. */
  get goals(): readonly Goal[] {
    return [
      ...this.heard,
      ...this.#candidates.map((known) => ({ address: known.address, way: wayTo(known) })),
    ]
  }

  /** Where he may be besides what his record says. */
  get heard(): readonly Goal[] {
    return [...this.#neighbours.addresses.map((address): Goal => ({ address, way: 'lan' })), ...this.#goals]
  }

  /** Of his record. */
  get candidates(): readonly Candidate[] {
    return this.#candidates
  }

  /** When he begins, ms; long ago if he has not said. */
  get agreedAt(): number {
    return this.#agreedAt
  }

  /** What a new record says. @returns whether that is another place or time */
  found({ candidates, startAt, epoch }: Found, now: number): boolean {
    const before = this.#record
    this.#record = JSON.stringify([candidates, startAt])
    this.#carried = epoch === undefined ? undefined : { epoch, until: now + carriedFor }
    this.#candidates = candidates.filter(({ address }) => mayProbe(address, this.#options))
    const wait = startAt - this.#options.wall(now)
    this.#agreedAt = startAt > 0 && wait < longestWait ? now + wait : -Infinity
    return this.#record !== before
  }

  /** He was heard on our link; `undefined` where nobody can be asked. */
  near({ address, epoch }: Near, now: number): { readonly isNew: boolean } | undefined {
    if (!mayProbe(address, this.#options)) return undefined
    this.#neighbours.expire(now)
    const { wall } = this.#options
    return { isNew: this.#neighbours.hear(address, { epoch, wall: wall(now) }, now) }
  }

  /** He is, or may be, at these too. @returns those that were not known */
  hear(goals: readonly Goal[]): readonly Goal[] {
    const news = goals.filter(
      ({ address }) =>
        mayProbe(address, this.#options) && !this.#goals.some((known) => known.address === address),
    )
    const heard = [...this.#goals, ...news]
    const kept = (way: Way): Goal[] =>
      heard.filter((goal) => goal.way === way).slice(way === 'mesh' ? -maxMesh : -maxHeard)
    if (news.length > 0) this.#goals = [...kept('hint'), ...kept('mesh'), ...kept('rumour')]
    return news
  }

  /** Our own network is another one: whoever was heard on our link is elsewhere. */
  moved(): void {
    this.#neighbours.clear()
  }

  expire(now: number): void {
    this.#neighbours.expire(now)
  }

  /** Whose keys a handshake of ours uses, unless something speaks for others. */
  epoch(now: number): number {
    const carried = this.isCarried(now) ? this.#carried : undefined
    return carried?.epoch ?? epochOf(this.#options.wall(now))
  }

  /** Of the clock of who is heard there on our link. */
  epochAt(address: Address): number | undefined {
    return this.#neighbours.epochAt(address)
  }

  /** What he said last was carried by people, a short while ago. */
  isCarried(now: number): boolean {
    return this.#carried !== undefined && now < this.#carried.until
  }
}

const maxHeard = 32 // of one kind
const maxMesh = 256
const longestWait = 15_000 // ms: whoever names a later time is not waited for
const carriedFor = 600_000 // ms: people are slow, and the other line may still be on its way
