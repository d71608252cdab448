/** Paths as the user types them, made those of this machine: what another process is told must not depend on where we are. */
import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { nameOf } from '../edge/files/walk.ts'
import type { Command } from '../session/command.ts'
import type { Options } from './context.ts'

export interface Whereabouts {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly options: Pick<Options, 'downloads'>
}

/** The same command, with absolute paths, and a name for what is sent. */
export function located(command: Command, where: Whereabouts): Command {
  if (command.kind === 'accept') {
    const into = command.into === '' ? downloadsOf(where) : absolute(command.into, where)
    return { ...command, into }
  }
  if (command.kind !== 'send' || command.form === 'stream') return command
  const paths = command.paths.map((path) => absolute(path, where))
  return { ...command, paths, name: nameOf(paths) }
}

function absolute(path: string, { env }: Whereabouts): string {
  const home = env['HOME']
  return resolve(home !== undefined && /^~(?:\/|$)/.test(path) ? join(home, path.slice(1)) : path)
}

/** Where to put what is accepted without saying where: as it is set, the user's own folder for it, or where we are. */
function downloadsOf(where: Whereabouts): string {
  const { env, options } = where
  const set = options.downloads ?? env['XDG_DOWNLOAD_DIR']
  if (set) return absolute(set, where)
  const usual = absolute('~/Downloads', where)
  return statSync(usual, { throwIfNoEntry: false })?.isDirectory() ? usual : resolve('.')
}
