/** Settings as people type them, and as they read them: by the same rules as flags and variables. */
import { resolve } from 'node:path'
import { type Settings, settingKinds, settingName, settingNames, settingOf } from '../edge/settings.ts'
import { repair } from '../edge/settingsfile.ts'
import type { HostPort } from './context.ts'
import {
  readCommandWords,
  readDays,
  readDescriptor,
  readHostPort,
  readPort,
  readSwitch,
  readTheme,
  usage,
} from './options.ts'

/** @param name - as it is typed: `passphrase-file` */
export function optionNamed(name: string): keyof Settings {
  const option = settingOf(name)
  if (option !== undefined) return option
  const positive = name.replace(/^no-/, '')
  const hint = settingNames.includes(positive)
    ? `did you mean: otrtalk profile set ${positive} off`
    : `there are: ${settingNames.join(', ')}`
  throw usage(`there is no setting ${name}`, hint)
}

/** The value of a setting, as it stands in the file. */
export function readSetting(option: keyof Settings, words: readonly string[]): unknown {
  const name = settingName(option)
  const kind = settingKinds[option]
  if (kind === 'command') return readCommandWords(words, name)
  if (kind === 'nodes') return words.map((word) => checkedNode(word, name))
  const [word = '', ...more] = words
  if (more.length > 0) throw usage(`${name} takes one value`, `for one with spaces: '${words.join(' ')}'`)
  switch (kind) {
    case 'switch':
      return readSwitch(word, name)
    case 'port':
      return readPort(word, name)
    case 'descriptor':
      return readDescriptor(word, name)
    case 'theme':
      return readTheme(word, name)
    case 'days':
      return readDays(word, name)
    case 'file':
      return resolve(notEmpty(word, name)) // wherever the program is started
    case 'text':
      return notEmpty(word, name)
    default:
      return kind satisfies never
  }
}

function notEmpty(word: string, name: string): string {
  if (word === '') throw usage(`${name} is empty`, `to go back to the default: otrtalk profile unset ${name}`)
  return word
}

function checkedNode(word: string, name: string): string {
  readHostPort(word, name)
  return word
}

/** What only the readers of flags can say of a value in the file. @param file - its path */
export function checkSettings(settings: Settings, file: string): void {
  for (const option of ['bootstrap', 'stun'] as const)
    for (const text of settings[option] ?? []) {
      if (isHostPort(text)) continue
      throw usage(`${file}: ${option} takes host:port, not ${text}`, repair(option))
    }
  if (settings.passphraseFile !== undefined && settings.passphraseFd !== undefined)
    throw usage(`${file}: passphrase-file and passphrase-fd exclude each other`, repair('passphrase-fd'))
}

function isHostPort(text: string): boolean {
  try {
    readHostPort(text, '')
    return true
  } catch {
    return false
  }
}

/** `10.0.0.1:6881`, `[2001:db8::1]:6881`: as it is given. */
export const formatHostPort = ({ host, port }: HostPort): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
