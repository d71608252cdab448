import { expect, test } from 'vitest'
import type { Goal } from '../../src/nat/way.ts'
import type { Pair } from '../../src/profile/pair.ts'
import { Queue } from '../../src/queue.ts'
import type { TalkEvent } from '../../src/session/command.ts'
import { Search, type SearchFacts } from '../../src/session/search.ts'
import { address } from '../support/network.ts'

const ends = [{ local: { kind: 'udp4' }, mapping: { kind: 'unknown' } }] as const
const host: Goal = { address: address('192.168.1.2:9'), way: 'host' }
const [pair, aim] = [{} as Pair, { goals: [host], isGuessing: false }]
const nobody: SearchFacts = { goals: [host], isOnLink: true, live: undefined }
const path = { local: { kind: 'udp4' }, peer: host.address }
const live = { session: { path }, way: 'host' } as unknown as NonNullable<SearchFacts['live']>

const searching = (isMet = true) => {
  const events = new Queue<TalkEvent>()
  const whom = { alias: 'bob', isMet }
  const search = new Search({ whom, events, ends: () => ends, now: 0 })
  const told = () => [...events.take()].map((event) => (event.kind === 'phase' ? event.phase : event.kind))
  return { search, whom, told }
}

test('each phase is told when it begins, and why nothing came of it once', () => {
  const { search, told } = searching()
  search.looking(0)
  search.looking(1)
  search.trying(pair, aim, 2)
  search.failed(pair, 'silent', 3)
  search.trying(pair, aim, 4)
  search.failed(pair, 'silent', 5)
  search.reached(6)
  expect(told()).toEqual(['looking', 'punching', 'looking', 'unreached', 'punching', 'looking', 'securing'])
  expect(search.report(nobody, 7)).toMatchObject({
    state: 'securing',
    attempts: 2,
    verdict: 'silent',
    ms: 7,
  })
})

test('beside a conversation nothing is told of attempts, and its report counts until it was secured', () => {
  const { search, told } = searching()
  search.secured(250)
  search.trying(pair, aim, 300)
  search.failed(pair, 'silent', 400)
  search.looking(500)
  expect(told()).toEqual([])
  const report = search.report({ ...nobody, live }, 9_000)
  expect(report).toMatchObject({ state: 'secured', ms: 250, path: { kind: 'lan', address: host.address } })
  expect(report.verdict).toBeUndefined()
  search.begin(10_000)
  expect(search.report(nobody, 10_500)).toMatchObject({ state: 'securing', ms: 500, attempts: 0 })
  search.looking(10_500)
  expect(told()).toEqual(['looking'])
})

test('another network forgets what was tried, unless there is a conversation', () => {
  const { search } = searching()
  search.trying(pair, aim, 1)
  search.moved()
  expect(search.report(nobody, 2).attempts).toBe(0)
  search.trying(pair, aim, 3)
  search.secured(4)
  search.moved()
  expect(search.report({ ...nobody, live }, 5).attempts).toBe(1)
})

test('who is refused is told of once in ten minutes, also beside a conversation', () => {
  const { search, told } = searching()
  search.secured(0)
  search.refused('wrong-fingerprint', undefined, 1)
  search.refused('wrong-fingerprint', undefined, 600_000)
  expect(told()).toEqual(['refused'])
  search.refused('wrong-fingerprint', undefined, 600_002)
  expect(told()).toEqual(['refused'])
  search.begin(700_000)
  expect(search.report(nobody, 700_001).refused).toBeUndefined()
  search.refused('failed', undefined, 700_002)
  expect(search.report(nobody, 700_003).refused).toBe('failed')
})

test('whom an invite led to is not shown as secured before he is met', () => {
  const { search, whom } = searching(false)
  search.secured(1)
  expect(search.report({ ...nobody, live }, 2)).toMatchObject({ state: 'securing', isInvited: true })
  whom.isMet = true
  expect(search.report({ ...nobody, live }, 3)).toMatchObject({ state: 'secured', isInvited: false })
})
