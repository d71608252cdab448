/**
 * Keeps our record at one place: a lookup gives the eight nearest nodes and
 * their tokens, then each is asked to store it; again whenever it changes, and
 * every half hour, as nodes forget and leave. Spec: "Timing".
 */
import type { Item } from './krpc.ts'
import { failures } from './krpc.ts'
import type { Storer } from './lookup.ts'
import type { Place } from './place.ts'
import type { Order } from './watch.ts'

export interface PostOptions {
  readonly place: Place
  readonly isUrgent: boolean // somebody waits for the buddy
  readonly lookEvery: number // ms; whether the profile runs elsewhere shows in these lookups
  readonly now: number
}

export class Post {
  readonly place: Place
  readonly #isUrgent: boolean
  readonly #lookEvery: number
  #storers: readonly Storer[] = []
  #isLooking = false
  #lookAt: number
  #tokensUntil = -Infinity
  #putAt: number // when the record is to be stored next
  #lastPut = -Infinity
  #stored = 0 // nodes that keep the current one
  #underWay = 0
  #failures = 0 // rounds in a row that nobody stored anything in

  constructor({ place, isUrgent, lookEvery, now }: PostOptions) {
    this.place = place
    this.#isUrgent = isUrgent
    this.#lookEvery = lookEvery
    this.#lookAt = now
    this.#putAt = now
  }

  get deadline(): number {
    if (this.#isLooking) return Infinity
    return Math.min(this.#lookAt, this.#putAt)
  }

  /** The record changed. */
  touch(now: number): void {
    if (this.#lastPut === -Infinity) return // the first one takes what there is by then
    this.#putAt = Math.min(this.#putAt, Math.max(now + debounce, this.#lastPut + minGap))
  }

  /** @param seal - makes the item, or nothing if there is nothing to say yet */
  *drain(now: number, seal: () => Item | undefined): Generator<Order> {
    if (this.#isLooking) return
    const needsTokens = now >= this.#putAt && now >= this.#tokensUntil
    if (now >= this.#lookAt || needsTokens) {
      this.#isLooking = true
      this.#lookAt = now + this.#lookEvery
      const { target } = this.place
      yield { kind: 'look', target, question: { kind: 'get', target }, isUrgent: this.#isUrgent }
      return
    }
    if (now < this.#putAt) return
    const item = seal()
    if (!item) {
      this.#putAt = Infinity
      return
    }
    this.#lastPut = now
    this.#putAt = now + putEvery
    this.#stored = 0
    this.#underWay = 0
    for (const { address, token } of this.#storers) {
      if (token === undefined) continue
      this.#underWay++
      yield { kind: 'ask', to: address, question: { kind: 'put', token, item }, isIdle: false }
    }
  }

  looked(closest: readonly Storer[], now: number): void {
    this.#isLooking = false
    const able = closest.filter(({ token }) => token !== undefined)
    if (able.length === 0) {
      this.#lookAt = Math.min(this.#lookAt, now + this.#backoff())
      this.#putAt = Math.max(this.#putAt, this.#lookAt)
      return
    }
    // Nodes nearer than those that have it came: they must get it, as readers ask them.
    const isMoved = able.some(({ address }) => !this.#storers.some((old) => old.address === address))
    if (isMoved && this.#lastPut !== -Infinity)
      this.#putAt = Math.min(this.#putAt, Math.max(now, this.#lastPut + minGap))
    this.#storers = able
    this.#tokensUntil = now + tokenLifetime
  }

  answered(): void {
    this.#stored++
    this.#failures = 0
    this.#underWay--
  }

  /** Returns whether the node has a newer record than ours, by its own account. */
  failed({ code, now }: { readonly code: number | undefined; readonly now: number }): boolean {
    this.#underWay--
    if (this.#underWay <= 0 && this.#stored === 0) {
      this.#tokensUntil = -Infinity // perhaps they are not accepted any more
      this.#putAt = Math.min(this.#putAt, now + this.#backoff())
    }
    return code === failures.seq || code === failures.cas
  }

  #backoff(): number {
    return Math.min(maxRetry, minRetry * 2 ** this.#failures++)
  }
}

const debounce = 500 // ms
const minGap = 10_000 // ms
const putEvery = 30 * 60_000 // ms; nodes keep items for two hours
const tokenLifetime = 4 * 60_000 // ms; nodes accept them for five at the least
const minRetry = 5_000 // ms, doubled
const maxRetry = 5 * 60_000 // ms
