import { describe, expect, test } from 'vitest'
import { discoveryKeyIn, type ProfileAddress, profileAddress } from '../../src/profile/address.ts'
import {
  addBuddy,
  areSound,
  type Buddies,
  findBuddy,
  isBuddy,
  maxBuddies,
  moveBuddy,
  removeBuddy,
  renameBuddy,
  touchBuddy,
  verifyBuddy,
} from '../../src/profile/buddies.ts'
import { aliceAddress, bobAddress, other, own, third, withBuddy } from './people.ts'

const context = { own: own.address, at: 1_700_000_000_000 }
const add = (buddies: Buddies, alias: string, address: ProfileAddress) =>
  addBuddy(buddies, { alias, address }, context)
const refusal = (buddies: Buddies, alias: string, address: ProfileAddress) => {
  const added = add(buddies, alias, address)
  return added.kind === 'refused' ? [added.why, added.by] : added.kind
}

describe('adding a buddy', () => {
  test('remembers alias, address and when; nothing is known of his key yet', () => {
    expect(add([], 'bob', bobAddress)).toEqual({
      kind: 'added',
      buddies: [expect.objectContaining({ alias: 'bob' })],
      buddy: {
        alias: 'bob',
        address: bobAddress,
        trust: 'unverified',
        fingerprint: undefined,
        addedAt: context.at,
        lastSeenAt: undefined,
        isBlocked: false,
        isStrange: false,
        hints: [],
        habits: {},
      },
    })
  })

  test.each(['b', 'Bob', 'bob.2', 'a_b-c', 'Žofie', '小明', 'देव', 'x'.repeat(32), '𝒳'.repeat(32)])(
    'takes the alias %s',
    (alias) => expect(add([], alias, bobAddress).kind).toBe('added'),
  )

  test.each([
    ['alias-empty', ''],
    ['alias-long', 'x'.repeat(33)],
    ['alias-characters', '-bob'],
    ['alias-characters', '.bob'],
    ['alias-characters', 'bob smith'],
    ['alias-characters', 'bob\n'],
    ['alias-characters', 'b/ob'],
    ['alias-characters', 'b\u202eob'],
    ['alias-characters', 'b\u200bob'],
    ['alias-characters', 'b\x1b[31m'],
    ['alias-characters', '\u0301bob'],
    ['alias-characters', '\ud800'],
    ['alias-characters', '🙂'],
  ])('refuses as %s the alias %j', (why, alias) => {
    expect(refusal([], alias, bobAddress)).toEqual([why, undefined])
  })

  test('refuses an alias that differs by case or by form only, and says whose it is', () => {
    const buddies = withBuddy([], 'Žofie', bobAddress)
    expect(refusal(buddies, 'žOFIE', aliceAddress)).toEqual(['alias-taken', 'Žofie'])
    expect(refusal(buddies, 'Z\u030cofie', aliceAddress)).toEqual(['alias-taken', 'Žofie'])
    expect(refusal(buddies, 'Zofie', aliceAddress)).toBe('added')
  })

  test('refuses our own address, and our discovery key under another fingerprint', () => {
    expect(refusal([], 'me', own.address)).toEqual(['own-address', undefined])
    const stranger = profileAddress(discoveryKeyIn(own.address), other.fingerprint)
    expect(refusal([], 'me', stranger)).toEqual(['own-discovery-key', undefined])
  })

  test('refuses an address twice, and the discovery key of another buddy', () => {
    const buddies = withBuddy([], 'bob', other.address)
    expect(refusal(buddies, 'bob2', other.address)).toEqual(['address-taken', 'bob'])
    const stranger = profileAddress(discoveryKeyIn(other.address), third.fingerprint)
    expect(refusal(buddies, 'carol', stranger)).toEqual(['discovery-key-taken', 'bob'])
  })

  test('stops at 1,000', () => {
    const [one] = withBuddy([], 'bob', bobAddress)
    const many = Array.from({ length: maxBuddies }, (_, i) => ({ ...one!, alias: `b${i}` }))
    expect(maxBuddies).toBe(1_000)
    expect(refusal(many, 'alice', aliceAddress)).toEqual(['too-many', undefined])
    expect(refusal(many.slice(1), 'alice', aliceAddress)).toBe('added')
  })
})

test('a buddy is found and removed in whichever case; another stays', () => {
  const buddies = withBuddy(withBuddy([], 'Bob', bobAddress), 'alice', aliceAddress)
  expect(findBuddy(buddies, 'bOB')?.alias).toBe('Bob')
  expect(removeBuddy(buddies, 'BOB').map((buddy) => buddy.alias)).toEqual(['alice'])
  expect(removeBuddy(buddies, 'carol')).toBe(buddies)
})

