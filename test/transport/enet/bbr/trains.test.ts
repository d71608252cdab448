import { describe, expect, test } from 'vitest'
import { RateSampler } from '../../../../src/transport/enet/bbr/rate.ts'
import { Trains } from '../../../../src/transport/enet/bbr/trains.ts'
import { Sent } from './packets.ts'

/** Trains of packets of 1,000 octets, one each 100 ms; `arrival` of each packet, in ms after the train left. */
function heard(arrivals: readonly (readonly number[])[]): number {
  const trains = new Trains()
  const sampler = new RateSampler()
  let number = 0
  for (const [i, train] of [...arrivals, [0]].entries()) {
    const packets = train.map((arrival) => ({ packet: new Sent(number++, i * 100), arrival }))
    for (const { packet } of packets) packet.snapshot = sampler.sent(packet, 1)
    for (const { packet, arrival } of packets) trains.acknowledged(packet, i * 100 + arrival)
  }
  return trains.rate
}

const spaced = (count: number, gap: number): number[] => Array.from({ length: count }, (_, i) => 50 + i * gap)

describe('the rate of a bottleneck', () => {
  test('is that at which the packets of a train come out of it', () => {
    expect(heard([spaced(16, 0.5)])).toBeCloseTo(2_000)
    expect(heard([spaced(16, 0.25)])).toBeCloseTo(4_000)
  })

  test('is not fooled by a receiver that acknowledges four at a time', () => {
    const inFours = spaced(16, 0.5).map((_, i) => 50 + (Math.floor(i / 4) * 4 + 3) * 0.5)
    expect(heard([inFours])).toBeCloseTo(2_000)
  })

  test('is a median: one train that a busy moment tore apart does not count', () => {
    expect(heard([spaced(16, 0.5), spaced(16, 5), spaced(16, 0.5)])).toBeCloseTo(2_000)
  })

  test('is not known from few packets, from what comes within a millisecond, or from nothing', () => {
    expect(heard([spaced(7, 0.5)])).toBe(Infinity)
    expect(heard([spaced(16, 0.05)])).toBe(Infinity)
    expect(heard([])).toBe(Infinity)
  })
})
