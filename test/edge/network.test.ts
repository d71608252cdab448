import { createSocket, Socket } from 'node:dgram'
import { once } from 'node:events'
import type { NetworkInterfaceInfo } from 'node:os'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { mainline } from '../../src/edge/bootstrap.ts'
import { listInterfaces } from '../../src/edge/interfaces.ts'
import { meshPort } from '../../src/edge/mesh.ts'
import type { Network, NetworkFacts } from '../../src/edge/network.ts'
import { isFree, Sockets } from '../../src/edge/sockets.ts'
import { watchNetwork } from '../../src/edge/watch.ts'
import { UserError } from '../../src/error.ts'
import type { Local, Notice } from '../../src/machine.ts'
import { device, eth0, lo, Surroundings, wg0 } from './surroundings.ts'

const bindOf = ({ run: { bind } }: Network, family: 'udp4' | 'udp6' = 'udp4') =>
  typeof bind === 'function' ? bind(family) : bind
const far = { host: '203.0.113.1', port: 6881 }
const near = { host: '192.168.1.9', port: 6881 }
const named = { host: 'router.example', port: 6881 }

function refusal(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    if (error instanceof UserError) return `${error.message} (${error.exit})`
    throw error
  }
  return 'taken'
}

describe('without anything asked for', () => {
  test('everything here may be used, in both families', () => {
    const network = new Surroundings().choose()
    expect(network.facts()).toEqual({
      hosts4: ['192.168.1.2', '10.8.0.2'],
      hosts6: ['fd00::2'],
      links6: ['fe80::2%eth0'],
      isUp: true,
    })
    expect(network.families).toEqual(['udp4', 'udp6'])
    expect(network).toMatchObject({ loopback: false, dht: true, isPublic: true, portmap: true, lan: 'also' })
    expect(network.bootstrap.map(({ host }) => host)).toEqual(mainline.map(({ host }) => host))
    expect(network.run.allows).toBeUndefined()
    expect(bindOf(network)).toEqual({ port: undefined, hops: undefined })
  })

  test('multicast is for networks, not for tunnels or this machine alone', () => {
    const link = { name: 'eth0', address4: '192.168.1.2', address6: 'fe80::2%eth0' }
    expect(new Surroundings().choose().multicast()).toEqual([link])
  })

  test('a machine without network is down, and its DHT is as it was asked for', () => {
    const network = new Surroundings([lo]).choose({ dht: false, portmap: false, bootstrap: [far], port: 7 })
    expect(network.facts()).toEqual({ hosts4: [], hosts6: [], links6: [], isUp: false })
    expect(network).toMatchObject({ dht: false, isPublic: false, portmap: false, families: [] })
    expect(bindOf(network)).toMatchObject({ port: 7 })
  })
})

describe('--no-lan', () => {
  test('nothing is multicast, and no link-local address is one of ours', () => {
    const network = new Surroundings().choose({ lan: 'off' })
    expect(network.multicast()).toEqual([])
    expect(network.facts().links6).toEqual([])
  })
})

