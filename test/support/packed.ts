/** The package as npm makes it of `dist/`, which must be there. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

export const root: string = join(import.meta.dirname, '../..')

export interface Packed {
  readonly filename: string
  /** Octets of the archive, and of what is in it. */
  readonly size: number
  readonly unpackedSize: number
  readonly files: readonly { readonly path: string; readonly mode: number }[]
}

/** @param folder - where the archive is put */
export function pack(folder: string): Packed {
  const args = ['pack', '--json', '--silent', '--ignore-scripts', '--pack-destination', folder]
  return JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8' }))[0]
}
