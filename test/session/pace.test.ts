import { expect, test } from 'vitest'
import { Meter } from '../../src/session/pace.ts'

test('the rate is that of the last five seconds, and says when it ends', () => {
  const meter = new Meter()
  meter.restart(1_000, 0)
  expect(meter.measure({ octets: 2_000, of: 10_000 }, 1_000)).toEqual({ rate: 1_000, left: 8_000 })
  for (let s = 2; s <= 20; s++) meter.measure({ octets: 2_000 + (s - 1) * 100, of: 10_000 }, s * 1_000)
  expect(meter.measure({ octets: 4_000, of: 10_000 }, 21_000)).toEqual({ rate: 100, left: 60_000 })
})

test('nobody knows the end of what stands still, nor of a stream', () => {
  const meter = new Meter()
  meter.restart(5, 0)
  expect(meter.measure({ octets: 5, of: 10 }, 1_000)).toEqual({ rate: 0, left: undefined })
  expect(meter.measure({ octets: 10, of: undefined }, 2_000)).toEqual({ rate: 3, left: undefined })
  expect(meter.measure({ octets: 10, of: 20 }, 2_000).rate).toBe(3) // twice in one moment
})