describe('--interface', () => {
  test('ends are bound to its addresses, and what would leave elsewhere is refused', () => {
    const world = new Surroundings()
    const network = world.choose({ interface: 'eth0', port: 4000 })
    expect(bindOf(network)).toEqual({ udp4: '192.168.1.2', udp6: 'fd00::2', port: 4000, hops: undefined })
    expect(network.facts()).toMatchObject({ hosts4: ['192.168.1.2'], hosts6: ['fd00::2'] })
    expect(network.multicast()).toMatchObject([{ name: 'eth0' }])
    expect(['203.0.113.1', '192.168.1.9', 'fd00::9'].map((host) => network.allows(host))).toEqual([
      ...[true, true, true],
    ])
    expect(['10.8.0.9', '127.0.0.1', '::1'].map((host) => network.allows(host))).toEqual([
      false,
      false,
      false,
    ])
    expect(network.run.allows?.('10.8.0.9')).toBe(false)
    world.way = 'wg0'
    world.time = 1_000
    expect(network.allows('203.0.113.1')).toBe(false)
  })

  test('a family without an address is closed, not bound to every interface', () => {
    expect(bindOf(new Surroundings().choose({ interface: 'wg0' }))).toMatchObject({ udp6: null })
    const six = new Surroundings([device('eth0', ['fd00::2/64'])]).choose({ interface: 'eth0' })
    expect(bindOf(six)).toMatchObject({ udp4: null, udp6: 'fd00::2' })
    const link = new Surroundings([device('eth0', ['fe80::2/64'])])
    expect(bindOf(link.choose({ interface: 'eth0' }))).toMatchObject({ udp6: 'fe80::2%eth0' })
    expect(refusal(() => link.choose({ interface: 'eth0', lan: 'off' }))).toMatch(
      /has no address that can be/,
    )
  })

  test('of several addresses of IPv6 the one is bound that the kernel would use', () => {
    const world = new Surroundings([device('eth0', ['fd00::1/64', 'fd00::77/64'])])
    world.ask = () => 'fd00::77'
    expect(world.choose({ interface: 'eth0' }).facts().hosts6).toEqual(['fd00::77'])
    world.ask = () => 'fd09::1' // another's
    expect(world.choose({ interface: 'eth0' }).facts().hosts6).toEqual(['fd00::1'])
  })

  test('one that is not there is refused, naming those there are', () => {
    expect(refusal(() => new Surroundings().choose({ interface: 'eth9' }))).toBe(
      'no network interface named eth9 (6)',
    )
  })

  test('when it goes nothing is sent, and when it is back with another address all goes on', () => {
    const world = new Surroundings()
    const network = world.choose({ interface: 'eth0' })
    expect(network.allows('203.0.113.1')).toBe(true)
    world.devices = [lo, wg0]
    world.way = 'wg0'
    world.time = 1_000
    expect(network.allows('203.0.113.1')).toBe(false)
    expect(bindOf(network)).toMatchObject({ udp4: null, udp6: null })
    expect(network.facts()).toEqual({ hosts4: [], hosts6: [], links6: [], isUp: false })
    expect([network.multicast(), network.families]).toEqual([[], []])
    world.devices = [lo, wg0, device('eth0', ['192.168.7.7/24'])]
    world.way = 'eth0'
    world.time = 2_000
    expect(network.allows('203.0.113.1')).toBe(true)
    expect(bindOf(network)).toMatchObject({ udp4: '192.168.7.7', udp6: null })
  })

  test('the loopback interface is a network of its own: no public DHT, no router', () => {
    const network = new Surroundings().choose({ interface: 'lo' })
    expect(network).toMatchObject({
      loopback: true,
      isPublic: false,
      bootstrap: [],
      portmap: false,
      dht: true,
    })
    expect(network.facts()).toMatchObject({ hosts4: ['127.0.0.1'], hosts6: ['::1'] })
    expect(network.allows('127.0.0.9')).toBe(true)
    expect(network.allows('192.168.1.9')).toBe(false)
  })

  test('a device that has no address of its own may send with this one: what it leads to is refused', () => {
    const world = new Surroundings()
    const route = (name: string, to: string, mask: string): string =>
      `${name}\t${to}\t00000000\t0001\t0\t0\t0\t${mask}\t0\t0\t0\n`
    const tables = `Iface\tDestination\n${route('tun9', '0007A8C0', '00FFFFFF')}${route('eth0', '00000000', '00000000')}`
    world.tables = () => ({ route: tables, ipv6Route: '', ifInet6: '' })
    const network = world.choose({ interface: 'eth0' })
    expect(network.allows('192.168.7.1')).toBe(false)
    expect(network.allows('192.168.8.1')).toBe(true)
  })
})

test('the system is asked for a name only where everything may be used', async () => {
  const world = new Surroundings()
  const find = (name: string | undefined) =>
    world.choose({ interface: name, bootstrap: [{ host: 'localhost', port: 7 }] }).bootstrap[0]?.find()
  expect(await find(undefined)).toContain('127.0.0.1:7')
  expect(await find('lo')).toEqual([])
})

