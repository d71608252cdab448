/**
 * Content that came and is not with the disk yet, with holes in it. Small
 * arrivals are put together, so that it never holds much more than its octets.
 */
import { Queue } from '../queue.ts'

/** Octets that lie side by side in the content. */
export interface Run {
  readonly position: number
  readonly octets: Uint8Array
}

export class Backlog {
  readonly #runs = new Queue<Run>()
  #head: Run | undefined // what is left of one that was begun
  #block = new Uint8Array(0) // small arrivals are copied to it
  #used = 0
  #first = 0 // the position of the block's first octet

  /** The next run; it stays. */
  get next(): Run | undefined {
    this.#head ??= this.#runs.shift()
    if (!this.#head && this.#used > 0) this.#close()
    this.#head ??= this.#runs.shift()
    return this.#head
  }

  /** Octets at a position, never before those of an earlier call. */
  push(position: number, octets: Uint8Array): void {
    const isBehind = this.#first + this.#used === position
    if (!isBehind || this.#used + octets.length > this.#block.length) this.#close()
    if (octets.length >= smallSize) {
      this.#close()
      this.#runs.push({ position, octets })
      return
    }
    if (this.#used === 0) {
      this.#block = new Uint8Array(blockSize)
      this.#first = position
    }
    this.#block.set(octets, this.#used)
    this.#used += octets.length
  }

  /** Takes octets away from the front of the next run. */
  drop(size: number): void {
    const { position, octets } = this.next ?? { position: 0, octets: this.#block }
    this.#head =
      octets.length > size ? { position: position + size, octets: octets.subarray(size) } : undefined
  }

  #close(): void {
    if (this.#used > 0)
      this.#runs.push({ position: this.#first, octets: this.#block.subarray(0, this.#used) })
    this.#block = new Uint8Array(0)
    this.#used = 0
  }
}

/** What is smaller is copied: an array costs some hundred octets beside its own. */
export const smallSize = 4_096
const blockSize = 4 * smallSize
