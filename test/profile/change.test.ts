import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { randomBytes } from '../../src/crypto.ts'
import { formatProfileAddress } from '../../src/profile/address.ts'
import { findBuddy, touchBuddy } from '../../src/profile/buddies.ts'
import { type Change, changed, readChange } from '../../src/profile/change.ts'
import type { Contents } from '../../src/profile/contents.ts'
import { type Habit, inForce } from '../../src/profile/habits.ts'
import { newInvite } from '../../src/profile/invite.ts'
import { mayBe, viewOf } from '../../src/profile/view.ts'
import { bobAddress, other, own, third, withBuddy } from './people.ts'

const text = formatProfileAddress
const at = 1_800_000_000_000
const empty: Contents = {
  identity: own,
  createdAt: 1,
  buddies: [],
  nodes: [],
  former: [],
  recordKeys: [],
  invites: [],
}
const bob: Contents = { ...empty, buddies: withBuddy([], 'bob', other.address) }
/** Bob has answered once. */
const pinned: Contents = {
  ...bob,
  buddies: touchBuddy(bob.buddies, 'bob', { fingerprint: other.fingerprint, at }),
}
const code = newInvite({ side: 'inviter', alias: 'eve', code: undefined, prk: new Uint8Array(32) }, at)

function made(contents: Contents, change: Change): Contents {
  const result = changed(contents, change, { random: randomBytes, at })
  if (result.kind === 'refused') throw new Error(result.why)
  return result.contents
}
const refusal = (contents: Contents, change: Change) => {
  const result = changed(contents, change, { random: randomBytes, at })
  return result.kind === 'refused' ? result : undefined
}

describe('a change', () => {
  test('adds a buddy, with where he is tried first, once each', () => {
    const hints = ['192.0.2.7:4000', '192.0.2.7:4000', '[2001:db8::7]:4000']
    const { buddies } = made(empty, { kind: 'add', alias: 'bob', address: text(other.address), at: hints })
    expect(buddies).toMatchObject([{ alias: 'bob', addedAt: at, trust: 'unverified', hints: hints.slice(1) }])
  })

  test.each<[string, Contents, Change, object]>([
    [
      'no address',
      empty,
      { kind: 'add', alias: 'bob', address: 'ot1nothing', at: [] },
      { why: 'no-address' },
    ],
    [
      'our own',
      empty,
      { kind: 'add', alias: 'me', address: text(own.address), at: [] },
      { why: 'own-address' },
    ],
    [
      'a taken alias',
      bob,
      { kind: 'add', alias: 'Bob', address: text(third.address), at: [] },
      { why: 'alias-taken', by: 'bob' },
    ],
    [
      'a taken address',
      bob,
      { kind: 'add', alias: 'b2', address: text(other.address), at: [] },
      { why: 'address-taken', by: 'bob' },
    ],
    ['a name for a place', bob, { kind: 'at', alias: 'bob', at: ['bob.example:1'] }, { why: 'no-hint' }],
    [
      'nine places',
      bob,
      { kind: 'at', alias: 'bob', at: Array.from({ length: 9 }, (_, i) => `192.0.2.7:${i + 1}`) },
      { why: 'too-many-hints' },
    ],
    ['a name that is none', bob, { kind: 'rename', alias: 'bob', to: '-x' }, { why: 'alias-characters' }],
    [
      'another’s key',
      pinned,
      { kind: 'verify', alias: 'bob', fingerprint: third.fingerprint },
      { why: 'other-fingerprint' },
    ],
    [
      'a key that is not of the address',
      bob,
      { kind: 'verify', alias: 'bob', fingerprint: third.fingerprint },
      { why: 'other-fingerprint' },
    ],
    ['nobody', bob, { kind: 'block', alias: 'eve' }, { why: 'unknown-buddy' }],
    ['an invite that is not there', bob, { kind: 'remove', alias: 'eve' }, { why: 'unknown-buddy' }],
  ])('is refused for %s', (_, contents, change, expected) => {
    expect(refusal(contents, change)).toMatchObject(expected)
  })

  test('verifies for the key that was compared, pins it, and takes it back', () => {
    const verified = made(bob, { kind: 'verify', alias: 'BOB', fingerprint: other.fingerprint })
    expect(verified.buddies).toMatchObject([{ trust: 'verified', fingerprint: other.fingerprint }])
    expect(made(verified, { kind: 'unverify', alias: 'bob' }).buddies).toMatchObject([
      { trust: 'unverified' },
    ])
  })

  test('sets a habit of one buddy, beside what was set, and takes it back', () => {
    const set = (contents: Contents, habit: Habit) =>
      made(contents, { kind: 'habit', alias: 'Bob', ...habit })
    const typing = set(bob, { habit: 'typing', value: true })
    const both = set(typing, { habit: 'keep', value: 7 })
    expect(both.buddies[0]?.habits).toEqual({ typing: true, keep: 7 })
    expect(set(both, { habit: 'typing', value: null }).buddies[0]?.habits).toEqual({ keep: 7 })
    expect(inForce({ read: false, keep: 7 }, { read: true, typing: true })).toEqual({
      ...{ read: false, typing: true, keep: 7 },
    })
  })

  test('removes a buddy before a code of the same name, and a code alone', () => {
    expect(made({ ...empty, invites: [code] }, { kind: 'remove', alias: 'Eve' }).invites).toEqual([])
    const both = { ...empty, buddies: withBuddy([], 'eve', bobAddress), invites: [code] }
    const left = made(both, { kind: 'remove', alias: 'eve' })
    expect([left.buddies.length, left.invites.length]).toEqual([0, 1])
  })

  test('makes another address four times, until buddies have learned one; who is blocked need not', () => {
    let contents = pinned
    for (let i = 0; i < 4; i++) contents = made(contents, { kind: 'rotate' })
    expect(new Set(contents.former.map(({ address }) => text(address))).size).toBe(4)
    expect(refusal(contents, { kind: 'rotate' })).toMatchObject({ why: 'too-many-former' })
    expect(made(contents, { kind: 'block', alias: 'bob' }).former).toEqual([])
    expect(made(contents, { kind: 'remove', alias: 'bob' }).former).toEqual([])
  })
})

