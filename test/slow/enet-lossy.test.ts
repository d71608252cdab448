/**
 * Against C ENet over a bad line: 5 % lost, 5 % doubled, up to 8 ms late, so that datagrams overtake each other; with
 * and without checksum and compression, at both ends of the MTU's range that is in use.
 */
import { describe, expect, test } from 'vitest'
import type { Delivery } from '../../src/transport/enet/message.ts'
import { Wrapping } from '../../src/transport/enet/wrapping.ts'
import { parseAddress } from '../../src/wire/address.ts'
import { message } from '../transport/enet/wire.ts'
import { missing, peer, start } from './cenet.ts'
import { relay } from './relay.ts'

const line = { seed: 3, loss: 5, duplication: 5, delay: 8 }

const modes = [
  ['plain', [], undefined],
  ['with checksum', ['--crc'], new Wrapping('checksummed', 'plain')],
  ['with compression', ['--range'], new Wrapping('plain', 'range-coder')],
  ['with both', ['--crc', '--range'], new Wrapping('checksummed', 'range-coder')],
] as const

const table = modes.flatMap(([name, args, wrapping]) =>
  [1_400, 576].map((mtu) => ({ name, mtu, args, wrapping })),
)

/** Messages that carry their number, of sizes that are one datagram or several. */
function numbered(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, n) => {
    const bytes = message(4 + ((n * 997) % (n % 10 === 0 ? 9_000 : 500)), n)
    new DataView(bytes.buffer).setUint32(0, n)
    return bytes
  })
}

const numberOf = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
const rising = (numbers: readonly number[]): number[] => [...new Set(numbers)].sort((a, b) => a - b)

// Most of it is waiting for what was lost.
describe.skipIf(missing !== undefined).concurrent('over a bad line', () => {
  test.each(table)('C $name, MTU $mtu, sends back each kind of message', async ({ mtu, args, wrapping }) => {
    const server = peer('server', '--bind', '127.0.0.1', '--echo', '--mtu', `${mtu}`, ...args)
    const { port } = JSON.parse(await server.line('listening'))
    const between = await relay(port, line)
    const { runner, event, events } = await start({ mtu, wrapping })
    runner.act(({ host }) => host.connect(parseAddress(`127.0.0.1:${between.port}`)!, { channels: 4 }))
    const { peer: it } = await event('connected')
    const deliveries: Delivery[] = ['reliable', 'unreliable', 'unsequenced', 'unreliable-fragments']
    const on = (channel: number): Uint8Array[] =>
      events.flatMap((event) => (event.kind === 'message' && event.channel === channel ? [event.bytes] : []))
    // Both throttles drop nearly all that may be lost as long as a busy machine makes the round trips grow.
    const isEnough = (): boolean => [1, 2, 3].every((channel) => on(channel).length > 5)
    const sent: Uint8Array[] = []
    for (const bytes of numbered(1_200)) {
      if (sent.length >= 120 && isEnough()) break
      sent.push(bytes)
      runner.act(() => {
        for (const [channel, delivery] of deliveries.entries()) it.send(bytes.slice(), { channel, delivery })
      })
      await new Promise((resolve) => setTimeout(resolve, 5)) // a talk, not one burst
    }
    await expect.poll(() => on(0).length, { timeout: 25_000 }).toBe(sent.length)
    const [reliable, unreliable, unsequenced, cut] = [0, 1, 2, 3].map((channel) => on(channel).map(numberOf))
    expect(reliable).toEqual(sent.map((_, n) => n))
    expect(unreliable).toEqual(rising(unreliable!))
    expect(cut).toEqual(rising(cut!))
    expect(new Set(unsequenced).size).toBe(unsequenced!.length)
    // Of what may not be overtaken much is, and both throttles drop some when round trips grow.
    for (const some of [unreliable, unsequenced, cut]) expect(some!.length).toBeGreaterThan(5)
    for (const [i, all] of [0, 1, 2, 3].map(on).entries())
      for (const bytes of all) expect(Buffer.compare(bytes, sent[numberOf(bytes)]!), `channel ${i}`).toBe(0)
    expect(between.lost).toBeGreaterThan(20)
    runner.act(() => it.disconnectLater(9))
    // libenet acknowledges a DISCONNECT once and forgets the peer: if that is lost, nobody says so any more.
    expect(await Promise.race([event('disconnected'), event('lost')])).toMatchObject({ peer: it })
    expect(JSON.parse(await server.line('"disconnect"'))).toMatchObject({ data: 9 })
  })

  test.each(table)(
    'C $name, MTU $mtu, as client gets all of its messages back',
    async ({ mtu, args, wrapping }) => {
      const { port, event } = await start({ mtu, wrapping, acceptsConnects: true }, (event, runner) => {
        if (event.kind !== 'message') return
        runner.act(() => event.peer.send(event.bytes.slice(), { channel: event.channel }))
      })
      const between = await relay(port, line)
      const client = peer(
        'ping',
        '127.0.0.1',
        `${between.port}`,
        '--count',
        '60',
        '--size',
        '5000',
        '--leave',
        ...args,
      )
      expect(JSON.parse(await client.line('enet-c-ping'))).toMatchObject({ n: 60 })
      expect((await event('disconnected')).data).toBe(6)
      expect(between.lost).toBeGreaterThan(10)
    },
  )

  test('a C that checks and one that does not never meet', async () => {
    const { port, events } = await start({
      acceptsConnects: true,
      wrapping: new Wrapping('checksummed', 'plain'),
    })
    const client = peer('ping', '127.0.0.1', `${port}`, '--count', '1')
    await client.ended
    expect(events).toEqual([])
  })
})

if (missing !== undefined) test('is not run', ({ skip }) => skip(missing))
