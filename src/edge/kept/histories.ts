/** The histories of a profile: a sealed log for each key that was talked with, in `history/` of its folder. */
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { UserError } from '../../error.ts'
import { type History, readHistory } from '../../profile/history.ts'
import { readLog } from '../../profile/sealedlog.ts'
import { codeOf, diskFault } from '../store.ts'
import { readLogFile } from './logfile.ts'
import { entries, historyFolder, isLogName, type LogName } from './logs.ts'

/** Where logs are, and what opens them. */
export interface Keyed {
  /** The profile's folder. */
  readonly path: string
  readonly contents: { readonly recordKeys: readonly Uint8Array[] }
}

export interface KeptHistory extends History {
  readonly name: LogName
  /** A part of it cannot be read. */
  readonly fault: UserError | undefined
}

/** All of them as they stand, also while another process writes. @param on - whose; all by default */
export async function readHistories(
  profile: Keyed,
  on: (whose: Pick<History, 'fingerprint' | 'alias'>) => boolean = () => true,
): Promise<readonly KeptHistory[]> {
  const kept: KeptHistory[] = []
  for (const [name, whose] of await historyHeads(profile)) {
    if (whose && !on(whose)) continue
    const { recordKeys } = profile.contents
    const { records, fault } = await readLogFile(join(profile.path, name), { recordKeys, label: 'history' })
    const history = readHistory(records)
    if (history && on(history)) kept.push({ ...history, name, fault })
  }
  return kept
}

/** Whether anything is kept, with whomever: without any key. @param path - the profile's folder */
export const hasHistories = async (path: string): Promise<boolean> =>
  (await entries(join(path, historyFolder))).some((name) => isLogName(`${historyFolder}/${name}`))

/** Whose each is, by its first record: the alias is that of then. Undefined for what does not open. */
export async function historyHeads(
  profile: Keyed,
): Promise<ReadonlyMap<LogName, Pick<History, 'fingerprint' | 'alias'> | undefined>> {
  const folder = join(profile.path, historyFolder)
  const names = (await entries(folder)).map((name) => `${historyFolder}/${name}`).filter(isLogName)
  const heads = new Map<LogName, Pick<History, 'fingerprint' | 'alias'> | undefined>()
  for (const name of names) heads.set(name, await headOf(profile, name))
  return heads
}

async function headOf({ path, contents }: Keyed, name: LogName) {
  const read = readLog(await beginning(join(path, name)), {
    recordKeys: contents.recordKeys,
    label: 'history',
  })
  if (read.kind !== 'read') return undefined
  read.chain.wipe()
  return readHistory(read.records.slice(0, 1))
}

async function beginning(path: string): Promise<Uint8Array> {
  try {
    await using file = await open(path, 'r')
    const { buffer, bytesRead } = await file.read(new Uint8Array(headSize), 0, headSize, 0)
    return buffer.subarray(0, bytesRead)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return new Uint8Array(0)
    throw diskFault(error, `cannot read ${path}`)
  }
}

const headSize = 1024 // octets: a log's header and its first record
