/**
 * Part folders that nobody goes on with: who begins to receive into a folder
 * removes there what was last written a month ago. Only what is ours is touched,
 * and a link is never followed.
 */
import { renameSync, type Stats } from 'node:fs'
import { lstat, opendir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { hex } from '@scure/base'
import { randomBytes } from '../../crypto.ts'

export interface Sweep {
  /** Somebody receives into it, in this process. */
  readonly isUsed: (folder: string) => boolean
  /** Unix ms. */
  readonly now: number
}

/** Removes old part folders in the folder, a few at a time. @returns how many; what cannot be removed stays */
export async function sweepParts(into: string, { isUsed, now }: Sweep): Promise<number> {
  let [looked, removed] = [0, 0]
  try {
    for await (const { name } of await opendir(into)) {
      if (++looked > mostNames || removed >= mostRemoved) break
      if (!partPattern.test(name)) continue
      const folder = join(into, name)
      if (await isOld(folder, now)) removed += (await remove(folder, isUsed)) ? 1 : 0
    }
  } catch {} // it is a favour: whoever cannot read the folder, or write in it, is told where it matters
  return removed
}

/** Removes a part folder of ours, however new. False if there is none, or it is used or somebody else's. */
export async function removePart(folder: string, isUsed: Sweep['isUsed']): Promise<boolean> {
  const stats = await lstat(folder).catch(() => undefined)
  return stats !== undefined && isOwn(stats) && (await isPart(folder)) && (await remove(folder, isUsed))
}

/** Whether nobody but our user can have made it, or can write in it. @param stats - of the folder, not of a link to it */
export const isOwn = (stats: Stats): boolean =>
  stats.isDirectory() && stats.uid === process.getuid?.() && (stats.mode & 0o077) === 0

/**
 * Whether nothing is in the folder but what a sink makes there. Where a folder is shared, another user may give a folder
 * of ours the name of a part, which is known to who sends.
 */
export async function isPart(folder: string): Promise<boolean> {
  try {
    for await (const { name } of await opendir(folder)) if (!made.test(name)) return false
    return true
  } catch {
    return false // nobody knows what is in it
  }
}

/** Under another name first: nobody begins in what is half removed. */
async function remove(folder: string, isUsed: Sweep['isUsed']): Promise<boolean> {
  if (isUsed(folder)) return false
  const away = join(folder, '..', `.otrtalk-${hex.encode(randomBytes(8))}.part`)
  try {
    renameSync(folder, away) // at once: nobody begins in it between the question and this
    await rm(away, { recursive: true })
    return true
  } catch {
    return false
  }
}

/** A folder of ours that has what a sink writes, and nothing of it is new. */
async function isOld(folder: string, now: number): Promise<boolean> {
  const stats = await lstat(folder)
  if (!isOwn(stats) || !(await isPart(folder))) return false
  const [manifest, cursor] = await Promise.all([look(folder, 'manifest'), look(folder, 'cursor')])
  const written = Math.max(stats.mtimeMs, manifest?.mtimeMs ?? 0, cursor?.mtimeMs ?? 0)
  return manifest?.isFile() === true && cursor?.isFile() !== false && written < now - longest
}

const look = (folder: string, name: string): Promise<Stats | undefined> =>
  lstat(join(folder, name)).catch(() => undefined)

/** By a sink, or by `writeWhole` for it. */
const made = /^(?:data|(?:manifest|cursor)(?:\.new)?)$/
/** As `partName` makes them. */
const partPattern = /^\.otrtalk-[\da-f]{16}\.part$/
const longest = 30 * 24 * 60 * 60_000 // ms
const mostNames = 10_000 // of a folder that are looked at
const mostRemoved = 8 // at one start
