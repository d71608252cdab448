/**
 * Runs a TypeScript file, because Node 20 cannot: bundles what is ours into a
 * temporary file, leaves packages where they are, and imports it in this process.
 *
 *     node scripts/ts.mjs FILE ARGUMENTS…
 */
import { mkdir, readFile, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, transform } from 'esbuild'

const [entry, ...argv] = process.argv.slice(2)
if (entry === undefined) {
  console.error('usage: node scripts/ts.mjs FILE ARGUMENTS…')
  process.exit(2)
}

const target = 'node20.19'

/** A bundled file still believes that it lies where its source does. */
const keepLocations = {
  name: 'keep-locations',
  setup(build) {
    build.onLoad({ filter: /\.tsx?$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path), {
        loader: path.endsWith('x') ? 'tsx' : 'ts',
        jsx: 'automatic',
        target,
        sourcefile: path,
        sourcemap: 'inline',
        define: {
          'import.meta.dirname': JSON.stringify(dirname(path)),
          'import.meta.filename': JSON.stringify(path),
          'import.meta.url': JSON.stringify(pathToFileURL(path).href),
        },
      })
      return { contents: code }
    })
  },
}

// Inside node_modules, so that packages are found from there.
const folder = join(import.meta.dirname, '../node_modules/.cache/otrtalk')
const outfile = join(folder, `${basename(entry)}-${process.pid}.mjs`)
await mkdir(folder, { recursive: true })
await build({
  entryPoints: [resolve(entry)],
  outfile,
  bundle: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target,
  sourcemap: 'inline',
  logLevel: 'error',
  plugins: [keepLocations],
})

process.setSourceMapsEnabled(true)
process.argv = [process.argv[0], resolve(entry), ...argv]
try {
  await import(pathToFileURL(outfile).href)
} finally {
  await rm(outfile, { force: true })
}
