/**
 * Where the socket of a profile is, and whether the folder around it may be
 * trusted: whoever could put a socket there would be told what is said.
 */
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, mkdirSync, realpathSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { UserError } from '../../error.ts'
import type { Environment } from '../home.ts'
import { codeOf, diskFault } from '../store.ts'

export interface Place {
  readonly folder: string
  readonly path: string
}

/**
 * The places where an owner may have its socket, its own first: it takes that one, and a client without the same
 * variables (cron has none) looks at the others too.
 *
 * @param profile - the path of its folder, which is there
 */
export function placesOf(profile: string, env: Environment): readonly Place[] {
  const uid = process.getuid?.()
  if (uid === undefined) return []
  const { OTRTALK_HOME: own, XDG_RUNTIME_DIR: runtime } = env
  const name = `${createHash('sha256').update(realpathSync(profile)).digest('hex').slice(0, 16)}.sock`
  const folders = own
    ? [join(resolve(own), 'run')]
    : [
        ...(runtime !== undefined && isAbsolute(runtime) ? [join(runtime, 'otrtalk')] : []),
        join(`/run/user/${uid}`, 'otrtalk'),
        join(tmpdir(), `otrtalk-${uid}`),
      ]
  return [...new Set(folders)].map((folder) => ({ folder, path: join(folder, name) }))
}

/** The path of the socket that there is, whoever made it. */
export const socketOf = (profile: string, env: Environment): string | undefined =>
  placesOf(profile, env).find(({ path }) => existsSync(path))?.path

/** The place for a socket of ours, with its folder made. */
export function preparePlace(profile: string, env: Environment): Place {
  const places = placesOf(profile, env)
  const usable = env['OTRTALK_HOME'] || isAbsolute(env['XDG_RUNTIME_DIR'] ?? '') ? places[0] : places.at(-1)
  if (!usable) throw new UserError('this system has no sockets for other otrtalks to use')
  const { folder, path } = usable
  if (Buffer.byteLength(path) > longestPath)
    throw new UserError(`the path of the control socket is longer than ${longestPath} octets: ${path}`, {
      hint: 'set XDG_RUNTIME_DIR, or OTRTALK_HOME, to a shorter one',
    })
  try {
    mkdirSync(folder, 0o700)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw diskFault(error, `cannot make the folder ${folder}`)
  }
  const fault = folderFault(folder)
  if (fault) throw fault
  return usable
}

/** Why what is in this folder cannot be trusted; `undefined` if it can, or is not there. */
export function folderFault(folder: string): UserError | undefined {
  const found = lstatSync(folder, { throwIfNoEntry: false })
  if (!found) return undefined
  const refused = (why: string, hint: string): UserError =>
    new UserError(`${folder} ${why}: no control socket can be there`, { hint, exit: 5 })
  if (found.isSymbolicLink()) return refused('is a link', 'somebody may have put it there: remove it')
  if (!found.isDirectory()) return refused('is no folder', 'remove it')
  if (found.uid !== process.getuid?.()) return refused('is not yours', 'who owns it? see ls -ld')
  if ((found.mode & 0o077) !== 0) return refused('is open to others', `chmod 700 ${folder}`)
  if (isReplaceable(folder))
    return refused('is where others may put another in its place', `see ls -ld ${dirname(folder)}`)
  return undefined
}

/** Between our look and our step into it somebody else could rename it: the folder above is his, or everybody’s and not sticky. */
function isReplaceable(folder: string): boolean {
  const { uid, mode } = statSync(dirname(folder))
  const isForeign = uid !== 0 && uid !== process.getuid?.()
  return isForeign || (mode & 0o1002) === 0o002
}

/** A longer one is cut in silence by some systems: sun_path has 104 octets on macOS, 108 on Linux. */
const longestPath = 100
