import { closeSync } from 'node:fs'
import { afterEach, expect, test } from 'vitest'
import { isFree, Sockets, type SocketsOptions } from '../../src/edge/sockets.ts'
import type { Datagram, Local, Notice } from '../../src/machine.ts'
import { splitAddress } from '../../src/wire/address.ts'
import { address } from '../support/network.ts'
import { useUpFiles } from '../support/openfiles.ts'
import { multicastLinks } from './multicastlinks.ts'

test('an extra end has a port of its own, whatever port was asked for', () => {
  const port = freePort()
  const { opened, open } = start({ bind: { udp4: '127.0.0.1', port } })
  open({ kind: 'udp4' }, { kind: 'udp4', isExtra: true }, { kind: 'udp4', isExtra: true })
  const [main, first, second] = opened().map(({ port }) => port)
  expect(main).toBe(port)
  expect(new Set([main, first, second]).size).toBe(3)
  expect(opened().map(({ address }) => address)).toEqual(Array(3).fill('127.0.0.1'))
})

test('both families may have the same port', () => {
  const { opened, open } = start({ bind: { port: freePort() } })
  open({ kind: 'udp4' }, { kind: 'udp6' })
  expect(opened().map(({ address }) => address)).toEqual(['0.0.0.0', '::'])
})

test('an end whose port is taken is closed, and the others go on', () => {
  const { notices, open } = start({ bind: { udp4: '127.0.0.1', port: freePort() } })
  const [first, second, extra] = open({ kind: 'udp4' }, { kind: 'udp4' }, { kind: 'udp4', isExtra: true })
  expect(notices.map(({ kind, local }) => [kind, local])).toEqual([
    ['opened', first],
    ['closed', second],
    ['opened', extra],
  ])
  expect(notices[1]).toMatchObject({ reason: 'failed' })
})

test.skipIf(process.platform !== 'linux')(
  '256 extra ends where 100 can be had: the others are closed for it',
  () => {
    const { notices, open, sockets, heard } = start({ bind: { udp4: '127.0.0.1' } })
    const files = useUpFiles()
    for (const file of files.splice(0, 100)) closeSync(file)
    open(...Array.from({ length: 256 }, (): Local => ({ kind: 'udp4', isExtra: true })))
    for (const file of files) closeSync(file)
    const had = notices.filter(({ kind }) => kind === 'opened')
    expect(had.length).toBe(100)
    const rest = notices.filter((notice) => notice.kind === 'closed' && notice.reason === 'limit')
    expect(had.length + rest.length).toBe(256)
    const [first, last] = [had[0]!, had.at(-1)!]
    sockets.send({ local: first.local, peer: atOf(last), bytes: Uint8Array.of(1) })
    return until(() => heard.length === 1 && heard[0]!.local === last.local)
  },
)

const own6 = multicastLinks().find(({ address6 }) => address6 !== undefined)?.address6
if (own6 === undefined) console.warn('skipped: no link-local IPv6 address here')

test.skipIf(own6 === undefined)('a link-local peer has its zone, both ways', async () => {
  const { sockets, heard, opened, open } = start({ bind: { udp6: '::' } })
  const [ada, bob] = open({ kind: 'udp6' }, { kind: 'udp6' })
  const [from, to] = opened().map(({ port }) => address(`[${own6}]:${port}`))
  sockets.send({ local: ada!, peer: to!, bytes: Uint8Array.of(1) })
  await until(() => heard.length === 1)
  expect(heard[0]).toEqual({ local: bob, peer: from, bytes: Uint8Array.of(1) })
  sockets.send({ local: bob!, peer: heard[0]!.peer, bytes: Uint8Array.of(2) })
  await until(() => heard.length === 2)
  expect(heard[1]).toEqual({ local: ada, peer: to, bytes: Uint8Array.of(2) })
})

test.skipIf(own6 === undefined)('an end bound to a link-local address says so', () => {
  const { opened, open } = start({ bind: { udp6: own6 } })
  open({ kind: 'udp6' })
  expect(opened().map(({ address }) => address)).toEqual([own6])
})

test('what cannot be sent is lost like any datagram, and ends nothing', async () => {
  const { sockets, heard, notices, opened, open } = start({})
  const [four, six] = open({ kind: 'udp4' }, { kind: 'udp6' })
  const port = opened()[0]!.port
  for (const peer of ['[2001:db8::1]:9', '[fe80::1%gone0]:9', '[fe80::1]:9', '[ff12::1]:9'])
    sockets.send({ local: six!, peer: address(peer), bytes: Uint8Array.of(1) })
  for (const peer of ['255.255.255.255:9', '240.0.0.1:9', '[::1]:9'])
    sockets.send({ local: four!, peer: address(peer), bytes: Uint8Array.of(1) })
  sockets.send({ local: four!, peer: address(`127.0.0.1:${port}`), bytes: Uint8Array.of(2) })
  await until(() => heard.length === 1)
  expect(heard[0]!.bytes).toEqual(Uint8Array.of(2))
  expect(notices.map(({ kind }) => kind)).toEqual(['opened', 'opened'])
})

test('who is shown what is sent is also told what the system refuses', async () => {
  const shown: string[] = []
  const { sockets, heard, opened, open } = start({
    trace: (what, { peer, bytes }) => shown.push(`${what} ${peer} ${bytes.length}`),
  })
  const [local] = open({ kind: 'udp4' })
  const own = `127.0.0.1:${opened()[0]!.port}`
  const refused = '255.255.255.255:9' // a broadcast, for which nobody asked
  sockets.send({ local: local!, peer: address(refused), bytes: Uint8Array.of(1) })
  sockets.send({ local: local!, peer: address(own), bytes: new Uint8Array(2) })
  await until(() => heard.length === 1)
  expect(shown).toEqual([`out ${refused} 1`, `out ${own} 2`, `refused ${refused} 1`, `in ${own} 2`])
})

test('a family that may not be used is closed at once', () => {
  const { notices, open } = start({ bind: { udp6: null } })
  const [local] = open({ kind: 'udp6' })
  expect(notices).toEqual([{ kind: 'closed', local, reason: 'failed' }])
})

test('an end is not opened twice', () => {
  const { sockets, open } = start({})
  const [local] = open({ kind: 'udp4' })
  expect(() => sockets.open(local!)).toThrow('twice')
})

const started: Sockets[] = []
afterEach(() => {
  for (const sockets of started.splice(0)) sockets[Symbol.dispose]()
})

function start(options: Pick<SocketsOptions, 'bind' | 'trace'>) {
  const heard: Datagram[] = []
  const notices: Notice[] = []
  const sockets = new Sockets({
    receive: (datagram) => heard.push(datagram),
    notice: (notice) => notices.push(notice),
    ...options,
  })
  started.push(sockets)
  return {
    sockets,
    heard,
    notices,
    open(...locals: Local[]): Local[] {
      for (const local of locals) sockets.open(local)
      return locals
    },
    opened: () => notices.map((notice) => splitAddress(atOf(notice))),
  }
}

function atOf(notice: Notice) {
  if (notice.kind !== 'opened') throw new Error(`an end is closed: ${notice.reason}`)
  return notice.at
}

function freePort(): number {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 8_000)
    if (isFree('0.0.0.0', port) && isFree('::', port)) return port
  }
}

/** Waits for the event loop, not for a time: the test's own limit ends it. */
async function until(condition: () => boolean): Promise<void> {
  do await new Promise((resolve) => setImmediate(resolve))
  while (!condition())
}
