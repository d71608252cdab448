import { describe, expect, test } from 'vitest'
import type { Local, Path } from '../../../src/machine.ts'
import { Paths } from '../../../src/transport/link/paths.ts'
import type { Role } from '../../../src/transport/link/sealed.ts'
import { address } from '../../support/network.ts'
import { octets, randomOf } from './pair.ts'

const local: Local = { kind: 'udp4' }
const pathTo = (port: number, from = local): Path => ({ local: from, peer: address(`10.0.0.1:${port}`) })
const [home, there] = [pathTo(1), pathTo(2)]
const newest = (path: Path, size = 100) => ({ path, size, isNewest: true, isProbing: false })
const unproven = (role: Role, credit: number): Paths =>
  new Paths(home, { random: randomOf(1), role, credit, now: 0 })
const proven = (role: Role): Paths => {
  const paths = unproven(role, 0)
  paths.heard(newest(home), 0)
  expect(paths.echoed(home, paths.due(0)[0]!.octets, 0)).toBe(false) // believed, but not moved
  return paths
}
const start = (isProven: boolean, credit = 0): Paths =>
  isProven ? proven('initiator') : unproven('responder', credit)

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
  test('gets what it sent, to the octet', () => {
    const paths = start(true)
    paths.heard(newest(there, 100), 0)
    expect([paths.affords(there, 100), paths.affords(there, 101)]).toEqual([true, false])
    expect(paths.spend(there, 100)).toBe(true)
    expect(paths.spend(there, 1)).toBe(false)
    paths.heard({ ...newest(there, 3), isNewest: false }, 0)
    expect(paths.spend(there, 4)).toBe(false)
    expect(paths.spend(there, 3)).toBe(true)
  })

  test('is not challenged before its octets pay for that', () => {
    const paths = start(true)
    paths.heard(newest(there, 40), 0)
    expect([paths.deadline, paths.due(0)]).toEqual([Infinity, []])
    paths.heard({ ...newest(there, 1), isNewest: false }, 10)
    expect(paths.due(10)).toMatchObject([{ path: there }])
  })

  test('is challenged every 250 ms with the same octets, four times more than it sent frames', () => {
    const paths = start(true)
    paths.heard(newest(there, 1_232), 1_000) // would pay for 14
    const all: [number, string][] = []
    const ask = (from: number): void => {
      for (let now = from; now < Infinity; now = paths.deadline)
        for (const { path, octets } of paths.due(now)) {
          expect(paths.spend(path, 41)).toBe(true)
          all.push([now, String(octets)])
        }
    }
    ask(1_000)
    expect(all.map(([now]) => now)).toEqual([1_000, 1_250, 1_500, 1_750, 2_000])
    paths.heard({ ...newest(there, 41), isNewest: false }, 3_000)
    ask(3_000)
    expect(all.slice(5).map(([now]) => now)).toEqual([3_000])
    expect(new Set(all.map(([, octets]) => octets)).size).toBe(1)
  })

  test('is forgotten after 5 s, on time: another may be tried then', () => {
    const paths = start(true)
    for (let port = 2; port < 6; port++) paths.heard(newest(pathTo(port)), 1_000)
    const [first] = paths.due(1_000)
    paths.heard(newest(pathTo(6)), 6_000)
    expect(paths.due(6_000)).toMatchObject([{ path: pathTo(6) }])
    expect(paths.echoed(first!.path, first!.octets, 6_000)).toBe(false)
  })

  test('has each frame counted with 48 octets of headers: two short ones pay for no long one', () => {
    const paths = start(true)
    for (let i = 0; i < 2; i++) paths.heard(newest(there, 41), 0)
    expect([paths.affords(there, 131), paths.affords(there, 130)]).toEqual([false, true])
    expect([paths.spend(there, 41), paths.spend(there, 42), paths.spend(there, 41)]).toEqual([
      true,
      false,
      true,
    ])
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
  test('gets nothing before a frame, then its octets and what the init left until it echoes, however long', () => {
    const paths = start(false, 116)
    expect([paths.deadline, paths.affords(home, 1), paths.spend(home, 1)]).toEqual([Infinity, false, false])
    paths.heard(newest(home, 100), 0)
    const [challenge] = paths.due(0)
    expect([paths.spend(home, 217), paths.spend(home, 216)]).toEqual([false, true])
    paths.due(60_000)
    expect(paths.spend(home, 1)).toBe(false)
    expect(paths.echoed(home, challenge!.octets, 0)).toBe(false) // believed, but not moved
    expect(paths.spend(home, 1e9)).toBe(true)
  })

  test('is left at once for where the first frame comes from, which is not believed either', () => {
    const paths = start(false, 116)
    paths.heard(newest(there, 100), 0)
    expect(paths.current).toBe(there)
    expect([paths.spend(there, 101), paths.spend(there, 100)]).toEqual([false, true])
    paths.heard(newest(home, 100), 0)
    expect(paths.current).toBe(there)
    paths.due(60_000)
    expect(paths.spend(there, 1)).toBe(false)
  })
})

