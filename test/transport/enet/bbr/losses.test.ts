import { describe, expect, test } from 'vitest'
import { Losses } from '../../../../src/transport/enet/bbr/losses.ts'

/** The round trip times of one round after the other, 50 ms being the shortest. */
function heard(...rounds: readonly (readonly number[])[]): Losses {
  const losses = new Losses()
  for (const [i, rtts] of rounds.entries()) {
    losses.measure({ delivered: i * 100_000, lost: 0 })
    for (const rtt of rtts) losses.hear(rtt, 50)
  }
  return losses
}

describe('a queue', () => {
  test('is seen where every round trip takes longer', () => {
    expect(heard([50, 51], [70, 65], [66, 70]).isQueueing).toBe(true)
  })

  test('is not seen in some that are longer: a program was not run in time', () => {
    expect(heard([50, 51], [70, 52, 90], [66, 70]).isQueueing).toBe(false)
    expect(heard([50, 51], [70, 65], [66, 52, 70]).isQueueing).toBe(false)
  })
})

test('a loss without a queue is the line’s: no sign that too much is sent', () => {
  const [calm, busy, full] = [heard([50], [50]), heard([50], [52, 90]), heard([50], [70], [70])]
  for (const losses of [calm, busy, full]) losses.add(4_000, 100_000, 1_000)
  expect([calm, busy, full].map(({ isCongested }) => isCongested)).toEqual([false, false, true])
})
