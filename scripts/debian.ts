/**
 * The papers of a Debian package, as text: control, copyright (DEP-5) and changelog.
 * https://www.debian.org/doc/debian-policy/
 */
import type { BundledPackage, LicenseGroup } from './licenses.ts'

export interface Described {
  readonly name: string
  /** Of package.json. */
  readonly version: string
  /** Of package.json: `>=20.19`. */
  readonly node: string
  readonly date: Date
  /** Name and address of whoever makes the package. */
  readonly maintainer: string
}

/** What comes before a release sorts before it; `-1` is the packaging's own number. */
export function debianVersion(version: string): string {
  return `${version.replace('-', '~')}-1`
}

/** @param installedSize - octets of all files */
export function control(described: Described, installedSize: number): string {
  const { name, version, node, maintainer } = described
  return `Package: ${name}
Version: ${debianVersion(version)}
Section: net
Priority: optional
Architecture: all
Depends: nodejs (${node.replace(/^>=\s*/, '>= ')})
Maintainer: ${maintainer}
Installed-Size: ${Math.ceil(installedSize / 1024)}
Description: serverless, end-to-end encrypted chat in the terminal
 Two people talk in their terminals, encrypted with OTRv4, and no server of
 anyone's stands between them.
 .
 Buddies find each other on the local network, in a VPN, or through the
 BitTorrent DHT, get through their routers over UDP, and speak OTRv4 inside a
 sealed link. There is no account, no phone number and no history on disk.
`
}

export function changelog({ name, version, date, maintainer }: Described): string {
  return `${name} (${debianVersion(version)}) unstable; urgency=medium

  * Release ${version}: see changelog.gz.

 -- ${maintainer}  ${date.toUTCString().replace('GMT', '+0000')}
`
}

/**
 * https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
 * @param own - our LICENSE file: its title, its copyright line, its text
 */
export function copyright(own: string, groups: readonly LicenseGroup[]): string {
  const [, , line = '', , ...text] = own.split('\n')
  const files = groups.flatMap(({ members }, i) =>
    members.map(({ one, copyright: lines }) =>
      paragraph(
        ['Files', `node_modules/${one.name}/*`],
        ['Copyright', (lines.length > 0 ? lines : [`the authors of ${one.name}`]).join('\n')],
        ['License', label(one, i)],
      ),
    ),
  )
  const licenses = groups.flatMap(({ members, body }, i) => {
    const labels = new Set(members.map(({ one }) => label(one, i)))
    return [...labels].map((name) => paragraph(['License', `${name}\n${body}`]))
  })
  return [
    paragraph(
      ['Format', 'https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/'],
      ['Upstream-Name', 'otrtalk'],
      [
        'Comment',
        'The program is bundled: the files are those of its source and of what is installed to build it.',
      ],
    ),
    paragraph(['Files', '*'], ['Copyright', line], ['License', `Expat\n${text.join('\n').trim()}`]),
    ...files,
    ...licenses,
  ].join('\n')
}

/** Texts that differ cannot have one name. What SPDX calls MIT is not what Debian calls so. */
function label({ license }: BundledPackage, group: number): string {
  return `${license.replaceAll(/[()]/g, '').replaceAll(' OR ', ' or ').replaceAll(' AND ', ' and ')}-${group + 1}`
}

/** Lines after a field's first begin with a space; an empty one is a full stop. */
function paragraph(...fields: readonly (readonly [string, string])[]): string {
  const text = fields.map(
    ([name, value]) => `${name}: ${value.replaceAll(/\n(?=\n|$)/g, '\n.').replaceAll('\n', '\n ')}`,
  )
  return `${text.join('\n')}\n`
}

/** This package is built beside a release, not uploaded to Debian: it closes no request for it. */
export const lintianOverrides = 'otrtalk: initial-upload-closes-no-bugs\n'
