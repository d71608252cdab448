import { copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Home } from '../../../src/edge/home.ts'
import { readLogFile } from '../../../src/edge/kept/logfile.ts'
import { type LogName, labelOf } from '../../../src/edge/kept/logs.ts'
import type { OpenProfile } from '../../../src/edge/openprofile.ts'
import { createProfile, openProfile } from '../../../src/edge/profiles.ts'
import { cheap } from '../../profile/people.ts'
import { faultOf } from '../fault.ts'
import { newHome } from '../folder.ts'

const [first, second] = [`history/${'0'.repeat(32)}`, `history/${'f'.repeat(32)}`] as const
const names: readonly LogName[] = ['mail', first, second, 'transfers']
const octets = (text: string): Uint8Array => new TextEncoder().encode(text)
const create = (home: Home) =>
  createProfile({ home, name: 'ada', passphrase: 'pw', command: 'profile create', cost: cheap })
const open = (home: Home, passphrase = 'pw', lock = true): Promise<OpenProfile> =>
  openProfile({ home, name: 'ada', passphrase, command: 'chat', lock })

async function filled(home: Home): Promise<void> {
  await create(home)
  await using profile = await open(home)
  for (const name of names) (await profile.openLog(name)).log.append(octets(`kept in ${name}`))
}

/** What a profile's logs say, by name. */
async function readAll(profile: OpenProfile): Promise<Record<string, readonly string[]>> {
  const all: Record<string, readonly string[]> = {}
  for (const name of names) {
    const { records, fault } = await profile.openLog(name)
    if (fault) throw fault
    all[name] = records.map((record) => new TextDecoder().decode(record))
  }
  return all
}

const whole = Object.fromEntries(names.map((name) => [name, [`kept in ${name}`]]))

/** Which logs a record key opens. */
async function openedBy(folder: string, recordKey: Uint8Array): Promise<readonly string[]> {
  const opened: string[] = []
  for (const name of names) {
    const { records } = await readLogFile(join(folder, name), {
      recordKeys: [recordKey],
      label: labelOf(name),
    })
    if (records.length > 0) opened.push(name)
  }
  return opened
}

test('a profile has a record key from its first log on, and keeps it', async () => {
  const home = newHome()
  expect((await create(home)).recordKeys).toEqual([])
  await using profile = await open(home)
  expect(profile.contents.recordKeys).toEqual([])
  await profile.openLog('mail')
  const [recordKey] = profile.contents.recordKeys
  expect(recordKey).toHaveLength(32)
  await profile.openLog(first)
  expect(profile.contents.recordKeys).toEqual([recordKey])
  expect(statSync(join(profile.path, 'history')).mode & 0o777).toBe(0o700)
  await using again = await open(home, 'pw', false)
  expect(again.contents.recordKeys).toEqual([recordKey])
})

test('logs are opened by who has the lock only, once at a time, and are there again', async () => {
  const home = newHome()
  await filled(home)
  await using other = await open(home, 'pw', false)
  await expect(other.openLog('mail')).rejects.toThrow('without its lock')
  await using profile = await open(home)
  expect(await readAll(profile)).toEqual(whole)
  await expect(profile.openLog('mail')).rejects.toThrow('opened twice')
})

test('another passphrase brings open and closed logs under another key: the former opens nothing more', async () => {
  const home = newHome()
  await filled(home)
  const path = join(home.profiles, 'ada')
  writeFileSync(join(path, `${first}.damaged`), 'told before, under the former key')
  await using profile = await open(home)
  const [former] = profile.contents.recordKeys.map((key) => key.slice())
  const { log } = await profile.openLog('mail')
  expect(await openedBy(path, former!)).toEqual(names)
  await profile.rekey('new', cheap)
  log.append(octets('later'))
  expect(await openedBy(path, former!)).toEqual([])
  expect(profile.contents.recordKeys).toHaveLength(1)
  expect(readdirSync(join(path, 'history')).sort()).toEqual(['0'.repeat(32), 'f'.repeat(32)])
  await profile[Symbol.asyncDispose]()
  await using again = await open(home, 'new')
  expect(await readAll(again)).toEqual({ ...whole, mail: ['kept in mail', 'later'] })
})

test('a profile without logs changes its passphrase and gets no record key', async () => {
  const home = newHome()
  await create(home)
  await using profile = await open(home)
  await profile.rekey('new', cheap)
  expect(profile.contents.recordKeys).toEqual([])
})

test('a crash between any two steps of the change leaves all logs readable, and the next start ends it', async () => {
  for (let rewritten = 0; rewritten <= names.length; rewritten++) {
    const home = newHome()
    await filled(home)
    const path = join(home.profiles, 'ada')
    const before = Object.fromEntries(names.map((name) => [name, readFileSync(join(path, name))]))
    const vaultWithBoth = join(home.path, 'both')
    {
      await using profile = await open(home)
      const save = profile.save.bind(profile)
      const [former] = profile.contents.recordKeys.map((key) => key.slice())
      await profile.rekey('new', cheap)
      await save((contents) => ({ ...contents, recordKeys: [...contents.recordKeys, former!] }))
      copyFileSync(join(path, 'vault'), vaultWithBoth)
    }
    // As it stands after the vault was written and so many logs were.
    copyFileSync(vaultWithBoth, join(path, 'vault'))
    for (const name of names.slice(rewritten)) writeFileSync(join(path, name), before[name]!)
    if (rewritten === 1) writeFileSync(join(path, `${first}.new`), 'a part', { mode: 0o600 })

    await using profile = await open(home, 'new')
    const [newest, former] = profile.contents.recordKeys.map((key) => key.slice())
    expect(await openedBy(path, former!)).toEqual(names.slice(rewritten))
    expect(await readAll(profile)).toEqual(whole)
    expect(await openedBy(path, newest!)).toEqual(names)
    expect(profile.contents.recordKeys).toEqual([newest])
    expect(readdirSync(path).sort()).toEqual(['history', 'lock', 'mail', 'transfers', 'vault'])
    expect(readdirSync(join(path, 'history'))).toHaveLength(2)
  }
})

test('a change of the passphrase that finds a damaged log keeps it aside, says so, and is in force', async () => {
  const home = newHome()
  await filled(home)
  const path = join(home.profiles, 'ada')
  writeFileSync(join(path, 'mail'), 'no log')
  await using profile = await open(home)
  expect((await faultOf(profile.rekey('new', cheap))).hint).toContain('mail.damaged')
  expect(readFileSync(join(path, 'mail.damaged'), 'utf8')).toBe('no log')
  await profile[Symbol.asyncDispose]()
  await using again = await open(home, 'new')
  expect(await readAll(again)).toEqual({ ...whole, mail: [] })
})
