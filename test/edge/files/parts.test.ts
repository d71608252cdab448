import { chmod, lstat, lutimes, mkdir, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isPart, removePart, sweepParts } from '../../../src/edge/files/parts.ts'
import { Sink } from '../../../src/edge/files/sink.ts'
import { temporaryFolder } from '../folder.ts'

const now = Date.UTC(2026, 10, 21)
const day = 24 * 60 * 60_000 // ms
const nobody = (): boolean => false
const nameOf = (number: number): string => `.otrtalk-${number.toString(16).padStart(16, '0')}.part`

/** A part folder of which all was last written so many days ago. */
async function part(into: string, name: string, days: number, cursorDays = days): Promise<string> {
  const folder = join(into, name)
  await mkdir(join(folder, 'data', 'deep'), { recursive: true, mode: 0o700 })
  await chmod(folder, 0o700)
  const old = new Date(now - days * day)
  for (const file of ['manifest', 'cursor', 'data/deep/gift']) await writeFile(join(folder, file), '0')
  for (const file of ['manifest', 'data/deep/gift', 'data/deep', 'data'])
    await utimes(join(folder, file), old, old)
  const written = new Date(now - cursorDays * day)
  await utimes(join(folder, 'cursor'), written, written)
  await utimes(folder, old, old)
  return folder
}

test('parts of which nothing was written for 30 days are removed, and no others', async () => {
  const into = temporaryFolder()
  await part(into, nameOf(1), 31)
  await part(into, nameOf(2), 29)
  await part(into, nameOf(3), 40, 2) // it went on meanwhile
  await part(into, 'otrtalk-0000000000000004.part', 31)
  await part(into, '.otrtalk-4.part', 31)
  expect(await sweepParts(into, { isUsed: nobody, now })).toBe(1)
  expect(await readdir(into)).toEqual(
    [nameOf(2), nameOf(3), '.otrtalk-4.part', 'otrtalk-0000000000000004.part'].sort(),
  )
})

test('what is not as we make it stays: a link, a folder that others may read, one without our files', async () => {
  const [into, elsewhere] = [temporaryFolder(), temporaryFolder()]
  const whole = await part(elsewhere, nameOf(9), 31)
  await symlink(whole, join(into, nameOf(1)))
  await chmod(await part(into, nameOf(2), 31), 0o750)
  const bare = await part(into, nameOf(3), 31)
  await rm(join(bare, 'manifest'))
  const linked = await part(into, nameOf(4), 31)
  await rm(join(linked, 'cursor'))
  await symlink(join(whole, 'cursor'), join(linked, 'cursor'))
  await writeFile(join(into, nameOf(5)), '')
  const old = new Date(now - 31 * day)
  await lutimes(join(linked, 'cursor'), old, old)
  for (const folder of [bare, linked]) await utimes(folder, old, old)
  expect(await sweepParts(into, { isUsed: nobody, now })).toBe(0)
  expect(await readdir(into)).toHaveLength(5)
  expect(await readdir(whole)).toHaveLength(3)
})

test('a folder of the user’s that somebody else has given the name of a part stays, whoever asks', async () => {
  const into = temporaryFolder()
  const letters = await part(into, nameOf(1), 31)
  await writeFile(join(letters, 'letter'), 'dear')
  await utimes(letters, 0, 0)
  expect(await sweepParts(into, { isUsed: nobody, now })).toBe(0)
  expect(await removePart(letters, nobody)).toBe(false)
  const sink = new Sink({ into, part: nameOf(1) })
  await expect(sink.kept(1_000)).rejects.toThrow('is no folder of otrtalk’s own')
  await expect(
    sink.place({ bytes: new Uint8Array(1), octets: 0, files: [], folders: [] }, 0),
  ).rejects.toThrow('is no folder of otrtalk’s own')
  await sink.abandon('nothing')
  expect(await isPart(join(into, 'none'))).toBe(false)
  expect(await readdir(letters)).toEqual(['cursor', 'data', 'letter', 'manifest'])
})

test('a link inside is removed, and what it leads to stays', async () => {
  const [into, elsewhere] = [temporaryFolder(), temporaryFolder()]
  await writeFile(join(elsewhere, 'letter'), 'dear')
  const folder = await part(into, nameOf(1), 31)
  await symlink(elsewhere, join(folder, 'data', 'out'))
  const old = new Date(now - 31 * day)
  for (const path of [join(folder, 'data'), folder]) await utimes(path, old, old)
  expect(await sweepParts(into, { isUsed: nobody, now })).toBe(1)
  expect(await readdir(into)).toEqual([])
  expect((await lstat(join(elsewhere, 'letter'))).size).toBe(4)
})

test('8 go at one start, and none that is received into', async () => {
  const into = temporaryFolder()
  for (let i = 0; i < 10; i++) await part(into, nameOf(i), 31)
  const used = join(into, nameOf(3))
  const sweep = { isUsed: (folder: string): boolean => folder === used, now }
  expect(await sweepParts(into, sweep)).toBe(8)
  expect(await sweepParts(into, sweep)).toBe(1)
  expect(await readdir(into)).toEqual([nameOf(3)])
})

test('where there is no folder, or none that can be read, nothing happens', async () => {
  expect(await sweepParts(join(temporaryFolder(), 'none'), { isUsed: nobody, now })).toBe(0)
})

test('what is given up is removed however new, unless it is used, a link, or open to others', async () => {
  const into = temporaryFolder()
  const [gone, used, shared] = [
    await part(into, nameOf(1), 0),
    await part(into, nameOf(2), 0),
    join(into, nameOf(3)),
  ]
  await mkdir(shared, 0o755)
  await symlink(used, join(into, nameOf(4)))
  const isUsed = (folder: string): boolean => folder === used
  const removed = [gone, used, shared, join(into, nameOf(4)), join(into, 'none')].map((folder) =>
    removePart(folder, isUsed),
  )
  expect(await Promise.all(removed)).toEqual([true, false, false, false, false])
  expect(await readdir(into)).toEqual([nameOf(2), nameOf(3), nameOf(4)])
})
