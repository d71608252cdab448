/**
 * Which packages a bundle holds, by esbuild's metafile, and their licences as
 * one text. A package whose licence is not known to the last word fails the build.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * @typedef {{ name: string, version: string, license: string, text: string }} Bundled
 */

/** @returns {Promise<Bundled[]>} sorted by name; inputs of which no octet was kept do not count. */
export async function bundledPackages(metafile, root) {
  const kept = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
  )
  const folders = new Set(
    kept.flatMap((path) => path.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0] ?? []),
  )
  return Promise.all([...folders].sort().map((folder) => bundledPackage(join(root, folder))))
}

async function bundledPackage(folder) {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  const own = (await readdir(folder)).find((file) => /^(?:licen[cs]e|copying)/i.test(file))
  // Some publish their licence in their repository only: its text is kept beside this file.
  const path = own
    ? join(folder, own)
    : join(import.meta.dirname, 'licenses', `${name.replace('/', '+')}.txt`)
  const text = await readFile(path, 'utf8').catch(() => '')
  if (typeof license !== 'string' || text.trim() === '') {
    throw new Error(`${name} ${version} is in the bundle and has no licence text: put it into ${path}`)
  }
  return { name, version, license, text: text.trim() }
}

/** @param {Bundled[]} packages */
export function thirdPartyLicenses(packages) {
  const head = 'otrtalk contains these packages, under the licences that follow.\n'
  const parts = packages.map(
    ({ name, version, license, text }) => `${name} ${version} (${license})\n\n${text}\n`,
  )
  return [head, ...parts].join(`\n${'-'.repeat(78)}\n\n`)
}
