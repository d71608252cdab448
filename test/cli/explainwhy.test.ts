import { describe, expect, test } from 'vitest'
import { adviceFor } from '../../src/cli/advice.ts'
import { explainReport } from '../../src/cli/explainwhy.ts'
import { safeText } from '../../src/cli/safetext.ts'
import type { BuddyReport, FamilyReport, NetworkReport, Report } from '../../src/session/report.ts'
import { buddy, network, nothing } from './reports.ts'

const family = (state: FamilyReport['dht']['state'], port = 41_000): FamilyReport => ({
  ...{ port, nat: 'unknown', dht: { ...nothing, state } },
})
const alone = { ladder: [], attempts: 0, ms: 9, state: 'looking', isOnLan: false, isInvited: false } as const
const advice = (ours: Partial<NetworkReport>, theirs: BuddyReport = alone): string =>
  adviceFor({ network: { ...network, ...ours }, buddy: theirs }, 'bob').join(' | ')

test('the page says what was tried for how long, who stands where, and what would help', () => {
  expect(explainReport({ network, buddy }, 'bob')).toEqual([
    'bob is not reached after 15 s: looking for bob',
    'nothing answers at the addresses of bob',
    'ways to get there, 1 attempt',
    '  local network     bob is not heard there',
    '  IPv6              this machine has no IPv6',
    '  through routers   1 address, tried for 12 s, no answer',
    'your side',
    '  IPv4              UDP port 41000, a router that uses one port for everyone; joined the network, 40 sent, 38 received',
    '  IPv6              none',
    '  local network     listened to',
    '  port of a router  no router answers',
    '  told              203.0.113.9:41000, as others see it',
    'the side of bob',
    '  published         found, written 1 min ago',
    '  IPv4              a router that uses one port for everyone',
    '  told              198.51.100.7:9, as others see it',
    'what would help',
    '  otrtalk may have been closed there a moment ago, or a firewall lets no UDP through',
    expect.stringMatching(/^ {2}no router keeps a port open for you: switch on UPnP/),
  ])
})

test('of a conversation it says the way, and gives no advice', () => {
  const path = { kind: 'ipv6', address: '[2001:db8::1]:9' } as const
  const { verdict: _, ...reached } = { ...buddy, state: 'secured', ms: 300, path } as const
  const lines = explainReport({ network, buddy: reached }, 'bob')
  expect(lines[0]).toBe('bob was reached after less than a second, over IPv6')
  expect(lines).not.toContain('what would help')
})

test('of a buddy who is not looked for it says that, and how to look', () => {
  const report: Report = { network, buddy: { ...alone, state: 'not looking' } }
  expect(explainReport(report, 'bob')).toEqual(['not looking for bob; /open begins'])
})

test('nothing of it controls a terminal, whatever the alias and the addresses are', () => {
  const address = '\x1b]0;x\x07\n\u202e'
  const report: Report = {
    network: { ...network, addresses: [{ kind: 'host', address }] },
    buddy: { ...buddy, record: { ms: 1, nat: 'same', addresses: [{ kind: 'host', address }] } },
  }
  for (const line of explainReport(report, 'b\x1b[31m\r')) expect(safeText(line)).toBe(line)
  expect(explainReport(report, 'bob').join('')).toContain('␛')
})

describe('the advice is about what is in the way:', () => {
  test.each<[string, Partial<NetworkReport>, RegExp]>([
    ['no socket', { ipv4: { nat: 'unknown', dht: nothing } }, /^another program may use it/],
    ['nobody answers', { ipv4: family('unreachable') }, /is this machine online\?.*lets no UDP out:/],
    [
      'no node is known',
      { ipv4: family('alone') },
      /^is otrtalk running there.*is there internet here\?.*--bootstrap HOST:PORT$/,
    ],
    [
      'still joining',
      { ipv4: family('joining') },
      /^is otrtalk running there.*joining the network takes some seconds/,
    ],
    [
      '--no-dht',
      { ipv4: family('off') },
      /^is otrtalk running there.*without the network.*otrtalk buddy at.*otrtalk offer$/,
    ],
    ['nothing was found', {}, /^is otrtalk running there, and did bob add your address.*date and time/],
    [
      'one family is enough',
      { ipv4: family('unreachable'), ipv6: { ...family('joined') } },
      /^is otrtalk running there/,
    ],
  ])('%s', (_, ours, words) => expect(advice(ours)).toMatch(words))

  test('an invite code that nobody has', () => {
    expect(advice({}, { ...alone, isInvited: true })).toMatch(
      /^is otrtalk running there, with the same code\?/,
    )
  })

  test('both routers change ports: IPv6, a VPN, or a port that stays open, and our router can give one', () => {
    const both = { ...buddy, verdict: 'both-change' } as const
    expect(advice({}, both)).toMatch(
      /it works with IPv6, with a port .* or in a VPN \| no router keeps a port/,
    )
    const refused = { tried: [{ via: 'upnp', result: 'refused', detail: '' }] }
    expect(advice({ portmap: refused }, both)).toMatch(/your router refuses to keep a port open/)
    const { portmap: _, ...unasked } = network
    expect(adviceFor({ network: unasked, buddy: both }, 'bob').join()).toContain('leave out --no-portmap')
    const mapping = { via: 'upnp', address: '203.0.113.9:4' }
    expect(advice({ portmap: { tried: [], mapping } }, both)).not.toContain(
      'router keeps a port open for you',
    )
  })

  test('what he published is old', () => {
    const old = { ...buddy, record: { ...buddy.record!, age: 41 * 60_000 } }
    expect(advice({}, old)).toMatch(
      /^what bob published is old: is otrtalk still running there\? \| no router/,
    )
    const fresh = { ...buddy, record: { ...buddy.record!, age: 39 * 60_000 } }
    expect(advice({}, fresh)).not.toContain('old')
  })

  test('addresses that may not be used', () => {
    const ladder = [
      { way: 'punched', state: 'absent', addresses: ['1.2.3.4:5'], ms: 0, why: 'barred' },
    ] as const
    expect(advice({}, { ...buddy, ladder })).toContain('leave out --lan, or choose another --interface')
  })

  test('whoever answered was refused', () => {
    expect(advice({}, { ...buddy, refused: 'wrong-version' })).toBe('both of you should update otrtalk')
  })

  test('at an address that was given nobody answers: that, and what keeps him from being found', () => {
    const given = { ...alone, ladder: buddy.ladder, verdict: 'silent' } as const
    expect(advice({ ipv4: family('unreachable') }, given)).toMatch(/^otrtalk may have been closed.*online\?/)
  })

  test('nothing once he is reached', () => {
    expect(advice({}, { ...buddy, state: 'secured' })).toBe('')
  })
})

test('no line of it has a word of ours that people do not know', () => {
  const reports: readonly Report[] = [
    { network, buddy },
    { network: { ...network, ipv4: family('alone') }, buddy: alone },
    { network: { ...network, ipv4: family('off') }, buddy: { ...alone, isInvited: true } },
    { network: { ...network, ipv4: family('unreachable') }, buddy: { ...alone, isOnLan: true } },
  ]
  for (const report of reports)
    expect(explainReport(report, 'bob').join('\n')).not.toMatch(
      /DAKE|OTR[v ]|NAT\b|punch|ENet|SMP|handshake|hash|undefined|socket|DHT|packet/i,
    )
})
