import { describe, expect, test } from 'vitest'
import { Classic, classic } from '../../../src/transport/enet/classic.ts'
import { decodeDatagram, encodeDatagram } from '../../../src/transport/enet/datagram.ts'
import type { Delivery } from '../../../src/transport/enet/message.ts'
import { PacketThrottle, type Throttle } from '../../../src/transport/enet/throttle.ts'
import { digests, type End, message, Wire } from './wire.ts'

const kindsOf = (end: End): string[] =>
  end.sent.flatMap((bytes) => decodeDatagram(bytes)!.commands.map(({ kind }) => kind))

/** Lets all unreliable messages out, or none. */
class Gate extends PacketThrottle {
  asked = 0
  isOpen = false

  override admits(): boolean {
    this.asked++
    return this.isOpen
  }
}

/** Messages that carry their number. */
const numbered = (n: number, size = 4): Uint8Array => {
  const bytes = message(size)
  new DataView(bytes.buffer).setUint32(0, n)
  return bytes
}
const numberOf = (bytes: Uint8Array): number => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)

describe('without loss', () => {
  test.each<Delivery>(['reliable', 'unreliable', 'unreliable-fragments', 'unsequenced'])(
    '%s messages of any size arrive, in order',
    (delivery) => {
      const wire = new Wire()
      const peer = wire.connected()
      const sizes = [0, 1, 1_372, 1_373, 20_000, 3]
      for (const size of sizes) {
        peer.send(message(size, size), { channel: 1, delivery })
        wire.run(50)
      }
      expect(digests(wire.b.messages(1))).toEqual(digests(sizes.map((size) => message(size, size))))
      expect([peer.room, wire.a.host.deadline > wire.now]).toEqual([262_144, true])
    },
  )

  test('a datagram without anything reliable carries no time, and nothing is acknowledged', () => {
    const wire = new Wire()
    const peer = wire.connected()
    wire.run(1_000)
    wire.a.sent.length = wire.b.sent.length = 0
    peer.send(message(5), { channel: 0, delivery: 'unreliable' })
    peer.send(message(5), { channel: 0, delivery: 'unsequenced' })
    wire.run(20)
    expect(wire.a.sent.map((bytes) => decodeDatagram(bytes)?.header.sentTime)).toEqual([undefined])
    expect(wire.b.sent).toEqual([])
  })
})

test('after 65,535 unreliable messages one goes reliably, and their count begins again', () => {
  const wire = new Wire({ latency: [1, 1] })
  const peer = wire.connected()
  wire.a.sent.length = 0
  for (let n = 0; n < 65_537; n++) peer.send(numbered(n), { channel: 0, delivery: 'unreliable' })
  wire.run(200)
  const sent = wire.a.sent.flatMap((bytes) => decodeDatagram(bytes)!.commands)
  expect(sent[65_534]).toMatchObject({ kind: 'send-unreliable', sequence: 0, unreliableSequence: 65_535 })
  expect(sent[65_535]).toMatchObject({ kind: 'send-reliable', sequence: 1 })
  expect(sent[65_536]).toMatchObject({ kind: 'send-unreliable', sequence: 1, unreliableSequence: 1 })
  expect(wire.b.messages().map(numberOf)).toEqual(Array.from({ length: 65_537 }, (_, n) => n))
})

test('unreliable messages and pings pass reliable ones that wait for the window', () => {
  const wire = new Wire({ latency: [100, 100], a: { sending: classic } })
  const peer = wire.connect()
  wire.run(1_500)
  for (let n = 0; n < 100; n++) peer.send(message(1_300), { channel: 0 })
  peer.ping()
  peer.send(message(7), { channel: 1, delivery: 'unreliable' })
  wire.a.sent.length = 0
  wire.run(50)
  const kinds = kindsOf(wire.a)
  expect(kinds.filter((kind) => kind === 'send-reliable')).toHaveLength(50)
  expect(kinds).toContain('ping')
  expect(kinds).toContain('send-unreliable')
  wire.run(5_000)
  expect(wire.b.messages()).toHaveLength(100)
})

test('what times out goes before all that waits, in the order it had', () => {
  const wire = new Wire({ a: { sending: classic } })
  const peer = wire.connected()
  wire.isUp = false
  peer.send(numbered(1, 1_300), { channel: 0 })
  peer.ping()
  for (const n of [2, 3]) peer.send(numbered(n, 1_300), { channel: 0 })
  wire.run(10)
  peer.configureThrottle({ interval: 5_000, acceleration: 2, deceleration: 2 })
  for (const n of [4, 5]) peer.send(numbered(n, 1_300), { channel: 0 })
  wire.isUp = true
  wire.a.sent.length = 0
  peer.hurry(wire.now)
  wire.run(1)
  const sent = wire.a.sent.flatMap((bytes) => decodeDatagram(bytes)!.commands)
  const numbers = sent.map((command) =>
    command.kind === 'send-reliable' ? numberOf(command.payload) : command.kind,
  )
  expect(numbers).toEqual([1, 'ping', 2, 3, 'throttle-configure', 4, 5])
})

