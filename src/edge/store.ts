/**
 * Files written whole or not at all: a temporary file beside the old one,
 * fsync, rename, fsync of the folder. Files are 0600, folders 0700. What the
 * disk refuses is told as a `UserError`; the old file is then as it was.
 */
import { type FileHandle, link, mkdir, open, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { hex } from '@scure/base'
import { randomBytes } from '../crypto.ts'
import { UserError } from '../error.ts'

/** The file's octets, or `undefined` if there is none. @param most - octets; a longer file is refused */
export async function readWhole(path: string, most: number): Promise<Uint8Array | undefined> {
  try {
    await using file = await open(path, 'r')
    const { size } = await file.stat()
    if (size > most) throw new UserError(`${path} has ${size} octets: more than any file of otrtalk`)
    return new Uint8Array(await file.readFile())
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw diskFault(error, `cannot read ${path}`)
  }
}

/** Replaces the file. Nobody else may write it meanwhile: the profile's lock sees to that. */
export async function writeWhole(path: string, octets: Uint8Array): Promise<void> {
  const temporary = `${path}.new`
  try {
    await rm(temporary, { force: true }) // of a process that died
    await writeNew(temporary, octets)
    await rename(temporary, path)
    await syncFolder(dirname(path))
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {}) // the first fault is the one to tell
    throw diskFault(error, `cannot write ${path}`)
  }
}

/** Writes a file under a name that nobody has; the file is there whole or not at all. */
export async function writeFresh(path: string, octets: Uint8Array): Promise<void> {
  // In a folder of the user's: a name that is nobody's.
  const temporary = join(dirname(path), `.otrtalk-${hex.encode(randomBytes(8))}.new`)
  try {
    await writeNew(temporary, octets)
    await place(temporary, path)
    await syncFolder(dirname(path))
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {}) // the first fault is the one to tell
    if (codeOf(error) === 'EEXIST') throw taken(path, error)
    throw diskFault(error, `cannot write ${path}`)
  }
}

export const taken = (path: string, cause?: unknown): UserError =>
  new UserError(`${path} exists already`, { hint: 'nothing is overwritten: choose another name', cause })

/** A link, other than a rename, never replaces what has the name; where there are no links we take the name first. */
export async function place(temporary: string, path: string): Promise<void> {
  try {
    await link(temporary, path)
  } catch (error) {
    if (!/^(?:EPERM|ENOSYS|ENOTSUP|EOPNOTSUPP)$/.test(codeOf(error) ?? '')) throw error
    await (await open(path, 'wx', 0o600)).close()
    return rename(temporary, path)
  }
  await rm(temporary)
}

async function writeNew(path: string, octets: Uint8Array): Promise<void> {
  await using file: FileHandle = await open(path, 'wx', 0o600)
  await file.writeFile(octets)
  await file.sync()
}

/** A rename is safe on disk only once its folder is. */
export async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r')
  try {
    await folder.sync()
  } catch (error) {
    if (!/^(?:EINVAL|EPERM|ENOTSUP)$/.test(codeOf(error) ?? '')) throw error // file systems without it
  }
}

/** Makes the folder and those above it that are missing. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await makeStep(resolve(path))
  } catch (error) {
    throw diskFault(error, `cannot make the folder ${path}`)
  }
}

/** One call a folder: node's own recursion never ends where a folder cannot be made and is not refused (/proc). */
async function makeStep(path: string): Promise<void> {
  try {
    await mkdir(path, 0o700)
  } catch (error) {
    if (await isFolder(path)) return
    const above = dirname(path)
    if (codeOf(error) !== 'ENOENT' || above === path) throw error
    if (!(await isFolder(above))) await makeStep(above)
    await makeIn(above, path)
  }
}

/** Another process may have made the folder above in between: that it is there tells nothing before a second try. */
async function makeIn(above: string, path: string): Promise<void> {
  try {
    await mkdir(path, 0o700)
  } catch (error) {
    if (await isFolder(path)) return
    if (codeOf(error) !== 'ENOENT') throw error
    throw new UserError(`nothing can be made in ${above}`, { hint: elsewhere })
  }
}

const isFolder = async (path: string): Promise<boolean> =>
  await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  )

/** Removes a file or a whole folder. It first gets another name, so that it is there whole or not at all. */
export async function removeWhole(path: string, goingName: string): Promise<void> {
  try {
    await rm(goingName, { recursive: true, force: true }) // of a process that died
    await rename(path, goingName)
    await rm(goingName, { recursive: true, force: true })
    await syncFolder(dirname(path))
  } catch (error) {
    throw diskFault(error, `cannot remove ${path}`)
  }
}

/** What the file system said, in words; anything else passes through. */
export function diskFault(error: unknown, what: string): unknown {
  const code = codeOf(error)
  if (error instanceof UserError || code === undefined) return error
  const [why, hint] = words[code] ?? [code]
  return new UserError(`${what}: ${why}`, { hint, cause: error })
}

/** ENOENT and its like. */
export const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined

const space = 'make room and try again; nothing was changed'
const elsewhere = 'set OTRTALK_HOME to a folder that can be written'

const words: Record<string, readonly [why: string, hint?: string]> = {
  ENOSPC: ['no space is left on the disk', space],
  EDQUOT: ['the quota of the disk is used up', space],
  EFBIG: ['the system allows no file of this size', 'see ulimit -f; nothing was changed'],
  EROFS: ['the file system is read-only', elsewhere],
  EACCES: ['permission denied', 'who owns it? see ls -ld'],
  EPERM: ['the system does not permit it', 'who owns it? see ls -ld'],
  ENOTDIR: ['a part of this path is a file, not a folder', elsewhere],
  EEXIST: ['a file stands where a folder must be', elsewhere],
  EISDIR: ['this is a folder'],
  ENOENT: ['a folder of this path is missing'],
  EIO: ['the disk reports an error'],
  EMFILE: ['too many files are open'],
  ENAMETOOLONG: ['the path is too long', elsewhere],
  ELOOP: ['the path goes round in circles'],
}
