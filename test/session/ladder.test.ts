import { expect, test } from 'vitest'
import type { Goal, Way } from '../../src/nat/way.ts'
import { Ladder, type LadderFacts } from '../../src/session/ladder.ts'
import type { Rung } from '../../src/session/report.ts'
import { address } from '../support/network.ts'

const v4 = { local: { kind: 'udp4' }, mapping: { kind: 'unknown' } } as const
const host: Goal = { address: address('192.168.1.2:9'), way: 'host' }
const ipv6: Goal = { address: address('[2001:db8::2]:9'), way: 'ipv6' }
const facts: LadderFacts = { goals: [host, ipv6], ends: [v4], isOnLink: true, reached: undefined }
const rung = (ladder: Ladder, way: Way, now: number, more: Partial<LadderFacts> = {}): Rung | undefined =>
  ladder.rungs({ ...facts, ...more }, now).find((rung) => rung.way === way)

test('a way is waiting, tried, failed, and tried again: its time counts from the first attempt', () => {
  const ladder = new Ladder()
  expect(rung(ladder, 'host', 50)).toEqual({
    way: 'host',
    state: 'waiting',
    addresses: [host.address],
    ms: 0,
  })
  ladder.trying('a', { goals: [host, ipv6], isGuessing: false }, [v4], 100)
  expect(rung(ladder, 'host', 150)).toMatchObject({ state: 'trying', ms: 50 })
  ladder.failed('a', 200)
  expect(rung(ladder, 'host', 900)).toMatchObject({ state: 'failed', ms: 100, why: 'no-answer' })
  ladder.trying('a', { goals: [host], isGuessing: true }, [v4], 1_000)
  expect(rung(ladder, 'host', 1_100)).toMatchObject({ state: 'trying', ms: 1_000 })
  expect(rung(ladder, 'guessed', 1_100)).toMatchObject({ state: 'trying', addresses: [], ms: 100 })
  expect(ladder.attempts).toBe(2)
})

test('to aim anew is no attempt of its own, and one of two secrets that failed leaves the other trying', () => {
  const ladder = new Ladder()
  for (const secret of ['a', 'a', 'b']) ladder.trying(secret, { goals: [host], isGuessing: false }, [v4], 1)
  expect(ladder.attempts).toBe(2)
  ladder.failed('a', 2)
  expect(rung(ladder, 'host', 3)?.state).toBe('trying')
  ladder.failed('b', 4)
  expect(rung(ladder, 'host', 5)).toMatchObject({ state: 'failed', ms: 3 })
})

test('no end of ours can send there: it is not tried', () => {
  const ladder = new Ladder()
  ladder.trying('a', { goals: [host, ipv6], isGuessing: false }, [v4], 1)
  expect(rung(ladder, 'ipv6', 5)).toMatchObject({
    ...{ state: 'absent', addresses: [ipv6.address], why: 'no-ipv6-here' },
  })
  const v6 = { ...v4, local: { kind: 'udp6' } } as const
  expect(rung(new Ladder(), 'host', 5, { ends: [v6] })).toMatchObject({ why: 'no-ipv4-here' })
})

test('of who knocked before it was known where he is, the way is told that his address has', () => {
  const ladder = new Ladder()
  const reached = { address: host.address, way: 'learnt' } as const
  expect(rung(ladder, 'host', 5, { reached })?.state).toBe('worked')
  expect(rung(ladder, 'learnt', 5, { reached })).toBeUndefined()
  const elsewhere = { ...reached, address: address('192.168.1.3:9') }
  expect(rung(ladder, 'learnt', 5, { reached: elsewhere })).toMatchObject({
    ...{ state: 'worked', addresses: ['192.168.1.3:9'] },
  })
})

test('once one way has worked, the others were not needed; without a conversation they were in vain', () => {
  const ladder = new Ladder()
  const near: Goal = { address: address('192.168.1.3:9'), way: 'lan' }
  ladder.trying('a', { goals: [host, near], isGuessing: false }, [v4], 100)
  ladder.reached(200)
  expect(rung(ladder, 'host', 300, { reached: near })).toMatchObject({
    state: 'failed',
    why: 'another-first',
  })
  expect(rung(ladder, 'lan', 300, { reached: near })).toMatchObject({ state: 'worked', ms: 100 })
  expect(rung(ladder, 'host', 300)).toMatchObject({ why: 'not-secured' })
  ladder.reached(250)
  ladder.begin()
  expect([ladder.attempts, rung(ladder, 'host', 1_500)?.state]).toEqual([0, 'waiting'])
})

test('listened for, heard on the link, and forgotten when looking begins anew', () => {
  const ladder = new Ladder()
  expect(rung(ladder, 'lan', 1)).toMatchObject({ state: 'absent', why: 'not-heard' })
  expect(rung(ladder, 'lan', 1, { isOnLink: false })).toMatchObject({ why: 'switched-off' })
  ladder.near()
  expect(ladder.isOnLan).toBe(true)
  ladder.begin()
  expect(ladder.isOnLan).toBe(false)
})

test('ports are guessed of one router only, and only where that is of use', () => {
  const whyNot = (own: 'same' | 'changing', kind: 'reflexive' | 'changing' | 'host', attempts = 0) => {
    const ladder = new Ladder()
    const at = kind === 'host' ? host.address : address('203.0.113.1:9')
    ladder.found([{ kind, address: at }], 1)
    if (attempts > 0) ladder.trying('a', { goals: [], isGuessing: false }, [v4], 2)
    const end = { ...v4, mapping: { kind: own, address: at } }
    return rung(ladder, 'guessed', 3, { ends: [end], goals: [] })?.why
  }
  expect(whyNot('same', 'reflexive')).toBe('not-needed')
  expect(whyNot('changing', 'changing')).toBe('both-change')
  expect(whyNot('same', 'changing', 1)).toBe('too-often')
  expect(whyNot('same', 'host')).toBe('not-told')
})
