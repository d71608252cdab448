/**
 * Whether we belong to the DHT: whom to ask to get in, when to try again, and
 * when a member looks after its table. It asks nobody itself.
 */
import type { Address } from '../machine.ts'

type State =
  | { readonly kind: 'alone' } // knows no address at all
  | { readonly kind: 'joining'; readonly attempt: number }
  | { readonly kind: 'waiting'; readonly attempt: number; readonly until: number }
  | { readonly kind: 'joined'; refreshAt: number; refreshes: number; checkAt: number }

export interface MembershipOptions {
  readonly bootstrap: readonly Address[]
  /** Of an earlier run, the most likely ones first. */
  readonly saved: readonly Address[]
}

export class Membership {
  readonly #bootstrap: Set<Address>
  readonly #saved: readonly Address[]
  #learnt: readonly Address[] = []
  #state: State

  constructor({ bootstrap, saved }: MembershipOptions) {
    this.#bootstrap = new Set(bootstrap)
    this.#saved = saved
    this.#state = bootstrap.length + saved.length > 0 ? { kind: 'joining', attempt: 0 } : { kind: 'alone' }
  }

  get isJoined(): boolean {
    return this.#state.kind === 'joined'
  }

  get deadline(): number {
    const state = this.#state
    if (state.kind === 'waiting') return state.until
    return state.kind === 'joined' ? Math.min(state.refreshAt, state.checkAt) : Infinity
  }

  /** Whom to ask beside the table. Some saved ones first: they are most likely to be alive, and no one's servers. */
  get addresses(): readonly Address[] {
    if (this.isJoined) return []
    const saved = this.#saved
    return [...saved.slice(0, 8), ...this.#bootstrap, ...saved.slice(8, maxSaved), ...this.#learnt]
  }

  /** @returns whether to begin anew with joining */
  add(bootstrap: readonly Address[]): boolean {
    const count = this.#bootstrap.size
    for (const address of bootstrap) this.#bootstrap.add(address)
    return this.#bootstrap.size > count && this.#rejoin()
  }

  /** Others told of these: tried if nobody else answers. @returns whether to begin anew with joining */
  learn(addresses: readonly Address[]): boolean {
    if (this.isJoined) return false
    this.#learnt = [...new Set([...addresses, ...this.#learnt])].slice(0, maxLearnt)
    // Whoever waits goes on waiting: there may be no way to that family here.
    return this.#state.kind === 'alone' && this.#learnt.length > 0 && this.#rejoin()
  }

  /** Our network is another one. */
  moved(): void {
    if (this.#state.kind !== 'alone') this.#state = { kind: 'joining', attempt: 0 }
  }

  /** Somebody answered: we belong to it. @param checkGap - ms until a node of the table is asked */
  join(now: number, checkGap: number): void {
    this.#state = { kind: 'joined', refreshAt: now + minRefresh, refreshes: 0, checkAt: now + checkGap }
  }

  /** A member did not answer: others are asked sooner. */
  missed(now: number): void {
    if (this.#state.kind === 'joined') this.#state.checkAt = Math.min(this.#state.checkAt, now + doubtEvery)
  }

  /** Nobody answers any more, or nobody ever did. @returns whether that is new */
  lost(now: number): boolean {
    const attempt = this.#state.kind === 'joining' ? this.#state.attempt : 0
    if (this.#state.kind === 'waiting') return false
    this.#state = { kind: 'waiting', attempt, until: now + Math.min(maxBackoff, minBackoff * 2 ** attempt) }
    return attempt === 0
  }

  /** Whether we are to be looking for those who let us in. */
  mustJoin(now: number): boolean {
    const state = this.#state
    if (state.kind === 'waiting' && now >= state.until)
      this.#state = { kind: 'joining', attempt: state.attempt + 1 }
    return this.#state.kind === 'joining'
  }

  /** Whether a node of the table is to be asked, until `checked`. */
  mustCheck(now: number): boolean {
    return this.#state.kind === 'joined' && now >= this.#state.checkAt
  }

  /** @param gap - ms until the next */
  checked(now: number, gap: number): void {
    if (this.#state.kind === 'joined') this.#state.checkAt = now + gap
  }

  /** Whether the table is to be filled again, once each time; `seldom`: by who has long been a member. */
  mustRefresh(now: number): 'often' | 'seldom' | undefined {
    const state = this.#state
    if (state.kind !== 'joined' || now < state.refreshAt) return undefined
    // Dense at first: who joins a network that begins must meet those who come a moment later.
    const gap = Math.min(maxRefresh, minRefresh * 3 ** ++state.refreshes)
    state.refreshAt = now + gap
    return gap < maxRefresh ? 'often' : 'seldom'
  }

  #rejoin(): boolean {
    if (this.isJoined) return false
    this.#state = { kind: 'joining', attempt: 0 }
    return true
  }
}

/** ms between questions to nodes of the table while there is a doubt. */
export const doubtEvery = 250

const maxSaved = 200
const maxLearnt = 16
const minBackoff = 1_000 // ms, doubled
const maxBackoff = 60_000 // ms
const minRefresh = 5_000 // ms, tripled
const maxRefresh = 15 * 60_000 // ms (BEP 5)
