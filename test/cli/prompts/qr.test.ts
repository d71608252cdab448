import { encode } from 'uqr'
import { expect, test } from 'vitest'
import { drawsQr, qrText } from '../../../src/cli/prompts/qr.ts'

/** The modules as a camera sees them: true is dark. */
function modules(text: string): boolean[][] {
  return text.split('\n').flatMap((row) => {
    expect(row.startsWith('\x1b[97;40m') && row.endsWith('\x1b[0m')).toBe(true)
    const blocks = [...row.slice('\x1b[97;40m'.length, -'\x1b[0m'.length)]
    return [blocks.map((block) => ' ▄'.includes(block)), blocks.map((block) => ' ▀'.includes(block))]
  })
}

test.each(['zoo zoo zoo zoo zoo zoo', `OT1${'Q'.repeat(110)}`])('%s is drawn module for module', (text) => {
  const seen = modules(qrText(text))
  const { data, size } = encode(text, { ecc: 'L', boostEcc: true, border: 2 })
  expect(seen.slice(0, size)).toEqual(data)
  // A row that the code does not have is dark: the terminal's own ground goes on below.
  expect(seen.length - size).toBe(size % 2)
})

test('three corners have the pattern a scanner looks for, within a quiet zone of 2', () => {
  const seen = modules(qrText('zoo zoo zoo zoo zoo zoo'))
  const finder = ['#######', '#.....#', '#.###.#', '#.###.#', '#.###.#', '#.....#', '#######']
  const width = seen[0]!.length
  const at = (x: number, y: number): string[] =>
    seen.slice(y, y + 7).map((row) =>
      row
        .slice(x, x + 7)
        .map((isDark) => (isDark ? '#' : '.'))
        .join(''),
    )
  expect(at(2, 2)).toEqual(finder)
  expect(at(width - 9, 2)).toEqual(finder)
  expect(at(2, width - 9)).toEqual(finder)
  expect(seen.slice(0, 2).flat()).not.toContain(true)
})

test('the longest code takes at most 33 columns and 17 rows, an address 45 and 23', () => {
  const longest = qrText(Array(6).fill('abstract').join(' ')).split('\n')
  expect([longest.length, modules(longest[0]!)[0]!.length]).toEqual([17, 33])
  const address = qrText(`OT1${'Q'.repeat(110)}`).split('\n')
  expect(address.length).toBeLessThanOrEqual(23)
})

test('nothing is drawn where nobody looks, or where blocks are not what they should be', () => {
  const stderr = { isTTY: true } as NodeJS.WriteStream
  expect(drawsQr({ stderr, env: { LANG: 'C.UTF-8' } })).toBe(true)
  expect(drawsQr({ stderr: { isTTY: false } as NodeJS.WriteStream, env: {} })).toBe(false)
  expect(drawsQr({ stderr, env: { LANG: 'de_DE.ISO-8859-1' } })).toBe(false)
  expect(drawsQr({ stderr, env: { TERM: 'dumb' } })).toBe(false)
})
