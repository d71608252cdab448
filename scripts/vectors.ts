/**
 * Replays test vectors: `npm run vectors` those of test/vectors, `npm run
 * vectors -- otrv4 DIR` (enet, noise) the files of the same format in a folder.
 * A line a file; exit 1 when any failed, and when none passed, e.g. of
 * a folder that is not there.
 */
import { join } from 'node:path'
import { replayFolder, type Source, sources, vectors } from '../test/replay/folder.ts'
import type { Outcome } from '../test/replay/outcome.ts'

const [source, folder, ...rest] = process.argv.slice(2)
if (source === undefined) report(sources.map((name) => ({ name, folder: join(vectors, name) })))
else if (isSource(source) && folder !== undefined && rest.length === 0) report([{ name: source, folder }])
else {
  console.error(`usage: npm run vectors [-- ${sources.join('|')} DIR]`)
  process.exitCode = 2
}

function isSource(name: string): name is Source {
  return sources.some((source) => source === name)
}

function report(folders: readonly { name: Source; folder: string }[]): void {
  let passed = 0
  let failed = 0
  for (const { name, folder } of folders) {
    const outcomes = replayFolder(name, folder)
    if (outcomes.kind === 'unusable') {
      console.error(`${folder}: ${outcomes.why}`)
      process.exitCode = 1
      continue
    }
    for (const { file, outcome } of outcomes.files) {
      console.log(`${name}/${file}: ${words(outcome)}`)
      if (outcome.kind === 'passed') passed++
      if (outcome.kind === 'failed') failed++
    }
  }
  console.log(`${passed} passed, ${failed} failed`)
  if (failed > 0 || passed === 0) process.exitCode = 1
}

function words(outcome: Outcome): string {
  if (outcome.kind === 'passed') return `passed (${outcome.checks} checks)`
  return outcome.kind === 'failed' ? `FAILED: ${outcome.why}` : `not run: ${outcome.why}`
}
