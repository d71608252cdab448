/**
 * Promise 7: nothing is lost by a crash. A child does one thing to a profile and is
 * killed before its first, second, … step on the disk, and in the middle of what it
 * writes, until it comes to its end. What it leaves is whole: the old, or the new.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { exported, importProfile, octetsOf, openExported, readExported } from '../../src/edge/carry.ts'
import type { Home } from '../../src/edge/home.ts'
import {
  createProfile,
  listProfiles,
  openProfile,
  removeProfile,
  settingsPlace,
} from '../../src/edge/profiles.ts'
import { readSettings } from '../../src/edge/settingsfile.ts'
import { bundle } from '../edge/bundle.ts'
import { temporaryFolder } from '../edge/folder.ts'
import { cheap, other, withBuddy } from '../profile/people.ts'

let child = ''
beforeAll(async () => {
  child = await bundle(source)
})
afterAll(() => rm(dirname(child), { recursive: true, force: true }))

const homeIn = (path: string): Home => ({ path, profiles: join(path, 'profiles') })
const open = (home: Home, name: string, passphrase: string) =>
  openProfile({ home, name, passphrase, command: 'test', lock: true })
const names = async (home: Home) => (await listProfiles(home)).map(({ name }) => name)

/** A home with the profile ada, who has a buddy, and what she exported. */
async function makeTemplate(): Promise<Home> {
  const home = homeIn(temporaryFolder())
  await createProfile({ home, name: 'ada', passphrase: 'old', command: 'test', cost: cheap })
  await using ada = await open(home, 'ada', 'old')
  await ada.save((contents) => ({ ...contents, buddies: withBuddy([], 'bob', other.address) }))
  await writeFile(join(home.path, 'exported'), await exported(ada, 'carry', cheap))
  await writeFile(join(home.profiles, 'ada/settings.json'), '{"port":4000,"passphraseFile":"p"}')
  return home
}

