import { expect, test } from 'vitest'
import { Samples } from '../../bench/samples.ts'

test('a figure is the median, beside the median of its counterpart', () => {
  const samples = new Samples('MB/s')
  for (const value of [1, 9, 3]) samples.add('ours', value)
  for (const value of [2, 6, 100]) samples.add('theirs', value)
  const options = { as: 'ours, here', beside: 'theirs', note: 'target: 1 or more' }
  const [figure] = samples.figure('ours', options)
  const common = { name: 'ours, here', value: 3, unit: 'MB/s' }
  expect(figure).toEqual({ ...common, against: 'theirs', ratio: 0.5, note: '1 to 9; target: 1 or more' })
})

test('what was not measured has no figure, and nothing is beside it', () => {
  const samples = new Samples('MB/s')
  samples.add('ours', 5)
  expect([...samples.figure('theirs')]).toEqual([])
  const [figure] = samples.figure('ours', { beside: 'theirs', note: 'target: 1' })
  expect(figure).toEqual({ name: 'ours', value: 5, unit: 'MB/s', note: 'theirs was not measured' })
})
