/**
 * otrtalk_VERSION_all.deb from dist/: the bundle, its man page, its completions and
 * papers where Debian has them. Needs dpkg-deb only. The same commit gives the same octets.
 *
 *     npm run package:deb [-- FOLDER]
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import { bundle } from './bundle.ts'
import { changelog, control, copyright, type Described, debianVersion, lintianOverrides } from './debian.ts'
import { bundledPackages, licenseGroups } from './licenses.ts'
import { sourceDate } from './sourcedate.ts'

const root = join(import.meta.dirname, '..')
const home = 'usr/lib/otrtalk'
const papers = 'usr/share/doc/otrtalk'

process.umask(0o022) // what is installed can be read by everybody, whoever makes the package
const described = await describe()
const epoch = String(described.date.getTime() / 1000)
const archive = join(
  resolve(process.argv[2] ?? root),
  `${described.name}_${debianVersion(described.version)}_all.deb`,
)
const staging = await mkdtemp(join(tmpdir(), 'otrtalk-deb-'))
try {
  await chmod(staging, 0o755)
  const files = new Map([...(await program()), ...(await manual()), ...(await documents())])
  for (const [path, octets] of files) await put(path, octets)
  await mkdir(join(staging, 'usr/bin'), { mode: 0o755 })
  await symlink('../lib/otrtalk/otrtalk.js', join(staging, 'usr/bin/otrtalk'))
  const size = [...files.values()].reduce((sum, { length }) => sum + length, 0)
  await put('DEBIAN/control', Buffer.from(control(described, size)))
  await put('DEBIAN/md5sums', Buffer.from(sums(files)))
  execFileSync('dpkg-deb', ['--root-owner-group', '-Zxz', '--build', staging, archive], {
    env: { ...process.env, SOURCE_DATE_EPOCH: epoch },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  process.stdout.write(`${relative(process.cwd(), archive)}\n`)
} finally {
  await rm(staging, { recursive: true })
}

async function describe(): Promise<Described> {
  const date = sourceDate(root, process.env)
  if (date === undefined)
    throw new Error('this is no clone: set SOURCE_DATE_EPOCH to when the source was made')
  const { name, version, engines } = JSON.parse(await read('package.json').then(String))
  // As Debian's own tools ask for them.
  const { DEBFULLNAME = 'the otrtalk authors', DEBEMAIL = 'authors@otrtalk.invalid' } = process.env
  return { name, version, node: engines.node, date, maintainer: `${DEBFULLNAME} <${DEBEMAIL}>` }
}

type Files = readonly (readonly [path: string, octets: Buffer])[]

/** What runs: with Debian's own node, whatever else is in the PATH. */
async function program(): Promise<Files> {
  const chunks = await readdir(join(root, 'dist/chunks'))
  const entry = String(await read('dist/otrtalk.js'))
  return [
    [`${home}/otrtalk.js`, Buffer.from(entry.replace(/^#!.*/, '#!/usr/bin/node'))],
    [`${home}/package.json`, Buffer.from('{"type":"module"}\n')],
    ...(await Promise.all(
      chunks
        .sort()
        .map(async (name) => [`${home}/chunks/${name}`, await read(`dist/chunks/${name}`)] as const),
    )),
  ]
}

async function manual(): Promise<Files> {
  return [
    ['usr/share/man/man1/otrtalk.1.gz', await read('dist/otrtalk.1.gz')],
    ['usr/share/bash-completion/completions/otrtalk', completion('bash')],
    ['usr/share/zsh/vendor-completions/_otrtalk', completion('zsh')],
    ['usr/share/fish/vendor_completions.d/otrtalk.fish', completion('fish')],
  ]
}

function completion(shell: string): Buffer {
  return execFileSync(process.execPath, [join(root, 'dist/otrtalk.js'), 'completion', shell])
}

async function documents(): Promise<Files> {
  const { metafile } = await bundle(root)
  const groups = licenseGroups(await bundledPackages(metafile, root))
  const paper = async (name: string, path: string): Promise<readonly [string, Buffer]> => [
    `${papers}/${name}.gz`,
    packed(await read(path)),
  ]
  return [
    [`${papers}/copyright`, Buffer.from(copyright(String(await read('LICENSE')), groups))],
    ['usr/share/lintian/overrides/otrtalk', Buffer.from(lintianOverrides)],
    [`${papers}/changelog.Debian.gz`, packed(Buffer.from(changelog(described)))],
    await paper('changelog', 'CHANGELOG.md'),
    await paper('sbom.cdx.json', 'dist/sbom.cdx.json'),
    await paper('README.md', 'README.md'),
    ...(await Promise.all(
      ['Tutorial', 'Reference', 'Security', 'Protocol'].map((name) => paper(`${name}.md`, `docs/${name}.md`)),
    )),
  ]
}

async function put(path: string, octets: Buffer): Promise<void> {
  const file = join(staging, path)
  await mkdir(dirname(file), { recursive: true, mode: 0o755 })
  await writeFile(file, octets)
  await chmod(file, path === `${home}/otrtalk.js` ? 0o755 : 0o644)
}

/** As `md5sum` writes them: what dpkg --verify compares with. */
function sums(files: ReadonlyMap<string, Buffer>): string {
  const line = ([path, octets]: readonly [string, Buffer]): string =>
    `${createHash('md5').update(octets).digest('hex')}  ${path}\n`
  return [...files].map(line).join('')
}

/** No name and no time in it. */
function packed(octets: Buffer): Buffer {
  return gzipSync(octets, { level: 9 })
}

function read(path: string): Promise<Buffer> {
  return readFile(join(root, path))
}
