/**
 * Content on its way to the disk, in order and without a gap: octets are
 * checked piece by piece as they come, and given to the disk as it has time.
 */
import { equal, sha256Hash } from '../crypto.ts'
import { Queue } from '../queue.ts'
import { Backlog, smallSize } from './backlog.ts'
import { Layout } from './layout.ts'
import { chunkSize, workFiles, workSize, worksInFlight } from './limits.ts'
import { type Manifest, pieceHash } from './manifest.ts'
import type { Why } from './offer.ts'
import { PieceHasher, pieceSizeOf } from './tree.ts'
import type { Part } from './work.ts'

/** Why the content is not taken. */
export interface LandingFault {
  readonly why: Why
  readonly file: number | undefined
}

/** What the disk is to do next. */
export interface Writing {
  readonly parts: readonly Part[]
  readonly ended: readonly number[]
}

export interface Landing {
  /** Octets that came. */
  readonly position: number
  /** Of these, with the disk. */
  readonly written: number
  /** Of these, checked: where another process can go on. */
  readonly cursor: number
  /** All came, is checked and written. */
  readonly isComplete: boolean

  /** The octets at `position`. */
  data(octets: Uint8Array): LandingFault | undefined
  /** As many zeros, at most `chunkSize`. */
  hole(size: number): LandingFault | undefined
  /** The end of a stream. */
  end(hash: Uint8Array): LandingFault | undefined
  /** There is something for the disk. */
  readonly isHeavy: boolean
  next(): Writing
  /** The first of what the disk was given is written. */
  wrote(): void
}

/** The files of a manifest, from a cursor on. */
export class FileLanding implements Landing {
  readonly #manifest: Manifest
  readonly #layout: Layout
  readonly #hasher: PieceHasher
  readonly #backlog = new Backlog()
  readonly #writing = new Queue<number>() // what will be written with each
  #taken: number // as much is with the disk, or on its way
  #ended: number // files that the disk knows to be whole
  #written: number
  #checked: number

  /** @param cursor - as the property of that name was */
  constructor(manifest: Manifest, cursor: number) {
    this.#manifest = manifest
    this.#layout = new Layout(manifest.files)
    this.#hasher = new PieceHasher(manifest.octets, cursor)
    this.#taken = this.#written = this.#checked = cursor
    this.#ended = cursor === 0 ? 0 : this.#layout.endedAt(cursor)
  }

  get position(): number {
    return this.#hasher.position
  }

  get written(): number {
    return this.#written
  }

  get cursor(): number {
    const pieceSize = pieceSizeOf(this.#manifest.octets)
    return this.#written >= this.#checked ? this.#checked : this.#written - (this.#written % pieceSize)
  }

  get isComplete(): boolean {
    const { octets, files } = this.#manifest
    return this.#written === octets && this.#ended === files.length && this.#writing.length === 0
  }

  data(octets: Uint8Array): LandingFault | undefined {
    const { position } = this
    if (position + octets.length > this.#manifest.octets) return broken
    this.#backlog.push(position, octets)
    return this.#check(octets)
  }

  hole(size: number): LandingFault | undefined {
    // A hole that is not worth one, so that runs are few.
    if (size < smallSize) return this.data(zeros.subarray(0, size))
    return this.position + size > this.#manifest.octets ? broken : this.#check(zeros.subarray(0, size))
  }

  end(): LandingFault {
    return broken
  }

  get isHeavy(): boolean {
    const isWaiting = this.#taken < this.position || this.#layout.endOf(this.#ended) <= this.#taken
    return isWaiting && this.#writing.length < worksInFlight
  }

  next(): Writing {
    const parts: Part[] = []
    let size = 0
    while (size < workSize && parts.length < workFiles) {
      const run = this.#backlog.next
      this.#taken = run?.position ?? this.position
      if (!run) break
      for (const part of this.#parts(run.position, run.octets)) {
        parts.push(part)
        size += part.octets.length
        this.#taken += part.octets.length
        if (parts.length === workFiles) break
      }
      this.#backlog.drop(this.#taken - run.position)
    }
    const ended: number[] = []
    while (this.#layout.endOf(this.#ended) <= this.#taken && ended.length < workFiles)
      ended.push(this.#ended++)
    const isBehind = this.#layout.endOf(this.#ended) <= this.#taken
    this.#writing.push(isBehind ? this.#written : this.#taken)
    return { parts, ended }
  }

  wrote(): void {
    this.#written = Math.max(this.#written, this.#writing.shift() ?? 0)
  }

  *#parts(position: number, octets: Uint8Array): Generator<Part> {
    let at = 0
    for (const { file, offset, size } of this.#layout.ranges(position, octets.length)) {
      yield { file, offset, octets: octets.subarray(at, at + size) }
      at += size
    }
  }

  #check(octets: Uint8Array): LandingFault | undefined {
    for (const { piece, end, hash } of this.#hasher.push(octets)) {
      if (!equal(hash, pieceHash(this.#manifest, piece)))
        return { why: 'damaged', file: this.#layout.at(this.#checked) }
      this.#checked = end
    }
    return undefined
  }
}

/** A stream: checked as a whole, at its end. */
export class StreamLanding implements Landing {
  readonly #hash = sha256Hash()
  readonly #backlog = new Backlog()
  readonly #writing = new Queue<number>()
  readonly cursor = 0 // nothing of it can be had again by another process
  #position = 0
  #written = 0
  #state: 'open' | 'ended' = 'open'

  get position(): number {
    return this.#position
  }

  get written(): number {
    return this.#written
  }

  get isComplete(): boolean {
    return this.#state === 'ended' && this.#written === this.#position
  }

  data(octets: Uint8Array): LandingFault | undefined {
    if (this.#state === 'ended') return broken
    this.#hash.update(octets)
    this.#backlog.push(this.#position, octets)
    this.#position += octets.length
    return undefined
  }

  hole(): LandingFault {
    return broken
  }

  end(hash: Uint8Array): LandingFault | undefined {
    if (this.#state === 'ended') return undefined // again, in another session
    this.#state = 'ended'
    return equal(hash, this.#hash.digest()) ? undefined : { why: 'damaged', file: undefined }
  }

  get isHeavy(): boolean {
    return this.#backlog.next !== undefined && this.#writing.length < worksInFlight
  }

  next(): Writing {
    const parts: Part[] = []
    let end = this.#written
    for (let size = 0; size < workSize && this.#backlog.next; ) {
      const { position, octets } = this.#backlog.next
      parts.push({ file: 0, offset: position, octets })
      size += octets.length
      end = position + octets.length
      this.#backlog.drop(octets.length)
    }
    this.#writing.push(end)
    return { parts, ended: [] }
  }

  wrote(): void {
    this.#written = this.#writing.shift() ?? this.#written
  }
}

const broken: LandingFault = { why: 'broken', file: undefined }
const zeros = new Uint8Array(chunkSize)
