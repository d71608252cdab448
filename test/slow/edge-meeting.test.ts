import { expect, test } from 'vitest'
import { isExpired } from '../../src/profile/invite.ts'
import { Couple } from '../edge/couple.ts'

test('an invite makes both buddies, met by code, and is gone from both vaults', () => {
  const couple = new Couple(1)
  couple.start()
  expect(couple.until(() => couple.isDone)).toBe(true)
  const { inviter, accepter } = couple
  for (const [profile, other, alias] of [
    [inviter, accepter, 'friend'],
    [accepter, inviter, 'ada'],
  ] as const) {
    const { address, fingerprint } = other.contents.identity
    expect(profile.contents.buddies).toMatchObject([{ alias, address, fingerprint, trust: 'by-code' }])
    expect(profile.running?.events('verified')).toEqual([])
    expect(profile.running?.events('asked')).toEqual([])
  }
})

test.each([
  ['inviter', 'bound', false], // all others: test/slow/meeting.test.ts
] as const)(
  'the %s dies when “%s” is told (saved: %s): after its restart both are buddies by the same code',
  (side, step, isSaved) => {
    const couple = new Couple(2)
    const victim = couple[side]
    victim.doom(step, isSaved)
    couple.start()
    expect(couple.until(() => !victim.isDoomed)).toBe(true)
    victim.start()
    expect(couple.until(() => couple.isDone)).toBe(true)
    for (const { running, contents } of [couple.inviter, couple.accepter]) {
      expect(running?.events('burnt')).toEqual([])
      expect(running?.events('asked')).toEqual([])
      expect(contents.buddies[0]?.trust).toBe('by-code')
    }
  },
)

test('a code lives for 48 hours, also if the clock is set back', () => {
  const [invite] = new Couple(3).inviter.contents.invites
  const { createdAt } = invite!
  const hour = 3_600_000
  expect(isExpired(invite!, createdAt + 48 * hour - 1)).toBe(false)
  expect(isExpired(invite!, createdAt + 48 * hour)).toBe(true)
  expect(isExpired(invite!, createdAt - hour)).toBe(false)
  expect(isExpired(invite!, createdAt - 49 * hour)).toBe(true)
})
