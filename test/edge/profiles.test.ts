import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Home } from '../../src/edge/home.ts'
import {
  createProfile,
  endRemovals,
  findProfile,
  listProfiles,
  openProfile,
  removeProfile,
  WrongPassphrase,
} from '../../src/edge/profiles.ts'
import { cheap, other, withBuddy } from '../profile/people.ts'
import { faultOf } from './fault.ts'
import { newHome, temporaryFolder } from './folder.ts'

const create = (home: Home, name = 'ada', passphrase = 'pw') =>
  createProfile({ home, name, passphrase, command: 'profile create', cost: cheap })
const open = (home: Home, access: 'own' | 'read' = 'own', passphrase = 'pw') =>
  openProfile({ home, name: 'ada', passphrase, command: 'chat', lock: access === 'own' })
const vaultOf = (home: Home): string => join(home.profiles, 'ada/vault')

describe('a profile', () => {
  test('is made with an identity of its own, and opened with its passphrase', async () => {
    const home = newHome()
    const made = await create(home)
    await using profile = await open(home)
    expect(profile.contents).toEqual(made)
    expect(profile.name).toBe('ada')
    expect(made).toMatchObject({ buddies: [], nodes: [] })
    expect(Math.abs(Date.now() - made.createdAt)).toBeLessThan(60_000)
    expect((await create(home, 'bob')).identity.fingerprint).not.toBe(made.identity.fingerprint)
    expect(statSync(vaultOf(home)).mode & 0o777).toBe(0o600)
    expect(statSync(join(home.profiles, 'ada')).mode & 0o777).toBe(0o700)
  })

  test.each(['', '.x', '-x', 'a/b', '..', 'a b', 'ä', 'x'.repeat(33)])(
    'is not made under the name %j',
    async (name) => expect((await faultOf(create(newHome(), name))).exit).toBe(2),
  )

  test('is not made twice, nor under a name that differs by case only; the first stays', async () => {
    const home = newHome()
    await create(home)
    const before = readFileSync(vaultOf(home))
    expect((await faultOf(create(home))).message).toBe('there is a profile named ada already')
    expect((await faultOf(create(home, 'ADA'))).message).toBe('there is a profile named ada already')
    expect(readFileSync(vaultOf(home))).toEqual(before)
    expect(readdirSync(home.profiles)).toEqual(['ada']) // nothing is left of a refused one
  })

  test('is made by one of four who try at the same moment', async () => {
    const home = newHome()
    const tries = await Promise.allSettled(Array.from({ length: 4 }, () => create(home)))
    expect(tries.filter((tried) => tried.status === 'fulfilled')).toHaveLength(1)
    await using _ = await open(home)
  })

  test('is made in a folder where a crash left no vault', async () => {
    const home = newHome()
    mkdirSync(join(home.profiles, 'ada'), { recursive: true })
    expect(await listProfiles(home)).toEqual([])
    await create(home)
    expect(await listProfiles(home)).toHaveLength(1)
  })

  test('that is missing is named, with those there are', async () => {
    const home = newHome()
    expect(await faultOf(open(home))).toMatchObject({
      message: 'no profile named ada',
      hint: 'make one: otrtalk profile create ada',
    })
    await create(home, 'bob')
    expect((await faultOf(open(home))).hint).toBe('there are: bob')
    expect((await faultOf(findProfile(home, '../profiles/bob'))).exit).toBe(1)
  })

  test('is listed with who has it open', async () => {
    const home = newHome()
    expect(await listProfiles(home)).toEqual([])
    await create(home, 'bob', '')
    await create(home)
    mkdirSync(join(home.profiles, '.removed-x'))
    await using _ = await open(home)
    const path = (name: string) => join(home.profiles, name)
    expect(await listProfiles(home)).toEqual([
      {
        name: 'ada',
        path: path('ada'),
        hasPassphrase: true,
        usedBy: expect.objectContaining({ pid: process.pid, command: 'chat' }),
      },
      { name: 'bob', path: path('bob'), hasPassphrase: false, usedBy: undefined },
    ])
  })
})

describe('the wrong passphrase', () => {
  test('and a damaged vault are two things, and the lock is free after both', async () => {
    const home = newHome()
    await create(home)
    expect(await faultOf(open(home, 'own', 'pW'))).toBeInstanceOf(WrongPassphrase)
    expect((await faultOf(open(home, 'own', 'pW'))).exit).toBe(5)
    const sound = readFileSync(vaultOf(home))
    writeFileSync(vaultOf(home), sound.subarray(1))
    expect(await faultOf(open(home))).toMatchObject({ message: `${vaultOf(home)} is damaged`, exit: 1 })
    writeFileSync(vaultOf(home), sound)
    await using _ = await open(home)
  })

  test('is not what a vault of a newer program is called', async () => {
    const { sha256 } = await import('../../src/crypto.ts')
    const home = newHome()
    await create(home)
    const vault = readFileSync(vaultOf(home))
    vault[15] = 2
    vault.set(sha256(vault.subarray(0, -32)), vault.length - 32)
    writeFileSync(vaultOf(home), vault)
    expect((await faultOf(open(home))).message).toMatch(/written by a newer otrtalk/)
  })
})

