import { expect, test } from 'vitest'
import { Classic } from '../../../src/transport/enet/classic.ts'
import { RoundTrip } from '../../../src/transport/enet/roundtrip.ts'

function controller(): Classic {
  const congestion = new Classic()
  congestion.configure({ mtu: 1_400, windowSize: 65_536 })
  return congestion
}

/** An estimate with these samples. */
function estimate(...samples: readonly number[]): RoundTrip {
  const roundTrip = new RoundTrip()
  for (const sample of samples) roundTrip.add(sample)
  return roundTrip
}

test('the window is the peer’s, scaled by a throttle that follows the round trips', () => {
  const congestion = controller()
  expect(congestion.window).toBe(65_536)
  congestion.throttle.sampled(501) // over 500, what is known at the start
  expect(congestion.window).toBe(61_440) // 30 / 32
  congestion.throttle.sampled(501)
  expect(congestion.window).toBe(57_344)
  congestion.throttle.sampled(500)
  expect(congestion.window).toBe(61_440)
})

test('one datagram may always be in flight', () => {
  const congestion = controller()
  for (let i = 0; i < 20; i++) congestion.throttle.sampled(10_000)
  expect(congestion.window).toBe(1_400)
})

test('where round trips vary more than they last, nothing is throttled', () => {
  const congestion = controller()
  for (let i = 0; i < 20; i++) congestion.throttle.sampled(10_000)
  congestion.throttle.estimated(estimate(1), 1_000) // 1 ms, variance 1
  congestion.throttle.sampled(10_000)
  expect(congestion.window).toBe(65_536)
})

test('what round trips are measured against is taken once an interval', () => {
  const congestion = controller()
  congestion.throttle.estimated(estimate(100, 100, 100, 100), 1_000) // variance 23 by then
  congestion.throttle.estimated(estimate(300), 5_999.9)
  congestion.throttle.sampled(200) // over 100 + 2 * 23
  expect(congestion.window).toBe(61_440)
  congestion.throttle.estimated(estimate(300), 6_000) // the lowest of the interval was 100 still
  congestion.throttle.estimated(estimate(300), 11_000)
  congestion.throttle.sampled(300)
  expect(congestion.window).toBe(65_536)
})
