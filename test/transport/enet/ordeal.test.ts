/** The first of the thousand lines of `test/slow/ordeal.test.ts`. */
import { expect, test } from 'vitest'
import { linkOrdeal } from '../../support/line/linked.ts'
import { ordeal, trials } from '../../support/line/ordeal.ts'

const seeds = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1)

test.each(['bbr', 'classic'] as const)(
  'over 6 bad lines two hosts with %s tell each other everything, once, in order and in time',
  (name) => {
    expect(seeds(6).flatMap((seed) => ordeal(seed, trials[name]).fault ?? [])).toEqual([])
  },
)

test('over 2 of them two links do, one of which changes its network meanwhile', () => {
  expect(seeds(2).flatMap((seed) => linkOrdeal(seed).fault ?? [])).toEqual([])
})

test('lines that stood still for 14 to 43 minutes after an outage, at a rate of half an octet per second, go on', () => {
  for (const seed of [67, 119, 239]) expect(ordeal(seed, trials.bbr).fault).toBeUndefined()
})
