import { expect, test } from 'vitest'
import { isOfAnother } from '../../../src/edge/control/guest.ts'
import type { TalkEvent, Under } from '../../../src/session/command.ts'

const under: Under = { buddy: 'bob', session: 1, fingerprint: 'ab'.repeat(56), trust: 'unverified' }
const told: readonly TalkEvent[] = [
  { kind: 'secured', path: 'lan', ms: 5, pq: true, ...under },
  { kind: 'message', id: '1', text: 'x', at: 1, ...under },
  { kind: 'asked', question: '', ...under },
  { kind: 'verified', ...under },
]

test.each(told)(
  '$kind under another key than the one that was given is not told, under that one it is',
  (event) => {
    expect(isOfAnother(event, 'cd'.repeat(56))).toBe(true)
    expect(isOfAnother(event, under.fingerprint)).toBe(false)
    expect(isOfAnother(event, undefined)).toBe(false)
  },
)

test('what is under no key is told to all', () => {
  expect(isOfAnother({ kind: 'lost', buddy: 'bob', why: 'left' }, 'cd'.repeat(56))).toBe(false)
})
