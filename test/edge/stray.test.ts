import { endianness } from 'node:os'
import { expect, test } from 'vitest'
import { readTables, strayCheck } from '../../src/edge/stray.ts'
import { device, eth0, lo } from './surroundings.ts'

const hex4 = (address: string): string => {
  const octets = address.split('.').map((octet) => Number(octet).toString(16).padStart(2, '0').toUpperCase())
  return (endianness() === 'LE' ? octets.reverse() : octets).join('')
}
const route4 = (name: string, to: string, mask: string, flags = '0001') =>
  `${name}\t${hex4(to)}\t00000000\t${flags}\t0\t0\t0\t${hex4(mask)}\t0\t0\t0\n`
const route6 = (name: string, to: string, bits: number, flags = '00000001') =>
  `${to.padEnd(32, '0')} ${bits.toString(16).padStart(2, '0')} ${'0'.repeat(32)} 00 ${'0'.repeat(32)} 00000400 00000001 00000000 ${flags}     ${name}\n`
const address6 = (name: string, flags = '80', scope = '00') =>
  `fd000000000000000000000000000002 02 40 ${scope} ${flags}    ${name}\n`

const head = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n'
const check4 = (table: string, all = [lo, eth0]) =>
  strayCheck({ route: head + table, ipv6Route: '', ifInet6: '' }, all)
const check6 = (ipv6Route: string, ifInet6: string) =>
  strayCheck({ route: '', ipv6Route, ifInet6 }, [lo, eth0])

test('an IPv4 route to a device without an address is a stray one, unless ours is narrower', () => {
  const byDefault = route4('tun0', '0.0.0.0', '0.0.0.0')
  const ours = route4('eth0', '192.168.1.0', '255.255.255.0')
  const strays = check4(byDefault + ours)
  expect(strays('203.0.113.1', ['eth0'])).toBe(true)
  expect(strays('192.168.1.9', ['eth0'])).toBe(false)
  expect(strays('203.0.113.1', ['tun0'])).toBe(false)
  expect(strays('2001:db8::1', ['eth0'])).toBe(false)
  expect(check4(byDefault, [lo, eth0, device('tun0', ['10.8.0.2/24'])])('203.0.113.1', ['eth0'])).toBe(false)
  expect(check4(byDefault, [lo, eth0, device('tun0', ['169.254.8.2/16'])])('203.0.113.1', ['eth0'])).toBe(
    true,
  )
  expect(check4(route4('tun0', '0.0.0.0', '0.0.0.0', '0201'))('203.0.113.1', ['eth0'])).toBe(false) // rejects
  const half = route4('eth0', '0.0.0.0', '0.0.0.0') + route4('tun0', '128.0.0.0', '128.0.0.0')
  expect(['203.0.113.1', '8.8.8.8'].map((host) => check4(half)(host, ['eth0']))).toEqual([true, false])
})

test('so is an IPv6 route to a device whose addresses are none to use', () => {
  const byDefault = route6('eth1', '', 0)
  const ours = route6('eth0', 'fd00', 64)
  for (const [table, isStray] of [
    ['', true],
    [address6('eth1'), false],
    [address6('eth1', '20'), true], // deprecated
    [address6('eth1', '40'), true], // tentative
    [address6('eth1', '80', '20'), true], // link-local
    [address6('eth0'), true],
  ] as const)
    expect(check6(byDefault + ours, table)('2001:db8::1', ['eth0'])).toBe(isStray)
  const strays = check6(byDefault + ours, '')
  expect(strays('fd00::9', ['eth0'])).toBe(false)
  expect(strays('fe80::9%eth0', ['eth0'])).toBe(true) // by the default route; a zone decides, and is asked for elsewhere
  expect(check6(byDefault + route6('eth0', '', 0), '')('2001:db8::1', ['eth0'])).toBe(true) // either
  expect(check6(route6('lo', '', 0, '00200200'), '')('2001:db8::1', ['eth0'])).toBe(false)
})

test('whatever the files hold, and where there are none, nothing is thrown', () => {
  for (const text of ['', 'x', 'a b c d e f g h i j', `eth0\t${'F'.repeat(9)}\t0\t0\t0\t0\t0\t0`, '\n\n\t\n'])
    expect(strayCheck({ route: text, ipv6Route: text, ifInet6: text }, [])('203.0.113.1', [])).toBe(false)
  expect(Object.keys(readTables())).toHaveLength(3)
})
