/**
 * What there is to send below the paths that the user named: files and folders,
 * in an order that is the same each time. Symbolic links are neither followed
 * nor sent; what else is no file is left out with a word, too.
 */
import { constants, realpathSync, type Stats } from 'node:fs'
import { access, lstat, readdir, realpath } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { UserError } from '../../error.ts'
import { offerName } from '../../transfer/names.ts'
import { codeOf, diskFault } from '../store.ts'

/** Folders come before what is in them. */
export type Walked =
  | { readonly kind: 'file'; readonly place: Place; readonly mode: number; readonly mark: Mark }
  | { readonly kind: 'folder'; readonly place: Place; readonly mode: number }
  | { readonly kind: 'skipped'; readonly place: Place; readonly why: Skipped }

export type Skipped = 'link' | 'pipe' | 'socket' | 'device'

export interface Place {
  /** As it is offered: from the named path's last part on, parts divided by `/`, in NFC. */
  readonly path: string
  /** Where it is here. */
  readonly at: string
}

/** What tells whether a file is still the same. */
export interface Mark {
  readonly device: number
  readonly inode: number
  readonly size: number // octets
  readonly modified: number // ms
}

/** As the buddy is shown it. */
export const nameOf = (paths: readonly string[]): string =>
  offerName(basename(paths[0] ?? '').normalize('NFC') || '/', paths.length)

/** @throws UserError that names what cannot be read, or, of paths without links, what has one on the way by now */
export async function* walk(
  paths: readonly string[],
  { links = 'followed' }: { readonly links?: 'followed' | 'none' } = {},
): AsyncGenerator<Walked> {
  for (const named of paths) {
    const { place, stats } = await top(named)
    if (links === 'none' && place.at !== named)
      throw new UserError(`a link is on the way to ${named}, and was not when it was offered`)
    yield* below(place, stats)
  }
}

/** What can be known of them before all of it is read. @throws UserError that names what cannot be sent */
export async function requireSendable(paths: readonly string[]): Promise<void> {
  for (const named of paths) {
    const { place, stats } = await top(named)
    const { R_OK, X_OK } = constants
    await access(place.at, stats.isDirectory() ? R_OK | X_OK : R_OK).catch((error: unknown) => {
      throw diskFault(error, `cannot read ${named}`)
    })
  }
}

async function top(named: string): Promise<{ readonly place: Place; readonly stats: Stats }> {
  const at = await placeOf(named)
  const name = basename(at)
  if (name === '')
    throw new UserError('the root of the file system is not sent', { hint: 'name a folder in it' })
  const stats = await look(at, named)
  if (stats.isSymbolicLink())
    throw new UserError(`${named} is a symbolic link, and those are not sent`, {
      hint: 'name what it leads to',
    })
  return { place: { at, path: name.normalize('NFC') }, stats }
}

/** Links on the way to what is named are the user's own way to say where it is; what is named is looked at itself. */
async function placeOf(path: string): Promise<string> {
  const whole = resolve(path)
  try {
    return join(await realpath(dirname(whole)), basename(whole))
  } catch (error) {
    throw missing(error, path)
  }
}

/** The same place, named without the links on the way: whoever makes one later does not change what is meant. */
export function withoutLinks(path: string): string {
  const whole = resolve(path)
  try {
    return join(realpathSync(dirname(whole)), basename(whole))
  } catch {
    return whole // told where it is read
  }
}

async function look(at: string, path: string): Promise<Stats> {
  try {
    return await lstat(at)
  } catch (error) {
    throw missing(error, path)
  }
}

const missing = (error: unknown, path: string): unknown =>
  codeOf(error) === 'ENOENT' ? new UserError(`there is no ${path}`) : diskFault(error, `cannot read ${path}`)

async function* below(place: Place, stats: Stats): AsyncGenerator<Walked> {
  const why = whyNot(stats)
  const mode = stats.mode & 0o777
  if (why) yield { kind: 'skipped', place, why }
  else if (stats.isFile()) yield { kind: 'file', place, mode, mark: markOf(stats) }
  else {
    yield { kind: 'folder', place, mode }
    for (const name of await namesIn(place.at)) {
      const at = join(place.at, name)
      yield* below({ at, path: `${place.path}/${name.normalize('NFC')}` }, await look(at, at))
    }
  }
}

/** In the order of their octets: another run has the same. */
async function namesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder, { encoding: 'buffer' }).catch((error: unknown) => {
    throw diskFault(error, `cannot read the folder ${folder}`)
  })
  return names.sort(Buffer.compare).map((octets) => {
    const name = octets.toString()
    if (Buffer.from(name).equals(octets)) return name
    throw new UserError(`a name in ${folder} is no UTF-8, and cannot be sent: ${name}`, {
      hint: 'rename it, or send an archive',
    })
  })
}

function whyNot(stats: Stats): Skipped | undefined {
  if (stats.isFile() || stats.isDirectory()) return undefined
  if (stats.isSymbolicLink()) return 'link'
  if (stats.isFIFO()) return 'pipe'
  return stats.isSocket() ? 'socket' : 'device'
}

export const markOf = ({ dev, ino, size, mtimeMs }: Stats): Mark => ({
  ...{ device: dev, inode: ino },
  ...{ size, modified: mtimeMs },
})

export const isSameMark = (a: Mark, b: Mark): boolean =>
  a.device === b.device && a.inode === b.inode && a.size === b.size && a.modified === b.modified
