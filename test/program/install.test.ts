/** `npm install --global` of the packed program into an empty prefix, on the Node that runs this. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { performance } from 'node:perf_hooks'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { pack, root } from '../support/packed.ts'
import { execute, freshHome } from '../support/program.ts'

const scratch = mkdtempSync(join(tmpdir(), 'otrtalk-installed-'))
const prefix = join(scratch, 'prefix')
const installed = { command: [join(prefix, 'bin/otrtalk')] }

beforeAll(() => {
  mkdirSync(prefix)
  const archive = join(scratch, pack(scratch).filename)
  const began = performance.now()
  npm('install', archive)
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  const sizes = everything(prefix).map((path) => statSync(join(prefix, path)).size)
  const size = sizes.reduce((sum, one) => sum + one, 0)
  console.log(`installed on Node ${process.version}: ${sizes.length} files, ${size} octets, in ${seconds} s`)
}, 60_000)
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** Without network: no cache, and a registry where nobody is. */
function npm(command: 'install' | 'uninstall', what: string): void {
  const { PATH = '' } = process.env
  const nowhere = ['--offline', '--registry', 'http://127.0.0.1:9', '--cache', join(scratch, 'cache')]
  execFileSync('npm', [command, '--global', '--silent', '--prefix', prefix, ...nowhere, what], {
    cwd: scratch,
    env: { PATH, HOME: scratch },
  })
}

/** Files and links, by path. */
function everything(folder: string): readonly string[] {
  const found = readdirSync(folder, { recursive: true, withFileTypes: true })
  return found
    .filter((one) => !one.isDirectory())
    .map((one) => relative(folder, join(one.parentPath, one.name)))
}

test('installing it installs nothing besides', () => {
  const modules = join(prefix, 'lib/node_modules')
  expect(readdirSync(modules).filter((name) => !name.startsWith('.'))).toEqual(['otrtalk'])
  expect(existsSync(join(modules, 'otrtalk/node_modules'))).toBe(false)
  const beside = everything(prefix).filter((path) => !path.startsWith('lib/node_modules/otrtalk/'))
  expect(beside.filter((path) => !path.startsWith('lib/node_modules/.')).sort()).toEqual([
    'bin/otrtalk',
    'share/man/man1/otrtalk.1.gz',
  ])
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
})

test('the installed program makes a profile and says its address', async () => {
  await using home = await freshHome()
  const at = { ...installed, home: home.path }
  const made = await execute(['profile', 'create', '--no-passphrase', '--json'], at)
  expect(made.code).toBe(0)
  const { address } = JSON.parse(made.stdout)
  const { stdout } = await execute(['id', '--json'], at)
  expect(JSON.parse(stdout)).toMatchObject({ profile: 'default', address })
})

test('the installed program shows itself: two processes, secured, a text there and back', async () => {
  await using home = await freshHome()
  const { code, stdout } = await execute(['demo'], { ...installed, home: home.path })
  expect(code).toBe(0)
  expect(stdout).toMatch(/secured with ada/)
  expect(stdout).toMatch(/ada: You wrote/)
})

test('uninstalling it leaves nothing', () => {
  npm('uninstall', 'otrtalk')
  expect(everything(prefix).filter((path) => !path.startsWith('lib/node_modules/.'))).toEqual([])
})
