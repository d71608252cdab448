import { bech32m } from '@scure/base'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { randomBytes } from '../../src/crypto.ts'
import { type Offer, type OfferFault, readOffer, sealOffer } from '../../src/discovery/offer.ts'
import type { PairKeys } from '../../src/discovery/place.ts'
import type { Candidate } from '../../src/discovery/record.ts'
import { address } from '../support/network.ts'
import { pairOf } from './swarm.ts'

const at = 1_700_000_000_000
const [ada, bob, eve] = [pairOf('ada and bob', 0), pairOf('ada and bob', 1), pairOf('ada and eve', 1)]
const candidatesOf = (count: number): Candidate[] =>
  Array.from({ length: count }, (_, i) => ({ kind: 'host', address: address(`10.0.0.${i + 1}:40000`) }))
const offerOf = (changes: Partial<Offer<PairKeys>> = {}): Offer<PairKeys> => ({
  kind: 'offer',
  pair: ada,
  epoch: 472_222,
  seq: 1_700_000_000,
  record: { sessionId: randomBytes(8), timestamp: at, startAt: 0, candidates: candidatesOf(3) },
  ...changes,
})
const seal = (changes: Partial<Offer<PairKeys>> = {}): string => sealOffer(offerOf(changes), randomBytes)
const read = (text: string, pairs: readonly PairKeys[] = [bob]): Offer<PairKeys> | OfferFault =>
  readOffer(text, pairs, at)

/** The line of other octets: its checksum is right. */
function forged(line: string, change: (octets: Uint8Array) => Uint8Array): string {
  const { prefix, words } = bech32m.decode(line as `${string}1${string}`, 1_000)
  return bech32m.encode(prefix, bech32m.toWords(change(bech32m.fromWords(words))), 2_000)
}

describe('an offer', () => {
  test.each([
    [0, 268],
    [4, 268],
    [5, 396],
    [8, 396],
    [12, 524],
    [16, 652],
  ])('of %i candidates is a line of %i characters, and comes back', (count, length) => {
    for (const kind of ['offer', 'answer'] as const) {
      const offer = offerOf({ kind })
      const told = { ...offer, record: { ...offer.record, candidates: candidatesOf(count) } }
      const line = sealOffer(told, randomBytes)
      expect(line).toMatch(kind === 'offer' ? /^oto1[02-9ac-hj-np-z]+$/ : /^ota1[02-9ac-hj-np-z]+$/)
      expect(line).toHaveLength(length)
      expect(read(line)).toEqual({ ...told, pair: bob })
    }
  })

  test('of more than 16 candidates carries the first 16, none with a zone, and no mark', () => {
    const zoned: Candidate = { kind: 'host', address: address('[fe80::1%eth0]:5') }
    const candidates = [zoned, ...candidatesOf(20)]
    const marked = { ...offerOf().record, candidates, mark: new Uint8Array(16).fill(1) }
    expect(read(seal({ record: marked }))).toMatchObject({
      record: { candidates: candidates.slice(1, 17) },
    })
    expect(read(seal({ record: marked }))).not.toHaveProperty('record.mark')
  })

  test('is of the pair that opens it, and of its own hour, whatever the clock says', () => {
    for (const epoch of [0, 472_222, 2 ** 32 - 1]) {
      expect(read(seal({ epoch }), [eve, bob])).toMatchObject({ pair: bob, epoch })
    }
  })

  test('tells nothing of where we are, but the hour, the second, the direction, and the candidates in fours', () => {
    const [one, other] = [seal(), seal({ record: { ...offerOf().record, candidates: candidatesOf(4) } })]
    let head = ''
    forged(one, (octets) => {
      head = Buffer.from(octets.subarray(0, 15)).toString('hex')
      return octets
    })
    expect(head).toBe('01' + '00' + '04' + '0007349e' + '000000006553f100')
    expect(one.length).toBe(other.length)
    expect(one.slice(0, 28)).toBe(other.slice(0, 28))
    expect(one.slice(28, -6)).not.toBe(other.slice(28, -6))
  })
})

describe('on its way a line may be', () => {
  const line = seal()
  test.each<[string, string]>([
    ['broken', line.replace(/.{40}/g, '$&\n')],
    ['broken by Windows, with spaces', ` ${line.replace(/.{70}/g, '$& \r\n ')}\r\n`],
    ['quoted', line.replace(/.{60}/g, '$&\n> ')],
    ['in quotation marks', `“${line}”`],
    ['in a code span', `\`\`\`\n${line}\n\`\`\``],
    ['in capitals, as a QR code has it', line.toUpperCase()],
    ['with a capital, as a phone writes', `O${line.slice(1)}`],
    [
      'with signs nobody sees',
      `\ufeff${line.slice(0, 99)}\u200b${line.slice(99, 200)}\u00ad${line.slice(200)}`,
    ],
  ])('%s', (_, text) => {
    expect(read(text)).toMatchObject({ kind: 'offer', pair: bob })
  })
})

