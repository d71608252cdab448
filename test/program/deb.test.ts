/**
 * The Debian package, installed by dpkg itself into an empty root whose only other package is a
 * `nodejs` of the version that runs this test: so dpkg judges the dependency, and nothing of the
 * machine changes. (Ownership is dpkg's to set, so it needs root.)
 */
import { execFileSync, spawnSync } from 'node:child_process'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { root } from '../support/packed.ts'
import { execute, freshHome } from '../support/program.ts'

const has = (program: string): boolean => spawnSync(program, ['--version']).error === undefined
const builds = has('dpkg-deb')
const installs = builds && process.getuid?.() === 0
const scratch = mkdtempSync(join(tmpdir(), 'otrtalk-deb-'))
let archive: string

beforeAll(() => {
  if (!builds) return console.log('skipped: the Debian package: there is no dpkg-deb')
  archive = made('first', '022')
  if (!installs) console.log('skipped: the Debian package installed: dpkg wants root')
  if (!has('lintian')) console.log('skipped: lintian is not installed')
}, 120_000)
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** What `npm run package:deb` does after the build, in a folder of this name. */
function made(name: string, umask: string): string {
  const folder = join(scratch, name)
  mkdirSync(folder)
  const program = [process.execPath, 'scripts/ts.mjs', 'scripts/deb.ts', folder]
  const said = execFileSync('sh', ['-c', `umask ${umask} && exec "$0" "$@"`, ...program], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, SOURCE_DATE_EPOCH: '1700000000' },
  })
  return resolve(root, said.trim())
}

describe.runIf(builds)('the archive', () => {
  test('is the same octet for octet when somebody else makes it, with another umask', () => {
    expect(readFileSync(made('second', '077')).equals(readFileSync(archive))).toBe(true)
  })

  test('holds the program, its man page, three completions and the papers, in Debian’s places', () => {
    const folder = join(scratch, 'held')
    execFileSync('dpkg-deb', ['--extract', archive, folder])
    const text = (path: string): string => {
      const octets = readFileSync(join(folder, path))
      return String(path.endsWith('.gz') ? gunzipSync(octets) : octets)
    }
    expect(text('usr/lib/otrtalk/otrtalk.js')).toMatch(/^#!\/usr\/bin\/node\n/)
    expect(text('usr/share/man/man1/otrtalk.1.gz')).toBe(readFileSync(join(root, 'dist/otrtalk.1'), 'utf8'))
    expect(text('usr/share/bash-completion/completions/otrtalk')).toMatch(/complete .*otrtalk/)
    expect(text('usr/share/zsh/vendor-completions/_otrtalk')).toMatch(/^#compdef otrtalk\n/)
    expect(text('usr/share/fish/vendor_completions.d/otrtalk.fish')).toMatch(/complete .*-c otrtalk/)
    expect(text('usr/share/doc/otrtalk/changelog.Debian.gz')).toMatch(/^otrtalk \(/)
    for (const name of ['changelog', 'README.md', 'Tutorial.md', 'Security.md', 'sbom.cdx.json']) {
      expect(text(`usr/share/doc/otrtalk/${name}.gz`).length).toBeGreaterThan(100)
    }
    const chunks = readdirSync(join(root, 'dist/chunks')).sort()
    expect(readdirSync(join(folder, 'usr/lib/otrtalk/chunks')).sort()).toEqual(chunks)
  })

  test('names in its copyright file each package of the bill', () => {
    const text = execFileSync('dpkg-deb', ['--fsys-tarfile', archive], { maxBuffer: 1e8 })
    const copyright = String(
      execFileSync('tar', ['-xO', './usr/share/doc/otrtalk/copyright'], { input: text, maxBuffer: 1e8 }),
    )
    const bill = JSON.parse(readFileSync(join(root, 'dist/sbom.cdx.json'), 'utf8'))
    const names = bill.components.map((one: { group?: string; name: string }) =>
      [one.group, one.name].filter(Boolean).join('/'),
    )
    for (const name of names) expect(copyright).toContain(`\nFiles: node_modules/${name}/*\n`)
    const used = new Set([...copyright.matchAll(/^License: (.+)$/gm)].map(([, label]) => label))
    for (const label of used) expect(copyright).toMatch(new RegExp(`^License: ${label}\\n [^ ]`, 'm'))
  })

  test.runIf(has('lintian'))('is what lintian wants, down to its pedantic remarks', () => {
    const args = ['--pedantic', '--display-info', '--allow-root', archive]
    const { status, stdout } = spawnSync('lintian', args, { encoding: 'utf8' })
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
  })
})

describe.runIf(installs)('installed', () => {
  test('the program runs, and removing it leaves nothing', async () => {
    const target = rootWith(process.version.slice(1))
    expect(dpkg(target, '--install', archive)).toMatchObject({ status: 0 })
    expect(dpkg(target, '--verify', 'otrtalk')).toMatchObject({ status: 0, stdout: '' })
    expect(lstatSync(join(target, 'usr/lib/otrtalk/otrtalk.js')).uid).toBe(0)

    await using home = await freshHome()
    const at = { command: [process.execPath, join(target, 'usr/bin/otrtalk')], home: home.path }
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    expect(await execute(['--version'], at)).toMatchObject({ code: 0, stdout: `${version}\n` })
    expect(await execute(['--help'], at)).toEqual(await execute(['--help'], { home: home.path }))
    expect(await execute(['profile', 'create', '--no-passphrase'], at)).toMatchObject({ code: 0 })
    expect(await execute(['id'], at)).toMatchObject({ code: 0, stdout: expect.stringContaining('ot1') })

    expect(dpkg(target, '--purge', 'otrtalk')).toMatchObject({ status: 0 })
    expect(existsSync(join(target, 'usr'))).toBe(false)
  })

  test('dpkg refuses it where node is older than 20.19', () => {
    const { status, stderr } = dpkg(rootWith('18.20.4+dfsg-1~deb12u1'), '--install', archive)
    expect(status).toBe(1)
    expect(stderr).toMatch(/otrtalk depends on nodejs \(>= 20\.19\)/)
  })
})

/** An empty system that has node. */
function rootWith(node: string): string {
  const target = mkdtempSync(join(scratch, 'root-'))
  const admin = join(target, 'var/lib/dpkg')
  for (const name of ['info', 'updates', 'triggers']) mkdirSync(join(admin, name), { recursive: true })
  writeFileSync(
    join(admin, 'status'),
    `Package: nodejs\nStatus: install ok installed\nMaintainer: nobody\nArchitecture: all\nVersion: ${node}\nDescription: node\n\n`,
  )
  writeFileSync(join(admin, 'info/nodejs.list'), '/.\n')
  return target
}

function dpkg(
  target: string,
  ...args: readonly string[]
): { status: number | null; stdout: string; stderr: string } {
  const { PATH = '' } = process.env
  const env = { PATH: `${PATH}:/usr/sbin:/sbin`, LC_ALL: 'C' }
  const at = [`--root=${target}`, `--log=${join(target, 'dpkg.log')}`]
  const { status, stdout, stderr } = spawnSync('dpkg', [...at, ...args], { encoding: 'utf8', env })
  return { status, stdout, stderr }
}
