/** What BBR does on lines in virtual time; the figures are those of docs/decisions/034-bbr.md. */
import { describe, expect, test } from 'vitest'
import { classic } from '../../../../src/transport/enet/classic.ts'
import { broadband, bulk, Flow, full } from '../../../support/line/bulk.ts'
import { Line } from '../../../support/line/line.ts'

/** 100 Mbit/s with a queue of 256 datagrams. */

describe('the first search for the rate', () => {
  test.each([10, 50])('finds it within two seconds and overflows nothing, %i ms away', (delay) => {
    const line = new Line({ ...broadband, delay })
    const flow = new Flow(line, {})
    flow.octets = Infinity
    line.run(2_000)
    expect(line.tally('left').dropped).toBe(0)
    const before = flow.delivered
    line.run(1_000)
    expect((flow.delivered - before) / 1e6).toBeGreaterThan(0.9 * full)
  })

  test('finds a slow line’s as well', () => {
    const { goodput, data } = bulk({ rate: 1, queue: 256, delay: 100, megabytes: 1 })
    expect(goodput).toBeGreaterThan(0.85 * 0.125)
    expect(data.dropped).toBe(0)
  })
})

test('a line that loses 5 % is filled, and little more than that is sent again', () => {
  const { isWhole, goodput, retransmitted } = bulk({ ...broadband, delay: 10, loss: 0.05, megabytes: 8 })
  expect(isWhole).toBe(true)
  expect(goodput).toBeGreaterThan(0.5 * full)
  expect(retransmitted).toBeLessThan(0.07)
})

describe('the queue', () => {
  test.each([10, 50])(
    'of an idle 10 Mbit/s line stays below one and a half round trips, %i ms away',
    (delay) => {
      const { data } = bulk({ rate: 10, queue: 1_000, delay, megabytes: 5 })
      expect(data.wait.max).toBeLessThan(1.5 * 2 * delay)
      expect(data.wait.mean).toBeLessThan(delay)
    },
  )
})

test('after a pause the rate is used at once, without a burst that the queue does not hold', () => {
  const line = new Line({ rate: 50, queue: 256, delay: 50 })
  const flow = new Flow(line, { messageSize: 1_000 })
  flow.octets = 15e6
  line.run(60_000, () => flow.delivered >= 15e6)
  line.run(2_000)
  line.measure()
  const before = line.now
  for (let i = 0; i < 2_000; i++) flow.peer!.send(new Uint8Array(1_000), { channel: 0 })
  const waiting = () => (flow.peer?.room ?? 0) < 262_144
  line.run(10_000, () => !waiting())
  const ms = line.now - before
  expect(line.tally('left').dropped).toBe(0)
  expect(ms).toBeLessThan(2 * 330) // 2 MB at 50 Mbit/s
})

test('the bandwidth that the peer leaves is kept', () => {
  const run = (incoming: number): number =>
    bulk({
      rate: 100,
      queue: 256,
      delay: 50,
      megabytes: 1,
      receiver: { bandwidth: { incoming, outgoing: 0 } },
    }).goodput
  expect(run(100_000)).toBeLessThan(0.65) // 64 KiB each round trip, and less
  expect(run(0)).toBeGreaterThan(1)
})

test('C ENet’s way fills no line of length: 64 KiB each round trip', () => {
  const { goodput } = bulk({ ...broadband, delay: 50, megabytes: 2, sending: classic })
  expect(goodput).toBeLessThan(0.7)
})

test('a spike of the way back is over when it is over: no round trip is measured from the wrong sending', () => {
  // All that is acknowledged within 300 ms arrives at their end.
  const spike = Array.from({ length: 61 }, (_, i) => ({
    at: 3_000 + i * 5,
    delay: 350 - i * 5,
    from: 'right' as const,
  }))
  const line = new Line({ rate: 20, queue: 256, delay: 50, changes: spike })
  const flow = new Flow(line, {})
  flow.octets = Infinity
  line.run(4_000)
  const before = flow.delivered
  line.run(3_000)
  expect((flow.delivered - before) / 3e6).toBeGreaterThan(0.8 * 2.5)
})

test('in an outage each probe is one datagram, also when lines of talk wait beside a file', () => {
  const line = new Line({ ...broadband, delay: 50, outages: [[3_000, 12_000]] })
  const flow = new Flow(line, {})
  flow.octets = Infinity
  line.run(3_200)
  const sentAt = new Map<number, number>()
  const { passes } = line
  line.passes = (datagram, from) => {
    if (from === 'left') sentAt.set(Math.floor(line.now), (sentAt.get(Math.floor(line.now)) ?? 0) + 1)
    return passes(datagram, from)
  }
  for (let i = 0; i < 3; i++) {
    line.run(1_000)
    flow.peer!.send(new Uint8Array(60), { channel: 0 })
  }
  line.run(2_000)
  expect(Math.max(...sentAt.values())).toBeLessThan(4)
  expect(sentAt.size).toBeGreaterThan(5) // more than the ping of each 500 ms: probes go on
  expect([...sentAt.values()].reduce((sum, count) => sum + count, 0)).toBeLessThan(30)
})
