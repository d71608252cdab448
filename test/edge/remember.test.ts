import { describe, expect, test } from 'vitest'
import { randomBytes } from '../../src/crypto.ts'
import { remembered } from '../../src/edge/remember.ts'
import { discoveryKeyIn, formatProfileAddress, profileAddress } from '../../src/profile/address.ts'
import type { Contents } from '../../src/profile/contents.ts'
import { rotate } from '../../src/profile/rotation.ts'
import type { TalkEvent } from '../../src/session/command.ts'
import { bobAddress, other, own, third, withBuddy } from '../profile/people.ts'

const { fingerprint } = other
const stranger: Contents = {
  ...{ identity: own, createdAt: 1, nodes: [], former: [], recordKeys: [], invites: [] },
  buddies: withBuddy([], 'bob', other.address),
}
const under = { buddy: 'bob', session: 1, fingerprint, trust: 'verified' } as const
const secured: TalkEvent = { kind: 'secured', path: 'lan', ms: 1, pq: true, ...under }
const known = remembered(stranger, secured, 42)

describe('the vault', () => {
  test('pins who was secured first, and when', () => {
    expect(known.buddies).toMatchObject([{ fingerprint, lastSeenAt: 42, trust: 'unverified' }])
  })

  test('takes a verification of the pinned key, and of no other', () => {
    const verified: TalkEvent = { kind: 'verified', ...under }
    expect(remembered(known, verified, 43).buddies).toMatchObject([{ trust: 'verified', lastSeenAt: 42 }])
    const near = `${fingerprint.slice(0, 110)}00`
    expect(remembered(known, { ...verified, fingerprint: near }, 43)).toBe(known)
    expect(remembered(stranger, verified, 43)).toBe(stranger)
  })

  test('takes a new address of the pinned key, and of no other', () => {
    const move = (address: string, more: object = {}): Contents =>
      remembered(known, { kind: 'moved', address, ...under, ...more }, 43)
    const address = profileAddress(discoveryKeyIn(bobAddress), fingerprint)
    expect(move(formatProfileAddress(address)).buddies).toMatchObject([{ address, fingerprint }])
    const foreign = profileAddress(discoveryKeyIn(bobAddress), third.fingerprint)
    expect(move(formatProfileAddress(foreign))).toBe(known)
    expect(move(formatProfileAddress(foreign), { fingerprint: third.fingerprint })).toBe(known)
    expect(move('ot1nothing')).toBe(known)
  })

  test('forgets the former key when the buddy confirmed the new one', () => {
    const rotated = rotate(known, randomBytes)!
    expect(rotated.former).toHaveLength(1)
    const after = remembered(rotated, { kind: 'introduced', ...under }, 43)
    expect(after).toMatchObject({ former: [], buddies: [{ isStrange: false }] })
  })

  test('takes nothing from anything else', () => {
    const events: TalkEvent[] = [
      { kind: 'message', id: '0', text: 'x', at: 1, ...under },
      { kind: 'asked', question: '', ...under },
      { kind: 'verification', state: 'failed', ...under },
      { kind: 'lost', buddy: 'bob', why: 'left' },
    ]
    for (const event of events) expect(remembered(known, event, 43)).toBe(known)
  })
})
