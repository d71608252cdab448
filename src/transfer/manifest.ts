/**
 * What is in an offer: the hash of each piece of the content, then files and
 * folders, parents first. The content is the octets of all files, one behind
 * the other in this order, so that one position says how far a transfer is.
 */
import { equal, sha256, sha256Hash } from '../crypto.ts'
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'
import { chunkSize } from './limits.ts'
import { PathRules } from './names.ts'
import { readText } from './text.ts'
import { hashSize, pieceCount } from './tree.ts'

export type ManifestEntry =
  | ({ readonly kind: 'file' } & FileEntry)
  | ({ readonly kind: 'folder' } & FolderEntry)

export interface FileEntry extends FolderEntry {
  readonly size: number
  /** Where its octets begin in the content. */
  readonly start: number
}

export interface FolderEntry {
  readonly path: string // segments joined by `/`; it keeps the rules of `PathRules`
  readonly mode: number // at most 0o777
}

export interface Manifest {
  /** As it went over the wire: what a resume from the disk needs. */
  readonly bytes: Uint8Array
  readonly octets: number
  readonly files: readonly FileEntry[]
  readonly folders: readonly FolderEntry[]
}

/** root = SHA-256(0x01 | manifest) */
export const manifestRoot = (bytes: Uint8Array): Uint8Array => sha256(rootMark, bytes)

/** The hash of the content's n-th piece: a view. */
export const pieceHash = ({ bytes }: Manifest, piece: number): Uint8Array =>
  bytes.subarray(piece * hashSize, (piece + 1) * hashSize)

/** Writes the files and folders of a manifest as they are found. */
export class ManifestWriter {
  readonly #out = new Writer(4_096)

  /** Octets written so far: of the list without the pieces. */
  get length(): number {
    return this.#out.length
  }

  add(entry: ManifestEntry): void {
    const path = utf8.encode(entry.path)
    this.#out
      .u8(entry.kind === 'file' ? 0 : 1)
      .u16(entry.mode)
      .u16(path.length)
      .bytes(path)
    if (entry.kind === 'file') this.#out.u64(BigInt(entry.size))
  }

  /** @param pieces - the hashes of all pieces, one behind the other */
  done(pieces: Uint8Array): Uint8Array {
    const list = this.#out.done()
    const whole = new Uint8Array(pieces.length + list.length)
    whole.set(pieces)
    whole.set(list, pieces.length)
    return whole
  }
}

/** What an offer says of its manifest. */
export interface ManifestClaim {
  readonly manifestSize: number
  readonly octets: number
  readonly files: number
  readonly folders: number
  readonly name: string
  readonly root: Uint8Array
}

/** `names`: a path is against the rules; `broken`: it is not what was offered; `damaged`: it has another name. */
export type ManifestFault = 'names' | 'broken' | 'damaged'

/**
 * Reads a manifest as it comes, in slices: no part costs more than its own
 * size, and a million names, each of which takes some microseconds to be held to
 * the rules, keep nobody waiting.
 */
export class ManifestReader {
  readonly #claim: ManifestClaim
  readonly #rules = new PathRules()
  readonly #hash = sha256Hash() // of the root
  readonly #files: FileEntry[] = []
  readonly #folders: FolderEntry[] = []
  #bytes = new Uint8Array(0)
  #length = 0
  #parsed: number
  #octets = 0
  #isBusy = false

  constructor(claim: ManifestClaim) {
    this.#claim = claim
    this.#parsed = pieceCount(claim.octets) * hashSize
    this.#hash.update(rootMark)
  }

  /** Octets that came. */
  get length(): number {
    return this.#length
  }

  /** There is something to `read`. */
  get isBusy(): boolean {
    return this.#isBusy
  }

  /** All of it came. */
  get isWhole(): boolean {
    return this.#length === this.#claim.manifestSize
  }

