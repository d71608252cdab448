import { execFileSync } from 'node:child_process'
import { lstat, readdir, readFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Sink } from '../../../src/edge/files/sink.ts'
import type { Manifest } from '../../../src/transfer/manifest.ts'
import type { Finished } from '../../../src/transfer/work.ts'
import { bundle } from '../bundle.ts'
import { temporaryFolder } from '../folder.ts'

const part = '.otrtalk-0123456789abcdef.part'

/** Empty files, and folders, that came. */
async function received(folders: readonly string[], files: readonly string[]): Promise<string> {
  const into = temporaryFolder()
  await receive(folders, files, into)
  return into
}

async function receive(
  folders: readonly string[],
  files: readonly string[],
  into: string,
): Promise<Finished> {
  const sink = new Sink({ into, part })
  const manifest: Manifest = {
    bytes: Uint8Array.of(1),
    octets: 0,
    files: files.map((path) => ({ path, mode: 0o777, size: 0, start: 0 })),
    folders: folders.map((path) => ({ path, mode: 0o555 })),
  }
  await sink.place(manifest, 0)
  await sink.write(
    [],
    files.map((_, i) => i),
  )
  return await sink.finish()
}

test('what programs look for in a folder gets another name, and what is below keeps its own', async () => {
  const into = await received(['.config', '.config/.git'], ['.profile', '_profile', '.config/.git/config'])
  expect((await readdir(into)).sort()).toEqual(['_config', '_profile', '_profile (2)'])
  expect(await readFile(join(into, '_config/.git/config'), 'utf8')).toBe('')
})

test('of several, those that have another name are told; of one it is in the path', async () => {
  const into = temporaryFolder()
  expect(await receive([], ['a.txt', 'b'], into)).toEqual({ path: into })
  expect(await receive(['d', 'd/b'], ['a.txt', 'b', '.c', 'd/e'], into)).toEqual({
    path: into,
    renamed: [
      { name: 'a.txt', as: 'a (2).txt' },
      { name: 'b', as: 'b (2)' },
      { name: '.c', as: '_c' },
    ],
  })
  expect(await receive([], ['b'], into)).toEqual({ path: join(into, 'b (3)') })
})

test('folders have their modes wherever they come to lie, files are never run, and nothing else is left', async () => {
  const into = await received(['a', 'a/b'], ['a/b/c', 'd'])
  expect((await readdir(into)).sort()).toEqual(['a', 'd'])
  const modes = await Promise.all(['a', 'a/b', 'a/b/c', 'd'].map((path) => lstat(join(into, path))))
  const mask = ~process.umask()
  expect(modes.map(({ mode }) => mode & 0o777)).toEqual([
    (0o555 & mask) | 0o700,
    (0o555 & mask) | 0o700,
    0o666 & mask,
    0o666 & mask,
  ])
})

test('300 small files that come at once are written by a process that may have 128 files open', async () => {
  const program = await bundle(`
    import { Sink } from './src/edge/files/sink.ts'
    const sink = new Sink({ into: process.argv[2], part: '${part}' })
    const files = Array.from({ length: 300 }, (_, i) => ({ path: 'f' + i, mode: 0o644, size: 1, start: i }))
    await sink.place({ bytes: Uint8Array.of(1), octets: 300, files, folders: [] }, 0)
    const parts = files.map((_, file) => ({ file, offset: 0, octets: Uint8Array.of(file) }))
    await sink.write(parts, files.map((_, file) => file))
    await sink.finish()
  `)
  onTestFinished(() => rm(dirname(program), { recursive: true, force: true }))
  const into = temporaryFolder()
  execFileSync('sh', ['-c', 'ulimit -n 128 && exec "$@"', 'sh', process.execPath, program, into])
  expect(await readdir(into)).toHaveLength(300)
})
