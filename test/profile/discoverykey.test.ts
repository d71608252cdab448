import { createPrivateKey, createPublicKey, diffieHellman } from 'node:crypto'
import { x25519 } from '@noble/curves/ed25519.js'
import { hex } from '@scure/base'
import { expect, test } from 'vitest'
import { randomBytes } from '../../src/crypto.ts'
import { discoveryKeyOf, isDiscoveryKey, sharedSecret } from '../../src/profile/discoverykey.ts'

test('S is what OpenSSL makes of the same keys', () => {
  const [own, theirs] = [randomBytes(32), randomBytes(32)]
  const privateKey = createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), own]),
    format: 'der',
    type: 'pkcs8',
  })
  const publicKey = createPublicKey({
    key: Buffer.concat([Buffer.from('302a300506032b656e032100', 'hex'), discoveryKeyOf(theirs)]),
    format: 'der',
    type: 'spki',
  })
  const expected = diffieHellman({ privateKey, publicKey })
  expect(hex.encode(sharedSecret(own, discoveryKeyOf(theirs))!)).toBe(expected.toString('hex'))
})

/** cr.yp.to/ecdh.html: every 32 octets that X25519 makes zero of, and each again with the top bit set. */
const smallOrder = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]

test.each(smallOrder)('the key %s, of small order, is refused', (octets) => {
  const key = hex.decode(octets)
  const secret = randomBytes(32)
  expect(() => x25519.getSharedSecret(secret, key)).toThrow('invalid private or public key received') // it is one
  expect(isDiscoveryKey(key)).toBe(false)
  expect(sharedSecret(secret, key)).toBeUndefined()
  key[31]! |= 0x80
  expect(isDiscoveryKey(key)).toBe(false)
})

test('a key at or above 2^255 - 19 is refused, those below are taken', () => {
  const near = (last: number, top: number): Uint8Array =>
    Uint8Array.of(last, ...new Array(30).fill(0xff), top)
  expect(isDiscoveryKey(near(0xeb, 0x7f))).toBe(true) // p - 2
  for (let last = 0xed; last <= 0xff; last++) expect(isDiscoveryKey(near(last, 0x7f))).toBe(false)
  expect(isDiscoveryKey(near(0x09, 0xff))).toBe(false)
})

test('a key of another length is refused', () => {
  expect(isDiscoveryKey(new Uint8Array(31).fill(9))).toBe(false)
  expect(isDiscoveryKey(new Uint8Array(33).fill(9))).toBe(false)
})
