/** Other programs that bring files from the client of a place to its server, each under keys made for it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import type { Child, Place } from './pair.ts'
import { scp } from './scp.ts'
import { wormhole } from './wormhole.ts'

export interface Copier {
  readonly name: string
  /** What is run at once to bring a file or a folder into another folder; it is there when the last of them ends. */
  commands(path: string, into: string): readonly (readonly string[])[]
}

/** What came of a copy: of one that takes too long, what was there when it was stopped. */
export interface Copied {
  readonly octets: number
  readonly seconds: number
  readonly isWhole: boolean
}

/** A server at the place's server, and what copies by it. */
export interface Serving {
  readonly server: Child
  readonly copiers: readonly Copier[]
}

/** Those that are installed, ready to copy. Which are not, and why, is said. */
export async function copiers(
  place: Place,
  folder: string,
): Promise<AsyncDisposable & { readonly all: readonly Copier[] }> {
  const found: Serving[] = []
  for (const [name, serve] of Object.entries({ scp, 'magic-wormhole': wormhole })) {
    const serving = await serve(place, mkdtempSync(join(folder, `${name}-`)))
    if ('why' in serving) console.error(`skipped: ${name}: ${serving.why}`)
    else found.push(serving)
  }
  return {
    all: found.flatMap((serving) => serving.copiers),
    async [Symbol.asyncDispose]() {
      for (const { server } of found) await server[Symbol.asyncDispose]()
    },
  }
}

/** @param most - ms: then it is stopped */
export async function copied(
  copier: Copier,
  { path, folder, most }: { readonly path: string; readonly folder: string; readonly most: number },
): Promise<Copied> {
  const into = mkdtempSync(join(folder, 'into-'))
  const began = performance.now()
  const children = copier
    .commands(path, into)
    .map(([file, ...args]) => spawn(file!, args, { env: own(folder), stdio: ['ignore', 'ignore', 'pipe'] }))
  let isLate = false
  const late = setTimeout(() => {
    isLate = true
    for (const child of children) child.kill()
  }, most)
  const ends = children.map(async (child): Promise<string | undefined> => {
    let complaint = ''
    child.stderr.on('data', (text) => {
      complaint += text
    })
    const [code] = await once(child, 'close')
    return code === 0 ? undefined : `${child.spawnargs.join(' ')} ended with ${code}: ${complaint}`
  })
  const why = await ends.at(-1)
  const seconds = (performance.now() - began) / 1_000
  clearTimeout(late)
  if (why !== undefined && !isLate) throw new Error(why)
  await Promise.all(ends)
  const octets = octetsIn(into)
  rmSync(into, { recursive: true, maxRetries: 5 }) // its server may still write
  return { octets, seconds, isWhole: !isLate }
}

/** Nothing of what the user has set for them. */
const own = (folder: string): Record<string, string> => ({
  PATH: process.env['PATH'] ?? '',
  HOME: folder,
  LANG: 'C.UTF-8',
})

const octetsIn = (folder: string): number =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
