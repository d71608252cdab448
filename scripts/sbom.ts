/**
 * What is in the bundle, for programs: CycloneDX 1.6 as JSON, from the same list as
 * the licences. The same commit gives the same octets, number and date included.
 */
import { createHash } from 'node:crypto'
import type { BundledPackage } from './licenses.ts'

export interface Whole {
  readonly name: string
  readonly version: string
  readonly description: string
  readonly license: string
  /** Of the commit; a build from something else has none. */
  readonly date: Date | undefined
  /** What made the bundle. */
  readonly tool: { readonly name: string; readonly version: string }
}

/** https://cyclonedx.org/docs/1.6/json/ */
export function softwareBill(packages: readonly BundledPackage[], whole: Whole): string {
  const { name, version, description, license, date, tool } = whole
  const ref = refOf(whole)
  const bill = {
    version: 1,
    metadata: {
      ...(date && { timestamp: date.toISOString() }),
      lifecycles: [{ phase: 'build' }],
      tools: { components: [{ type: 'application', ...tool, purl: purl(tool) }] },
      component: {
        type: 'application',
        'bom-ref': ref,
        name,
        version,
        description,
        licenses: licenses(license),
        purl: purl(whole),
      },
    },
    components: packages.map(component),
    // All of them are in the bundle; who asked for whom is not told.
    dependencies: [{ ref, dependsOn: packages.map(refOf) }],
  }
  const serialNumber = `urn:uuid:${uuid(JSON.stringify(bill))}`
  return `${JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.6', serialNumber, ...bill })}\n`
}

function component(one: BundledPackage): object {
  const [, group, name] = /^(?:(@[^/]+)\/)?(.+)$/.exec(one.name) ?? []
  return {
    type: 'library',
    'bom-ref': refOf(one),
    ...(group && { group }),
    name,
    version: one.version,
    hashes: hashes(one),
    licenses: licenses(one.license),
    purl: purl(one),
  }
}

/** Of the published archive, as the lock file has them: `sha512-` and base64, several with spaces between. */
function hashes({ integrity }: BundledPackage): readonly object[] {
  return integrity.split(' ').map((one) => {
    const [, bits, base64] = /^sha(256|384|512)-(.+)$/.exec(one) ?? []
    if (base64 === undefined) throw new Error(`no hash that CycloneDX knows: ${one}`)
    return { alg: `SHA-${bits}`, content: Buffer.from(base64, 'base64').toString('hex') }
  })
}

/** One SPDX id, or an expression of several. */
function licenses(license: string): readonly object[] {
  return /^[\w.+-]+$/.test(license) ? [{ license: { id: license } }] : [{ expression: license }]
}

const refOf = ({ name, version }: { readonly name: string; readonly version: string }): string =>
  `${name}@${version}`

/** https://github.com/package-url/purl-spec: the @ of a scope is escaped. */
function purl({ name, version }: { readonly name: string; readonly version: string }): string {
  return `pkg:npm/${name.replace('@', '%40')}@${version.replaceAll('+', '%2B')}`
}

/** RFC 9562, version 8: what is the same has the same. */
function uuid(text: string): string {
  const octets = createHash('sha256').update(text).digest().subarray(0, 16)
  octets[6] = (octets[6]! & 0x0f) | 0x80
  octets[8] = (octets[8]! & 0x3f) | 0x80
  return octets.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
