/**
 * What a node keeps for others: items (BEP 44) and peers (BEP 5), each with a
 * limit per source, a limit in all, and an end. A new thing that finds no room
 * takes the place of an old and far one, never of nothing: no flood makes the
 * store larger, and one source alone cannot empty it.
 */
import type { Address } from '../machine.ts'
import { decodeBencode, encodeBencode, toKey } from '../wire/bencode.ts'
import { compareDistance } from './id.ts'
import { isGenuine, maxSaltSize, maxValueSize, targetOf } from './item.ts'
import { failures, type Item } from './krpc.ts'
import { sourceOf } from './reach.ts'

export interface StoreLimits {
  readonly items: number
  readonly peers: number
  readonly perSource: number // of each
  readonly perTarget: number // peers
}

export class Store {
  readonly #items: Shelf<Item>
  readonly #peers: Shelf<Address>
  readonly #perTarget: number
  readonly #byTarget = new Map<string, Map<Address, string>>() // target -> peer -> key on the shelf

  constructor(id: () => Uint8Array, limits: StoreLimits = defaultLimits) {
    const { items, peers, perSource, perTarget } = limits
    this.#items = new Shelf({ most: items, perSource, lifetime: itemLifetime, id })
    this.#peers = new Shelf({ most: peers, perSource, lifetime: peerLifetime, id })
    this.#perTarget = perTarget
  }

  get size(): number {
    return this.#items.size + this.#peers.size
  }

  item(target: Uint8Array, now: number): Item | undefined {
    return this.#items.get(toKey(target), now)
  }

  /** Keeps an item, or says why not. The signature comes last: it is what costs. */
  put(
    item: Item,
    { cas, from, now }: { cas: number | undefined; from: Address; now: number },
  ): number | undefined {
    if (encodeBencode(item.value).length > maxValueSize) return failures.tooBig
    const target = targetOf(item)
    if (item.kind === 'mutable') {
      if (item.salt.length > maxSaltSize) return failures.salt
      const known = this.#items.get(toKey(target), now)
      if (known?.kind === 'mutable') {
        if (cas !== undefined && cas !== known.seq) return failures.cas
        const isSame = toKey(known.signature) === toKey(item.signature)
        if (item.seq < known.seq || (item.seq === known.seq && !isSame)) return failures.seq
      }
      if (!isGenuine(item)) return failures.signature
    }
    this.#items.put(copied(item), { key: toKey(target), target, source: sourceOf(from), now })
    return undefined
  }

  peers(target: Uint8Array, now: number): Address[] {
    const found: Address[] = []
    for (const [peer, key] of this.#byTarget.get(toKey(target)) ?? []) {
      if (this.#peers.get(key, now) !== undefined) found.push(peer)
    }
    return found.slice(-maxTold)
  }

  announce(target: Uint8Array, peer: Address, { from, now }: { from: Address; now: number }): void {
    const name = toKey(target)
    const peers = this.#byTarget.get(name) ?? new Map<Address, string>()
    const key = name + peer
    peers.delete(peer)
    peers.set(peer, key)
    this.#byTarget.set(name, peers)
    const gone = this.#peers.put(peer, { key, target, source: sourceOf(from), now })
    if (peers.size > this.#perTarget) gone.push(this.#peers.drop(peers.values().next().value!))
    for (const key of gone) this.#unlist(key)
  }

  /** Throws away what is over. */
  sweep(now: number): void {
    this.#items.sweep(now)
    for (const key of this.#peers.sweep(now)) this.#unlist(key)
  }

  #unlist(key: string): void {
    const name = key.slice(0, 20)
    const peers = this.#byTarget.get(name)
    peers?.delete(key.slice(20) as Address)
    if (peers?.size === 0) this.#byTarget.delete(name)
  }
}

interface Kept<T> {
  readonly value: T
  readonly target: Uint8Array
  readonly source: string
  readonly until: number
}

interface Placing {
  readonly key: string
  readonly target: Uint8Array
  readonly source: string
  readonly now: number
}

/** Things by key, oldest first. */
class Shelf<T> {
  readonly #kept = new Map<string, Kept<T>>()
  readonly #sources = new Map<string, Set<string>>() // source -> its keys, oldest first
  readonly #limits: { most: number; perSource: number; lifetime: number; id: () => Uint8Array }

  constructor(limits: { most: number; perSource: number; lifetime: number; id: () => Uint8Array }) {
    this.#limits = limits
  }

  get size(): number {
    return this.#kept.size
  }

  get(key: string, now: number): T | undefined {
    const kept = this.#kept.get(key)
    return kept && kept.until > now ? kept.value : undefined
  }

  /** Returns the keys that had to go. */
  put(value: T, { key, target, source, now }: Placing): string[] {
    const { most, perSource, lifetime } = this.#limits
    this.drop(key)
    const gone: string[] = []
    const own = this.#sources.get(source)
    if (own && own.size >= perSource) gone.push(this.drop(own.values().next().value!))
    if (this.#kept.size >= most) gone.push(this.drop(this.#victim()))
    this.#kept.set(key, { value, target: target.slice(), source, until: now + lifetime })
    const keys = this.#sources.get(source) ?? new Set<string>()
    this.#sources.set(source, keys.add(key))
    return gone
  }

  drop(key: string): string {
    const kept = this.#kept.get(key)
    this.#kept.delete(key)
    const keys = kept && this.#sources.get(kept.source)
    keys?.delete(key)
    if (kept && keys?.size === 0) this.#sources.delete(kept.source)
    return key
  }

  sweep(now: number): string[] {
    const gone: string[] = []
    for (const [key, { until }] of this.#kept) {
      if (until > now) break // the others are younger
      gone.push(key)
    }
    for (const key of gone) this.drop(key)
    return gone
  }

  /** Of the sixteen oldest the farthest from us: others are nearer to it and keep it, too. */
  #victim(): string {
    const id = this.#limits.id()
    let victim: { key: string; target: Uint8Array } | undefined
    let seen = 0
    for (const [key, { target }] of this.#kept) {
      if (!victim || compareDistance(id, target, victim.target) > 0) victim = { key, target }
      if (++seen === 16) break
    }
    return victim!.key
  }
}

/** Its octets are views of a datagram, which may be much larger. */
function copied(item: Item): Item {
  const value = decodeBencode(encodeBencode(item.value))!
  if (item.kind === 'immutable') return { kind: 'immutable', value }
  const { key, salt, seq, signature } = item
  return { kind: 'mutable', key: key.slice(), salt: salt.slice(), seq, signature: signature.slice(), value }
}

const defaultLimits: StoreLimits = { items: 8_192, peers: 8_192, perSource: 256, perTarget: 64 } // some 12 MB
const maxTold = 50 // peers in an answer: 400 octets
const itemLifetime = 2 * 60 * 60_000 // ms (BEP 44)
const peerLifetime = 45 * 60_000 // ms; clients announce every 15 to 30 minutes
