import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { blake2s } from '@noble/hashes/blake2.js'
import { hkdf as rfc5869 } from '@noble/hashes/hkdf.js'
import { bytesToHex, concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nobleAead } from '../../../src/crypto.ts'
import { hkdf, NoiseInitiator, respond } from '../../../src/transport/link/noise.ts'
import { replayNoise } from '../../replay/noise.ts'

const file = join(import.meta.dirname, '../../vectors/noise/nnpsk0.json')
const json: unknown = JSON.parse(readFileSync(file, 'utf8'))

test('agrees with every value of the vectors', () => {
  expect(replayNoise('nnpsk0', json)).toMatchObject({ kind: 'passed' })
})

test('the replay fails on a changed digit anywhere in a case, and never throws', () => {
  const text = JSON.stringify(json)
  const start = text.indexOf('"cases"')
  const ends = [...text.matchAll(/[\da-f]{8}(?=")/g)].map(({ index }) => index).filter((at) => at > start)
  expect(ends.length).toBeGreaterThan(40)
  for (const at of ends.filter((_, i) => i % 7 === 0)) {
    const changed = text.slice(0, at) + (text[at] === '0' ? '1' : '0') + text.slice(at + 1)
    expect(replayNoise('nnpsk0', JSON.parse(changed)).kind).toBe('failed')
  }
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(replayNoise('x', value).kind).toBe('not-run')
      expect(replayNoise('x', { ...(json as object), cases: [value] }).kind).toBe('not-run')
    }),
  )
})

const octets = (size: number, value: number): Uint8Array => new Uint8Array(size).fill(value)
const options = (secret: number, psk = 9) => ({
  prologue: octets(3, 1),
  psk: octets(32, psk),
  secret: octets(32, secret),
})

test('a wrong psk, prologue, bit, or length gives nothing, and the right answer still counts after it', () => {
  const initiator = new NoiseInitiator(options(1))
  expect(respond(initiator.message, options(2, 8))).toBeUndefined()
  expect(respond(initiator.message, { ...options(2), prologue: octets(3, 2) })).toBeUndefined()
  const answer = respond(initiator.message, options(2))!
  for (let bit = 0; bit < answer.message.length * 8; bit += 5) {
    const [first, second] = [initiator.message.slice(), answer.message.slice()]
    for (const message of [first, second]) message[bit >> 3]! ^= 1 << (bit & 7)
    expect(respond(first, options(2))).toBeUndefined()
    expect(initiator.read(second)).toBeUndefined()
  }
  for (const size of [0, 31, 32, 47]) {
    expect(respond(initiator.message.subarray(0, size), options(2))).toBeUndefined()
    expect(initiator.read(answer.message.subarray(0, size))).toBeUndefined()
  }
  const agreed = initiator.read(answer.message)!
  expect(agreed.h).toEqual(answer.h)
  expect(hkdf(agreed.ck)).toEqual(hkdf(answer.ck))
})

test('a message with a point of low order is refused, though its tag is right', () => {
  const low = [octets(32, 0), Uint8Array.of(1, ...octets(31, 0))]
  for (const point of low) {
    expect(respond(firstMessage(point), options(2))).toBeUndefined()
  }
  expect(respond(firstMessage(octets(32, 9)), options(2))).toBeDefined()
})

/** What was overwritten with zeros meanwhile, as it was before. */
function wipedBy(work: () => void): string[] {
  const prototype = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array
  const { fill } = prototype
  const wiped: string[] = []
  prototype.fill = function (this: Uint8Array, ...args) {
    if (this instanceof Uint8Array && args[0] === 0) wiped.push(bytesToHex(this))
    return fill.apply(this, args)
  }
  try {
    work()
  } finally {
    prototype.fill = fill
  }
  return wiped
}

describe('what leads nowhere is overwritten', () => {
  const spoilt = (message: Uint8Array): Uint8Array =>
    message.map((octet, i) => (i === 40 ? octet ^ 1 : octet))

  test('by the responder: its secret, the chaining key and the key of the message', () => {
    const message = firstMessage(octets(32, 9))
    for (const bad of [spoilt(message), message.subarray(0, 47), firstMessage(octets(32, 0))]) {
      const given = options(2)
      expect(respond(bad, given)).toBeUndefined()
      expect(given.secret).toEqual(octets(32, 0))
    }
    const wiped = wipedBy(() => respond(spoilt(message), options(2)))
    const { ck, k } = keysAfter(octets(32, 9))
    expect(wiped).toEqual(expect.arrayContaining([bytesToHex(ck), bytesToHex(k)]))
  })

  test('by the initiator: the chaining key of a wrong answer, and not what the right one needs', () => {
    const initiator = new NoiseInitiator(options(1))
    const answer = respond(initiator.message, options(2))!
    const wiped = wipedBy(() => expect(initiator.read(spoilt(answer.message))).toBeUndefined())
    expect(wiped).toContain(bytesToHex(answer.ck))
    expect(initiator.read(answer.message)?.ck).toEqual(answer.ck)
  })
})

/** -> psk, e by the paper, for any e: whoever knows the psk can make one, as no product of keys is in it. */
function firstMessage(e: Uint8Array): Uint8Array {
  const { h, k } = keysAfter(e)
  return concatBytes(e, nobleAead(k).seal(octets(12, 0), h, octets(0, 0)))
}

function keysAfter(e: Uint8Array): Record<'h' | 'ck' | 'k', Uint8Array> {
  const { prologue, psk } = options(0)
  const name = blake2s(utf8ToBytes('Noise_NNpsk0_25519_ChaChaPoly_BLAKE2s'))
  const withPsk = rfc5869(blake2s, psk, name, undefined, 96)
  const begun = blake2s(concatBytes(name, prologue))
  const h = blake2s(concatBytes(blake2s(concatBytes(begun, withPsk.subarray(32, 64))), e))
  const keys = rfc5869(blake2s, e, withPsk.subarray(0, 32), undefined, 64)
  return { h, ck: keys.subarray(0, 32), k: keys.subarray(32) }
}
