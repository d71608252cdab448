import { endianness, networkInterfaces } from 'node:os'
import { describe, expect, test } from 'vitest'
import {
  findGateway,
  firstHost,
  isNeighbour,
  knownGateway,
  readNetstat,
  readProcRoutes,
} from '../../src/edge/gateway.ts'

/** What Linux on a little-endian machine prints; in memory the octets lie the other way round elsewhere. */
const word = (address: string): string => {
  const octets = address.split('.').map((octet) => Number(octet).toString(16).padStart(2, '0').toUpperCase())
  return (endianness() === 'LE' ? octets.reverse() : octets).join('')
}
const route = (
  name: string,
  to: string,
  via: string,
  { flags = '0003', metric = 0, mask = to } = {},
): string => `${name}\t${word(to)}\t${word(via)}\t${flags}\t0\t0\t${metric}\t${word(mask)}\t0\t0\t0   `
const table = (...routes: string[]): string =>
  ['Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT', ...routes, ''].join(
    '\n',
  )
const all = '0.0.0.0'

describe('/proc/net/route', () => {
  test('names the gateway of an interface, the one of least metric', () => {
    const routes = table(
      route('wlan0', all, '192.168.2.1', { metric: 600 }),
      route('eth0', all, '192.168.1.2', { metric: 200 }),
      route('eth0', all, '192.168.1.1', { metric: 100 }),
      route('eth0', '192.168.1.0', all, { flags: '0001', mask: '255.255.255.0' }),
    )
    expect(readProcRoutes(routes, 'eth0')).toBe('192.168.1.1')
    expect(readProcRoutes(routes, 'wlan0')).toBe('192.168.2.1')
    expect(readProcRoutes(routes, 'wg0')).toBeUndefined()
  })

  test.each([
    ['to a part of the world', route('eth0', all, '10.0.0.1', { mask: '128.0.0.0' })],
    ['without a gateway', route('eth0', all, all, { flags: '0001' })],
    ['that is down', route('eth0', all, '10.0.0.1', { flags: '0002' })],
    ['that is cut off', 'eth0\t00000000\t0101'],
  ])('a route %s is no default', (_, line) => {
    expect(readProcRoutes(table(line), 'eth0')).toBeUndefined()
  })

  test('an empty one names none', () => expect(readProcRoutes('', 'eth0')).toBeUndefined())
})

test('netstat of macOS and FreeBSD names the gateway of an interface', () => {
  const mac = `Routing tables

Internet:
Destination        Gateway            Flags               Netif Expire
default            link#20            UCSIg               utun4
default            192.168.1.1        UGScg                 en0
127                127.0.0.1          UCS                   lo0
192.168.1          link#11            UCS                   en0      !
192.168.1.1/32     link#11            UCS                   en0      !
`
  expect(readNetstat(mac, 'en0')).toBe('192.168.1.1')
  expect(readNetstat(mac, 'utun4')).toBeUndefined()
  expect(readNetstat('default 10.0.2.2 UGS 0 123 - 8 vio0\n', 'vio0')).toBe('10.0.2.2') // OpenBSD
  expect(readNetstat('', 'en0')).toBeUndefined()
})

test('the guess is the first address of the subnet, unless it is ours', () => {
  expect(firstHost({ address: '192.168.1.77', netmask: '255.255.255.0' })).toBe('192.168.1.1')
  expect(firstHost({ address: '172.20.10.9', netmask: '255.255.255.240' })).toBe('172.20.10.1')
  expect(firstHost({ address: '203.0.113.200', netmask: '255.255.255.128' })).toBe('203.0.113.129')
  expect(firstHost({ address: '10.0.0.1', netmask: '255.0.0.0' })).toBeUndefined()
})

test('a neighbour is in the subnet of an address of ours', () => {
  expect(isNeighbour('127.0.0.1', '127.200.0.9')).toBe(true)
  expect(isNeighbour('127.0.0.1', '128.0.0.1')).toBe(false)
  expect(isNeighbour('192.0.2.200', '192.0.2.200')).toBe(false) // not ours
})

test('loopback has no gateway on Linux, nor has an address that is not ours anywhere', async () => {
  expect(await findGateway('192.0.2.200')).toBeUndefined()
  if (process.platform === 'linux') expect(await findGateway('127.0.0.1')).toBeUndefined()
})

const outer = Object.values(networkInterfaces())
  .flatMap((infos) => infos ?? [])
  .find((info) => info.family === 'IPv4' && !info.internal && firstHost(info) !== undefined)

test.skipIf(!outer)('where there is no table to read the gateway is a guess, and not known', async () => {
  const platform = Object.getOwnPropertyDescriptor(process, 'platform')!
  Object.defineProperty(process, 'platform', { ...platform, value: 'win32' })
  try {
    expect(await findGateway(outer!.address)).toBe(firstHost(outer!))
    expect(await knownGateway(outer!.address)).toBeUndefined()
  } finally {
    Object.defineProperty(process, 'platform', platform)
  }
  expect(await knownGateway(outer!.address)).toBe(await findGateway(outer!.address))
})
