/** BEP 5 as the fallback: announced, read, and not believed too much. */
import { describe, expect, test } from 'vitest'
import type { Answer } from '../../src/discovery/krpc.ts'
import { epochOf, InfoHash, Place } from '../../src/discovery/place.ts'
import type { Address } from '../../src/machine.ts'
import { type Asked, isAt, itemAt, Solo, seqNow, somebody, told } from '../discovery/solo.ts'
import { bend, type Member, pairOf, Swarm, wallStart } from '../discovery/swarm.ts'
import { address } from '../support/network.ts'

const pair = pairOf('x', 0)
const epoch = epochOf(wallStart)
const [ours, theirs] = [new InfoHash(pair, 0, epoch), new InfoHash(pair, 1, epoch)]
const nodes = Array.from({ length: 12 }, (_, n) => address(`45.1.${n}.1:6881`))
const me = address('93.184.216.34:40000')
const bob = address('45.77.7.7:40404')

/** One who seeks bob, and all that is asked of the nodes. */
class Listener extends Solo {
  readonly asked: (Asked & { readonly at: number })[] = []

  constructor(bootstrap: readonly Address[] = nodes, { eager = true } = {}) {
    super({ bootstrap })
    this.discovery.announce(told, 0)
    this.discovery.seek('bob', pair, 0, { eager })
  }

  pass(span: number, answer: (query: Asked) => Partial<Answer> | number | undefined = () => ({})): this {
    this.serve(span, (query) => {
      this.asked.push({ ...query, at: this.now })
      const found = answer(query)
      return typeof found === 'object' ? { ip: me, ...found } : found
    })
    return this
  }

  get rumours(): Address[] {
    return this.events.flatMap((event) => (event.kind === 'rumour' ? event.addresses : []))
  }

  kinds(): string[] {
    return [...new Set(this.asked.map(({ question }) => question.kind))].sort()
  }

  /** When it was first asked for peers. */
  get began(): number | undefined {
    return this.asked.find(({ question }) => question.kind === 'get_peers')?.at
  }
}

const peersOf = (query: Asked, values: readonly Address[]): Partial<Answer> =>
  query.question.kind === 'get_peers' && isAt(query, theirs) ? { values } : {}

