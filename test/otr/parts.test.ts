import { ed448 } from '@noble/curves/ed448.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ed448PublicKey, ed448Sign, ed448Verify } from '../../src/crypto.ts'
import { armor, unarmor } from '../../src/otr/armor.ts'
import { isInGroup } from '../../src/otr/dh.ts'
import {
  decodePoint,
  decodeScalar,
  encodeScalar,
  littleEndian,
  mod,
  ownPoint,
  q,
} from '../../src/otr/ed448.ts'
import {
  fingerprintOf,
  formatFingerprint,
  generateIdentity,
  loadIdentity,
  parseFingerprint,
} from '../../src/otr/identity.ts'
import { jacobi } from '../../src/otr/jacobi.ts'
import { decodeMessage, encodeData } from '../../src/otr/message.ts'
import {
  createClientProfile,
  needsRenewal,
  profileExpiry,
  validateClientProfile,
} from '../../src/otr/profile.ts'
import { type Ring, sign, verify } from '../../src/otr/ring.ts'
import { decodePlaintext, encodePlaintext } from '../../src/otr/tlv.ts'
import { Writer } from '../../src/wire/writer.ts'
import { alice, bob, person, seeded, wallTime } from './pair.ts'

const size57 = fc.uint8Array({ minLength: 57, maxLength: 57 })

describe('Ed448', () => {
  test('of OpenSSL and of noble agree', () => {
    const message = Uint8Array.of(1, 2, 3)
    for (const name of ['a', 'b', 'c']) {
      const secret = seeded(name)(57)
      const publicKey = ed448PublicKey(secret)
      expect(publicKey).toEqual(ed448.getPublicKey(secret))
      const signature = ed448Sign(secret, message)
      expect(signature).toEqual(ed448.sign(message, secret))
      expect(ed448Verify(publicKey, message, signature)).toBe(true)
      signature[60]! ^= 1
      expect(ed448Verify(publicKey, message, signature)).toBe(false)
    }
  })

  test('takes any octets as a key, a signature or a point without throwing', () => {
    fc.assert(
      fc.property(fc.oneof(size57, fc.uint8Array({ maxLength: 60 })), (bytes) => {
        const point = decodePoint(bytes)
        if (point) expect(point.value.toBytes()).toEqual(bytes)
        ed448Verify(bytes, bytes, new Uint8Array(114))
        ed448Verify(alice.identity.publicKey, bytes, bytes)
      }),
      { numRuns: 60 },
    )
  })

  test('a point is of prime order when noble, which multiplies by q, says so', () => {
    const orderFour = ed448.Point.fromAffine({ x: 1n, y: 0n })
    fc.assert(
      fc.property(size57, (random) => {
        let point = ed448.Point.BASE.multiply(mod(littleEndian(random)) || 1n)
        for (let i = 0; i < 4; i++) {
          expect(decodePoint(point.toBytes()) !== undefined).toBe(point.isTorsionFree())
          point = point.add(orderFour)
        }
      }),
      { numRuns: 20 },
    )
    let small = orderFour
    for (let i = 0; i < 4; i++) {
      expect(decodePoint(small.toBytes())).toBeUndefined()
      small = small.add(orderFour)
    }
  })

  test('scalars: q - 1 is the largest (D9), and encoding is the way back', () => {
    expect(decodeScalar(encodeScalar(q - 1n))).toBe(q - 1n)
    expect(decodeScalar(encodeScalar(q))).toBeUndefined()
    for (const size of [0, 56, 58]) expect(decodeScalar(new Uint8Array(size))).toBeUndefined()
    fc.assert(
      fc.property(size57, (bytes) => {
        expect(encodeScalar(littleEndian(bytes))).toEqual(bytes)
      }),
    )
    expect(mod(-1n)).toBe(q - 1n)
  })
})

test('the Jacobi symbol is Euler’s criterion for a prime', () => {
  const p = 1_000_003n
  const euler = (a: bigint): bigint => {
    let [result, base, e] = [1n, a % p, (p - 1n) / 2n]
    for (; e > 0n; e >>= 1n) {
      if (e & 1n) result = (result * base) % p
      base = (base * base) % p
    }
    return result === p - 1n ? -1n : result
  }
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 1n << 80n }), (a) => {
      expect(BigInt(jacobi(a, p))).toBe(euler(a))
    }),
  )
  expect(isInGroup(new Uint8Array(385).fill(1))).toBe(false)
  expect(isInGroup(Uint8Array.of(0, 2))).toBe(false)
  expect(isInGroup(Uint8Array.of(2))).toBe(true)
})

describe('a ring signature', () => {
  const carol = person('carol', 0x303)
  const [a, b, c] = [alice, bob, carol].map(({ identity }) => ownPoint(identity.publicKey))
  const ring: Ring = [a!, b!, c!]
  const message = Uint8Array.of(7)

  test.each([alice, bob, carol])(
    'verifies whoever signs ($instanceTag), and one scalar plus q does not',
    (signer) => {
      const sigma = sign(ring, signer.identity, message, seeded('ring'))
      expect(verify(ring, sigma, message)).toBe(true)
      expect(verify([ring[1], ring[0], ring[2]], sigma, message)).toBe(false)
      expect(verify(ring, sigma, Uint8Array.of(8))).toBe(false)
      const scalar = littleEndian(sigma.subarray(57, 114))
      const malleable = sigma.slice()
      malleable.set(encodeScalar(scalar + q), 57)
      expect(verify(ring, malleable, message)).toBe(false)
    },
  )

  test('is not made by someone outside', () => {
    const eve = generateIdentity(seeded('eve'))
    expect(() => sign(ring, eve, message, seeded('ring'))).toThrow('not in it')
  })
})

