/**
 * Where datagrams are written: slices of a block that is dropped when full. A
 * buffer given to a socket must never be written again: the system may read it
 * long after `send` returned.
 */
export class Slab {
  #block = new Uint8Array(0)
  #used = 0

  /** Room for `size` octets. Only what `take` cuts off is used up. */
  open(size: number): Uint8Array {
    if (this.#block.length - this.#used < size) {
      this.#block = new Uint8Array(Math.max(size, Math.min(this.#block.length * 2, largest)))
      this.#used = 0
    }
    return this.#block.subarray(this.#used, this.#used + size)
  }

  /** The first `size` octets of what `open` gave: theirs alone from here. */
  take(size: number): Uint8Array {
    this.#used += size
    return this.#block.subarray(this.#used - size, this.#used)
  }
}

const largest = 65_536 // some 46 datagrams: the cost of a block is spread; it grows to that, as most hosts are idle
