import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { resolveBootstrap } from '../../src/edge/bootstrap.ts'
import { byInterface, bySystem, type Entry, type WayOut } from '../../src/edge/names.ts'
import type { Address } from '../../src/machine.ts'
import { address } from '../support/network.ts'

const name = { host: 'router.example', port: 6881 }
const entry = (host: string, find: Entry['find']): Entry => ({ host, find })

test('a literal of either family is an address at once, and nobody is asked', async () => {
  const way: WayOut = {
    sources: () => ({ udp4: '127.0.0.1', udp6: undefined }),
    allows: () => true,
    servers: () => {
      throw new Error('asked')
    },
  }
  expect(await byInterface({ host: '192.0.2.1', port: 1 }, way).find()).toEqual(['192.0.2.1:1'])
  expect(await bySystem({ host: '2001:db8::1', port: 1 }).find()).toEqual(['[2001:db8::1]:1'])
  expect(await bySystem({ host: 'localhost', port: 7 }).find()).toContain('127.0.0.1:7')
})

test('each name is told when it is known; that none is, once', async () => {
  const stopped = new AbortController()
  const found: Address[] = []
  const told: (readonly string[])[] = []
  const resolve = (entries: readonly Entry[]) =>
    resolveBootstrap(entries, {
      onFound: (addresses) => found.push(...addresses),
      onUnresolved: (hosts) => told.push(hosts),
      signal: stopped.signal,
    })
  const none = async () => []
  const waiting = [resolve([entry('a', none), entry('b', async () => [address('192.0.2.1:1')])])]
  waiting.push(resolve([entry('a', none), entry('b', none)]))
  await new Promise((done) => setImmediate(done))
  stopped.abort()
  await Promise.all(waiting)
  expect(found).toEqual(['192.0.2.1:1'])
  expect(told).toEqual([['a', 'b']])
})

test('a name that is not known is asked for again after 2, 4, 8, 16 s, then every 30 s', async () => {
  const stopped = new AbortController()
  const waited: number[] = []
  const wait = async (ms: number) => {
    if (waited.push(ms) === 6) stopped.abort()
  }
  await resolveBootstrap([entry('a', async () => [])], { onFound() {}, signal: stopped.signal, wait })
  expect(waited).toEqual([2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
})

test('with an interface a name is asked of servers it leads to, from its address, and of no others', async () => {
  using allowed = await server('127.0.0.2', 0, '192.0.2.7')
  using other = await server('127.0.0.3', allowed.port, '192.0.2.8')
  const way = {
    sources: () => ({ udp4: '127.0.0.9', udp6: undefined }),
    allows: (host: string) => host === '127.0.0.2',
    servers: () => [`127.0.0.3:${other.port}`, `127.0.0.2:${allowed.port}`],
    isLocal: () => false, // as if the two were other machines
  }
  expect(await byInterface(name, way).find()).toEqual(['192.0.2.7:6881'])
  expect(allowed.heard).toContain('127.0.0.9')
  expect(other.heard).toEqual([])
})

test('servers on this machine, and of a family that is not there, are not asked', async () => {
  using local = await server('127.0.0.53', 0, '192.0.2.9')
  const way: WayOut = {
    sources: () => ({ udp4: '127.0.0.1', udp6: undefined }),
    allows: () => true,
    servers: () => [`127.0.0.53:${local.port}`, '::1', '2001:db8::53', 'x'],
  }
  expect(await byInterface(name, way).find()).toEqual([])
  expect(local.heard).toEqual([])
  using six = await server('::1', 0, '192.0.2.9')
  const servers = () => [`[::1]:${six.port}`]
  expect(await byInterface(name, { ...way, servers, isLocal: () => false }).find()).toEqual([])
  expect(six.heard).toEqual([])
})

interface Server extends Disposable {
  readonly port: number
  /** Who asked. */
  readonly heard: readonly string[]
}

/** Answers every question for an A record with one address, and the others with none (RFC 1035). */
async function server(host: string, port: number, answer: string): Promise<Server> {
  const socket: Socket = createSocket(host.includes(':') ? 'udp6' : 'udp4').bind(port, host)
  await once(socket, 'listening')
  const heard: string[] = []
  socket.on('message', (question, from) => {
    heard.push(from.address)
    const isA = question.readUInt16BE(question.indexOf(0, 12) + 1) === 1
    const end = question.indexOf(0, 12) + 5
    const header = Buffer.from([...question.subarray(0, 2), 0x81, 0x80, 0, 1, 0, isA ? 1 : 0, 0, 0, 0, 0])
    const record = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...answer.split('.').map(Number)]
    const octets = [...header, ...question.subarray(12, end), ...(isA ? record : [])]
    socket.send(Buffer.from(octets), from.port, from.address)
  })
  return { port: socket.address().port, heard, [Symbol.dispose]: () => socket.close() }
}
