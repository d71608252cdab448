/**
 * What is received, on this disk: first in a folder of our own beside where it
 * is to be (`.otrtalk-….part`), where nothing but what we make has a name; when
 * all is there and synced it is moved to its place, never over anything.
 *
 *     manifest   as it was offered: what else came is of no use without
 *     cursor     octets of the content that are synced: what a resume begins behind
 *     data/      the files and folders
 */
import { constants } from 'node:fs'
import { chmod, type FileHandle, lstat, mkdir, open, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { bytesToHex } from '@noble/hashes/utils.js'
import { sha256 } from '../../crypto.ts'
import { UserError } from '../../error.ts'
import type { FileEntry, Manifest } from '../../transfer/manifest.ts'
import type { Finished, Part, Renamed } from '../../transfer/work.ts'
import { codeOf, diskFault, readWhole, syncFolder, writeWhole } from '../store.ts'
import { atFile } from './faults.ts'
import { isOwn, isPart, removePart } from './parts.ts'
import { modeHere, settle } from './settle.ts'

export interface SinkOptions {
  /** A folder of the user's, that is there. */
  readonly into: string
  /** Of the part folder: `partName`. */
  readonly part: string
}

export class Sink {
  /** Where it is received: nobody else may receive there meanwhile. */
  readonly folder: string
  readonly #into: string
  readonly #data: string
  /** Written since the last sync; those that have ended are closed then. */
  readonly #open = new Map<number, { readonly handle: FileHandle; hasEnded: boolean }>()
  #manifest: Manifest | undefined
  #isLeft = false // nobody waits for what is done
  #cursor = 0 // where it began: files from here on may be there in part, if a former process left them

  constructor({ into, part }: SinkOptions) {
    this.#into = into
    this.folder = join(into, part)
    this.#data = join(this.folder, 'data')
  }

  /** What a former process left of it: all octets before the cursor are there. */
  async kept(most: number): Promise<{ readonly manifest: Uint8Array; readonly cursor: number } | undefined> {
    if (!(await isOurs(this.folder))) return undefined
    const manifest = await readWhole(join(this.folder, 'manifest'), most)
    const cursor = await readWhole(join(this.folder, 'cursor'), longestCursor)
    const octets = cursor && Number(new TextDecoder().decode(cursor))
    return manifest && octets !== undefined && Number.isSafeInteger(octets) && octets >= 0
      ? { manifest, cursor: octets }
      : undefined
  }

  /** How much of what is before the cursor is still there: whoever removes a part of it has to receive it again. */
  async sound(manifest: Manifest, cursor: number): Promise<number> {
    for (const file of manifest.files) {
      if (file.start >= cursor) break
      const size = await sizeOf(join(this.#data, file.path))
      if (size === undefined || size < Math.min(file.size, cursor - file.start)) return file.start
    }
    return cursor
  }

  /** @param cursor - 0, or where a former process stood */
  async place(manifest: Manifest, cursor: number): Promise<void> {
    this.#manifest = manifest
    this.#cursor = cursor
    try {
      if (cursor === 0) await this.#begin(manifest)
      for (const { path } of manifest.folders) {
        this.#requireWanted()
        await makeOne(join(this.#data, path))
      }
    } catch (error) {
      throw diskFault(error, `cannot write in ${this.#into}`)
    }
    const at = manifest.files.findIndex((file) => cursor > file.start && cursor < file.start + file.size)
    if (at >= 0) await this.#handleOf(at)
  }

  /** @param ended - files all of which is there with these parts */
  async write(parts: readonly Part[], ended: readonly number[]): Promise<void> {
    const byFile = new Map<number, Part[]>(ended.map((file) => [file, []]))
    for (const part of parts) byFile.set(part.file, [...(byFile.get(part.file) ?? []), part])
    const ends = new Set(ended)
    const files = [...byFile]
    for (let i = 0; i < files.length; i += mostOpen) {
      const some = files.slice(i, i + mostOpen)
      await Promise.all(some.map(([file, parts]) => atFile(file, this.#writeTo(file, parts, ends.has(file)))))
      if (this.#open.size >= mostOpen) await this.#sync()
    }
  }

  /** What was written is on the disk, and then that it is. */
  async keep(cursor: number): Promise<void> {
    const at = this.#files.findIndex((file) => cursor > file.start && cursor < file.start + file.size)
    if (at >= 0) await this.#reach(at, cursor - this.#files[at]!.start)
    await this.#sync()
    await writeWhole(join(this.folder, 'cursor'), new TextEncoder().encode(`${cursor}`))
  }

  /** All is there. @returns where */
  async finish(): Promise<Finished> {
    const { files, folders } = this.#placed
    await this.#sync()
    try {
      for (const { path } of folders) {
        this.#requireWanted()
        await syncFolder(join(this.#data, path))
      }
      const tops = [
        ...folders.filter(isTop).map(({ path }) => ({ path, kind: 'folder' as const })),
        ...files.filter(isTop).map(({ path }) => ({ path, kind: 'file' as const })),
      ]
      // While nobody else can put a link where they are.
      for (const { path, mode } of folders) await chmod(join(this.#data, path), modeHere('folder', mode))
      const [paths, renamed]: [string[], Renamed[]] = [[], []]
      for (const { kind, path: name } of tops) {
        const to = { into: this.#into, name: shownName(name), kind }
        const path = await settle(join(this.#data, name), to)
        paths.push(path)
        if (basename(path) !== name && renamed.length < mostRenamed)
          renamed.push({ name, as: basename(path) })
      }
      await syncFolder(this.#into)
      await rm(this.folder, { recursive: true, force: true })
      if (paths.length === 1) return { path: paths[0]! }
      return { path: this.#into, ...(renamed.length > 0 && { renamed }) }
    } catch (error) {
      throw diskFault(error, `cannot write in ${this.#into}`)
    }
  }

  /** It will be abandoned: a million folders are not waited for. */
  leave(): void {
    this.#isLeft = true
  }

  /** @param leaves - `all`: for a resume */
  async abandon(leaves: 'all' | 'nothing'): Promise<void> {
    const handles = [...this.#open.values()]
    this.#open.clear()
    for (const { handle } of handles) await handle.close()
    if (leaves === 'nothing' && this.#manifest) await removePart(this.folder, () => false)
  }

  get #placed(): Manifest {
    if (!this.#manifest) throw new Error('a sink is written before it is placed')
    return this.#manifest
  }

  get #files(): readonly FileEntry[] {
    return this.#placed.files
  }

  async #begin({ bytes }: Manifest): Promise<void> {
    if (await isOurs(this.folder)) await rm(this.folder, { recursive: true })
    await mkdir(this.folder, 0o700)
    await mkdir(this.#data, 0o700)
    await writeWhole(join(this.folder, 'manifest'), bytes)
    await syncFolder(this.#into)
  }

  async #writeTo(file: number, parts: readonly Part[], hasEnded: boolean): Promise<void> {
    const { path, size, mode } = this.#entryOf(file)
    try {
      const open = await this.#handleOf(file)
      for (const run of runsOf(parts)) await writeAll(open.handle, run)
      if (!hasEnded) return
      const last = parts.at(-1)
      if (!last || last.offset + last.octets.length < size) await open.handle.truncate(size)
      const wanted = modeHere('file', mode)
      if (wanted !== (wanted | 0o600)) await open.handle.chmod(wanted)
      open.hasEnded = true
    } catch (error) {
      throw diskFault(error, `cannot write ${join(this.#into, path)}`)
    }
  }

  /** A file that ends in a hole so far has its length on the disk, too. */
  async #reach(file: number, size: number): Promise<void> {
    const { handle } = await this.#handleOf(file)
    if ((await handle.stat()).size < size) await handle.truncate(size)
  }

  async #handleOf(file: number): Promise<{ readonly handle: FileHandle; hasEnded: boolean }> {
    const known = this.#open.get(file)
    if (known) return known
    const { path, mode, start } = this.#entryOf(file)
    const at = join(this.#data, path)
    const before = Math.max(0, this.#cursor - start)
    const handle =
      (await openNew(at, modeHere('file', mode) | 0o600)) ??
      (this.#cursor > 0 ? await openAgain(at, before) : undefined)
    if (!handle) throw clash(at)
    const open = { handle, hasEnded: false }
    this.#open.set(file, open)
    return open
  }

  #requireWanted(): void {
    if (this.#isLeft) throw new UserError('it was left')
  }

  #entryOf(file: number): FileEntry {
    const entry = this.#files[file]
    if (!entry) throw new RangeError(`file ${file} of ${this.#files.length} is written`)
    return entry
  }

  async #sync(): Promise<void> {
    try {
      await Promise.all(
        [...this.#open].map(async ([file, { handle, hasEnded }]) => {
          await handle.datasync()
          if (!hasEnded) return
          this.#open.delete(file)
          await handle.close()
        }),
      )
    } catch (error) {
      throw diskFault(error, `cannot write in ${this.#into}`)
    }
  }
}

/** `undefined`: something has the name. */
async function openNew(path: string, mode: number): Promise<FileHandle | undefined> {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
  try {
    return await open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return undefined
    throw error
  }
}

/** A former process wrote it: what is behind its cursor was never verified. A link is not followed. */
async function openAgain(path: string, size: number): Promise<FileHandle> {
  const { O_WRONLY, O_NOFOLLOW, O_NONBLOCK } = constants
  const handle = await open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK)
  const stats = await handle.stat()
  if (!stats.isFile() || stats.nlink > 1) {
    await handle.close()
    throw clash(path)
  }
  await handle.truncate(size)
  return handle
}

const clash = (path: string): UserError =>
  new UserError(`something else has the name ${path}`, {
    hint: 'two of the names may be the same to this disk: see docs/Tutorial.md, “Files”',
  })

/** Octets that lie side by side in a file, in parts. */
interface Run {
  readonly offset: number
  readonly parts: Uint8Array[]
  size: number
}

/** Parts without a hole between them are one run: a trip to the disk's thread costs more than what it writes. */
function runsOf(parts: readonly Part[]): readonly Run[] {
  const runs: Run[] = []
  for (const { offset, octets } of parts) {
    const last = runs.at(-1)
    if (last && last.offset + last.size === offset) {
      last.parts.push(octets)
      last.size += octets.length
    } else runs.push({ offset, parts: [octets], size: octets.length })
  }
  return runs
}

async function writeAll(handle: FileHandle, { offset, parts, size }: Run): Promise<void> {
  let { bytesWritten: done } = await handle.writev(parts, offset)
  if (done === size) return
  const whole = Buffer.concat(parts) // the disk is nearly full: the rest shows whether it is
  while (done < size) done += (await handle.write(whole, done, size - done, offset + done)).bytesWritten
}

async function makeOne(path: string): Promise<void> {
  try {
    await mkdir(path, 0o700)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST' || !(await lstat(path)).isDirectory()) throw error
  }
}

/** Nobody else has made the folder, and nobody else can write in it; nothing else of ours is in it. */
async function isOurs(path: string): Promise<boolean> {
  const stats = await lstat(path).catch(() => undefined)
  if (!stats) return false
  if (!isOwn(stats) || !(await isPart(path)))
    throw new UserError(`${path} is no folder of otrtalk’s own`, {
      hint: 'remove it, or choose another folder',
    })
  return true
}

const sizeOf = (path: string): Promise<number | undefined> =>
  lstat(path).then(
    (stats) => (stats.isFile() ? stats.size : undefined),
    () => undefined,
  )

/** What is of the same sender and the same content goes on where it stopped. @param fingerprint - of the sender, hex */
export const partName = (fingerprint: string, root: Uint8Array): string =>
  `.otrtalk-${bytesToHex(sha256(new TextEncoder().encode(fingerprint), root)).slice(0, 16)}.part`

/**
 * A name that programs look for, such as `.profile`, is not taken as it is: what a buddy sends shall be in nobody's
 * way before it was looked at. What is in a folder keeps its name.
 */
const shownName = (name: string): string => name.replace(/^\./u, '_')

const isTop = ({ path }: { readonly path: string }): boolean => !path.includes('/')

const longestCursor = 32 // octets
const mostRenamed = 100 // that are told
const mostOpen = 64 // files: the system allows a process 256 at least
