import { describe, expect, test } from 'vitest'
import type { Candidate } from '../../src/nat/candidates.ts'
import type { Mapping } from '../../src/nat/mapping.ts'
import type { End } from '../../src/nat/punch.ts'
import { verdictOf } from '../../src/nat/verdict.ts'
import { address } from '../support/network.ts'

const own = address('203.0.113.9:9')
const mappings = {
  unknown: { kind: 'unknown' },
  same: { kind: 'same', address: own },
  changing: { kind: 'changing', address: own },
  counting: { kind: 'counting', address: own, next: [own] },
} satisfies Record<string, Mapping>

const end4 = (kind: keyof typeof mappings = 'same'): End => ({
  local: { kind: 'udp4' },
  mapping: mappings[kind],
})
const end6: End = { local: { kind: 'udp6' }, mapping: mappings.unknown }
const candidate = (kind: Candidate['kind'], at: string): Candidate => ({ kind, address: address(at) })

const home = candidate('host', '192.168.1.2:1')
const shown = candidate('changing', '203.0.113.1:1')
const punched = candidate('reflexive', '203.0.113.1:2')
const v6 = candidate('host', '[2001:db8::1]:1')

describe('why a buddy is not reached, as our own side can tell:', () => {
  test.each([
    ['no-common-family', 'he has IPv6 only, we IPv4', [end4()], [v6]],
    ['no-common-family', 'he has IPv4 only, we IPv6', [end6], [home, punched]],
    ['no-common-family', 'no end of ours is open', [], [punched]],
    ['only-private', 'he told addresses of his own network', [end4()], [home]],
    ['only-private', 'and what else he told is of a family that we do not have', [end4()], [home, v6]],
    ['both-change', 'each NAT gives each destination its own port', [end4('changing')], [home, shown]],
    ['both-change', 'and that we could use IPv6 does not help', [end4('changing'), end6], [shown]],
    ['silent', 'he can be sent to at what others see', [end4('changing')], [shown, punched]],
    ['silent', 'and by IPv6 too', [end4('changing'), end6], [shown, v6]],
    ['silent', 'our NAT is easy', [end4('same')], [shown]],
    ['silent', 'our NAT counts: many ports are tried', [end4('counting')], [shown]],
    ['silent', 'nothing is known of our NAT', [end4('unknown')], [shown]],
    ['silent', 'nothing is known of him', [end4('changing')], []],
  ] as const)('%s: %s', (why, _, ends, candidates) => {
    expect(verdictOf(ends, candidates)).toBe(why)
  })
})
