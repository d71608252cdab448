import { describe, expect, test } from 'vitest'
import { Membership } from '../../src/discovery/membership.ts'
import type { Address } from '../../src/machine.ts'
import { address } from '../support/network.ts'

const node = (n: number): Address => address(`10.0.0.${n}:6881`)
const nodes = (from: number, count: number): Address[] =>
  Array.from({ length: count }, (_, i) => node(from + i))
const knowing = (...bootstrap: readonly Address[]): Membership => new Membership({ bootstrap, saved: [] })

describe('who is no member', () => {
  test('and knows nobody does nothing until somebody is named', () => {
    const membership = knowing()
    expect([membership.mustJoin(0), membership.deadline]).toEqual([false, Infinity])
    expect(membership.add([node(1)])).toBe(true)
    expect(membership.mustJoin(0)).toBe(true)
    expect(membership.add([node(1)])).toBe(false) // known
  })

  test('asks eight saved ones, then those to begin with, then the other saved ones, then those it heard of', () => {
    const membership = new Membership({ bootstrap: [node(1)], saved: nodes(10, 10) })
    membership.learn([node(2)])
    expect(membership.addresses).toEqual([...nodes(10, 8), node(1), ...nodes(18, 2), node(2)])
    membership.join(0, 1_000)
    expect(membership.addresses).toEqual([])
  })

  test('tries again after 1, 2, 4 … 60 s, and says once that nobody answers', () => {
    const membership = knowing(node(1))
    const gaps: number[] = []
    let now = 0
    for (let i = 0; i < 8; i++) {
      expect(membership.mustJoin(now)).toBe(true)
      expect(membership.lost(now)).toBe(i === 0)
      expect(membership.mustJoin(now)).toBe(false)
      gaps.push(membership.deadline - now)
      now = membership.deadline
    }
    expect(gaps.map((gap) => gap / 1_000)).toEqual([1, 2, 4, 8, 16, 32, 60, 60])
  })

  test('goes on waiting when others are heard of, and begins anew when others are named', () => {
    const membership = knowing(node(1))
    membership.lost(0)
    expect([membership.learn([node(2)]), membership.mustJoin(1)]).toEqual([false, false])
    expect([membership.add([node(3)]), membership.mustJoin(1)]).toEqual([true, true])
    const alone = knowing()
    expect([alone.learn([node(2)]), alone.mustJoin(1)]).toEqual([true, true])
  })
})

describe('a member', () => {
  const joined = (): Membership => {
    const membership = knowing(node(1))
    membership.join(0, 30_000)
    return membership
  }

  test('fills its table after 5 s, then three times as long each, at last every 15 minutes', () => {
    const membership = joined()
    const times: number[] = []
    const often: (string | undefined)[] = []
    for (let now = 0; now < 3_600_000; now += 1_000) {
      const refresh = membership.mustRefresh(now)
      if (refresh === undefined) continue
      times.push(now / 1_000)
      often.push(refresh)
    }
    expect(times).toEqual([5, 20, 65, 200, 605, 1_505, 2_405, 3_305])
    expect(often).toEqual([...Array(4).fill('often'), ...Array(4).fill('seldom')])
  })

  test('asks a node when it is time, and within 250 ms of one that did not answer', () => {
    const membership = joined()
    expect([membership.mustCheck(29_999), membership.mustCheck(30_000)]).toEqual([false, true])
    membership.checked(30_000, 30_000)
    expect(membership.mustCheck(30_001)).toBe(false)
    membership.missed(40_000)
    expect([membership.mustCheck(40_249), membership.mustCheck(40_250)]).toEqual([false, true])
  })

  test('joins anew when its network is another one, or nobody answers any more', () => {
    const moved = joined()
    moved.moved()
    expect([moved.isJoined, moved.mustJoin(1)]).toEqual([false, true])
    const lost = joined()
    expect([lost.lost(5_000), lost.deadline, lost.add([])]).toEqual([true, 6_000, false])
    expect(lost.mustJoin(6_000)).toBe(true)
  })
})
