/** What esbuild makes of the program, in memory: its chunks, and what went into each. */
import { join } from 'node:path'
import { type BuildResult, build } from 'esbuild'
import { target } from './reprint.ts'
import { slim } from './slim.ts'

export function bundle(root: string): Promise<BuildResult<{ write: false; metafile: true }>> {
  return build({
    absWorkingDir: root,
    preserveSymlinks: true, // wherever node_modules lies, the metafile names it by this
    entryPoints: { otrtalk: 'bin/otrtalk.ts' },
    outdir: join(root, 'dist'),
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target,
    jsx: 'automatic',
    charset: 'utf8',
    legalComments: 'none',
    write: false,
    metafile: true,
    plugins: [...slim],
    define: {
      'process.env.NODE_ENV': '"production"',
      'process.env.DEV': '"false"',
      // Yoga carries its WebAssembly inside and must not try to fetch it; nothing else here speaks HTTP.
      fetch: 'undefined',
    },
    // CommonJS inside the bundle asks for node's own modules by `require`.
    banner: {
      js: "import{createRequire as $createRequire}from'node:module';const require=$createRequire(import.meta.url);",
    },
  })
}
