import { describe, expect, test } from 'vitest'
import { epochOf } from '../../src/profile/pair.ts'
import { Neighbours } from '../../src/session/neighbours.ts'
import { address } from '../support/network.ts'
import { wall } from './people.ts'

const at = (n: number) => address(`192.168.1.${n}:4000`)
const epoch = epochOf(wall(0))
const ours = { epoch, wall: wall(0) }

describe('where a buddy was heard on our link', () => {
  test('is told with what was heard last first, and once each', () => {
    const heard = new Neighbours()
    expect([1, 2, 3].map((n) => heard.hear(at(n), ours, n))).toEqual([true, true, true])
    expect(heard.hear(at(1), ours, 4)).toBe(false)
    expect(heard.addresses).toEqual([at(1), at(3), at(2)])
  })

  test('is forgotten 150 s after he was heard there last', () => {
    const heard = new Neighbours()
    heard.hear(at(1), ours, 0)
    heard.hear(at(2), ours, 0)
    heard.hear(at(2), ours, 1_000)
    heard.expire(149_999)
    expect(heard.addresses).toHaveLength(2)
    heard.expire(150_000)
    expect(heard.addresses).toEqual([at(2)])
    heard.expire(151_000)
    expect(heard.addresses).toEqual([])
  })

  test('is one of 32 addresses: the one not heard for longest makes room', () => {
    const heard = new Neighbours()
    for (let n = 0; n < 100; n++) heard.hear(at(n), ours, n)
    expect(heard.addresses).toEqual(Array.from({ length: 32 }, (_, i) => at(99 - i)))
  })

  test('goes with an hour of his own only if his clock is more than one hour off', () => {
    const heard = new Neighbours()
    for (const [n, told] of [epoch, epoch + 1, epoch - 1, epoch + 2, epoch - 9].entries())
      heard.hear(at(n), { ...ours, epoch: told }, 0)
    expect([0, 1, 2, 3, 4, 5].map((n) => heard.epochAt(at(n)))).toEqual([
      ...[undefined, undefined, undefined, epoch + 2, epoch - 9],
      undefined, // he was never heard there
    ])
  })

  test('is nowhere in another network', () => {
    const heard = new Neighbours()
    heard.hear(at(1), ours, 0)
    heard.clear()
    expect([heard.addresses, heard.hear(at(1), ours, 0)]).toEqual([[], true])
  })
})
