import fc from 'fast-check'
import { expect, test } from 'vitest'
import { safeText } from '../../../src/cli/safetext.ts'
import {
  type Draft,
  type EditKey,
  edit,
  emptyDraft,
  type Place,
  sent,
} from '../../../src/cli/screen/draft.ts'
import { keysOf } from '../../../src/cli/screen/keys.ts'

const places: readonly Place[] = [
  'left',
  'right',
  'word left',
  'word right',
  'line start',
  'line end',
  'start',
  'end',
]

/** A draft with its caret at the bar. */
function draft(marked: string): Draft {
  const caret = marked.indexOf('|')
  return { ...emptyDraft, text: safeText(marked.replace('|', '')), caret }
}

const marked = ({ text, caret }: Draft): string => `${text.slice(0, caret)}|${text.slice(caret)}`
const insert = (text: string): EditKey => ({ kind: 'insert', text })

test.each<[string, EditKey, string]>([
  ['|', insert('hi'), 'hi|'],
  ['a|c', insert('b'), 'ab|c'],
  ['e|x', insert('\u0301'), 'é|x'],
  ['|', insert('one\r\ntwo\rthree'), 'one\ntwo\nthree|'],
  ['|', insert('\x1b[31m\x07'), '␛[31m␇|'],
  ['👍|', insert('🏽'), '👍🏽|'],
  ['ab|c', { kind: 'move', to: 'left' }, 'a|bc'],
  ['|abc', { kind: 'move', to: 'left' }, '|abc'],
  ['abc|', { kind: 'move', to: 'right' }, 'abc|'],
  ['👨\u200d👩\u200d👧|', { kind: 'move', to: 'left' }, '|👨\u200d👩\u200d👧'],
  ['|🇩🇪x', { kind: 'move', to: 'right' }, '🇩🇪|x'],
  ['one two  |', { kind: 'move', to: 'word left' }, 'one |two  '],
  ['one |two', { kind: 'move', to: 'word left' }, '|one two'],
  ['one| two three', { kind: 'move', to: 'word right' }, 'one two| three'],
  ['a\nbc|\nd', { kind: 'move', to: 'line start' }, 'a\n|bc\nd'],
  ['a\n|bc\nd', { kind: 'move', to: 'line end' }, 'a\nbc|\nd'],
  ['a\nbc|\nd', { kind: 'move', to: 'start' }, '|a\nbc\nd'],
  ['a\n|bc\nd', { kind: 'move', to: 'end' }, 'a\nbc\nd|'],
  ['|\nb', { kind: 'move', to: 'line start' }, '|\nb'],
  ['ab|c', { kind: 'erase', to: 'left' }, 'a|c'],
  ['ab|c', { kind: 'erase', to: 'right' }, 'ab|'],
  ['one two|', { kind: 'erase', to: 'word left' }, 'one |'],
  ['one| two', { kind: 'erase', to: 'line end' }, 'one|'],
  ['one| two', { kind: 'erase', to: 'line start' }, '| two'],
  ['one\ntwo|', { kind: 'vertical', to: 'up' }, 'one|\ntwo'],
  ['o|ne\ntwo', { kind: 'vertical', to: 'down' }, 'one\nt|wo'],
  ['long line|\nab', { kind: 'vertical', to: 'down' }, 'long line\nab|'],
  ['abc\n你好|', { kind: 'vertical', to: 'up' }, 'ab|c\n你好'],
])('%j and %j give %j', (before, key, after) => expect(marked(edit(draft(before), key))).toBe(after))

test('what was sent comes back with Up, and what was begun with Down', () => {
  const first = sent(edit(emptyDraft, insert('first')))
  const second = sent(edit(first, insert('second')))
  const begun = edit(second, insert('begun'))
  const up: EditKey = { kind: 'vertical', to: 'up' }
  const down: EditKey = { kind: 'vertical', to: 'down' }
  expect(edit(begun, up).text).toBe('second')
  expect(edit(edit(begun, up), up).text).toBe('first')
  expect(edit(edit(edit(begun, up), up), up).text).toBe('first')
  expect(edit(edit(edit(edit(begun, up), up), down), down).text).toBe('begun')
  expect(edit(begun, down).text).toBe('begun')
})

test('a repeated line is in the history once, and the history has 100 lines', () => {
  let draft = emptyDraft
  for (let i = 0; i < 150; i++)
    draft = sent(edit(sent(edit(draft, insert(`line ${i}`))), insert(`line ${i}`)))
  expect(draft.history.length).toBe(100)
  expect(draft.history.at(-1)).toBe('line 149')
  expect(draft.history.at(-2)).toBe('line 148')
})

test('more than 10,000 units are not taken', () => {
  const full = edit(emptyDraft, insert('x'.repeat(10_000)))
  expect(full.text.length).toBe(10_000)
  expect(edit(full, insert('y'))).toBe(full)
})

test('the caret stays between two characters within the text, whatever the keys', () => {
  const key: fc.Arbitrary<EditKey> = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 4 }).map(insert),
    fc.constantFrom('\u0301', '\u200d', '👩', '🇩', '\r\n', 'a b', '\x1b').map(insert),
    fc.constantFrom(...places).map((to): EditKey => ({ kind: 'move', to })),
    fc.constantFrom(...places).map((to): EditKey => ({ kind: 'erase', to })),
    fc.constantFrom('up' as const, 'down' as const).map((to): EditKey => ({ kind: 'vertical', to })),
  )
  fc.assert(
    fc.property(fc.array(key, { maxLength: 30 }), (keys) => {
      let draft = emptyDraft
      for (const key of keys) {
        draft = edit(draft, key)
        const boundaries = [...new Intl.Segmenter().segment(draft.text)].map(({ index }) => index)
        expect([...boundaries, draft.text.length]).toContain(draft.caret)
        expect(safeText(draft.text)).toBe(draft.text)
      }
    }),
    { numRuns: 150 },
  )
})

test.each([
  ['hi', {}, [insert('hi')]],
  ['hi\rthere\r', {}, [insert('hi'), { kind: 'submit' }, insert('there'), { kind: 'submit' }]],
  ['a\x7f', {}, [insert('a'), { kind: 'erase', to: 'left' }]],
  ['\n', {}, [insert('\n')]],
  ['x\x1b\x02', {}, [insert('x'), { kind: 'move', to: 'left' }]],
  ['', { return: true }, [{ kind: 'submit' }]],
  ['', { return: true, meta: true }, [insert('\n')]],
  ['w', { ctrl: true }, [{ kind: 'erase', to: 'word left' }]],
  ['b', { meta: true }, [{ kind: 'move', to: 'word left' }]],
  ['', { leftArrow: true, ctrl: true }, [{ kind: 'move', to: 'word left' }]],
  ['c', { ctrl: true }, [{ kind: 'leave' }]],
  ['q', { ctrl: true }, []],
  ['', { escape: true }, [{ kind: 'cancel' }]],
  ['/f\t', {}, [insert('/f'), { kind: 'tab', by: 1 }]],
  ['a\tb\t', {}, [insert('a'), insert('\t'), insert('b'), insert('\t')]],
  ['3', { meta: true }, [{ kind: 'buddy', which: 2 }]],
  ['a', { meta: true }, [{ kind: 'buddy', which: 'unread' }]],
  ['r', { ctrl: true }, [{ kind: 'find', to: 'older' }]],
  ['s', { ctrl: true }, [{ kind: 'find', to: 'newer' }]],
  ['', { tab: true, shift: true }, [{ kind: 'tab', by: -1 }]],
])('the keys in %j with %j are %j', (input, key, keys) => expect(keysOf(input, key)).toEqual(keys))
