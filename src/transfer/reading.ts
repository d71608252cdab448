/**
 * What a sender does before he offers: asks what there is, holds every path to
 * the rules, and hashes all of it.
 */
import { chunkSize, maxEntries, maxManifest, maxOctets } from './limits.ts'
import { encodeManifest, entrySize, type FileEntry, type Manifest, type ManifestEntry } from './manifest.ts'
import { PathRules } from './names.ts'
import { FileSupply } from './supply.ts'
import type { Failure } from './transfer.ts'
import { hashSize, PieceHasher, pieceCount } from './tree.ts'
import type { Range, SourceEntry } from './work.ts'

export class Reading {
  readonly #rules = new PathRules()
  readonly #entries: ManifestEntry[] = []
  readonly #files: FileEntry[] = []
  #octets = 0
  #size = 0 // of the entries in the manifest
  #state: { readonly kind: 'surveying' } | { readonly kind: 'asked' } | Hashing | Whole = {
    kind: 'surveying',
  }

  /** Octets hashed. */
  get octets(): number {
    return this.#state.kind === 'hashing' ? this.#state.hasher.position : 0
  }

  /** Of so many, once that is known. */
  get of(): number | undefined {
    return this.#state.kind === 'hashing' ? this.#octets : undefined
  }

  get manifest(): Manifest | undefined {
    return this.#state.kind === 'whole' ? this.#state.manifest : undefined
  }

  /** What it is called in an offer. */
  get name(): string {
    return this.#rules.name
  }

  get files(): readonly FileEntry[] {
    return this.#files
  }

  /** There is something to `ask` for. */
  get isHungry(): boolean {
    return this.#state.kind === 'hashing' ? this.#state.supply.isHungry : this.#state.kind === 'surveying'
  }

  /** What the disk is to do next, the next entries or octets; only if it is hungry. */
  ask(): 'survey' | readonly Range[] {
    if (this.#state.kind === 'hashing') return this.#state.supply.ask()
    this.#state = { kind: 'asked' }
    return 'survey'
  }

  surveyed(entries: readonly SourceEntry[]): Failure | undefined {
    this.#state = { kind: 'surveying' }
    for (const entry of entries) {
      const fault = this.#add(entry)
      if (fault) return fault
    }
    return entries.length === 0 ? this.#hash() : undefined
  }

  filled(octets: readonly Uint8Array[]): Failure | undefined {
    if (this.#state.kind !== 'hashing') return undefined
    const { supply, hasher, pieces } = this.#state
    const file = supply.filled(octets)
    if (file !== undefined) return { why: 'changed', path: this.#files[file]!.path }
    while (supply.isReady)
      for (const part of supply.take(chunkSize))
        for (const { piece, hash } of hasher.push(part)) pieces.set(hash, piece * hashSize)
    return hasher.position === this.#octets ? this.#end(pieces) : undefined
  }

  /** Names are sent in NFC, whatever form the disk has them in. */
  #add(entry: SourceEntry): Failure | undefined {
    const path = entry.path.normalize('NFC')
    const rule = this.#rules.add(path, entry.kind)
    if (rule) return { why: 'names', path, rule }
    const mode = entry.mode & 0o777
    if (entry.kind === 'folder') this.#entries.push({ kind: 'folder', path, mode })
    else {
      const file = { path, mode, size: entry.size, start: this.#octets }
      this.#entries.push({ kind: 'file', ...file })
      this.#files.push(file)
      this.#octets += entry.size
    }
    this.#size += entrySize(path)
    const isLarge = this.#entries.length > maxEntries || this.#size > maxManifest || this.#octets > maxOctets
    return isLarge ? { why: 'large' } : undefined
  }

  #hash(): Failure | undefined {
    if (this.#entries.length === 0) return { why: 'gone' }
    const pieces = new Uint8Array(pieceCount(this.#octets) * hashSize)
    const supply = new FileSupply(this.#files, this.#octets)
    this.#state = { kind: 'hashing', supply, hasher: new PieceHasher(this.#octets, 0), pieces }
    return this.#octets === 0 ? this.#end(pieces) : undefined
  }

  #end(pieces: Uint8Array): Failure | undefined {
    const bytes = encodeManifest(pieces, this.#entries)
    if (bytes.length > maxManifest) return { why: 'large' }
    const folders = this.#entries.filter((entry) => entry.kind === 'folder')
    this.#state = { kind: 'whole', manifest: { bytes, octets: this.#octets, files: this.#files, folders } }
    return undefined
  }
}

interface Hashing {
  readonly kind: 'hashing'
  readonly supply: FileSupply
  readonly hasher: PieceHasher
  readonly pieces: Uint8Array // their hashes
}

interface Whole {
  readonly kind: 'whole'
  readonly manifest: Manifest
}
