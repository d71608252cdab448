import fc from 'fast-check'
import { test } from 'vitest'
import { play, sequence } from '../otr/model.ts'

test('200 sequences of anything do not bring two conversations to what must not be', () => {
  fc.assert(fc.property(sequence(120), play), { numRuns: 200 })
})
