import { describe, expect, test } from 'vitest'
import type { Local, Path } from '../../../src/machine.ts'
import { Paths } from '../../../src/transport/link/paths.ts'
import { address } from '../../support/network.ts'
import { octets, randomOf } from './pair.ts'

const local: Local = { kind: 'udp4' }
const pathTo = (port: number, from = local): Path => ({ local: from, peer: address(`10.0.0.1:${port}`) })
const [home, there] = [pathTo(1), pathTo(2)]
const start = (isProven: boolean): Paths =>
  new Paths(home, { random: randomOf(1), role: isProven ? 'initiator' : 'responder' })
const newest = (path: Path, size = 100) => ({ path, size, isNewest: true, isProbing: false })

describe('a proven path', () => {
  test('takes any number of octets, and is never challenged', () => {
    const paths = start(true)
    paths.heard(newest(home), 0)
    expect(paths.spend(home, 1e9)).toBe(true)
    expect([paths.deadline, paths.due(1e9)]).toEqual([Infinity, []])
  })

  test('is left for another only at the echo of its very octets, from there', () => {
    const paths = start(true)
    paths.heard(newest(there), 0)
    const [challenge] = paths.due(0)
    expect(challenge).toMatchObject({ path: there })
    expect(paths.echoed(there, octets(8, 0), 0)).toBe(false)
    expect(paths.echoed(there, challenge!.octets.subarray(0, 7), 0)).toBe(false)
    expect(paths.echoed(home, challenge!.octets, 0)).toBe(false)
    expect(paths.echoed(pathTo(3), challenge!.octets, 0)).toBe(false)
    expect(paths.current).toBe(home)
    expect(paths.echoed(pathTo(2), challenge!.octets, 0)).toBe(true)
    expect(paths.current).toEqual(there)
    expect(paths.echoed(there, challenge!.octets, 0)).toBe(false)
    expect(paths.spend(there, 1e9)).toBe(true)
  })

  test('with the same address on another of our sockets is another path', () => {
    const paths = start(true)
    const beside = pathTo(1, { kind: 'udp4' })
    paths.heard(newest(beside), 0)
    expect(paths.due(0)).toMatchObject([{ path: beside }])
  })

  test('is not left for a frame that is older than the newest', () => {
    const paths = start(true)
    paths.heard({ ...newest(there), isNewest: false }, 0)
    expect(paths.due(0)).toEqual([])
  })
})

describe('an address that has not echoed', () => {
  test('gets three times what it sent, to the octet', () => {
    const paths = start(true)
    paths.heard(newest(there, 100), 0)
    expect(paths.spend(there, 300)).toBe(true)
    expect(paths.spend(there, 1)).toBe(false)
    paths.heard({ ...newest(there, 1), isNewest: false }, 0)
    expect(paths.spend(there, 4)).toBe(false)
    expect(paths.spend(there, 3)).toBe(true)
  })

  test('is challenged every 250 ms with the same octets, and forgotten after 5 s', () => {
    const paths = start(true)
    paths.heard(newest(there), 1_000)
    const all = []
    for (let now = 1_000; paths.deadline < Infinity; now = paths.deadline) all.push(...paths.due(now))
    expect(all).toHaveLength(20)
    expect(new Set(all.map((challenge) => String(challenge.octets))).size).toBe(1)
    expect(paths.echoed(there, all[0]!.octets, 0)).toBe(false)
  })

  test('is one of four at most', () => {
    const paths = start(true)
    for (let port = 2; port < 20; port++) paths.heard(newest(pathTo(port)), 0)
    expect(paths.due(0)).toHaveLength(4)
    paths.due(5_000)
    paths.heard(newest(pathTo(50)), 5_000)
    expect(paths.due(5_000)).toHaveLength(1)
  })
})

describe('the path an init came on', () => {
  test('gets nothing before a frame, then three times its octets until it echoes, however long', () => {
    const paths = start(false)
    expect([paths.deadline, paths.spend(home, 1)]).toEqual([Infinity, false])
    paths.heard(newest(home, 100), 0)
    expect(paths.spend(home, 300)).toBe(true)
    const [challenge] = paths.due(0)
    paths.due(60_000)
    expect(paths.spend(home, 1)).toBe(false)
    expect(paths.echoed(home, challenge!.octets, 0)).toBe(false) // believed, but not moved
    expect(paths.spend(home, 1e9)).toBe(true)
  })

  test('is left at once for where the first frame comes from, which is not believed either', () => {
    const paths = start(false)
    paths.heard(newest(there, 100), 0)
    expect(paths.current).toBe(there)
    expect([paths.spend(there, 300), paths.spend(there, 1)]).toEqual([true, false])
    paths.heard(newest(home, 100), 0)
    expect(paths.current).toBe(there)
    paths.due(60_000)
    expect(paths.spend(there, 1)).toBe(false)
  })
})
