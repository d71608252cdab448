/**
 * Bundles the program into dist/: one small entry that is executable, and
 * chunks that are loaded when a command needs them. Packages are bundled too,
 * so that the published package has no dependencies; dist/THIRD_PARTY_LICENSES
 * names each that is really in the bundle.
 */
import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { build, transform } from 'esbuild'
import { bundledPackages, thirdPartyLicenses } from './licenses.mjs'

const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')

/** What was bundled for its secrets stays as readable as its source: an auditor compares the two. */
const keptReadable =
  /(?:^|\/)(?:src\/(?:otr|transport|wire|discovery|profile)\/|src\/crypto\.ts$|node_modules\/@(?:noble|scure)\/)/

/** ink imports it when DEV is set; it is not installed. */
const withoutDevtools = {
  name: 'without-devtools',
  setup(build) {
    build.onResolve({ filter: /^react-devtools-core$/ }, ({ path }) => ({ path, namespace: 'stub' }))
    build.onLoad({ filter: /.*/, namespace: 'stub' }, () => ({ contents: 'export default {}' }))
  },
}

const result = await build({
  absWorkingDir: root,
  entryPoints: { otrtalk: 'bin/otrtalk.ts' },
  outdir: dist,
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  jsx: 'automatic',
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  charset: 'utf8',
  legalComments: 'none',
  write: false,
  metafile: true,
  plugins: [withoutDevtools],
  define: {
    'process.env.NODE_ENV': '"production"',
    'process.env.DEV': '"false"',
    // Yoga carries its WebAssembly inside and must not try to fetch it; nothing else here speaks HTTP.
    fetch: 'undefined',
  },
  // CommonJS inside the bundle asks for node's own modules by `require`.
  banner: {
    js: "import{createRequire as $otrtalkRequire}from'node:module';const require=$otrtalkRequire(import.meta.url);",
  },
})

await mkdir(join(dist, 'chunks'), { recursive: true })
// The entry last: until then a program that starts meanwhile finds all it asks for.
const entryLast = result.outputFiles.toSorted((a, b) => Number(isEntry(a)) - Number(isEntry(b)))
for (const file of entryLast) await writeFile(file.path, await output(file))
await chmod(join(dist, 'otrtalk.js'), 0o755)
const licenses = join(dist, 'THIRD_PARTY_LICENSES')
await writeFile(licenses, thirdPartyLicenses(await bundledPackages(result.metafile, root)))

const written = new Set([licenses, ...result.outputFiles.map(({ path }) => path)])
for (const file of await readdir(dist, { recursive: true, withFileTypes: true })) {
  const path = join(file.parentPath, file.name)
  if (file.isFile() && !written.has(path)) await rm(path)
}

function isEntry({ path }) {
  return path === join(dist, 'otrtalk.js')
}

/** A chunk's text: minified unless something in it is kept readable. */
async function output(file) {
  const inputs = Object.keys(result.metafile.outputs[relative(root, file.path)].inputs)
  if (inputs.some((input) => keptReadable.test(input))) return file.text
  return (await transform(file.text, { minify: true, format: 'esm', target: 'node20.19', charset: 'utf8' }))
    .code
}
