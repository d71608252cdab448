/**
 * A profile's settings: `settings.json` in its folder, written by its owner,
 * read by the package conf. What is secret is never among them. They are checked
 * here: conf would do it with ajv, which is a sixth of a megabyte (docs/decisions/029).
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { UserError } from '../error.ts'

/** Named as the options are. */
export interface Settings {
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
  readonly bell?: boolean
  readonly notify?: boolean
  readonly title?: boolean
  readonly notifyCommand?: readonly string[]
  readonly notifyText?: boolean
  readonly debug?: string
  readonly passphraseFile?: string
}

/** @param path - of the profile's folder */
export async function readSettings(path: string): Promise<Settings> {
  const file = join(path, `${name}.json`)
  if (!existsSync(file)) return {} // conf is slow to load, and would make the folder
  const { default: Conf } = await import('conf')
  const options = { cwd: path, configName: name, configFileMode: 0o600, deserialize: recordIn }
  const { store } = opened(() => new Conf<Record<string, unknown>>(options), file)
  const fault = faultIn(store)
  if (fault !== undefined) throw new UserError(`${file}: ${fault.message}`, { hint: fault.hint, exit: 2 })
  return store
}

/** What conf throws of a file's content is the user's. */
function opened<T>(open: () => T, file: string): T {
  try {
    return open()
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/\s+/g, ' ') : String(error)
    throw new UserError(`${file}: ${why}`, { hint: correct, exit: 2, cause: error })
  }
}

/** conf would make a record of whatever JSON there is. */
function recordIn(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw new Error('it must be an object: {…}')
}

/** The first that is no setting, or not of the kind it has to be. */
function faultIn(store: object): { readonly message: string; readonly hint: string } | undefined {
  for (const [key, value] of Object.entries(store)) {
    const kind = Object.hasOwn(kinds, key) ? kinds[key] : undefined
    if (kind === undefined) {
      return { message: `there is no setting ${key}`, hint: `there are: ${settingNames.join(', ')}` }
    }
    if (!kind.holds(value)) return { message: `${key} must be ${kind.words}`, hint: correct }
  }
  return undefined
}

interface Kind {
  readonly words: string
  holds(value: unknown): boolean
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''

const name = 'settings'
const correct = 'correct or remove this file'
const text: Kind = { words: 'a text', holds: isText }
const flag: Kind = { words: 'true or false', holds: (value) => typeof value === 'boolean' }
const port: Kind = {
  words: 'a number from 1 to 65535',
  holds: (value) => Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 65_535,
}
const texts: Kind = {
  words: 'a list of at most 100 texts',
  holds: (value) => Array.isArray(value) && value.length <= 100 && value.every(isText),
}
const kinds: Readonly<Record<string, Kind>> = {
  interface: text,
  port,
  bootstrap: texts,
  dht: flag,
  lan: flag,
  portmap: flag,
  stun: texts,
  json: flag,
  plain: flag,
  input: flag,
  color: flag,
  bell: flag,
  notify: flag,
  title: flag,
  notifyCommand: texts,
  notifyText: flag,
  debug: text,
  passphraseFile: text,
}

/** Every setting there may be. */
export const settingNames: readonly string[] = Object.keys(kinds)
