import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RoundTrip } from '../../../src/transport/enet/roundtrip.ts'
import { PacketThrottle } from '../../../src/transport/enet/throttle.ts'

/** How many of so many unreliable messages leave. */
const admitted = (throttle: PacketThrottle, of: number): number =>
  Array.from({ length: of }, () => throttle.admits()).filter((isAdmitted) => isAdmitted).length

/** A throttle at some value: each sample over 500 ms takes 2 at the start. */
function lowered(steps: number): PacketThrottle {
  const throttle = new PacketThrottle()
  for (let i = 0; i < steps; i++) throttle.sampled(501)
  return throttle
}

test('of 32 messages one more than its value leaves, and all at 32', () => {
  expect([0, 1, 8, 15, 16].map((steps) => admitted(lowered(steps), 32))).toEqual([32, 31, 17, 3, 1])
})

test('they are spread: at 16 never more than two of the same fate in a row', () => {
  const throttle = lowered(8)
  const fates = Array.from({ length: 64 }, () => (throttle.admits() ? 'x' : '.')).join('')
  expect(fates).not.toMatch(/x{4}|\.{4}/)
})

test('a limit lowers it at once, and holds it down until it is lifted', () => {
  const throttle = new PacketThrottle()
  throttle.limit(5)
  expect(throttle.value).toBe(5)
  throttle.sampled(1)
  expect(throttle.value).toBe(5)
  throttle.limit(32)
  expect(throttle.value).toBe(5)
  throttle.sampled(1)
  expect(throttle.value).toBe(7)
})

test('it moves by what is configured', () => {
  const throttle = new PacketThrottle()
  throttle.configure({ interval: 1_000, acceleration: 1, deceleration: 10 })
  throttle.sampled(501)
  expect(throttle.value).toBe(22)
  throttle.sampled(500)
  expect(throttle.value).toBe(23)
})

test('whatever it is told, it stays within 0 and its limit', () => {
  const u32 = fc.nat(0xffffffff)
  const step = fc.oneof(
    fc.record({ sample: fc.integer({ min: 1, max: 100_000 }) }),
    fc.record({ limit: fc.integer({ min: 0, max: 32 }) }),
    fc.record({ interval: u32, acceleration: u32, deceleration: u32 }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const throttle = new PacketThrottle()
      const estimate = new RoundTrip()
      let limit = 32
      for (const [now, step] of steps.entries()) {
        if ('sample' in step) {
          throttle.sampled(step.sample)
          estimate.add(step.sample)
          throttle.estimated(estimate, now * 700)
        } else if ('limit' in step) {
          limit = step.limit
          throttle.limit(limit)
        } else throttle.configure(step)
        expect(throttle.value).toBeGreaterThanOrEqual(0)
        expect(throttle.value).toBeLessThanOrEqual(limit)
      }
    }),
    { numRuns: 300 },
  )
})
