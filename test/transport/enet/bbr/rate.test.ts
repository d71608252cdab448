import { describe, expect, test } from 'vitest'
import { RateSampler } from '../../../../src/transport/enet/bbr/rate.ts'
import { Sent } from './packets.ts'

/** Packets of 1,000 octets, sent at these times, none acknowledged meanwhile. */
function sent(sampler: RateSampler, times: readonly number[]): Sent[] {
  return times.map((at, i) => {
    const packet = new Sent(i, at)
    packet.snapshot = sampler.sent(packet, i * 1_000)
    return packet
  })
}

describe('a delivery rate sample', () => {
  test('is what was acknowledged over the time it took, counted from the acknowledgement before', () => {
    const sampler = new RateSampler()
    const [a, b] = sent(sampler, [0, 10])
    sampler.acknowledged(a!, 100)
    const first = sampler.take(0)
    expect([first?.rate, first?.rtt, first?.newlyAcknowledged]).toEqual([10, 100, 1_000])
    sampler.acknowledged(b!, 110)
    expect(sampler.take(0)?.rate).toBeCloseTo(2_000 / 110)
  })

  test('takes the longer of the time to send and the time to hear: neither squeezed acknowledgements nor a burst make it high', () => {
    const squeezed = new RateSampler()
    for (const packet of sent(squeezed, [0, 50, 100])) squeezed.acknowledged(packet, 120)
    expect(squeezed.take(0)?.rate).toBe(25)
    const burst = new RateSampler()
    for (const [i, packet] of sent(burst, [0, 0, 0]).entries()) burst.acknowledged(packet, 100 + i * 50)
    expect(burst.take(0)?.rate).toBe(15)
  })

  test('over less than the shortest round trip is none', () => {
    const sampler = new RateSampler()
    const [packet] = sent(sampler, [0])
    sampler.acknowledged(packet!, 40)
    expect(sampler.take(50)).toMatchObject({ rate: 0, delivered: 1_000 })
  })

  test('without an acknowledgement is none at all', () => {
    const sampler = new RateSampler()
    sent(sampler, [0])
    expect(sampler.take(0)).toBeUndefined()
  })

  test('tells what was lost, and what was in flight, since its packet left', () => {
    const sampler = new RateSampler()
    const packets = sent(sampler, [0, 1, 2])
    sampler.lost += 1_000
    sampler.acknowledged(packets[2]!, 100)
    expect(sampler.take(0)).toMatchObject({ lost: 1_000, inFlight: 3_000 })
  })
})

test('what leaves while there is nothing more to send is marked, until all of that has arrived', () => {
  const sampler = new RateSampler()
  const [a] = sent(sampler, [0])
  sampler.limited(1_000)
  const b = new Sent(1, 10)
  b.snapshot = sampler.sent(b, 1_000)
  expect([a?.snapshot?.isAppLimited, b.snapshot.isAppLimited]).toEqual([false, true])
  sampler.acknowledged(a!, 100)
  sampler.take(0)
  expect(sampler.isAppLimited).toBe(true)
  sampler.acknowledged(b, 110)
  sampler.take(0)
  expect(sampler.isAppLimited).toBe(false)
})
