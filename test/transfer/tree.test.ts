import { bytesToHex } from '@noble/hashes/utils.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sha256 } from '../../src/crypto.ts'
import { PieceHasher, pieceCount, pieceSizeOf } from '../../src/transfer/tree.ts'
import { content } from './content.ts'

const [KiB, GiB, TiB] = [2 ** 10, 2 ** 30, 2 ** 40]

test.each([
  [0, 256 * KiB, 0],
  [1, 256 * KiB, 1],
  [256 * KiB, 256 * KiB, 1],
  [256 * KiB + 1, 256 * KiB, 2],
  [16 * GiB, 256 * KiB, 65_536],
  [16 * GiB + 1, 512 * KiB, 32_769],
  [TiB, 16 * 1024 * KiB, 65_536],
  [Number.MAX_SAFE_INTEGER, 128 * GiB, 65_536],
])('%d octets have pieces of %d, %d of them', (octets, size, count) => {
  expect([pieceSizeOf(octets), pieceCount(octets)]).toEqual([size, count])
})

test('a piece’s hash is SHA-256 of a zero and its octets, however they are cut', () => {
  const octets = content(600_000)
  const expected = [
    [0, octets.subarray(0, 262_144)],
    [1, octets.subarray(262_144, 524_288)],
    [2, octets.subarray(524_288)],
  ] as const
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 300_000 }), { maxLength: 8 }), (sizes) => {
      const hasher = new PieceHasher(octets.length, 0)
      const pieces: [number, string][] = []
      let at = 0
      for (const size of [...sizes, octets.length]) {
        for (const { piece, hash } of hasher.push(octets.subarray(at, at + size)))
          pieces.push([piece, bytesToHex(hash)])
        at = Math.min(octets.length, at + size)
        expect(hasher.position).toBe(at)
      }
      expect(pieces).toEqual(expected.map(([i, part]) => [i, bytesToHex(sha256(Uint8Array.of(0), part))]))
    }),
    { numRuns: 30, seed: 3 },
  )
})

test('a hasher begins with any piece', () => {
  const octets = content(600_000)
  const hasher = new PieceHasher(octets.length, 262_144)
  const pieces = [...hasher.push(octets.subarray(262_144))]
  expect(pieces.map(({ piece, end }) => [piece, end])).toEqual([
    [1, 524_288],
    [2, 600_000],
  ])
  expect(pieces[0]!.hash).toEqual(sha256(Uint8Array.of(0), octets.subarray(262_144, 524_288)))
})
