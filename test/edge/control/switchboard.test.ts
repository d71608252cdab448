import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Switchboard } from '../../../src/edge/control/switchboard.ts'
import { follow } from '../../../src/edge/following.ts'
import { invitedOf, knownOf } from '../../../src/edge/meeting.ts'
import { createProfile, openProfile } from '../../../src/edge/profiles.ts'
import type { Talking } from '../../../src/edge/talking.ts'
import { formatProfileAddress } from '../../../src/profile/address.ts'
import { findBuddy } from '../../../src/profile/buddies.ts'
import type { Change } from '../../../src/profile/change.ts'
import { bind, newInvite } from '../../../src/profile/invite.ts'
import type { Command, TalkEvent } from '../../../src/session/command.ts'
import { Talk } from '../../../src/session/talk.ts'
import { other, third } from '../../profile/people.ts'
import { ownOf, seeded, wall } from '../../session/people.ts'
import { temporaryFolder } from '../folder.ts'

const addressOf = ({ address }: typeof other): string => formatProfileAddress(address)

/** The owner of a profile, without a network: `otrtalk invite friend`, and what it did for clients. */
async function inviting() {
  const path = temporaryFolder()
  const home = { path, profiles: join(path, 'profiles') }
  const made = { home, name: 'ada', passphrase: '', command: 'invite' }
  await createProfile(made)
  const profile = await openProfile({ ...made, lock: true })
  onTestFinished(() => profile[Symbol.asyncDispose]())
  const random = seeded(1)
  const invite = newInvite(
    { side: 'accepter', alias: 'friend', code: undefined, prk: random(32) },
    Date.now(),
  )
  await profile.save((contents) => ({ ...contents, invites: [invite] }))
  const place = { hosts: [], families: [] }
  const { identity } = profile.contents
  const talk = new Talk({
    ...{ name: 'ada', own: ownOf({ alias: 'ada', identity }, wall), random, wall, place },
    dht: { mode: 'off', bootstrap: [], saved: [] },
    ...{ lan: false, isOnLink: () => false, stun: false, loopback: false, now: 0 },
  })
  talk.know(invitedOf(invite))
  const acts: Command[] = []
  const talking: Talking = {
    act: (command) => {
      acts.push(command)
      talk.act(command, 0)
    },
    ...{ offer: () => undefined, take: () => 'unknown-buddy', isGathered: true },
    knows: (name) => talk.knows(name),
    include: (buddy) => talk.know(knownOf(buddy, profile.contents)),
    exclude: (name) => talk.forget(name, 0),
    follow(change, how) {
      for (const event of follow(talk, change, { ...how, contents: profile.contents, now: 0 }))
        board.hear(event)
      for (const out of talk.drain(0)) if (out.kind === 'event') board.hear(out.event)
    },
    async [Symbol.asyncDispose]() {},
  }
  const shown: TalkEvent[] = []
  const board = new Switchboard({ profile, isOpenToAll: false, onEvent: (event) => shown.push(event) })
  talking.act({ kind: 'open', buddy: 'friend' })
  board.open(talking, ['friend'])
  return {
    ...{ profile, board, talking, invite, acts },
    change: (change: Change) => board.change(talking, change),
    attach: (buddy: string) => board.attach(talking, { tell() {} }, { buddy }).buddy,
    /** Who has the code has proved it, and is the buddy of this key. */
    async proved({ fingerprint }: typeof other) {
      await profile.save((contents) => bind(contents, invite, fingerprint))
      const under = { buddy: 'friend', session: 1, fingerprint, trust: 'by-code' } as const
      board.hear({ kind: 'secured', ...under, path: 'lan', ms: 1, pq: true })
    },
  }
}

describe('who waits for the buddy of a code', () => {
  test('gives his name to nobody else: what is said to that one would go to whoever has the code', async () => {
    const { change, attach, profile } = await inviting()
    const taken = { why: 'alias-taken' }
    expect(await change({ kind: 'add', alias: 'Friend', address: addressOf(other), at: [] })).toEqual(taken)
    await change({ kind: 'add', alias: 'bob', address: addressOf(other), at: [] })
    expect(await change({ kind: 'rename', alias: 'bob', to: 'friend' })).toEqual(taken)
    expect(profile.contents.buddies.map(({ alias }) => alias)).toEqual(['bob'])
    expect(attach('bob')).toBe('bob')
  })

  test('knows whom the code led to by the alias he had, and forgets that with him', async () => {
    const { change, attach, proved } = await inviting()
    await change({ kind: 'add', alias: 'bob', address: addressOf(other), at: [] })
    await proved(other)
    expect(attach('bob')).toBe('friend')
    await change({ kind: 'remove', alias: 'bob' })
    await change({ kind: 'add', alias: 'bob', address: addressOf(third), at: [] })
    expect(attach('bob')).toBe('bob')
  })

  test('may be called as the code was by whom it led to, and by nobody who has his alias then', async () => {
    const { change, attach, proved, profile } = await inviting()
    await change({ kind: 'add', alias: 'bob', address: addressOf(other), at: [] })
    await proved(other)
    await change({ kind: 'rename', alias: 'bob', to: 'friend' })
    expect(attach('friend')).toBe('friend')
    await change({ kind: 'add', alias: 'bob', address: addressOf(third), at: [] })
    expect(findBuddy(profile.contents.buddies, 'bob')?.address).toEqual(third.address)
    expect(attach('bob')).toBe('bob')
  })
})
