/**
 * What is in an offer: the hash of each piece of the content, then files and
 * folders, parents first. The content is the octets of all files, one behind
 * the other in this order, so that one position says how far a transfer is.
 */
import { equal, sha256 } from '../crypto.ts'
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'
import { maxEntries, maxManifest } from './limits.ts'
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
export const manifestRoot = (bytes: Uint8Array): Uint8Array => sha256(Uint8Array.of(1), bytes)

/** The hash of the content's n-th piece: a view. */
export const pieceHash = ({ bytes }: Manifest, piece: number): Uint8Array =>
  bytes.subarray(piece * hashSize, (piece + 1) * hashSize)

/** @param pieces - the hashes of all pieces, one behind the other */
export function encodeManifest(pieces: Uint8Array, entries: Iterable<ManifestEntry>): Uint8Array {
  const out = new Writer(pieces.length + 4_096).bytes(pieces)
  for (const entry of entries) {
    const path = new TextEncoder().encode(entry.path)
    out
      .u8(entry.kind === 'file' ? 0 : 1)
      .u16(entry.mode)
      .u16(path.length)
      .bytes(path)
    if (entry.kind === 'file') out.u64(BigInt(entry.size))
  }
  return out.done()
}

/** What an entry takes, at most. */
export const entrySize = (path: string): number => 13 + new TextEncoder().encode(path).length

/** What an offer says of its manifest. */
export interface ManifestClaim {
  readonly manifestSize: number
  readonly octets: number
  readonly files: number
  readonly folders: number
  readonly name: string
  readonly root: Uint8Array
}

export type ManifestFault = 'names' | 'broken' | 'damaged'

/** Reads a manifest as it comes, part by part: no part costs more than its own size. */
export class ManifestReader {
  readonly #claim: ManifestClaim
  readonly #rules = new PathRules()
  readonly #files: FileEntry[] = []
  readonly #folders: FolderEntry[] = []
  #bytes = new Uint8Array(0)
  #length = 0
  #parsed: number
  #octets = 0

  constructor(claim: ManifestClaim) {
    this.#claim = claim
    this.#parsed = pieceCount(claim.octets) * hashSize
  }

  /** Octets that came. */
  get length(): number {
    return this.#length
  }

  /**
   * Takes the next part; nothing is to be pushed after anything but `more`.
   * `names`: a path is against the rules; `broken`: it is not what was offered; `damaged`: it has another name.
   */
  push(part: Uint8Array): Manifest | ManifestFault | 'more' {
    if (part.length === 0 || this.#length + part.length > this.#claim.manifestSize) return 'broken'
    this.#append(part)
    const fault = this.#parse()
    if (fault) return fault
    if (this.#length < this.#claim.manifestSize) return 'more'
    return this.#whole()
  }

  #parse(): 'names' | 'broken' | undefined {
    while (this.#parsed < this.#length) {
      const reader = new Reader(this.#bytes.subarray(this.#parsed, this.#length))
      const fault = this.#entry(reader)
      if (fault) return fault
      if (!reader.isSound) return undefined // the rest of it is to come
      this.#parsed += reader.at
    }
    return undefined
  }

  #entry(reader: Reader): 'names' | 'broken' | undefined {
    const kind = reader.u8()
    const mode = reader.u16()
    const octets = reader.bytes(reader.u16())
    const size = kind === 0 ? Number(reader.u64()) : 0
    if (kind > 1 || mode > 0o777) return 'broken'
    if (!reader.isSound) return undefined
    const path = readText(octets)?.text
    if (path === undefined || this.#rules.add(path, kind === 0 ? 'file' : 'folder')) return 'names'
    if (kind === 0) this.#files.push({ path, mode, size, start: this.#octets })
    else this.#folders.push({ path, mode })
    this.#octets += size
    const isMany = this.#files.length + this.#folders.length > maxEntries
    return isMany || this.#octets > this.#claim.octets ? 'broken' : undefined
  }

  #whole(): Manifest | 'damaged' | 'broken' {
    const { octets, files, folders, root, name } = this.#claim
    const isExact = this.#parsed === this.#length && this.#octets === octets
    if (!isExact || this.#files.length !== files || this.#folders.length !== folders) return 'broken'
    const bytes = this.#bytes.subarray(0, this.#length)
    if (!equal(manifestRoot(bytes), root)) return 'broken'
    if (this.#rules.name !== name) return 'damaged' // what a person accepted was something else
    return { bytes, octets: this.#octets, files: this.#files, folders: this.#folders }
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

/** A whole manifest, as it was kept on disk; `undefined` unless it is the one that is offered. */
export function decodeManifest(bytes: Uint8Array, claim: ManifestClaim): Manifest | undefined {
  if (bytes.length > maxManifest) return undefined
  const manifest = new ManifestReader(claim).push(bytes)
  return typeof manifest === 'string' ? undefined : manifest
}
