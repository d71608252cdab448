import fc from 'fast-check'
import { test } from 'vitest'
import { play, sequence } from './model.ts'

test('no sequence of messages shows a text outside a session or twice, rolls a ratchet back or reuses a key', () => {
  fc.assert(fc.property(sequence(40), play), { numRuns: 3 })
}, 30_000)
