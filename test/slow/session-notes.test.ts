/** Answers, edits, deletions, typing and reading, between two programs on a virtual network. */
import { describe, expect, test } from 'vitest'
import type { Habits } from '../../src/profile/habits.ts'
import type { About, TalkEvent } from '../../src/session/command.ts'
import { type Came, encodeRecord, readRecord, type Written } from '../../src/session/mailrecord.ts'
import { TheirTyping } from '../../src/session/notices.ts'
import { Spoken } from '../../src/session/spoken.ts'
import { contactOf, person, type Running, World } from '../session/people.ts'

const ada = person('ada', 1)
const bob = person('bob', 2)

interface Met {
  readonly world: World
  readonly a: Running
  readonly b: Running
}

function meet(habits: Habits = {}, loss = 0): Met {
  const world = new World({ seed: 3, latency: [20, 20], loss })
  const a = world.start(ada, [contactOf(bob, { habits })])
  const b = world.start(bob, [contactOf(ada)])
  world.network.run(15_000)
  return { world, a, b }
}

let ids = 0x1000
function say({ world }: Met, who: Running, to: string, text: string, about?: About): string {
  const id = (++ids).toString(16).padStart(16, '0')
  const command = { kind: 'say', buddy: to, id, text, ...(about && { about }) } as const
  who.talk.act(command, world.network.now)
  world.network.run(1_000)
  return id
}
const told = (who: Running, ...kinds: readonly TalkEvent['kind'][]) =>
  who.host.events.filter((event): event is TalkEvent => kinds.some((kind) => kind === event.kind))

describe('a message about another', () => {
  test('answers, edits and deletes, is confirmed like any, and carries its own session and key', () => {
    const met = meet()
    const { a, b } = met
    const first = say(met, a, 'bob', 'at five?')
    const answer = say(met, b, 'ada', 'yes', { as: 'reply', id: first })
    const edit = say(met, a, 'bob', 'at six?', { as: 'edit', id: first })
    const last = say(met, a, 'bob', '', { as: 'delete', id: first })
    const under = { buddy: 'ada', session: 1, fingerprint: ada.identity.fingerprint, trust: 'unverified' }
    expect(told(b, 'message', 'edited', 'deleted')).toEqual([
      { kind: 'message', id: first, text: 'at five?', at: expect.any(Number), ...under },
      { kind: 'edited', id: edit, of: first, text: 'at six?', at: expect.any(Number), ...under },
      { kind: 'deleted', id: last, of: first, at: expect.any(Number), ...under },
    ])
    expect(told(a, 'message')).toMatchObject([{ id: answer, about: { as: 'reply', id: first } }])
    expect(a.events('delivered').map(({ id }) => id)).toEqual([first, edit, last])
  })

  test('changes nobody else’s: what would, is a message of its own, and a deletion of it is nothing', () => {
    const met = meet()
    const { a, b } = met
    const his = say(met, b, 'ada', 'I owe you 5')
    const forged = say(met, a, 'bob', 'I owe you 500', { as: 'edit', id: his })
    say(met, a, 'bob', '', { as: 'delete', id: his })
    say(met, a, 'bob', '', { as: 'delete', id: '00000000deadbeef' })
    expect(told(b, 'message', 'edited', 'deleted')).toMatchObject([
      { kind: 'message', id: forged, text: 'I owe you 500', about: { as: 'edit', id: his } },
    ])
    expect(a.events('delivered')).toHaveLength(3)
  })

  test('cannot change an edit, nor what was deleted: both are messages of their own', () => {
    const met = meet()
    const { a, b } = met
    const first = say(met, a, 'bob', 'one')
    const edit = say(met, a, 'bob', 'two', { as: 'edit', id: first })
    say(met, a, 'bob', 'three', { as: 'edit', id: edit })
    say(met, a, 'bob', '', { as: 'delete', id: first })
    say(met, a, 'bob', '', { as: 'delete', id: first })
    say(met, a, 'bob', 'four', { as: 'edit', id: first })
    expect(told(b, 'message', 'edited', 'deleted').map(({ kind }) => kind)).toEqual([
      ...['message', 'edited', 'message', 'deleted', 'message'],
    ])
  })

  test('that is resent because its receipt was lost is told once', () => {
    const met = meet({}, 0.3)
    const { a, b, world } = met
    const first = say(met, a, 'bob', 'one')
    for (let i = 0; i < 10; i++) say(met, a, 'bob', `edit ${i}`, { as: 'edit', id: first })
    world.network.run(30_000)
    expect(b.events('edited').map(({ text }) => text)).toEqual(
      Array.from({ length: 10 }, (_, i) => `edit ${i}`),
    )
  })

  test('waits for the key that has the message it is about', () => {
    const met = meet()
    const { a, b, world } = met
    const first = say(met, a, 'bob', 'one')
    b.kill()
    world.network.run(60_000)
    say(met, a, 'bob', 'two', { as: 'edit', id: first })
    const again = world.start(bob, [contactOf(ada)])
    world.network.run(60_000)
    expect(told(again, 'message', 'edited')).toMatchObject([
      { kind: 'message', text: 'two', about: { id: first } },
    ])
  })
})

