/**
 * Where profiles live: `$OTRTALK_HOME`, or what the system has for a program's
 * data (`$XDG_DATA_HOME/otrtalk`, `~/.local/share/otrtalk`).
 */
import { join, resolve } from 'node:path'

export type Environment = Readonly<Record<string, string | undefined>>

export interface Home {
  readonly path: string
  /** Holds a folder per profile; need not exist. */
  readonly profiles: string
}

export async function findHome(env: Environment): Promise<Home> {
  const { OTRTALK_HOME: own } = env
  const path = own ? resolve(own) : (await import('env-paths')).default('otrtalk', { suffix: '' }).data
  return { path, profiles: join(path, 'profiles') }
}
