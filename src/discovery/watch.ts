/**
 * Reads one place again and again: a lookup finds the eight nodes that would
 * store the buddy's record, then these are asked directly (measured: 0.5 s
 * until two cold buddies meet, against 5.3 s by lookups alone). What does not
 * show in six seconds is looked for in a wider circle: the nearest may be
 * somebody's who wants us not to meet. Spec: "Timing".
 */
import type { Address } from '../machine.ts'
import type { LookOptions } from './dht.ts'
import type { Question } from './krpc.ts'
import { k, type Storer } from './lookup.ts'
import type { Place, Spot } from './place.ts'

/** What a watch or a post wants of the DHT. */
export type Order =
  | ({ readonly kind: 'look'; readonly target: Uint8Array } & LookOptions)
  /** `isIdle`: to be left out if that node, or we, have too much to do. */
  | { readonly kind: 'ask'; readonly to: Address; readonly question: Question; readonly isIdle: boolean }

/**
 * `eager`: somebody waits for the buddy. `side`: the hour before or after,
 * which only matters if a clock is wrong. `steady`: to be found by him.
 */
export type Pace = 'eager' | 'side' | 'steady'

export interface WatchOptions<S extends Spot> {
  readonly place: S
  readonly method: 'get' | 'get_peers'
  readonly pace: Pace
  readonly random: () => number // 0..1
  readonly since: number // when the search for the buddy began
  readonly now: number
}

export class Watch<S extends Spot = Place> {
  readonly place: S
  readonly pace: Pace
  readonly #method: 'get' | 'get_peers'
  readonly #random: () => number
  #since: number
  #hurriedAt = -Infinity
  #deepAt: number
  #storers: Polled[] = []
  #others: readonly Address[] = [] // who answered in a deep lookup, and is not so near
  #isLooking = false
  #lookAt: number
  #pollAt = Infinity
  #round = 0
  #failures = 0 // lookups in a row that nobody answered

  constructor({ place, method, pace, random, since, now }: WatchOptions<S>) {
    this.place = place
    this.pace = pace
    this.#method = method
    this.#deepAt = pace === 'eager' && method === 'get' ? since + deepAfter : Infinity
    this.#random = random
    this.#since = since
    this.#lookAt = pace === 'side' ? now + sideDelay : now
  }

  get deadline(): number {
    return this.#isLooking ? this.#pollAt : Math.min(this.#lookAt, this.#deepAt, this.#pollAt)
  }

  /** Somebody waits anew: as often as at the start. */
  hurry(now: number): void {
    this.#since = now
    this.#hurriedAt = now
    this.#round = 0
    if (this.#storers.length > 0) this.#pollAt = Math.min(this.#pollAt, now + this.#gap(now))
    else if (!this.#isLooking) this.#lookAt = Math.min(this.#lookAt, now)
  }

  /** What is sought here was found: the near nodes can be trusted with it. */
  found(): void {
    this.#deepAt = Infinity
    this.#others = []
  }

  /** @param seq - of the newest record known there: an older one need not be sent */
  *drain(now: number, { seq }: { readonly seq: number | undefined }): Generator<Order> {
    const { target } = this.place
    const question: Question =
      this.#method === 'get' ? { kind: 'get', target, seq } : { kind: 'get_peers', target }
    if (!this.#isLooking && now >= Math.min(this.#lookAt, this.#deepAt)) {
      const isDeep = now >= this.#deepAt
      this.#isLooking = true
      this.#lookAt = now + lookEvery[this.pace]
      if (isDeep) this.#deepAt = this.#lookAt
      yield { kind: 'look', target, question, isUrgent: this.#isEager(now), isDeep }
    }
    if (now < this.#pollAt) return
    this.#pollAt = now + this.#gap(now)
    for (const to of this.#polled(now)) yield { kind: 'ask', to, question, isIdle: true }
  }

  /** The nearest, and as many of the wider circle if there is one. */
  #polled(now: number): Address[] {
    const near = this.#storers.slice(0, this.#isEager(now) ? k : few).map(({ address }) => address)
    const others = [...this.#others]
    const far: Address[] = []
    while (far.length < near.length && others.length > 0)
      far.push(...others.splice(Math.floor(this.#random() * others.length), 1))
    return [...near, ...far]
  }

  #isEager(now: number): boolean {
    return this.pace === 'eager' || now - this.#hurriedAt < patience
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
    const able = closest.filter(({ token }) => token !== undefined).map(({ address }) => address)
    this.#storers = able.slice(0, k).map((address) => ({ address, misses: 0 }))
    if (this.#deepAt < Infinity) this.#others = able.slice(k)
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

  #find(address: Address): Polled | undefined {
    return this.#storers.find((storer) => storer.address === address)
  }

  #gap(now: number): number {
    const age = now - this.#since
    const isHurried = now - this.#hurriedAt < patience
    if ((this.pace === 'steady' && !isHurried) || age >= patience) return slow * (0.75 + this.#random() / 2)
    if ((this.pace === 'side' && !isHurried) || age >= dense) return calm
    return gaps[this.#round++] ?? gaps.at(-1)!
  }
}

interface Polled {
  readonly address: Address
  misses: number // in a row
}

const gaps = [250, 500, 1_000] as const // ms, the last one repeated
const dense = 10_000 // ms in which they are used
const calm = 5_000 // ms, the gap after that
const patience = 60_000 // ms in which that is used
const slow = 60_000 // ms, plus or minus a quarter: nobody shall tell pairs by their beat
const deepAfter = 6_000 // ms; buddies who are there find each other in one or two
const sideDelay = 1_000 // ms; a cold start has more urgent questions
const lookEvery = { eager: 5 * 60_000, side: 15 * 60_000, steady: 15 * 60_000 } // ms
const minRetry = 5_000 // ms, doubled
const maxRetry = 5 * 60_000 // ms
const few = 3 // of eight: enough to be found by, and a third of the traffic
const maxMisses = 2
const maxDead = 3 // of eight
