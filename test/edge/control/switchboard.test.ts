import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { Client } from '../../../src/edge/control/guest.ts'
import { Switchboard } from '../../../src/edge/control/switchboard.ts'
import { follow } from '../../../src/edge/following.ts'
import { readHistories } from '../../../src/edge/kept/histories.ts'
import { Recorder } from '../../../src/edge/kept/recorder.ts'
import { invitedOf, knownOf } from '../../../src/edge/meeting.ts'
import type { OpenProfile } from '../../../src/edge/openprofile.ts'
import { createProfile, openProfile } from '../../../src/edge/profiles.ts'
import type { Talking } from '../../../src/edge/talking.ts'
import { formatProfileAddress, keyIn } from '../../../src/profile/address.ts'
import { findBuddy } from '../../../src/profile/buddies.ts'
import type { Change } from '../../../src/profile/change.ts'
import { bind, newInvite } from '../../../src/profile/invite.ts'
import type { Command, TalkEvent } from '../../../src/session/command.ts'
import type { Standing } from '../../../src/session/mailbox.ts'
import { Talk } from '../../../src/session/talk.ts'
import { cheap, other, third } from '../../profile/people.ts'
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
  const settled: string[] = []
  const followed: (Standing | undefined)[] = []
  const talking: Talking = {
    act: (command) => {
      acts.push(command)
      if (command.kind !== 'drop' && command.kind !== 'resend') talk.act(command, 0)
    },
    begin() {},
    seen: ({ id }) => settled.push(`${id} seen`),
    unseen: ({ id }) => settled.push(`${id} unseen`),
    unfinished: () => [],
    outbox: [],
    ...{ offer: () => undefined, take: () => 'unknown-buddy', isGathered: true },
    knows: (name) => talk.knows(name),
    include: (buddy) => talk.know(knownOf(buddy, profile.contents)),
    exclude: (name) => talk.forget(name, 0),
    follow(change, how) {
      followed.push(how.was)
      for (const event of follow(talk, change, { ...how, contents: profile.contents, now: 0 }))
        board.hear(event)
      for (const out of talk.drain(0)) if (out.kind === 'event') board.hear(out.event)
    },
    async [Symbol.asyncDispose]() {},
  }
  const shown: TalkEvent[] = []
  const cheaply: OpenProfile = {
    ...{ name: profile.name, path: profile.path },
    get contents() {
      return profile.contents
    },
    save: (change) => profile.save(change),
    opensWith: (passphrase) => profile.opensWith(passphrase),
    openLog: (name, options) => profile.openLog(name, options),
    removeLog: (name) => profile.removeLog(name),
    renewRecordKey: () => profile.renewRecordKey(),
    rekey: (passphrase) => profile.rekey(passphrase, cheap),
    async [Symbol.asyncDispose]() {},
  }
  const recorder = new Recorder({ profile, habits: {}, onFault() {} })
  onTestFinished(() => recorder[Symbol.asyncDispose]())
  const board = new Switchboard({
    profile: cheaply,
    recorder,
    isOpenToAll: false,
    onEvent: (event) => shown.push(event),
  })
  talking.act({ kind: 'open', buddy: 'friend' })
  board.open(talking, ['friend'])
  return {
    ...{ profile, board, talking, invite, acts, recorder, settled, followed },
    change: (change: Change) => board.change(talking, change),
    /** What a client of lines is told. */
    async told(...lines: readonly object[]): Promise<readonly object[]> {
      const told: object[] = []
      const client = new Client({ send: (value) => told.push(value), end() {} }, board)
      for (const line of lines) await client.hear(JSON.stringify(line))
      return told
    },
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

  test('is told of whom a change was about as he was before it: the vault has forgotten him by then', async () => {
    const { change, followed } = await inviting()
    await change({ kind: 'add', alias: 'bob', address: addressOf(other), at: [] })
    await change({ kind: 'remove', alias: 'bob' })
    expect(followed).toEqual([undefined, { kind: 'key', key: keyIn(other.address), others: [] }])
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

describe('a client', () => {
  test('may have a history deleted, and gets none', async () => {
    const { profile, told, recorder, proved, change } = await inviting()
    await change({ kind: 'add', alias: 'bob', address: addressOf(other), at: [] })
    await change({ kind: 'habit', alias: 'bob', habit: 'history', value: true })
    await proved(other)
    const { fingerprint } = other
    const under = { buddy: 'friend', session: 1, fingerprint, trust: 'by-code' } as const
    recorder.hear({ kind: 'message', id: '0000000000000001', text: 'kept', at: 5, ...under })
    await recorder.read(fingerprint)
    const forget = (before?: number) => ({ kind: 'forget', fingerprint, before })
    expect(await told(forget(5), forget(6), forget())).toEqual(
      [0, 1, 0].map((lines) => ({ kind: 'forgotten', lines })),
    )
    expect(await readHistories(profile)).toEqual([])
    const recalling = [
      { kind: 'earlier', buddy: 'friend' },
      { kind: 'history', buddy: 'friend' },
    ]
    expect(await told(...recalling)).toMatchObject([
      { kind: 'fault', of: 'line' },
      { kind: 'fault', of: 'line' },
    ])
  })

  test('says what it has shown, and nothing is awaited where the owner shows it, or who never says so', async () => {
    const { change, board, talking, settled } = await inviting()
    await change({ kind: 'add', alias: 'bob', address: addressOf(other), at: [] })
    const under = { session: 1, fingerprint: other.fingerprint, trust: 'unverified' } as const
    const tell = (number: number, buddy = 'bob'): boolean => {
      const message = { kind: 'message', id: `${number}`, text: 'x', at: 1, buddy, ...under } as const
      board.hear(message)
      return board.isAwaited(message)
    }
    const listener = { tell() {}, confirms: true }
    board.attach(talking, listener, { buddy: 'bob' })
    expect([tell(1), tell(2), tell(3, 'friend')]).toEqual([true, true, false])
    board.shown(talking, { fingerprint: other.fingerprint, id: '1' }, listener)
    const mute = { tell() {} }
    board.attach(talking, mute, { buddy: 'bob' })
    expect(tell(4)).toBe(false)
    board.detach(talking, mute)
    board.attach(talking, { tell() {}, isSilent: true }, { buddy: 'bob' })
    expect(tell(5)).toBe(true)
    board.detach(talking, listener)
    expect(settled).toEqual(['1 seen', '2 unseen', '5 unseen'])
  })

  test('that showed a passphrase has to show the next one, whoever changed it', async () => {
    const { board, told } = await inviting()
    const unlock = (passphrase: string) => ({ kind: 'unlock', passphrase })
    const rekey = (passphrase: string) => ({ kind: 'rekey', passphrase })
    expect(
      await told(unlock(''), rekey('new'), rekey('newer'), unlock(''), unlock('new'), rekey('newer')),
    ).toMatchObject([
      ...[{ kind: 'unlocked' }, { kind: 'rekeyed' }, { kind: 'fault', of: 'rekey', exit: 5 }],
      ...[{ kind: 'locked' }, { kind: 'unlocked' }, { kind: 'rekeyed' }],
    ])
    expect(await board.opensWith('newer')).toBe(true)
  })

  test('that is attached under one key says nothing that it means for another', async () => {
    const { change, told, acts } = await inviting()
    await change({ kind: 'add', alias: 'bob', address: addressOf(other), at: [] })
    const say = { kind: 'say', buddy: 'bob', id: '00000000000000aa', text: 'for one alone' }
    const faults = await told(
      { kind: 'attach', buddy: 'bob', fingerprint: other.fingerprint },
      { ...say, fingerprint: third.fingerprint },
      say,
    )
    expect(faults.at(-1)).toMatchObject({ kind: 'fault', of: 'say', exit: 4 })
    expect(acts.filter(({ kind }) => kind === 'say')).toEqual([{ ...say, fingerprint: other.fingerprint }])
  })

  test('does not name its text as another one is named that may still arrive', async () => {
    const { change, told, acts, board } = await inviting()
    await change({ kind: 'add', alias: 'bob', address: addressOf(other), at: [] })
    const attach = { kind: 'attach', buddy: 'bob' }
    const say = (text: string) => ({ kind: 'say', buddy: 'bob', id: '00000000000000aa', text })
    await told(attach, say('pay 1'))
    expect((await told(attach, say('pay 2'))).at(-1)).toMatchObject({ kind: 'fault', of: 'say', exit: 2 })
    board.hear({ kind: 'delivered', buddy: 'bob', id: '00000000000000aa', ms: 1 })
    await told(attach, say('pay 3')) // told what becomes of it by the outbox
    const texts = acts.flatMap((act) => (act.kind === 'say' ? [act.text] : []))
    expect(texts).toEqual(['pay 1', 'pay 3'])
  })
})
