import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findHome } from '../../src/edge/home.ts'
import { listInterfaces } from '../../src/edge/interfaces.ts'
import { readSettings } from '../../src/edge/settings.ts'
import { UserError } from '../../src/error.ts'
import { temporaryFolder } from './folder.ts'

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
  '{"notifyCommand":"notify-send otrtalk"}',
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
