/**
 * A profile's settings: `settings.json` in its folder, written by its owner,
 * read by the package conf. What is secret is never among them.
 */
import { existsSync, readFileSync } from 'node:fs'
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
  readonly debug?: string
  readonly passphraseFile?: string
}

/** @param path - of the profile's folder */
export async function readSettings(path: string): Promise<Settings> {
  const file = join(path, `${name}.json`)
  if (!existsSync(file)) return {} // conf is slow to load, and would make the folder
  const { default: Conf } = await import('conf')
  try {
    return new Conf<Settings>({ cwd: path, configName: name, configFileMode: 0o600, schema, rootSchema })
      .store
  } catch (error) {
    const unknown = unknownKey(file)
    if (unknown !== undefined)
      throw new UserError(`${file}: there is no setting ${unknown}`, {
        hint: `there are: ${Object.keys(schema).join(', ')}`,
        exit: 2,
      })
    const why = error instanceof Error ? error.message.replace(/\s+/g, ' ') : String(error)
    throw new UserError(`${file}: ${why}`, { hint: 'correct or remove this file', exit: 2, cause: error })
  }
}

/** The package says that there is one too many, and not which. */
function unknownKey(file: string): string | undefined {
  try {
    const written: unknown = JSON.parse(readFileSync(file, 'utf8'))
    const isRecord = typeof written === 'object' && written !== null && !Array.isArray(written)
    return isRecord ? Object.keys(written).find((key) => !Object.hasOwn(schema, key)) : undefined
  } catch {
    return undefined // no JSON, or not to be read: told by the package
  }
}

const name = 'settings'
const rootSchema = { additionalProperties: false } as const
const text = { type: 'string', minLength: 1 } as const
const flag = { type: 'boolean' } as const
const schema = {
  interface: text,
  port: { type: 'integer', minimum: 1, maximum: 65_535 },
  bootstrap: { type: 'array', items: text, maxItems: 100 },
  dht: flag,
  lan: flag,
  portmap: flag,
  stun: { type: 'array', items: text, maxItems: 100 },
  json: flag,
  plain: flag,
  input: flag,
  color: flag,
  debug: text,
  passphraseFile: text,
} as const

/** Every setting there may be. */
export const settingNames: readonly string[] = Object.keys(schema)
