/**
 * A thousand bad lines: loss, overtaking, duplicates, delays that jump, outages of 10 s. One of them again:
 *
 *     SEED=42 npx vitest run --project slow test/slow/ordeal.test.ts
 */
import { expect, test } from 'vitest'
import { linkOrdeal } from '../support/line/linked.ts'
import { type Outcome, ordeal, trials } from '../support/line/ordeal.ts'

const seed = process.env['SEED']

function faults(count: number, of: (seed: number) => Outcome): string[] {
  const seeds = seed === undefined ? Array.from({ length: count }, (_, i) => i + 1) : [Number(seed)]
  return seeds.flatMap((each) => of(each).fault ?? [])
}

test.each(['bbr', 'classic'] as const)(
  'over 1,000 bad lines two hosts with %s tell each other everything, once, in order and in time',
  (name) => {
    expect(faults(1_000, (seed) => ordeal(seed, trials[name]))).toEqual([])
  },
)

test('over 150 of them two links do, one of which changes its network meanwhile', () => {
  expect(faults(150, linkOrdeal)).toEqual([])
})
