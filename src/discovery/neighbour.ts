/** A buddy who may be on our link: his keys, and where he was told to be. Spec: "LAN" in docs/Protocol.md. */
import { wipe } from '../crypto.ts'
import type { Address } from '../machine.ts'
import { Pace } from './pace.ts'

/** What two buddies share; kept and wiped by its owner. */
export interface LanPair {
  /** The direction of our own announcements. */
  readonly own: 0 | 1
  /** 32 octets that are the caller's to wipe. */
  key(label: 'lan', direction: 0 | 1, epoch: number): Uint8Array
}

export class Neighbour implements Disposable {
  readonly name: string
  readonly pair: LanPair
  /** There is a conversation with him. */
  isMet = false
  readonly #keys = new Map<string, Uint8Array>() // by direction and epoch
  readonly #told = new Map<Address, number>() // when: ms; the latest last
  #fresh = new Pace(freshPace)

  constructor(name: string, pair: LanPair) {
    this.name = name
    this.pair = pair
  }

  /** Of what we announce to him. */
  ownKey(epoch: number): Uint8Array {
    return this.#key(this.pair.own, epoch)
  }

  /** Of what he announces. */
  theirKey(epoch: number): Uint8Array {
    return this.#key(this.pair.own === 0 ? 1 : 0, epoch)
  }

  /**
   * Whether it is time to tell of him there; it counts as done. Each known
   * address once a second. An old announcement can be shown as from anywhere
   * on the link: so many are known, a new one takes the place of the one that
   * was told of longest ago, and new ones are few a minute.
   */
  tell(address: Address, now: number): boolean {
    const before = this.#told.get(address) ?? -Infinity
    const isTime = before > -Infinity ? now - before >= tellPause : this.#fresh.take('', now)
    if (!isTime) return false
    this.#told.delete(address)
    this.#told.set(address, now)
    if (this.#told.size > maxTold) this.#told.delete(this.#told.keys().next().value!)
    return true
  }

  /** The network is another one. */
  forget(): void {
    this.#told.clear()
    this.#fresh = new Pace(freshPace)
  }

  [Symbol.dispose](): void {
    wipe(...this.#keys.values())
    this.#keys.clear()
  }

  /** Those of a few hours are kept: whoever invents hours costs time, not memory. */
  #key(direction: 0 | 1, epoch: number): Uint8Array {
    const name = `${direction} ${epoch}`
    let key = this.#keys.get(name)
    if (key) return key
    key = this.pair.key('lan', direction, epoch)
    this.#keys.set(name, key)
    const [oldest, former] = this.#keys.entries().next().value!
    if (this.#keys.size > maxKeys) {
      this.#keys.delete(oldest)
      wipe(former)
    }
    return key
  }
}

const maxKeys = 6 // of this hour both ways, of an hour that his clock has, and of the turns of both
const tellPause = 1_000 // ms
const freshPace = { rate: 16 / 60, burst: 16 } as const // the families and interfaces of one buddy are fewer
const maxTold = 32 // whatever else is shown, who was heard in the last minute stays known