describe('a profile that a process owns', () => {
  test('is read beside it, and cannot be owned, made or removed', async () => {
    const home = newHome()
    await create(home)
    await using owner = await open(home)
    await using reader = await open(home, 'read')
    expect(reader.contents).toEqual(owner.contents)
    const busy = { message: `the profile ada is in use by process ${process.pid} (otrtalk chat)`, exit: 5 }
    expect(await faultOf(open(home))).toMatchObject(busy)
    expect(await faultOf(removeProfile(home, 'ada'))).toMatchObject(busy)
    expect(await listProfiles(home)).toHaveLength(1)
  })

  test('is waited for while another process does something short with it, and not while it serves others', async () => {
    const home = newHome()
    await create(home)
    const told: string[] = []
    const turn = { ms: 5_000, onWait: ({ command }: { readonly command: string }) => told.push(command) }
    const take = (command: string, more = {}) =>
      openProfile({ home, name: 'ada', passphrase: 'pw', command, lock: true, ...more })
    const sending = await take('send')
    const waiting = take('buddy add', { turn })
    const late = faultOf(take('buddy list', { turn: { ms: 100 } }))
    expect((await late).message).toMatch(/in use by process \d+ \(otrtalk send\)/)
    await sleep(1_100) // until somebody wonders
    await sending[Symbol.asyncDispose]()
    await using chatting = await waiting.then(async (profile) => {
      await profile[Symbol.asyncDispose]()
      return take('chat')
    })
    expect(told).toEqual(['send'])
    expect(chatting.name).toBe('ada')
    const began = performance.now()
    expect((await faultOf(take('send', { turn }))).exit).toBe(5)
    expect(performance.now() - began).toBeLessThan(4_000)
  })

  test('is saved whole, one change after another, and each sees the one before', async () => {
    const home = newHome()
    await create(home)
    await using owner = await open(home)
    const save = (nodes: number) =>
      owner.save((contents) => ({
        ...contents,
        createdAt: contents.createdAt + 1,
        nodes: contents.nodes.concat(`1.2.3.4:${nodes}` as (typeof contents.nodes)[0]),
      }))
    const { createdAt } = owner.contents
    await Promise.all([save(1), save(2), save(3)])
    await using reader = await open(home, 'read')
    expect(reader.contents.nodes).toEqual(['1.2.3.4:1', '1.2.3.4:2', '1.2.3.4:3'])
    expect(reader.contents.createdAt).toBe(createdAt + 3)
  })

  test('waits at its end for what is being written', async () => {
    const home = newHome()
    await create(home)
    const owner = await open(home)
    const saved = owner.save((contents) => ({ ...contents, buddies: withBuddy([], 'bob', other.address) }))
    await owner[Symbol.asyncDispose]()
    await using reader = await open(home)
    expect(reader.contents.buddies[0]?.alias).toBe('bob')
    await saved
  })

  test('keeps the old contents when the disk refuses, says so, and can go on', async () => {
    const home = newHome()
    await create(home)
    await using owner = await open(home)
    const before = owner.contents
    const change = () => owner.save((contents) => ({ ...contents, createdAt: 7 }))
    mkdirSync(`${vaultOf(home)}.new`)
    expect((await faultOf(change())).message).toContain('cannot write')
    expect(owner.contents).toBe(before)
    const { rmdirSync } = await import('node:fs')
    rmdirSync(`${vaultOf(home)}.new`)
    await change()
    expect(owner.contents.createdAt).toBe(7)
  })

  test('writes nothing when nothing changes', async () => {
    const home = newHome()
    await create(home)
    await using owner = await open(home)
    const { mtimeNs } = statSync(vaultOf(home), { bigint: true })
    await owner.save((contents) => contents)
    expect(statSync(vaultOf(home), { bigint: true }).mtimeNs).toBe(mtimeNs)
  })

  test('is not saved by one who only reads', async () => {
    const home = newHome()
    await create(home)
    await using reader = await open(home, 'read')
    await expect(reader.save((contents) => ({ ...contents, createdAt: 7 }))).rejects.toThrow(
      'without its lock',
    )
  })
})

test('a removed profile is gone, with its folder', async () => {
  const home = newHome()
  await create(home)
  await create(home, 'bob')
  await removeProfile(home, 'ada')
  expect((await listProfiles(home)).map((entry) => entry.name)).toEqual(['bob'])
  expect(() => statSync(join(home.profiles, 'ada'))).toThrow()
  await create(home)
})

test('a removed profile is gone from where a link leads to', async () => {
  const home = newHome()
  await create(home)
  const elsewhere = join(temporaryFolder(), 'ada')
  renameSync(join(home.profiles, 'ada'), elsewhere)
  symlinkSync(elsewhere, join(home.profiles, 'ada'))
  await removeProfile(home, 'ada')
  expect(readdirSync(home.profiles)).toEqual([])
  expect(readdirSync(dirname(elsewhere))).toEqual([])
})

test('what is left of a removal that broke off is removed, and nothing else', async () => {
  const home = newHome()
  await create(home)
  await create(home, 'bob')
  renameSync(join(home.profiles, 'ada'), join(home.profiles, '.removed-ada'))
  await endRemovals(home)
  expect(readdirSync(home.profiles)).toEqual(['bob'])
  mkdirSync(join(home.profiles, '.removed-bob/x'), { recursive: true })
  await removeProfile(home, 'bob')
  expect(readdirSync(home.profiles)).toEqual([])
  await endRemovals(newHome())
})

test('a home that is a file is told in words', async () => {
  const path = join(temporaryFolder(), 'file')
  writeFileSync(path, '')
  const home = { path, profiles: join(path, 'profiles') }
  expect((await faultOf(listProfiles(home))).message).toMatch(/a part of this path is a file/)
  expect((await faultOf(create(home))).message).toMatch(/a part of this path is a file/)
})
