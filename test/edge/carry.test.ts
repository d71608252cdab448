import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  exported,
  importProfile,
  octetsOf,
  openExported,
  readExported,
  refuseTakenFile,
} from '../../src/edge/carry.ts'
import type { Home } from '../../src/edge/home.ts'
import type { OpenProfile } from '../../src/edge/openprofile.ts'
import { createProfile, listProfiles, openProfile, WrongPassphrase } from '../../src/edge/profiles.ts'
import { writeFresh } from '../../src/edge/store.ts'
import { maxVaultSize, needsPassphrase, Vault } from '../../src/profile/vault.ts'
import { cheap, other, withBuddy } from '../profile/people.ts'
import { faultOf } from './fault.ts'
import { newHome, temporaryFolder } from './folder.ts'

const vaultOf = (home: Home, name = 'ada'): string => join(home.profiles, name, 'vault')
const open = (home: Home, passphrase: string, access: 'own' | 'read' = 'own', name = 'ada') =>
  openProfile({ home, name, passphrase, command: 'chat', lock: access === 'own' })
const homeWith = async (passphrase = 'old'): Promise<Home> => {
  const home = newHome()
  await createProfile({ home, name: 'ada', passphrase, command: 'profile create', cost: cheap })
  return home
}
const befriend = (profile: OpenProfile) =>
  profile.save((contents) => ({ ...contents, buddies: withBuddy([], 'bob', other.address) }))

describe('another passphrase', () => {
  test('opens the vault from then on; the old one does not', async () => {
    const home = await homeWith()
    await using profile = await open(home, 'old')
    expect([await profile.opensWith('old'), await profile.opensWith('new')]).toEqual([true, false])
    await profile.rekey('new', cheap)
    expect([await profile.opensWith('old'), await profile.opensWith('new')]).toEqual([false, true])
    await befriend(profile)
    await using again = await open(home, 'new', 'read')
    expect(again.contents).toEqual(profile.contents)
    expect(again.contents.buddies[0]?.alias).toBe('bob')
    expect(await faultOf(open(home, 'old', 'read'))).toBeInstanceOf(WrongPassphrase)
    expect(readdirSync(join(home.profiles, 'ada')).sort()).toEqual(['lock', 'vault'])
  })

  test('comes with new keys: an old copy with its passphrase opens nothing written since', async () => {
    const home = await homeWith()
    const old = readFileSync(vaultOf(home))
    await using profile = await open(home, 'old')
    await profile.rekey('new', cheap)
    const now = readFileSync(vaultOf(home))
    // The new contents behind the old head: what a thief of the old copy can try.
    const { sha256 } = await import('../../src/crypto.ts')
    const grafted = Buffer.concat([old.subarray(0, 123), now.subarray(123, -32)])
    const opened = await Vault.open(new Uint8Array(Buffer.concat([grafted, sha256(grafted)])), 'old')
    expect(opened).toEqual({ kind: 'refused', why: 'damaged' })
  })

  test('may be none, and one again', async () => {
    const home = await homeWith()
    await using profile = await open(home, 'old')
    await profile.rekey('')
    expect(needsPassphrase(readFileSync(vaultOf(home)))).toBe(false)
    await profile.rekey('new', cheap)
    expect(needsPassphrase(readFileSync(vaultOf(home)))).toBe(true)
  })

  test('waits for what is being saved, and what is saved after it is under it', async () => {
    const home = await homeWith()
    await using profile = await open(home, 'old')
    await Promise.all([
      befriend(profile),
      profile.rekey('new', cheap),
      profile.save((c) => ({ ...c, createdAt: 7 })),
    ])
    await using reader = await open(home, 'new', 'read')
    expect(reader.contents).toMatchObject({ createdAt: 7, buddies: [{ alias: 'bob' }] })
  })

  test('that cannot be written changes nothing, and the profile goes on', async () => {
    const home = await homeWith()
    await using profile = await open(home, 'old')
    mkdirSync(`${vaultOf(home)}.new`)
    expect((await faultOf(profile.rekey('new', cheap))).message).toContain('cannot write')
    const { rmdirSync } = await import('node:fs')
    rmdirSync(`${vaultOf(home)}.new`)
    await befriend(profile)
    await using reader = await open(home, 'old', 'read')
    expect(reader.contents.buddies).toHaveLength(1)
  })

  test('is not set by one who only reads', async () => {
    const home = await homeWith()
    await using reader = await open(home, 'old', 'read')
    await expect(reader.rekey('new', cheap)).rejects.toThrow('without its lock')
  })
})

