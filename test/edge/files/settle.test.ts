import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { modeHere, numbered, settle } from '../../../src/edge/files/settle.ts'
import { temporaryFolder } from '../folder.ts'

const file = (name: string, into: string) => ({ into, name, kind: 'file' as const })
const folder = (name: string, into: string) => ({ into, name, kind: 'folder' as const })

/** A file, and a folder with a file in it, that came. */
function came(): { readonly into: string; readonly from: string; readonly fromFolder: string } {
  const into = temporaryFolder()
  mkdirSync(join(into, 'part/photos'), { recursive: true })
  writeFileSync(join(into, 'part/a.txt'), 'new')
  writeFileSync(join(into, 'part/photos/one'), 'new')
  return { into, from: join(into, 'part/a.txt'), fromFolder: join(into, 'part/photos') }
}

describe('a place that is free', () => {
  test('is taken by a file', async () => {
    const { into, from } = came()
    expect(await settle(from, file('a.txt', into))).toBe(join(into, 'a.txt'))
    expect(readFileSync(join(into, 'a.txt'), 'utf8')).toBe('new')
    expect(readdirSync(join(into, 'part'))).toEqual(['photos'])
  })

  test('is taken by a folder with all that is in it', async () => {
    const { into, fromFolder } = came()
    expect(await settle(fromFolder, folder('photos', into))).toBe(join(into, 'photos'))
    expect(readdirSync(join(into, 'photos'))).toEqual(['one'])
  })
})

describe('a place that is taken', () => {
  test.each([
    ['a file', (path: string) => writeFileSync(path, 'old')],
    ['an empty folder', (path: string) => mkdirSync(path)],
    ['a link to nowhere', (path: string) => symlinkSync('/nowhere', path)],
    ['a link to a folder', (path: string) => symlinkSync('/tmp', path)],
  ])('by %s stays as it is: a number is added', async (_, make) => {
    const { into, from, fromFolder } = came()
    make(join(into, 'a.txt'))
    make(join(into, 'photos'))
    expect(await settle(from, file('a.txt', into))).toBe(join(into, 'a (2).txt'))
    expect(await settle(fromFolder, folder('photos', into))).toBe(join(into, 'photos (2)'))
    expect(readFileSync(join(into, 'a (2).txt'), 'utf8')).toBe('new')
    expect(readdirSync(join(into, 'photos (2)'))).toEqual(['one'])
    expect(readdirSync(into).sort()).toEqual(['a (2).txt', 'a.txt', 'part', 'photos', 'photos (2)'])
  })

  test('is passed by as often as it must be', async () => {
    const { into, from } = came()
    for (const name of ['a.txt', 'a (2).txt', 'a (3).txt']) writeFileSync(join(into, name), 'old')
    expect(await settle(from, file('a.txt', into))).toBe(join(into, 'a (4).txt'))
  })
})

test.each([
  ['letter.txt', 'file', 'letter (2).txt'],
  ['archive.tar.gz', 'file', 'archive.tar (2).gz'],
  ['.profile', 'file', '.profile (2)'],
  ['README', 'file', 'README (2)'],
  ['v1.2', 'folder', 'v1.2 (2)'],
  [`${'x'.repeat(255)}`, 'file', `${'x'.repeat(251)} (2)`],
  [`${'é'.repeat(125)}.txt`, 'file', `${'é'.repeat(123)} (2).txt`],
  [`a.${'y'.repeat(200)}`, 'file', `a.${'y'.repeat(200)} (2)`],
] as const)('%s, a %s, becomes %s', (name, kind, wanted) => {
  expect(numbered(name, { number: 2, kind })).toBe(wanted)
})

describe('the mode of what came', () => {
  test('never lets a file be run, nor anybody change it whom the mask keeps out', () => {
    expect(modeHere('file', 0o777) & 0o111).toBe(0)
    expect(modeHere('file', 0o666) & process.umask()).toBe(0)
    expect(modeHere('folder', 0o777) & process.umask()).toBe(0)
  })

  test('lets its owner read it, whatever the sender says', () => {
    expect(modeHere('file', 0)).toBe(0o400)
    expect(modeHere('folder', 0)).toBe(0o700)
  })
})
