import { expect, test } from 'vitest'
import { explainStatus, type State, statusChange } from '../../src/cli/state.ts'

const at = { network: undefined }
const looking = (since: number): State => ({ kind: 'under way', phase: 'looking', since })

test.each([0, 500, 59_000, 60_000, 3_600_000])(
  'after %i ms of looking the status line waits until it says something else',
  (ms) => {
    const wait = statusChange(looking(0), ms)!
    const said = explainStatus('bob', looking(0), { ...at, now: ms })
    expect(explainStatus('bob', looking(0), { ...at, now: ms + wait })).not.toBe(said)
    expect(explainStatus('bob', looking(0), { ...at, now: ms + wait - 1 })).toBe(said)
  },
)

test('a conversation that is secured is drawn for its clock six times in the first minute, then once a minute', () => {
  const under = { buddy: 'bob', session: 1, fingerprint: 'f', trust: 'verified' } as const
  const secured: State = { kind: 'secured', under, path: 'lan', since: 0, isPostQuantum: true }
  const drawn: number[] = []
  for (let now = 0; now < 180_000; now += statusChange(secured, now)!) drawn.push(now)
  expect(drawn).toEqual([0, 10_000, 20_000, 30_000, 40_000, 50_000, 60_000, 120_000])
})

test('what says nothing of time is not drawn for it', () => {
  for (const state of [{ kind: 'idle' }, { kind: 'closed' }, { kind: 'refused', why: 'clock' }] as const)
    expect(statusChange(state, 5)).toBeUndefined()
})