describe('the fallback', () => {
  test('begins after 5 s without his record: announces the real port and implied_port, reads his', () => {
    const solo = new Listener().pass(4_999)
    expect(solo.began).toBeUndefined()
    solo.pass(10_000, (query) => peersOf(query, [bob]))
    expect(solo.began).toBe(5_000)
    const announced = solo.asked.filter(({ question }) => question.kind === 'announce_peer')
    expect(announced).toHaveLength(8)
    expect(new Set(announced.map(({ to }) => to)).size).toBe(8)
    for (const query of announced) {
      expect(isAt(query, ours)).toBe(true)
      expect(query.question).toMatchObject({ port: 40_000, isImplied: true, token: Uint8Array.of(1) })
    }
    expect(solo.events.filter(({ kind }) => kind === 'rumour')).toEqual([
      { kind: 'rumour', name: 'bob', addresses: [bob] },
    ])
  })

  test('does not begin if his record came', () => {
    const solo = new Listener()
    const place = new Place(pair, 1, epoch)
    solo.pass(60_000, (query) => (isAt(query, place) ? { item: itemAt(place, seqNow) } : {}))
    expect(solo.kinds()).toEqual(['find_node', 'get', 'put'])
  })

  test('begins at once if fewer than three of many nodes know get, but not in a network of one or two', () => {
    const mute = (able: number) => (query: Asked) => {
      const isMute = !nodes.slice(0, able).includes(query.to)
      return isMute && query.question.kind === 'get' ? 204 : {}
    }
    expect(new Listener().pass(3_000, mute(2)).began).toBeLessThan(1_000)
    expect(new Listener().pass(3_000, mute(3)).began).toBeUndefined()
    expect(new Listener(nodes.slice(0, 1)).pass(3_000).began).toBeUndefined()
    expect(new Listener(nodes.slice(0, 2)).pass(3_000).began).toBeUndefined()
    // Then also for one whom nobody waits for, as he cannot find us otherwise; and only then.
    expect(new Listener(nodes, { eager: false }).pass(3_000, mute(2)).began).toBeLessThan(1_000)
    expect(new Listener(nodes, { eager: false }).pass(60_000).began).toBeUndefined()
  })

  test('ends reading when his record comes, and announces for the rest of the hour', () => {
    const solo = new Listener().pass(8_000)
    const place = new Place(pair, 1, epoch)
    const answer = (query: Asked): Partial<Answer> =>
      isAt(query, place) ? { item: itemAt(place, seqNow) } : peersOf(query, [bob])
    solo.pass(10_000, answer)
    solo.asked.length = 0
    solo.pass(17 * 60_000, answer)
    const peers = solo.asked.filter(({ question }) => question.kind === 'get_peers')
    expect(peers.some((query) => isAt(query, theirs))).toBe(false)
    expect(peers.some((query) => isAt(query, ours))).toBe(true)
    solo.pass(30 * 60_000, answer)
    solo.asked.length = 0
    solo.pass(60 * 60_000, answer)
    expect(solo.kinds()).not.toContain('get_peers')
  })

  test('begins 5 s after a failed attempt, too, and ends with stop', () => {
    const solo = new Listener()
    const place = new Place(pair, 1, epoch)
    const answer = (query: Asked): Partial<Answer> =>
      isAt(query, place) ? { item: itemAt(place, seqNow) } : {}
    solo.pass(60_000, answer)
    solo.discovery.hurry('bob', solo.now)
    solo.pass(10_000, answer)
    expect(solo.began).toBe(65_000)
    solo.discovery.stop('bob')
    solo.asked.length = 0
    solo.pass(60_000, answer)
    expect(solo.kinds()).not.toContain('get_peers')
  })

  test('a node that is silent to get, and answers all else, stays in the table', () => {
    const solo = new Listener().pass(60_000, ({ question }) => (question.kind === 'get' ? undefined : {}))
    expect(solo.discovery.nodes()).toHaveLength(nodes.length)
    expect(solo.began).toBeLessThan(5_000)
  })

  test('stop ends its lookups, too', () => {
    const solo = new Listener().pass(5_000, ({ question }) =>
      question.kind === 'get_peers' ? undefined : {},
    )
    expect(solo.kinds()).toContain('get_peers')
    solo.discovery.stop('bob')
    solo.asked.length = 0
    solo.pass(10_000)
    expect(solo.kinds()).not.toContain('get_peers')
  })

  test('polls four times in 3 s, every 5 s for a minute, then every 60 s or so, and announces every 15 min', () => {
    const solo = new Listener().pass(20 * 60_000)
    const times = (spot: InfoHash, kind: string): number[] => {
      const asked = solo.asked.filter((query) => query.question.kind === kind && isAt(query, spot))
      return [...new Set(asked.map(({ at }) => at))]
    }
    const polls = times(theirs, 'get_peers')
    const gaps = polls.slice(1).map((at, i) => at - polls[i]!)
    expect(gaps.slice(0, 7)).toEqual([250, 500, 1_000, 1_000, 5_000, 5_000, 5_000])
    expect(polls.filter((at) => at > 120_000).length).toBeLessThanOrEqual(30)
    expect(times(ours, 'announce_peer').map((at) => Math.round(at / 60_000))).toEqual([0, 15])
  })

  test('says nothing before there is something to say, and nothing without a port', () => {
    const solo = new Solo({ bootstrap: [somebody] })
    solo.discovery.seek('bob', pair, 0)
    const kinds = new Set<string>()
    solo.serve(10_000, ({ question }) => {
      kinds.add(question.kind)
      return {}
    })
    expect([...kinds].sort()).toEqual(['find_node', 'get', 'get_peers'])
  })
})

