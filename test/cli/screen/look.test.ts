import { expect, test } from 'vitest'
import { words } from '../../../src/cli/safetext.ts'
import { colourOf, type Look, signsOf } from '../../../src/cli/screen/look.ts'
import { explainState, type State } from '../../../src/cli/state.ts'

const under = { buddy: 'ada', session: 1, fingerprint: 'ab', trust: 'verified' } as const
const states: readonly State[] = [
  { kind: 'idle' },
  { kind: 'closed' },
  { kind: 'under way', phase: 'looking', since: 0 },
  { kind: 'secured', under, path: 'lan', since: 0, isPostQuantum: true },
  { kind: 'lost', why: 'left' },
  { kind: 'refused', why: 'failed' },
]
const look = (theme: Look['theme']): Look => ({ theme, isAscii: false, hasLinks: false })

test('no two states differ by their colour alone', () => {
  expect(new Set(states.map(explainState)).size).toBe(states.length)
})

test('the theme none has no colour at all', () => {
  for (const { kind } of states) expect(colourOf(look('none'), kind)).toEqual({})
  for (const tone of ['plain', 'good', 'bad'] as const) expect(colourOf(look('none'), tone)).toEqual({})
})

test('what is refused is red on every background, and nothing is yellow or white on a light one', () => {
  for (const theme of ['dark', 'light'] as const)
    expect(colourOf(look(theme), 'refused')).toEqual({ color: 'red' })
  for (const { kind } of states) expect(colourOf(look('light'), kind).color).not.toMatch(/yellow|white/)
})

test('signs of our own are as wide in ASCII, and the text of others is not theirs to change', () => {
  const { own, rule, bar, prompt } = signsOf({ theme: 'dark', isAscii: true, hasLinks: false })
  expect([own(words`· ✓ ✗ … — ö`), rule, bar, prompt]).toEqual(['- + x . - ö', '-', '|', '>'])
})
