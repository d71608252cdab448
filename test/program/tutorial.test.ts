/** Every block of the documents for users is played, as it stands there. */
import { spawnSync } from 'node:child_process'
import { describe, test } from 'vitest'
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
