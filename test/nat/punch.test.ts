import { describe, expect, test } from 'vitest'
import type { Address, Local } from '../../src/machine.ts'
import type { Candidate } from '../../src/nat/candidates.ts'
import type { Mapping } from '../../src/nat/mapping.ts'
import { Punch, type PunchOptions } from '../../src/nat/punch.ts'
import type { Goal, Way } from '../../src/nat/way.ts'
import { seeded } from '../session/people.ts'
import { address } from '../support/network.ts'

const udp4: Local = { kind: 'udp4' }
const udp6: Local = { kind: 'udp6' }
const own = address('203.0.113.9:9')
const easy: Mapping = { kind: 'same', address: own }
const hard: Mapping = { kind: 'changing', address: own }
const counter: Mapping = { kind: 'counting', address: own, next: [own] }
const [ends4, hardEnds] = [[{ local: udp4, mapping: easy }], [{ local: udp4, mapping: hard }]]

const candidate = (kind: Candidate['kind'], at: string): Candidate => ({ kind, address: address(at) })
const cone = candidate('reflexive', '198.51.100.1:4000')
const shown = candidate('changing', '198.51.100.1:4000')
const goal = (at: string, way: Way): Goal => ({ address: address(at), way })

function punch(options: Partial<PunchOptions> = {}): Punch {
  return new Punch({
    ends: ends4,
    candidates: [cone],
    startAt: 0,
    patience: 10_000,
    random: seeded(1),
    mayGuess: () => true,
    ...options,
  })
}

interface Sent {
  readonly at: number
  readonly local: Local
  readonly peer: Address
}

interface Run {
  readonly probes: Sent[]
  readonly opened: { at: number; local: Local }[]
}

/** Drains whenever it is due, from `from` until `until`; ends open `openAfter` ms later. */
function run(machine: Punch, { from = 0, until = Infinity, openAfter = 0 } = {}): Run {
  const ran: Run = { probes: [], opened: [] }
  let waiting: { at: number; local: Local }[] = []
  for (let now = from; now <= until && !machine.isOver(now); ) {
    for (const { local } of waiting.filter(({ at }) => at <= now))
      machine.notice({ kind: 'opened', local, at: own })
    waiting = waiting.filter(({ at }) => at > now)
    for (const out of machine.drain(now)) {
      if (out.kind === 'event') ran.probes.push({ at: now, ...out.event.path })
      if (out.kind !== 'open') continue
      ran.opened.push({ at: now, local: out.local })
      waiting.push({ at: now + openAfter, local: out.local })
    }
    const next = Math.min(machine.deadline, ...waiting.map(({ at }) => at))
    now = next > now ? next : now + 1
  }
  return ran
}

const times = (probes: readonly Sent[]): readonly number[] => [...new Set(probes.map(({ at }) => at))]
const ofMain = ({ probes }: Run): readonly Sent[] => probes.filter(({ local }) => !local.isExtra)
const ofMany = ({ probes }: Run): readonly Sent[] => probes.filter(({ local }) => local.isExtra)

