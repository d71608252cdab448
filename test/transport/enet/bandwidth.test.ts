import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  incomingShares,
  type Sharer,
  throttleLimits,
  unlimited,
} from '../../../src/transport/enet/bandwidth.ts'

/** A peer to which `offered` octets were queued, that takes `incoming` and sends `outgoing` a second. */
const peer = (offered: number, incoming = 0, outgoing = 0): Sharer => {
  return { offered, bandwidth: { incoming, outgoing } }
}
const own = (outgoing: number, incoming = 0) => ({ incoming, outgoing })

describe('of 32 parts of what is offered goes out', () => {
  test.each<[string, number[], Sharer[], number, number]>([
    ['all where nothing is limited', [32, 32], [peer(1e9), peer(5)], 0, 1_000],
    ['all within the limit', [32, 32], [peer(600), peer(400)], 1_000, 1_000],
    ['an even part beyond it', [16, 16], [peer(1_500), peer(500)], 1_000, 1_000],
    ['more in more time', [32, 32], [peer(1_500), peer(500)], 1_000, 2_000],
    ['nothing where not a 32nd is left', [0], [peer(33_000)], 1_000, 1_000],
    ['what a peer takes', [8, 32], [peer(4_000, 1_000), peer(9_000)], 0, 1_000],
    ['but never nothing of it', [1], [peer(1e6, 10)], 0, 1_000],
    [
      'what the others leave, of whose total its limit is taken',
      [8, 17],
      [peer(4_000, 1_000), peer(600)],
      3_000,
      1_000,
    ],
    ['nothing special where nothing is offered', [32], [peer(0, 5)], 5, 1_000],
  ])('%s', (_what, limits, peers, outgoing, elapsed) => {
    expect(throttleLimits(peers, own(outgoing), elapsed)).toEqual(limits)
  })
})

describe('a peer is told that it may send', () => {
  test.each<[string, number[], Sharer[], number]>([
    ['anything where nothing is limited', [0, 0], [peer(0, 0, 5), peer(0)], 0],
    ['an even share', [500, 500], [peer(0, 0, 800), peer(0, 0, 900)], 1_000],
    [
      'what it sends, where that is less; the others share the rest',
      [100, 900],
      [peer(0, 0, 100), peer(0, 0, 2_000)],
      1_000,
    ],
    ['nothing where it named no limit itself', [0, 1_000], [peer(0), peer(0, 0, 5_000)], 1_000],
  ])('%s', (_what, shares, peers, incoming) => {
    expect(incomingShares(peers, own(0, incoming))).toEqual(shares)
  })
})

const u32 = fc.nat(0xffffffff)
const sharers = fc.array(
  fc.record({ offered: u32, bandwidth: fc.record({ incoming: u32, outgoing: u32 }) }),
  { maxLength: 12 },
)

test('whatever the peers say, limits are 0 to 32 and what goes out is within our own, but for one part each', () => {
  fc.assert(
    fc.property(sharers, u32, fc.integer({ min: 1, max: 60_000 }), (peers, outgoing, elapsed) => {
      const limits = throttleLimits(peers, own(outgoing), elapsed)
      expect(limits).toHaveLength(peers.length)
      let total = 0
      for (const [i, limit] of limits.entries()) {
        expect(Number.isInteger(limit) && limit >= 0 && limit <= 32).toBe(true)
        const { offered, bandwidth } = peers[i]!
        const goes = (limit * offered) / 32
        total += goes
        const takes = (bandwidth.incoming * elapsed) / 1_000
        if (bandwidth.incoming > 0) expect(goes).toBeLessThanOrEqual(takes + offered / 32 + 1)
      }
      const slack = peers.reduce((sum, { offered }) => sum + offered / 32, 0)
      if (outgoing > 0) expect(total).toBeLessThanOrEqual((outgoing * elapsed) / 1_000 + slack + 1)
    }),
    { numRuns: 500 },
  )
})

test('the shares of those that name a limit are within our own', () => {
  fc.assert(
    fc.property(sharers, u32, (peers, incoming) => {
      const shares = incomingShares(peers, own(0, incoming))
      expect(shares.every((share) => Number.isInteger(share) && share >= 0)).toBe(true)
      const sum = shares.reduce((all, share) => all + share, 0)
      if (incoming > 0) expect(sum).toBeLessThanOrEqual(incoming)
    }),
    { numRuns: 500 },
  )
  expect(incomingShares([], unlimited)).toEqual([])
})
