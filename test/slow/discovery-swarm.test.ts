import { describe, expect, test } from 'vitest'
import type { Answer } from '../../src/discovery/krpc.ts'
import { bend, found, type Member, pairOf, Swarm } from '../discovery/swarm.ts'
import { address } from '../support/network.ts'

const rtt50 = { seed: 1, latency: [25, 25] } as const

function seek(swarm: Swarm, a: Member, b: Member): void {
  a.discovery.seek('b', pairOf('x', 0), swarm.network.now)
  b.discovery.seek('a', pairOf('x', 1), swarm.network.now)
}

describe('two buddies who know nothing but three nodes', () => {
  test('meet within 1 s among 48 nodes of 50 ms, and within 1.5 s if 30 % of them are dead', () => {
    const swarm = new Swarm({ ...rtt50, nodes: 48 }).settle(25_000)
    const [a, b] = [swarm.buddy(), swarm.buddy()]
    seek(swarm, a, b)
    expect(swarm.until(() => found(a) && found(b))).toBeLessThanOrEqual(1_000)
    expect(a.host.sent).toBeLessThan(120)
    expect(a.host.events).toContainEqual({ kind: 'external', address: a.host.reflexive(a.local) })

    swarm.kill(0.3)
    const [c, d] = [swarm.buddy(), swarm.buddy()]
    c.discovery.seek('d', pairOf('y', 0), swarm.network.now)
    d.discovery.seek('c', pairOf('y', 1), swarm.network.now)
    expect(swarm.until(() => found(c) && found(d))).toBeLessThanOrEqual(1_500)
  })

  test('meet within 1 s by a private DHT of one node', () => {
    const swarm = new Swarm({ ...rtt50, nodes: 1 })
    const [a, b] = [swarm.buddy(), swarm.buddy()]
    seek(swarm, a, b)
    expect(swarm.until(() => found(a) && found(b))).toBeLessThanOrEqual(1_000)
    expect(swarm.nodes[0]!.discovery.stored).toBe(2)
  })

  test('meet in spite of 20 % loss', () => {
    const swarm = new Swarm({ seed: 3, nodes: 20, latency: [5, 100], loss: 0.2 }).settle(25_000)
    const [a, b] = [swarm.buddy(), swarm.buddy()]
    seek(swarm, a, b)
    expect(swarm.until(() => found(a) && found(b))).toBeLessThanOrEqual(8_000)
  })

  test('nodes it saved replace those it was given', () => {
    const swarm = new Swarm({ ...rtt50, nodes: 30 }).settle(25_000)
    const first = swarm.buddy()
    first.discovery.seek('b', pairOf('x', 0), swarm.network.now)
    swarm.network.run(10_000)
    const saved = first.discovery.nodes()
    expect(saved.length).toBeGreaterThanOrEqual(15)
    const second = swarm.buddy({ saved, bootstrap: [] })
    second.discovery.seek('a', pairOf('x', 1), swarm.network.now)
    expect(swarm.until(() => found(second))).toBeLessThanOrEqual(1_000)
  })
})

test('buddies meet although every third node lies about nodes, ids and records', () => {
  const swarm = new Swarm({ ...rtt50, nodes: 36 }).settle(25_000)
  const lan: string[] = []
  for (const [i, member] of swarm.nodes.entries()) {
    if (i % 3) continue
    const says = (message: Answer): Answer => {
      const { item } = message
      const nodes = Array.from({ length: 8 }, (_, n) => ({
        id: swarm.random(20),
        address: address(n < 4 ? `10.0.${40 + n}.2:50001` : `45.0.${n}.7:6881`),
      }))
      const bent = item?.kind === 'mutable' ? { ...item, seq: item.seq + 9 } : item
      return { ...message, id: swarm.random(20), nodes, item: bent, ip: address('6.6.6.6:6') }
    }
    bend(member, { says })
  }
  const [a, b] = [swarm.buddy(), swarm.buddy()]
  for (const { host } of [a, b]) {
    const { egress } = host
    host.egress = (path) => {
      if (path.peer.startsWith('10.')) lan.push(path.peer)
      return egress.call(host, path)
    }
  }
  seek(swarm, a, b)
  expect(swarm.until(() => found(a) && found(b))).toBeLessThanOrEqual(5_000)
  swarm.network.run(30_000)
  expect(lan).toEqual([]) // nobody on the internet sends us into a LAN
  const externals = a.host.events.flatMap((event) => (event.kind === 'external' ? [event.address] : []))
  expect(externals.at(-1)).toBe(a.host.reflexive(a.local)) // two thirds say the truth
  for (const { host } of [a, b]) {
    const records = host.events.flatMap((event) => (event.kind === 'found' ? [event.record.timestamp] : []))
    expect(new Set(records).size).toBe(records.length)
  }
})

test('idle with one buddy nobody waits for, a client sends less than one packet a second', () => {
  const swarm = new Swarm({ ...rtt50, nodes: 24 }).settle()
  const a = swarm.buddy()
  a.discovery.seek('b', pairOf('x', 0), swarm.network.now, { eager: false })
  swarm.network.run(60_000)
  const before = a.host.sent
  swarm.network.run(600_000)
  expect((a.host.sent - before) / 600).toBeLessThan(1)
})

test('nodes at rest send a packet a minute or so, and none to themselves', () => {
  const swarm = new Swarm({ ...rtt50, nodes: 12 }).settle()
  const total = (): number => swarm.nodes.reduce((sum, { host }) => sum + host.sent, 0)
  const own: string[] = []
  for (const { host, at } of swarm.nodes) {
    const { egress } = host
    host.egress = (path) => {
      if (path.peer === at) own.push(at)
      return egress.call(host, path)
    }
  }
  swarm.network.run(600_000)
  const before = total()
  swarm.network.run(600_000)
  expect(own).toEqual([])
  expect((total() - before) / 12 / 600).toBeLessThan(0.25)
})
