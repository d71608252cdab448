/** Every block of the documents for users is played, as it stands there. */
import { spawnSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { difference } from './tutorial/compare.ts'
import { type Part, partsOf, play } from './tutorial/play.ts'

const patient = { timeout: 180_000 } // all of it takes less than a minute where nothing else runs

/** What commands need that not every machine has. */
const tools = [
  ['jq', /\bjq -r\b/],
  ['dpkg-deb', /package:deb/],
] as const

const lacking = tools.filter(([tool]) => spawnSync(tool, ['--version']).error !== undefined)

function canBePlayed({ title, blocks }: Part): boolean {
  const commands = blocks.flatMap(({ steps }) =>
    steps.flatMap((step) => (step.kind === 'typed' ? step.command : [])),
  )
  const [missing] = lacking.find(([, use]) => commands.some((command) => use.test(command))) ?? []
  if (missing !== undefined) console.log(`skipped: ${title}: there is no ${missing}`)
  return missing === undefined
}

const parts = ['README.md', 'docs/Tutorial.md'].flatMap(partsOf)

describe.concurrent('every command is typed, and what is shown below it is seen', patient, () => {
  test.each(parts.filter(canBePlayed))('$title', (part) => play(part))
})

test.each([
  ['until 2026-11-23 21:04; go on', 'until 2027-01-02 03:04; go on'],
  ['key AEF54179 67F4', 'key 028ADBAD DD29'],
  ['00C0FFEE …', '028ADBAD DD2931ED B8AC4E64'],
])('an example stands for anything of its kind, and for nothing else: %s', (example, real) => {
  expect(difference([example], [real])).toBeUndefined()
  expect(difference([example], ['until somebody comes'])).toContain('in truth')
})