describe('an exported profile', () => {
  test('is imported with all its buddies, and another instance tag', async () => {
    const home = await homeWith()
    await using profile = await open(home, 'old')
    await befriend(profile)
    const path = join(home.path, 'ada.otrtalk')
    await writeFresh(path, await exported(profile, 'carry', cheap))
    expect(statSync(path).mode & 0o777).toBe(0o600)
    const file = await readExported(path, octetsOf(path))
    const portable = await openExported(path, file, 'carry')
    expect(portable.name).toBe('ada')
    await importProfile(portable, { home, name: 'eve', passphrase: 'mine', cost: cheap })
    await using eve = await open(home, 'mine', 'own', 'eve')
    const { identity } = profile.contents
    const { instanceTag } = eve.contents.identity
    expect(eve.contents).toEqual({ ...profile.contents, identity: { ...identity, instanceTag } })
    expect(instanceTag).not.toBe(identity.instanceTag)
  })

  test('opens with its own passphrase, not with the profile’s', async () => {
    const home = await homeWith()
    await using profile = await open(home, 'old', 'read')
    const file = await exported(profile, 'carry', cheap)
    expect(await faultOf(openExported('x', file, 'old'))).toMatchObject({
      message: 'wrong passphrase for x',
      exit: 5,
    })
  })

  test.each([
    ['nothing', () => new Uint8Array(0), /no exported profile, or is damaged/],
    ['a vault', (vault: Uint8Array) => vault, /no exported profile, or is damaged/],
    [
      'more than any profile has',
      () => new Uint8Array(maxVaultSize + 1),
      /no exported profile, or is damaged/,
    ],
  ])('is not %s', async (_, made, message) => {
    const home = await homeWith()
    const path = join(home.path, 'x')
    writeFileSync(path, made(readFileSync(vaultOf(home))))
    expect((await faultOf(readExported(path, octetsOf(path)))).message).toMatch(message)
  })

  test('that takes more than half of the memory of the machine is refused before a passphrase is asked for', async () => {
    await using profile = await open(await homeWith(), 'old', 'read')
    const file = await exported(profile, 'carry', { logN: 10, r: 8, p: 1 }) // 1 MiB
    const read = (memory: number) =>
      readExported(
        'ada.otrtalk',
        (async function* () {
          yield file
        })(),
        { memory },
      )
    expect(await read(2 ** 21)).toEqual(file)
    const { message, hint } = await faultOf(read(2 ** 21 - 1))
    expect(message).toBe('ada.otrtalk takes 1 MiB of memory to open: too much for this machine')
    expect(hint).toContain('128 MiB')
  })

  test('that is endless is read no further than a vault may be long', async () => {
    let read = 0
    async function* endless() {
      for (;;) {
        read += 65_536
        yield new Uint8Array(65_536)
      }
    }
    await faultOf(readExported('x', endless()))
    expect(read).toBeLessThanOrEqual(maxVaultSize + 65_536)
  })

  test('that is missing, or a folder, is told in words', async () => {
    const path = temporaryFolder()
    expect((await faultOf(readExported('y', octetsOf(join(path, 'y'))))).message).toBe('there is no file y')
    expect((await faultOf(readExported(path, octetsOf(path)))).message).toContain('this is a folder')
  })

  test('is not made under a name that is taken, and a refused one leaves nothing', async () => {
    const home = await homeWith()
    await using profile = await open(home, 'old', 'read')
    const portable = { name: 'x', exportedAt: 1, contents: profile.contents }
    const made = importProfile(portable, { home, name: 'Ada', passphrase: '', cost: cheap })
    expect((await faultOf(made)).message).toBe('there is a profile named ada already')
    expect(readdirSync(home.profiles)).toEqual(['ada'])
    expect(await listProfiles(home)).toHaveLength(1)
  })
})

describe('a fresh file', () => {
  test('is never written over another, a folder or a link', async () => {
    const folder = temporaryFolder()
    const at = (name: string): string => join(folder, name)
    writeFileSync(at('file'), 'mine')
    mkdirSync(at('folder'))
    symlinkSync(at('nothing'), at('link'))
    for (const name of ['file', 'folder', 'link']) {
      const message = `${at(name)} exists already`
      expect(await faultOf(writeFresh(at(name), Uint8Array.of(1)))).toMatchObject({ message })
      expect(await faultOf(refuseTakenFile(at(name)))).toMatchObject({ message })
    }
    expect(readFileSync(at('file'), 'utf8')).toBe('mine')
    expect(readdirSync(folder).sort()).toEqual(['file', 'folder', 'link'])
  })

  test('is made once by two who try at the same moment', async () => {
    const path = join(temporaryFolder(), 'x')
    const tries = [1, 2, 3, 4].map((octet) => writeFresh(path, new Uint8Array(9).fill(octet)))
    const made = await Promise.allSettled(tries)
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(new Set(readFileSync(path)).size).toBe(1)
  })

  test('in a folder that is missing is refused in words', async () => {
    const path = join(temporaryFolder(), 'no/x')
    expect((await faultOf(writeFresh(path, Uint8Array.of(1)))).message).toMatch(
      /a folder of this path is missing/,
    )
    await refuseTakenFile(path)
  })
})
