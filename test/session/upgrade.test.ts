import { describe, expect, test } from 'vitest'
import type { Local } from '../../src/machine.ts'
import type { End } from '../../src/nat/punch.ts'
import type { Goal, Way } from '../../src/nat/way.ts'
import { betterPaths, pathsTo, Upgrade } from '../../src/session/upgrade.ts'
import { address } from '../support/network.ts'

const [udp4, udp6]: readonly Local[] = [{ kind: 'udp4' }, { kind: 'udp6' }]
const end = (local: Local): End => ({ local, mapping: { kind: 'unknown' } })
const ends = [end(udp4!), end(udp6!)]
const goal = (at: string, way: Way): Goal => ({ address: address(at), way })

const lan = goal('192.168.1.2:1', 'lan')
const host = goal('203.0.113.1:1', 'host')
const punched = goal('203.0.113.1:2', 'punched')
const v6 = goal('[2001:db8::1]:1', 'ipv6')
const guesses = (['rumour', 'predicted', 'guessed'] as const).map((way) => goal('192.168.1.3:1', way))

/** The times at which it is due in the first minute. */
function times(upgrade: Upgrade, from = 0): number[] {
  const due: number[] = []
  for (let now = from; now < from + 60_000; now += 100) if (upgrade.isDue(now)) due.push(now - from)
  return due
}

describe('better paths are tried', () => {
  test('0.5, 3 and 10 s after the conversation began, once each', () => {
    const upgrade = new Upgrade(0)
    expect(upgrade.deadline).toBe(500)
    expect(times(upgrade)).toEqual([500, 3_000, 10_000])
    expect(upgrade.deadline).toBe(Infinity)
  })

  test('once for all that was missed', () => {
    const upgrade = new Upgrade(0)
    expect([upgrade.isDue(60_000), upgrade.isDue(60_000)]).toEqual([true, false])
  })

  test('0.5 and 3 s after he may be elsewhere, and what was due before stays due', () => {
    const upgrade = new Upgrade(0)
    times(upgrade)
    upgrade.soon(60_000)
    expect(times(upgrade, 60_000)).toEqual([500, 3_000])
    const early = new Upgrade(0)
    early.soon(2_000)
    expect(times(early)).toEqual([500, 2_500, 3_000])
  })

  test('are not put off by who says all the while that he may be elsewhere', () => {
    const upgrade = new Upgrade(0)
    let due = 0
    for (let now = 0; now < 10_000; now += 100) {
      upgrade.soon(now)
      if (upgrade.isDue(now)) due++
    }
    expect(due).toBeGreaterThan(10)
  })

  test('three times at the most, however often he may be elsewhere', () => {
    const upgrade = new Upgrade(0)
    for (let i = 0; i < 1_000; i++) upgrade.soon(i)
    expect(times(upgrade, 1_000).length).toBeLessThanOrEqual(3)
  })
})

describe('better paths', () => {
  test('are those of a better kind, the best first, each from the ends of its family', () => {
    expect(betterPaths(punched, [host, punched, v6, lan], ends)).toEqual([
      { local: udp4, peer: lan.address },
      { local: udp6, peer: v6.address },
      { local: udp4, peer: host.address },
    ])
    expect(betterPaths(v6, [host, punched, v6, lan], ends)).toEqual([{ local: udp4, peer: lan.address }])
    expect(betterPaths(lan, [host, punched, v6, lan], ends)).toEqual([])
  })

  test('are as good ones too, if he does not say any more that he is where we speak with him', () => {
    const other = goal('203.0.113.7:1', 'punched')
    expect(betterPaths(punched, [other, punched], ends)).toEqual([])
    expect(betterPaths(punched, [other], ends)).toEqual([{ local: udp4, peer: other.address }])
    expect(betterPaths(lan, [other], ends)).toEqual([])
  })

  test('need an end of the address’s family', () => {
    expect(betterPaths(punched, [v6, lan], [end(udp6!)])).toEqual([{ local: udp6, peer: v6.address }])
  })

  test('are neither guesses nor somebody’s word', () => {
    expect(pathsTo(guesses, ends)).toEqual([])
    expect(betterPaths(punched, guesses, ends)).toEqual([])
  })
})
