import fc from 'fast-check'
import { expect, test } from 'vitest'
import { disturb, step } from '../otr/ends.ts'

test.each([false, true])(
  'two ratchets open every message once, whatever becomes of it; 500 seeds, post-quantum: %s',
  (isPostQuantum) => {
    let farthest = 0
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        farthest = Math.max(farthest, disturb(steps, isPostQuantum))
      }),
      { numRuns: 500 },
    )
    expect(farthest).toBeGreaterThanOrEqual(9)
  },
)
