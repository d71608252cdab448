import { expect, test } from 'vitest'
import { Pacer } from '../../../../src/transport/enet/bbr/pacer.ts'

test('one packet leaves after the other, at the rate', () => {
  const pacer = new Pacer()
  pacer.rate = 100
  pacer.sent(1_000, 5)
  expect(pacer.at).toBe(15)
  pacer.sent(1_000, 15)
  expect(pacer.at).toBe(25)
})

test('a pause earns no more than a burst', () => {
  const pacer = new Pacer()
  pacer.rate = 100
  pacer.burst = 3_000
  pacer.sent(1_000, 0)
  for (let i = 0; i < 3; i++) pacer.sent(1_000, 1_000)
  expect(pacer.at).toBe(1_000)
  pacer.sent(1_000, 1_000)
  expect(pacer.at).toBe(1_010)
})

test('without a rate nothing is paced', () => {
  const pacer = new Pacer()
  pacer.sent(1_400, 0)
  expect(pacer.at).toBe(-Infinity)
})