describe('an identity', () => {
  test('has a forging key of prime order and a fingerprint that is read back', () => {
    expect(decodePoint(alice.identity.forgingKey)).toBeDefined()
    const fingerprint = fingerprintOf(alice.identity)
    expect(formatFingerprint(fingerprint)).toMatch(/^(?:[\da-f]{8} ){13}[\da-f]{8}$/)
    expect(parseFingerprint(formatFingerprint(fingerprint).toUpperCase())).toBe(fingerprint)
    expect(parseFingerprint(fingerprint.slice(1))).toBeUndefined()
    expect(loadIdentity(alice.identity.symmetricKey, alice.identity.forgingKey)).toEqual(alice.identity)
    expect(loadIdentity(alice.identity.symmetricKey, new Uint8Array(57))).toBeUndefined()
  })
})

describe('a client profile', () => {
  test('expires at a UTC midnight, seven to eight days from when it was made', () => {
    const expires = profileExpiry(wallTime + 1)
    expect(expires % 86_400).toBe(0)
    expect(expires * 1_000 - wallTime).toBe(8 * 86_400_000)
    expect(needsRenewal(expires, expires * 1_000 - 86_400_000)).toBe(false)
    expect(needsRenewal(expires, expires * 1_000 - 86_399_999)).toBe(true)
  })

  test('is refused for the first fault in the order of the spec', () => {
    const other = { senderTag: 0x999, wall: wallTime + 1e10 }
    const forged = alice.profile.slice()
    forged[forged.length - 60]! ^= 1
    expect(validateClientProfile(forged, other)).toEqual({ kind: 'signature' })
    expect(validateClientProfile(alice.profile, other)).toEqual({ kind: 'tag' })
    expect(validateClientProfile(alice.profile, { ...other, senderTag: 0x101 })).toMatchObject({
      kind: 'clock',
    })
    expect(() => createClientProfile({ ...alice, instanceTag: 0xff, expires: 0 })).toThrow('reserved')
  })
})

describe('decoders', () => {
  test('give a message or say why not, whatever the octets', () => {
    const header = fc.constantFrom(0x03, 0x35, 0x36, 0x37).map((type) => [0, 4, type])
    const octets = fc
      .tuple(header, fc.uint8Array({ maxLength: 800 }))
      .map(([h, b]) => Uint8Array.from([...h, ...b]))
    fc.assert(
      fc.property(octets, (bytes) => void decodeMessage(bytes)),
      { numRuns: 300 },
    )
    fc.assert(fc.property(fc.string(), (text) => void unarmor(`?OTR:${text}.`)))
    const bytes = seeded('armor')(100)
    expect(unarmor(armor(bytes))).toEqual(bytes)
  })

  test('a data message has a DH key when its ratchet id is a multiple of three, and whole MAC keys', () => {
    const tags = { senderTag: 0x100, receiverTag: 0x101, flags: 0, pn: 0, messageId: 0 }
    const kindOf = (ratchetId: number, dh: Uint8Array, revealed: number) => {
      const sections = encodeData(
        { ...tags, ratchetId, ecdh: new Uint8Array(57), dh, kem: new Uint8Array(0) },
        new Uint8Array(3),
      )
      const end = new Writer().zeros(64).data(new Uint8Array(revealed)).done()
      return decodeMessage(Uint8Array.from([...sections, ...end])).kind
    }
    const [without, key] = [new Uint8Array(0), Uint8Array.of(2)]
    expect([kindOf(3, key, 0), kindOf(4, without, 64), kindOf(4, without, 128)]).toEqual([
      'data',
      'data',
      'data',
    ])
    for (const kind of [
      kindOf(3, without, 0),
      kindOf(4, key, 0),
      kindOf(4, without, 63),
      kindOf(3, Uint8Array.of(0, 2), 0),
    ]) {
      expect(kind).toBe('malformed')
    }
  })

  test('a plaintext is read back, and one cut short keeps the records before the cut', () => {
    const tlvs = [
      { type: 0x0101, value: Uint8Array.of(1, 2, 3) },
      { type: 7, value: new Uint8Array(0) },
    ]
    const bytes = encodePlaintext({ text: 'é世', tlvs })
    expect(decodePlaintext(bytes)).toEqual({ text: 'é世', tlvs })
    expect(decodePlaintext(bytes.subarray(0, -1))).toEqual({ text: 'é世', tlvs: tlvs.slice(0, 1) })
    expect(decodePlaintext(Uint8Array.of(0xff, 0))).toBeUndefined()
    expect(() => encodePlaintext({ text: 'a\0b', tlvs: [] })).toThrow('NUL')
    fc.assert(fc.property(fc.uint8Array(), (any) => void decodePlaintext(any)))
  })
})
