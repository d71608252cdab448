import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  focusIn,
  hasTitle,
  noteKindOf,
  noteSequence,
  titleSequence,
} from '../../../src/cli/notes/terminalnote.ts'
import { safeName, safeTitle, words } from '../../../src/cli/safetext.ts'

const nobody = (): Promise<string> => Promise.reject(new Error('nobody asks'))

describe('the form of a notification follows what the terminal is known to understand', () => {
  test.each([
    [{ TERM: 'xterm-256color' }, 'bell'],
    [{}, 'bell'],
    [{ TERM: 'xterm-kitty' }, 'osc-99'],
    [{ TERM: 'xterm-256color', KITTY_WINDOW_ID: '1' }, 'osc-99'],
    [{ TERM: 'xterm-256color', TERM_PROGRAM: 'iTerm.app' }, 'osc-9'],
    [{ TERM: 'xterm-256color', LC_TERMINAL: 'iTerm2' }, 'osc-9'],
    [{ TERM: 'xterm-256color', TERM_PROGRAM: 'WezTerm' }, 'osc-777'],
    [{ TERM: 'xterm-ghostty' }, 'osc-777'],
    [{ TERM: 'foot-extra' }, 'osc-777'],
    [{ TERM: 'rxvt-unicode-256color' }, 'osc-777'],
    [{ TERM: 'xterm-256color', TERM_PROGRAM: 'Apple_Terminal' }, 'bell'],
    [{ TERM: 'xterm-256color', TERM_PROGRAM: 'vscode' }, 'bell'],
    [{ TERM: 'screen-256color', STY: '1.x', KITTY_WINDOW_ID: '1' }, 'bell'],
    [{ TERM: 'tmux-256color', TERM_PROGRAM: 'WezTerm' }, 'bell'],
    [{ TERM: 'dumb', KITTY_WINDOW_ID: '1' }, 'bell'],
  ])('%j: %s', async (env, form) => {
    expect(await noteKindOf(env, nobody)).toEqual({ form, isWrapped: false })
  })

  test.each([
    ['all kitty(0.31.0) xterm-kitty', 'osc-99'],
    ['all  xterm-kitty', 'osc-99'],
    ['all iTerm2 3.5.0 xterm-256color', 'osc-9'],
    ['all XTerm(390) xterm-256color', 'bell'],
    ['on kitty(0.31.0) xterm-kitty', 'bell'],
    ['1  xterm-kitty', 'bell'],
    ['off kitty(0.31.0) xterm-kitty', 'bell'],
    ['', 'bell'],
  ])('inside tmux that says "%s": %s', async (told, form) => {
    const env = { TMUX: '/tmp/x,1,0', TERM: 'tmux-256color', KITTY_WINDOW_ID: '1' }
    expect(await noteKindOf(env, async () => told)).toEqual({ form, isWrapped: form !== 'bell' })
  })

  test('inside a tmux that does not answer it is the bell', async () => {
    const kind = await noteKindOf({ TMUX: '/nowhere,1,0', PATH: process.env['PATH'] })
    expect(kind).toEqual({ form: 'bell', isWrapped: false })
  })
})

test('each form is its sequence', () => {
  const text = words`new message from ${safeName('a;b')}`
  const sequence = (form: 'bell' | 'osc-9' | 'osc-777' | 'osc-99', isWrapped = false): string =>
    noteSequence({ form, isWrapped }, text)
  expect(sequence('bell')).toBe('\x07')
  expect(sequence('osc-9')).toBe('\x1b]9;otrtalk: new message from a;b\x1b\\')
  expect(sequence('osc-777')).toBe('\x1b]777;notify;otrtalk;new message from a,b\x1b\\')
  expect(sequence('osc-99')).toBe('\x1b]99;;otrtalk: new message from a;b\x1b\\')
  expect(sequence('osc-9', true)).toBe('\x1bPtmux;\x1b\x1b]9;otrtalk: new message from a;b\x1b\x1b\\\x1b\\')
  expect(sequence('bell', true)).toBe('\x07')
})

const nasty = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '\x07',
    '\x1b\\',
    '\x9c',
    '\x1b]52;c;eA==\x07',
    '\n',
    '\r',
    '\u202e',
    '\x1bPtmux;',
    '\ud800',
    '4;1;50',
  ),
)

test('whatever a name or a text holds, nothing in it ends the sequence or begins another', () => {
  const forms = fc.constantFrom('osc-9', 'osc-777', 'osc-99')
  fc.assert(
    fc.property(
      fc.array(nasty).map((parts) => parts.join('')),
      forms,
      (text, form) => {
        const told = words`${safeName(text)}: ${safeTitle(text)}`
        const inner = noteSequence({ form, isWrapped: false }, told)
        // biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what is looked for
        expect(inner).toMatch(/^\x1b\][^\0-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e]*\x1b\\$/u)
      },
    ),
    { seed: 31, numRuns: 300 },
  )
})

test('the title says how many are new, and nothing else', () => {
  expect([titleSequence(0), titleSequence(2)]).toEqual([
    '\x1b]2;otrtalk\x1b\\',
    '\x1b]2;otrtalk: 2 new\x1b\\',
  ])
  expect(['xterm-256color', 'tmux', 'foot'].map((TERM) => hasTitle({ TERM }))).toEqual([true, true, true])
  expect(['dumb', 'linux', 'vt100', ''].map((TERM) => hasTitle({ TERM }))).toEqual([
    false,
    false,
    false,
    false,
  ])
})

test.each([
  ['\x1b[I', true],
  ['\x1b[O', false],
  ['x\x1b[O\x1b[I', true],
  ['\x1b[I\x1b[Oy', false],
  ['\x1b[A', undefined],
  ['[I', undefined],
])('%j says of the focus: %s', (input, focus) => {
  expect(focusIn(input)).toBe(focus)
})
