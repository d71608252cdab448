/**
 * Which packages a bundle holds, by esbuild's metafile, and their licences as
 * one text. A package whose licence text or archive is not known fails the build.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Metafile } from 'esbuild'

export interface BundledPackage {
  readonly name: string
  readonly version: string
  /** SPDX expression. */
  readonly license: string
  readonly text: string
  /** Of the published archive, by package-lock.json. */
  readonly integrity: string
}

/** Sorted by name; a file of which no octet was kept does not count. Paths in the metafile are relative to `root`. */
export async function bundledPackages(
  { outputs }: Pick<Metafile, 'outputs'>,
  root: string,
): Promise<BundledPackage[]> {
  const folders = new Set<string>()
  for (const { inputs } of Object.values(outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const folder = path.match(/^.*node_modules\/(?:@[^/]+\/)?[^/]+/)?.[0]
      if (folder !== undefined && bytesInOutput > 0) folders.add(folder)
    }
  }
  const lock: Lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'))
  const packages = await Promise.all(
    [...folders].sort().map((folder) => bundledPackage(join(root, folder), lock.packages[folder]?.integrity)),
  )
  // npm may install the same version in two places.
  return [...new Map(packages.map((one) => [`${one.name}@${one.version}`, one])).values()]
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly integrity?: string }>>
}

async function bundledPackage(folder: string, integrity = ''): Promise<BundledPackage> {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  const own = (await readdir(folder)).find((file) => /^(?:licen[cs]e|copying)/i.test(file))
  // Some have their licence in their repository only: its text is kept beside this file.
  const kept = join(import.meta.dirname, 'licenses', `${String(name).replace('/', '+')}.txt`)
  const text = await readFile(own === undefined ? kept : join(folder, own), 'utf8').catch(() => '')
  if (typeof license !== 'string' || text.trim() === '') {
    throw new Error(
      `${name} ${version} is in the bundle and its licence is not known: put its text into ${kept}`,
    )
  }
  if (integrity === '') throw new Error(`${name} ${version} is in the bundle and not in package-lock.json`)
  return { name, version, license, text: text.trim(), integrity }
}

/** Packages under the same text, each with its copyright lines. */
export interface LicenseGroup {
  readonly body: string
  readonly members: readonly { readonly one: BundledPackage; readonly copyright: readonly string[] }[]
}

export function licenseGroups(packages: readonly BundledPackage[]): readonly LicenseGroup[] {
  const groups = new Map<string, LicenseGroup>()
  for (const one of packages) {
    const lines = one.text.split('\n')
    const copyright = lines.filter((line) => ofOne.test(line)).map((line) => line.trim())
    const body = lines
      .filter((line) => !ofOne.test(line) && !title.test(line))
      .join('\n')
      .trim()
    const key = body.replace(/[\s“”"'*]+/g, ' ').toLowerCase()
    const { members = [], ...group } = groups.get(key) ?? { body }
    groups.set(key, { ...group, members: [...members, { one, copyright }] })
  }
  return [...groups.values()]
}

/** Each text once, below the packages that are under it with their copyright lines. */
export function thirdPartyLicenses(packages: readonly BundledPackage[]): string {
  const head = 'otrtalk contains the following packages, each under its own licence.\n'
  const parts = licenseGroups(packages).map(({ members, body }) => {
    const names = members.map(({ one, copyright }) =>
      [`${one.name} ${one.version} (${one.license})`, ...copyright.map((line) => `  ${line}`)].join('\n'),
    )
    return `${names.join('\n')}\n\n${body}\n`
  })
  return [head, ...parts].join(`\n${'-'.repeat(78)}\n\n`)
}

/** A line that names who holds the rights in one package. */
const ofOne = /^\s*(?:copyright (?:\(c\)|©|\d)|\(c\) ).*$/i
const title = /^\s*(?:the )?MIT license(?: \(MIT\))?\s*$/i
