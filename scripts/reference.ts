/** Writes docs/Reference.md: `npm run reference`. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { define, nobody } from '../src/cli/definitions/all.ts'
import { outlineOf } from '../src/cli/definitions/outline.ts'
import { referencePage } from './referencepage.ts'

const page = referencePage(outlineOf(define(nobody)))
await writeFile(join(import.meta.dirname, '../docs/Reference.md'), page)
