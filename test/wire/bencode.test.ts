import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Bencode,
  decodeBencode,
  dictionary,
  encodeBencode,
  fromKey,
  toKey,
} from '../../src/wire/bencode.ts'

const decode = (text: string): Bencode | undefined => decodeBencode(fromKey(text))

describe('decodeBencode', () => {
  test.each<[string, Bencode]>([
    ['i0e', 0],
    ['i-7e', -7],
    ['i9007199254740991e', 2 ** 53 - 1],
    ['0:', new Uint8Array(0)],
    ['3:a:e', fromKey('a:e')],
    ['le', []],
    ['li1eli2eee', [1, [2]]],
    ['de', new Map()],
    [
      'd0:i1e1:ai2ee',
      new Map([
        ['', 1],
        ['a', 2],
      ]),
    ],
    ['d9:__proto__i1ee', new Map([['__proto__', 1]])],
    ['d8:toString1:xe', new Map([['toString', fromKey('x')]])],
    [
      'd1:Ai1e1:ai2e1:\xffi3ee',
      new Map([
        ['A', 1],
        ['a', 2],
        ['\xff', 3],
      ]),
    ],
  ])('reads %j', (text, value) => {
    expect(decode(text)).toEqual(value)
    expect(toKey(encodeBencode(value))).toBe(text)
  })

  test.each([
    ['nothing', ''],
    ['a list of a negative length', 'l-3:'],
    ['a dictionary of a negative length', 'd-3:'],
    ['a second value', 'i1ei2e'],
    ['octets behind', '1:ab'],
    ['a leading zero', 'i01e'],
    ['zero twice', 'i00e'],
    ['a negative zero', 'i-0e'],
    ['a plus', 'i+1e'],
    ['no digit', 'ie'],
    ['a sign alone', 'i-e'],
    ['no end of an integer', 'i1'],
    ['a float', 'i1.5e'],
    ['an exponent', 'i1e5e'],
    ['2^53', 'i9007199254740992e'],
    ['17 digits', 'i10000000000000000e'],
    ['a length with a leading zero', '01:a'],
    ['a length of zeros', '00:'],
    ['a huge length', '99999999999999999999:a'],
    ['a length beyond the end', '2:a'],
    ['a negative length', '-1:a'],
    ['no colon', '1a'],
    ['an open list', 'li1e'],
    ['an open dictionary', 'd1:ai1e'],
    ['a key without value', 'd1:ae'],
    ['an integer as key', 'di1ei1ee'],
    ['keys out of order', 'd1:bi1e1:ai1ee'],
    ['a key twice', 'd1:ai1e1:ai2ee'],
    ['a letter nobody knows', 'x'],
  ])('refuses %s', (_, text) => expect(decode(text)).toBeUndefined())

  test('refuses more than the depth, count and length it was given', () => {
    const nested = (depth: number): Uint8Array => fromKey('l'.repeat(depth) + 'e'.repeat(depth))
    expect(decodeBencode(nested(3), { depth: 3 })).toEqual([[[]]])
    expect(decodeBencode(nested(4), { depth: 3 })).toBeUndefined()
    expect(decodeBencode(fromKey('d1:adee'), { depth: 1 })).toBeUndefined()
    expect(decodeBencode(fromKey('li1ei2ee'), { count: 3 })).toEqual([1, 2])
    expect(decodeBencode(fromKey('li1ei2ee'), { count: 2 })).toBeUndefined()
    expect(decodeBencode(fromKey('2:ab'), { length: 4 })).toEqual(fromKey('ab'))
    expect(decodeBencode(fromKey('2:ab'), { length: 3 })).toBeUndefined()
  })

  test('60,000 levels and 7,000 keys are refused by default, without a stack overflow', () => {
    expect(decode('l'.repeat(60_000))).toBeUndefined()
    expect(decode('d1:a'.repeat(15_000))).toBeUndefined()
    const keys = Array.from({ length: 7_000 }, (_, i) => `4:${String(i).padStart(4, '0')}i1e`)
    expect(decode(`d${keys.join('')}e`)).toBeUndefined()
    expect(decode(`d${keys.slice(0, 4_095).join('')}e`)).toHaveProperty('size', 4_095)
  })

  test('any value comes back, and any octets that are read are what is written', () => {
    const { value } = fc.letrec<{ value: Bencode }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 4 },
        fc.integer(),
        fc.maxSafeInteger(),
        fc.uint8Array({ maxLength: 20 }),
        fc.array(tie('value'), { maxLength: 4 }),
        fc
          .array(fc.tuple(fc.uint8Array({ maxLength: 3 }).map(toKey), tie('value')), { maxLength: 4 })
          .map((members) => new Map(members)),
      ),
    }))
    fc.assert(
      fc.property(value, fc.nat(), fc.nat(255), (value, at, byte) => {
        const octets = encodeBencode(value)
        const read = decodeBencode(octets)
        expect(read).toEqual(value)
        const bent = octets.slice()
        bent[at % bent.length] = byte
        const other = decodeBencode(bent)
        if (other !== undefined) expect(encodeBencode(other)).toEqual(bent)
      }),
      { numRuns: 300 },
    )
  })

  test('any octets give a value or undefined', () => {
    const octets = fc
      .array(fc.constantFrom(...'ilde0123456789:-'), { maxLength: 60 })
      .map((c) => fromKey(c.join('')))
    fc.assert(
      fc.property(octets, (octets) => {
        const value = decodeBencode(octets)
        if (value !== undefined) expect(encodeBencode(value)).toEqual(octets)
      }),
      { numRuns: 1_000 },
    )
  })
})

test('encodeBencode refuses a number that is no integer: it is our fault', () => {
  expect(() => encodeBencode(1.5)).toThrow(TypeError)
  expect(() => encodeBencode(2 ** 53)).toThrow(TypeError)
})

test('dictionary leaves out what is undefined', () => {
  expect(toKey(encodeBencode(dictionary({ b: 1, a: undefined, c: 2 })))).toBe('d1:bi1e1:ci2ee')
})