  /** Takes the next part; false if it is more than was offered. */
  push(part: Uint8Array): boolean {
    if (part.length === 0 || this.#length + part.length > this.#claim.manifestSize) return false
    this.#append(part)
    this.#hash.update(part)
    this.#isBusy = true
    return true
  }

  /** Reads on in what came, some ms at most. `more`: it is to be called again, as long as it is busy. Nothing follows a fault. */
  read(): Manifest | ManifestFault | 'more' {
    const fault = this.#parse()
    if (fault) return fault
    if (this.#isBusy || !this.isWhole) return 'more'
    return this.#whole()
  }

  /** The next slice of entries; what is left then is none, or the beginning of one. */
  #parse(): ManifestFault | undefined {
    this.#isBusy = false
    if (this.#parsed >= this.#length) return undefined
    const reader = new Reader(this.#bytes.subarray(this.#parsed, this.#length))
    const from = this.#parsed
    for (let left = sliceSize; reader.left > 0; left--) {
      if (left === 0) {
        this.#isBusy = true
        return undefined
      }
      const fault = this.#entry(reader)
      if (fault) return fault
      if (!reader.isSound) return undefined // the rest of it is to come
      this.#parsed = from + reader.at
    }
    return undefined
  }

  #entry(reader: Reader): ManifestFault | undefined {
    const kind = reader.u8()
    const mode = reader.u16()
    const octets = reader.bytes(reader.u16())
    const size = kind === 0 ? reader.u32() * 2 ** 32 + reader.u32() : 0 // what is not exact is too much
    if (kind > 1 || mode > 0o777) return 'broken'
    if (!reader.isSound) return undefined
    const path = readText(octets)?.text
    if (path === undefined || this.#rules.add(path, kind === 0 ? 'file' : 'folder')) return 'names'
    if (kind === 0) this.#files.push({ path, mode, size, start: this.#octets })
    else this.#folders.push({ path, mode })
    this.#octets += size
    const { octets: most, files, folders } = this.#claim
    const isMore = this.#files.length > files || this.#folders.length > folders
    return isMore || this.#octets > most ? 'broken' : undefined
  }

  #whole(): Manifest | 'damaged' | 'broken' {
    const { octets, files, folders, root, name } = this.#claim
    const isExact = this.#parsed === this.#length && this.#octets === octets
    if (!isExact || this.#files.length !== files || this.#folders.length !== folders) return 'broken'
    if (!equal(this.#hash.digest(), root)) return 'broken'
    if (this.#rules.name !== name) return 'damaged' // what a person accepted was something else
    const bytes = this.#bytes.subarray(0, this.#length)
    return { bytes, octets, files: this.#files, folders: this.#folders }
  }

  /** Grows with what came, not with what was announced. */
  #append(part: Uint8Array): void {
    const needed = this.#length + part.length
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(
        Math.min(this.#claim.manifestSize, Math.max(needed, 2 * this.#bytes.length)),
      )
      grown.set(this.#bytes.subarray(0, this.#length))
      this.#bytes = grown
    }
    this.#bytes.set(part, this.#length)
    this.#length = needed
  }
}

/** A whole manifest, as it was kept on disk, in slices of some ms; `undefined` unless it is the one that is offered. */
export function* decodeManifest(
  bytes: Uint8Array,
  claim: ManifestClaim,
): Generator<undefined, Manifest | undefined> {
  if (bytes.length !== claim.manifestSize) return undefined
  const reader = new ManifestReader(claim)
  for (let at = 0; at < bytes.length; at += chunkSize) {
    reader.push(bytes.subarray(at, at + chunkSize))
    do {
      const read = reader.read()
      if (typeof read !== 'string') return read
      if (read !== 'more') return undefined
      yield
    } while (reader.isBusy)
  }
  return undefined
}

const utf8 = new TextEncoder()
const rootMark = Uint8Array.of(1)
/** Entries: some ms where each has a long name in a script of its own. */
const sliceSize = 500
