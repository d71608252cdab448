import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RangeCoder } from '../../../src/transport/enet/rangecoder.ts'

const octets = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))
const limit = 4_096
const coder = new RangeCoder()

test('600 equal octets in a SEND_RELIABLE are the 14 that libenet makes of them', () => {
  const plain = Uint8Array.from([...octets('860000020258'), ...new Uint8Array(600).fill(0x61)])
  const packed = octets('867a82991e4915d5b655c1e3e370')
  expect(coder.compress(plain)).toEqual(packed)
  expect(coder.decompress(packed, limit)).toEqual(plain)
})

/** Octets of few values, of many, and repetitions: all branches of the contexts, and their running out. */
const texts = fc.oneof(
  fc.uint8Array({ maxLength: 600 }),
  fc.array(fc.integer({ min: 97, max: 101 }), { maxLength: 3_000 }).map((all) => Uint8Array.from(all)),
  fc
    .array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 9 }), fc.nat(60)), { maxLength: 12 })
    .map((runs) =>
      Uint8Array.from(
        runs.flatMap(([run, times]) =>
          Array(times)
            .fill([...run])
            .flat(),
        ),
      ),
    ),
)

test('what gets fewer octets is read back, and what does not is left alone', () => {
  let packedOnes = 0
  fc.assert(
    fc.property(texts, (plain) => {
      const packed = coder.compress(plain)
      if (!packed) return
      packedOnes++
      expect(packed.length).toBeLessThan(plain.length)
      expect(coder.decompress(packed, Math.max(limit, plain.length))).toEqual(plain)
      expect(coder.decompress(packed, plain.length - 1)).toBeUndefined()
    }),
    { numRuns: 80, seed: 5 },
  )
  expect(packedOnes).toBeGreaterThan(20)
})

test('long runs make the counts halve and the symbols run out, and are read back', () => {
  for (const mask of [0, 1, 0x0f, 0x3f]) {
    let state = 7
    const plain = Uint8Array.from({ length: 8_000 }, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      return (state >>> 16) & mask
    })
    const packed = coder.compress(plain)!
    expect(packed.length).toBeLessThan(plain.length)
    expect(coder.decompress(packed, plain.length)).toEqual(plain)
  }
})

test('any octets give octets within the limit or nothing, and take no time', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(limit), (noise, most) => {
      const plain = coder.decompress(noise, most)
      if (plain) expect(plain.length).toBeLessThanOrEqual(most)
    }),
    { numRuns: 300 },
  )
})

test('a changed octet of what was compressed makes other octets or none, but for the last ones that say little', () => {
  const plain = Uint8Array.from({ length: 400 }, (_, i) => (i * i) & 31)
  const packed = coder.compress(plain)!
  for (let at = 0; at < packed.length - 2; at++) {
    const changed = packed.slice()
    changed[at]! ^= 0x55
    expect(coder.decompress(changed, 400)).not.toEqual(plain)
  }
})
