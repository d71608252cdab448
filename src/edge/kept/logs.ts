/** The sealed logs in a profile's folder: which there are, those that are open, and their change to another key. */
import { readdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { UserError } from '../../error.ts'
import { codeOf, diskFault, makeFolder, syncFolder } from '../store.ts'
import { damagedMark, LogFile, type LogOptions, type OpenedLog, temporaryOf } from './logfile.ts'

/** Below the profile's folder: what waits for delivery; files under way; what was said with one buddy. */
export type LogName = 'mail' | 'transfers' | `history/${string}`

export class Logs implements AsyncDisposable {
  readonly #folder: string
  readonly #open = new Map<LogName, LogFile>()

  /** @param folder - the profile's */
  constructor(folder: string) {
    this.#folder = folder
  }

  /** Each log is open once at a time. @param recordKeys - of the profile, the newest first */
  async open(name: LogName, recordKeys: readonly Uint8Array[], more: MoreOptions = {}): Promise<OpenedLog> {
    if (this.#open.get(name)?.isOpen) throw new Error('a log is opened twice')
    if (labelOf(name) === 'history') await makeFolder(join(this.#folder, historyFolder))
    const opened = await LogFile.open(join(this.#folder, name), { ...more, recordKeys, label: labelOf(name) })
    this.#open.set(name, opened.log)
    return opened
  }

  /** Removes the log with all that was set aside of it: no key that is left opens what a disk may still hold of it. */
  async remove(name: LogName): Promise<void> {
    const path = join(this.#folder, name)
    await this.#open.get(name)?.[Symbol.asyncDispose]()
    this.#open.delete(name)
    try {
      for (const other of await this.#files((found) => found.startsWith(`${name}${damagedMark}`)))
        await rm(join(this.#folder, other), { force: true })
      for (const gone of [temporaryOf(path), path]) await rm(gone, { force: true })
      await syncFolder(dirname(path))
    } catch (error) {
      throw diskFault(error, `cannot remove ${path}`)
    }
  }

  /**
   * Brings all logs under the first of the keys. What was set aside as damaged before is removed, as no key that is
   * left opens it.
   *
   * @returns what is to be told: logs that are damaged, too
   */
  async rekey(recordKeys: readonly [Uint8Array, ...Uint8Array[]]): Promise<readonly UserError[]> {
    const leftovers = await this.#files((name) => name.includes(damagedMark))
    const faults: UserError[] = []
    for (const name of await this.#files(isLogName)) {
      const own = this.#open.get(name)
      if (own?.isOpen) await own.rekey(recordKeys[0])
      else {
        const { log, fault } = await LogFile.open(join(this.#folder, name), {
          recordKeys,
          label: labelOf(name),
        })
        await log[Symbol.asyncDispose]()
        if (fault) faults.push(fault)
      }
    }
    for (const name of leftovers) await rm(join(this.#folder, name), { force: true })
    return faults
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const log of this.#open.values()) await log[Symbol.asyncDispose]()
  }

  async #files<Name extends string>(isWanted: (name: string) => name is Name): Promise<Name[]>
  async #files(isWanted: (name: string) => boolean): Promise<string[]>
  async #files(isWanted: (name: string) => boolean): Promise<string[]> {
    const below = (await entries(join(this.#folder, historyFolder))).map((name) => `${historyFolder}/${name}`)
    const beside = (await entries(this.#folder)).filter((name) => /^(?:mail|transfers)/.test(name))
    return [...beside, ...below].filter(isWanted)
  }
}

type MoreOptions = Pick<LogOptions, 'most' | 'disk'>

/** What a log's label is: it is no log of another kind. */
export const labelOf = (name: LogName): 'mail' | 'transfers' | 'history' =>
  name === 'mail' || name === 'transfers' ? name : 'history'

export const isLogName = (name: string): name is LogName =>
  /^(?:mail|transfers|history\/[0-9a-f]{32})$/.test(name)

/** None if there is no such folder. */
export async function entries(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw diskFault(error, `cannot read ${folder}`)
  }
}

/** In the profile's folder. */
export const historyFolder = 'history'
