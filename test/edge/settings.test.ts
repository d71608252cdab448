import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findHome } from '../../src/edge/home.ts'
import { listInterfaces } from '../../src/edge/interfaces.ts'
import { acquire } from '../../src/edge/lock.ts'
import type { Settings } from '../../src/edge/settings.ts'
import { changeSettings, type Place, readSettings as readIn } from '../../src/edge/settingsfile.ts'
import { UserError } from '../../src/error.ts'
import { temporaryFolder } from './folder.ts'

const placeIn = (folder: string): Place => ({ scope: 'profile', folder, lock: join(folder, 'lock') })
const readSettings = (folder: string): Promise<Settings> => readIn(placeIn(folder))
const folderWith = (settings: string): string => {
  const path = temporaryFolder()
  writeFileSync(join(path, 'settings.json'), settings)
  return path
}

test('settings are those of settings.json', async () => {
  const settings = { interface: 'wg0', port: 4000, bootstrap: ['10.0.0.1:6881'], dht: false, color: false }
  expect(await readSettings(folderWith(JSON.stringify(settings)))).toEqual(settings)
})

test('without the file there are none, and nothing is made', async () => {
  const path = join(temporaryFolder(), 'ada')
  mkdirSync(path)
  expect(await readSettings(path)).toEqual({})
  expect(readdirSync(path)).toEqual([])
})

test.each([
  '{',
  '[]',
  '{"port":"4000"}',
  '{"port":0}',
  '{"port":4000.5}',
  '{"port":65536}',
  '{"bootstrap":"10.0.0.1:6881"}',
  '{"bootstrap":[""]}',
  '{"interface":""}',
  '{"dht":"no"}',
  '{"debug":null}',
  '{"prot":4000}',
  '{"passphrase":"x"}',
  '{"notify-command":"notify-send otrtalk"}',
  '{"notify-command":["say","a\\u0000b"]}',
  '{"debug":"\\u0000"}',
])('%s is refused, naming the file', async (text) => {
  const path = folderWith(text)
  const error = await readSettings(path).catch((error: unknown) => error)
  if (!(error instanceof UserError)) throw new Error('no UserError', { cause: error })
  expect(error.message).toContain(join(path, 'settings.json'))
  expect(error.message).not.toContain('\n')
  expect(error.exit).toBe(2)
})

test('a setting that there is not is named, with those there are', async () => {
  const error = await readSettings(folderWith('{"dht":true,"prot":4000}')).catch((error: unknown) => error)
  expect(error).toMatchObject({
    message: expect.stringMatching(/settings\.json: there is no setting prot$/),
    hint: expect.stringMatching(/^there are: interface, port, /),
  })
})

