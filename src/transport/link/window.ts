/** Which counters of one direction and generation have come: none opens twice. */
export class ReplayWindow {
  #highest = -1
  readonly #words = new Uint32Array(words) // a ring of bits: counter mod 4,096

  /** The highest counter that came; -1 before the first. */
  get highest(): number {
    return this.#highest
  }

  /** Not seen yet, nor so old that nobody knows. */
  isFresh(counter: number): boolean {
    if (counter > this.#highest) return true
    if (this.#highest - counter >= size) return false
    return (this.#words[wordOf(counter)]! & bitOf(counter)) === 0
  }

  /** Only for a fresh counter of a frame that opened. */
  mark(counter: number): void {
    if (counter > this.#highest) this.#advance(counter)
    this.#words[wordOf(counter)]! |= bitOf(counter)
  }

  #advance(counter: number): void {
    const from = Math.floor(this.#highest / 32)
    const steps = Math.min(Math.floor(counter / 32) - from, words)
    for (let i = 1; i <= steps; i++) this.#words[(from + i) % words] = 0
    this.#highest = counter
  }
}

const size = 2_048
const words = 128 // twice the size: the word being cleared never holds a counter that still counts

const wordOf = (counter: number): number => Math.floor(counter / 32) % words
const bitOf = (counter: number): number => 1 << (counter % 32)
