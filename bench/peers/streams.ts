/**
 * udx-native's stream as a peer of the benchmarks, and sealed, the encrypted stream that hyperdht makes of it. Each
 * end must know the other's socket: whoever connects says hello until he is welcome. See task.ts.
 */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { packages } from '../counterparts.ts'
import { Rounds } from './rounds.ts'
import { asked, type Bulk, type Ping, type Server, say, tellBulk } from './task.ts'

/** As much of streamx's Duplex as is used here. */
interface Stream {
  on(event: 'data', listener: (bytes: Uint8Array) => void): void
  on(event: 'drain' | 'close' | 'open', listener: () => void): void
  on(event: 'error', listener: (error: Error) => void): void
  /** False: wait for `drain`. */
  write(bytes: Uint8Array): boolean
}

interface UdxSocket {
  bind(port: number, host: string): void
  address(): { readonly port: number }
  on(
    event: 'message',
    listener: (bytes: Uint8Array, from: { readonly host: string; readonly port: number }) => void,
  ): void
  trySend(bytes: Uint8Array, port: number, host: string): void
}

interface UdxStream extends Stream {
  connect(socket: UdxSocket, id: number, port: number, host: string): void
}

interface Udx {
  createSocket(): UdxSocket
  createStream(id: number): UdxStream
}

const load = createRequire(join(packages, 'package.json'))
const udx: Udx = new (load('udx-native'))()
const { task, manner } = asked(process.argv.slice(2))
const socket = udx.createSocket()

function serve({ bind, isEcho }: Server): void {
  socket.bind(0, bind)
  let isTaken = false
  socket.on('message', (_, { host, port }) => {
    socket.trySend(Buffer.from('welcome'), port, host)
    if (isTaken) return
    isTaken = true
    const raw = udx.createStream(2)
    raw.connect(socket, 1, port, host)
    const stream = sealed(raw, 'responder')
    stream.on('data', isEcho ? (bytes) => stream.write(bytes) : sink(stream))
    stream.on('error', () => process.exit())
  })
  say({ event: 'listening', port: socket.address().port })
}

/** Streams have no messages: octets are counted, and the first one of each block says whether it is the last. */
function sink(stream: Stream): (bytes: Uint8Array) => void {
  let total = 0
  let isLast = false
  return (bytes) => {
    const at = (blockSize - (total % blockSize)) % blockSize
    total += bytes.length
    for (let i = at; i < bytes.length; i += blockSize) isLast = bytes[i] === last
    if (!isLast || total % blockSize !== 0) return
    say({ event: 'fin', bytes: total })
    stream.write(Buffer.from('DONE'))
  }
}

async function connected(host: string, port: number): Promise<Stream> {
  socket.bind(0, '0.0.0.0')
  await new Promise<void>((resolve) => {
    const hello = (): void => socket.trySend(Buffer.from('hello'), port, host)
    const timer = setInterval(hello, 300)
    socket.on('message', () => {
      clearInterval(timer)
      resolve()
    })
    hello()
  })
  const raw = udx.createStream(1)
  raw.connect(socket, 2, port, host)
  const stream = sealed(raw, 'initiator')
  stream.on('error', (error) => {
    throw error
  })
  if (stream !== raw) await new Promise<void>((resolve) => stream.on('open', resolve))
  return stream
}

function sealed(raw: Stream, role: 'initiator' | 'responder'): Stream {
  if (!manner.isSealed) return raw
  const SecretStream = load('@hyperswarm/secret-stream')
  return new SecretStream(role === 'initiator', raw)
}

function bulk(stream: Stream, { duration }: Bulk): void {
  const block = Buffer.alloc(blockSize, 7)
  const start = performance.now()
  let bytes = 0
  let isOver = false
  const fill = (): void => {
    while (performance.now() - start < duration) {
      bytes += blockSize
      if (!stream.write(block)) return
    }
    stream.write(Buffer.alloc(blockSize, last))
    bytes += blockSize
    isOver = true
  }
  stream.on('drain', () => {
    if (!isOver) fill()
  })
  stream.on('data', () => {
    tellBulk(bytes, start)
    process.exit()
  })
  fill()
}

function ping(stream: Stream, { size, ...task }: Ping): void {
  const message = Buffer.alloc(size)
  let missing = 0
  const rounds = new Rounds(task, () => {
    missing = size
    stream.write(message)
  })
  stream.on('data', ({ length }) => {
    missing -= length
    if (missing === 0) rounds.came()
  })
  rounds.next()
}

const last = 1
const blockSize = 65_536

switch (task.kind) {
  case 'server':
    serve(task)
    break
  case 'bulk':
    bulk(await connected(task.host, task.port), task)
    break
  case 'ping':
    ping(await connected(task.host, task.port), task)
    break
  default:
    task satisfies never
}