test.each<Pick<Came, 'about' | 'changes'>>([
  {},
  { about: { as: 'reply', id: '00000000000000aa' } },
  { about: { as: 'edit', id: '00000000000000aa' } },
  { about: { as: 'edit', id: '00000000000000aa' }, changes: true },
  { about: { as: 'delete', id: '00000000000000aa' }, changes: true },
])('what is written and what came keeps in the log what it is about: %j', (regard) => {
  const message = { id: '0123456789abcdef', at: 5, buddy: 'bob', text: 'x' }
  const came: Came = { ...message, trust: 'verified', fingerprint: 'ab'.repeat(56), ...regard }
  const { changes: _, ...about } = regard
  const written: Written = { ...message, key: undefined, ...about }
  for (const record of [
    { kind: 'came', message: came },
    { kind: 'written', message: written },
  ] as const) {
    expect(readRecord(encodeRecord(record))).toEqual(record)
  }
  const newer = Uint8Array.of(
    ...encodeRecord({ kind: 'came', message: { ...came, about: { as: 'reply', id: 'ff'.repeat(8) } } }),
  )
  newer[newer.length - 9] = 77
  expect(readRecord(newer)).toMatchObject({ kind: 'came', message: { text: 'x' } })
})

test('whose a message is, is remembered of the last 4,096', () => {
  const spoken = new Spoken()
  for (let i = 0; i <= 4_096; i++) spoken.add(`${i}`, i === 4_096 ? 'eve' : 'ada')
  expect([spoken.keyOf('0'), spoken.keyOf('1'), spoken.keyOf('4096')]).toEqual([undefined, 'ada', 'eve'])
  expect([spoken.take('1', 'eve'), spoken.take('1', 'ada'), spoken.take('1', 'ada')]).toEqual([
    false,
    true,
    false,
  ])
})

describe('typing', () => {
  const typing = (met: Met, who: Running, to: string, state: 'begun' | 'ended') =>
    who.talk.act({ kind: 'typing', buddy: to, state }, met.world.network.now)

  test('is told to nobody while the habit is off', () => {
    const met = meet({ read: true })
    const sent = met.a.tap.sent.length
    typing(met, met.a, 'bob', 'begun')
    met.world.network.run(100)
    expect(met.a.tap.sent.length - sent).toBe(0)
    expect(met.b.events('typing')).toEqual([])
  })

  test('is told once in 5 s, and is over after 10 s without a word', () => {
    const met = meet({ typing: true })
    const { network } = met.world
    const from = network.now
    for (let i = 0; i < 80; i++) {
      typing(met, met.a, 'bob', 'begun')
      network.run(100)
    }
    expect(met.b.events('typing')).toMatchObject([{ state: 'begun', buddy: 'ada', session: 1 }])
    network.run(13_000)
    expect(met.b.events('typing').map(({ state }) => state)).toEqual(['begun', 'ended'])
    expect(network.now - from).toBeLessThan(22_000)
  })

  test('ends with a message, which says so by itself, and begins again', () => {
    const met = meet({ typing: true })
    typing(met, met.a, 'bob', 'begun')
    met.world.network.run(200)
    say(met, met.a, 'bob', 'there')
    met.world.network.run(20_000)
    expect(told(met.b, 'typing', 'message').map((event) => event.kind)).toEqual(['typing', 'message'])
    typing(met, met.a, 'bob', 'begun')
    met.world.network.run(200)
    typing(met, met.a, 'bob', 'ended')
    met.world.network.run(6_000)
    expect(met.b.events('typing').map(({ state }) => state)).toEqual(['begun', 'begun', 'ended'])
  })

  test('stops as soon as the habit is switched off', () => {
    const met = meet({ typing: true })
    const { now } = met.world.network
    met.a.talk.revise(contactOf(bob, { habits: { typing: false } }), now)
    typing(met, met.a, 'bob', 'begun')
    met.world.network.run(6_000)
    expect(met.b.events('typing')).toEqual([])
  })
})

