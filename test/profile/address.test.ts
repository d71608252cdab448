import { bech32, hex } from '@scure/base'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Fingerprint } from '../../src/otr/identity.ts'
import {
  compareOctets,
  discoveryKeyIn,
  formatProfileAddress,
  isFingerprintOf,
  parseProfileAddress,
  profileAddress,
  readProfileAddress,
} from '../../src/profile/address.ts'
import vectors from '../vectors/profile/rendezvous.json' with { type: 'json' }

const { alice, bob } = vectors
const letters = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'

describe('an address', () => {
  test.each([alice, bob])('is ot1 and bech32m of 65 octets, as another program writes it: %#', (known) => {
    const parsed = parseProfileAddress(known.address)
    if (parsed.kind !== 'address') throw new Error(parsed.why)
    expect(hex.encode(parsed.address)).toBe(known.octets)
    expect(formatProfileAddress(parsed.address)).toBe(known.address)
  })

  test('is made of a discovery key and the first 32 of the 56 octets of a fingerprint', () => {
    const fingerprint = (alice.octets.slice(66) + '77'.repeat(24)) as Fingerprint
    const address = profileAddress(hex.decode(alice.octets.slice(2, 66)), fingerprint)
    expect(formatProfileAddress(address)).toBe(alice.address)
    expect(hex.encode(discoveryKeyIn(address))).toBe(alice.octets.slice(2, 66))
    expect(isFingerprintOf(address, fingerprint)).toBe(true)
    const another = (bob.octets.slice(66) + '77'.repeat(24)) as Fingerprint
    expect(isFingerprintOf(address, another)).toBe(false)
  })

  test('is read in upper case and with white space around it', () => {
    expect(parseProfileAddress(`\n ${alice.address.toUpperCase()}\t`).kind).toBe('address')
  })

  test.each([
    ['empty', ' '],
    ['prefix', alice.address.slice(3)],
    ['prefix', `bc1${alice.address.slice(3)}`],
    ['short', alice.address.slice(0, -1)],
    ['long', `${alice.address}q`],
    ['long', `ot1${'q'.repeat(1_000_000)}`],
    ['characters', alice.address.replace('x', 'b')],
    ['characters', `${alice.address} bob`],
    ['mixed-case', alice.address.replace('z', 'Z')],
    ['checksum', `${alice.address.slice(0, -2)}qq`],
  ])('is refused as %s: %.20s', (why, text) => {
    expect(parseProfileAddress(text)).toEqual({ kind: 'wrong', why })
  })

  test('with the checksum of bech32, not bech32m, is refused', () => {
    const text = bech32.encode('ot', bech32.toWords(hex.decode(alice.octets)), 113)
    expect(text.slice(0, 107)).toBe(alice.address.slice(0, 107))
    expect(parseProfileAddress(text)).toEqual({ kind: 'wrong', why: 'checksum' })
  })

  test('is refused with any one letter changed, or two neighbours exchanged: 3,410 letters and 106 exchanges', () => {
    let tried = 0
    for (let i = 3; i < alice.address.length; i++) {
      const [before, letter, after] = [
        alice.address.slice(0, i),
        alice.address[i]!,
        alice.address.slice(i + 1),
      ]
      const others = [...letters].filter((other) => other !== letter).map((other) => before + other + after)
      const next = after[0]
      if (next !== undefined && next !== letter) others.push(before + next + letter + after.slice(1))
      for (const text of others) {
        tried++
        if (parseProfileAddress(text).kind === 'address') expect.fail(text)
      }
    }
    expect(tried).toBe(3_516)
  })

  test('of another version, or with a key that is not canonical or of small order, is refused', () => {
    const octets = hex.decode(alice.octets)
    const changed = (change: (octets: Uint8Array) => void): string => {
      const copy = octets.slice()
      change(copy)
      const read = readProfileAddress(copy)
      return read.kind === 'wrong' ? read.why : read.kind
    }
    expect(changed(() => {})).toBe('address')
    expect(changed((copy) => copy.set([2]))).toBe('version')
    expect(changed((copy) => copy.fill(0, 1, 33))).toBe('key')
    expect(changed((copy) => copy.set([copy[32]! | 0x80], 32))).toBe('key')
  })

  test('any octets and any text yield an address or a reason', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (octets) => {
        const read = readProfileAddress(octets)
        if (read.kind === 'address')
          expect(parseProfileAddress(formatProfileAddress(read.address))).toEqual(read)
        else expect(read.why).toMatch(/short|long|version|key/)
      }),
    )
    const looksLikeOne = fc.array(fc.constantFrom(...letters), { minLength: 108, maxLength: 112 })
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      looksLikeOne.map((word) => `ot1${word.join('')}`),
    )
    fc.assert(
      fc.property(text, (word) => parseProfileAddress(word).kind === 'wrong'),
      { numRuns: 60 },
    )
  })

  test('and back: every one that can be made', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (random) => {
        random[31]! &= 0x3f
        const read = readProfileAddress(Uint8Array.of(1, ...random))
        if (read.kind !== 'address') throw new Error(read.why)
        expect(parseProfileAddress(formatProfileAddress(read.address))).toEqual(read)
      }),
      { numRuns: 50 },
    )
  })
})

test('octets compare from the front, and the shorter of two with the same beginning comes first', () => {
  const sorted = [[], [0], [0, 1], [1], [1, 0, 9], [1, 2], [255]].map((octets) => Uint8Array.from(octets))
  for (const [i, a] of sorted.entries())
    for (const [j, b] of sorted.entries()) expect(Math.sign(compareOctets(a, b))).toBe(Math.sign(i - j))
})
