/**
 * A sealed log (src/profile/sealedlog.ts) as a file. What was appended survives
 * the end of the process at once, and that of the system when `synced`. Only
 * with the profile's lock; reading alone needs none.
 */
import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { randomBytes } from '../../crypto.ts'
import { UserError } from '../../error.ts'
import { beginLog, type Chain, type ReadLog, readLog, sizeOf } from '../../profile/sealedlog.ts'
import { codeOf, diskFault, readWhole } from '../store.ts'
import { type Disk, disk as realDisk } from './disk.ts'

export interface LogOptions {
  /** The profile's record keys, the one to write with first; others open logs that are then written anew. */
  readonly recordKeys: readonly Uint8Array[]
  /** What the log is for. */
  readonly label: string
  /** Octets; a longer file is refused, and so is what would make it longer. */
  readonly most?: number
  /** For tests. */
  readonly disk?: Disk
}

export interface OpenedLog {
  readonly records: readonly Uint8Array[]
  readonly log: LogFile
  /** To be told: a part of the file could not be read. `records` are what stood before it; the file is kept aside. */
  readonly fault: UserError | undefined
}

/** The records of a log that another process may be writing; none if there is no file. */
export async function readLogFile(
  path: string,
  { recordKeys, label, most = mostByDefault }: LogOptions,
): Promise<{ readonly records: readonly Uint8Array[]; readonly fault: UserError | undefined }> {
  const file = await readWhole(path, most)
  if (!file) return { records: [], fault: undefined }
  const read = readLog(file, { recordKeys, label })
  const end = endOf(read, path)
  if (read.kind === 'read') read.chain.wipe()
  const fault = end === 'damaged' ? new UserError(`${path}, or its end, cannot be read`) : undefined
  return { records: read.kind === 'read' ? read.records : [], fault }
}

export class LogFile implements AsyncDisposable {
  readonly path: string
  readonly #disk: Disk
  readonly #label: string
  readonly #most: number
  #recordKey: Uint8Array
  #at: At
  /** Records that were appended, and how many of them are safe. */
  #appended = 0
  #safe = 0
  #syncing: { readonly upTo: number; readonly done: Promise<void> } | undefined
  #nextSync: Promise<void> | undefined
  #rewriting: Promise<void> = Promise.resolve()
  /** Until the file that is written anew has the name, or never will. */
  #replacing: Promise<void> = Promise.resolve()
  /** Appended while the log is being written anew. */
  #meanwhile: Uint8Array[] | undefined
  /** After a sync that failed nobody knows what is on the disk. */
  #fault: unknown
  #isClosed = false

  private constructor(path: string, at: At, { recordKeys, label, most, disk }: Required<LogOptions>) {
    this.path = path
    this.#at = at
    this.#recordKey = recordKeys[0]!
    this.#label = label
    this.#most = most
    this.#disk = disk
  }

  /** Makes the file if there is none; its folder must be there. */
  static async open(path: string, options: LogOptions): Promise<OpenedLog> {
    const all = { most: mostByDefault, disk: realDisk, ...options }
    const file = await readWhole(path, all.most)
    const read = file && readLog(file, options)
    try {
      all.disk.remove(temporaryOf(path)) // of a process that died
      if (read?.kind === 'read' && read.recordKey === all.recordKeys[0] && read.end !== 'damaged')
        return {
          records: read.records,
          log: new LogFile(path, resume(path, read, all), all),
          fault: undefined,
        }
      const records = read?.kind === 'read' ? read.records : []
      const fault = read && endOf(read, path) === 'damaged' ? setAside(path, all.disk) : undefined
      const at = await writeAnew(path, records, all)
      swap(path, at, { disk: all.disk, more: [] })
      await all.disk.syncFolder(dirname(path))
      return { records, log: new LogFile(path, at, all), fault }
    } catch (error) {
      throw diskFault(error, `cannot write ${path}`)
    }
  }

  get isOpen(): boolean {
    return !this.#isClosed
  }

  /** Octets of the file. */
  get size(): number {
    return this.#at.size
  }

