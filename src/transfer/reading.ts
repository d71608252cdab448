/**
 * What a sender does before he offers: asks what there is, holds every path to
 * the rules, and hashes all of it.
 */
import { chunkSize, maxEntries, maxManifest, maxOctets } from './limits.ts'
import { type FileEntry, type FolderEntry, type Manifest, ManifestWriter } from './manifest.ts'
import { PathRules } from './names.ts'
import { FileSupply } from './supply.ts'
import type { Failure } from './transfer.ts'
import { hashSize, PieceHasher, pieceCount } from './tree.ts'
import type { Range, SourceEntry } from './work.ts'

export class Reading {
  readonly #rules = new PathRules()
  readonly #list = new ManifestWriter()
  readonly #files: FileEntry[] = []
  readonly #folders: FolderEntry[] = []
  #octets = 0
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
    if (entry.kind === 'folder') {
      this.#folders.push({ path, mode })
      this.#list.add({ kind: 'folder', path, mode })
    } else {
      const file = { path, mode, size: entry.size, start: this.#octets }
      this.#files.push(file)
      this.#list.add({ kind: 'file', ...file })
      this.#octets += entry.size
    }
    const isLong = this.#count > maxEntries || this.#list.length > maxManifest
    return isLong || this.#octets > maxOctets ? { why: 'large' } : undefined
  }

  #hash(): Failure | undefined {
    if (this.#count === 0) return { why: 'gone' }
    const pieces = new Uint8Array(pieceCount(this.#octets) * hashSize)
    const supply = new FileSupply(this.#files, this.#octets)
    this.#state = { kind: 'hashing', supply, hasher: new PieceHasher(this.#octets, 0), pieces }
    return this.#octets === 0 ? this.#end(pieces) : undefined
  }

  get #count(): number {
    return this.#files.length + this.#folders.length
  }

  #end(pieces: Uint8Array): Failure | undefined {
    const bytes = this.#list.done(pieces)
    if (bytes.length > maxManifest) return { why: 'large' }
    const [files, folders] = [this.#files, this.#folders]
    this.#state = { kind: 'whole', manifest: { bytes, octets: this.#octets, files, folders } }
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
