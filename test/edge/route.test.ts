import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import type { NetworkInterface } from '../../src/edge/interfaces.ts'
import { routeGuard, sourceFor } from '../../src/edge/route.ts'
import { run } from '../../src/edge/run.ts'
import type { Local, Machine, Output } from '../../src/machine.ts'
import { address } from '../support/network.ts'

test('the kernel names the source address for a destination, and nothing is sent', async () => {
  const receiver = createSocket('udp4').bind(0, '127.0.0.1')
  await once(receiver, 'listening')
  const heard: Buffer[] = []
  receiver.on('message', (bytes) => heard.push(bytes))
  expect(sourceFor('127.0.0.1')).toBe('127.0.0.1')
  receiver.send('end', receiver.address().port, '127.0.0.1')
  await once(receiver, 'message')
  receiver.close()
  expect(heard.map(String)).toEqual(['end'])
})

test('a destination without a way has no source', () => {
  expect(sourceFor('255.255.255.255')).not.toBe('127.0.0.1')
  for (const host of ['0.0.0.256', 'fe80::1', 'fe80::1%none', 'localhost'])
    expect(sourceFor(host)).toBeUndefined()
})

const own = (name: string, ...subnets: string[]): NetworkInterface => {
  const zone = (address: string): string => (/^fe80/.test(address) ? `${address}%${name}` : address)
  const addresses = subnets.map((subnet) => zone(subnet.replace(/\/.*/, '')))
  return { name, addresses, internal: false, kind: 'link', subnets }
}
const guard = (interfaces: readonly NetworkInterface[], ask = sourceFor, onLink = false) =>
  routeGuard({ interfaces: () => interfaces, onLink, now: () => 0, ask })
const loopback = own('lo', '127.0.0.1/8', '::1/128')

test('what would leave elsewhere is refused, by the answers of this kernel', () => {
  const { allows } = guard([loopback])
  expect(['127.0.0.1', '127.9.9.9', '::1'].map(allows)).toEqual([true, true, true])
  expect(['203.0.113.1', '2001:db8::1', 'fe80::1', 'fe80::1%none', 'x'].map(allows)).not.toContain(true)
  expect(guard([own('eth7', '203.0.113.7/24')]).allows('127.0.0.1')).toBe(false)
  expect(guard([own('eth7', 'fd00::7/64')]).allows('::1')).toBe(false)
  expect(guard([]).allows('127.0.0.1')).toBe(false) // it is gone
})

test('a link-local destination must be on the link of the interface', () => {
  const { allows } = guard([own('eth0', 'fe80::2/64')], (host) => host.replace('fe80::1', 'fe80::2'))
  expect(allows('fe80::1%eth0')).toBe(true)
  expect(allows('fe80::1%eth1')).toBe(false) // where this machine has the same address
})

test('with --lan a destination must be in a subnet of the interface that it would leave by', () => {
  const sources: Record<string, string> = {
    '192.168.1.9': '192.168.1.2',
    '192.168.2.9': '192.168.1.2', // behind a router
    '192.168.3.9': '192.168.1.2', // routed away from its own subnet
    '192.168.3.8': '192.168.3.2',
    'fd00::9': 'fd00::2',
    'fd01::9': 'fd00::2',
  }
  const interfaces = [own('eth0', '192.168.1.2/24', 'fd00::2/64'), own('eth1', '192.168.3.2/24')]
  const { allows } = guard(interfaces, (host) => sources[host], true)
  const allowed = Object.keys(sources).filter(allows)
  expect(allowed).toEqual(['192.168.1.9', '192.168.3.8', 'fd00::9'])
})

test('the kernel is asked again after 0.1 s, or at once when the network changed: the route may be another', () => {
  let [time, source, asked] = [0, '10.8.0.2', 0]
  const ask = (): string => {
    asked++
    return source
  }
  const interfaces = [own('wg0', '10.8.0.2/24')]
  const { allows, flush } = routeGuard({ interfaces: () => interfaces, onLink: false, now: () => time, ask })
  expect(allows('192.0.2.1')).toBe(true)
  source = '192.168.1.2' // the VPN went down
  time = 99
  expect([allows('192.0.2.1'), asked]).toEqual([true, 1])
  time = 100
  expect([allows('192.0.2.1'), asked]).toEqual([false, 2])
  source = '10.8.0.2'
  flush()
  expect([allows('192.0.2.1'), asked]).toEqual([true, 3])
})

test('the runner sends nothing to a host that is not allowed', async () => {
  const receiver = createSocket('udp4').bind(0, '127.0.0.1')
  await once(receiver, 'listening')
  const heard: string[] = []
  receiver.on('message', (bytes) => heard.push(String(bytes)))
  const peer = address(`127.0.0.1:${receiver.address().port}`)
  const local: Local = { kind: 'udp4' }
  const send = (text: string): Output<never> => ({
    kind: 'send',
    datagram: { local, peer, bytes: new TextEncoder().encode(text) },
  })
  const outputs: Output<never>[] = [{ kind: 'open', local }]
  const machine: Machine<never> = {
    get deadline() {
      return outputs.length > 0 ? -Infinity : Infinity
    },
    receive() {},
    drain: () => outputs.splice(0),
  }
  let isAllowed = false
  using running = run(machine, { onEvent() {}, bind: { udp4: '127.0.0.1' }, allows: () => isAllowed })
  const pump = (text: string): Promise<void> => {
    running.act(() => outputs.push(send(text)))
    return new Promise((resolve) => setImmediate(resolve))
  }
  await pump('refused')
  isAllowed = true
  await pump('allowed')
  await once(receiver, 'message')
  receiver.close()
  expect(heard).toEqual(['allowed'])
})
