/** Two buddies and those who want them not to meet. */
import { describe, expect, test } from 'vitest'
import { epochOf, Place } from '../../src/discovery/place.ts'
import { found, type Member, pairOf, Swarm, wallStart } from './swarm.ts'
import { type Malice, surround } from './sybil.ts'

const epoch = epochOf(wallStart)
const targets = ([0, 1] as const).map((direction) => new Place(pairOf('x', 0), direction, epoch).target)
const oneNetwork = Array.from({ length: 100 }, (_, n) => `46.6.6.${n + 1}`)
const twentyNetworks = Array.from({ length: 100 }, (_, n) => `46.${n % 20}.6.${n + 1}`)

/** A swarm in which they wait, and two who begin to look for each other. */
function beset(malice: Malice, ips: readonly string[]): { swarm: Swarm; a: Member; b: Member } {
  const swarm = new Swarm({ seed: 4, latency: [25, 25], nodes: 32 }).settle(25_000)
  surround(swarm, { targets, ips, malice })
  swarm.network.run(40_000)
  const [a, b] = [swarm.buddy({ ip: '45.200.0.1' }), swarm.buddy({ ip: '45.200.1.1' })]
  a.discovery.seek('b', pairOf('x', 0), swarm.network.now)
  b.discovery.seek('a', pairOf('x', 1), swarm.network.now)
  return { swarm, a, b }
}

const heardOf = (one: Member, other: Member): boolean =>
  one.host.events.some((event) => event.kind === 'rumour' && event.addresses.includes(other.at))

describe('100 nodes next to where both records are kept', () => {
  test.each([
    ['silent', 'in one /24', oneNetwork, 3_000],
    ['swallowing', 'in one /24', oneNetwork, 3_000],
    ['poisonous', 'in one /24', oneNetwork, 3_000],
    ['silent', 'in twenty', twentyNetworks, 5_000],
  ] as const)('%s ones %s do not keep two buddies apart', (malice, _, ips, limit) => {
    const { swarm, a, b } = beset(malice, ips)
    const time = swarm.until(() => found(a) && found(b))
    expect(time).toBeLessThanOrEqual(limit)
  })

  test.each(['swallowing', 'poisonous'] as const)(
    '%s ones in twenty networks hold all eight places; rumours reach both within 8 s, and the records themselves within 15 s',
    (malice) => {
      const { swarm, a, b } = beset(malice, twentyNetworks)
      expect(swarm.until(() => found(a) || found(b), 4_000)).toBeUndefined()
      const heard = swarm.until(() => heardOf(a, b) && heardOf(b, a))
      const time = swarm.until(() => found(a) && found(b))
      expect(4_000 + heard!).toBeLessThanOrEqual(8_000)
      expect(4_000 + heard! + time!).toBeLessThanOrEqual(15_000)
    },
  )
})
