/** A buddy who may be on our link: his keys, and where he was told to be. Spec: "LAN" in docs/Protocol.md. */
import { wipe } from '../crypto.ts'
import type { Address } from '../machine.ts'

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
  readonly #told = new Map<Address, number>() // when: ms

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
   * Whether it is time to tell of him there; it counts as done. Each address
   * once a second, and so many of them: an old announcement can be shown as
   * from anywhere on the link.
   */
  tell(address: Address, now: number): boolean {
    const before = this.#told.get(address)
    if (before === undefined) {
      for (const [known, at] of this.#told) if (now - at >= toldFor) this.#told.delete(known)
      if (this.#told.size >= maxTold) return false
    } else if (now - before < tellPause) return false
    this.#told.set(address, now)
    return true
  }

  /** The network is another one. */
  forget(): void {
    this.#told.clear()
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
const toldFor = 60_000 // ms
const maxTold = 16 // the families and interfaces of one buddy are fewer
