import { expect, test } from 'vitest'
import { profileAddress } from '../../src/profile/address.ts'
import type { Buddies } from '../../src/profile/buddies.ts'
import { changeBuddy } from '../../src/profile/buddies.ts'
import type { Code } from '../../src/profile/code.ts'
import { type Contents, decodeContents, encodeContents } from '../../src/profile/contents.ts'
import { discoveryKeyOf } from '../../src/profile/discoverykey.ts'
import {
  type Acquaintances,
  bind,
  conclude,
  freeAlias,
  type Invite,
  inviteOf,
  maxInvites,
  meet,
  newInvite,
  openInvites,
  tidied,
  unmet,
} from '../../src/profile/invite.ts'
import { aliceAddress, other, own, third, withBuddy } from './people.ts'

const code = 'zoo zoo zoo zoo zoo zoo' as Code
const invite = (alias: string, n = 1, changes: Partial<Invite> = {}): Invite => ({
  ...newInvite({ side: 'inviter', alias, code, prk: new Uint8Array(32).fill(n) }, 1_700_000_000_000),
  ...changes,
})
const pending = invite('bob')
const { address, fingerprint } = other
const meeting = { address, fingerprint, own: own.address, at: 1_700_000_000_005 }

const meetIn = (buddies: Buddies, invites: readonly Invite[] = [pending]) =>
  meet({ buddies, invites } satisfies Acquaintances, pending, meeting)

function buddiesAfter(buddies: Buddies): Buddies {
  const met = meetIn(buddies)
  if (met.kind === 'refused') throw new Error(met.why)
  return met.contents.buddies
}

test('who is met is a buddy by code, pinned, and strange until he has confirmed', () => {
  expect(buddiesAfter([])).toEqual([
    {
      ...{
        alias: 'bob',
        address,
        fingerprint,
        trust: 'by-code',
        addedAt: meeting.at,
        lastSeenAt: meeting.at,
      },
      ...{ isBlocked: false, isStrange: true, hints: [], habits: {} },
    },
  ])
})

test('the invite stays with him until he has confirmed, then it is gone', () => {
  const met = meetIn([])
  if (met.kind === 'refused') throw new Error(met.why)
  expect(openInvites(met.contents)).toEqual([])
  expect(inviteOf(met.contents.invites, met.contents.buddies[0]!)).toMatchObject({ alias: 'bob' })
  expect(conclude(met.contents, fingerprint).invites).toEqual([])
  expect(conclude(met.contents, third.fingerprint)).toBe(met.contents)
})

test('a confirmation that comes before his address leaves the invite: he is not found without it', () => {
  const bound = bind({ buddies: [], invites: [pending] }, pending, fingerprint)
  expect(conclude(bound, fingerprint)).toBe(bound)
})

test('an alias that is another’s gets a number, and the other stays as he is', () => {
  const before = withBuddy([], 'Bob', aliceAddress)
  expect(buddiesAfter(before).map(({ alias }) => alias)).toEqual(['Bob', 'bob-2'])
  expect(buddiesAfter(before)[0]).toEqual(before[0])
})

test('who is a buddy already keeps his alias; unverified trust rises to by-code, higher trust stays', () => {
  const known = withBuddy([], 'robert', address)
  expect(buddiesAfter(known)).toMatchObject([
    { alias: 'robert', trust: 'by-code', fingerprint, isStrange: true },
  ])
  const verified = changeBuddy(known, 'robert', (buddy) => ({ ...buddy, fingerprint, trust: 'verified' }))
  expect(buddiesAfter(verified)).toMatchObject([{ alias: 'robert', trust: 'verified' }])
})

test('a buddy with the same key and a newer address is moved there', () => {
  const former = profileAddress(discoveryKeyOf(new Uint8Array(32).fill(7)), fingerprint)
  const known = changeBuddy(withBuddy([], 'robert', former), 'robert', (buddy) => ({ ...buddy, fingerprint }))
  expect(buddiesAfter(known)).toMatchObject([{ alias: 'robert', address }])
})

