/** `otrtalk profile settings`, `profile set` and `profile unset`: what is set for a profile. */
import {
  changeHomeSettings,
  changeProfileSettings,
  findProfile,
  homeSettingsPlace,
  settingsPlace,
} from '../../edge/profiles.ts'
import { type Settings, scopeOf, settable, settingName, settingNames } from '../../edge/settings.ts'
import { fileOf, type Values } from '../../edge/settingsfile.ts'
import type { ExitCode } from '../../error.ts'
import type { Context, Options, ProfileContext } from '../context.ts'
import { originOf, usage, variableInForce } from '../options.ts'
import { printJson, printTable, remark } from '../print.ts'
import { profileNameOf } from '../resolve.ts'
import { type SafeText, safeTitle, words } from '../safetext.ts'
import { formatHostPort, optionNamed, readSetting } from '../setting.ts'

/** Every option, its value in force, and who says so. */
export async function listSettings(context: ProfileContext): Promise<ExitCode> {
  const { home, profile, layers, options } = context
  const files = [homeSettingsPlace(home), settingsPlace(home, profile)].map(fileOf)
  const rows = settable.map((option) => {
    const value = valueIn(option, { ...options, profile })
    return { option: settingName(option), value, from: originOf(option, layers) }
  })
  if (options.json) {
    printJson(context, { profile, files, options: rows })
    return 0
  }
  printTable(
    context,
    rows.map(({ option, value, from }) => [safeTitle(option), explainValue(value), safeTitle(from)]),
  )
  remark(context, words`settings are in ${safeTitle(files.join(', '), longest)}`)
  return 0
}

type Value = string | number | boolean | readonly string[] | null

function valueIn(option: keyof Settings, options: Options): Value {
  const value = options[option]
  if (value === undefined) return null
  if (typeof value !== 'object') return value
  return value.map((item) => (typeof item === 'object' ? formatHostPort(item) : item))
}

function explainValue(value: Value): SafeText {
  if (value === null || (typeof value === 'object' && value.length === 0)) return words`-`
  if (typeof value === 'boolean') return value ? words`on` : words`off`
  return safeTitle(typeof value === 'object' ? value.join(' ') : String(value), longest)
}

export interface SetArgs {
  readonly name: string
  readonly values: readonly string[]
}

export async function set(context: Context, { name, values }: SetArgs): Promise<ExitCode> {
  const option = optionNamed(name)
  const value = readSetting(option, values)
  if (option === 'profile') await findProfile(context.home, String(value))
  const file = await change(context, option, (store) => {
    const changed = { ...store, [name]: value }
    refuseBoth(changed)
    return changed
  })
  if (context.options.json) printJson(context, { option: name, value, file })
  remark(context, words`${safeTitle(name)} is set in ${safeTitle(file, longest)}`)
  for (const line of remarksOn(context, option)) remark(context, line)
  if (option === 'history' && value === false)
    remark(context, words`what was kept until now stays: otrtalk history list`)
  return 0
}

/** The readers of flags refuse the two together. */
function refuseBoth(store: Values): void {
  const [file, fd] = ['passphrase-file', 'passphrase-fd']
  if (store[file!] === undefined || store[fd!] === undefined) return
  throw usage(`${file} and ${fd} exclude each other`, 'first remove the other one: otrtalk profile unset')
}

/** Whether what was set is in force is another question. */
function remarksOn({ env }: Context, option: keyof Settings): readonly SafeText[] {
  const variable = variableInForce(option, env)
  return variable === undefined
    ? []
    : [words`it is not in force: the variable ${safeTitle(variable)} beats it`]
}

export async function unset(context: Context, name: string): Promise<ExitCode> {
  // Of the file: a name that is none may stand there, and have to go.
  let wasSet = false
  const file = await change(context, settingNames.includes(name) ? optionNamed(name) : undefined, (store) => {
    const { [name]: before, ...rest } = store
    wasSet = before !== undefined
    return rest
  })
  if (!wasSet) optionNamed(name)
  if (context.options.json) printJson(context, { option: name, value: null, file })
  const where = safeTitle(file, longest)
  const what = safeTitle(name)
  remark(
    context,
    wasSet ? words`${what} is not set any more in ${where}` : words`${what} was not set in ${where}`,
  )
  return 0
}

/** Yields the file's path. */
async function change(
  context: Context,
  option: keyof Settings | undefined,
  make: (values: Values) => Values,
): Promise<string> {
  const { home } = context
  if (option !== undefined && scopeOf(option) === 'home') {
    await changeHomeSettings(home, make)
    return fileOf(homeSettingsPlace(home))
  }
  const profile = await profileNameOf(context)
  await changeProfileSettings(home, profile, make)
  return fileOf(settingsPlace(home, profile))
}

const longest = 4_096 // columns: of a path
