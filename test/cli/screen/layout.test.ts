import fc from 'fast-check'
import { expect, test } from 'vitest'
import { columnsOf, safeText } from '../../../src/cli/safetext.ts'
import { wrapHanging } from '../../../src/cli/screen/layout.ts'

const drawn = (text: string, columns: number): readonly string[] =>
  wrapHanging(safeText(text), columns).map((row) => ' '.repeat(row.indent) + row.text)

test('a row of a table goes on below its last column', () => {
  expect(drawn('  IPv4      UDP port 4000, joined the network', 28)).toEqual([
    '  IPv4      UDP port 4000,',
    '            joined the',
    '            network',
  ])
})

test('where that column is narrow it goes on a little further in than it began', () => {
  expect(drawn('  IPv4      UDP port 4000, joined the network', 20)).toEqual([
    '  IPv4      UDP port',
    '    4000, joined the',
    '    network',
  ])
  expect(drawn('/why           which ways were tried', 20)).toEqual([
    '/why           which',
    '  ways were tried',
  ])
})

test('what begins further in stays there; any other text goes on at the edge', () => {
  expect(drawn('  switch UPnP on in one of them', 20)).toEqual(['  switch UPnP on in', '  one of them'])
  expect(drawn('one two three', 8)).toEqual(['one two', 'three'])
})

test('whatever the text, no row is wider than there is room, and each says where it was in the text', () => {
  const texts = fc.string({ unit: fc.constantFrom(' ', '  ', 'a', 'bc', '文', '\n'), maxLength: 60 })
  fc.assert(
    fc.property(texts, fc.integer({ min: 4, max: 30 }), (text, columns) => {
      const safe = safeText(text)
      for (const row of wrapHanging(safe, columns)) {
        expect(row.indent + columnsOf(row.text)).toBeLessThanOrEqual(columns)
        expect(safe.slice(row.start, row.start + row.text.length)).toBe(row.text)
      }
    }),
    { numRuns: 200, seed: 5 },
  )
})
