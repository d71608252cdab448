import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Way } from '../../src/nat/way.ts'
import { Pair } from '../../src/profile/pair.ts'
import { Node } from '../../src/session/node.ts'
import { redacted } from '../../src/session/redact.ts'
import { natOf, type Report, type Rung } from '../../src/session/report.ts'
import { cone, contactOf, person, type Running, seeded, World, wall } from '../session/people.ts'
import type { NatType } from '../support/network.ts'
import { address } from '../support/network.ts'

const ada = person('ada', 1)
const bob = person('bob', 2)
const eve = person('eve', 3)

/** Every destination sees another port, and which one nobody can say. */
const scattered: NatType = {
  mapping: 'address-and-port-dependent',
  filtering: 'address-and-port-dependent',
  isScattered: true,
}

const counting: NatType = {
  mapping: 'address-and-port-dependent',
  filtering: 'address-and-port-dependent',
}

/** What `why` is answered. */
function ask(world: World, running: Running, buddy: string): Report {
  running.talk.act({ kind: 'why', buddy }, world.network.now)
  world.network.run(1)
  const event = running.events('why').at(-1)
  expect(event).toMatchObject({ kind: 'why', buddy })
  return event!.report
}

const rung = ({ buddy }: Report, way: Way): Rung => buddy.ladder.find((rung) => rung.way === way)!

/** More nodes, so that several say as whom they see us. */
function moreNodes(world: World, runnings: readonly Running[]): void {
  const { network } = world
  const nodes = [2, 3, 4].map((n) => {
    const host = network.attachAt(`198.51.100.${n}`)
    const options = { random: seeded(90 + n), wall, loopback: false, hasBootstrap: false, now: network.now }
    host.machine = new Node({ ...options, place: { hosts: [], families: ['udp4'] } })
    return address(`198.51.100.${n}:6881`)
  })
  network.run(1)
  for (const { talk } of runnings) talk.addBootstrap(nodes, network.now)
}

