/** Two buddies and those who want them not to meet. */
import { describe, expect, test } from 'vitest'
import { found } from '../discovery/swarm.ts'
import { beset, heardOf, oneNetwork, twentyNetworks } from '../discovery/sybil.ts'

describe('100 nodes next to where both records are kept', () => {
  test.each([
    ['poisonous', 'in one /24', oneNetwork, 3_000],
    ['silent', 'in one /24', oneNetwork, 3_000],
    ['swallowing', 'in one /24', oneNetwork, 3_000],
    ['silent', 'in twenty', twentyNetworks, 5_000],
  ] as const)('%s ones %s do not keep two buddies apart', (malice, _, ips, limit) => {
    const { swarm, a, b } = beset(malice, ips)
    const time = swarm.until(() => found(a) && found(b))
    expect(time).toBeLessThanOrEqual(limit)
  })

  test.each(['poisonous', 'swallowing'] as const)(
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
