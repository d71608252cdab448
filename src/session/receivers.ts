/** Whose link a frame is for: each link of ours has a random receiver index, which names its buddy. */
import type { Random } from '../crypto.ts'
import type { Buddy, Indices } from './buddy.ts'

/** Whose links' indices are: known before he is made. */
export interface Holder {
  buddy: Buddy | undefined
}

export class Receivers {
  readonly #random: Random
  readonly #owners = new Map<number, Holder>()

  constructor(random: Random) {
    this.#random = random
  }

  at(index: number): Buddy | undefined {
    return this.#owners.get(index)?.buddy
  }

  /** What a buddy takes indices from, for his links. */
  indicesOf(holder: Holder): Indices {
    return {
      allocate: () => {
        for (;;) {
          const [a, b, c, d] = this.#random(4)
          const index = ((a! << 24) | (b! << 16) | (c! << 8) | d!) >>> 0
          if (this.#owners.has(index)) continue
          this.#owners.set(index, holder)
          return index
        }
      },
      release: (index) => this.#owners.delete(index),
    }
  }
}