describe('why, when nobody is there,', () => {
  test('says that the network was joined, and that nothing was found of him', () => {
    const world = new World({ seed: 1, latency: [20, 20] })
    const a = world.start(ada, [contactOf(bob)])
    world.network.run(12_000)
    const report = ask(world, a, 'bob')
    expect(report.network).toMatchObject({
      ipv4: { port: expect.any(Number), nat: 'same', dht: { state: 'joined' } },
      ipv6: { nat: 'unknown', dht: { state: 'off', sent: 0 } },
      addresses: [{ kind: 'reflexive', address: a.host.reflexive(a.tap.sent[0]!.local) }],
      lan: 'off',
      stun: 'off',
    })
    expect(report.network.ipv4.dht.received).toBeGreaterThan(0)
    expect(report.network.ipv6).not.toHaveProperty('port')
    expect(report.buddy).toMatchObject({ state: 'looking', isOnLan: false, attempts: 0, isInvited: false })
    expect(report.buddy.ms).toBeGreaterThanOrEqual(12_000)
    expect(report.buddy).not.toHaveProperty('record')
    expect(report.buddy).not.toHaveProperty('verdict')
    expect(report.buddy.ladder.map(({ way, state, why }) => [way, state, why])).toEqual([
      ['lan', 'absent', 'switched-off'],
      ['hint', 'absent', 'none-given'],
      ['mesh', 'absent', 'no-mesh'],
      ['host', 'absent', 'nothing-found'],
      ['ipv6', 'absent', 'no-ipv6-here'],
      ['mapped', 'absent', 'nothing-found'],
      ['punched', 'absent', 'nothing-found'],
      ['predicted', 'absent', 'nothing-found'],
      ['guessed', 'absent', 'nothing-found'],
      ['rumour', 'absent', 'no-hearsay'],
    ])
  })

  test('and no datagram comes back, says that the network cannot be reached', () => {
    const world = new World({ seed: 2, loss: 1 })
    const a = world.start(ada, [contactOf(bob)])
    world.network.run(15_000)
    const { network } = ask(world, a, 'bob')
    expect(network.ipv4).toMatchObject({ nat: 'unknown', dht: { state: 'unreachable', received: 0 } })
    expect(network.ipv4.dht.sent).toBeGreaterThan(0)
    expect(network.addresses).toEqual([])
  })

  test('tries an address that was given, and says that nobody answers there', () => {
    const world = new World({ seed: 3, latency: [20, 20] })
    const a = world.start(ada, [contactOf(bob, { hints: [address('192.0.2.7:4000')] })])
    world.network.run(5_000)
    const trying = rung(ask(world, a, 'bob'), 'hint')
    expect(trying).toMatchObject({ state: 'trying', addresses: ['192.0.2.7:4000'] })
    world.network.run(5_600) // the pause between two attempts
    const report = ask(world, a, 'bob')
    expect(rung(report, 'hint')).toMatchObject({ state: 'failed', why: 'no-answer' })
    expect(rung(report, 'hint').ms).toBeGreaterThanOrEqual(10_000)
    expect(report.buddy).toMatchObject({ attempts: 1, verdict: 'silent' })
  })

  test('says nothing of what was tried from another network', () => {
    const world = new World({ seed: 3, latency: [20, 20] })
    const a = world.start(ada, [contactOf(bob, { hints: [address('192.0.2.7:4000')] })])
    world.network.run(5_000)
    a.talk.moved({ hosts: [], families: ['udp4'] }, { isBound: false }, world.network.now)
    world.network.run(1_000)
    expect(rung(ask(world, a, 'bob'), 'hint')).toMatchObject({ state: 'trying', ms: 1_000 })
  })

  test('says that a code leads to him, if one does', () => {
    const world = new World({ seed: 3 })
    const invite = Pair.ofInvite(seeded(77)(32), 'inviter')
    const whom = { kind: 'invited', alias: 'friend', bound: undefined } as const
    const a = world.run(ada, [{ whom, invite, isStrange: true }])
    world.network.run(1_000)
    expect(ask(world, a, 'friend').buddy).toMatchObject({ state: 'looking', isInvited: true })
  })

  test('says of what is learnt in mid-attempt that it is tried, too', () => {
    const world = new World({ seed: 3, latency: [20, 20] })
    const a = world.start(ada, [contactOf(bob, { hints: [address('192.0.2.7:4000')] })])
    world.network.run(3_000)
    a.talk.addMesh([address('100.64.0.7:4000')], world.network.now)
    world.network.run(1_000)
    expect(rung(ask(world, a, 'bob'), 'mesh')).toMatchObject({ state: 'trying', ms: 1_000 })
  })

  test('says that no router is before us when others see us as an interface of ours', () => {
    const world = new World({ seed: 1, latency: [20, 20] })
    const a = world.start(ada, [contactOf(bob)])
    a.talk.moved({ hosts: ['203.0.113.1'], families: ['udp4'] }, { isBound: false }, world.network.now)
    world.network.run(5_000)
    expect(ask(world, a, 'bob').network.ipv4.nat).toBe('none')
  })

  test('says of an address of the other family that this machine has none', () => {
    const world = new World({ seed: 3, latency: [20, 20] })
    const a = world.start(ada, [contactOf(bob, { hints: [address('[2001:db8::7]:4000')] })])
    world.network.run(12_000)
    expect(rung(ask(world, a, 'bob'), 'hint')).toMatchObject({ state: 'absent', why: 'no-ipv6-here' })
  })
})

