import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isCharacter, Strokes } from '../../../src/cli/prompts/strokes.ts'

const typed = (...chunks: readonly string[]): string => {
  const strokes = new Strokes()
  return chunks.flatMap((chunk) => strokes.read(chunk).filter(isCharacter)).join('')
}

/** Up, Home in three ways, Delete, Ctrl-Left, F1 in three ways, F5, a paste's marks, a click, a report. */
const sequences = [
  ...['\x1b[A', '\x1b[H', '\x1bOH', '\x1b[1~', '\x1b[3~', '\x1b[1;5D', '\x1bOP', '\x1b[[A', '\x1b[11~'],
  ...['\x1b[15~', '\x1b[200~', '\x1b[201~', '\x1b[<0;3;4M', '\x1b[?1;2c', '\x1b[1 q', '\x1b[27;5;9~'],
]

test.each(sequences)('%j is no part of what is typed, in one piece or two', (sequence) => {
  expect(typed(`a${sequence}b`)).toBe('ab')
  for (let cut = 1; cut < sequence.length - 1; cut++)
    expect(typed(`a${sequence.slice(0, cut)}`, `${sequence.slice(cut)}b`)).toBe('ab')
})

test('Escape alone takes no key away that is typed after it', () => {
  expect(typed('a\x1b', 'b')).toBe('ab')
  expect(typed('a\x1b', '[', 'b')).toBe('a[b')
  expect(typed('\x1b\x1b', 'O')).toBe('O')
  expect(typed('[A', 'O', 'P[1~')).toBe('[AOP[1~')
})

test('whatever else is typed comes as it was typed, however it is cut', () => {
  const text = fc.array(fc.oneof(fc.constantFrom('a', '[', 'O', 'é', '👍', '\x03', '\r', '~'), fc.string()))
  fc.assert(
    fc.property(text, (chunks) => {
      const clean = chunks.map((chunk) => chunk.replaceAll('\x1b', ''))
      expect(typed(...clean)).toBe(clean.join(''))
    }),
    { numRuns: 200 },
  )
})
