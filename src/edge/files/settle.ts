/**
 * Gives what came whole its place in the user's folder: never over anything
 * that is there, whoever made it in between. A name that is taken gets a number.
 */
import { mkdir, rename, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../error.ts'
import { codeOf, place } from '../store.ts'

/** Moves `from` to `name` in the folder, or to the first name like it that is free. @returns the path it has there */
export async function settle(from: string, { into, name, kind }: Settled): Promise<string> {
  const move = kind === 'file' ? settleFile : settleFolder
  for (let number = 1; number <= mostNames; number++) {
    const path = join(into, number === 1 ? name : numbered(name, { number, kind }))
    if (await move(from, path)) return path
  }
  throw new UserError(`${join(into, name)} exists already, and so do ${mostNames} names like it`)
}

export interface Settled {
  readonly into: string
  readonly name: string
  readonly kind: 'file' | 'folder'
}

const settleFile = (from: string, path: string): Promise<boolean> => unlessTaken(() => place(from, path))

/** A folder that we have just made, and that is still empty, is all that a rename of a folder replaces. */
async function settleFolder(from: string, path: string): Promise<boolean> {
  if (!(await unlessTaken(() => mkdir(path, 0o700)))) return false
  try {
    await rename(from, path)
    return true
  } catch (error) {
    await rmdir(path).catch(() => {}) // not empty: it is somebody else's by now
    if (/^(?:ENOTEMPTY|EEXIST|ENOTDIR)$/.test(codeOf(error) ?? '')) return false
    throw error
  }
}

async function unlessTaken(make: () => Promise<unknown>): Promise<boolean> {
  try {
    await make()
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

/** `letter.txt` becomes `letter (2).txt`, a folder `photos (2)`; what a folder takes of a name is kept. */
export function numbered(
  name: string,
  { number, kind }: { readonly number: number; readonly kind: Settled['kind'] },
): string {
  const dot = kind === 'file' ? name.lastIndexOf('.') : -1
  const [stem, rest] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, '']
  const tail = ` (${number})${Buffer.byteLength(rest) <= longestEnding ? rest : ''}`
  let kept = tail === ` (${number})` ? name : stem
  while (Buffer.byteLength(kept + tail) > longestName) kept = [...kept].slice(0, -1).join('')
  return kept + tail
}

/** The mode that the sender's had, as far as ours may have it: see docs/decisions/042-files.md. Never more than the user's own mask allows, and never less than lets the user read it; files cannot be run. */
export const modeHere = (kind: Settled['kind'], mode: number): number =>
  kind === 'file' ? (mode & 0o666 & ~mask) | 0o400 : (mode & 0o777 & ~mask) | 0o700

const mask = process.umask()
const mostNames = 1_000
const longestName = 255 // octets
const longestEnding = 32 // octets: what is longer is no ending
