/**
 * The sender's content on its way from the disk: read ahead of what is sent,
 * and never more than that.
 */
import { sha256Hash } from '../crypto.ts'
import { Queue } from '../queue.ts'
import { Layout } from './layout.ts'
import { chunkSize, windowSize, workFiles, workSize, worksInFlight } from './limits.ts'
import type { FileEntry } from './manifest.ts'
import type { Range } from './work.ts'

/** Content in order. */
export interface Supply {
  /** Octets given out so far, and taken back by `seek`. */
  readonly position: number
  /** There is something to `ask` for. */
  readonly isHungry: boolean
  /** What to read next; only if it is hungry. */
  ask(): readonly Range[]
  /** What came of the first question that is not answered. Returns the file that is not as it was asked for. */
  filled(octets: readonly Uint8Array[]): number | undefined
  /** The next octets, `limit` at most, where there are as many as make a chunk; none: wait for the disk. */
  take(limit: number): readonly Uint8Array[]
  /** There is something to take. */
  readonly isReady: boolean
  /** Goes on elsewhere; false if that is not to be had. */
  seek(position: number): boolean
  /** What is before a position is not sought again. */
  forget(position: number): void
}

/** Files, which can be read again from anywhere. */
export class FileSupply implements Supply {
  readonly #octets: number
  readonly #layout: Layout
  readonly #held = new Held()
  readonly #asked = new Queue<readonly Range[]>()
  #stale = 0 // questions asked before a `seek`
  #reading = 0 // the position behind all that was asked for
  #position = 0

  constructor(files: readonly FileEntry[], octets: number) {
    this.#octets = octets
    this.#layout = new Layout(files)
  }

  get position(): number {
    return this.#position
  }

  get isHungry(): boolean {
    const isEnough = this.#asked.length >= worksInFlight || this.#held.size >= 2 * workSize
    return !isEnough && this.#reading < this.#octets
  }

  ask(): readonly Range[] {
    const ranges: Range[] = []
    const size = Math.min(workSize, this.#octets - this.#reading)
    for (const range of this.#layout.ranges(this.#reading, size)) {
      ranges.push(range)
      this.#reading += range.size
      if (ranges.length === workFiles) break
    }
    this.#asked.push(ranges)
    return ranges
  }

  filled(octets: readonly Uint8Array[]): number | undefined {
    const ranges = this.#asked.shift() ?? []
    if (this.#stale > 0) {
      this.#stale--
      return undefined
    }
    for (const [i, { file, size }] of ranges.entries()) {
      const part = octets[i]
      if (part?.length !== size) return file
      this.#held.push(part)
    }
    return undefined
  }

  get isReady(): boolean {
    const size = Math.min(chunkSize, this.#octets - this.#position)
    return size > 0 && this.#held.size >= size
  }

  take(limit: number): readonly Uint8Array[] {
    if (!this.isReady) return []
    const parts = this.#held.take(limit)
    for (const part of parts) this.#position += part.length
    return parts
  }

  seek(position: number): boolean {
    if (position > this.#octets) return false
    if (position === this.#position) return true
    this.#held.clear()
    this.#stale = this.#asked.length
    this.#position = this.#reading = position
    return true
  }

  forget(): void {}
}

/** A stream, which is read once: what the receiver has not written is held for a resume, in a ring. */
export class StreamSupply implements Supply {
  readonly #hash = sha256Hash()
  readonly #ring = new Uint8Array(windowSize + 2 * workSize)
  #base = 0 // what is before it is forgotten
  #position = 0
  #read = 0
  #reading: 'idle' | 'asked' | 'ended' = 'idle'
  #sum: Uint8Array | undefined

  get position(): number {
    return this.#position
  }

  /** All is given out: its SHA-256. */
  get end(): Uint8Array | undefined {
    return this.#reading === 'ended' && this.#position === this.#read ? this.#sum : undefined
  }

  get isHungry(): boolean {
    const isFull = this.#read - this.#base + workSize > this.#ring.length
    return this.#reading === 'idle' && !isFull && this.#read - this.#position < workSize
  }

  ask(): readonly Range[] {
    this.#reading = 'asked'
    return [{ file: 0, offset: this.#read, size: workSize }]
  }

  filled(octets: readonly Uint8Array[]): number | undefined {
    const [part] = octets
    if (this.#reading !== 'asked' || !part || part.length > workSize) return 0
    this.#reading = part.length === 0 ? 'ended' : 'idle'
    if (part.length === 0) this.#sum = this.#hash.digest()
    else this.#hash.update(part)
    const at = this.#read % this.#ring.length
    const first = part.subarray(0, this.#ring.length - at)
    this.#ring.set(first, at)
    this.#ring.set(part.subarray(first.length))
    this.#read += part.length
    return undefined
  }

  get isReady(): boolean {
    return this.#position < this.#read
  }

  /** A view of the ring: to be used up before anything else is asked for. */
  take(limit: number): readonly Uint8Array[] {
    const at = this.#position % this.#ring.length
    const part = this.#ring.subarray(at, at + Math.min(limit, this.#read - this.#position))
    this.#position += part.length
    return part.length > 0 ? [part] : []
  }

  seek(position: number): boolean {
    if (position < this.#base || position > this.#read) return false
    this.#position = this.#base = position
    return true
  }

  forget(position: number): void {
    this.#base = Math.max(this.#base, position)
  }
}

/** Octets that wait, in parts. */
class Held {
  readonly #parts = new Queue<Uint8Array>()
  #head: Uint8Array | undefined // what is left of one that was begun
  #size = 0

  get size(): number {
    return this.#size
  }

  push(part: Uint8Array): void {
    this.#parts.push(part)
    this.#size += part.length
  }

  take(limit: number): Uint8Array[] {
    const taken: Uint8Array[] = []
    for (let left = Math.min(limit, this.#size); left > 0; ) {
      const part = this.#head ?? this.#parts.shift()!
      taken.push(part.subarray(0, left))
      this.#head = part.length > left ? part.subarray(left) : undefined
      left -= Math.min(left, part.length)
    }
    for (const part of taken) this.#size -= part.length
    return taken
  }

  clear(): void {
    for (const _ of this.#parts.take());
    this.#head = undefined
    this.#size = 0
  }
}
