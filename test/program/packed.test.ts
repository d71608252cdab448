import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { execute, freshHome } from '../support/program.ts'

interface Packed {
  readonly filename: string
  readonly size: number
  readonly unpackedSize: number
  readonly files: readonly { readonly path: string }[]
}

const root = join(import.meta.dirname, '../..')
const scratch = mkdtempSync(join(tmpdir(), 'otrtalk-packed-'))
const prefix = join(scratch, 'prefix')
const installed = { command: [join(prefix, 'bin/otrtalk')] }
let packed: Packed

beforeAll(() => {
  const npm = (...args: readonly string[]): string =>
    execFileSync('npm', [...args, '--silent'], { cwd: root, encoding: 'utf8' })
  packed = JSON.parse(npm('pack', '--json', '--pack-destination', scratch))[0]
  // Offline: whatever it would have to fetch would be a dependency.
  npm('install', '--global', '--offline', '--prefix', prefix, join(scratch, packed.filename))
}, 60_000)
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

test('the package weighs at most 0.4 MB packed and 1.2 MB unpacked', () => {
  expect(packed.size).toBeLessThanOrEqual(400_000)
  expect(packed.unpackedSize).toBeLessThanOrEqual(1_200_000)
})

test('the package holds the bundle and the papers, and nothing else', () => {
  const allowed =
    /^(?:dist\/otrtalk\.js|dist\/chunks\/[\w.-]+\.js|dist\/(?:THIRD_PARTY_LICENSES|sbom\.cdx\.json|otrtalk\.1)|(?:README|CHANGELOG|SECURITY)\.md|LICENSE|package\.json)$/
  expect(packed.files.map(({ path }) => path).filter((path) => !allowed.test(path))).toEqual([])
  expect(packed.files.map(({ path }) => path)).toEqual(
    expect.arrayContaining([
      'LICENSE',
      'README.md',
      'dist/otrtalk.js',
      'dist/THIRD_PARTY_LICENSES',
      'dist/sbom.cdx.json',
      'dist/otrtalk.1',
    ]),
  )
})

test('installing it installs nothing besides', () => {
  const modules = join(prefix, 'lib/node_modules')
  expect(readdirSync(modules).filter((name) => !name.startsWith('.'))).toEqual(['otrtalk'])
  expect(existsSync(join(modules, 'otrtalk/node_modules'))).toBe(false)
})

test('the installed program says its version and does what the clone does', async () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  expect(await execute(['--version'], installed)).toEqual({
    code: 0,
    signal: null,
    stdout: `${version}\n`,
    stderr: '',
  })
  expect(await execute(['--help'], installed)).toEqual(await execute(['--help']))

  await using home = await freshHome()
  const args = ['profile', 'list', '--json']
  expect(await execute(args, { ...installed, home: home.path })).toEqual(
    await execute(args, { home: home.path }),
  )
})