describe('the first datagrams', () => {
  test('leave at 0, 100, 300 and 700 ms, then every second, for as long as there is patience', () => {
    const { probes } = run(punch())
    expect(probes.map(({ at }) => at)).toEqual([
      ...[0, 100, 300, 700],
      ...[1_700, 2_700, 3_700, 4_700, 5_700, 6_700, 7_700, 8_700, 9_700],
    ])
    expect(probes.every(({ local, peer }) => local === udp4 && peer === cone.address)).toBe(true)
  })

  test('leave at the agreed time, and patience counts from there', () => {
    const machine = punch({ startAt: 2_500, patience: 1_000 })
    expect(machine.deadline).toBe(2_500)
    expect([...machine.drain(2_499)]).toEqual([])
    expect(times(run(machine, { from: 2_500 }).probes)).toEqual([2_500, 2_600, 2_800, 3_200])
    expect([machine.isOver(3_499), machine.isOver(3_500)]).toEqual([false, true])
  })

  test('do not leave any more once it is over, however late that is noticed', () => {
    const machine = punch({ candidates: [shown], patience: 1_000 })
    expect([...machine.drain(1_000)]).toEqual([])
    expect([...machine.drain(50_000)]).toEqual([])
  })

  test('leave from the ends of the address’s family, and from all of these', () => {
    const fresh: Local = { kind: 'udp4', isExtra: true }
    const v6 = candidate('host', '[2001:db8::1]:4000')
    const ends = [udp4, fresh, udp6].map((local) => ({ local, mapping: easy }))
    const { probes } = run(punch({ ends, candidates: [cone, v6] }), { until: 0 })
    expect(probes.map(({ local, peer }) => [local, peer])).toEqual([
      [udp6, v6.address],
      [udp4, cone.address],
      [fresh, cone.address],
    ])
  })

  test('go to predicted ports first, in their order, and then to what is best', () => {
    const predicted = [4_003, 4_004, 4_005].map((port) => candidate('predicted', `198.51.100.1:${port}`))
    const home = candidate('host', '192.168.1.2:4000')
    const hint = goal('198.51.100.7:1', 'hint')
    const machine = punch({ candidates: [shown, ...predicted, home], goals: [hint] })
    const order = [...predicted, home, hint, shown].map(({ address }) => address)
    expect(machine.goals.map(({ address }) => address)).toEqual(order)
    expect(run(machine, { until: 0 }).probes.map(({ peer }) => peer)).toEqual(order)
  })

  test.each([
    [false, [4_003, 4_004, 4_005, 4_006, 4_007, 4_008, 4_009, 4_010]],
    [true, [4_003, 4_005, 4_007, 4_009, 4_011, 4_013, 4_015, 4_017]],
  ])('where both NATs count go to eight ports (one of the two stretches: %s)', (stretches, ports) => {
    const predicted = [4_003, 4_004].map((port) => candidate('predicted', `198.51.100.1:${port}`))
    const ends = [{ local: udp4, mapping: counter }]
    const { probes } = run(punch({ ends, candidates: predicted, stretches }), { until: 0 })
    expect(probes.map(({ peer }) => peer)).toEqual(ports.map((port) => `198.51.100.1:${port}`))
  })

  test('where both NATs count, whichever of the two is further on by how many, cross at just one pair', () => {
    const predicted = [1_000, 1_001].map((port) => candidate('predicted', `198.51.100.1:${port}`))
    const ends = [{ local: udp4, mapping: counter }]
    const portsOf = (stretches: boolean): readonly number[] =>
      punch({ ends, candidates: predicted, stretches }).goals.map(
        ({ address }) => Number(address.split(':')[1]) - 1_000,
      )
    const [each, second] = [portsOf(false), portsOf(true)]
    for (let ours = 0; ours <= 7; ours++) {
      for (let theirs = 0; ours + 2 * theirs <= 7; theirs++) {
        // Our nth comes from port ours + n and goes to each[n]; his mth comes from theirs + m and goes to second[m].
        const met = each.flatMap((to, n) =>
          second.filter((back, m) => to === theirs + m && back === ours + n).map((back) => [to, back]),
        )
        expect(met.length, `${ours}, ${theirs}`).toBe(1)
      }
    }
  })

  test('go to a mesh’s addresses each 5 s only', () => {
    const mesh = [1, 2, 3].map((n) => goal(`100.64.0.${n}:4000`, 'mesh'))
    const { probes } = run(punch({ goals: mesh }))
    const toMesh = probes.filter(({ peer }) => peer.startsWith('100.64.'))
    expect(toMesh.map(({ at }) => at)).toEqual([0, 5_000].flatMap((at) => [at, at, at]))
  })
})

describe('an address that is learnt', () => {
  test('is probed at once, by a schedule of its own', () => {
    const machine = punch()
    run(machine, { until: 1_000 })
    machine.learn(goal('198.51.100.2:1', 'lan'), 1_000)
    expect(machine.deadline).toBe(1_000)
    const { probes } = run(machine, { from: 1_000, until: 3_000 })
    const learnt = probes.filter(({ peer }) => peer === '198.51.100.2:1')
    expect(times(learnt)).toEqual([1_000, 1_100, 1_300, 1_700, 2_700])
    expect(times(probes.filter((probe) => !learnt.includes(probe)))).toEqual([1_700, 2_700])
  })

  test('before the first datagrams have left does not make them leave earlier', () => {
    const machine = punch({ startAt: 2_000 })
    machine.learn(goal('198.51.100.2:1', 'lan'), 500)
    expect(machine.deadline).toBe(2_000)
    expect(machine.goals).toHaveLength(2)
  })

  test('twice changes nothing', () => {
    const machine = punch()
    run(machine, { until: 1_000 })
    machine.learn({ address: cone.address, way: 'lan' }, 1_000)
    expect([machine.deadline, machine.goals.length]).toEqual([1_700, 1])
  })

  test('is one of sixteen of a way, 256 of a mesh: who hops ports makes us probe no more', () => {
    const machine = punch()
    for (let round = 0; round < 100; round++) {
      run(machine, { from: round, until: round })
      machine.learn(goal(`198.51.100.2:${round + 1}`, 'learnt'), round)
    }
    expect(machine.goals).toHaveLength(1 + 16)
    for (let n = 0; n < 400; n++) machine.learn(goal(`100.64.${n >> 8}.${n & 255}:4000`, 'mesh'), 200)
    expect(machine.goals).toHaveLength(1 + 16 + 256)
  })
})