describe('the throttle', () => {
  test('drops a message whole, is asked once for each, and never for a reliable one', () => {
    const gate = new Gate()
    const wire = new Wire({ a: { sending: () => ({ ...classic(), congestion: new Classic(gate) }) } })
    const peer = wire.connected()
    const send = (): void => {
      peer.send(message(5_000), { channel: 0, delivery: 'unreliable-fragments' })
      peer.send(message(6_000), { channel: 1, delivery: 'unreliable-fragments' })
      peer.send(message(5), { channel: 0, delivery: 'unreliable' })
      peer.send(message(6), { channel: 0, delivery: 'unsequenced' })
      peer.send(message(7), { channel: 0 })
      wire.run(100)
    }
    send()
    expect(kindsOf(wire.a).filter((kind) => kind.startsWith('send'))).toEqual(['send-reliable'])
    expect(wire.b.messages(0)).toEqual([message(7)])
    expect([gate.asked, peer.room]).toEqual([4, 262_144])
    gate.isOpen = true
    send()
    expect(digests(wire.b.messages(0))).toEqual(digests([7, 5_000, 5, 6, 7].map((size) => message(size))))
    expect(wire.b.messages(1)).toHaveLength(1)
    expect([gate.asked, peer.room]).toEqual([8, 262_144])
  })

  test('is set for both sides by either', () => {
    const settings: unknown[] = []
    class Told extends PacketThrottle {
      override configure(throttle: Throttle): void {
        super.configure(throttle)
        settings.push(throttle)
      }
    }
    const throttle = { interval: 3_000, acceleration: 4, deceleration: 1 }
    const wire = new Wire({ b: { sending: () => ({ ...classic(), congestion: new Classic(new Told()) }) } })
    const peer = wire.connect()
    peer.configureThrottle(throttle)
    wire.run(100)
    expect(settings).not.toContainEqual(throttle)
    peer.configureThrottle(throttle)
    wire.run(100)
    expect(settings.at(-1)).toEqual(throttle)
  })
})

describe('disconnectLater', () => {
  test('goes after an unreliable message, which nobody acknowledges', () => {
    const wire = new Wire()
    const peer = wire.connected()
    wire.run(1_000)
    peer.send(message(5), { channel: 0, delivery: 'unreliable' })
    peer.disconnectLater(8)
    wire.run(50)
    expect(wire.b.events.slice(1)).toMatchObject([{ bytes: message(5) }, { kind: 'disconnected', data: 8 }])
    expect(wire.a.kinds()).toEqual(['connected', 'disconnected'])
  })

  test('goes when the throttle dropped all that was left', () => {
    const wire = new Wire({ a: { sending: () => ({ ...classic(), congestion: new Classic(new Gate()) }) } })
    const peer = wire.connected()
    wire.run(1_000)
    peer.send(message(5), { channel: 0, delivery: 'unreliable' })
    peer.disconnectLater(8)
    wire.run(50)
    expect(wire.b.kinds()).toEqual(['connected', 'disconnected'])
    expect(wire.a.kinds()).toEqual(['connected', 'disconnected'])
  })
})

describe('limits of bandwidth', () => {
  /** Octets of unreliable messages per second that arrive, of 100,000 sent; after two seconds of it. */
  function rate(wire: Wire, peer = wire.connected()): number {
    const send = (ms: number): void => {
      for (let i = 0; i < ms; i += 10) {
        peer.send(message(1_000), { channel: 0, delivery: 'unsequenced' })
        wire.run(10)
      }
    }
    send(2_500)
    const before = wire.b.messages().length
    send(3_000)
    return ((wire.b.messages().length - before) * 1_000) / 3
  }

  test('our own keeps what goes out within it, a 32nd more or less', () => {
    expect(rate(new Wire())).toBe(100_000)
    const kept = rate(new Wire({ a: { bandwidth: { incoming: 0, outgoing: 25_000 } } }))
    expect(kept).toBeGreaterThan(20_000)
    expect(kept).toBeLessThan(30_000)
  })

  test('which begins after a long silence, does as well', () => {
    const wire = new Wire()
    const peer = wire.connected()
    peer.pingInterval = wire.b.peer.pingInterval = 3_600_000
    wire.run(60_000)
    wire.a.host.limitBandwidth({ incoming: 0, outgoing: 25_000 })
    const kept = rate(wire, peer)
    expect(kept).toBeGreaterThan(20_000)
    expect(kept).toBeLessThan(30_000)
  })

  test('what the peer takes keeps it too', () => {
    const limits = { incoming: 50_000, outgoing: 1_000_000 }
    const kept = rate(
      new Wire({ a: { bandwidth: { incoming: 0, outgoing: 1_000_000 } }, b: { bandwidth: limits } }),
    )
    expect(kept).toBeGreaterThan(40_000)
    expect(kept).toBeLessThan(56_000)
  })

  test('what the peer says that it takes does so though we have none', () => {
    const wire = new Wire()
    const peer = wire.connected()
    wire.run(2_000)
    const header = { peer: 0, session: 0, sentTime: 1, checksum: undefined }
    const head = { flags: 0x80, channel: 0xff, sequence: 99 }
    const limit = { kind: 'bandwidth-limit', ...head, incoming: 50_000, outgoing: 0 } as const
    peer.pingInterval = 3_600_000
    wire.inject(wire.a, encodeDatagram({ header, commands: [limit] }))
    wire.run(10)
    expect(wire.a.host.deadline).toBeLessThanOrEqual(wire.now + 1_000)
    const kept = rate(wire, peer)
    expect(kept).toBeGreaterThan(40_000)
    expect(kept).toBeLessThan(56_000)
  })

  test('are told within a second, lifted by being told, and cost nothing when there are none', () => {
    const wire = new Wire()
    const peer = wire.connected()
    wire.run(2_000)
    peer.pingInterval = wire.b.peer.pingInterval = 3_600_000
    wire.run(10)
    wire.a.sent.length = wire.b.sent.length = 0
    expect(wire.a.host.deadline).toBeGreaterThan(wire.now + 60_000)
    wire.a.host.limitBandwidth({ incoming: 64_000, outgoing: 128_000 })
    wire.run(1_010)
    expect(kindsOf(wire.a)).toContain('bandwidth-limit')
    expect(wire.a.host.deadline).toBeLessThan(wire.now + 1_000)
    wire.a.host.limitBandwidth({ incoming: 0, outgoing: 0 })
    wire.run(2_100)
    expect(wire.a.host.deadline).toBeGreaterThan(wire.now + 60_000)
  })

  test('set the window: 4 KiB for each 64 KiB a second', () => {
    const wire = new Wire({ latency: [200, 200], a: { bandwidth: { incoming: 0, outgoing: 131_072 } } })
    const peer = wire.connect()
    wire.run(2_000)
    wire.a.sent.length = 0
    for (let n = 0; n < 20; n++) peer.send(message(1_000), { channel: 0 })
    wire.run(10)
    expect(kindsOf(wire.a).filter((kind) => kind === 'send-reliable')).toHaveLength(8)
  })
})