describe('the first conversation with a buddy', () => {
  const buddies = withBuddy(withBuddy([], 'bob', other.address), 'alice', aliceAddress)
  const touched = touchBuddy(buddies, 'BOB', { fingerprint: other.fingerprint, at: 42 })

  test('pins all 56 octets of the fingerprint and tells when', () => {
    expect(touched[0]).toEqual({ ...buddies[0], fingerprint: other.fingerprint, lastSeenAt: 42 })
    expect(touched[1]).toBe(buddies[1])
  })

  test('is refused to a fingerprint that is not the address’s', () => {
    expect(isBuddy(buddies[0]!, third.fingerprint)).toBe(false)
    expect(() => touchBuddy(buddies, 'bob', { fingerprint: third.fingerprint, at: 42 })).toThrow()
  })

  test('decides: afterwards the whole fingerprint must match, not only what the address has', () => {
    const near = `${other.fingerprint.slice(0, 110)}00` as typeof other.fingerprint
    expect(isBuddy(buddies[0]!, near)).toBe(true)
    expect(isBuddy(touched[0]!, near)).toBe(false)
    expect(isBuddy(touched[0]!, other.fingerprint)).toBe(true)
  })

  test('of one who was removed meanwhile changes nothing', () => {
    expect(touchBuddy(buddies, 'carol', { fingerprint: other.fingerprint, at: 42 })).toBe(buddies)
  })
})

test('a list that addBuddy would not have made is not sound', () => {
  const buddies = withBuddy(withBuddy([], 'bob', other.address), 'alice', aliceAddress)
  const [bob, alice] = buddies as [Buddies[0], Buddies[0]]
  expect(areSound(buddies, own.address)).toBe(true)
  expect(areSound([bob, { ...alice, alias: 'BOB' }], own.address)).toBe(false)
  expect(areSound([bob, { ...alice, address: bob.address }], own.address)).toBe(false)
  expect(areSound([bob, { ...alice, address: own.address }], own.address)).toBe(false)
  expect(areSound([bob, { ...alice, alias: '' }], own.address)).toBe(false)
  expect(areSound([bob, { ...alice, alias: 'a\u0301' }], own.address)).toBe(false)
  expect(areSound([{ ...bob, fingerprint: third.fingerprint }], own.address)).toBe(false)
})

describe('a new alias', () => {
  const buddies = withBuddy(withBuddy([], 'Bob', other.address), 'alice', aliceAddress)
  const rename = (alias: string) => renameBuddy(buddies, buddies[0]!, alias)

  test('changes nothing else, and may be the old one in another case', () => {
    for (const alias of ['robert', 'bob']) {
      const renamed = { ...buddies[0], alias }
      expect(rename(alias)).toEqual({ kind: 'renamed', buddies: [renamed, buddies[1]], buddy: renamed })
    }
  })

  test.each([
    ['alias-taken', 'ALICE', 'alice'],
    ['alias-characters', '-bob', undefined],
    ['alias-empty', '', undefined],
  ])('is refused as %s: %j', (why, alias, by) => {
    expect(rename(alias)).toEqual({ kind: 'refused', why, ...(by !== undefined && { by }) })
  })
})

describe('what a conversation tells of a buddy', () => {
  const { fingerprint } = other
  const pinned = touchBuddy(withBuddy([], 'bob', other.address), 'bob', { fingerprint, at: 42 })
  const near = `${fingerprint.slice(0, 110)}00` as typeof fingerprint

  test('raises trust under the pinned fingerprint only', () => {
    expect(verifyBuddy(pinned, 'bob', fingerprint)).toEqual([{ ...pinned[0], trust: 'verified' }])
    expect(verifyBuddy(pinned, 'bob', near)).toBe(pinned)
    expect(verifyBuddy(pinned, 'carol', fingerprint)).toBe(pinned)
    const unpinned = withBuddy([], 'bob', other.address)
    expect(verifyBuddy(unpinned, 'bob', fingerprint)).toBe(unpinned)
  })

  test('moves him to another address of his own, under the pinned fingerprint only', () => {
    const address = profileAddress(discoveryKeyIn(bobAddress), fingerprint)
    const move = (buddies: Buddies, moved: ProfileAddress, under = fingerprint) =>
      moveBuddy(buddies, 'bob', { address: moved, fingerprint: under, own: own.address })
    expect(move(pinned, address)).toEqual([{ ...pinned[0], address }])
    expect(move(pinned, address, near)).toBeUndefined()
    expect(move(pinned, profileAddress(discoveryKeyIn(bobAddress), third.fingerprint))).toBeUndefined()
    expect(move(pinned, profileAddress(discoveryKeyIn(own.address), fingerprint))).toBeUndefined()
    expect(move(withBuddy(pinned, 'robert', bobAddress), address)).toBeUndefined()
    expect(move(withBuddy([], 'bob', other.address), address)).toBeUndefined()
  })
})
