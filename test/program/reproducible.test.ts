import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'

const root = join(import.meta.dirname, '../..')

test('two builds of one source, in other places, at other hours, are the same octet for octet', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'otrtalk-build-'))
  onTestFinished(() => rmSync(scratch, { recursive: true }))
  const first = built(join(scratch, 'a'), { TZ: 'Pacific/Chatham', LANG: 'C' })
  const second = built(join(scratch, 'further/down/b'), { TZ: 'America/Lima', LANG: 'tr_TR.UTF-8' })
  expect([...first.keys()]).toEqual(expect.arrayContaining(['otrtalk.js', 'sbom.cdx.json', 'otrtalk.1']))
  expect([...second.keys()]).toEqual([...first.keys()])
  for (const [path, octets] of first) {
    expect(octets.equals(second.get(path)!), path).toBe(true)
    expect(octets.includes(scratch), path).toBe(false)
  }
}, 120_000)

/** Builds a copy of the source there; what came of it, by path. */
function built(folder: string, env: Readonly<Record<string, string>>): ReadonlyMap<string, Buffer> {
  mkdirSync(folder, { recursive: true })
  for (const name of ['bin', 'src', 'scripts', 'package.json', 'package-lock.json']) {
    cpSync(join(root, name), join(folder, name), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  const { PATH = '' } = process.env
  execFileSync(process.execPath, ['scripts/ts.mjs', 'scripts/build.ts'], {
    cwd: folder,
    env: { PATH, ...env, SOURCE_DATE_EPOCH: '1700000000' },
  })
  const files = readdirSync(join(folder, 'dist'), { recursive: true, withFileTypes: true })
  const paths = files.filter((file) => file.isFile()).map((file) => join(file.parentPath, file.name))
  return new Map(paths.sort().map((path) => [relative(join(folder, 'dist'), path), readFileSync(path)]))
}
