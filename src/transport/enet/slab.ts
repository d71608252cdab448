/**
 * Where datagrams are written: slices of a block that is dropped when full. A
 * buffer given to a socket must never be written again: the system may read it
 * long after `send` returned.
 */
/** Octets in a datagram's buffer, before and after it, that are nobody else's: for the layer below. */
export interface Margin {
  readonly before: number
  readonly after: number
}

export class Slab {
  readonly #margin: Margin
  #block = new Uint8Array(0)
  #used = 0
  #size = 0 // of the block

  constructor(margin: Margin) {
    this.#margin = margin
  }

  /** Room for `size` octets and their margin. Only what `take` cuts off is used up. */
  open(size: number): Uint8Array {
    const { before, after } = this.#margin
    const whole = before + size + after
    if (this.#block.length - this.#used < whole) {
      this.#size = Math.max(whole * 2, Math.min(this.#size * 2, largest))
      this.#block = new Uint8Array(this.#size)
      this.#used = 0
    }
    return this.#block.subarray(this.#used + before, this.#used + before + size)
  }

  /** The first `size` octets of what `open` gave: theirs alone from here. */
  take(size: number): Uint8Array {
    const begin = this.#used + this.#margin.before
    this.#used = begin + size + this.#margin.after
    return this.#block.subarray(begin, begin + size)
  }

  /** Gives up a block of more octets than this; the next is a small one. */
  rest(kept: number): void {
    if (this.#size <= kept) return
    this.#block = new Uint8Array(0)
    this.#used = this.#size = 0
  }
}

const largest = 65_536 // some 46 datagrams: the cost of a block is spread; it grows to that, as most hosts are idle
