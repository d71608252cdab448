import fc from 'fast-check'
import { expect, test } from 'vitest'
import { disturb, step } from '../otr/ends.ts'
import { deed, Middle } from '../otr/middle.ts'
import { play, sequence } from '../otr/model.ts'

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

test('200 sequences of anything do not bring two conversations to what must not be', () => {
  fc.assert(fc.property(sequence(120), play), { numRuns: 200 })
})

test('100 attempts of somebody in the middle of a DAKE do not make anyone take her for another', () => {
  let secured = 0
  fc.assert(
    fc.property(
      fc.constantFrom('4', '4q'),
      fc.array(deed, { minLength: 8, maxLength: 20 }),
      (versions, deeds) => {
        const middle = new Middle(versions)
        for (const deed of deeds) middle.do(deed)
        secured += middle.secured
      },
    ),
    { numRuns: 100 },
  )
  expect(secured).toBeGreaterThan(30)
})
