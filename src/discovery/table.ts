/**
 * The routing table (BEP 5): nodes that answered us, in buckets by how many
 * leading bits their id shares with ours. Only verified nodes get in, so that
 * nobody fills it by talking; who has been there for long stays.
 */
import type { Address } from '../machine.ts'
import { compareDistance, idSize, sharedBits } from './id.ts'
import type { NodeInfo } from './krpc.ts'
import { hostOf, networkOf } from './reach.ts'

interface Entry extends NodeInfo {
  readonly network: string | undefined
  heardAt: number
  misses: number // questions in a row without an answer
  isTeller: boolean // it says as whom it sees us
  items: 'unknown' | 'known' | 'suspect' | 'mute' // whether it answers `get` (BEP 44); suspect: it did not
}

export class Table {
  #id: Uint8Array
  #buckets: Entry[][] = []
  readonly #byAddress = new Map<Address, Entry>()

  constructor(id: Uint8Array) {
    this.#id = id
    this.rekey(id)
  }

  get size(): number {
    return this.#byAddress.size
  }

  /** Sorts everybody anew by another id of ours. */
  rekey(id: Uint8Array): void {
    const entries = [...this.#byAddress.values()]
    this.#id = id
    this.#buckets = Array.from({ length: idSize * 8 + 1 }, () => [])
    this.#byAddress.clear()
    for (const entry of entries) this.#insert(entry)
  }

  /** A node answered a question of ours. One that changes its id has lied once, and goes. */
  heard({ id, address }: NodeInfo, now: number): void {
    const entry = this.#byAddress.get(address)
    if (entry && compareDistance(entry.id, entry.id, id) !== 0) {
      this.#remove(entry)
      return
    }
    if (entry) {
      entry.heardAt = now
      entry.misses = 0
      if (entry.items === 'suspect') entry.items = 'mute'
      return
    }
    if (this.isOwn(id)) return
    this.#insert({
      id: id.slice(),
      address,
      network: networkOf(address),
      heardAt: now,
      misses: 0,
      isTeller: false,
      items: 'unknown',
    })
  }

  /** It says as whom it sees us (`ip`, BEP 42). */
  tells(address: Address): void {
    const entry = this.#byAddress.get(address)
    if (entry) entry.isTeller = true
  }

  /** It knows BEP 44. */
  keeps(address: Address): void {
    const entry = this.#byAddress.get(address)
    if (entry) entry.items = 'known'
  }

  /** A question stayed without an answer: bad after two. */
  missed(address: Address): void {
    const entry = this.#byAddress.get(address)
    if (!entry) return
    if (++entry.misses >= maxMisses) this.#remove(entry)
    else entry.heardAt = -Infinity
  }

  /** A question of BEP 44 stayed without one: some nodes that do not know it are good in all else, as a ping shows. */
  missedItem(address: Address): void {
    const entry = this.#byAddress.get(address)
    if (entry?.items === 'known') this.missed(address)
    if (entry?.items !== 'unknown') return
    entry.items = 'suspect'
    entry.heardAt = -Infinity
  }

  /** Others tell us of us; and nobody else may have our id. */
  isOwn(id: Uint8Array): boolean {
    return sharedBits(this.#id, id) === idSize * 8
  }

  has(address: Address): boolean {
    return this.#byAddress.has(address)
  }

  /** Whether a node of this id and address would find room, should it answer. */
  wants(node: NodeInfo): boolean {
    if (this.#byAddress.has(node.address) || this.isOwn(node.id)) return false
    const bucket = this.#bucketOf(node.id)
    return bucket.length < bucketSize || bucket.some(({ misses }) => misses > 0)
  }

  /** The nearest to a target, nearest first. */
  closest(target: Uint8Array, count: number): NodeInfo[] {
    const shared = sharedBits(this.#id, target)
    // Bucket `shared` is nearest; all deeper ones are equally far; then one by one upwards.
    const groups = [this.#buckets[shared]!, this.#buckets.slice(shared + 1).flat()]
    for (let bits = shared - 1; bits >= 0; bits--) groups.push(this.#buckets[bits]!)
    const found: NodeInfo[] = []
    for (const group of groups) {
      if (found.length >= count) break
      found.push(...[...group].sort((a, b) => compareDistance(target, a.id, b.id)))
    }
    return found.slice(0, count)
  }

  /** Whom to ask whether he is still there: the one not heard of for longest, for 15 minutes (BEP 5) or since `doubt`. */
  questionable(now: number): Address | undefined {
    let oldest: Entry | undefined
    for (const entry of this.#byAddress.values())
      if (!oldest || entry.heardAt < oldest.heardAt) oldest = entry
    if (!oldest || now - oldest.heardAt < questionableAfter) return undefined
    if (oldest.heardAt === -Infinity) oldest.heardAt = now - questionableAfter // the next one's turn
    return oldest.address
  }

  /** Our network changed: who of them can be reached must show again. */
  doubt(): void {
    for (const entry of this.#byAddress.values()) entry.heardAt = -Infinity
  }

  /** Whether somebody has not answered since `doubt`. */
  get isDoubted(): boolean {
    for (const { heardAt } of this.#byAddress.values()) if (heardAt === -Infinity) return true
    return false
  }

  /** One good node of each host, the latest heard of first, those before all that say as whom they see us. */
  witnesses(): Address[] {
    const good = [...this.#byAddress.values()].filter(
      ({ misses, heardAt }) => misses === 0 && heardAt > -Infinity,
    )
    good.sort((a, b) => Number(b.isTeller) - Number(a.isTeller) || b.heardAt - a.heardAt)
    const hosts = new Map<string, Address>()
    for (const { address } of good) if (!hosts.has(hostOf(address))) hosts.set(hostOf(address), address)
    return [...hosts.values()]
  }

  /** Any of them, for another way to a target than the nearest show. @param random - 0..1 */
  some(count: number, random: () => number): NodeInfo[] {
    const left = [...this.#byAddress.values()]
    const found: NodeInfo[] = []
    while (found.length < count && left.length > 0) {
      const [one] = left.splice(Math.floor(random() * left.length), 1)
      found.push(one!)
    }
    return found
  }

  /** Everybody who answered when last asked, longest known first. */
  good(): Address[] {
    return [...this.#byAddress.values()].filter(({ misses }) => misses === 0).map(({ address }) => address)
  }

  #insert(entry: Entry): void {
    const bucket = this.#bucketOf(entry.id)
    if (entry.network !== undefined) {
      const same = bucket.filter(({ network }) => network === entry.network)
      if (same.length >= maxPerNetwork) return
    }
    if (bucket.length >= bucketSize) {
      const worse = bucket.find(({ misses }) => misses > 0)
      if (!worse) return
      this.#remove(worse)
    }
    bucket.push(entry)
    this.#byAddress.set(entry.address, entry)
  }

  #remove(entry: Entry): void {
    const bucket = this.#bucketOf(entry.id)
    bucket.splice(bucket.indexOf(entry), 1)
    this.#byAddress.delete(entry.address)
  }

  #bucketOf(id: Uint8Array): Entry[] {
    return this.#buckets[sharedBits(this.#id, id)]!
  }
}

const bucketSize = 16 // twice BEP 5's: there are some 100 nodes to save, and a start with some dead finds others
const maxPerNetwork = 2 // in a bucket
const maxMisses = 2
const questionableAfter = 15 * 60_000 // ms