/** Runs a deed until it is killed at its step `at`; false if it ended before. */
async function killedAt(at: number, deed: string, home: Home): Promise<boolean> {
  const started = spawn(process.execPath, [child, deed, home.path, String(at)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let told = ''
  started.stderr.on('data', (text) => {
    told += text
  })
  const [code, signal] = await once(started, 'close')
  if (signal === 'SIGKILL') return true
  if (code !== 0) throw new Error(`${deed}, killed at ${at}: ${told}`)
  return false
}

/** Yields how many steps there were. */
async function killAtEachStep(
  deed: string,
  check: (home: Home, hasEnded: boolean) => Promise<void>,
): Promise<number> {
  const template = await makeTemplate()
  const kill = async (at: number): Promise<boolean> => {
    const home = homeIn(temporaryFolder())
    await cp(template.path, home.path, { recursive: true })
    const wasKilled = await killedAt(at, deed, home)
    await check(home, !wasKilled)
    return wasKilled
  }
  for (let at = 1; ; at += 4) {
    const killed = await Promise.all([0, 1, 2, 3].map((more) => kill(at + more)))
    if (killed.includes(false)) return at + killed.indexOf(false) - 1
  }
}

/** The passphrase that opens ada's vault; her buddy is there, too. */
async function passphraseOf(home: Home): Promise<string> {
  const opened: string[] = []
  for (const passphrase of ['old', 'new']) {
    const profile = await open(home, 'ada', passphrase).catch(() => undefined)
    if (!profile) continue
    await using ada = profile
    expect(ada.contents.buddies[0]?.alias).toBe('bob')
    opened.push(passphrase)
  }
  return opened.join()
}

test('killed at each step, another passphrase is set or is not', async () => {
  const left = new Set<string>()
  const steps = await killAtEachStep('rekey', async (home, hasEnded) => {
    const passphrase = await passphraseOf(home)
    expect(passphrase).toMatch(hasEnded ? /^new$/ : /^(?:old|new)$/)
    left.add(passphrase)
    await using ada = await open(home, 'ada', passphrase)
    await ada.rekey('again', cheap)
    expect((await readdir(ada.path)).sort()).toEqual(['lock', 'settings.json', 'vault'])
  })
  expect(steps).toBeGreaterThan(8)
  expect(left.size).toBe(2)
}, 120_000)

test('killed at each step, an exported profile is whole or is not there', async () => {
  const left = new Set<boolean>()
  await killAtEachStep('export', async (home, hasEnded) => {
    const path = join(home.path, 'fresh')
    const isThere = (await readdir(home.path)).includes('fresh')
    if (isThere) {
      const portable = await openExported(path, await readExported(path, octetsOf(path)), 'carry')
      expect(portable.contents.buddies[0]?.alias).toBe('bob')
    } else expect(hasEnded).toBe(false)
    left.add(isThere)
    expect(await passphraseOf(home)).toBe('old')
  })
  expect(left.size).toBe(2)
}, 120_000)

test('killed at each step, a profile is imported whole, or its name is free', async () => {
  const left = new Set<boolean>()
  await killAtEachStep('import', async (home, hasEnded) => {
    const isThere = (await names(home)).includes('eve')
    if (!isThere) {
      expect(hasEnded).toBe(false)
      const path = join(home.path, 'exported')
      const portable = await openExported(path, await readExported(path, octetsOf(path)), 'carry')
      await importProfile(portable, { home, name: 'eve', passphrase: 'mine', cost: cheap })
    }
    await using eve = await open(home, 'eve', 'mine')
    expect(eve.contents.buddies[0]?.alias).toBe('bob')
    left.add(isThere)
  })
  expect(left.size).toBe(2)
}, 120_000)

test('killed at each step, a profile is removed, or is whole', async () => {
  const left = new Set<boolean>()
  await killAtEachStep('remove', async (home, hasEnded) => {
    const isThere = (await names(home)).includes('ada')
    if (isThere) {
      expect(hasEnded).toBe(false)
      expect(await passphraseOf(home)).toBe('old')
    } else {
      await createProfile({ home, name: 'ada', passphrase: '', command: 'test', cost: cheap })
    }
    await removeProfile(home, 'ada')
    expect(await readdir(home.profiles)).toEqual([])
    left.add(isThere)
  })
  expect(left.size).toBe(2)
}, 120_000)

test('killed at each step, settings are the old or the new ones', async () => {
  const left = new Set<number | undefined>()
  await killAtEachStep('set', async (home, hasEnded) => {
    const text = await readFile(join(home.profiles, 'ada/settings.json'), 'utf8')
    expect(text.endsWith('}') || text.endsWith('}\n')).toBe(true)
    const { port, ...rest } = await readSettings(settingsPlace(home, 'ada'))
    expect(rest).toEqual({ passphraseFile: 'p' })
    expect(hasEnded ? [5000] : [4000, 5000]).toContain(port)
    left.add(port)
    const kept = await readFile(join(home.profiles, 'ada/settings.before-2.json'), 'utf8')
    expect(kept).toBe('{"port":4000,"passphraseFile":"p"}')
  })
  expect([...left].sort()).toEqual([4000, 5000])
}, 120_000)

/** The child: each step of node:fs is counted. */
const source = `
  import fs from 'node:fs'
  import promises from 'node:fs/promises'
  import { syncBuiltinESMExports } from 'node:module'
  import { join } from 'node:path'
  import { exported, importProfile, octetsOf, openExported, readExported } from './src/edge/carry.ts'
  import { changeProfileSettings, openProfile, removeProfile } from './src/edge/profiles.ts'
  import { writeFresh } from './src/edge/store.ts'

  const [deed, path, at] = process.argv.slice(2)
  const home = { path, profiles: join(path, 'profiles') }
  const cost = { logN: 2, r: 1, p: 1 }
  let steps = 0
  const isTheStep = () => ++steps === Number(at)
  const die = () => process.kill(process.pid, 'SIGKILL')
  const count = (object, name) => {
    const before = object[name]
    object[name] = function (...args) {
      if (isTheStep()) die()
      return before.apply(this, args)
    }
  }
  for (const name of ['rename', 'link', 'rm', 'mkdir', 'rmdir', 'unlink']) count(promises, name)
  for (const name of ['openSync', 'writeSync', 'unlinkSync']) count(fs, name)
  const open = promises.open
  promises.open = async (...args) => {
    if (args[1] !== 'r' && isTheStep()) die()
    const file = await open(...args)
    count(file, 'sync')
    const writeFile = file.writeFile.bind(file)
    file.writeFile = async (octets) => {
      if (isTheStep()) {
        await writeFile(octets.subarray(0, octets.length >> 1))
        die()
      }
      return writeFile(octets)
    }
    return file
  }
  syncBuiltinESMExports()

  const ada = () => openProfile({ home, name: 'ada', passphrase: 'old', command: 'child', lock: true })
  const deeds = {
    async rekey() {
      await using profile = await ada()
      await profile.rekey('new', cost)
    },
    async export() {
      await using profile = await ada()
      await writeFresh(join(path, 'fresh'), await exported(profile, 'carry', cost))
    },
    async import() {
      const name = join(path, 'exported')
      const portable = await openExported(name, await readExported(name, octetsOf(name)), 'carry')
      await importProfile(portable, { home, name: 'eve', passphrase: 'mine', cost })
    },
    async remove() {
      await removeProfile(home, 'ada')
    },
    async set() {
      await changeProfileSettings(home, 'ada', (values) => ({ ...values, port: 5000 }))
    },
  }
  await deeds[deed]()
`