test('an end of a family that is closed is closed; any other is bound, with the hops it may take', () => {
  const setTtl = vi.spyOn(Socket.prototype, 'setTTL')
  const notices: Notice[] = []
  using sockets = new Sockets({
    receive() {},
    notice: (notice) => notices.push(notice),
    bind: (family) => ({ udp4: '127.0.0.1', udp6: null, ...(family === 'udp4' && { hops: 1 }) }),
  })
  const [four, six]: Local[] = [{ kind: 'udp4' }, { kind: 'udp6' }]
  for (const local of [four!, six!]) sockets.open(local)
  expect(notices).toEqual([
    { kind: 'opened', local: four, at: expect.stringMatching(/^127\.0\.0\.1:/) },
    { kind: 'closed', local: six, reason: 'failed' },
  ])
  expect(setTtl.mock.calls).toEqual([[1]])
  setTtl.mockRestore()
})

test('interfaces have a kind, and their link-local addresses a zone', () => {
  const info = (address: string, cidr: string, mac: string, internal = false) =>
    ({
      ...{ address, cidr, mac, internal, netmask: '' },
      ...(address.includes(':') ? { family: 'IPv6', scopeid: 7 } : { family: 'IPv4' }),
    }) as NetworkInterfaceInfo
  const none = '00:00:00:00:00:00'
  const found = listInterfaces({
    lo: [info('127.0.0.1', '127.0.0.1/8', none, true)],
    en0: [
      info('192.168.1.2', '192.168.1.2/24', '02:00:00:00:00:01'),
      info('fe80::2', 'fe80::2/64', '02:00:00:00:00:01'),
    ],
    utun3: [info('10.8.0.2', '10.8.0.2/32', none), info('fdfe::80', 'fdfe::80/64', none)],
    gone: [],
  })
  expect(found.map(({ name, kind }) => [name, kind])).toEqual([
    ['lo', 'loopback'],
    ['en0', 'link'],
    ['utun3', 'tunnel'],
  ])
  const zone = process.platform === 'win32' ? '7' : 'en0'
  expect(found[1]).toMatchObject({
    addresses: ['192.168.1.2', `fe80::2%${zone}`],
    subnets: ['192.168.1.2/24', 'fe80::2/64'],
  })
  expect(found[2]?.addresses).toEqual(['10.8.0.2', 'fdfe::80'])
})

describe('--lan', () => {
  test('only who is on a link of ours is reached, and no router passes it on', () => {
    const network = new Surroundings().choose({ lan: 'only' })
    const hosts = [
      '192.168.1.9',
      'fd00::9',
      'fe80::9%eth0',
      '127.0.0.1',
      '192.168.2.9',
      '10.8.0.9',
      'fd09::9',
    ]
    expect(hosts.filter((host) => network.allows(host))).toEqual([
      '192.168.1.9',
      'fd00::9',
      'fe80::9%eth0',
      '127.0.0.1',
    ])
    expect(bindOf(network)).toMatchObject({ hops: 1 })
    expect(network.facts().hosts4).toEqual(['192.168.1.2'])
    expect(network.multicast()).toMatchObject([{ name: 'eth0' }])
  })

  test('there is no DHT, no STUN and no router', () => {
    const network = new Surroundings().choose({ lan: 'only', stun: [far] })
    expect(network).toMatchObject({ dht: false, isPublic: false, bootstrap: [], stun: [], portmap: false })
  })

  test('but for a private DHT on the link', () => {
    const network = new Surroundings().choose({ lan: 'only', bootstrap: [near] })
    expect(network).toMatchObject({ dht: true, isPublic: false, bootstrap: [{ host: near.host }] })
    const choose = (node: typeof near) =>
      refusal(() => new Surroundings().choose({ lan: 'only', bootstrap: [node] }))
    expect(choose(far)).toBe('the bootstrap node 203.0.113.1 is not on the local network (2)')
    expect(choose(named)).toMatch(
      /^with --lan a bootstrap node is given as an address, not as router.example/,
    )
  })

  test('a tunnel is a link if it is the interface that was named', () => {
    const network = new Surroundings().choose({ lan: 'only', interface: 'wg0' })
    expect(['10.8.0.9', '192.168.1.9', '10.9.0.9'].map((host) => network.allows(host))).toEqual([
      true,
      false,
      false,
    ])
  })
})

