import { describe, expect, test } from 'vitest'
import { LineLoss } from '../../../../src/transport/enet/bbr/noise.ts'
import { PathModel } from '../../../../src/transport/enet/bbr/path.ts'
import type { RateSample } from '../../../../src/transport/enet/bbr/rate.ts'

const sample = (fields: Partial<RateSample>): RateSample => ({
  ...{ rate: 0, delivered: 0, lost: 0, priorDelivered: 0, inFlight: 0, isAppLimited: false },
  ...{ newlyAcknowledged: 0, rtt: 10 },
  ...fields,
})

describe('the model of the path', () => {
  test('counts a round trip when something is acknowledged that left after the one before ended', () => {
    const path = new PathModel()
    path.countRound(sample({ priorDelivered: 0 }), 5_000)
    expect([path.isRoundStart, path.rounds]).toEqual([true, 1])
    path.countRound(sample({ priorDelivered: 4_000 }), 6_000)
    expect([path.isRoundStart, path.rounds]).toEqual([false, 1])
    path.countRound(sample({ priorDelivered: 5_000 }), 10_000)
    expect([path.isRoundStart, path.rounds]).toEqual([true, 2])
  })

  test('keeps the highest rate of two cycles, and of what the application limited only what is higher', () => {
    const path = new PathModel()
    path.addRate(sample({ rate: 100 }))
    path.addRate(sample({ rate: 80, isAppLimited: true }))
    path.advance()
    path.addRate(sample({ rate: 60 }))
    expect(path.maxRate).toBe(100)
    path.advance()
    path.addRate(sample({ rate: 50, isAppLimited: true }))
    expect(path.maxRate).toBe(60)
    path.addRate(sample({ rate: 120, isAppLimited: true }))
    expect(path.maxRate).toBe(120)
  })

  test('keeps the shortest round trip for 10 s, and wants it seen again after 5 s', () => {
    const path = new PathModel()
    path.addRtt(20, 1)
    path.addRtt(30, 4_000)
    expect([path.minRtt, path.isProbeRttDue]).toEqual([20, false])
    path.addRtt(30, 5_100)
    expect([path.minRtt, path.isProbeRttDue]).toEqual([20, true])
    path.addRtt(30, 10_100)
    expect(path.minRtt).toBe(30)
  })

  test('knows how much more comes acknowledged in one go than the rate explains', () => {
    const path = new PathModel()
    for (let i = 1; i <= 10; i++) path.addAggregation(10_000, 1_000, 100_000, i * 10)
    expect(path.extraAcknowledged).toBe(10_000)
    path.addAggregation(40_000, 1_000, 100_000, 100)
    expect(path.extraAcknowledged).toBe(50_000)
    path.addAggregation(400_000, 1_000, 60_000, 100)
    expect(path.extraAcknowledged).toBe(60_000)
  })
})

test('what the line itself loses is a mean of rounds, the latest sixteen of which count', () => {
  const line = new LineLoss()
  line.add(0, 0)
  expect(line.share).toBe(0)
  line.add(10, 90)
  line.add(0, 100)
  expect(line.share).toBeCloseTo(0.05)
  for (let i = 0; i < 100; i++) line.add(2, 98)
  expect(line.share).toBeCloseTo(0.02)
})
