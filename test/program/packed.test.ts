import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Packed, pack, root } from '../support/packed.ts'

const scratch = mkdtempSync(join(tmpdir(), 'otrtalk-packed-'))
let packed: Packed

beforeAll(() => {
  packed = pack(scratch)
}, 60_000)
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

test('the package weighs at most 0.55 MB packed and 1.5 MB unpacked', () => {
  expect(packed.size).toBeLessThanOrEqual(550_000)
  expect(packed.unpackedSize).toBeLessThanOrEqual(1_500_000)
})

test('the package holds the bundle and the papers, and nothing else', () => {
  const allowed =
    /^(?:dist\/otrtalk\.js|dist\/chunks\/[\w.-]+\.js|dist\/(?:THIRD_PARTY_LICENSES|sbom\.cdx\.json|otrtalk\.1\.gz)|(?:README|CHANGELOG|SECURITY)\.md|LICENSE|package\.json)$/
  const paths = packed.files.map(({ path }) => path)
  expect(paths.filter((path) => !allowed.test(path))).toEqual([])
  const papers = [
    'LICENSE',
    'README.md',
    'dist/THIRD_PARTY_LICENSES',
    'dist/sbom.cdx.json',
    'dist/otrtalk.1.gz',
  ]
  expect(paths).toEqual(expect.arrayContaining(['dist/otrtalk.js', ...papers]))
})

test('whoever installs it runs nothing and fetches nothing', () => {
  const { dependencies, optionalDependencies, peerDependencies, scripts } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  )
  expect([dependencies, optionalDependencies, peerDependencies]).toEqual([undefined, undefined, undefined])
  const run = ['preinstall', 'install', 'postinstall', 'prepare', 'preuninstall', 'postuninstall']
  expect(Object.keys(scripts).filter((name) => run.includes(name))).toEqual([])
  expect(packed.files.map(({ path }) => path)).not.toContain('binding.gyp') // npm would run node-gyp
})

test('the licences and the bill name the same packages', () => {
  const bill = JSON.parse(readFileSync(join(root, 'dist/sbom.cdx.json'), 'utf8'))
  const licenses = readFileSync(join(root, 'dist/THIRD_PARTY_LICENSES'), 'utf8')
  const named = [...licenses.matchAll(/^(\S+) (\d\S*) \([^)]+\)$/gm)].map(
    ([, name, version]) => `${name}@${version}`,
  )
  const refs: readonly string[] = bill.components.map(
    (component: { 'bom-ref': string }) => component['bom-ref'],
  )
  expect(refs.length).toBeGreaterThan(20)
  expect([...refs].sort()).toEqual(named.sort())
})
