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

test('what the process was too late for leaves at once, up to the arrears', () => {
  const pacer = Object.assign(new Pacer(), { rate: 100, burst: 2_000, arrears: 5_000 })
  for (let i = 0; i < 3; i++) pacer.sent(1_000, 0)
  expect([pacer.at, pacer.isLate(60), pacer.isLate(61)]).toEqual([10, false, true])
  let left = 0
  for (; pacer.at <= 1_000; left++) pacer.sent(1_000, 1_000, pacer.arrears)
  expect(left).toBe(6)
})

test('a quantum is waited for, and leaves together', () => {
  const pacer = Object.assign(new Pacer(), { rate: 100, burst: 4_000, quantum: 4_000 })
  for (const now of [1_000, 1_040]) {
    let left = 0
    for (; pacer.at <= now; left++) pacer.sent(1_000, now)
    expect([left, pacer.at]).toEqual([now === 1_000 ? 5 : 4, now + 40])
  }
})

test('over time it is the rate, however seldom it is looked at', () => {
  const pacer = Object.assign(new Pacer(), { rate: 100, burst: 3_000 })
  let octets = 0
  for (let now = 0; now < 10_000; now += 7) for (; pacer.at <= now; octets += 100) pacer.sent(100, now)
  expect(Math.abs(octets - 1_000_000)).toBeLessThan(4_000)
})

test('without a rate nothing is paced', () => {
  const pacer = new Pacer()
  pacer.sent(1_400, 0)
  expect(pacer.at).toBe(-Infinity)
})

test('a rate that rises ends a wait sooner, one that falls makes none longer', () => {
  const pacer = new Pacer()
  pacer.rate = 1
  pacer.sent(1_000, 0)
  expect(pacer.at).toBe(1_000)
  pacer.rate = 100
  expect(pacer.at).toBe(10)
  pacer.rate = 1
  expect(pacer.at).toBe(10)
})
