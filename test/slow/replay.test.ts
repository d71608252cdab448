import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { replayFolder, type Source, vectors } from '../replay/folder.ts'

/** Files that need what is not built: each says so itself. All others have to pass. */
const notRun: Record<Source, readonly string[]> = {
  otrv4: [],
  enet: [],
  noise: [],
}

/** How many files each source has: a file that vanishes is noticed. */
const counts: Record<Source, number> = { otrv4: 15, enet: 22, noise: 1 }

test.each(['otrv4', 'enet', 'noise'] as const)(
  'exactly the expected vectors of %s pass',
  { timeout: 30_000 },
  (source) => {
    const replayed = replayFolder(source, join(vectors, source))
    if (replayed.kind === 'unusable') throw new Error(replayed.why)
    const { files } = replayed
    expect(files).toHaveLength(counts[source])
    expect(files.filter(({ outcome }) => outcome.kind === 'failed')).toEqual([])
    const left = files.filter(({ outcome }) => outcome.kind === 'not-run').map(({ file }) => file)
    expect(left.toSorted()).toEqual(notRun[source])
    for (const { outcome } of files) if (outcome.kind === 'passed') expect(outcome.checks).toBeGreaterThan(0)
  },
)

test('a folder that is not there, or has no vectors in it, is unusable', () => {
  expect(replayFolder('noise', '/nowhere').kind).toBe('unusable')
  expect(replayFolder('noise', scratch()).kind).toBe('unusable')
})

test('a file that is no JSON, or of a strange shape, or of a name nobody knows, never passes', () => {
  const folder = scratch()
  writeFileSync(join(folder, 'kdf.json'), 'no json')
  writeFileSync(join(folder, 'nnpsk0.json'), 'null')
  writeFileSync(join(folder, 'what-is-this.json'), '{}')
  for (const source of ['otrv4', 'enet', 'noise'] as const) {
    const replayed = replayFolder(source, folder)
    expect(replayed.kind === 'replayed' && replayed.files.map(({ outcome }) => outcome.kind)).not.toContain(
      'passed',
    )
  }
})

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'otrtalk-vectors-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}
