/**
 * Against C ENet (Debian's libenet-dev) over loopback sockets: test/peers/enet_peer.c
 * is built into a temporary folder. Without gcc or libenet nothing can be said, and the test says so.
 */
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { randomBytes } from '../../src/crypto.ts'
import { type Run, run } from '../../src/edge/run.ts'
import type { Datagram, Local, Machine, Notice, Output } from '../../src/machine.ts'
import { Host } from '../../src/transport/enet/host.ts'
import type { HostEvent, Peer } from '../../src/transport/enet/peer.ts'
import { parseAddress, splitAddress } from '../../src/wire/address.ts'
import { message } from '../transport/enet/wire.ts'

const folder = mkdtempSync(join(tmpdir(), 'otrtalk-enet-'))
const program = join(folder, 'enet_peer')
const missing = build()

function build(): string | undefined {
  try {
    const source = join(import.meta.dirname, '../peers/enet_peer.c')
    execFileSync('gcc', ['-O2', source, '-o', program, '-lenet'], { stdio: 'pipe' })
    return undefined
  } catch (error) {
    return `no C ENet to talk to (gcc and libenet-dev are needed): ${String(error).split('\n')[0]}`
  }
}

/** A host that opens its own local end, as the link does for it otherwise. */
class Bare implements Machine<HostEvent> {
  readonly host: Host
  readonly #local: Local = { kind: 'udp4' }
  #isOpen = false
  readonly onOpened: (port: number) => void

  constructor(acceptsConnects: boolean, onOpened: (port: number) => void) {
    this.onOpened = onOpened
    this.host = new Host({
      local: this.#local,
      random: randomBytes,
      peerCount: 4,
      channelLimit: 4,
      acceptsConnects,
    })
  }

  receive(datagram: Datagram, now: number): void {
    this.host.receive(datagram, now)
  }

  notice(notice: Notice): void {
    if (notice.kind === 'opened') this.onOpened(splitAddress(notice.at).port)
  }

  *drain(now: number): Generator<Output<HostEvent>> {
    if (!this.#isOpen) yield { kind: 'open', local: this.#local }
    this.#isOpen = true
    yield* this.host.drain(now)
  }

  get deadline(): number {
    return this.#isOpen ? this.host.deadline : -Infinity
  }
}

const left: (() => void)[] = []
afterEach(() => {
  for (const leave of left.splice(0)) leave()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What came so far; `first` waits for what is not there yet. */
class Seen<T> {
  readonly all: T[] = []
  readonly #waiting = new Set<() => void>()

  push(item: T): void {
    this.all.push(item)
    for (const look of this.#waiting) look()
  }

  first<U extends T>(is: (item: T) => item is U): Promise<U> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = this.all.find(is)
        if (found !== undefined) resolve(found)
      }
      this.#waiting.add(look)
      look()
    })
  }
}

interface Started {
  readonly runner: Run<Bare>
  readonly port: number
  readonly events: readonly HostEvent[]
  /** The first event of a kind, also one that came before. */
  event<K extends HostEvent['kind']>(kind: K): Promise<Extract<HostEvent, { kind: K }>>
}

async function start(
  acceptsConnects: boolean,
  onEvent: (event: HostEvent, runner: Run<Bare>) => void = () => {},
): Promise<Started> {
  const events = new Seen<HostEvent>()
  const ports = new Seen<number>()
  const runner: Run<Bare> = run(new Bare(acceptsConnects, (port) => ports.push(port)), {
    bind: { udp4: '127.0.0.1' },
    onEvent(event) {
      events.push(event)
      onEvent(event, runner)
    },
  })
  left.push(() => runner[Symbol.dispose]())
  const port = await ports.first((port): port is number => port > 0)
  return {
    runner,
    port,
    events: events.all,
    event: (kind) =>
      events.first((event): event is Extract<HostEvent, { kind: typeof kind }> => isOf(event, kind)),
  }
}

const isOf = <K extends HostEvent['kind']>(
  event: HostEvent,
  kind: K,
): event is Extract<HostEvent, { kind: K }> => event.kind === kind

/** The C program; `line` waits for one that contains a text. */
function peer(...args: readonly string[]): { line(text: string): Promise<string> } {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  left.push(() => child.kill())
  const lines = new Seen<string>()
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  return { line: (text) => lines.first((line): line is string => line.includes(text)) }
}