describe('paths that our owner offers', () => {
  const offered = [pathTo(11), pathTo(12), pathTo(13)] as const
  const offer = (paths: readonly Path[] = offered): Paths => {
    const all = start(true)
    all.offer(paths, 0)
    return all
  }
  const challenges = (paths: Paths, until: number): [number, number][] => {
    const all: [number, number][] = []
    for (let now = paths.deadline; now <= until; now = paths.deadline)
      for (const { path } of paths.due(now)) all.push([now, Number(path.peer.split(':')[1])])
    return all
  }
  const octetsTo = (paths: Paths, path: Path): Uint8Array =>
    paths.due(0).find((challenge) => challenge.path === path)!.octets

  test('are challenged at 0, 250, 500 and 1,000 ms, and no more', () => {
    const paths = offer([pathTo(11)])
    expect(challenges(paths, 1e6)).toEqual([0, 250, 500, 1_000].map((at) => [at, 11]))
    for (let i = 0; i < 4; i++) expect(paths.spend(pathTo(11), 41)).toBe(true)
    expect(paths.spend(pathTo(11), 1)).toBe(false)
  })

  test('are eight at most, each once, none that is in use', () => {
    const many = Array.from({ length: 30 }, (_, i) => pathTo(20 + (i >> 1)))
    expect(challenges(offer([home, ...many]), 0)).toHaveLength(7)
    expect(challenges(offer(many), 0)).toHaveLength(8)
  })

  test('the best is taken at once; a worse one when the better ones have had 300 ms more', () => {
    const best = offer()
    expect(best.echoed(offered[0], octetsTo(best, offered[0]), 50)).toBe(true)
    expect(best.current).toBe(offered[0])
    const paths = offer()
    const octets = paths.due(0).map((challenge) => challenge.octets)
    expect(paths.echoed(offered[2], octets[2]!, 50)).toBe(false)
    expect(paths.echoed(offered[1], octets[1]!, 200)).toBe(false)
    expect([paths.current, paths.deadline]).toEqual([home, 250])
    paths.due(250)
    expect([paths.deadline, paths.decide(349)]).toEqual([350, false])
    expect(paths.decide(350)).toBe(true)
    expect(paths.current).toBe(offered[1])
    expect(paths.echoed(offered[2], octets[2]!, 360)).toBe(false) // worse: forgotten
    expect(paths.echoed(offered[0], octets[0]!, 900)).toBe(true) // better: still welcome
    expect(paths.current).toBe(offered[0])
  })

  test('are given up after 5 s, and withdrawn by another offer', () => {
    const late = offer()
    const octets = octetsTo(late, offered[0])
    expect(late.echoed(offered[0], octets, 5_000)).toBe(false)
    const withdrawn = offer()
    const first = octetsTo(withdrawn, offered[0])
    withdrawn.offer([offered[1]], 10)
    expect(withdrawn.echoed(offered[0], first, 50)).toBe(false)
  })

  test('are not begun anew when they are offered again', () => {
    const paths = offer()
    const octets = octetsTo(paths, offered[0])
    for (let now = 0; now <= 4_000; now += 100) paths.offer(offered, now)
    expect(challenges(paths, 1e6)).toHaveLength(9)
    expect(paths.echoed(offered[0], octets, 4_500)).toBe(true)
  })

  test('are challenged again when the other side is heard there, by any frame, for its octets', () => {
    const paths = offer([pathTo(11)])
    challenges(paths, 2_000)
    for (let i = 0; i < 4; i++) paths.spend(pathTo(11), 41)
    paths.heard({ path: pathTo(11), size: 41, isNewest: false, isProbing: true }, 3_000)
    expect(paths.due(3_000)).toHaveLength(1)
    expect([paths.spend(pathTo(11), 41), paths.spend(pathTo(11), 1)]).toEqual([true, false])
  })

  test('do not end because a frame that only asks or echoes came from elsewhere', () => {
    const paths = start(true)
    paths.heard({ ...newest(there), isProbing: true }, 0)
    expect(paths.due(0)).toEqual([])
  })
})