describe('a line is refused, and why', () => {
  test('nothing, another text, an address', () => {
    expect([read(''), read(' \n> ')]).toEqual(['empty', 'empty'])
    const others = ['hello', 'ot1qqqq', 'otp1qqqq', '{"oto1":2}', 'x'.repeat(8_192)]
    expect(others.map((text) => read(text))).toEqual(others.map(() => 'prefix'))
  })

  test.each([1, 4, 16])('every beginning of one with %i candidates lacks its end', (count) => {
    const line = seal({ record: { ...offerOf().record, candidates: candidatesOf(count) } })
    for (let length = 1; length < line.length; length++) expect(read(line.slice(0, length))).toBe('short')
  })

  test('a letter that was changed, lost in the middle, added, or exchanged with the next', () => {
    const line = seal()
    const index = fc.integer({ min: 4, max: line.length - 2 })
    const letter = fc.constantFrom(...'qpzry9x8gf2tvdw0s3jn54khce6mua7l')
    fc.assert(
      fc.property(index, letter, (i, other) => {
        fc.pre(line[i] !== other && line[i] !== line[i + 1])
        expect(read(line.slice(0, i) + other + line.slice(i + 1))).toSatisfy(isBroken)
        expect(read(line.slice(0, i) + line.slice(i + 1))).toSatisfy(isBroken)
        expect(read(line.slice(0, i) + other + line.slice(i))).toSatisfy(isBroken)
        expect(read(line.slice(0, i) + line[i + 1] + line[i] + line.slice(i + 2))).toSatisfy(isBroken)
      }),
      { numRuns: 150 },
    )
    for (const text of [`${line}q`, `${line}${line}`, `${line}.`, line.replace(/..$/, 'ob')])
      expect(read(text)).toBe('damaged')
  })

  test('every bit of the octets, under a right checksum', () => {
    const line = seal()
    for (let i = 0; i < 161; i++) {
      const bit = 1 << (i % 8)
      const flipped = forged(line, (octets) => octets.with(i, octets[i]! ^ bit))
      const why = i === 0 ? 'version' : i === 1 && bit !== 1 ? 'damaged' : i === 2 ? 'damaged' : undefined
      if (why) expect(read(flipped)).toBe(why)
      else expect(read(flipped)).toSatisfy(isUnread)
    }
  })

  test('slots that are not there, in no fours, or too many; a length that is another; a seq nobody counts to', () => {
    const line = seal()
    for (const slots of [0, 1, 3, 5, 8, 20, 255])
      expect(read(forged(line, (octets) => octets.with(2, slots)))).toBe('damaged')
    for (const length of [0, 1, 14, 15, 100, 160])
      expect(read(forged(line, (octets) => octets.slice(0, length)))).toBe('damaged')
    expect(read(forged(line, (octets) => Uint8Array.of(...octets, 0)))).toBe('damaged')
    expect(read(seal({ seq: 2 ** 52 }))).toMatchObject({ seq: 2 ** 52 })
    expect(read(seal({ seq: 2 ** 52 + 1 }))).toBe('damaged')
  })

  test('of a newer program, of whatever length', () => {
    for (const length of [1, 30, 161, 401])
      expect(read(forged(seal(), () => new Uint8Array(length).fill(2)))).toBe('version')
  })

  test('our own, pasted back', () => {
    expect(read(seal(), [ada])).toBe('own')
    expect(read(seal({ kind: 'answer' }), [eve, ada])).toBe('own')
  })

  test('one of the other direction that is said to be ours', () => {
    const [mine, theirs] = [seal(), seal({ pair: bob })]
    for (const line of [mine, theirs]) {
      const turned = forged(line, (octets) => octets.with(1, octets[1]! ^ 1))
      expect([read(turned, [ada]), read(turned, [bob])]).toEqual(['not-for-you', 'not-for-you'])
    }
  })

  test('for somebody else, and for nobody', () => {
    expect([read(seal(), [eve]), read(seal(), [])]).toEqual(['not-for-you', 'not-for-you'])
  })

  test('a day older, or newer, than our clock says; not a moment less', () => {
    const day = 24 * 3_600_000
    const record = offerOf().record
    const of = (timestamp: number) => read(seal({ record: { ...record, timestamp } }))
    expect(of(at - day)).toMatchObject({ kind: 'offer' })
    expect(of(at - day - 1)).toBe('too-old')
    expect(of(at + day)).toMatchObject({ kind: 'offer' })
    expect(of(at + day + 1)).toBe('too-new')
  })

  test('any text, and any octets in a line, give a value', () => {
    const octets = fc.uint8Array({ maxLength: 420 })
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string().map((rest) => `oto1${rest}`),
      octets.map((bytes) => bech32m.encode('ota', bech32m.toWords(bytes), 2_000)),
      octets.map((bytes) => bech32m.encode('oto', bech32m.toWords(Uint8Array.of(1, 0, 4, ...bytes)), 2_000)),
    )
    fc.assert(
      fc.property(text, (text) => {
        expect(typeof read(text)).toBe('string')
      }),
      { numRuns: 150 },
    )
  })

  test('a text without end, at once', () => {
    const began = performance.now()
    expect(read(seal() + ' '.repeat(10_000_000))).toBe('damaged')
    expect(performance.now() - began).toBeLessThan(1_000)
  })
})

const isBroken = (why: unknown): boolean => why === 'damaged' || why === 'short'
const isUnread = (why: unknown): boolean => why === 'damaged' || why === 'not-for-you'
