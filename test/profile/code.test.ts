import { wordlist } from '@scure/bip39/wordlists/english.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Random } from '../../src/crypto.ts'
import {
  generateCode,
  inviteKey,
  parseCode,
  parseWord,
  readCode,
  wordsBeginning,
} from '../../src/profile/code.ts'
import { seeded } from '../session/people.ts'

const words = fc.array(fc.constantFrom(...wordlist), { minLength: 6, maxLength: 6 })

/** Octets one after another, as a source of randomness. */
function handing(octets: Uint8Array): Random {
  let at = 0
  return (size) => {
    at += size
    return octets.subarray(at - size, at)
  }
}

test('a code is six words of the list, whatever the random octets', () => {
  const octets = fc.uint8Array({ minLength: 12, maxLength: 12 })
  fc.assert(
    fc.property(octets, (random) => {
      const code = generateCode(handing(random))
      const bits = Array.from({ length: 6 }, (_, i) => ((random[2 * i]! << 8) | random[2 * i + 1]!) % 2048)
      expect(code.split(' ')).toEqual(bits.map((bit) => wordlist[bit]))
      expect(parseCode(code)).toEqual({ kind: 'code', code })
    }),
    { numRuns: 50 },
  )
})

test('every word of the list is as likely as any other: of 120,000 each comes 21 to 104 times', () => {
  const counts = new Map<string, number>()
  const random = seeded(1)
  for (let i = 0; i < 20_000; i++)
    for (const word of generateCode(random).split(' ')) counts.set(word, (counts.get(word) ?? 0) + 1)
  expect(counts.size).toBe(2_048)
  expect(Math.min(...counts.values())).toBeGreaterThan(20)
  expect(Math.max(...counts.values())).toBeLessThan(105)
})

describe('what is typed is read', () => {
  test('in any case, with any white space, hyphens or commas between the words, at the ends too', () => {
    const between = fc.constantFrom(' ', '\n', '\t', '  ', ', ', '-', '\u00a0', '\r\n')
    fc.assert(
      fc.property(
        words,
        fc.array(between, { minLength: 7, maxLength: 7 }),
        fc.boolean(),
        (six, gaps, isUpper) => {
          const text = gaps[6]! + six.map((word, i) => word + gaps[i]!).join('')
          const code = six.join(' ')
          expect(parseCode(isUpper ? text.toUpperCase() : text)).toEqual({ kind: 'code', code })
        },
      ),
    )
  })

  test('by the first four letters of each word', () => {
    fc.assert(
      fc.property(words, (six) => {
        const code = six.join(' ')
        expect(parseCode(six.map((word) => word.slice(0, 4)).join(' '))).toEqual({ kind: 'code', code })
      }),
    )
  })

  test('in compatible forms of the letters', () => {
    expect(parseCode('ｚｏｏ zoo 𝐳𝐨𝐨 zoo ⓩⓞⓞ zoo')).toEqual({ kind: 'code', code: 'zoo zoo zoo zoo zoo zoo' })
  })
})

test('any beginning that one word alone has is that word; a word is itself, whatever else begins with it', () => {
  const beginnings = new Map<string, string[]>()
  for (const word of wordlist) {
    for (let size = 1; size <= word.length; size++) {
      const start = word.slice(0, size)
      beginnings.set(start, [...(beginnings.get(start) ?? []), word])
    }
  }
  const wrong = [...beginnings].filter(([start, meant]) => {
    const parsed = parseWord(start)
    if (wordlist.includes(start)) return parsed.kind !== 'word' || parsed.word !== start
    if (meant.length === 1) return parsed.kind !== 'word' || parsed.word !== meant[0]
    return parsed.kind !== 'ambiguous' || parsed.meant.join() !== meant.join()
  })
  expect(wrong).toEqual([])
  expect(wordsBeginning('zo')).toEqual(['zone', 'zoo'])
})

test.each([
  ['abandon xq zoo zoo zoo zoo', { kind: 'unknown', word: 'xq' }],
  ['abandon ability zooo zoo zoo zoo', { kind: 'unknown', word: 'zooo' }],
  ['abandon yel zo zoo zoo zoo', { kind: 'ambiguous', word: 'zo', meant: ['zone', 'zoo'] }],
  ['zoo zoo zoo zoo zoo', { kind: 'count', count: 5 }],
  ['zoo zoo zoo zoo zoo zoo zoo', { kind: 'count', count: 7 }],
  ['', { kind: 'count', count: 0 }],
])('%j is no code, and the word is named', (text, why) => {
  expect(parseCode(text)).toEqual({ kind: 'wrong', why })
})

test('any text yields a code in its one form, or a reason', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
      const parsed = parseCode(text)
      if (parsed.kind === 'code') expect(readCode(parsed.code)).toBe(parsed.code)
      else expect(['count', 'unknown', 'ambiguous']).toContain(parsed.why.kind)
    }),
    { numRuns: 40 },
  )
})

test('of a code’s forms only the written one is read back from a vault', () => {
  expect(readCode('zoo zoo zoo zoo zoo zoo')).toBe('zoo zoo zoo zoo zoo zoo')
  expect(readCode('Zoo zoo zoo zoo zoo zoo')).toBeUndefined()
  expect(readCode('aban zoo zoo zoo zoo zoo')).toBeUndefined()
})

// Computed with Python's hashlib.scrypt.
test('its key is scrypt of it: 2^17, 8, 1', async () => {
  const parsed = parseCode('zoo zoo zoo zoo zoo zoo')
  if (parsed.kind !== 'code') throw new Error('no code')
  expect(Buffer.from(await inviteKey(parsed.code)).toString('hex')).toBe(
    '4b5eff081dfea9f039e4a462a9b1df8117ceaa5f5bffc7f383b86c89a8ea69f5',
  )
})
