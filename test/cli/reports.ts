/** A buddy who is not reached: what `why` tells of him. */
import type { BuddyReport, NetworkReport, Report } from '../../src/session/report.ts'

const joined = { state: 'joined', sent: 40, received: 38, puts: 1, lookups: 3 } as const
export const nothing = { state: 'off', sent: 0, received: 0, puts: 0, lookups: 0 } as const

export const network: NetworkReport = {
  ipv4: { port: 41_000, nat: 'same', dht: joined },
  ipv6: { nat: 'unknown', dht: nothing },
  addresses: [{ kind: 'reflexive', address: '203.0.113.9:41000' }],
  ...{ lan: 'listening', stun: 'off' },
  portmap: { tried: [{ via: 'upnp', result: 'silent', detail: 'no gateway answered' }] },
}

export const buddy: BuddyReport = {
  ...{ state: 'looking', isInvited: false, ms: 15_200, isOnLan: false, attempts: 1 },
  ladder: [
    { way: 'lan', state: 'absent', addresses: [], ms: 0, why: 'not-heard' },
    { way: 'ipv6', state: 'absent', addresses: ['[2001:db8::1]:9'], ms: 0, why: 'no-ipv6-here' },
    { way: 'punched', state: 'failed', addresses: ['198.51.100.7:9'], ms: 12_345, why: 'no-answer' },
  ],
  record: {
    ...{ ms: 12_400, age: 61_000, nat: 'same' },
    addresses: [{ kind: 'reflexive', address: '198.51.100.7:9' }],
  },
  verdict: 'silent',
}

export const report: Report = { network, buddy }