  /** The record is in the file when this returns. @throws UserError if it cannot be; the file is then as it was */
  append(record: Uint8Array): void {
    if (this.#fault !== undefined) throw this.#fault
    if (this.#at.size + sizeOf(record) > this.#most) throw full(this.path, this.#most)
    try {
      put(this.#at, record, this.#disk)
    } catch (error) {
      throw diskFault(error, `cannot write ${this.path}`)
    }
    this.#meanwhile?.push(record)
    this.#appended++
  }

  /** What was appended so far is on the disk. One sync runs at a time, for all that was appended before it. */
  synced(): Promise<void> {
    if (this.#fault !== undefined) return Promise.reject(this.#fault)
    if (this.#safe === this.#appended) return Promise.resolve()
    if (!this.#syncing) {
      this.#syncing = { upTo: this.#appended, done: this.#sync(this.#appended) }
      return this.#syncing.done
    }
    if (this.#syncing.upTo === this.#appended) return this.#syncing.done
    this.#nextSync ??= this.#syncing.done.then(() => {
      this.#nextSync = undefined
      return this.synced()
    })
    return this.#nextSync
  }

  /**
   * Writes the file anew, with these records only, under a new id and so a new key: what is left out is gone from
   * the file, and no key of it is left. Records that are appended meanwhile stand behind.
   *
   * @param records - asked for when it begins, which is after one that runs already
   * @param recordKey - from here on; the one of now by default
   */
  rewrite(records: () => Iterable<Uint8Array>, recordKey?: Uint8Array): Promise<void> {
    const rewritten = this.#rewriting.then(() => this.#rewrite([...records()], recordKey ?? this.#recordKey))
    this.#rewriting = rewritten.catch(() => {}) // told to who asked; the next one begins anew
    return rewritten
  }

  /** Writes the same records anew under another record key. */
  rekey(recordKey: Uint8Array): Promise<void> {
    return this.rewrite(() => this.records(), recordKey)
  }

  /** Waits for what is being written. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#rewriting
    await this.#syncing?.done.catch(() => {})
    if (this.#isClosed) return
    this.#isClosed = true
    this.#fault = new Error('a log is used after it was closed')
    end(this.#at, this.#disk)
  }

  /** As they are in the file. */
  records(): readonly Uint8Array[] {
    const read = readLog(readFileSync(this.path), { recordKeys: [this.#recordKey], label: this.#label })
    if (read.kind !== 'read' || read.end === 'damaged') throw new UserError(`${this.path} is damaged`)
    read.chain.wipe()
    return read.records
  }

  async #sync(upTo: number): Promise<void> {
    try {
      // That a file is on the disk says nothing of the one that took its place meanwhile.
      for (let at: At | undefined; at !== this.#at; ) {
        at = this.#at
        await at.isNamed
        await this.#disk.sync(at.file)
        await this.#replacing // by one that has what was appended meanwhile, and perhaps not on the disk yet
      }
      this.#safe = Math.max(this.#safe, upTo)
    } catch (error) {
      this.#fault = diskFault(error, `cannot write ${this.path}`)
      throw this.#fault
    } finally {
      this.#syncing = undefined
    }
  }

  async #rewrite(records: readonly Uint8Array[], recordKey: Uint8Array): Promise<void> {
    const former = this.#at
    const replaced = this.#replace(records, recordKey)
    this.#replacing = replaced.catch(() => {}) // told to who asked
    try {
      await replaced
    } finally {
      await this.#syncing?.done.catch(() => {}) // it may have the former file
      if (this.#at !== former) end(former, this.#disk)
    }
  }

  async #replace(records: readonly Uint8Array[], recordKey: Uint8Array): Promise<void> {
    const upTo = this.#appended
    this.#meanwhile = []
    try {
      const options = { recordKeys: [recordKey], label: this.#label, disk: this.#disk }
      const at = await writeAnew(this.path, records, options)
      swap(this.path, at, { disk: this.#disk, more: this.#meanwhile })
      at.isNamed = this.#disk.syncFolder(dirname(this.path))
      this.#at = at
      this.#recordKey = recordKey
      this.#fault = undefined
      await at.isNamed
      this.#safe = Math.max(this.#safe, upTo)
    } catch (error) {
      throw diskFault(error, `cannot write ${this.path}`)
    } finally {
      this.#meanwhile = undefined
    }
  }
}

/** Where a log is being written. */
interface At {
  readonly file: number
  readonly chain: Chain
  size: number
  /** A write failed and so did taking it back: the file is longer than `size`. */
  isTorn: boolean
  /** The file's name is on the disk. */
  isNamed: Promise<void>
}

/** Goes on behind the last sound record; a torn one is cut off. */
function resume(path: string, read: Extract<ReadLog, { kind: 'read' }>, { disk }: Required<LogOptions>): At {
  const { chain, size } = read
  const at = { file: disk.open(path, 'existing'), chain, size, isTorn: false, isNamed: Promise.resolve() }
  if (read.end === 'torn') takeBack(at, disk)
  return at
}

type Anew = Pick<Required<LogOptions>, 'recordKeys' | 'label' | 'disk'>

/** Under a temporary name, and on the disk. */
async function writeAnew(
  path: string,
  records: readonly Uint8Array[],
  { recordKeys, label, disk }: Anew,
): Promise<At> {
  const { head, chain } = beginLog({ recordKey: recordKeys[0]!, label }, randomBytes)
  disk.remove(temporaryOf(path)) // of a process that died
  const at: At = {
    ...{ file: disk.open(temporaryOf(path), 'new'), chain, size: 0 },
    ...{ isTorn: false, isNamed: Promise.resolve() },
  }
  try {
    await putLater(at, [head], disk)
    for (let i = 0; i < records.length; i += batch) {
      const sealed = records.slice(i, i + batch).map((record) => {
        const octets = chain.seal(record, randomBytes)
        chain.follow(octets)
        return octets
      })
      await putLater(at, sealed, disk)
    }
    await disk.sync(at.file)
    return at
  } catch (error) {
    end(at, disk)
    disk.remove(temporaryOf(path))
    throw error
  }
}

async function putLater(at: At, parts: readonly Uint8Array[], disk: Disk): Promise<void> {
  const octets = Buffer.concat(parts)
  for (let done = 0; done < octets.length; ) done += await disk.appendLater(at.file, octets.subarray(done))
  at.size += octets.length
}

/** Writes all of the record or nothing. */
function put(at: At, record: Uint8Array, disk: Disk): void {
  if (at.isTorn) disk.truncate(at.file, at.size)
  at.isTorn = false
  const octets = at.chain.seal(record, randomBytes)
  try {
    for (let done = 0; done < octets.length; ) done += disk.append(at.file, octets.subarray(done))
  } catch (error) {
    takeBack(at, disk)
    throw error
  }
  at.chain.follow(octets)
  at.size += octets.length
}

function takeBack(at: At, disk: Disk): void {
  at.isTorn = true
  try {
    disk.truncate(at.file, at.size)
    at.isTorn = false
  } catch {} // tried again before the next record; the first fault is the one to tell
}

interface Swap {
  readonly disk: Disk
  /** Records that stand behind those that are written. */
  readonly more: readonly Uint8Array[]
}

/** The temporary file takes the log's name. */
function swap(path: string, at: At, { disk, more }: Swap): void {
  try {
    for (const record of more) put(at, record, disk)
    disk.rename(temporaryOf(path), path)
  } catch (error) {
    end(at, disk)
    disk.remove(temporaryOf(path))
    throw error
  }
}

function end({ file, chain }: At, disk: Disk): void {
  disk.close(file)
  chain.wipe()
}

/** How a log ends that is to be read. @throws UserError if a newer program wrote it */
function endOf(read: ReadLog, path: string): 'whole' | 'torn' | 'damaged' {
  if (read.kind === 'read') return read.end
  if (read.why === 'foreign') return 'damaged'
  throw new UserError(`${path} was written by a newer otrtalk`, { hint: 'update otrtalk' })
}

/** Nothing that cannot be read is thrown away. */
function setAside(path: string, disk: Disk): UserError {
  for (let i = 1; ; i++) {
    const aside = `${path}${damagedMark}${i === 1 ? '' : i}`
    try {
      disk.link(path, aside)
      return new UserError(`a part of ${path} is damaged; what could be read is kept`, {
        hint: `the file as it was is ${aside}: remove it when you do not need it`,
      })
    } catch (error) {
      if (codeOf(error) === 'EEXIST') continue
      throw error
    }
  }
}

const full = (path: string, most: number): UserError =>
  new UserError(`${path} would be longer than ${Math.floor(most / 2 ** 20)} MiB: nothing more is kept in it`)

/** Beside the log while it is written anew. */
export const temporaryOf = (path: string): string => `${path}.new`

/** Behind the name of a log that could not be read whole, perhaps with a number. */
export const damagedMark = '.damaged'

const batch = 64 // records sealed at once: a millisecond
const mostByDefault = 64 * 1024 * 1024 // read whole into memory
