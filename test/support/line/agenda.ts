/** What is to happen, by its time; of the same time, in the order it was entered. A binary heap. */
export class Agenda<T> {
  readonly #heap: Entry<T>[] = []
  #entered = 0

  /** When the first of all is due; Infinity without one. */
  get next(): number {
    return this.#heap[0]?.at ?? Infinity
  }

  enter(at: number, what: T): void {
    const heap = this.#heap
    const entry = { at, order: this.#entered++, what }
    let place = heap.length
    while (place > 0) {
      const above = (place - 1) >> 1
      if (!isBefore(entry, heap[above]!)) break
      heap[place] = heap[above]!
      place = above
    }
    heap[place] = entry
  }

  /** Takes the first of all. @throws RangeError when there is none */
  take(): T {
    const heap = this.#heap
    const [first, last] = [heap[0], heap.pop()]
    if (!first || !last) throw new RangeError('nothing is to happen')
    if (heap.length > 0) this.#sink(last)
    return first.what
  }

  /** Puts an entry at the top, and lets it down to its place. */
  #sink(entry: Entry<T>): void {
    const heap = this.#heap
    let place = 0
    for (;;) {
      let below = place * 2 + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below++
      if (!isBefore(heap[below]!, entry)) break
      heap[place] = heap[below]!
      place = below
    }
    heap[place] = entry
  }
}

interface Entry<T> {
  readonly at: number
  readonly order: number
  readonly what: T
}

const isBefore = <T>(a: Entry<T>, b: Entry<T>): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)
