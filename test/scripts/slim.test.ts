import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import { type BuildResult, build } from 'esbuild'
import { expect, test } from 'vitest'
import { slim } from '../../scripts/slim.ts'
import { temporaryFolder } from '../edge/folder.ts'

const root = join(import.meta.dirname, '../..')

/** Bundles a program of this text as the build does, packages of ours being there. */
function bundled(contents: string): Promise<BuildResult<{ write: false; metafile: true }>> {
  const entry = join(temporaryFolder(), 'entry.js')
  writeFileSync(entry, contents)
  return build({
    absWorkingDir: root,
    entryPoints: [entry],
    nodePaths: [join(root, 'node_modules')],
    bundle: true,
    format: 'esm',
    platform: 'node',
    write: false,
    metafile: true,
    logLevel: 'silent',
    plugins: [...slim],
  })
}

test('ajv is not in the bundle, and of semver there is what conf calls', async () => {
  const { metafile } = await bundled("import Conf from 'conf'; console.log(Conf)")
  const paths = Object.keys(metafile.inputs)
  expect(paths.filter((path) => path.includes('node_modules/ajv'))).toEqual([])
  const called = ['clean', 'eq', 'gt', 'lte', 'satisfies'].map(
    (name) => `node_modules/semver/functions/${name}.js`,
  )
  expect(paths).toEqual(expect.arrayContaining(called))
  expect(paths).not.toContain('node_modules/semver/ranges/subset.js')
})

test.each(['schema', 'rootSchema', 'ajvOptions'])('whoever gives conf a %s gets no build', async (option) => {
  const used = `import Conf from 'conf'; new Conf({ ${option}: {} })`
  await expect(bundled(used)).rejects.toThrow(new RegExp(`says ${option}: ajv`))
})

test('Yoga’s WebAssembly is packed to a third, and is the same when it is unpacked', async () => {
  const path = join(root, 'node_modules/yoga-layout/dist/binaries/yoga-wasm-base64-esm.js')
  const { outputFiles } = await bundled(`import load from '${path}'; console.log(load)`)
  const packed = /Buffer\.from\("([^"]+)", "base64"\)/.exec(outputFiles[0]!.text)?.[1] ?? ''
  const original = /base64,([^"]+)"/.exec(readFileSync(path, 'utf8'))?.[1] ?? ''
  expect(packed.length).toBeLessThan(original.length * 0.4)
  expect(brotliDecompressSync(Buffer.from(packed, 'base64')).toString('base64')).toBe(original)
})