describe('a hard NAT opposite an easy one', () => {
  const options = { ends: hardEnds, candidates: [cone] }

  test('opens 256 ends after 400 ms, and sends from 64 of them each 10 ms: three times, 2 s apart', () => {
    const all = run(punch(options))
    expect([all.opened.length, times(ofMain(all))[0]]).toEqual([256, 0])
    expect(new Set(all.opened.map(({ at, local }) => `${at} ${local.kind} ${local.isExtra}`))).toEqual(
      new Set(['400 udp4 true']),
    )
    const rounds = [410, 2_440, 4_470].flatMap((at) => [at, at + 10, at + 20, at + 30])
    expect(times(ofMany(all))).toEqual(rounds)
    for (const at of rounds) expect(ofMany(all).filter((probe) => probe.at === at)).toHaveLength(64)
    expect(new Set(ofMany(all).map(({ local }) => local)).size).toBe(256)
  })

  test('waits 1.2 s with it where a NAT counts: prediction comes first', () => {
    const ends = [{ local: udp4, mapping: counter }]
    expect(run(punch({ ...options, ends })).opened[0]?.at).toBe(1_200)
    expect(run(punch({ ...options, startAt: 500 }), { from: 500 }).opened[0]?.at).toBe(900)
  })

  test('sends to two of his public addresses at most: 512 datagrams a round', () => {
    const candidates = [
      candidate('host', '192.168.1.2:4000'),
      candidate('host', '[2001:db8::1]:4000'),
      ...[1, 2, 3].map((n) => candidate('mapped', `198.51.100.${n}:4000`)),
    ]
    const sent = ofMany(run(punch({ ends: hardEnds, candidates }), { until: 2_000 }))
    expect(sent).toHaveLength(512)
    expect(new Set(sent.map(({ peer }) => peer))).toEqual(new Set(['198.51.100.1:4000', '198.51.100.2:4000']))
  })

  test('goes on with fewer ends where the system gives no more', () => {
    const machine = punch(options)
    run(machine, { until: 390 })
    const opened = [...machine.drain(400)].flatMap((out) => (out.kind === 'open' ? [out.local] : []))
    for (const [i, local] of opened.entries()) {
      if (i < 30) machine.notice({ kind: 'opened', local, at: own })
      else machine.notice({ kind: 'closed', local, reason: 'limit' })
    }
    machine.notice({ kind: 'closed', local: opened[0]!, reason: 'ended' })
    expect(ofMany(run(machine, { from: 410, until: 2_000 }))).toHaveLength(29)
  })

  test('sends no more than it may', () => {
    let left = 100
    const mayGuess = (host: string): boolean => {
      expect(host).toBe('198.51.100.1')
      return left-- > 0
    }
    expect(ofMany(run(punch({ ...options, mayGuess })))).toHaveLength(100)
  })

  test('opens nothing where it is of no use', () => {
    const predicted = candidate('predicted', '198.51.100.1:4001')
    for (const candidates of [[shown], [predicted], [cone, shown], [candidate('host', '192.168.1.2:1')], []])
      expect(run(punch({ ends: hardEnds, candidates })).opened).toEqual([])
    expect(run(punch({ ends: [{ local: udp6, mapping: hard }], candidates: [cone] })).opened).toEqual([])
    expect(run(punch()).opened).toEqual([])
  })

  test('gives back what it opened, once, and sends nothing from there afterwards', () => {
    const machine = punch(options)
    const { opened } = run(machine, { until: 2_000 })
    expect(machine.owns(opened[0]!.local)).toBe(true)
    expect(machine.close()).toEqual(opened.map(({ local }) => local))
    expect(machine.close()).toEqual([])
    expect(machine.owns(opened[0]!.local)).toBe(false)
    expect(ofMany(run(machine, { from: 2_001 }))).toEqual([])
  })

  test('gives back ends that are about to be open, too', () => {
    const machine = punch(options)
    const { opened } = run(machine, { until: 405, openAfter: 1_000 })
    expect(machine.close()).toHaveLength(256)
    machine.notice({ kind: 'opened', local: opened[0]!.local, at: own })
    expect(run(machine, { from: 410 }).probes.every(({ local }) => local === udp4)).toBe(true)
  })
})

