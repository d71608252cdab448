/** What is in force for a command: its options, its home and its profile. Loads no more than it needs. */
import type { Home } from '../edge/home.ts'
import type { Context, Io, Options, ProfileContext } from './context.ts'
import { type Flags, resolveOptions } from './options.ts'

/** For a command that needs no profile. */
export async function contextOf(io: Io, flags: Flags): Promise<Context> {
  const { findHome } = await import('../edge/home.ts')
  return contextWith(io, resolveOptions(flags, io.env), await findHome(io.env))
}

/** @param name - of the profile to work on; the one in force if it is not given */
export async function profileContextOf(io: Io, flags: Flags, name?: string): Promise<ProfileContext> {
  const [{ findHome }, { chooseProfile }, { readSettings }, { join }] = await Promise.all([
    import('../edge/home.ts'),
    import('./open.ts'),
    import('../edge/settings.ts'),
    import('node:path'),
  ])
  const home = await findHome(io.env)
  const asked = resolveOptions(flags, io.env)
  const profile = await chooseProfile(home, name ?? asked.profile)
  const settings = await readSettings(join(home.profiles, profile))
  return { ...(await contextWith(io, resolveOptions(flags, io.env, settings), home)), profile, asked }
}

async function contextWith(io: Io, options: Options, home: Home): Promise<Context> {
  const { hasTerminal } = await import('./prompt.ts')
  const env = options.color ? io.env : { ...io.env, FORCE_COLOR: '0' } // the flag beats every variable
  return { ...io, env, options, home, isInteractive: options.input && hasTerminal(io) }
}
