import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hmacSha256, randomBytes, sha256 } from '../../src/crypto.ts'
import {
  type Announced,
  readAnnouncement,
  type Told,
  writeAnnouncements,
} from '../../src/discovery/lantags.ts'
import { seeded } from './swarm.ts'

const sessionId = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
const told: Told = { epoch: 525_600, port4: 40_001, port6: 40_002, sessionId }
const keys = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => sha256(Uint8Array.of(i, i >> 8)))
const read = (bytes: Uint8Array): Announced => readAnnouncement(bytes)!

describe('an announcement', () => {
  test('shows the epoch and the ports to all, the session id to who has a key in it', () => {
    const [bytes] = writeAnnouncements(told, keys(3), randomBytes)
    expect(read(bytes!)).toMatchObject({ epoch: 525_600, port4: 40_001, port6: 40_002 })
    expect(keys(4).map((key) => read(bytes!).opens(key))).toEqual([
      sessionId,
      sessionId,
      sessionId,
      undefined,
    ])
  })

  test('is made of the octets that the specification names', () => {
    const key = keys(1)[0]!
    const [bytes] = writeAnnouncements(told, [key], randomBytes)
    const head = bytes!.subarray(0, 38)
    expect([...head.subarray(0, 10)]).toEqual([0xe0, 1, 0, 0, 0, 0, 0, 8, 5, 32])
    expect([...head.subarray(26, 30)]).toEqual([0x9c, 0x41, 0x9c, 0x42])
    expect(head.subarray(30)).toEqual(sha256(head.subarray(10, 26), sessionId).subarray(0, 8))
    const slot = hmacSha256(key, head).slice(0, 16)
    for (const i of sessionId.keys()) slot[8 + i]! ^= sessionId[i]!
    expect(Buffer.from(bytes!).indexOf(slot) % 16).toBe(38 % 16)
  })

  test.each([
    [0, [294]],
    [1, [294]],
    [16, [294]],
    [17, [550]],
    [40, [1062]],
    [64, [1062]],
    [65, [1062, 1062]],
    [129, [1062, 1062, 1062, 1062]],
    [1_024, new Array<number>(16).fill(1062)],
  ])('for %i buddies has the sizes of the next power of two', (count, sizes) => {
    const datagrams = writeAnnouncements(told, keys(count), randomBytes)
    expect(datagrams.map(({ length }) => length)).toEqual(sizes)
    // Of many some are enough: each is one hash for each datagram and slot.
    for (const key of keys(count).filter((_, i) => i % Math.ceil(count / 65) === 0))
      expect(datagrams.filter((bytes) => read(bytes).opens(key))).toHaveLength(1)
  })

  test.each([1, 16])(
    'for %i shares no 8 octets with the next but its public head, nor are any twice in it',
    (count) => {
      const some = Array.from({ length: 10 }, () => writeAnnouncements(told, keys(count), randomBytes)[0]!)
      const seen = new Set<string>()
      for (const bytes of some) {
        const secret = Buffer.from(bytes.subarray(10))
        for (let at = 0; at + 8 <= secret.length; at++) seen.add(secret.toString('hex', at, at + 8))
      }
      expect(seen.size).toBe(10 * (294 - 10 - 7))
    },
  )

  test('puts a buddy’s tag anywhere: 200 announcements use every place', () => {
    const random = seeded(1)
    const places = Array.from({ length: 200 }, () => {
      const [bytes] = writeAnnouncements(told, keys(1), random)
      const tag = hmacSha256(keys(1)[0]!, bytes!.subarray(0, 38)).subarray(0, 8)
      return (Buffer.from(bytes!).indexOf(tag) - 38) / 16
    })
    expect([...new Set(places)].sort((a, b) => a - b)).toEqual([...Array(16).keys()])
  })

  test('with any bit of its head or of the buddy’s slot changed opens for nobody', () => {
    const key = keys(1)[0]!
    const [bytes] = writeAnnouncements(told, [key], randomBytes)
    const at = Buffer.from(bytes!).indexOf(hmacSha256(key, bytes!.subarray(0, 38)).subarray(0, 8))
    const minded = [...Array(38).keys(), ...Array.from({ length: 16 }, (_, i) => at + i)]
    for (const octet of minded) {
      for (let bit = 0; bit < 8; bit++) {
        const changed = bytes!.slice()
        changed[octet]! ^= 1 << bit
        expect(readAnnouncement(changed)?.opens(key)).toBeUndefined()
      }
    }
  })
})

test('any octets give an announcement or undefined, and a foreign one opens for nobody', () => {
  const sizes = fc.constantFrom(0, 1, 37, 38, 293, 294, 295, 550, 1_062, 2_086)
  const octets = sizes.chain((size) => fc.uint8Array({ minLength: size, maxLength: size }))
  const announced = octets.map((bytes) => Uint8Array.from([0xe0, 1, 0, 0, 0, 0, ...bytes.subarray(6)]))
  const key = keys(1)[0]!
  fc.assert(
    fc.property(fc.oneof(octets, announced), (bytes) => {
      const found = readAnnouncement(bytes)
      expect(found?.opens(key)).toBeUndefined()
      if (found) expect([294, 550, 1_062]).toContain(bytes.length)
    }),
    { numRuns: 300 },
  )
})

test.each([
  ['another type', (bytes: Uint8Array) => bytes.fill(0xe1, 0, 1)],
  ['another version', (bytes: Uint8Array) => bytes.fill(2, 1, 2)],
  ['an epoch of no time to come', (bytes: Uint8Array) => bytes.fill(1, 2, 6)],
  ['one octet more', (bytes: Uint8Array) => Uint8Array.of(...bytes, 0)],
  ['one octet less', (bytes: Uint8Array) => bytes.subarray(1)],
  ['no slots', (bytes: Uint8Array) => bytes.subarray(0, 38)],
  ['48 slots', (bytes: Uint8Array) => Uint8Array.of(...bytes, ...new Uint8Array(512))],
])('an announcement with %s is refused', (_, change) => {
  const [bytes] = writeAnnouncements(told, keys(1), randomBytes)
  expect(readAnnouncement(change(bytes!))).toBeUndefined()
})