test('whatever a flood of typing says, it is shown as changing once a second, and is over in the end', () => {
  const theirs = new TheirTyping()
  const shown: [number, string][] = []
  const turn = (now: number): void => {
    const state = theirs.take(now)
    if (state) shown.push([now, state])
  }
  for (let now = 0; now < 5_000; now++) {
    theirs.hear(now % 2 === 0 ? 'begun' : 'ended', now)
    turn(now)
  }
  theirs.hear('begun', 5_000)
  for (let now = 5_000; theirs.deadline < Infinity; now = Math.max(now, theirs.deadline)) turn(now)
  expect(shown.length).toBeLessThan(8)
  for (const [i, [now, state]] of shown.entries()) {
    expect(state).toBe(i % 2 === 0 ? 'begun' : 'ended')
    expect(now - (shown[i - 1]?.[0] ?? -1_000)).toBeGreaterThanOrEqual(1_000)
  }
  expect(shown.at(-1)).toEqual([15_000, 'ended'])
})

describe('reading', () => {
  const read = (met: Met, who: Running, from: string, ids: readonly string[]) => {
    who.talk.act({ kind: 'read', buddy: from, ids }, met.world.network.now)
    met.world.network.run(2_000)
  }

  test('is told to nobody while the habit is off', () => {
    const met = meet({ typing: true })
    const id = say(met, met.b, 'ada', 'one')
    read(met, met.a, 'bob', [id])
    expect(met.b.events('read')).toEqual([])
  })

  test('is told once of each, gathered, and only of what came from him', () => {
    const met = meet({ read: true })
    const { a, b } = met
    const [one, two] = [say(met, b, 'ada', 'one'), say(met, b, 'ada', 'two')]
    const own = say(met, a, 'bob', 'mine')
    for (const ids of [[one], [two], [one, two], [own], ['00000000deadbeef']])
      a.talk.act({ kind: 'read', buddy: 'bob', ids }, met.world.network.now)
    read(met, a, 'bob', [one])
    const fingerprint = ada.identity.fingerprint
    expect(b.events('read')).toMatchObject([{ ids: [one, two], buddy: 'ada', session: 1, fingerprint }])
  })

  test('of what this process never said is not told', () => {
    const met = meet()
    const { a, b, world } = met
    b.talk.revise(contactOf(ada, { habits: { read: true } }), world.network.now)
    const id = say(met, a, 'bob', 'one')
    a.kill()
    const again = world.start(ada, [contactOf(bob)])
    world.network.run(60_000)
    expect(again.events('secured')).toHaveLength(1)
    const fresh = say(met, again, 'bob', 'two')
    read(met, b, 'ada', [id, fresh])
    expect(again.events('read')).toMatchObject([{ ids: [fresh] }])
  })

  test('while the habit was off is not told when it is on', () => {
    const met = meet()
    const { a, b, world } = met
    const before = say(met, b, 'ada', 'one')
    read(met, a, 'bob', [before])
    a.talk.revise(contactOf(bob, { habits: { read: true } }), world.network.now)
    const after = say(met, b, 'ada', 'two')
    read(met, a, 'bob', [before, after])
    expect(b.events('read')).toMatchObject([{ ids: [after] }])
  })

  test('of an edit is told by the edit’s id, so that nobody is said to have read what he has not', () => {
    const met = meet({ read: true })
    const first = say(met, met.b, 'ada', 'one')
    const edit = say(met, met.b, 'ada', 'two', { as: 'edit', id: first })
    read(met, met.a, 'bob', [edit])
    expect(met.b.events('read')).toMatchObject([{ ids: [edit] }])
  })
})
