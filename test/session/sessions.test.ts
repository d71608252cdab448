import { describe, expect, test } from 'vitest'
import { DakeBudget } from '../../src/otr/budget.ts'
import type { Fingerprint } from '../../src/otr/identity.ts'
import type { Rival } from '../../src/session/live.ts'
import type { Session } from '../../src/session/session.ts'
import { type Change, Sessions } from '../../src/session/sessions.ts'

const bob = 'b0'.repeat(56) as Fingerprint

/** Links of one buddy, each with a conversation in it that does as it is told here. */
const having = (accepts = (_: Fingerprint) => true) => {
  const dakes = new DakeBudget()
  const closed: number[] = []
  let count = 0
  const rival = (role: 'initiator' | 'responder'): Rival => {
    const index = ++count
    const session = { role, path: {}, close: () => closed.push(index) } as unknown as Session
    return { session, pair: {} as Rival['pair'], index, way: 'host', isUp: false, fingerprint: undefined }
  }
  return { sessions: new Sessions({ accepts, dakes }), dakes, closed, rival }
}

const kinds = (changes: readonly Change[]): readonly string[] =>
  changes.map((change) => ('why' in change ? `${change.kind}: ${change.why}` : change.kind))
const pauses = (changes: readonly Change[]): readonly (number | undefined)[] =>
  changes.flatMap((change) => (change.kind === 'alone' ? [change.pause] : []))

describe('a link that is secured', () => {
  test('is the conversation at once where there is none', () => {
    const { sessions, rival } = having()
    const first = rival('initiator')
    expect(kinds(sessions.add(first))).toEqual(['up'])
    expect(kinds(sessions.up(first, 1))).toEqual(['up'])
    expect(kinds(sessions.secured(first, bob, 2))).toEqual(['began'])
    expect(sessions.current).toMatchObject({ index: 1, fingerprint: bob })
    expect(kinds(sessions.secured(first, bob, 3))).toEqual(['renewed'])
  })

  test.each([
    ['responder', ['lost: restarted', 'began'], []],
    ['initiator', [], ['lost: restarted', 'began']],
  ] as const)('of the %s takes the place of another at once, or with the first word', (role, then, later) => {
    const { sessions, rival, closed } = having()
    const [first, second] = [rival(role), rival(role)]
    sessions.add(first)
    sessions.secured(first, bob, 1)
    sessions.add(second)
    sessions.up(second, 2)
    expect(kinds(sessions.secured(second, bob, 3))).toEqual(then)
    expect(kinds(sessions.heard(second, 4))).toEqual(later)
    expect(sessions.current?.index).toBe(2)
    expect(closed).toEqual([1])
    expect(kinds(sessions.ended(first, 'timeout', 5))).toEqual([]) // it was leaving
  })

  test('has its turn when the conversation ends before a word came', () => {
    const { sessions, rival } = having()
    const [first, second] = [rival('initiator'), rival('initiator')]
    sessions.add(first)
    sessions.secured(first, bob, 1)
    sessions.add(second)
    sessions.secured(second, bob, 2)
    expect(kinds(sessions.ended(first, 'timeout', 3))).toEqual(['lost: timeout', 'began'])
    expect(sessions.current?.index).toBe(2)
  })

  test('is refused and closed if its key is nobody’s by then', () => {
    const accepted = new Set([bob])
    const { sessions, rival, closed } = having((key) => accepted.has(key))
    const only = rival('responder')
    sessions.add(only)
    sessions.up(only, 1)
    accepted.clear()
    const changes = sessions.secured(only, bob, 2)
    expect(kinds(changes)).toEqual(['refused: wrong-fingerprint', 'alone'])
    expect([pauses(changes), closed, sessions.current]).toEqual([[60_000], [1], undefined])
  })
})

describe('a link that leads to nothing', () => {
  test('is one of two at the most: a third that is up ends the oldest', () => {
    const { sessions, rival, closed } = having()
    for (const each of [rival('responder'), rival('responder'), rival('responder')]) {
      expect(kinds(sessions.add(each))).toEqual([]) // it may be a replay
      expect(kinds(sessions.up(each, 1))).toEqual(['up'])
    }
    expect(closed).toEqual([1])
    expect(sessions.rivals.map(({ index }) => index)).toEqual([2, 3])
  })

  test('ends where its DAKE would be more than the peer may ask for', () => {
    const { sessions, rival, dakes, closed } = having()
    while (dakes.take(0));
    const only = rival('initiator')
    sessions.add(only)
    expect(kinds(sessions.up(only, 0))).toEqual(['up', 'alone'])
    expect(closed).toEqual([1])
  })

  test('puts the next attempt off: 5 s if it ended, 60 s if it was refused, not at all if it was a replay', () => {
    const { sessions, rival } = having()
    const [ended, refused, replay] = [rival('responder'), rival('initiator'), rival('responder')]
    sessions.add(ended)
    sessions.up(ended, 1)
    expect(pauses(sessions.ended(ended, 'timeout', 2))).toEqual([5_000])
    sessions.add(refused)
    sessions.up(refused, 3)
    expect(kinds(sessions.refused(refused, { why: 'failed' }))).toEqual(['refused: failed'])
    expect(pauses(sessions.ended(refused, 'left', 4))).toEqual([60_000])
    sessions.add(replay)
    expect(pauses(sessions.displaced(replay.index, 5))).toEqual([undefined])
  })

  test('leaves the conversation there is alone, and a conversation that ends is looked for at once', () => {
    const { sessions, rival } = having()
    const [first, second] = [rival('responder'), rival('responder')]
    sessions.add(first)
    sessions.secured(first, bob, 1)
    sessions.add(second)
    sessions.up(second, 2)
    expect(kinds(sessions.ended(second, 'timeout', 3))).toEqual([])
    expect(pauses(sessions.ended(first, 'left', 4))).toEqual([0])
  })
})
