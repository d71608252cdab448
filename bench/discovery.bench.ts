/**
 * How long two buddies who know three nodes take to meet in a DHT of 300, and
 * what it costs: virtual milliseconds at 50 ms round trip, and datagrams of one
 * of them, until then and in the minute that follows. Medians of five swarms.
 */
import { found, pairOf, Swarm } from '../test/discovery/swarm.ts'
import type { Bench, Figure } from './bench.ts'

export const bench: Bench = {
  name: 'discovery',
  *run() {
    for (const dead of [0, 0.3]) yield* meetings(dead)
  },
}

function* meetings(dead: number): Generator<Figure> {
  const times: number[] = []
  const joins: number[] = []
  const sent: number[] = []
  const lookups: number[] = []
  const later: number[] = []
  const alone: number[] = []
  for (let seed = 1; seed <= rounds; seed++) {
    const swarm = new Swarm({ seed, latency: [25, 25], nodes: 300 }).settle()
    swarm.kill(dead)
    const [a, b] = [swarm.buddy(), swarm.buddy()]
    const stored = (): number => swarm.nodes.reduce((sum, { discovery }) => sum + discovery.stored, 0)
    a.discovery.seek('b', pairOf('x', 0), swarm.network.now)
    b.discovery.seek('a', pairOf('x', 1), swarm.network.now)
    const looked = swarm.until(() => stored() > 0) ?? Infinity
    joins.push(looked)
    times.push(looked + (swarm.until(() => found(a) && found(b)) ?? Infinity))
    sent.push(a.host.sent)
    lookups.push(a.discovery.counters.lookups)
    swarm.network.run(60_000)
    later.push(a.host.sent - sent.at(-1)!)
    const c = swarm.buddy()
    c.discovery.seek('nobody', pairOf('y', 0), swarm.network.now)
    swarm.network.run(60_000)
    alone.push(c.host.sent)
  }
  const label = `300 nodes, ${dead * 100} % dead`
  yield { name: `${label}: join, look up, first record stored`, value: median(joins), unit: 'ms' }
  yield { name: `${label}: both know each other`, value: median(times), unit: 'ms' }
  yield { name: `${label}: datagrams until then`, value: median(sent), unit: 'datagrams' }
  yield { name: `${label}: lookups until then`, value: median(lookups), unit: 'lookups' }
  yield { name: `${label}: datagrams in the next minute`, value: median(later), unit: 'datagrams' }
  yield { name: `${label}: a minute of waiting in vain`, value: median(alone), unit: 'datagrams' }
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!

const rounds = 5