describe('why, when both are there,', () => {
  test('says by which way they met, and that the others were not needed', () => {
    const world = new World({ seed: 4, latency: [20, 20] })
    const [a, b] = [world.start(ada, [contactOf(bob)]), world.start(bob, [contactOf(ada)])]
    world.network.run(10_000)
    const [of, on] = [ask(world, a, 'bob'), ask(world, b, 'ada')]
    for (const [report, other] of [
      [of, b],
      [on, a],
    ] as const) {
      const there = other.host.reflexive(other.tap.sent[0]!.local)
      expect(report.buddy).toMatchObject({ state: 'secured', path: { kind: 'punched', address: there } })
      expect(report.buddy.record).toMatchObject({ nat: 'same', addresses: [{ kind: 'reflexive' }] })
      expect(report.buddy.record!.age).toBeLessThan(11_000)
      expect(rung(report, 'punched')).toMatchObject({ state: 'worked', addresses: [there] })
      expect(report.buddy.ms).toBeLessThan(5_000)
      expect(report.buddy).not.toHaveProperty('verdict')
      expect(report.buddy.ladder.filter(({ state }) => state === 'worked')).toHaveLength(1)
      expect(rung(report, 'mapped')).toMatchObject({ state: 'absent', why: 'not-told' })
    }
  })

  test('begins anew after he was lost', () => {
    const world = new World({ seed: 4, latency: [20, 20] })
    const [a, b] = [world.start(ada, [contactOf(bob)]), world.start(bob, [contactOf(ada)])]
    world.network.run(10_000)
    b.kill()
    world.network.run(60_000)
    const { buddy } = ask(world, a, 'bob')
    expect(buddy.state).not.toBe('secured')
    expect(buddy.ms).toBeGreaterThan(10_000) // he is missed after half a minute
    expect(buddy.ms).toBeLessThan(50_000)
    expect(buddy.attempts).toBeGreaterThan(0)
    expect(buddy.ladder.some(({ state }) => state === 'worked')).toBe(false)
    expect(buddy.record?.age).toBeGreaterThan(50_000)
  })

  test('says that somebody else was refused, for as long as that is about this search', () => {
    const world = new World({ seed: 21, latency: [20, 20] })
    const a = world.start(ada, [contactOf(bob)])
    const { keys, fingerprint } = eve.identity
    const thief = world.start({ ...bob, identity: { ...bob.identity, keys, fingerprint } }, [contactOf(ada)])
    world.network.run(10_000)
    expect(ask(world, a, 'bob').buddy).toMatchObject({ refused: 'wrong-fingerprint' })
    thief.kill()
    const b = world.start(bob, [contactOf(ada)])
    world.network.run(120_000)
    expect(ask(world, a, 'bob').buddy).toMatchObject({ state: 'secured' })
    expect(ask(world, a, 'bob').buddy).not.toHaveProperty('refused')
    b.kill()
    world.network.run(60_000)
    expect(ask(world, a, 'bob').buddy.state).not.toBe('secured')
    expect(ask(world, a, 'bob').buddy).not.toHaveProperty('refused')
  })

  test('and both routers give each destination a port of its own, says so, and that guessing is hopeless', () => {
    const world = new World({ seed: 5, latency: [20, 20] })
    const [a, b] = [
      world.start(ada, [contactOf(bob)], scattered),
      world.start(bob, [contactOf(ada)], scattered),
    ]
    moreNodes(world, [a, b])
    world.network.run(30_000)
    for (const report of [ask(world, a, 'bob'), ask(world, b, 'ada')]) {
      expect(report.network.ipv4.nat).toBe('changing')
      expect(report.buddy.record).toMatchObject({ nat: 'changing' })
      expect(report.buddy.verdict).toBe('both-change')
      expect(rung(report, 'punched')).toMatchObject({ state: expect.stringMatching(/failed|trying/) })
      expect(rung(report, 'guessed')).toMatchObject({ state: 'absent', why: 'both-change' })
    }
  })

  test('and one router does, says that ports were guessed', () => {
    const world = new World({ seed: 6, latency: [20, 20] })
    const [a, b] = [world.start(ada, [contactOf(bob)], cone), world.start(bob, [contactOf(ada)], scattered)]
    moreNodes(world, [a, b])
    world.network.run(20_000)
    const report = ask(world, a, 'bob')
    expect(report.buddy).toMatchObject({ state: 'secured', record: { nat: 'changing' } })
    expect(rung(report, 'guessed').state).toBe('worked')
  })

  test('and his router counts, says so', () => {
    const world = new World({ seed: 7, latency: [20, 20] })
    const [a, b] = [world.start(ada, [contactOf(bob)]), world.start(bob, [contactOf(ada)], counting)]
    moreNodes(world, [a, b])
    world.network.run(20_000)
    expect(ask(world, b, 'ada').network.ipv4.nat).toBe('counting')
    const report = ask(world, a, 'bob')
    expect(report.buddy.record?.nat).toBe('counting')
    expect(rung(report, 'predicted').addresses.length).toBeGreaterThan(0)
  })

  test('and he told addresses of another private network only, says so', () => {
    const world = new World({ seed: 8, latency: [20, 20] })
    const [a, b] = [world.start(ada, [contactOf(bob)]), world.start(bob, [contactOf(ada)])]
    b.talk.moved({ hosts: ['10.9.9.9'], families: ['udp4'] }, { isBound: false }, world.network.now)
    world.network.run(15) // his end is open, and no answer is there yet
    const line = b.talk.offer('ada', 'offer', world.network.now)
    b.kill()
    expect(a.talk.take('bob', line!, world.network.now)).toBe('taken')
    world.network.run(14_000)
    const report = ask(world, a, 'bob')
    expect(report.buddy).toMatchObject({ verdict: 'only-private', record: { nat: 'unknown' } })
    expect(report.buddy.record).not.toHaveProperty('age')
    expect(rung(report, 'host').addresses).toEqual([expect.stringMatching(/^10\.9\.9\.9:/)])
  })
})

