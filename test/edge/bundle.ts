/** A test's own program as one file: another process, whichever node runs the tests. */
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

const root = join(import.meta.dirname, '../..')

/** @param source - TypeScript; imports from the root of the project: `./src/edge/lock.ts`. Yields the file's path. */
export async function bundle(source: string): Promise<string> {
  // Inside the project, so that packages are found from there.
  const outfile = join(mkdtempSync(join(root, 'node_modules/.otrtalk-')), 'child.mjs')
  await build({
    stdin: { contents: source, resolveDir: root, loader: 'ts' },
    outfile,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    logLevel: 'error',
  })
  return outfile
}
