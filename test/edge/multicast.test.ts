import { randomInt } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { closeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import type { Link } from '../../src/edge/multicast.ts'
import { Sockets, type SocketsOptions } from '../../src/edge/sockets.ts'
import type { Address, Datagram, Local, Notice } from '../../src/machine.ts'
import { splitAddress } from '../../src/wire/address.ts'
import { whyNoMulticast } from '../support/multicast.ts'
import { address } from '../support/network.ts'
import { useUpFiles } from '../support/openfiles.ts'
import { multicastLinks } from './multicastlinks.ts'

const loopback = multicastLinks('lo')
const gone: Link = { name: 'gone0', address4: '192.0.2.77', address6: 'fe80::77%gone0' }
const outward = multicastLinks().slice(0, 1)

// One that nobody else on this machine is in: Linux gives a socket what comes for any group that anybody has joined.
const group4 = (): Address =>
  address(`239.255.${randomInt(1, 255)}.${randomInt(1, 255)}:${randomInt(20_000, 28_000)}`)
const group6 = (): Address =>
  address(`[ff12::${randomInt(0x8000, 0xffff).toString(16)}:7274]:${randomInt(20_000, 28_000)}`)

describe.each([
  ['IPv4', 'multicast4', group4()],
  ['IPv6', 'multicast6', group6()],
] as const)('multicast over %s', (_, kind, group) => {
  describe.each([
    ['loopback', loopback],
    ['an interface that leads out', outward],
  ])('on %s', async (_, links) => {
    const why = await whyNoMulticast(kind === 'multicast4' ? 'udp4' : 'udp6', links[0])
    if (why !== undefined) console.warn(`skipped: ${why}`)

    test.skipIf(why !== undefined)('both of two on one machine hear both, each once', async () => {
      const [ada, bob] = [start({ multicast: () => links }), start({ multicast: () => links })]
      const [a, b] = [ada.open(kind, group), bob.open(kind, group)]
      ada.sockets.send({ local: a, peer: group, bytes: Uint8Array.of(1) })
      bob.sockets.send({ local: b, peer: group, bytes: Uint8Array.of(2) })
      await until(() => ada.heard.length + bob.heard.length === 4)
      await sleep(5)
      expect(octets(ada.heard)).toEqual([1, 2])
      expect(octets(bob.heard)).toEqual([1, 2])
    })

    test.skipIf(why !== undefined)('the source is the address of the interface, with its zone', async () => {
      const { sockets, heard, open } = start({ multicast: () => links })
      const local = open(kind, group)
      sockets.send({ local, peer: group, bytes: Uint8Array.of(1) })
      await until(() => heard.length === 1)
      const { address: source } = splitAddress(heard[0]!.peer)
      const { address4, address6 } = links[0]!
      expect(source).toBe(kind === 'multicast4' ? address4 : address6)
    })

    test.skipIf(why !== undefined)(
      'an interface that is taken away is left, a new one is joined',
      async () => {
        let links_: readonly Link[] = [...links, gone]
        const ada = start({ multicast: () => links_ })
        const bob = start({ multicast: () => links })
        const [a, b] = [ada.open(kind, group), bob.open(kind, group)]
        ada.sockets.send({ local: a, peer: group, bytes: Uint8Array.of(1) }) // in spite of one that fails
        await until(() => ada.heard.length + bob.heard.length === 2)
        links_ = []
        ada.sockets.refresh()
        expect(ada.notices.at(-1)).toEqual({ kind: 'closed', local: a, reason: 'failed' })
        links_ = links
        const again = ada.open(kind, group)
        bob.sockets.send({ local: b, peer: group, bytes: Uint8Array.of(2) })
        await until(() => ada.heard.length === 2)
        expect(ada.heard[1]).toMatchObject({ local: again, bytes: Uint8Array.of(2) })
      },
    )

    test.skipIf(why !== undefined)('a disposed end is heard of no more', async () => {
      const { sockets, heard, open } = start({ multicast: () => links })
      const local = open(kind, group)
      sockets[Symbol.dispose]()
      const other = start({ multicast: () => links })
      other.sockets.send({ local: other.open(kind, group), peer: group, bytes: Uint8Array.of(1) })
      await until(() => other.heard.length === 1)
      sockets.send({ local, peer: group, bytes: Uint8Array.of(2) })
      await sleep(5)
      expect([heard, other.heard.length]).toEqual([[], 1])
    })
  })

  test.each([
    ['no interface is given', undefined],
    ['there is none', () => []],
    ['all fail', () => [gone]],
    ['none has the family', () => [{ name: 'lo' }]],
  ])('an end is closed when %s', (_, multicast) => {
    const { sockets, notices, open } = start({ multicast })
    const local = open(kind, group)
    sockets.open(local, group) // as it is closed, it may be
    const closed = { kind: 'closed', local, reason: 'failed' }
    expect(notices).toEqual([closed, closed])
  })

  test.skipIf(process.platform !== 'linux')('an end over the limit of open files is closed for it', () => {
    const { notices, open } = start({ multicast: () => loopback })
    const files = useUpFiles()
    const local = open(kind, group)
    for (const file of files) closeSync(file)
    expect(notices).toEqual([{ kind: 'closed', local, reason: 'limit' }])
  })
})

test.skipIf(process.platform !== 'linux')(
  'an IPv4 end does not hear what is sent to its port alone',
  async () => {
    const group = group4()
    const { sockets, heard, open } = start({ multicast: () => loopback })
    const local = open('multicast4', group)
    const stranger = createSocket('udp4')
    await new Promise((sent) => stranger.send('x', splitAddress(group).port, '127.0.0.1', sent))
    stranger.close()
    sockets.send({ local, peer: group, bytes: Uint8Array.of(1) })
    await until(() => heard.length > 0)
    expect(octets(heard)).toEqual([1])
  },
)

const linkLocal = outward[0]?.address6

test.skipIf(linkLocal === undefined)('an IPv6 end hears its own links only', async () => {
  const group = group6()
  const { sockets, heard, open } = start({ multicast: () => outward })
  const local = open('multicast6', group)
  const stranger = createSocket('udp6')
  await new Promise((sent) => stranger.send('x', splitAddress(group).port, '::1', sent))
  stranger.close()
  sockets.send({ local, peer: group, bytes: Uint8Array.of(1) })
  await until(() => heard.length > 0)
  expect(octets(heard)).toEqual([1])
})

test.skipIf(outward[0]?.address4 === undefined)(
  'whoever speaks notices himself that an interface is gone, and leaves the group there',
  async () => {
    const group = group4()
    let links = [...loopback, ...outward]
    const { sockets, heard, open } = start({ multicast: () => links })
    const local = open('multicast4', group)
    sockets.send({ local, peer: group, bytes: Uint8Array.of(1) })
    await until(() => heard.length >= 2)
    const sources = new Set(heard.map(({ peer }) => splitAddress(peer).address))
    expect(sources).toEqual(new Set(links.map(({ address4 }) => address4)))
    links = [...outward]
    heard.length = 0
    sockets.send({ local, peer: group, bytes: Uint8Array.of(2) })
    const stranger = createSocket('udp4').bind(0, '127.0.0.1')
    await once(stranger, 'listening')
    stranger.setMulticastInterface('127.0.0.1')
    const { address: host, port } = splitAddress(group)
    await new Promise((sent) => stranger.send('x', port, host, sent))
    stranger.close()
    const later = () => heard.filter(({ bytes }) => bytes[0] !== 1) // of the first, another copy may be under way
    await until(() => later().length > 0)
    await sleep(5)
    expect(later().map(({ peer }) => splitAddress(peer).address)).toEqual([outward[0]!.address4])
  },
)

test('the guard of routes is asked for unicast, and not for a group', async () => {
  const asked: string[] = []
  const allows = (host: string): boolean => asked.push(host) < 0
  const group = group4()
  const { sockets, heard, open } = start({ multicast: () => loopback, allows })
  const [local, plain] = [open('multicast4', group), open('udp4')]
  sockets.send({ local: plain, peer: address('127.0.0.1:9'), bytes: Uint8Array.of(1) })
  sockets.send({ local, peer: group, bytes: Uint8Array.of(2) })
  await until(() => heard.length === 1)
  expect([asked, octets(heard)]).toEqual([['127.0.0.1'], [2]])
})

test('internal interfaces are left out unless one is named', () => {
  expect(multicastLinks().map(({ name }) => name)).not.toContain('lo')
  expect(multicastLinks('no such interface')).toEqual([])
  if (process.platform === 'linux') expect(loopback[0]).toMatchObject({ name: 'lo', address4: '127.0.0.1' })
})

const started: Sockets[] = []
afterEach(() => {
  for (const sockets of started.splice(0)) sockets[Symbol.dispose]()
})

function start(options: Pick<SocketsOptions, 'allows' | 'multicast'>) {
  const heard: Datagram[] = []
  const notices: Notice[] = []
  const sockets = new Sockets({
    receive: (datagram) => heard.push(datagram),
    notice: (notice) => notices.push(notice),
    ...options,
  })
  started.push(sockets)
  const open = (kind: Local['kind'], group?: Address): Local => {
    const local: Local = { kind }
    sockets.open(local, group)
    return local
  }
  return { sockets, heard, notices, open }
}

const octets = (heard: readonly Datagram[]): number[] => heard.map(({ bytes }) => bytes[0]!).sort()

/** Waits for the event loop, not for a time: the test's own limit ends it. */
async function until(condition: () => boolean): Promise<void> {
  do await new Promise((resolve) => setImmediate(resolve))
  while (!condition())
}
