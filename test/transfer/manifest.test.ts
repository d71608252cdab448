import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sha256 } from '../../src/crypto.ts'
import {
  type ManifestClaim,
  type ManifestEntry,
  ManifestReader,
  manifestRoot,
  pieceHash,
} from '../../src/transfer/manifest.ts'
import { decoded, encodeManifest } from './manifests.ts'

const entries: readonly ManifestEntry[] = [
  { kind: 'file', path: 'a', mode: 0o644, size: 5, start: 0 },
  { kind: 'folder', path: 'd', mode: 0o755 },
  { kind: 'file', path: 'd/é', mode: 0o777, size: 262_140, start: 5 },
]
const pieces = new Uint8Array(64).fill(1).fill(2, 32)
const bytes = encodeManifest(pieces, entries)
const claim: ManifestClaim = {
  manifestSize: bytes.length,
  octets: 262_145,
  files: 2,
  folders: 1,
  name: 'a and 1 more',
  root: manifestRoot(bytes),
}

test('has the octets of docs/Protocol.md', () => {
  expect(Buffer.from(bytes).toString('hex')).toBe(
    '01'.repeat(32) +
      '02'.repeat(32) +
      '0001a40001610000000000000005' +
      '0101ed000164' +
      '0001ff0004642fc3a9000000000003fffc',
  )
  expect(claim.root).toEqual(sha256(Uint8Array.of(1), bytes))
})

test('comes out as it went in, however it is cut', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 8 }), (sizes) => {
      const reader = new ManifestReader(claim)
      let at = 0
      for (const size of sizes) {
        const part = bytes.subarray(at, at + size)
        if (at + part.length === bytes.length) break
        expect([reader.push(part), reader.read(), reader.isBusy]).toEqual([true, 'more', false])
        at += part.length
        expect(reader.length).toBe(at)
      }
      expect(reader.push(bytes.subarray(at))).toBe(true)
      const manifest = reader.read()
      if (typeof manifest === 'string') throw new Error(manifest)
      expect(manifest.files.map(({ path, start }) => [path, start])).toEqual([
        ['a', 0],
        ['d/é', 5],
      ])
      expect(manifest.folders).toEqual([{ path: 'd', mode: 0o755 }])
      expect([manifest.octets, manifest.bytes]).toEqual([262_145, bytes])
      expect(pieceHash(manifest, 1)).toEqual(pieces.subarray(32))
    }),
    { numRuns: 50, seed: 1 },
  )
})

test('is read in slices of 500 entries, whatever came at once', () => {
  const folders = Array.from(
    { length: 1_200 },
    (_, i) => ({ kind: 'folder', path: `${i}`, mode: 0 }) as const,
  )
  const bytes = encodeManifest(new Uint8Array(0), folders)
  const claim = { manifestSize: bytes.length, octets: 0, files: 0, folders: 1_200, name: '0 and 1199 more' }
  const reader = new ManifestReader({ ...claim, root: manifestRoot(bytes) })
  reader.push(bytes)
  expect([reader.read(), reader.isBusy, reader.read(), reader.isBusy]).toEqual(['more', true, 'more', true])
  expect(reader.read()).toMatchObject({ octets: 0, files: [] })
})

test('is none when an octet of it is another', () => {
  expect(decoded(bytes, claim)).toBeDefined()
  for (let at = 0; at < bytes.length; at++)
    expect(decoded(bytes.with(at, bytes[at]! ^ 1), claim)).toBeUndefined()
  for (let size = 0; size < bytes.length; size++)
    expect(decoded(bytes.subarray(0, size), claim)).toBeUndefined()
})

test('any octets give a manifest or none', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), fc.nat(1_000), (tail, octets) => {
      const bytes = Uint8Array.from([...pieces.subarray(0, octets > 0 ? 32 : 0), ...tail])
      const root = manifestRoot(bytes)
      for (const files of [0, 1, 2]) {
        const claim = { manifestSize: bytes.length, octets, files, folders: 0, root, name: 'a' }
        const manifest = decoded(bytes, claim)
        if (manifest) expect(manifest.files.length).toBe(files)
      }
    }),
  )
})
