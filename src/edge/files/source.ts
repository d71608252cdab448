/**
 * Files and folders that are sent, as they are on this disk: looked at once,
 * then read, perhaps twice. What is another than it was when it was looked at
 * is refused: the receiver would find that it is not what was offered.
 */
import { constants, readlinkSync } from 'node:fs'
import { type FileHandle, open, realpath } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Range, SourceEntry } from '../../transfer/work.ts'
import { codeOf, diskFault } from '../store.ts'
import { atFile, Changed } from './faults.ts'
import { isSameMark, type Mark, markOf, type Place, type Skipped, type Walked, walk } from './walk.ts'

export interface SourceOptions {
  readonly paths: readonly string[]
  /** On the way to a path; `none`: it had none, and is not sent if it has by now. */
  readonly links?: 'followed' | 'none'
  /** Of what is left out. */
  readonly onSkipped: (path: string, why: Skipped) => void
}

export class Source implements AsyncDisposable {
  readonly #options: SourceOptions
  readonly #walk: AsyncGenerator<Walked>
  readonly #files: { readonly at: string; readonly mark: Mark }[] = []
  #latest: { readonly file: number; readonly handle: FileHandle } | undefined

  constructor(options: SourceOptions) {
    this.#options = options
    this.#walk = walk(options.paths, options)
  }

  /** The next ones; none: there are no more. @throws UserError that names what cannot be read */
  async survey(): Promise<readonly SourceEntry[]> {
    const entries: SourceEntry[] = []
    while (entries.length < mostEntries) {
      const { value, done } = await this.#walk.next()
      if (done) break
      const { kind, place } = value
      if (kind === 'skipped') this.#options.onSkipped(place.path, value.why)
      else if (kind === 'folder') entries.push({ kind, path: place.path, mode: value.mode })
      else entries.push(this.#file(place, value))
    }
    return entries
  }

  /** @throws Changed, or a UserError that names what cannot be read */
  async read(ranges: readonly Range[]): Promise<readonly Uint8Array[]> {
    const [first, ...others] = ranges
    if (first && others.length === 0) return [await atFile(first.file, this.#readFrom(first))]
    return await Promise.all(ranges.map((range) => atFile(range.file, this.#readAlone(range))))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#walk.return(undefined)
    await this.#close()
  }

  #file({ at, path }: Place, { mode, mark }: Walked & { kind: 'file' }): SourceEntry {
    this.#files.push({ at, mark })
    return { kind: 'file', path, mode, size: mark.size }
  }

  /** One range after another of the same file: it stays open. */
  async #readFrom(range: Range): Promise<Uint8Array> {
    const { at, mark } = this.#fileOf(range)
    if (this.#latest?.file !== range.file) {
      await this.#close()
      this.#latest = { file: range.file, handle: await opened(at, mark) }
    }
    const { handle } = this.#latest
    const octets = await readAll(handle, range, at)
    await confirm(handle, mark, at)
    if (range.offset + range.size === mark.size) await this.#close()
    return octets
  }

  async #readAlone(range: Range): Promise<Uint8Array> {
    const { at, mark } = this.#fileOf(range)
    await using handle = await opened(at, mark)
    const octets = await readAll(handle, range, at)
    await confirm(handle, mark, at)
    return octets
  }

  #fileOf({ file }: Range): { readonly at: string; readonly mark: Mark } {
    const found = this.#files[file]
    if (!found) throw new RangeError(`file ${file} of ${this.#files.length} is read`)
    return found
  }

  async #close(): Promise<void> {
    const { handle } = this.#latest ?? {}
    this.#latest = undefined
    await handle?.close()
  }
}

/** Nobody's link is followed, and no pipe that took its place is waited for. */
async function opened(at: string, mark: Mark): Promise<FileHandle> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants
  let handle: FileHandle | undefined
  try {
    handle = await open(at, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
    await confirm(handle, mark, at)
    if (!(await isAt(handle, at))) throw new Changed(at)
    return handle
  } catch (error) {
    await handle?.close()
    throw Changed.ifGone(error, at) ?? diskFault(error, `cannot read ${at}`)
  }
}

/**
 * It is where it was looked for: since then, or before, somebody who may write in a folder on the way may have put a
 * link there. Linux knows of each open file where it is; elsewhere the folder is asked where it is itself.
 */
async function isAt(handle: FileHandle, at: string): Promise<boolean> {
  try {
    return readlinkSync(`/proc/self/fd/${handle.fd}`) === at
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    return folded(await realpath(dirname(at))) === folded(dirname(at))
  }
}

/** As disks compare names that take one for the other. */
const folded = (path: string): string => path.normalize('NFC').toLowerCase()

async function confirm(handle: FileHandle, mark: Mark, at: string): Promise<void> {
  if (!isSameMark(markOf(await handle.stat()), mark)) throw new Changed(at)
}

async function readAll(handle: FileHandle, { offset, size }: Range, at: string): Promise<Uint8Array> {
  const octets = new Uint8Array(size)
  try {
    for (let done = 0; done < size; ) {
      const { bytesRead } = await handle.read(octets, done, size - done, offset + done)
      if (bytesRead === 0) throw new Changed(at)
      done += bytesRead
    }
  } catch (error) {
    throw diskFault(error, `cannot read ${at}`)
  }
  return octets
}

const mostEntries = 1_000 // of one answer
