/**
 * Bundles the program into dist/: one small entry that is executable, and
 * chunks that are loaded when a command needs them. Packages are bundled too,
 * so that the published package has no dependencies; dist/THIRD_PARTY_LICENSES and
 * dist/sbom.cdx.json name each that is really in the bundle. The man page is made of the
 * definitions. The same commit gives the same octets (test/program/reproducible.test.ts).
 */
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { gzipSync } from 'node:zlib'
import { version as esbuild, type OutputFile } from 'esbuild'
import { define, nobody } from '../src/cli/definitions/all.ts'
import { outlineOf } from '../src/cli/definitions/outline.ts'
import { help } from '../src/cli/help.ts'
import { version } from '../src/cli/version.ts'
import { bundle } from './bundle.ts'
import { bundledPackages, thirdPartyLicenses } from './licenses.ts'
import { manPage } from './manpage.ts'
import { reprinted } from './reprint.ts'
import { softwareBill, type Whole } from './sbom.ts'
import { sourceDate } from './sourcedate.ts'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')
const entry = join(dist, 'otrtalk.js')
const licenses = join(dist, 'THIRD_PARTY_LICENSES')
const bill = join(dist, 'sbom.cdx.json')
const manual = join(dist, 'otrtalk.1')
const packedManual = `${manual}.gz` // what is published: a quarter of it

const { outputFiles, metafile } = await bundle(root)
const packages = await bundledPackages(metafile, root)

// The entry last: until then a program that starts meanwhile finds all it asks for.
await mkdir(join(dist, 'chunks'), { recursive: true })
for (const file of outputFiles.toSorted((a, b) => Number(a.path === entry) - Number(b.path === entry))) {
  await writeFile(file.path, await output(file))
}
await chmod(entry, 0o755)
await writeFile(licenses, thirdPartyLicenses(packages))
await writeFile(bill, softwareBill(packages, await whole()))
const page = manPage(outlineOf(define(nobody)), { version, conversation: help })
await writeFile(manual, page)
await writeFile(packedManual, gzipSync(page, { level: 9 }))

const written = new Set([licenses, bill, manual, packedManual, ...outputFiles.map(({ path }) => path)])
for (const file of await readdir(dist, { recursive: true, withFileTypes: true })) {
  const path = join(file.parentPath, file.name)
  if (file.isFile() && !written.has(path)) await rm(path)
}

async function whole(): Promise<Whole> {
  const { name, description, license } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const tool = { name: 'esbuild', version: esbuild }
  return { name, version, description, license, date: sourceDate(root, process.env), tool }
}

/** A chunk as it is written. */
function output(file: OutputFile): Promise<string> {
  return reprinted(file.text, Object.keys(metafile.outputs[relative(root, file.path)]?.inputs ?? {}))
}
