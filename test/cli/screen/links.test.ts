import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { safeText } from '../../../src/cli/safetext.ts'
import { isPlain, linksIn } from '../../../src/cli/screen/links.ts'

const texts = (text: string): string[] => linksIn(safeText(text)).map(({ text }) => text)

describe('a link', () => {
  test.each([
    ['see http://a.example/b?c=d#e.', ['http://a.example/b?c=d#e']],
    ['(https://a.example/x_(y)), or HTTPS://B.example!', ['https://a.example/x_(y)', 'HTTPS://B.example']],
    ['<https://a.example> "http://b.example"', ['https://a.example', 'http://b.example']],
    ['ftp://a.example javascript://x file:///etc https:// http://', []],
    ['https://пример.example/ё', ['https://пример.example/ё']],
    ['https://a.example/\x1b]8;;https://b.example\x07', ['https://a.example/', 'https://b.example']],
  ])('in %j is %j', (text, links) => expect(texts(text)).toEqual(links))

  test('lies where it says, in any text', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('http://', 'a', '.', ')', '(', ' ', '\n', 'ü', '/')), (parts) => {
        const text = safeText(parts.join(''))
        let last = 0
        for (const { from, until, text: link } of linksIn(text)) {
          expect(from).toBeGreaterThanOrEqual(last)
          expect(text.slice(from, until)).toBe(link)
          last = until
        }
      }),
    )
  })

  test('of 60,000 brackets takes no longer than it is', () => {
    const before = performance.now()
    texts(`http://${')'.repeat(60_000)} http://${'('.repeat(30_000)}${')'.repeat(30_000)}`)
    expect(performance.now() - before).toBeLessThan(200)
  })
})

describe('may be clicked only where the target is what is shown:', () => {
  test.each([
    ['https://a.example', true],
    ['https://a.example/b?c=d', true],
    ['https://a.example@evil.example/', false],
    ['https://user:pass@a.example/', false],
    ['https://пример.example/', false],
    ['https://xn--e1afmkfd.example/', false],
    ['https://a.xn--e1afmkfd/', false],
    ['https://A.example/', false],
    ['https://a.example/../b', false],
    ['https://0x7f.1/', false],
    ['https://a.example:443/', false],
    ['https://a.example/ü', false],
    [`https://a.example/${'a'.repeat(2_000)}`, false],
  ])('%s: %j', (text, isSo) => expect(isPlain({ from: 0, until: text.length, text })).toBe(isSo))
})
