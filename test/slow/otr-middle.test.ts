import fc from 'fast-check'
import { expect, test } from 'vitest'
import { deed, Middle } from '../otr/middle.ts'

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
