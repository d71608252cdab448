import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ReplayWindow } from '../../../src/transport/link/window.ts'

test('does what a list of all counters that came does, 2,048 back from the highest', () => {
  const jump = fc.oneof(
    fc.integer({ min: -40, max: 40 }),
    fc.integer({ min: -2_100, max: 2_100 }),
    fc.integer({ min: -5_000, max: 9_000 }),
  )
  fc.assert(
    fc.property(fc.array(jump, { maxLength: 300 }), (jumps) => {
      const window = new ReplayWindow()
      const came = new Set<number>()
      let highest = -1
      for (const by of jumps) {
        const counter = Math.max(0, highest + by)
        const isFresh = !came.has(counter) && highest - counter < 2_048
        expect(window.isFresh(counter)).toBe(isFresh)
        if (!isFresh) continue
        window.mark(counter)
        came.add(counter)
        highest = Math.max(highest, counter)
        expect(window.highest).toBe(highest)
      }
    }),
    { numRuns: 60 },
  )
})

test('the oldest that may still come is 2,047 back', () => {
  const window = new ReplayWindow()
  window.mark(5_000)
  expect([5_000 - 2_047, 5_000 - 2_048, 5_000, 5_001].map((counter) => window.isFresh(counter))).toEqual([
    true,
    false,
    false,
    true,
  ])
})

test('a leap over the whole ring forgets all of it', () => {
  const window = new ReplayWindow()
  for (let counter = 0; counter < 4_096; counter++) window.mark(counter)
  window.mark(2 ** 40)
  for (let back = 1; back < 2_048; back++) expect(window.isFresh(2 ** 40 - back)).toBe(true)
})
