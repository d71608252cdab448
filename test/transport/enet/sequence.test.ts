import { describe, expect, test } from 'vitest'
import { Outgoing, Ring } from '../../../src/transport/enet/flight.ts'
import { elapsed, RoundTrip } from '../../../src/transport/enet/roundtrip.ts'
import { placeOf, SendWindows } from '../../../src/transport/enet/sequence.ts'
import { UnsequencedWindow } from '../../../src/transport/enet/unsequenced.ts'

test.each([
  [0, 0, 'inside'],
  [28_671, 0, 'inside'],
  [28_672, 0, 'just-ahead'],
  [36_863, 0, 'just-ahead'],
  [36_864, 0, 'outside'],
  [65_535, 0, 'outside'],
  [4_095, 4_096, 'outside'], // behind counts as a turn ahead
  [0, 65_535, 'inside'],
  [24_575, 65_535, 'inside'],
  [24_576, 65_535, 'just-ahead'],
  [4_100, 4_200, 'outside'],
])('number %i is, seen from %i, %s', (sequence, current, place) => {
  expect(placeOf(sequence, current)).toBe(place)
})

describe('the first number of a window waits', () => {
  test('while the window before is full', () => {
    const windows = new SendWindows()
    for (let sequence = 0; sequence < 4_096; sequence++) windows.sent(sequence)
    expect(windows.mustWait(4_096)).toBe(true)
    expect(windows.mustWait(4_097)).toBe(false)
    windows.acknowledged(17)
    expect(windows.mustWait(4_096)).toBe(false)
  })

  test.each([
    [4_096, 1, true],
    [4_096, 10, true],
    [4_096, 11, false],
    [12 * 4_096, 5, true],
    [12 * 4_096, 6, false],
  ])('%i while window %i is in use: %s', (sequence, window, waits) => {
    const windows = new SendWindows()
    windows.sent(window * 4_096 + 9)
    expect(windows.mustWait(sequence)).toBe(waits)
    windows.acknowledged(window * 4_096 + 9)
    expect(windows.mustWait(sequence)).toBe(false)
  })
})

test.each([
  [0x1_0005, 5, 1], // 65,536 ms ago looks like now
  [0x1_0005, 4, 1],
  [0x1_0005, 0xfffe, 7],
  [0x1_0005, 6, undefined], // later than now
  [0x1_9005, 0x9006, undefined],
  [0x1_9005, 0x7fff, 0x1006],
  [1_000, 990, 10],
])('at %i a time of %i is so long ago: %s', (now, sentTime, ms) => {
  expect(elapsed(sentTime, now)).toBe(ms)
})

test('round trips are smoothed in whole numbers', () => {
  const roundTrip = new RoundTrip()
  expect([roundTrip.smoothed, roundTrip.timeout]).toEqual([500, 500])
  const seen = [100, 200, 30, 31].map((sample) => {
    roundTrip.add(sample)
    return [roundTrip.smoothed, roundTrip.variance, roundTrip.timeout]
  })
  expect(seen).toEqual([
    [100, 50, 300],
    [112, 63, 364],
    [102, 68, 374],
    [94, 68, 366],
  ])
})

test('a ring grows when two numbers fall on one place', () => {
  const ring = new Ring()
  const sequences = [65_535, 0, 7, 8, 15, 3_000]
  for (const sequence of sequences) ring.set(new Outgoing({ kind: 'ping', flags: 0, channel: 0, sequence }))
  for (const sequence of sequences) expect(ring.get(sequence)?.command.sequence).toBe(sequence)
  expect(ring.get(16)).toBeUndefined()
  ring.delete(8)
  expect(ring.get(8)).toBeUndefined()
})

test('an unsequenced group is taken once, and not from far ahead', () => {
  const window = new UnsequencedWindow()
  const asked = [1, 1, 1_023, 1_024, 1_024, 1, 1, 33_792, 33_791, 0xffff]
  // 1 is in the block before, counted as a turn ahead; what is 32 blocks ahead waits for nobody.
  expect(asked.map((group) => window.accept(group))).toEqual([
    true,
    false,
    true,
    true,
    false,
    false,
    false,
    false,
    true,
    true,
  ])
})
