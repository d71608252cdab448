import { expect, test } from 'vitest'
import { FileLanding } from '../../src/transfer/landing.ts'
import type { Manifest } from '../../src/transfer/manifest.ts'
import { PieceHasher } from '../../src/transfer/tree.ts'
import { content } from './content.ts'
import { encodeManifest } from './manifests.ts'

/** Files of some sizes, and the octets of all of them. */
function laid(sizes: readonly number[]): { manifest: Manifest; octets: Uint8Array } {
  const octets = content(sizes.reduce((sum, size) => sum + size, 0))
  const pieces = [...new PieceHasher(octets.length, 0).push(octets)].flatMap(({ hash }) => [...hash])
  let start = 0
  const files = sizes.map((size, i) => {
    start += size
    return { path: `f${i}`, mode: 0o644, size, start: start - size }
  })
  const entries = files.map((file) => ({ kind: 'file' as const, ...file }))
  const bytes = encodeManifest(Uint8Array.from(pieces), entries)
  return { manifest: { bytes, octets: octets.length, files, folders: [] }, octets }
}

test('the cursor is at a piece that is both right and written', () => {
  const { manifest, octets } = laid([600_000])
  const landing = new FileLanding(manifest, 0)
  landing.data(octets.subarray(0, 65_536))
  landing.next()
  for (let at = 65_536; at < octets.length; at += 65_536) landing.data(octets.subarray(at, at + 65_536))
  landing.next()
  expect([landing.position, landing.written, landing.cursor]).toEqual([600_000, 0, 0])
  landing.wrote()
  expect([landing.written, landing.cursor]).toEqual([65_536, 0])
  landing.wrote()
  expect([landing.written, landing.cursor]).toEqual([589_824, 524_288])
  landing.next()
  landing.wrote()
  expect([landing.written, landing.cursor, landing.isComplete]).toEqual([600_000, 600_000, true])
})

test('a position is not written before the disk knows all files that end there', () => {
  const { manifest, octets } = laid([1_000, ...Array<number>(600).fill(0), 1_000])
  const landing = new FileLanding(manifest, 0)
  landing.data(octets.subarray(0, 1_000))
  const seen: [number, number, number][] = []
  while (landing.isHeavy) {
    const { parts, ended } = landing.next()
    landing.wrote()
    seen.push([parts.length, ended.length, landing.written])
  }
  expect(seen).toEqual([
    [1, 256, 0],
    [0, 256, 0],
    [0, 89, 1_000],
  ])
  landing.data(octets.subarray(1_000))
  expect([landing.next().ended, landing.isComplete]).toEqual([[601], false])
  landing.wrote()
  expect(landing.isComplete).toBe(true)
})

test('a write names 256 parts at most, wherever that ends in what came', () => {
  const { manifest, octets } = laid(Array<number>(1_000).fill(10))
  const landing = new FileLanding(manifest, 0)
  landing.data(octets)
  const sizes: number[] = []
  while (landing.isHeavy) {
    sizes.push(landing.next().parts.length)
    landing.wrote()
  }
  expect([sizes, landing.isComplete]).toEqual([[256, 256, 256, 232], true])
})
