/**
 * What packages bring along and this program never runs is left out of the
 * bundle. Each piece is checked while building: a new version of a package that
 * needs more, or looks different, fails the build instead of the program.
 */
import { readFile } from 'node:fs/promises'
import { brotliCompressSync, constants } from 'node:zlib'
import type { OnLoadResult, Plugin } from 'esbuild'

/**
 * ink imports react-devtools-core when DEV is set; it is not installed. Its view of a
 * crash is drawn into a screen that is closed at once: the error is printed by `report`.
 */
const withoutDevelopment: Plugin = {
  name: 'without-development',
  setup(build) {
    build.onResolve({ filter: /^react-devtools-core$/ }, ({ path }) => ({ path, namespace: 'nothing' }))
    build.onLoad({ filter: /.*/, namespace: 'nothing' }, () => ({ contents: 'export default {}' }))
    build.onLoad({ filter: /\/ink\/build\/components\/ErrorOverview\.js$/ }, () => ({
      contents: 'export default function ErrorOverview() { return null }',
    }))
  },
}

/** conf checks schemas with ajv; whoever gives it one, in `src`, would get no check: so he gets no build. */
const withoutSchemas: Plugin = {
  name: 'without-schemas',
  setup(build) {
    build.onResolve({ filter: /^conf$/ }, async ({ importer }) => {
      const used = /\b(?:schema|rootSchema|ajvOptions)\b/.exec(await readFile(importer, 'utf8'))?.[0]
      if (used === undefined) return undefined
      return {
        errors: [{ text: `${importer} says ${used}: ajv, which conf needs for that, is not bundled` }],
      }
    })
    build.onResolve({ filter: /^ajv(?:-formats|\/dist\/2020\.js)$/ }, ({ path }) => ({
      path,
      namespace: 'no-schema',
    }))
    build.onLoad({ filter: /.*/, namespace: 'no-schema' }, () => ({
      contents: `export class Ajv2020 { constructor() { throw new Error('schemas are not bundled') } }
        export default {}`,
    }))
  },
}

/** conf imports all of semver, for the few functions it calls. */
const semverInParts: Plugin = {
  name: 'semver-in-parts',
  setup(build) {
    build.onResolve({ filter: /^semver$/ }, async ({ importer, resolveDir }) => {
      const source = await readFile(importer, 'utf8')
      const names = [...source.matchAll(/\bsemver\b\.?(\w*)/g)].map(([, name]) => name ?? '')
      const called = [...new Set(names)].filter((name) => name !== '')
      return { path: called.join(), namespace: 'semver', pluginData: resolveDir }
    })
    build.onLoad({ filter: /.*/, namespace: 'semver' }, ({ path, pluginData: resolveDir }) => {
      const called = path.split(',')
      const imports = called.map((name) => `import ${name} from 'semver/functions/${name}.js'`)
      return { contents: `${imports.join('\n')}\nexport default { ${called.join()} }`, resolveDir }
    })
  },
}

/** Yoga's WebAssembly is two thirds of it, and shrinks to a third; unpacking takes half a millisecond. */
const yogaPacked: Plugin = {
  name: 'yoga-packed',
  setup(build) {
    build.onLoad({ filter: /\/yoga-layout\/dist\/binaries\/yoga-wasm-base64-esm\.js$/ }, ({ path }) =>
      packed(path),
    )
  },
}

async function packed(path: string): Promise<OnLoadResult> {
  const source = await readFile(path, 'utf8')
  const [whole, before, base64, after, ...more] = source.split(
    /("data:application\/octet-stream;base64,)([^"]+)(")/,
  )
  if (whole === undefined || before === undefined || base64 === undefined || more.length !== 1) {
    throw new Error(`${path} does not have one WebAssembly`)
  }
  const raw = Buffer.from(base64, 'base64')
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_SIZE_HINT]: raw.length,
  }
  const text = brotliCompressSync(raw, { params }).toString('base64')
  const unpacked = `brotliDecompressSync(Buffer.from('${text}', 'base64')).toString('base64')`
  return {
    contents: `import { brotliDecompressSync } from 'node:zlib'
      ${whole}(${before}${after} + ${unpacked})${more[0]}`,
  }
}

export const slim: readonly Plugin[] = [withoutDevelopment, withoutSchemas, semverInParts, yogaPacked]
