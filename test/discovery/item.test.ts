import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { ed25519, randomBytes } from '../../src/crypto.ts'
import { compareDistance, idFor, sharedBits } from '../../src/discovery/id.ts'
import { isGenuine, signedPart, targetOf } from '../../src/discovery/item.ts'
import { decodeBencode, fromKey, toKey } from '../../src/wire/bencode.ts'
import { address } from '../support/network.ts'

const read = (name: string): never =>
  JSON.parse(readFileSync(new URL(`../vectors/krpc/${name}.json`, import.meta.url), 'utf8')) as never
const hex = (text: string): Uint8Array =>
  Uint8Array.from(text.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))

interface Bep44 {
  readonly value: string
  readonly seq?: number
  readonly salt: string
  readonly signed: string
  readonly key: string
  readonly target: string
  readonly signature: string
}

describe('BEP 44', () => {
  test.each<Bep44>(read('bep44'))('target $target', ({ seq, salt, signed, ...vector }) => {
    const value = decodeBencode(fromKey(vector.value))!
    if (seq === undefined) {
      expect(targetOf({ kind: 'immutable', value })).toEqual(hex(vector.target))
      return
    }
    const [key, signature] = [hex(vector.key), hex(vector.signature)]
    const item = { kind: 'mutable', key, salt: fromKey(salt), seq, signature, value } as const
    expect(toKey(signedPart(item))).toBe(signed)
    expect(targetOf(item)).toEqual(hex(vector.target))
    expect(isGenuine(item)).toBe(true)
    expect(isGenuine({ ...item, seq: 2 })).toBe(false)
    expect(isGenuine({ ...item, salt: fromKey('foobaz') })).toBe(false)
    expect(isGenuine({ ...item, value: fromKey('Hello world!') })).toBe(false)
    expect(isGenuine({ ...item, signature: signature.map((byte, i) => (i === 63 ? byte ^ 1 : byte)) })).toBe(
      false,
    )
  })

  test('octets that are no key give no exception', () => {
    const item = {
      kind: 'mutable',
      salt: new Uint8Array(0),
      seq: 1,
      value: 1,
      signature: new Uint8Array(64),
    } as const
    for (const byte of [0, 1, 0xee, 0xff]) {
      expect(isGenuine({ ...item, key: new Uint8Array(32).fill(byte) })).toBe(false)
    }
  })

  test('what ed25519 signs is genuine', () => {
    const pair = ed25519(randomBytes(32))
    const unsigned = { kind: 'mutable', key: pair.publicKey, salt: fromKey('s'), seq: 5, value: [1] } as const
    expect(isGenuine({ ...unsigned, signature: pair.sign(signedPart(unsigned)) })).toBe(true)
  })
})

describe('idFor', () => {
  test.each<{ ip: string; random: number; prefix: string }>(read('bep42'))(
    'BEP 42: $ip with $random begins with $prefix in 21 bits',
    ({ ip, random, prefix }) => {
      const id = idFor(address(`${ip}:1`), (size) => new Uint8Array(size).fill(random))
      expect([id[0], id[1], id[2]! & 0xf8, id[19]]).toEqual([...hex(prefix), random])
    },
  )

  // The BEP prints none for IPv6: these come of its formula by a program apart, whose CRC-32C of "123456789" is e3069283.
  test.each([
    ['2a02:8108:4c0:1f2a::1', 1, '93b880'],
    ['2001:4860:4860::8888', 86, 'dd2a58'],
    ['2606:4700:4700:1111:abcd::9', 22, '2334d8'],
    ['2a00:1450:4001:82f::200e', 65, '752600'],
  ])('BEP 42, IPv6: %s with %d begins with %s in 21 bits', (ip, random, prefix) => {
    const id = idFor(address(`[${ip}]:1`), (size) => new Uint8Array(size).fill(random))
    expect([id[0], id[1], id[2]! & 0xf8, id[19]]).toEqual([...hex(prefix), random])
    expect(id[2]! & 7).toBe(random & 7)
  })

  test('is random for private addresses and none', () => {
    const random = (size: number): Uint8Array => new Uint8Array(size).fill(9)
    for (const at of [
      undefined,
      address('192.168.1.1:1'),
      address('127.0.0.1:1'),
      address('[2001:db8::1]:1'),
    ]) {
      expect(idFor(at, random)).toEqual(random(20))
    }
  })
})

test('distances: the nearer comes first, and the number of bits shared', () => {
  const id = (first: number, last = 0): Uint8Array => Uint8Array.of(first, ...new Uint8Array(18), last)
  expect(compareDistance(id(0b1000), id(0b1001), id(0b0000))).toBeLessThan(0)
  expect(compareDistance(id(0), id(1), id(1))).toBe(0)
  expect(compareDistance(id(0), id(0, 2), id(0, 1))).toBeGreaterThan(0)
  expect([
    sharedBits(id(0), id(0x80)),
    sharedBits(id(0), id(1)),
    sharedBits(id(0), id(0, 1)),
    sharedBits(id(0), id(0)),
  ]).toEqual([0, 7, 159, 160])
})
