/** What is in force for a command: its options, its home and its profile. Loads no more than it needs. */
import type { Home } from '../edge/home.ts'
import type { Settings } from '../edge/settings.ts'
import type { Context, Flags, Io, Options, ProfileContext } from './context.ts'
import { resolveOptions } from './options.ts'

/** For a command that needs no profile. */
export async function contextOf(io: Io, flags: Flags): Promise<Context> {
  const { findHome } = await import('../edge/home.ts')
  return contextWith(io, resolveOptions(flags, io.env), await findHome(io.env))
}

/** For a command that works on settings: without them in force, for they may be what is wrong. */
export async function profileNameOf({ home, options }: Context, name?: string): Promise<string> {
  const { chooseProfile } = await import('./open.ts')
  return chooseProfile(home, name ?? options.profile ?? (await homeSettings(home)).profile)
}

/** @param name - of the profile to work on; the one in force if it is not given */
export async function profileContextOf(io: Io, flags: Flags, name?: string): Promise<ProfileContext> {
  const plain = await contextOf(io, flags)
  const { home } = plain
  const [{ fileOf, readSettings }, { settingsPlace }, { checkSettings }] = await Promise.all([
    import('../edge/settingsfile.ts'),
    import('../edge/profiles.ts'),
    import('./setting.ts'),
  ])
  const profile = await profileNameOf(plain, name)
  const place = settingsPlace(home, profile)
  const own = await readSettings(place)
  checkSettings(own, fileOf(place))
  const settings = { ...own, ...(await homeSettings(home)) }
  const options = resolveOptions(flags, io.env, settings)
  const named = name === undefined ? flags : { ...flags, profile: name }
  return {
    ...(await contextWith(io, options, home)),
    profile,
    asked: plain.options,
    layers: { flags: named, env: io.env, settings },
  }
}

async function homeSettings(home: Home): Promise<Settings> {
  const [{ readSettings }, { homeSettingsPlace }] = await Promise.all([
    import('../edge/settingsfile.ts'),
    import('../edge/profiles.ts'),
  ])
  return readSettings(homeSettingsPlace(home))
}

async function contextWith(io: Io, options: Options, home: Home): Promise<Context> {
  const { hasTerminal } = await import('./prompts/prompt.ts')
  const env = options.color ? io.env : { ...io.env, FORCE_COLOR: '0' } // the flag beats every variable
  return { ...io, env, options, home, isInteractive: options.input && hasTerminal(io) }
}
