/**
 * Reads one place again and again: a lookup finds the eight nodes that would
 * store the buddy's record, then these are asked directly (measured: 0.5 s
 * until two cold buddies meet, against 5.3 s by lookups alone). Spec: "Timing".
 */
import type { Address } from '../machine.ts'
import type { Question } from './krpc.ts'
import type { Storer } from './lookup.ts'
import type { Place } from './place.ts'

/** What a watch or a post wants of the DHT. */
export type Order =
  | {
      readonly kind: 'look'
      readonly target: Uint8Array
      readonly question: Question
      readonly isUrgent: boolean // somebody waits for it
    }
  /** `isIdle`: to be left out if that node, or we, have too much to do. */
  | { readonly kind: 'ask'; readonly to: Address; readonly question: Question; readonly isIdle: boolean }

/**
 * `eager`: somebody waits for the buddy. `side`: the hour before or after,
 * which only matters if a clock is wrong. `steady`: to be found by him.
 */
export type Pace = 'eager' | 'side' | 'steady'

export interface WatchOptions {
  readonly place: Place
  readonly pace: Pace
  readonly random: () => number // 0..1
  readonly since: number // when the search for the buddy began
  readonly now: number
}

export class Watch {
  readonly place: Place
  readonly pace: Pace
  readonly #random: () => number
  readonly #since: number
  #storers: { readonly address: Address; misses: number }[] = []
  #isLooking = false
  #lookAt: number
  #pollAt = Infinity
  #round = 0
  #failures = 0 // lookups in a row that nobody answered

  constructor({ place, pace, random, since, now }: WatchOptions) {
    this.place = place
    this.pace = pace
    this.#random = random
    this.#since = since
    this.#lookAt = pace === 'side' ? now + sideDelay : now
  }

  get deadline(): number {
    return this.#isLooking ? this.#pollAt : Math.min(this.#lookAt, this.#pollAt)
  }

  /** @param seq - of the newest record known: an older one need not be sent */
  *drain(now: number, { seq }: { readonly seq: number | undefined }): Generator<Order> {
    const question: Question = { kind: 'get', target: this.place.target, seq }
    if (!this.#isLooking && now >= this.#lookAt) {
      this.#isLooking = true
      this.#lookAt = now + lookEvery[this.pace]
      yield { kind: 'look', target: this.place.target, question, isUrgent: this.pace === 'eager' }
    }
    if (now < this.#pollAt) return
    this.#pollAt = now + this.#gap(now)
    const asked = this.pace === 'eager' ? this.#storers : this.#storers.slice(0, few)
    for (const { address } of asked) yield { kind: 'ask', to: address, question, isIdle: true }
  }

  looked(closest: readonly Storer[], now: number): void {
    this.#isLooking = false
    if (closest.length === 0) {
      const retryIn = Math.min(maxRetry, minRetry * 2 ** this.#failures++)
      this.#lookAt = Math.min(this.#lookAt, now + retryIn)
      return
    }
    this.#failures = 0
    // Only nodes that know `get` give a token.
    const able = closest.filter(({ token }) => token !== undefined)
    this.#storers = able.map(({ address }) => ({ address, misses: 0 }))
    this.#pollAt = Math.min(this.#pollAt, now + this.#gap(now))
  }

  answered(from: Address): void {
    const storer = this.#find(from)
    if (storer) storer.misses = 0
  }

  failed(from: Address, now: number): void {
    const storer = this.#find(from)
    if (!storer || ++storer.misses !== maxMisses) return
    const dead = this.#storers.filter(({ misses }) => misses >= maxMisses).length
    if (dead >= maxDead || dead === this.#storers.length) this.#lookAt = Math.min(this.#lookAt, now)
  }

  #find(address: Address): { misses: number } | undefined {
    return this.#storers.find((storer) => storer.address === address)
  }

  #gap(now: number): number {
    const age = now - this.#since
    if (this.pace === 'steady' || age >= patience) return slow * (0.75 + this.#random() / 2)
    if (this.pace === 'side' || age >= hurry) return calm
    return gaps[this.#round++] ?? gaps.at(-1)!
  }
}

const gaps = [250, 500, 1_000] as const // ms, the last one repeated
const hurry = 10_000 // ms in which they are used
const calm = 5_000 // ms, the gap after that
const patience = 60_000 // ms in which that is used
const slow = 60_000 // ms, plus or minus a quarter: nobody shall tell pairs by their beat
const sideDelay = 1_000 // ms; a cold start has more urgent questions
const lookEvery = { eager: 5 * 60_000, side: 15 * 60_000, steady: 15 * 60_000 } // ms
const minRetry = 5_000 // ms, doubled
const maxRetry = 5 * 60_000 // ms
const few = 3 // of eight: enough to be found by, and a third of the traffic
const maxMisses = 2
const maxDead = 3 // of eight