async function dial(): Promise<Started & { peer: Peer; server: ReturnType<typeof peer> }> {
  const server = peer('server', '--bind', '127.0.0.1', '--echo')
  const { port } = JSON.parse(await server.line('listening'))
  const started = await start(false)
  started.runner.act(({ host }) =>
    host.connect(parseAddress(`127.0.0.1:${port}`)!, { channels: 2, data: 42 }),
  )
  return { ...started, server, peer: (await started.event('connected')).peer }
}

const messages = (events: readonly HostEvent[]): Uint8Array[] =>
  events.flatMap((event) => (event.kind === 'message' ? [event.bytes] : []))

describe.skipIf(missing !== undefined)('with C ENet as server', () => {
  test('1,000 messages and one of 100 kB come back, and C hears our data and our leave', async () => {
    const { runner, peer, events, event, server } = await dial()
    expect(JSON.parse(await server.line('connect'))).toMatchObject({ data: 42, mtu: 1_400, channels: 2 })
    const sent = [...Array.from({ length: 1_000 }, (_, i) => message(i % 200, i)), message(100_000)]
    runner.act(() => {
      for (const bytes of sent) peer.send(bytes, { channel: 1 })
    })
    await expect.poll(() => messages(events).length, { timeout: 20_000 }).toBe(sent.length)
    for (const [i, bytes] of messages(events).entries()) expect(Buffer.compare(bytes, sent[i]!)).toBe(0)
    runner.act(() => peer.disconnect(9))
    expect((await event('disconnected')).data).toBe(0)
    expect(JSON.parse(await server.line('"disconnect"'))).toMatchObject({ data: 9, messages: sent.length })
  })

  test('C leaves, and we hear its data', async () => {
    const { runner, peer, event } = await dial()
    runner.act(() => peer.send(new TextEncoder().encode('BYE!'), { channel: 0 }))
    expect((await event('disconnected')).data).toBe(5)
  })

  test('both stay connected over silence', async () => {
    const { peer, events } = await dial()
    await new Promise((resolve) => setTimeout(resolve, 7_000)) // over the 5 s of a loss
    expect(peer.state).toBe('connected')
    expect(events).toHaveLength(1)
  })
})

describe.skipIf(missing !== undefined)('with C ENet as client', () => {
  const echo = (event: HostEvent, runner: Run<Bare>): void => {
    if (event.kind === 'message') runner.act(() => event.peer.send(event.bytes, { channel: event.channel }))
  }

  test.each([
    ['1,000 messages', '1000', '64'],
    ['a message of 100 kB, three times', '3', '100000'],
  ])('%s come back, and C leaves', async (_what, count, size) => {
    const { port, event } = await start(true, echo)
    const client = peer('ping', '127.0.0.1', `${port}`, '--count', count, '--size', size, '--leave')
    expect(JSON.parse(await client.line('enet-c-ping'))).toMatchObject({ n: Number(count) })
    expect((await event('disconnected')).data).toBe(6)
    await client.line('left')
  })

  test('C that leaves without waiting is heard', async () => {
    const { port, event } = await start(true, echo)
    peer('ping', '127.0.0.1', `${port}`, '--count', '1')
    expect((await event('disconnected')).data).toBe(0)
  })

  test('we leave, and C hears our data', async () => {
    let count = 0
    const { port, event } = await start(true, (event, runner) => {
      if (event.kind === 'message' && ++count === 10) runner.act(() => event.peer.disconnect(77))
      else echo(event, runner)
    })
    const client = peer('ping', '127.0.0.1', `${port}`, '--count', '1000')
    expect(JSON.parse(await client.line('disconnect'))).toEqual({ event: 'disconnect', data: 77 })
    await event('disconnected')
  })

  test('10 MB of 64 KiB messages arrive', async () => {
    let octets = 0
    const { port } = await start(true, (event, runner) => {
      if (event.kind !== 'message') return
      octets += event.bytes.length
      const isEnd = Buffer.from(event.bytes).toString('latin1') === 'FIN!'
      if (isEnd) runner.act(() => event.peer.send(new TextEncoder().encode('DONE\0\0\0\0'), { channel: 0 }))
    })
    const client = peer('bulk', '127.0.0.1', `${port}`, '--mb', '10')
    expect(JSON.parse(await client.line('enet-c-bulk'))).toMatchObject({ done: 1 })
    expect(octets).toBeGreaterThanOrEqual(10_000_004)
  })
})

if (missing !== undefined) test('is not run', ({ skip }) => skip(missing))
