import { expect, test } from 'vitest'
import type { Random } from '../../src/crypto.ts'
import { discoveryKeyIn, isFingerprintOf } from '../../src/profile/address.ts'
import { discoveryKeyOf } from '../../src/profile/discoverykey.ts'
import { newInstanceTag, readIdentity, writeIdentity } from '../../src/profile/identity.ts'
import { Reader } from '../../src/wire/reader.ts'
import { Writer } from '../../src/wire/writer.ts'
import { other, own } from './people.ts'

test('an identity has the address of its discovery key and its fingerprint', () => {
  expect(discoveryKeyIn(own.address)).toEqual(discoveryKeyOf(own.discoverySecret))
  expect(isFingerprintOf(own.address, own.fingerprint)).toBe(true)
  expect(own.fingerprint).toMatch(/^[\da-f]{112}$/)
  expect(own.fingerprint).not.toBe(other.fingerprint)
})

test('150 octets keep it', () => {
  const writer = new Writer()
  writeIdentity(writer, own)
  expect(writer.length).toBe(150)
  expect(readIdentity(new Reader(writer.done()))).toEqual(own)
})

test('one with a forging key that is no point, or a reserved tag, is refused', () => {
  const octets = new Writer()
  writeIdentity(octets, own)
  const changed = (at: number, ...values: number[]) => {
    const copy = octets.done()
    copy.set(values, at)
    return readIdentity(new Reader(copy))
  }
  expect(changed(0)).toBeDefined()
  expect(changed(57, ...new Uint8Array(57).fill(0xff))).toBeUndefined()
  expect(changed(146, 0, 0, 0, 0xff)).toBeUndefined()
  expect(changed(146, 0, 0, 1, 0)).toBeDefined()
  expect(readIdentity(new Reader(octets.done().subarray(0, 149)))).toBeUndefined()
})

test('an instance tag below 0x100 is drawn again', () => {
  const draws = [0, 0xff, 0x100]
  const random: Random = () => {
    const octets = new Uint8Array(4)
    new DataView(octets.buffer).setUint32(0, draws.shift()!)
    return octets
  }
  expect(newInstanceTag(random)).toBe(0x100)
  expect(draws).toEqual([])
})