describe('in a mesh', () => {
  test('who names it and no port waits where the others knock, if nobody else does', () => {
    const world = new Surroundings()
    const mesh = world.choose({ interface: 'wg0' })
    expect(bindOf(mesh)).toMatchObject({ port: meshPort })
    expect(bindOf(world.choose({ interface: 'wg0', port: 5 }))).toMatchObject({ port: 5 })
    expect(bindOf(world.choose({ interface: 'eth0' }))).toMatchObject({ port: undefined })
    world.busy = [meshPort]
    expect(bindOf(mesh)).toMatchObject({ port: undefined })
  })

  test('nobody is asked for who named none', async () => {
    expect(await new Surroundings().choose().mesh()).toEqual([])
  })
})

test('a port is free if an end can be bound there, and stays free', async () => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  expect([isFree('127.0.0.1', port), isFree('127.0.0.1', port)]).toEqual([false, false])
  socket.close()
  await once(socket, 'close')
  expect([isFree('127.0.0.1', port), isFree('127.0.0.1', port)]).toEqual([true, true])
  expect(isFree('192.0.2.254', port)).toBe(false)
})

describe('the watch', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('tells within 2 s that addresses came or went, the interface is gone, or back', () => {
    const world = new Surroundings()
    const network = world.choose({ interface: 'eth0' })
    const told: [NetworkFacts, string][] = []
    using _watch = network.watch((facts, why) => told.push([facts, why]))
    const toldWith = (devices: typeof world.devices) => {
      world.devices = devices
      vi.advanceTimersByTime(2_000)
      return told.splice(0).map(([facts, why]) => [facts.hosts4.join(), facts.isUp, why])
    }
    expect(toldWith([lo, wg0, eth0])).toEqual([])
    expect(toldWith([lo, wg0])).toEqual([['', false, 'addresses']])
    expect(toldWith([lo])).toEqual([])
    expect(toldWith([lo, device('eth0', ['192.168.1.2/24', 'fd00::2/64'])])).toEqual([
      ['192.168.1.2', true, 'addresses'],
    ])
    expect(toldWith([lo, eth0])).toEqual([['192.168.1.2', true, 'links']])
  })

  test('the guard asks the kernel again at once', () => {
    const world = new Surroundings()
    const network = world.choose({ interface: 'eth0' })
    using _watch = network.watch(() => {})
    network.allows('203.0.113.1')
    world.devices = [lo, device('eth0', ['192.168.1.2/24', 'fd00::3/64']), wg0]
    world.way = 'wg0'
    vi.advanceTimersByTime(2_000) // but for `world.time`, by which an answer would hold
    expect(network.allows('203.0.113.1')).toBe(false)
  })

  test('an order of addresses is no news, and after disposal nothing is', () => {
    const world = new Surroundings()
    const told: string[] = []
    const watch = world.choose().watch((_, why) => told.push(why))
    world.devices = [...world.devices].reverse()
    vi.advanceTimersByTime(10_000)
    watch[Symbol.dispose]()
    world.devices = []
    vi.advanceTimersByTime(10_000)
    expect(told).toEqual([])
  })

  test.each(['wall', 'steady'] as const)('a machine that slept is noticed by the %s clock alone', (which) => {
    const skew = { wall: 0, steady: 0 }
    const clocks = { wall: () => Date.now() + skew.wall, steady: () => performance.now() + skew.steady }
    const told: string[] = []
    const facts = new Surroundings().choose().facts()
    using _watch = watchNetwork(
      () => facts,
      (_, why) => told.push(why),
      clocks,
    )
    vi.advanceTimersByTime(2_000)
    skew[which] = 4_900
    vi.advanceTimersByTime(2_000)
    expect(told).toEqual([])
    skew[which] = 10_000
    vi.advanceTimersByTime(4_000)
    expect(told).toEqual(['slept'])
    skew[which] = 0 // set back
    vi.advanceTimersByTime(4_000)
    expect(told).toEqual(['slept'])
  })
})
