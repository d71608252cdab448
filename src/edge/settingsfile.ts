/**
 * `settings.json`, of a profile or of the home: read by its owner's programs,
 * written by its owner or by `profile set`. Former versions are brought forward
 * by the package conf (docs/Protocol.md, "Settings"). It would check values
 * with ajv, a sixth of a megabyte (docs/decisions/029); src/edge/settings.ts does.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { hex } from '@scure/base'
import { randomBytes } from '../crypto.ts'
import { UserError } from '../error.ts'
import { areFields } from '../json.ts'
import { acquire } from './lock.ts'
import { faultIn, type Scope, type Settings, settingNames, settingsIn } from './settings.ts'
import { codeOf, diskFault, readWhole, writeFresh, writeWhole } from './store.ts'

/** Whose settings: the folder that the file is in, and the lock that who writes there holds. */
export interface Place {
  readonly scope: Scope
  readonly folder: string
  readonly lock: string
}

export const fileOf = ({ folder }: Place): string => join(folder, `${base}.json`)

/** None if there is no file. One of a former version is replaced, unless somebody else writes there. */
export async function readSettings(place: Place): Promise<Settings> {
  const values = await readStore(place, 'free')
  return values ? settingsIn(checked(values, place)) : {}
}

/**
 * Writes what `change` makes of the settings, by their names in the file; only with the lock of the place.
 *
 * @returns whether anything is other than before
 */
export async function changeSettings(place: Place, change: (values: Values) => Values): Promise<boolean> {
  const values = (await readStore(place, 'held')) ?? {}
  const changed = checked(change(values), place)
  if (JSON.stringify(changed) === JSON.stringify(values)) return false
  await writeStore(place, changed)
  return true
}

/** @throws UserError for the first setting that cannot be */
function checked(values: Values, place: Place): Values {
  const fault = faultIn(values, place.scope)
  if (fault === undefined) return values
  const there = settingNames.filter((name) => (name === 'profile') === (place.scope === 'home')).join(', ')
  const hint = fault.message.startsWith('there is no') ? `there are: ${there}` : repair(fault.name)
  throw new UserError(`${fileOf(place)}: ${fault.message}`, { hint, exit: 2 })
}

/** What helps where one setting is wrong. */
export const repair = (name: string): string => `correct it, or: otrtalk profile unset ${name}`

/** Settings as they stand in the file. */
export type Values = Readonly<Record<string, unknown>>

async function readStore(place: Place, lock: 'free' | 'held'): Promise<Values | undefined> {
  const octets = await readWhole(fileOf(place), maxSize)
  if (!octets) return undefined
  const { version, values } = parsed(octets, place)
  if (version > current) {
    const message = `${fileOf(place)} was written by a newer otrtalk`
    throw new UserError(message, { hint: 'update otrtalk', exit: 2 })
  }
  const isCurrent = version === current || !Object.keys(values).some((name) => former.has(name))
  if (isCurrent) return values
  const migrated = await migrate(octets, place)
  if (lock === 'held') await keep(octets, place)
  else await replaceAlone(octets, checked(migrated, place), place)
  return migrated
}

interface Parsed {
  readonly version: number
  readonly values: Values
}

/** The version is conf's own: `__internal__.migrations.version`; a file that a person wrote has none. */
function parsed(octets: Uint8Array, place: Place): Parsed {
  const refuse = (why: string): UserError =>
    new UserError(`${fileOf(place)}: ${why}`, { hint: 'correct or remove this file', exit: 2 })
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(octets))
  } catch (error) {
    throw refuse(`this is no JSON: ${error instanceof Error ? error.message.replace(/\s+/g, ' ') : error}`)
  }
  if (!areFields(value)) throw refuse('it must be an object: {…}')
  const { [internal]: own, ...values } = value
  const migrations = areFields(own) ? own['migrations'] : undefined
  const written = areFields(migrations) ? migrations['version'] : undefined
  const [, version] = /^(\d{1,4})\.0\.0$/.exec(String(written)) ?? []
  if (own !== undefined && version === undefined) throw refuse(`${internal} is not of otrtalk`)
  return { version: Number(version ?? 0), values }
}

/** What conf makes of a copy: it writes once for each key, and the file is to be old or new. */
async function migrate(octets: Uint8Array, place: Place): Promise<Values> {
  const configName = `${base}-${hex.encode(randomBytes(8))}`
  const copy = join(place.folder, `${configName}.json`)
  try {
    await writeFresh(copy, octets)
    const { default: Conf } = await import('conf')
    const { store } = new Conf<Record<string, unknown>>({
      cwd: place.folder,
      configName,
      configFileMode: 0o600,
      projectVersion: `${current}.0.0`,
      migrations: {
        '2.0.0': (conf) => {
          for (const [before, name] of former) {
            if (!conf.has(before)) continue
            if (!conf.has(name)) conf.set(name, conf.get(before))
            conf.delete(before)
          }
        },
      },
    })
    const { [internal]: _, ...values } = store
    return values
  } catch (error) {
    throw diskFault(error, `cannot write ${copy}`)
  } finally {
    await rm(copy, { force: true })
  }
}

/** Whoever reads may replace the file only if nobody else does: who cannot goes on with what he read. */
async function replaceAlone(octets: Uint8Array, migrated: Values, place: Place): Promise<void> {
  const acquired = await acquire(place.lock, 'profile settings')
  if (acquired.kind === 'busy') return
  using _ = acquired.lock
  const now = await readWhole(fileOf(place), maxSize)
  if (!now || !Buffer.from(now).equals(octets)) return
  await keep(octets, place)
  await writeStore(place, migrated)
}

/** The file as it was stays beside the new one. One that is kept already is not replaced: it is the older one. */
async function keep(octets: Uint8Array, { folder }: Place): Promise<void> {
  try {
    await writeFresh(join(folder, `${base}.before-${current}.json`), octets)
  } catch (error) {
    if (!(error instanceof UserError && codeOf(error.cause) === 'EEXIST')) throw error
  }
}

async function writeStore(place: Place, values: Values): Promise<void> {
  const store = { ...values, [internal]: { migrations: { version: `${current}.0.0` } } }
  await writeWhole(fileOf(place), new TextEncoder().encode(`${JSON.stringify(store, undefined, 2)}\n`))
}

const base = 'settings'
const internal = '__internal__'
const maxSize = 2 ** 20 // octets

/** Of the names: conf wants `2.0.0`. */
const current = 2

/** Version 1 named settings as the program does inside, not as the options are named. */
const former: ReadonlyMap<string, string> = new Map([['passphraseFile', 'passphrase-file']])