describe('what is read', () => {
  const many = (count: number, net: number): Address[] =>
    Array.from({ length: count }, (_, n) => address(`46.${net}.${n}.1:5000`))

  test('a liar tells one new address a poll, all of them eight, and nobody the same twice', () => {
    const solo = new Listener([somebody])
    let n = 0
    solo.pass(4_999)
    solo.pass(200, (query) => peersOf(query, many(50, n)))
    expect(solo.rumours).toEqual(['46.0.0.1:5000'])
    solo.pass(60_000, (query) => peersOf(query, many(1, 0)))
    expect(solo.rumours).toHaveLength(1)

    const lookup = new Listener().pass(4_999)
    const nearer = Array.from({ length: 8 }, (_, n) => {
      const id = theirs.target.slice()
      id[19] = id[19]! ^ (n + 1)
      return { id, address: address(`45.2.${n}.1:6881`) }
    })
    const tellers = new Set<Address>()
    lookup.pass(200, (query) => {
      if (query.question.kind !== 'get_peers' || !isAt(query, theirs)) return {}
      const id = nearer.find(({ address }) => address === query.to)?.id
      tellers.add(query.to)
      return { ...peersOf(query, many(1, tellers.size)), nodes: nearer, ...(id && { id }) }
    })
    expect(tellers.size).toBeGreaterThanOrEqual(16)
    expect(lookup.rumours).toHaveLength(8)

    const crowd = new Listener()
    let polls = 0
    crowd.pass(13_000, (query) => {
      if (query.question.kind === 'get_peers' && isAt(query, theirs)) polls++
      return peersOf(query, many(50, ++n % 200))
    })
    expect(polls).toBeGreaterThanOrEqual(16)
    expect(crowd.rumours.length).toBeLessThanOrEqual(8 * 6) // a lookup and five polls
    expect(crowd.rumours.length).toBeGreaterThanOrEqual(16)
    expect(new Set(crowd.rumours).size).toBe(crowd.rumours.length)
  })

  test('eight liars among many cannot hide the one who says the truth for more than a few polls', () => {
    const solo = new Listener()
    let n = 0
    solo.pass(60_000, (query) => peersOf(query, query.to === nodes[3] ? [bob] : many(50, ++n % 200)))
    expect(solo.rumours).toContain(bob)
  })

  test.each([
    ['a private address', '192.168.1.1:5000'],
    ['loopback', '127.0.0.1:5000'],
    ['multicast', '224.0.0.1:5000'],
    ['a reserved one', '255.255.255.255:5000'],
    ['a port below 1024', '46.1.1.1:53'],
    ['IPv6 over IPv4', '[2a00::1]:5000'],
    ['ourselves', me],
  ])('%s, told by a node of the internet, is no rumour', (_, at) => {
    const solo = new Listener().pass(20_000, (query) => peersOf(query, [address(at)]))
    expect(solo.began).toBe(5_000)
    expect(solo.rumours).toEqual([])
  })

  test('a node of the LAN may tell of the LAN', () => {
    const at = address('192.168.1.50:5000')
    const solo = new Listener([address('192.168.1.1:6881')]).pass(20_000, (query) => peersOf(query, [at]))
    expect(solo.rumours).toEqual([at])
  })

  test('peers under another hash are nothing', () => {
    const solo = new Listener().pass(20_000, (query) => (isAt(query, theirs) ? {} : { values: [bob] }))
    expect(solo.rumours).toEqual([])
  })
})

test('two buddies hear of each other within 7 s where no node knows items', () => {
  const swarm = new Swarm({ seed: 2, latency: [25, 25], nodes: 24 }).settle(25_000)
  for (const member of swarm.nodes)
    bend(member, { hears: ({ question }) => question.kind !== 'get' && question.kind !== 'put' })
  const [a, b] = [swarm.buddy({ ip: '45.200.0.1' }), swarm.buddy({ ip: '45.200.1.1' })]
  a.discovery.seek('b', pairOf('x', 0), swarm.network.now)
  b.discovery.seek('a', pairOf('x', 1), swarm.network.now)
  const heard = (one: Member, other: Member): boolean =>
    one.host.events.some((event) => event.kind === 'rumour' && event.addresses.includes(other.at))
  expect(swarm.until(() => heard(a, b) && heard(b, a))).toBeLessThanOrEqual(7_000)
})