describe('an easy NAT opposite a hard one', () => {
  const options = { candidates: [shown] }
  const atRandom = ({ probes }: Run): readonly Sent[] => probes.filter(({ peer }) => peer !== shown.address)

  test('probes 20 ports at random each 50 ms from 400 ms on, 1,024 in all, at the host alone', () => {
    const sent = atRandom(run(punch(options)))
    expect(sent).toHaveLength(1_024)
    const moments = times(sent)
    expect(moments).toEqual(Array.from({ length: 52 }, (_, i) => 400 + 50 * i))
    for (const at of moments.slice(0, -1)) expect(sent.filter((probe) => probe.at === at)).toHaveLength(20)
    const ports = sent.map(({ peer }) => Number(peer.split(':')[1]))
    expect(new Set(sent.map(({ peer }) => peer.split(':')[0]))).toEqual(new Set(['198.51.100.1']))
    expect(Math.min(...ports)).toBeGreaterThanOrEqual(1_024)
    expect(new Set(ports).size).toBeGreaterThan(900)
  })

  test('waits 1.2 s with it where his NAT counts', () => {
    const candidates = [shown, candidate('predicted', '198.51.100.1:4001')]
    const toPredicted = run(punch({ candidates })).probes.filter(({ at }) => at === 1_150 || at === 1_200)
    expect(times(toPredicted)).toEqual([1_200])
  })

  test('asks for each datagram, and sends none that it may not', () => {
    let asked = 0
    const mayGuess = (): boolean => ++asked % 2 === 0
    expect(atRandom(run(punch({ ...options, mayGuess })))).toHaveLength(512)
    expect(asked).toBe(1_024)
    expect(atRandom(run(punch({ ...options, mayGuess: () => false })))).toEqual([])
  })

  test('tries one host only, and a public one', () => {
    const hosts = ['198.51.100.1', '198.51.100.2', '198.51.100.3'].map((host) =>
      candidate('changing', `${host}:1`),
    )
    const peers = run(punch({ candidates: hosts })).probes.filter(({ peer }) => !peer.endsWith(':1'))
    expect(new Set(peers.map(({ peer }) => peer.split(':')[0]))).toEqual(new Set(['198.51.100.1']))
    expect(punch({ candidates: [candidate('changing', '192.168.1.1:1')] }).isGuessing).toBe(false)
  })

  test('does not where our own NAT is hard: nobody could meet there', () => {
    expect(punch({ ...options, ends: hardEnds }).isGuessing).toBe(false)
    expect(punch(options).isGuessing).toBe(true)
  })

  test('ends it when it is closed', () => {
    const machine = punch(options)
    run(machine, { until: 1_000 })
    expect(machine.close()).toEqual([])
    expect(atRandom(run(machine, { from: 1_001 }))).toEqual([])
  })
})

describe('the way he was reached by', () => {
  test('is that of the address, or luck, or none that was tried', () => {
    const machine = punch({ candidates: [shown, candidate('host', '192.168.1.2:1')] })
    run(machine, { until: 500 })
    const wayOf = (at: string, local = udp4): Way => machine.wayOf({ local, peer: address(at) })
    expect(wayOf('192.168.1.2:1')).toBe('host')
    expect(wayOf('198.51.100.1:4000')).toBe('punched')
    expect(wayOf('198.51.100.1:7777')).toBe('guessed')
    expect(wayOf('198.51.100.2:7777')).toBe('learnt')
  })

  test('from one of many ends is luck', () => {
    const machine = punch({ ends: hardEnds })
    const { opened } = run(machine, { until: 500 })
    expect(machine.wayOf({ local: opened[0]!.local, peer: cone.address })).toBe('guessed')
  })
})
