import { expect, test } from 'vitest'
import { Present } from '../../../src/edge/control/present.ts'
import type { TalkEvent, Under } from '../../../src/session/command.ts'

const under: Under = { buddy: 'bob', session: 1, fingerprint: 'ab', trust: 'unverified' }
const secured: TalkEvent = { kind: 'secured', path: 'lan', ms: 5, pq: true, ...under }
const phase: TalkEvent = { kind: 'phase', buddy: 'bob', phase: 'looking', ms: 100 }
const listening: TalkEvent = { kind: 'listening', profile: 'home', port: 1, addresses: [] }

/** After these, each a second behind the last one. */
function present(...events: readonly TalkEvent[]): readonly TalkEvent[] {
  const state = new Present()
  for (const [i, event] of events.entries()) state.hear(event, i * 1_000)
  return state.events('bob', events.length * 1_000)
}

test('begins with where we are, then says how long a phase has lasted by now', () => {
  const network = { kind: 'network', state: 'joined' } as const
  expect(present(listening, network, phase)).toEqual([listening, network, { ...phase, ms: 1_100 }])
})

test('of a conversation tells its path and trust of now, and the question that waits', () => {
  const asked: TalkEvent = { kind: 'asked', question: 'q', ...under }
  const trust: TalkEvent = { kind: 'trust', ...under, trust: 'verified' }
  const path: TalkEvent = { kind: 'path', buddy: 'bob', path: 'direct' }
  expect(present(phase, secured, asked, path, trust)).toEqual([
    { ...secured, path: 'direct', trust: 'verified' },
    { ...asked, trust: 'verified' },
  ])
  expect(present(secured, asked, { kind: 'verification', state: 'cancelled', ...under })).toEqual([secured])
})

test('a trust that is another key’s, or another conversation’s, changes nothing', () => {
  for (const other of [{ fingerprint: 'cd' }, { session: 2 }])
    expect(present(secured, { kind: 'verified', ...under, trust: 'verified', ...other })).toEqual([secured])
})

test('nothing is left of a conversation that was lost, nor of a buddy who was removed', () => {
  expect(present(secured, { kind: 'lost', buddy: 'bob', why: 'left' })).toEqual([])
  expect(present(phase, { kind: 'removed', buddy: 'bob', why: 'blocked' })).toEqual([])
})

test('a refusal is news for ten minutes, and until somebody else was secured', () => {
  const refused: TalkEvent = { kind: 'refused', buddy: 'bob', why: 'wrong-fingerprint' }
  const state = new Present()
  state.hear(refused, 0)
  expect(state.events('bob', 599_999)).toEqual([refused])
  expect(state.events('bob', 600_000)).toEqual([])
  expect(present(refused, secured)).toEqual([secured])
})

test('who was renamed has his state under the new name, in every event', () => {
  const state = new Present()
  for (const event of [secured, { kind: 'asked', question: 'q', ...under } as const]) state.hear(event, 0)
  state.hear({ kind: 'renamed', buddy: 'bob', to: 'rob' }, 0)
  expect(state.events('bob', 0)).toEqual([])
  expect(state.events('rob', 0)).toMatchObject([{ kind: 'secured', buddy: 'rob' }, { buddy: 'rob' }])
  expect(state.events(undefined, 0)).toHaveLength(2)
})
