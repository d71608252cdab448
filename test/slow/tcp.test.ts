/** The TCP that stands beside hosts on an emulated line does what its RFCs say. */
import { expect, test } from 'vitest'
import { Line } from '../support/line/line.ts'
import { share } from '../support/line/share.ts'
import { type Control, tcp } from '../support/line/tcp.ts'

/** MB/s of one flow alone, in the second half of `ms`. */
function alone(control: Control, options: { loss: number; ms: number }): number {
  const line = new Line({ ...options, delay: 50, rate: 100, queue: 256 })
  const flow = tcp(line, control)
  line.run(options.ms / 2)
  const before = flow.delivered
  line.run(options.ms / 2)
  return (flow.delivered - before) / (options.ms / 2) / 1_000
}

test('CUBIC fills 100 Mbit/s over 100 ms when nothing else is lost than what the queue drops', () => {
  expect(alone('cubic', { loss: 0, ms: 16_000 })).toBeGreaterThan(0.95 * 12.07)
})

test('at a loss of 0.1 % both keep 38.7 segments in flight (RFC 5681; RFC 9438, section 5.1)', () => {
  for (const control of ['cubic', 'reno'] as const) {
    const segments = (alone(control, { loss: 0.001, ms: 60_000 }) * 1e6 * 0.1) / 1_448
    expect([control, segments > 38.7 * 0.75, segments < 38.7 * 1.35]).toEqual([control, true, true])
  }
})

test('two of a kind share 10 Mbit/s; CUBIC takes more than Reno', () => {
  const line = { delay: 50, rate: 10, queue: 64, hosts: 0 }
  const [a, b] = share({ ...line, others: ['cubic', 'cubic'] }).others
  expect(a! / (a! + b!)).toBeCloseTo(0.5, 0.7)
  const [cubic, reno] = share({ ...line, others: ['cubic', 'reno'] }).others
  expect(cubic! / (cubic! + reno!)).toBeGreaterThan(0.55)
})

test('a host with a window of 64 KiB takes no more than that beside a CUBIC, which takes the rest', () => {
  const {
    share: taken,
    hosts,
    utilisation,
  } = share({ delay: 50, rate: 10, queue: 64, warmUp: 5_000, ms: 10_000 })
  expect(taken).toBeLessThan(0.6)
  expect(hosts[0]).toBeLessThan(0.65)
  expect(utilisation).toBeGreaterThan(0.95)
})
