import { mkdir, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Changed } from '../../../src/edge/files/faults.ts'
import { Source } from '../../../src/edge/files/source.ts'
import type { SourceEntry } from '../../../src/transfer/work.ts'
import { temporaryFolder } from '../folder.ts'

async function surveyed(source: Source): Promise<readonly SourceEntry[]> {
  const entries: SourceEntry[] = []
  for (;;) {
    const next = await source.survey()
    if (next.length === 0) return entries
    entries.push(...next)
  }
}

/** A folder that is sent, and one that is not. */
async function folders() {
  const root = temporaryFolder()
  const [sent, secret] = [join(root, 'sent'), join(root, 'secret')]
  await mkdir(join(sent, 'box'), { recursive: true })
  await mkdir(secret)
  await writeFile(join(sent, 'box/key'), 'open')
  await writeFile(join(secret, 'key'), 'mine')
  const source = new Source({ paths: [sent], onSkipped() {} })
  const swap = async (): Promise<void> => {
    await rename(join(sent, 'box'), join(root, 'was'))
    await symlink(secret, join(sent, 'box'))
  }
  const read = (): Promise<readonly Uint8Array[]> => source.read([{ file: 0, offset: 0, size: 4 }])
  return { source, swap, read, secret, sent, root }
}

test('what is sent is read where it was found', async () => {
  const { source, read } = await folders()
  expect((await surveyed(source)).map(({ path }) => path)).toEqual(['sent', 'sent/box', 'sent/box/key'])
  expect(Buffer.concat(await read()).toString()).toBe('open')
})

test('a link in the place of a folder on the way leads to no other file, whenever it was put there', async () => {
  const early = await folders()
  await early.source.survey()
  await early.swap()
  await expect(early.read()).rejects.toMatchObject({ cause: expect.any(Changed) })

  // The walk has been in the folder, and the file is the very one: only the way to it is another.
  const late = await folders()
  await rename(join(late.sent, 'box/key'), join(late.secret, 'key'))
  await late.swap()
  await rename(join(late.sent, 'box'), join(late.root, 'link'))
  await rename(late.secret, join(late.sent, 'box'))
  await surveyed(late.source)
  await rename(join(late.sent, 'box'), late.secret)
  await rename(join(late.root, 'link'), join(late.sent, 'box'))
  await expect(late.read()).rejects.toMatchObject({ cause: expect.any(Changed) })
})
