import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Reader } from '../../src/wire/reader.ts'
import { Writer } from '../../src/wire/writer.ts'

const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })

test('reads what was written', () => {
  fc.assert(
    fc.property(
      fc.nat(255),
      fc.nat(65_535),
      fc.nat(0xffff_ffff),
      u64,
      u64,
      fc.uint8Array(),
      (a, b, c, d, e, f) => {
        const bytes = new Writer(1).u8(a).u16(b).u32(c).u64(d).u64le(e).data(f).zeros(3).bytes(f).done()
        const reader = new Reader(bytes)
        expect([reader.u8(), reader.u16(), reader.u32(), reader.u64(), reader.u64le()]).toEqual([
          a,
          b,
          c,
          d,
          e,
        ])
        expect(reader.data()).toEqual(f)
        expect(reader.bytes(3)).toEqual(new Uint8Array(3))
        expect(reader.isComplete).toBe(f.length === 0)
        expect(reader.rest()).toEqual(f)
        expect(reader.isComplete).toBe(true)
      },
    ),
  )
})

test('is big-endian but where it says otherwise', () => {
  expect(new Writer().u32(0x01020304).u64le(1n).done()).toEqual(
    Uint8Array.of(1, 2, 3, 4, 1, 0, 0, 0, 0, 0, 0, 0),
  )
})

test('a missing octet fails the reader for good, and yields zeros', () => {
  const reader = new Reader(Uint8Array.of(1, 2, 3))
  expect([reader.u32(), reader.u8(), reader.bytes(1).length]).toEqual([0, 0, 0])
  expect([reader.isSound, reader.isComplete]).toEqual([false, false])
})

test('a length that lies fails the reader without memory for it', () => {
  const reader = new Reader(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 1))
  expect([reader.data().length, reader.isSound]).toEqual([0, false])
})