test('why of somebody who is not looked for says so', () => {
  const world = new World({ seed: 9 })
  const a = world.start(ada, [])
  expect(ask(world, a, 'eve').buddy).toMatchObject({ state: 'not looking', ladder: [] })
})

test.each([
  ['unknown', [['host', '192.168.1.2:9'] as const, ['reflexive', '[2001:db8::1]:9'] as const]],
  ['none', [['host', '203.0.113.1:9'] as const]],
  ['same', [['reflexive', '203.0.113.1:9'] as const, ['host', '192.168.1.2:9'] as const]],
  ['changing', [['changing', '203.0.113.1:9'] as const, ['mapped', '203.0.113.1:8'] as const]],
  ['counting', [['predicted', '203.0.113.1:9'] as const, ['changing', '203.0.113.1:8'] as const]],
] as const)('a router is %s by the addresses that he tells', (nat, told) => {
  expect(natOf(told.map(([kind, text]) => ({ kind, address: address(text) })))).toBe(nat)
})

describe('a redacted report', () => {
  const v4 = fc.ipV4().map((ip) => `${ip}:`)
  const v6 = fc.ipV6().map((ip) => `[${ip}]:`)
  const place = fc
    .tuple(fc.oneof(v4, v6), fc.integer({ min: 1, max: 65_535 }))
    .map(([host, port]) => `${host}${port}`)
  const told = fc.array(fc.record({ kind: fc.constant('host' as const), address: place }))
  const dht = { state: 'joined', sent: 1, received: 1, puts: 0, lookups: 0 } as const
  const reportWith = (own: Report['network']['addresses'], theirs: typeof own, other: string): Report => ({
    network: {
      ipv4: { port: 4, nat: 'same', dht },
      ipv6: { nat: 'unknown', dht },
      addresses: own,
      ...{ lan: 'listening', stun: 'off' },
      portmap: { tried: [], mapping: { via: 'upnp', address: other } },
    },
    buddy: {
      ...{ state: 'secured', isInvited: false, ms: 1, isOnLan: true, attempts: 1 },
      path: { kind: 'punched', address: other },
      record: { ms: 1, nat: 'same', addresses: theirs },
      ladder: [
        { way: 'punched', state: 'worked', addresses: [other, ...own.map(({ address }) => address)], ms: 2 },
      ],
    },
  })

  test('holds no address of the original, in 300 drawn ones', () => {
    const check = fc.property(told, told, place, (own, theirs, other) => {
      const text = JSON.stringify(redacted(reportWith(own, theirs, other)))
      expect(text).not.toMatch(/\d+\.\d+\.\d+\.\d+/)
      expect(text).not.toMatch(/[\da-f]*:[\da-f]*:/i)
      for (const { address } of [...own, ...theirs, { address: other }]) expect(text).not.toContain(address)
    })
    fc.assert(check, { numRuns: 300 })
  })

  test('keeps family, scope, and which of them are the same', () => {
    const addresses = ['203.0.113.5:4000', '203.0.113.5:4001', '192.168.1.2:4000', '[2001:db8::1]:4000']
    const own = addresses.map((address) => ({ kind: 'host', address }) as const)
    const report = redacted(reportWith(own, [], '[fd00::1]:9'))
    expect(report.network.addresses.map(({ address }) => address)).toEqual([
      'public IPv4 #1, port #1',
      'public IPv4 #1, port #2',
      'private IPv4 #1, port #1',
      'public IPv6 #1, port #1',
    ])
    expect(report.network.ipv4.port).toBeLessThan(10)
    expect(report.buddy.path).toEqual({ kind: 'punched', address: 'private IPv6 #1, port #4' })
    expect(report.buddy.ladder[0]?.addresses[1]).toBe('public IPv4 #1, port #1')
  })
})
