import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { replayOtrv4 } from '../replay/otrv4.ts'

const folder = join(import.meta.dirname, '../vectors/otrv4')
const read = (name: string): unknown => JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8'))
const names = readdirSync(folder).flatMap((file) => /^(.+)\.json$/.exec(file)?.[1] ?? [])

/** What this version does not build. */
const notBuilt = ['smp', 'fragments', 'tie-break', 'xzdh', 'extra-symmetric-key']

describe('the vectors of OTRv4', () => {
  test.each(names)('%s replays', (name) => {
    const outcome = replayOtrv4(name, read(name))
    expect(outcome).toMatchObject({ kind: notBuilt.includes(name) ? 'not-run' : 'passed' })
  })
})
