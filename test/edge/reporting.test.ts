import { expect, test } from 'vitest'
import { completed } from '../../src/edge/reporting.ts'
import type { Report, Rung } from '../../src/session/report.ts'

const dht = { state: 'joined', sent: 1, received: 1, puts: 1, lookups: 1 } as const
const rungs: readonly Rung[] = [
  { way: 'host', state: 'failed', addresses: ['192.168.1.2:9'], ms: 5, why: 'no-answer' },
  { way: 'punched', state: 'failed', addresses: ['203.0.113.2:9'], ms: 5, why: 'no-answer' },
  { way: 'mapped', state: 'trying', addresses: ['203.0.113.2:9', '192.168.1.2:9'], ms: 5 },
  { way: 'learnt', state: 'worked', addresses: ['203.0.113.3:9'], ms: 0 },
  { way: 'guessed', state: 'absent', addresses: [], ms: 0, why: 'not-needed' },
]
const report: Report = {
  network: {
    ipv4: { nat: 'same', dht },
    ipv6: { nat: 'same', dht },
    addresses: [],
    ...{ lan: 'listening', stun: 'off' },
  },
  buddy: { state: 'looking', isInvited: false, ms: 9, isOnLan: false, attempts: 1, ladder: rungs },
}

test('a way whose addresses may not be sent to was not tried', () => {
  const network = { portmap: false, allows: (host: string) => host.startsWith('192.') }
  const { buddy } = completed(report, { network, around: { tried: [], mapping: undefined } })
  expect(buddy.ladder.map(({ state, why }) => why ?? state)).toEqual([
    'no-answer',
    'barred',
    'trying',
    'worked',
    'not-needed',
  ])
})

test('how routers answered is told where they are asked, and only there', () => {
  const tried = [{ via: 'upnp', result: 'refused', detail: 'error 606' }] as const
  const mapping = { via: 'pcp', address: '198.51.100.1', port: 7 } as const
  const allows = () => true
  const asked = completed(report, {
    network: { portmap: true, allows },
    around: { tried: [...tried], mapping },
  })
  expect(asked.network.portmap).toEqual({ tried, mapping: { via: 'pcp', address: '198.51.100.1:7' } })
  const network = { portmap: false, allows }
  expect(completed(report, { network, around: { tried: [], mapping } }).network).not.toHaveProperty('portmap')
})
