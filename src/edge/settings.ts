/**
 * What may be set for a profile, or for all of them, and what kind of value
 * each setting has: the options of every command, named as those are. What is
 * secret is never among them. The file: src/edge/settingsfile.ts.
 */

import { isKeep, maxKeep } from '../profile/habits.ts'

/** By option: `passphrase-file` in the file is `passphraseFile` here. */
export interface Settings {
  readonly profile?: string // of the home alone: which profile is in force
  readonly interface?: string
  readonly port?: number
  readonly bootstrap?: readonly string[]
  readonly dht?: boolean
  readonly lan?: boolean // true: as --lan; false: as --no-lan
  readonly portmap?: boolean
  readonly stun?: readonly string[]
  readonly json?: boolean
  readonly plain?: boolean
  readonly input?: boolean
  readonly color?: boolean
  readonly inline?: boolean
  readonly theme?: Theme
  readonly ascii?: boolean
  readonly links?: boolean
  readonly bell?: boolean
  readonly notify?: boolean
  readonly title?: boolean
  readonly notifyCommand?: readonly string[]
  readonly notifyText?: boolean
  readonly typing?: boolean
  readonly read?: boolean
  readonly history?: boolean
  readonly keep?: number // days
  readonly downloads?: string
  readonly debug?: string
  readonly passphraseFile?: string
  readonly passphraseFd?: number
}

/** By the background of the terminal. */
export type Theme = (typeof themes)[number]
export const themes = ['dark', 'light', 'none'] as const

export type SettingKind =
  | 'text'
  | 'file'
  | 'port'
  | 'descriptor'
  | 'switch'
  | 'nodes'
  | 'command'
  | 'theme'
  | 'days'

/** Of each setting there may be. */
export const settingKinds = {
  profile: 'text',
  interface: 'text',
  port: 'port',
  bootstrap: 'nodes',
  dht: 'switch',
  lan: 'switch',
  portmap: 'switch',
  stun: 'nodes',
  json: 'switch',
  plain: 'switch',
  input: 'switch',
  color: 'switch',
  inline: 'switch',
  theme: 'theme',
  ascii: 'switch',
  links: 'switch',
  bell: 'switch',
  notify: 'switch',
  title: 'switch',
  notifyCommand: 'command',
  notifyText: 'switch',
  typing: 'switch',
  read: 'switch',
  history: 'switch',
  keep: 'days',
  downloads: 'file',
  debug: 'file',
  passphraseFile: 'file',
  passphraseFd: 'descriptor',
} as const satisfies Record<keyof Required<Settings>, SettingKind>

/** What a settings.json is for: it holds the profile in force, or what a profile sets. */
export type Scope = 'home' | 'profile'

const isOption = (name: string): name is keyof Settings => Object.hasOwn(settingKinds, name)

/** The options that there are settings of: all. */
export const settable: readonly (keyof Settings)[] = Object.keys(settingKinds).filter(isOption)

/** As they stand in the file. */
export const settingNames: readonly string[] = Object.keys(settingKinds).map(settingName)

/** How the setting of an option is called: `passphrase-file`. */
export function settingName(option: string): string {
  return option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

/** The option that a setting is of. */
export const settingOf = (name: string): keyof Settings | undefined =>
  settable.find((option) => settingName(option) === name)

export const scopeOf = (option: keyof Settings): Scope => (option === 'profile' ? 'home' : 'profile')

/** Of all that a file may hold. */
export interface SettingFault {
  readonly name: string
  readonly message: string
}

/** The first that is no setting here, or not of the kind it has to be. @param store - as in the file */
export function faultIn(store: object, scope: Scope): SettingFault | undefined {
  for (const [name, value] of Object.entries(store)) {
    const option = settingOf(name)
    if (option === undefined || scopeOf(option) !== scope)
      return { name, message: `there is no setting ${name}` }
    const kind = kinds[settingKinds[option]]
    if (!kind.holds(value)) return { name, message: `${name} must be ${kind.words}` }
  }
  return undefined
}

/** Of what has no fault. */
export const settingsIn = (store: object): Settings =>
  Object.fromEntries(Object.entries(store).map(([name, value]) => [settingOf(name) ?? name, value]))

interface Kind {
  readonly words: string
  holds(value: unknown): boolean
}

/** No system takes a NUL in a name or an argument. */
const isText = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && !value.includes('\0')
const text: Kind = { words: 'a text', holds: isText }
const texts: Kind = {
  words: 'a list of at most 100 texts',
  holds: (value) => Array.isArray(value) && value.length <= 100 && value.every(isText),
}
const isWithin = (value: unknown, least: number, most: number): boolean =>
  Number.isInteger(value) && Number(value) >= least && Number(value) <= most

const kinds: Readonly<Record<SettingKind, Kind>> = {
  text,
  file: text,
  port: { words: 'a number from 1 to 65535', holds: (value) => isWithin(value, 1, 65_535) },
  descriptor: { words: 'the number of a file descriptor', holds: (value) => isWithin(value, 0, 999_999) },
  switch: { words: 'true or false', holds: (value) => typeof value === 'boolean' },
  nodes: texts,
  command: texts,
  theme: { words: themes.join(', '), holds: (value) => themes.some((known) => known === value) },
  days: { words: `a number of days from 1 to ${maxKeep}`, holds: isKeep },
}
