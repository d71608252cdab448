/**
 * Keeps our record at one place: a lookup gives the eight nearest nodes and
 * their tokens, then each is asked to store it; again whenever it changes, and
 * every half hour, as nodes forget and leave. Two of those who said that they
 * stored it are asked for it a second later: if none has it, the nearest are
 * not to be trusted, and a wider circle stores it, too. Spec: "Timing".
 */
import { equal } from '../crypto.ts'
import type { Address } from '../machine.ts'
import { isGenuine } from './item.ts'
import type { Item } from './krpc.ts'
import { failures } from './krpc.ts'
import { k, type Storer } from './lookup.ts'
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
  #wider: Storer[] = [] // to whom what was put already is put, too
  #isLooking = false
  #lookAt: number
  #tokensUntil = -Infinity
  #putAt: number // when the record is to be stored next
  #lastPut = -Infinity
  #stored = 0 // nodes that keep the current one
  #underWay = 0
  #failures = 0 // rounds in a row that nobody stored anything in
  #item: Item | undefined // what was put last
  #isHurried = false // the next put is one of a hurry
  readonly #keepers: Address[] = [] // who said that they store the current one
  #isChecked = true // what is put next
  #check: Check = { kind: 'none' }
  #circle: 'near' | 'wide' = 'near'

  constructor({ place, isUrgent, lookEvery, now }: PostOptions) {
    this.place = place
    this.#isUrgent = isUrgent
    this.#lookEvery = lookEvery
    this.#lookAt = now
    this.#putAt = now
  }

  get deadline(): number {
    if (this.#wider.length > 0) return -Infinity
    const checkAt = this.#check.kind === 'planned' ? this.#check.at : Infinity
    return this.#isLooking ? checkAt : Math.min(this.#lookAt, this.#putAt, checkAt)
  }

  /** Whether what is put next goes out sooner than the common pace has it. */
  get isHurried(): boolean {
    return this.#isHurried
  }

  /** The record changed. */
  touch(now: number, { isHurried }: { readonly isHurried: boolean } = { isHurried: false }): void {
    if (this.#lastPut === -Infinity) return // the first one takes what there is by then
    const { debounce, minGap } = isHurried ? hurried : common
    const at = Math.max(now + debounce, this.#lastPut + minGap)
    if (at >= this.#putAt) return
    this.#putAt = at
    this.#isHurried = isHurried
  }

  /** Something newer than ours stands there: ours is made newer again, and not checked, or two would chase each other. */
  supersede(now: number): void {
    this.touch(now)
    this.#check = { kind: 'none' }
    this.#isChecked = false
  }

  /** @param seal - makes the item, or nothing if there is nothing to say yet */
  *drain(now: number, seal: () => Item | undefined): Generator<Order> {
    yield* this.#checks(now)
    if (this.#isLooking) return
    const needsTokens = now >= this.#putAt && now >= this.#tokensUntil
    if (now >= this.#lookAt || needsTokens) {
      this.#isLooking = true
      this.#lookAt = now + this.#lookEvery
      const { target } = this.place
      const isDeep = this.#circle === 'wide'
      yield { kind: 'look', target, question: { kind: 'get', target }, isUrgent: this.#isUrgent, isDeep }
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
    this.#isHurried = false
    this.#item = item
    this.#stored = 0
    this.#underWay = 0
    this.#keepers.length = 0
    this.#check = this.#isChecked ? { kind: 'planned', at: now + checkAfter } : { kind: 'none' }
    this.#isChecked = true
    yield* this.#put(this.#storers, item)
  }

  *#put(storers: readonly Storer[], item: Item): Generator<Order> {
    for (const { address, token } of storers) {
      if (token === undefined) continue
      this.#underWay++
      yield { kind: 'ask', to: address, question: { kind: 'put', token, item }, isIdle: false }
    }
  }

  /** What was put is asked for; and is put where a deep lookup has led. */
  *#checks(now: number): Generator<Order> {
    if (this.#wider.length > 0 && this.#item) yield* this.#put(this.#wider.splice(0), this.#item)
    if (this.#check.kind !== 'planned' || now < this.#check.at) return
    const asked = new Set(this.#keepers.splice(0, checked))
    this.#check = asked.size > 0 ? { kind: 'asked', asked } : { kind: 'none' }
    const { target } = this.place
    for (const to of asked) yield { kind: 'ask', to, question: { kind: 'get', target }, isIdle: false }
  }

  /** A node was asked what stands here. Any item of the pair's that is not older than ours will do. */
  read(from: Address, item: Item | undefined, now: number): void {
    if (this.#check.kind !== 'asked' || !this.#check.asked.delete(from)) return
    if (this.#isKept(item)) this.#check = { kind: 'none' }
    else if (this.#check.asked.size === 0) this.#widen(now)
  }

  #isKept(item: Item | undefined): boolean {
    if (item?.kind !== 'mutable' || this.#item?.kind !== 'mutable' || item.seq < this.#item.seq) return false
    return equal(item.key, this.#item.key) && isGenuine(item)
  }

  /** Nobody has what he said he would keep. */
  #widen(now: number): void {
    this.#check = { kind: 'none' }
    if (this.#circle === 'wide') return
    this.#circle = 'wide'
    this.#lookAt = now
  }

  looked(closest: readonly Storer[], now: number): void {
    this.#isLooking = false
    const able = circle(closest.filter(({ token }) => token !== undefined))
    if (able.length === 0) {
      this.#lookAt = Math.min(this.#lookAt, now + this.#backoff())
      this.#putAt = Math.max(this.#putAt, this.#lookAt)
      return
    }
    // Nodes nearer than those that have it came: they must get it, as readers ask them.
    const others = able.filter(({ address }) => !this.#storers.some((old) => old.address === address))
    if (this.#circle === 'wide') this.#wider = others
    else if (others.length > 0 && this.#lastPut !== -Infinity)
      this.#putAt = Math.min(this.#putAt, Math.max(now, this.#lastPut + common.minGap))
    this.#storers = able
    this.#tokensUntil = now + tokenLifetime
  }

  stored(from: Address): void {
    this.#keepers.push(from)
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

/** The nearest; and of a wider circle those farthest away, as it is the nearest who cannot be trusted. */
const circle = (able: readonly Storer[]): readonly Storer[] => [
  ...able.slice(0, k),
  ...able.slice(k).slice(-maxWider),
]

type Check =
  | { readonly kind: 'none' }
  | { readonly kind: 'planned'; readonly at: number }
  | { readonly kind: 'asked'; readonly asked: Set<Address> } // who has not answered yet

const common = { debounce: 500, minGap: 10_000 } as const // ms
const hurried = { debounce: 300, minGap: 2_000 } as const // ms, in a hurry
const checkAfter = 1_000 // ms
const checked = 2 // of those who said that they stored it
const maxWider = 16
const putEvery = 30 * 60_000 // ms; nodes keep items for two hours
const tokenLifetime = 4 * 60_000 // ms; nodes accept them for five at the least
const minRetry = 5_000 // ms, doubled
const maxRetry = 5 * 60_000 // ms
