/** Other programs that bring files from the client of a place to its server, each under keys made for it. */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { Child, type Place } from './pair.ts'
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
  readonly said: string
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
  // Nothing of what the user has set for them.
  const own = ['env', '-i', `PATH=${process.env['PATH']}`, `HOME=${folder}`, 'LANG=C.UTF-8']
  const heard = ['sh', '-c', 'exec "$@" 2>&1', 'sh']
  const began = performance.now()
  const children = copier.commands(path, into).map((command) => new Child([...own, ...heard, ...command]))
  let isWhole = true
  const late = setTimeout(() => {
    isWhole = false
    for (const child of children) void child[Symbol.asyncDispose]()
  }, most)
  await children.at(-1)?.over
  const seconds = (performance.now() - began) / 1_000
  clearTimeout(late)
  await Promise.all(children.map((child) => child.over))
  const octets = octetsIn(into)
  rmSync(into, { recursive: true, maxRetries: 5 }) // its server may still write
  return { octets, seconds, isWhole, said: children.flatMap((child) => child.lines).join('\n') }
}

const octetsIn = (folder: string): number =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0)
