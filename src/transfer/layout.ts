/** Where the octets of the content are in its files; asked from front to back, it searches once. */
import type { FileEntry } from './manifest.ts'
import type { Range } from './work.ts'

export class Layout {
  readonly #files: readonly FileEntry[]
  #file = 0 // the one that the last range was in

  constructor(files: readonly FileEntry[]) {
    this.#files = files
  }

  /** The parts of files that these octets of the content are; empty files have none. */
  *ranges(position: number, size: number): Generator<Range> {
    this.#seek(position)
    for (let at = position; at < position + size; ) {
      const { start, size: fileSize } = this.#files[this.#file]!
      const taken = Math.min(start + fileSize, position + size) - at
      if (taken > 0) yield { file: this.#file, offset: at - start, size: taken }
      at += taken
      if (at < position + size) this.#file++
    }
  }

  /** The file that holds the octet at a position, or the last one. */
  at(position: number): number {
    this.#seek(position)
    return this.#file
  }

  /** How many files end at or before a position. */
  endedAt(position: number): number {
    let [low, high] = [0, this.#files.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.endOf(middle) <= position) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The position behind a file; Infinity behind the last one. */
  endOf(file: number): number {
    const entry = this.#files[file]
    return entry ? entry.start + entry.size : Number.POSITIVE_INFINITY
  }

  #seek(position: number): void {
    const { start } = this.#files[this.#file] ?? { start: 0 }
    if (start <= position && position < this.endOf(this.#file)) return
    this.#file = Math.min(this.endedAt(position), this.#files.length - 1)
  }
}