describe('as JSON', () => {
  const changes: readonly Change[] = [
    { kind: 'add', alias: 'bob', address: 'ot1', at: ['192.0.2.7:1'] },
    { kind: 'at', alias: 'bob', at: [] },
    { kind: 'rename', alias: 'bob', to: 'rob' },
    { kind: 'verify', alias: 'bob', fingerprint: 'ab' },
    ...(['unverify', 'block', 'unblock', 'remove'] as const).map((kind) => ({ kind, alias: 'bob' })),
    { kind: 'habit', alias: 'bob', habit: 'typing', value: true },
    { kind: 'habit', alias: 'bob', habit: 'keep', value: 30 },
    { kind: 'habit', alias: 'bob', habit: 'keep', value: null },
    { kind: 'rotate' },
  ]

  test.each(changes.map((change) => [change.kind, change] as const))(
    '%s is read as it was written',
    (_, change) => {
      expect(readChange(JSON.parse(JSON.stringify({ ...change, more: 1 })))).toEqual(change)
    },
  )

  test.each([
    ['no kind', { alias: 'bob' }],
    ['another kind', { kind: 'empty', alias: 'bob' }],
    ['no alias', { kind: 'block' }],
    ['an alias that is no text', { kind: 'block', alias: ['bob'] }],
    ['places that are none', { kind: 'at', alias: 'bob', at: ['x', 1] }],
    ['65 places', { kind: 'at', alias: 'bob', at: Array(65).fill('x') }],
    ['a habit that there is not', { kind: 'habit', alias: 'bob', habit: 'alias', value: true }],
    ['a habit without a value', { kind: 'habit', alias: 'bob', habit: 'read' }],
    ['a number for a switch', { kind: 'habit', alias: 'bob', habit: 'read', value: 1 }],
    ['a switch for days', { kind: 'habit', alias: 'bob', habit: 'keep', value: true }],
    ['no days at all', { kind: 'habit', alias: 'bob', habit: 'keep', value: 0 }],
    ['too many days', { kind: 'habit', alias: 'bob', habit: 'keep', value: 36_501 }],
    ['no new name', { kind: 'rename', alias: 'bob' }],
    ['an alias too long', { kind: 'block', alias: 'b'.repeat(1_025) }],
  ])('%s is no change', (_, value) => {
    expect(readChange(value)).toBeUndefined()
  })

  test('anything at all is a change or none, and any change leaves sound contents or the same', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.jsonValue(), fc.constantFrom(...changes)),
        fc.constantFrom('bob', 'eve', '￿'),
        (value, alias) => {
          const merged = typeof value === 'object' && value !== null ? { ...value, alias } : value
          const change = readChange(merged)
          if (change)
            expect(changed(pinned, change, { random: randomBytes, at }).kind).toMatch(/^(?:changed|refused)$/)
        },
      ),
      { numRuns: 300, seed: 7 },
    )
  })
})

describe('the view of a profile', () => {
  const secret = {
    ...pinned,
    invites: [{ ...code, code: 'zoo zoo zoo zoo zoo zoo' as never, prk: new Uint8Array(32).fill(0xab) }],
  }
  const rotated = made(secret, { kind: 'rotate' })
  const view = viewOf(rotated, { name: 'home', path: '/x' })

  test('has what is public', () => {
    expect(view).toMatchObject({
      ...{ profile: 'home', path: '/x', fingerprint: own.fingerprint, former: 1 },
      buddies: [{ alias: 'bob', fingerprint: other.fingerprint, blocked: false, untold: true, at: [] }],
      invites: [{ alias: 'eve', side: 'inviter' }],
    })
  })

  test('has no code, no key and nothing of one, in any form', () => {
    const { identity, former, invites } = rotated
    const written = JSON.stringify(view)
    const secrets = [
      ...[identity.keys.symmetricKey, identity.keys.forgingKey, identity.discoverySecret, invites[0]!.prk],
      ...former.map(({ discoverySecret }) => discoverySecret),
    ]
    for (const octets of secrets) {
      expect(written).not.toContain(Buffer.from(octets).toString('hex').slice(0, 16))
      expect(written).not.toContain(Buffer.from(octets).toString('base64').slice(0, 10))
      expect(written).not.toContain(`${octets[0]},${octets[1]},${octets[2]}`)
    }
    expect(written).not.toContain('zoo')
  })

  test('says whose a fingerprint may be, pinned or by the address', () => {
    const known = findBuddy(view.buddies, 'bob')!
    expect([mayBe(known, other.fingerprint), mayBe(known, third.fingerprint)]).toEqual([true, false])
    const fresh = { ...known, fingerprint: null }
    expect([mayBe(fresh, other.fingerprint), mayBe(fresh, third.fingerprint), mayBe(fresh, 'x')]).toEqual([
      ...[true, false, false],
    ])
  })
})
