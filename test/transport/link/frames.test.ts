import { bytesToHex } from '@noble/hashes/utils.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hmacSha256 } from '../../../src/crypto.ts'
import {
  frameReceiver,
  frameTag,
  knock,
  readHeader,
  readInit,
  readKnock,
  readResponse,
  writeHeader,
  writeInit,
  writeResponse,
} from '../../../src/transport/link/frames.ts'
import { classify } from '../../../src/wire/classify.ts'
import { bitFlips, keysOf, octets, truncations } from './pair.ts'

const keys = keysOf(40)
const noise = octets(48, 0xaa)
const session = octets(8, 0xbb)
const init = writeInit(keys, { index: 0x01020304, noise })
const response = writeResponse(keys, { index: 0x01020304, peerIndex: 0xfffefdfc, noise })
const knocked = knock(keys, session, (size) => octets(size, 0xcc))

test('an init, a response and a knock hold these octets', () => {
  const hex = (bytes: Uint8Array): string => bytesToHex(bytes.subarray(0, bytes.length - 16))
  const zeros = (size: number): string => '00'.repeat(size)
  expect(hex(init)).toBe(`f000000001020304${'2a'.repeat(8)}${'aa'.repeat(48)}${zeros(112)}`)
  expect(hex(response)).toBe(`f100000001020304fffefdfc${'aa'.repeat(48)}`)
  expect(hex(knocked)).toBe(`f4000000${'2b'.repeat(8)}${'bb'.repeat(8)}${'cc'.repeat(16)}${zeros(140)}`)
  expect([init, response, knocked].map(({ length }) => length)).toEqual([192, 76, 192])
  for (const frame of [init, response, knocked]) {
    const mac1 = hmacSha256(keys.mac1, frame.subarray(0, frame.length - 16)).subarray(0, 16)
    expect(frame.subarray(frame.length - 16)).toEqual(mac1)
  }
})

test('what was written is read', () => {
  expect(readInit(keys, init)).toEqual({ index: 0x01020304, noise })
  expect(readResponse(keys, response)).toEqual({ index: 0x01020304, peerIndex: 0xfffefdfc, noise })
  expect(readKnock(keys, knocked)).toEqual({ sessionId: session })
})

test('the owner learns whose a frame is without a key', () => {
  expect(frameTag(init)).toEqual(keys.tags.initiator)
  expect(frameTag(knocked)).toEqual(keys.tags.responder)
  expect([response, init.subarray(0, 191)].map(frameTag)).toEqual([undefined, undefined])
  expect(frameReceiver(response)).toBe(0xfffefdfc)
  const header = writeHeader({ generation: 0, index: 0xfffefdfc, counter: 0 })
  expect(frameReceiver(Uint8Array.of(...header, ...octets(17, 0)))).toBe(0xfffefdfc)
  expect(frameReceiver(Uint8Array.of(...header, ...octets(16, 0)))).toBeUndefined()
  expect([init, knocked, response.subarray(0, 75)].map(frameReceiver)).toEqual([
    undefined,
    undefined,
    undefined,
  ])
  for (const frame of [init, response, knocked, header]) expect(classify(frame)).toBe('link')
})

const readers = [readInit, readResponse, readKnock]

test.each([
  ['init', init, readInit],
  ['response', response, readResponse],
  ['knock', knocked, readKnock],
])('%s: no bit may be another, no octet missing or too many, no other pair take it', (_, frame, read) => {
  for (const flipped of bitFlips(frame)) expect(read(keys, flipped)).toBeUndefined()
  for (const short of truncations(frame)) expect(read(keys, short)).toBeUndefined()
  expect(read(keys, Uint8Array.of(...frame, 0))).toBeUndefined()
  expect(read({ ...keys, mac1: octets(32, 1) }, frame)).toBeUndefined()
  for (const other of readers) if (other !== read) expect(other(keys, frame)).toBeUndefined()
})

describe('with a right mac1 as well', () => {
  /** Changes one octet and closes the frame again, as the buddy himself could. */
  const forged = (frame: Uint8Array, at: number): Uint8Array => {
    const body = frame.slice(0, frame.length - 16)
    body[at]! ^= 0x10
    return Uint8Array.of(...body, ...hmacSha256(keys.mac1, body).subarray(0, 16))
  }
  const cases: [string, Uint8Array, (bytes: Uint8Array) => unknown, number[], number[]][] = [
    ['init', init, (b) => readInit(keys, b), [0, 1, 2, 3, 8, 15, 64, 100, 175], [4, 7, 16, 63]],
    ['response', response, (b) => readResponse(keys, b), [0, 1, 2, 3], [4, 8, 12, 59]],
    ['knock', knocked, (b) => readKnock(keys, b), [0, 1, 2, 3, 4, 11, 36, 175], [12, 19, 20, 35]],
  ]
  test.each(cases)('%s: type, zeros and tag are fixed, all else is free', (_, frame, read, fixed, free) => {
    for (const at of fixed) expect(read(forged(frame, at))).toBeUndefined()
    for (const at of free) expect(read(forged(frame, at))).toBeDefined()
  })
})

test('a header is 16 octets, its counter little-endian up to 2^53', () => {
  const header = writeHeader({ generation: 0xab, index: 0x01020304, counter: 0x1f_0203_0405_0607 })
  expect(bytesToHex(header)).toBe('f3ab0000010203040706050403021f00')
  const frame = Uint8Array.of(...header, ...octets(17, 0))
  expect(readHeader(frame)).toEqual({ generation: 0xab, index: 0x01020304, counter: 0x1f_0203_0405_0607 })
  expect(readHeader(frame.subarray(0, 32))).toBeUndefined()
  expect(readHeader(Uint8Array.of(...header, ...octets(4_113, 0)))).toBeDefined()
  expect(readHeader(Uint8Array.of(...header, ...octets(4_114, 0)))).toBeUndefined()
  for (const [at, value] of [
    [0, 0xf2],
    [2, 1],
    [3, 1],
    [14, 0x20],
    [15, 1],
  ] as const)
    expect(readHeader(frame.with(at, value))).toBeUndefined()
})

test('a header is read as it was written', () => {
  const header = fc.record({
    generation: fc.integer({ min: 0, max: 255 }),
    index: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    counter: fc.maxSafeNat(),
  })
  fc.assert(
    fc.property(header, (given) => {
      expect(readHeader(Uint8Array.of(...writeHeader(given), ...octets(17, 0)))).toEqual(given)
    }),
  )
})

test('any octets are read without a throw, and none by chance', () => {
  const size = fc.constantFrom(0, 1, 16, 33, 76, 192, 193, 1_232, 1_233, 4_129, 4_130)
  const any = size.chain((length) => fc.uint8Array({ minLength: length, maxLength: length }))
  fc.assert(
    fc.property(any, fc.constantFrom(0xf0, 0xf1, 0xf3, 0xf4, 0xf5), (bytes, type) => {
      if (bytes.length > 0) bytes[0] = type
      for (const read of readers) expect(read(keys, bytes)).toBeUndefined()
      expect(() => [frameTag(bytes), frameReceiver(bytes), readHeader(bytes)]).not.toThrow()
    }),
    { numRuns: 200 },
  )
})
