/** Against C ENet over loopback sockets, without loss; with it: enet-lossy.test.ts. */
import { describe, expect, test } from 'vitest'
import type { Run } from '../../src/edge/run.ts'
import type { HostEvent, Peer } from '../../src/transport/enet/peer.ts'
import { parseAddress } from '../../src/wire/address.ts'
import { message } from '../transport/enet/wire.ts'
import { type Bare, missing, type Program, peer, type Started, start } from './cenet.ts'

async function dial(): Promise<Started & { peer: Peer; server: Program }> {
  const server = peer('server', '--bind', '127.0.0.1', '--echo')
  const { port } = JSON.parse(await server.line('listening'))
  const started = await start({})
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
    const { port, event } = await start({ acceptsConnects: true }, echo)
    const client = peer('ping', '127.0.0.1', `${port}`, '--count', count, '--size', size, '--leave')
    expect(JSON.parse(await client.line('enet-c-ping'))).toMatchObject({ n: Number(count) })
    expect((await event('disconnected')).data).toBe(6)
    await client.line('left')
  })

  test('C that leaves without waiting is heard', async () => {
    const { port, event } = await start({ acceptsConnects: true }, echo)
    peer('ping', '127.0.0.1', `${port}`, '--count', '1')
    expect((await event('disconnected')).data).toBe(0)
  })

  test('we leave, and C hears our data', async () => {
    let count = 0
    const { port, event } = await start({ acceptsConnects: true }, (event, runner) => {
      if (event.kind === 'message' && ++count === 10) runner.act(() => event.peer.disconnect(77))
      else echo(event, runner)
    })
    const client = peer('ping', '127.0.0.1', `${port}`, '--count', '1000')
    expect(JSON.parse(await client.line('disconnect'))).toEqual({ event: 'disconnect', data: 77 })
    await event('disconnected')
  })

  test('10 MB of 64 KiB messages arrive', async () => {
    let octets = 0
    const { port } = await start({ acceptsConnects: true }, (event, runner) => {
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
