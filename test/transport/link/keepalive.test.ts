import { describe, expect, test } from 'vitest'
import type { NatType } from '../../support/network.ts'
import { connect, type Ends, portRestricted } from './ends.ts'
import { randomOf } from './pair.ts'

type Refreshed = 'outbound' | 'both'

const natOf = (seconds: number, refreshedBy: Refreshed): NatType => ({
  ...portRestricted,
  lifetime: { ms: seconds * 1_000, refreshedBy },
})

const octetsSent = ({ one, two }: Ends): number =>
  [one, two].reduce((sum, { link }) => sum + link!.sent.octets + 28 * link!.sent.frames, 0)

/** Octets a second of each side, with IPv4 and UDP, of an hour in which nobody speaks. */
function idleRate(ends: Ends): number {
  const before = octetsSent(ends)
  ends.network.run(3_600_000)
  return (octetsSent(ends) - before) / 3_600 / 2
}

describe('behind NATs that forget after', () => {
  test.each<[number, Refreshed, number]>([
    [10, 'outbound', 17],
    [10, 'both', 17],
    [30, 'outbound', 3.5],
    [30, 'both', 3.5],
    [100, 'outbound', 1],
    [100, 'both', 1],
    [300, 'outbound', 0.7],
    [300, 'both', 0.7],
  ])(
    '%i s (refreshed by %s) an idle link lives, and sends at most %f octets a second a side',
    (seconds, refreshed, limit) => {
      const nat = natOf(seconds, refreshed)
      const ends = connect({ seed: seconds, nats: [nat, nat], latency: [20, 60] })
      ends.network.run(1_800_000)
      const rate = idleRate(ends)
      console.log(
        seconds,
        refreshed,
        rate.toFixed(2),
        ends.one.link!.sent,
        ends.one.kinds(),
        ends.two.kinds(),
      )
      expect(rate).toBeLessThan(limit)
      expect([ends.one.kinds(), ends.two.kinds()]).toEqual([['up'], ['up']])
    },
  )

  test.each([
    [10, 10],
    [30, 30],
    [100, 100],
    [300, 300],
    [10, 300],
    [300, 30],
    [40, 100],
  ])('%i and %i s, what is said at any time arrives once, in order', (first, second) => {
    const delays: number[] = []
    for (const seed of [1, 2, 3]) {
      const { network, one, two } = connect({
        seed: seed * 1_000 + first,
        nats: [natOf(first, 'outbound'), natOf(second, 'outbound')],
        latency: [20, 60],
      })
      const random = randomOf(seed)
      const said: Record<'one' | 'two', { text: string; at: number }[]> = { one: [], two: [] }
      for (let i = 0; i < 60; i++) {
        network.run((5 + (random(1)[0]! * 85) / 255) * 1_000)
        const from = random(1)[0]! % 2 === 0 ? 'one' : 'two'
        said[from].push({ text: `${i}`, at: network.now })
        ;(from === 'one' ? one : two).say(`${i}`)
      }
      network.run(60_000)
      expect(two.texts).toEqual(said.one.map(({ text }) => text))
      expect(one.texts).toEqual(said.two.map(({ text }) => text))
      const late = [
        ...said.one.map(({ at }, i) => two.heard[i]!.at - at),
        ...said.two.map(({ at }, i) => one.heard[i]!.at - at),
      ]
      delays.push(...late)
    }
    delays.sort((a, b) => b - a)
    console.log(
      first,
      second,
      delays.slice(0, 6).map(Math.round),
      delays.filter((d) => d > 1_000).length,
      delays.length,
    )
    expect(delays[0]).toBeLessThan(32_000)
  })
})
