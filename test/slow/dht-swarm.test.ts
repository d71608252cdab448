import { expect, test } from 'vitest'
import { found, pairOf, Swarm } from '../discovery/swarm.ts'

const rtt50 = { seed: 1, latency: [25, 25] } as const

test('the second comes an hour later, when half of the nodes are others', () => {
  const swarm = new Swarm({ ...rtt50, nodes: 24 }).settle()
  const a = swarm.buddy()
  a.discovery.seek('b', pairOf('x', 0), swarm.network.now)
  swarm.network.run(10_000)
  swarm.kill(0.5)
  for (let minutes = 0; minutes < 60; minutes += 10) swarm.network.run(600_000)
  const b = swarm.buddy()
  b.discovery.seek('a', pairOf('x', 1), swarm.network.now)
  expect(swarm.until(() => found(b))).toBeLessThanOrEqual(1_500)
  // He who waited for an hour looks once a minute.
  expect(swarm.until(() => found(a), 90_000)).toBeLessThanOrEqual(80_000)
})

test('a network that goes away is noticed, and joined again', () => {
  const swarm = new Swarm({ ...rtt50, nodes: 5 }).settle()
  const a = swarm.buddy()
  a.discovery.seek('b', pairOf('x', 0), swarm.network.now)
  swarm.network.run(5_000)
  const machines = swarm.nodes.map(({ host }) => host.machine)
  swarm.kill(1)
  swarm.network.run(600_000)
  const last = (): string | undefined =>
    a.host.events.map(({ kind }) => kind).findLast((kind) => kind !== 'seen' && kind !== 'external')
  expect(last()).toBe('unreachable')
  for (const [i, { host }] of swarm.nodes.entries()) host.machine = machines[i]
  swarm.network.run(65_000)
  expect(last()).toBe('joined')
})