test('an answer leaves in one datagram with the acknowledgement of what it answers: 20 for 10 round trips', () => {
  const wire = new Wire()
  wire.connected()
  wire.run(3_000)
  for (const end of [wire.a, wire.b]) {
    end.sent.length = 0
    end.onEvent = ({ kind }) => {
      if (kind === 'message') end.peer.send(message(64), { channel: 0 })
    }
  }
  wire.a.peer.send(message(64), { channel: 0 })
  wire.run(99)
  expect([wire.a.sent.length, wire.b.sent.length]).toEqual([10, 10])
  expect(kindsOf(wire.b)).toEqual(Array(10).fill(['acknowledge', 'send-reliable']).flat())
})

const seeds = Array.from({ length: 12 }, (_, seed) => seed + 1)

test('under loss, doubling and overtaking each delivery keeps its word', () => {
  let [unreliable, unsequenced, overtaken] = [0, 0, 0]
  for (const seed of seeds) {
    const wire = new Wire({ seed, loss: 0.1, duplication: 0.2, latency: [1, 60] })
    const peer = wire.connect(4)
    wire.run(8_000)
    const deliveries = ['reliable', 'unreliable', 'unsequenced', 'unreliable-fragments'] as const
    for (let n = 0; n < 60; n++) {
      for (const [channel, delivery] of deliveries.entries())
        peer.send(numbered(n, 4 + Math.floor(wire.random() ** 2 * 4_000)), { channel, delivery })
      // On channel 1 the order of both is kept; on channel 2 a message that is too long goes reliably.
      if (n % 7 === 0) peer.send(numbered(n), { channel: 1 })
      wire.run(20)
    }
    wire.run(60_000)
    const [reliable, mixed, any, cut] = [0, 1, 2, 3].map((channel) => wire.b.messages(channel).map(numberOf))
    expect(reliable, `seed ${seed}`).toEqual(Array.from({ length: 60 }, (_, n) => n))
    expect(mixed, `seed ${seed}`).toEqual(mixed!.toSorted((a, b) => a - b))
    expect(cut, `seed ${seed}`).toEqual([...new Set(cut)].sort((a, b) => a - b))
    expect(new Set(any).size, `seed ${seed}`).toBe(any!.length)
    unreliable += cut!.length
    unsequenced += any!.length
    if (any!.some((n, i) => i > 0 && n < any![i - 1]!)) overtaken++
  }
  expect(unreliable).toBeGreaterThan(seeds.length * 20)
  expect(unsequenced).toBeGreaterThan(seeds.length * 45)
  expect(overtaken).toBeGreaterThan(seeds.length / 2)
})

test('acknowledgements that go out twice do so soon: the round trip of a libenet stays what it is', () => {
  const wire = new Wire({ latency: [5, 5], a: { sending: classic } })
  const peer = wire.connected()
  let isLost = true
  wire.passes = (from) => from === wire.a || !isLost
  peer.send(message(9), { channel: 0 })
  wire.run(100)
  isLost = false
  for (let i = 0; i < 10; i++) {
    peer.send(message(9), { channel: 0 })
    wire.run(400)
  }
  expect(wire.b.messages()).toHaveLength(11)
  expect(peer.rtt).toBeLessThan(30)
})
