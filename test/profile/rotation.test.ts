import { expect, test } from 'vitest'
import { randomBytes } from '../../src/crypto.ts'
import { changeBuddy, touchBuddy } from '../../src/profile/buddies.ts'
import { type Contents, maxFormer } from '../../src/profile/contents.ts'
import { introduced, rotate, selvesOf, settle, untold } from '../../src/profile/rotation.ts'
import { aliceAddress, other, own, withBuddy } from './people.ts'

const { fingerprint } = other
const buddies = touchBuddy(withBuddy(withBuddy([], 'bob', other.address), 'alice', aliceAddress), 'bob', {
  fingerprint,
  at: 42,
})
const contents: Contents = {
  identity: own,
  createdAt: 1,
  buddies,
  nodes: [],
  former: [],
  recordKeys: [],
  invites: [],
}
const rotated = (from: Contents): Contents => rotate(from, randomBytes)!
const names = (from: Contents): string[] => untold(from).map(({ alias }) => alias)
const blocked = (from: Contents, alias: string): Contents =>
  settle({ ...from, buddies: changeBuddy(from.buddies, alias, (buddy) => ({ ...buddy, isBlocked: true })) })

test('a new key changes the address and nothing else of the identity; the old one stays for the buddies', () => {
  const after = rotated(contents)
  expect(after.identity).toMatchObject({ keys: own.keys, fingerprint: own.fingerprint })
  expect(after.identity.address).not.toEqual(own.address)
  expect(after.former).toEqual([{ discoverySecret: own.discoverySecret, address: own.address }])
  expect(selvesOf(after)).toEqual([after.identity, ...after.former])
  expect(names(after)).toEqual(['bob', 'alice'])
})

test('the old key goes when the last one who is not blocked has confirmed the new address', () => {
  const bob = introduced(rotated(contents), 'bob', fingerprint)
  expect([names(bob), bob.former.length]).toEqual([['alice'], 1])
  const done = blocked(bob, 'alice')
  expect([names(done), done.former]).toEqual([[], []])
})

test('a confirmation under another key, or of somebody unknown, changes nothing', () => {
  const after = rotated(contents)
  const near = `${fingerprint.slice(0, 110)}00` as typeof fingerprint
  expect(introduced(after, 'bob', near)).toBe(after)
  expect(introduced(after, 'carol', fingerprint)).toBe(after)
  expect(introduced(contents, 'bob', fingerprint)).toBe(contents)
})

test('without anybody to tell nothing is kept', () => {
  expect(rotated({ ...contents, buddies: [] }).former).toEqual([])
  const all = blocked(blocked(contents, 'bob'), 'alice')
  expect(rotated(all).former).toEqual([])
})

test('at most four former keys serve, the newest first', () => {
  let after = contents
  for (let i = 0; i < maxFormer; i++) after = rotated(after)
  expect(maxFormer).toBe(4)
  expect(after.former.at(-1)?.address).toEqual(own.address)
  expect(rotate(after, randomBytes)).toBeUndefined()
})