test('another person’s trust never rises: whoever has another pinned key is not he', () => {
  const someone = changeBuddy(withBuddy([], 'eve', aliceAddress), 'eve', (buddy) => ({
    ...buddy,
    fingerprint: third.fingerprint,
  }))
  expect(buddiesAfter(someone)[0]).toMatchObject({ alias: 'eve', trust: 'unverified' })
})

test('the discovery key of another buddy with another identity is refused, and nothing changes', () => {
  const stolen = profileAddress(discoveryKeyOf(other.discoverySecret), third.fingerprint)
  const before = withBuddy([], 'carol', stolen)
  expect(meetIn(before)).toMatchObject({ kind: 'refused', why: 'discovery-key-taken', by: 'carol' })
})

test('whoever is blocked is not met again by a code', () => {
  const blocked = changeBuddy(withBuddy([], 'robert', address), 'robert', (buddy) => ({
    ...buddy,
    isBlocked: true,
  }))
  expect(meetIn(blocked)).toMatchObject({ kind: 'refused', why: 'blocked', by: 'robert' })
})

test('the default alias is the first of buddy, buddy-2, … that nobody has', () => {
  expect(freeAlias({ buddies: [], invites: [] })).toBe('buddy')
  expect(freeAlias({ buddies: withBuddy([], 'Buddy', address), invites: [invite('buddy-2')] })).toBe(
    'buddy-3',
  )
  const long = 'b'.repeat(32)
  expect(freeAlias({ buddies: withBuddy([], long, address), invites: [] }, long)).toBe(`${'b'.repeat(30)}-2`)
})

test('a vault is tidied: what has expired is gone, and an alias that became a buddy’s changes', () => {
  const late = 1_700_000_000_000 + 48 * 3_600_000
  const both = { buddies: withBuddy([], 'bob', address), invites: [pending, invite('carol', 2)] }
  const tidy = tidied(both, 1_700_000_000_001)
  expect(tidy.invites.map(({ alias }) => alias)).toEqual(['bob-2', 'carol'])
  expect(tidied(tidy, 1_700_000_000_002)).toBe(tidy)
  expect(tidied(tidy, late).invites).toEqual([])
})

test('who is removed or blocked is found by his code no more; other codes stay', () => {
  const met = meetIn([], [pending, invite('carol', 2)])
  if (met.kind === 'refused') throw new Error(met.why)
  expect(unmet(met.contents.invites, met.contents.buddies[0]!).map(({ alias }) => alias)).toEqual(['carol'])
})

const contents: Contents = {
  ...{ identity: own, createdAt: 1, buddies: [], nodes: [], former: [], recordKeys: [] },
  invites: [
    pending,
    invite('Žofie', 2, {
      side: 'accepter',
      code: undefined,
      bound: fingerprint,
      expiresAt: 1_700_000_000_001,
    }),
  ],
}

test('a vault keeps invites; one without any is as it was before there were invites', () => {
  expect(decodeContents(encodeContents(contents))).toEqual(contents)
  const without = encodeContents({ ...contents, invites: [] })
  expect(decodeContents(without)?.invites).toEqual([])
  expect(encodeContents(contents).subarray(0, without.length)).toEqual(without)
})

test.each([
  ['more invites than may be', Array.from({ length: maxInvites + 1 }, (_, i) => invite(`b${i}`, i))],
  ['two of one alias', [invite('bob'), invite('BOB', 2)]],
  ['a code that is none', [invite('bob', 1, { code: 'zoo zoo' as Code })]],
  ['a date after the year 9999', [invite('bob', 1, { expiresAt: 253_402_300_800_000 })]],
])('a vault with %s is refused', (_, invites) => {
  expect(decodeContents(encodeContents({ ...contents, invites }))).toBeUndefined()
})

test('a vault whose invites are cut off is refused', () => {
  const octets = encodeContents(contents)
  const before = encodeContents({ ...contents, invites: [] }).length
  for (let size = before + 1; size < octets.length; size += 3)
    expect(decodeContents(octets.subarray(0, size))).toBeUndefined()
})
