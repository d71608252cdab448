import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { referencePage } from '../../scripts/referencepage.ts'
import { define, nobody } from '../../src/cli/definitions/all.ts'
import { outlineOf } from '../../src/cli/definitions/outline.ts'

const outline = outlineOf(define(nobody))
const page = referencePage(outline)

test('docs/Reference.md is what the definitions say; if not: npm run reference', () => {
  expect(readFileSync(join(import.meta.dirname, '../../docs/Reference.md'), 'utf8')).toBe(page)
})

test('it has a row for each command, with its options and a mark for each of its exit codes', () => {
  const rows = page.split('\n').filter((line) => line.startsWith('| [`'))
  expect(rows).toHaveLength(1 + outline.commands.filter(({ isHidden }) => !isHidden).length)
  expect(rows).toContain('| [`buddy verify`](#buddy-verify) | `--fingerprint` | ● | ● |  | ● | ● |  |')
})

test('it has the variable, the setting and the default of each option', () => {
  expect(page).toContain('| `--no-dht` | do not use the DHT | `OTRTALK_NO_DHT` | `"dht": false` | off |')
})