describe('settings of a former version', () => {
  const old = '{"port":4000,"passphraseFile":"p"}'
  const files = (path: string) => readdirSync(path).sort()
  const text = (path: string, name: string) => readFileSync(join(path, name), 'utf8')
  const version = { __internal__: { migrations: { version: '2.0.0' } } }

  test('are brought forward, and kept beside as they were', async () => {
    const path = folderWith(old)
    expect(await readSettings(path)).toEqual({ port: 4000, passphraseFile: 'p' })
    expect(files(path)).toEqual(['settings.before-2.json', 'settings.json'])
    expect(JSON.parse(text(path, 'settings.json'))).toEqual({
      port: 4000,
      'passphrase-file': 'p',
      ...version,
    })
    expect(text(path, 'settings.before-2.json')).toBe(old)
    expect(statSync(join(path, 'settings.json')).mode & 0o777).toBe(0o600)
    expect(await readSettings(path)).toEqual({ port: 4000, passphraseFile: 'p' })
  })

  test('are read, and not replaced, while another process owns the profile', async () => {
    const path = folderWith(old)
    const acquired = await acquire(join(path, 'lock'), 'chat')
    if (acquired.kind === 'busy') throw new Error('busy')
    using _ = acquired.lock
    expect(await readSettings(path)).toEqual({ port: 4000, passphraseFile: 'p' })
    expect(files(path)).toEqual(['lock', 'settings.json'])
    expect(text(path, 'settings.json')).toBe(old)
  })

  test('are brought forward once by four who read at the same moment', async () => {
    const path = folderWith(old)
    const read = await Promise.all([1, 2, 3, 4].map(() => readSettings(path)))
    for (const settings of read) expect(settings).toEqual({ port: 4000, passphraseFile: 'p' })
    expect(files(path)).toEqual(['settings.before-2.json', 'settings.json'])
  })

  test('with both names keep the newer one; what is kept already is not replaced', async () => {
    const path = folderWith('{"passphraseFile":"old","passphrase-file":"new"}')
    writeFileSync(join(path, 'settings.before-2.json'), 'the first')
    expect(await readSettings(path)).toEqual({ passphraseFile: 'new' })
    expect(text(path, 'settings.before-2.json')).toBe('the first')
  })

  test('with a fault are not replaced: what a person wrote is for a person to mend', async () => {
    const path = folderWith('{"passphraseFile":"p","port":0}')
    const before = text(path, 'settings.json')
    await expect(readSettings(path)).rejects.toThrow(/port must be a number/)
    expect(text(path, 'settings.json')).toBe(before)
  })

  test('of a newer one are refused in words, and left alone', async () => {
    const newer = '{"colour":"blue","__internal__":{"migrations":{"version":"3.0.0"}}}'
    const path = folderWith(newer)
    const error = await readSettings(path).catch((error: unknown) => error)
    expect(error).toMatchObject({
      message: `${join(path, 'settings.json')} was written by a newer otrtalk`,
      hint: 'update otrtalk',
      exit: 2,
    })
    await expect(changeSettings(placeIn(path), () => ({}))).rejects.toThrow('newer')
    expect(text(path, 'settings.json')).toBe(newer)
  })

  test.each(['{"__internal__":1}', '{"__internal__":{"migrations":{"version":"x"}}}'])(
    'are not %s',
    async (written) => {
      await expect(readSettings(folderWith(written))).rejects.toThrow('__internal__ is not of otrtalk')
    },
  )
})

describe('a change of settings', () => {
  test('is written whole, for its owner only, with the version', async () => {
    const path = folderWith('{"port":4000}')
    expect(await changeSettings(placeIn(path), (values) => ({ ...values, dht: false }))).toBe(true)
    expect(await readSettings(path)).toEqual({ port: 4000, dht: false })
    expect(statSync(join(path, 'settings.json')).mode & 0o777).toBe(0o600)
    expect(await changeSettings(placeIn(path), (values) => ({ ...values }))).toBe(false)
  })

  test.each([
    ['of a broken file', '{', (values: object) => values, 'this is no JSON'],
    ['to a wrong value', '{"port":4000}', () => ({ port: 0 }), 'port must be'],
    ['to another scope', '{"port":4000}', () => ({ profile: 'x' }), 'there is no setting profile'],
  ])('%s is refused, and nothing is lost', async (_, written, change, message) => {
    const path = folderWith(written)
    await expect(changeSettings(placeIn(path), (values) => ({ ...change(values) }))).rejects.toThrow(message)
    expect(readFileSync(join(path, 'settings.json'), 'utf8')).toBe(written)
    expect(readdirSync(path)).toEqual(['settings.json'])
  })
})

test('OTRTALK_HOME is where everything is; else the system’s folder for data', async () => {
  expect(await findHome({ OTRTALK_HOME: '/x/y' })).toEqual({ path: '/x/y', profiles: '/x/y/profiles' })
  const { path } = await findHome({ OTRTALK_HOME: '' })
  expect(path).toMatch(/otrtalk/)
})

test('the interfaces of this machine have a name and addresses', () => {
  const found = listInterfaces()
  expect(found.find((one) => one.internal)?.addresses).toContain('127.0.0.1')
  for (const { name, addresses } of found) expect([name, addresses[0]].every(Boolean)).toBe(true)
})
