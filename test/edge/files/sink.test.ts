import { lstat, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Sink } from '../../../src/edge/files/sink.ts'
import type { Manifest } from '../../../src/transfer/manifest.ts'
import { temporaryFolder } from '../folder.ts'

const part = '.otrtalk-0123456789abcdef.part'

/** Empty files, and folders, that came. */
async function received(folders: readonly string[], files: readonly string[]): Promise<string> {
  const into = temporaryFolder()
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
  await sink.finish()
  return into
}

test('what programs look for in a folder gets another name, and what is below keeps its own', async () => {
  const into = await received(['.config', '.config/.git'], ['.profile', '_profile', '.config/.git/config'])
  expect((await readdir(into)).sort()).toEqual(['_config', '_profile', '_profile (2)'])
  expect(await readFile(join(into, '_config/.git/config'), 'utf8')).toBe('')
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
