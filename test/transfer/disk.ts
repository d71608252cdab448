/** A disk in memory for both sides of a transfer, which holds the machines to what they may ask of one. */
import { bytesToHex } from '@noble/hashes/utils.js'
import { sha256 } from '../../src/crypto.ts'
import type { Offer } from '../../src/transfer/offer.ts'
import type { SourceEntry, Work, WorkResult } from '../../src/transfer/work.ts'

export type Tree = ReadonlyMap<string, Uint8Array | 'folder'>

/** A tree to compare: each file's content by its SHA-256, sorted. */
export const listing = (tree: Tree): string[] =>
  [...tree]
    .map(([path, content]) => `${path} ${content === 'folder' ? content : bytesToHex(sha256(content))}`)
    .sort()

/** What a sender has: files with their content, and folders. */
export class Source {
  readonly #entries: SourceEntry[]
  readonly #files: Uint8Array[]
  #surveyed = 0
  #read = 0 // of a stream

  constructor(tree: Tree) {
    this.#entries = [...tree].map(([path, content]) =>
      content === 'folder'
        ? { kind: 'folder', path, mode: 0o4755 }
        : { kind: 'file', path, mode: 0o644, size: content.length },
    )
    this.#files = [...tree.values()].filter((content) => content !== 'folder')
  }

  /** The content of a file from now on. */
  change(file: number, content: Uint8Array): void {
    this.#files[file] = content
  }

  do(work: Work, form: Offer['form'] = 'files'): WorkResult | undefined {
    const { transfer } = work
    switch (work.kind) {
      case 'survey': {
        const entries = this.#entries.slice(this.#surveyed, this.#surveyed + 1_000)
        this.#surveyed += entries.length
        return { kind: 'surveyed', transfer, entries }
      }
      case 'read': {
        if (form === 'files')
          return {
            ...{ kind: 'read', transfer },
            octets: work.ranges.map((r) => this.#files[r.file]!.slice(r.offset, r.offset + r.size)),
          }
        const size = Math.min(work.ranges[0]!.size, this.nextSize())
        const octets = [this.#files[0]!.slice(this.#read, this.#read + size)]
        this.#read += octets[0]!.length
        return { kind: 'read', transfer, octets }
      }
      case 'abandon':
        return undefined
      default:
        throw new Error(`a sender asks for ${work.kind}`)
    }
  }

  /** How much of a stream there is at once. */
  nextSize = (): number => 100_000
}

/** What a receiver has, and whether all that was asked of it was in order. */
export class Sink {
  readonly works: Work['kind'][] = []
  readonly files: { path: string; content: Uint8Array; isEnded: boolean }[] = []
  folders: readonly string[] = []
  cursor = 0
  manifest: Uint8Array | undefined
  state: 'empty' | 'placed' | 'finished' | 'left' | 'removed' = 'empty'
  #written = 0
  readonly #chunks: Uint8Array[] = [] // of a stream
  #size = 0

  do(work: Work): WorkResult | undefined {
    const { transfer } = work
    this.works.push(work.kind)
    switch (work.kind) {
      case 'place':
        this.#place(work)
        return { kind: 'placed', transfer }
      case 'write':
        this.#write(work)
        return { kind: 'written', transfer }
      case 'keep':
        this.#in('placed')
        if (work.cursor <= this.cursor) throw new Error(`kept ${work.cursor} after ${this.cursor}`)
        this.cursor = work.cursor
        return { kind: 'kept', transfer }
      case 'finish':
        this.#in('placed')
        if (this.files.some(({ isEnded }) => !isEnded)) throw new Error('finished before its files')
        this.state = 'finished'
        return { kind: 'finished', transfer, path: '/downloads' }
      case 'abandon':
        if (this.state === 'empty' || this.state === 'left') return undefined // nothing is placed yet
        this.#in('placed')
        this.state = work.leaves === 'all' ? 'left' : 'removed'
        return undefined
      default:
        throw new Error(`a receiver asks for ${work.kind}`)
    }
  }

  /** What is there when it is finished. */
  get tree(): Tree {
    const folders = this.folders.map((path): [string, 'folder'] => [path, 'folder'])
    const files = this.files.map(({ path, content }): [string, Uint8Array] => [path, content])
    return new Map<string, Uint8Array | 'folder'>([...folders, ...files])
  }

  get stream(): Uint8Array {
    return Buffer.concat(this.#chunks)
  }

  /** All that was ever written. */
  get octets(): number {
    return this.#written
  }

  /** As another process finds it: what came after the last `keep` may be anything. */
  crash(): void {
    this.state = this.state === 'placed' ? 'left' : this.state
    let at = 0
    for (const file of this.files) {
      file.content.fill(0xee, Math.max(0, this.cursor - at))
      at += file.content.length
      file.isEnded &&= at <= this.cursor
    }
  }

  #place({ content }: Work & { kind: 'place' }): void {
    if (this.state === 'placed' || this.state === 'finished') throw new Error('placed twice')
    this.state = 'placed'
    if (content.kind === 'stream') return
    if (content.cursor > this.cursor) throw new Error('goes on behind what was kept')
    if (content.cursor > 0) {
      this.#cut(content.cursor)
      return
    }
    this.manifest = content.manifest.bytes.slice()
    this.folders = content.manifest.folders.map(({ path }) => path)
    this.files.length = 0
    for (const { path, size, mode } of content.manifest.files) {
      if (mode > 0o777) throw new Error(`mode ${mode}`)
      this.files.push({ path, content: new Uint8Array(size), isEnded: false })
    }
  }

  /** What is behind the cursor goes: where the content has a hole nothing is written over it. */
  #cut(cursor: number): void {
    let at = 0
    for (const file of this.files) {
      file.content.fill(0, Math.max(0, cursor - at))
      at += file.content.length
      if (at > cursor) file.isEnded = false
    }
  }

  #write({ parts, ended }: Work & { kind: 'write' }): void {
    this.#in('placed')
    for (const { file, offset, octets } of parts) {
      this.#written += octets.length
      if (octets.length === 0) throw new Error('an empty part')
      if (this.files.length === 0) this.#append(offset, octets)
      else {
        const at = this.files[file]
        if (!at || at.isEnded) throw new Error(`writes to file ${file}`)
        if (offset + octets.length > at.content.length) throw new Error('writes behind the end')
        at.content.set(octets, offset)
      }
    }
    for (const file of ended) {
      if (this.files[file]?.isEnded !== false) throw new Error(`ends file ${file} twice`)
      this.files[file].isEnded = true
    }
  }

  #append(offset: number, octets: Uint8Array): void {
    if (offset !== this.#size) throw new Error(`writes a stream at ${offset}`)
    this.#chunks.push(octets.slice())
    this.#size += octets.length
  }

  #in(state: Sink['state']): void {
    if (this.state !== state) throw new Error(`asked while ${this.state}`)
  }
}