describe('who has just moved by his own choice', () => {
  const moved = (role: Role): Paths => {
    const paths = proven(role)
    paths.offer([there], 0)
    paths.echoed(there, paths.due(0)[0]!.octets, 0)
    expect(paths.current).toBe(there)
    return paths
  }
  const follows = (paths: Paths, path: Path, now: number): boolean => {
    paths.heard(newest(path), now)
    return paths.due(now).length > 0
  }

  test.each([
    ['initiator', 3_000],
    ['responder', 1_000],
  ] as const)(
    'the %s does not follow the other side back for %i ms, and anywhere else at once',
    (role, away) => {
      expect(follows(moved(role), home, away - 1)).toBe(false)
      expect(follows(moved(role), home, away)).toBe(true)
      expect(follows(moved(role), pathTo(3), 0)).toBe(true)
    },
  )

  test.each([
    ['initiator', false],
    ['responder', true],
  ] as const)('after following, the %s may be called back: %s', (role, isFollowed) => {
    const paths = moved(role)
    paths.heard(newest(pathTo(3)), 5_000)
    paths.echoed(pathTo(3), paths.due(5_000)[0]!.octets, 5_010)
    expect(paths.current).toEqual(pathTo(3))
    expect(follows(paths, there, 5_020)).toBe(isFollowed)
  })
})

describe('when our network changed', () => {
  const fresh: Local = { kind: 'udp4' }
  const again = pathTo(1, fresh)
  const mostNamed = 8 * (41 + 48) - 48 // in one frame

  test('frames go to the known address from the new end at once, and nothing to the old end', () => {
    const paths = start(true)
    paths.localGone(local)
    expect([paths.isCut, paths.spend(home, 1)]).toEqual([true, false])
    paths.moved([again, pathTo(2, fresh), home], 0)
    expect([paths.isCut, paths.current]).toEqual([false, again])
    expect(paths.due(0).map(({ path }) => path)).toEqual([again, pathTo(2, fresh)])
    expect(paths.spend(again, 1e6)).toBe(true)
    for (let i = 0; i < 8; i++) expect(paths.spend(pathTo(2, fresh), 41)).toBe(true)
    expect(paths.spend(pathTo(2, fresh), 1)).toBe(false)
  })

  test('the first that echoes is taken, better or worse, and told even if frames went there already', () => {
    const paths = start(true)
    paths.moved([again, pathTo(2, fresh)], 0)
    const [first, second] = paths.due(0)
    expect(paths.echoed(second!.path, second!.octets, 10)).toBe(true)
    expect(paths.current).toBe(second!.path)
    expect(paths.echoed(first!.path, first!.octets, 20)).toBe(false)
    const other = start(true)
    other.moved([again], 0)
    expect(other.echoed(again, other.due(0)[0]!.octets, 10)).toBe(true)
  })

  test('each gets eight challenges in 16 s, and has 30 s', () => {
    const paths = start(true)
    paths.moved([again], 0)
    const times: number[] = []
    for (let now = 0; now < Infinity; now = paths.deadline) if (paths.due(now).length > 0) times.push(now)
    expect(times).toEqual([0, 250, 500, 1_000, 2_000, 4_000, 8_000, 16_000])
    const late = start(true)
    late.moved([again], 0)
    expect(late.echoed(again, late.due(0)[0]!.octets, 30_000)).toBe(false)
  })

  test('better paths that are offered meanwhile are tried beside, and a first echo wins', () => {
    const paths = start(true)
    paths.moved([again], 0)
    const known = paths.due(0)[0]!
    paths.offer([pathTo(5, fresh)], 100)
    const [added] = paths.due(100)
    expect(added?.path).toEqual(pathTo(5, fresh))
    expect(paths.echoed(again, known.octets, 150)).toBe(true)
    expect(paths.echoed(pathTo(5, fresh), added!.octets, 160)).toBe(false)
  })

  test('an address that never echoed is sent no more for it, also after its end was closed', () => {
    const closed = start(false)
    closed.heard(newest(home, 10), 0)
    closed.localGone(local)
    closed.moved([again], 0)
    expect([closed.spend(again, mostNamed + 1), closed.spend(again, mostNamed)]).toEqual([false, true])
    const paths = start(false)
    paths.heard(newest(home, 10), 0)
    paths.moved([again, home], 0)
    expect([paths.current, paths.spend(home, 31)]).toEqual([home, false])
    expect(paths.spend(again, mostNamed + 1)).toBe(false)
  })
})
