import { describe, expect, test } from 'vitest'
import { classic } from '../../../src/transport/enet/classic.ts'
import type { Command } from '../../../src/transport/enet/command.ts'
import type { Congestion } from '../../../src/transport/enet/congestion.ts'
import { decodeDatagram, encodeDatagram, noPeer } from '../../../src/transport/enet/datagram.ts'
import type { Packet } from '../../../src/transport/enet/packet.ts'
import { PacketThrottle } from '../../../src/transport/enet/throttle.ts'
import { address } from '../../support/network.ts'
import { digests, type End, message, Wire } from './wire.ts'

const commandsOf = (end: End): Command[] => end.sent.flatMap((bytes) => decodeDatagram(bytes)!.commands)
const kindsOf = (end: End): string[] => commandsOf(end).map(({ kind }) => kind)

describe('connecting', () => {
  test('tells both sides, and the data to the one that was called', () => {
    const wire = new Wire()
    const peer = wire.connected()
    expect(peer.state).toBe('connected')
    expect(wire.a.events).toEqual([{ kind: 'connected', peer, data: 0 }])
    expect(wire.b.events).toMatchObject([{ kind: 'connected', data: 7 }])
  })

  test.each([
    [1_199, 1_400],
    [1_400, 1_199],
  ])('settles on the smaller MTU and number of channels', (ours, theirs) => {
    const wire = new Wire({ a: { mtu: ours }, b: { mtu: theirs, channelLimit: 3 } })
    const peer = wire.connected(200)
    const other = wire.b.peer
    expect([peer.mtu, other.mtu, peer.channels, other.channels]).toEqual([1_199, 1_199, 3, 3])
  })

  test('gets no answer from a host that accepts none, and is lost', () => {
    const wire = new Wire({ b: { acceptsConnects: false } })
    wire.connect()
    wire.run(40_000)
    expect(wire.b.sent).toEqual([])
    expect(wire.b.host.peers).toEqual([])
    expect(wire.a.kinds()).toEqual(['lost'])
    expect(wire.a.sent).toHaveLength(6)
    expect(wire.a.host.deadline).toBe(Infinity)
  })

  test('ends when the answer is not to our question', () => {
    const wire = new Wire()
    const peer = wire.connect()
    wire.run(1)
    const [connect] = commandsOf(wire.a)
    if (connect?.kind !== 'connect') throw new Error('no CONNECT')
    const { data: _data, ...terms } = connect
    const verify = { ...terms, kind: 'verify-connect', connectId: terms.connectId ^ 1 } as const
    const header = { peer: 0, session: 0, sentTime: 1, checksum: undefined }
    wire.inject(wire.a, encodeDatagram({ header, commands: [verify] }))
    wire.run(1)
    expect(peer.state).toBe('disconnected')
    expect(wire.a.kinds()).toEqual(['disconnected'])
  })

  test('takes each slot once, and a new session in a used one', () => {
    const wire = new Wire()
    const [first, second] = [wire.connect(), wire.connect()]
    expect(() => wire.connect()).toThrow(RangeError)
    wire.run(100)
    first.disconnect()
    wire.run(100)
    wire.connected()
    const sessions = wire.a.sent
      .map((bytes) => decodeDatagram(bytes)!.header)
      .filter(({ peer }) => peer === 0)
    expect(new Set(sessions.map(({ session }) => session))).toEqual(new Set([0, 1]))
    expect(second.state).toBe('connected')
  })

  test('throws for what only we can do wrong', () => {
    const wire = new Wire()
    expect(() => wire.connect(0)).toThrow(RangeError)
    expect(() => wire.connect(256)).toThrow(RangeError)
    expect(() => new Wire({ a: { mtu: 575 } })).toThrow(RangeError)
    expect(() => new Wire({ a: { peerCount: 4_096 } })).toThrow(RangeError)
    expect(() => new Wire({ a: { channelLimit: 256 } })).toThrow(RangeError)
    const peer = wire.connect()
    const bandwidth = { incoming: 2 ** 32, outgoing: 0 }
    expect(() => new Wire({ a: { bandwidth } })).toThrow(RangeError)
    expect(() => wire.a.host.limitBandwidth(bandwidth)).toThrow(RangeError)
    expect(() => peer.configureThrottle({ interval: -1, acceleration: 0, deceleration: 0 })).toThrow(
      RangeError,
    )
    expect(() => peer.send(message(1), { channel: 0 })).toThrow('not connected')
    wire.run(100)
    expect(() => peer.send(message(1), { channel: 2 })).toThrow(RangeError)
    expect(() => peer.send(new Uint8Array(peer.maxMessage + 1), { channel: 0 })).toThrow(RangeError)
  })
})

describe('strangers', () => {
  const connect = (connectId: number, channels = 1): Uint8Array =>
    encodeDatagram({
      header: { peer: noPeer, session: 0, sentTime: 9, checksum: undefined },
      commands: [
        {
          kind: 'connect',
          flags: 0x80,
          channel: 0xff,
          sequence: 1,
          outgoingPeer: 0,
          incomingSession: 0xff,
          outgoingSession: 0xff,
          mtu: 1_400,
          windowSize: 65_536,
          channels,
          incomingBandwidth: 0,
          outgoingBandwidth: 0,
          throttleInterval: 5_000,
          throttleAcceleration: 2,
          throttleDeceleration: 2,
          connectId,
          data: 0,
        },
      ],
    })

  test('of one IP address get so many slots', () => {
    const wire = new Wire({ b: { peerCount: 10, duplicatePeers: 3 } })
    for (let id = 0; id < 9; id++) wire.inject(wire.b, connect(id), address(`198.51.100.1:${id + 1}`))
    wire.inject(wire.b, connect(0), address('198.51.100.2:1'))
    expect(wire.b.host.peers).toHaveLength(4)
  })

  test('all together get no more than there are, and give them back', () => {
    const wire = new Wire({ b: { peerCount: 2 } })
    for (let i = 1; i < 9; i++) wire.inject(wire.b, connect(i), address(`198.51.100.${i}:1`))
    expect(wire.b.host.peers).toHaveLength(2)
    wire.run(32_000)
    expect(wire.b.host.peers).toHaveLength(0)
    expect(wire.b.events).toEqual([])
  })

  test.each([0, 256, 0xffffffff])('that ask for %i channels get none', (channels) => {
    const wire = new Wire()
    wire.inject(wire.b, connect(1, channels))
    expect(wire.b.host.peers).toEqual([])
  })

  test('who repeat a CONNECT get no second slot', () => {
    const wire = new Wire()
    for (let i = 0; i < 3; i++) wire.inject(wire.b, connect(5))
    expect(wire.b.host.peers).toHaveLength(1)
  })

  test.each([
    ['from another address', 0, 0, '198.51.100.9:9'],
    ['with other session bits', 1, 0, '192.0.2.1:1111'],
    ['to another slot', 0, 1, '192.0.2.1:1111'],
    ['to a slot that never is', 0, 4_000, '192.0.2.1:1111'],
  ])('cannot end a connection %s', (_how, session, peer, from) => {
    const wire = new Wire()
    wire.connected()
    const header = { peer, session, sentTime: undefined, checksum: undefined }
    const command = { kind: 'disconnect', flags: 0x40, channel: 0xff, sequence: 9, data: 66 } as const
    wire.inject(wire.b, encodeDatagram({ header, commands: [command] }), address(from))
    wire.run(10)
    expect(wire.b.kinds()).toEqual(['connected'])
  })
})

describe('messages', () => {
  test('arrive whole and in order on their channel, whatever their size', () => {
    const wire = new Wire()
    const peer = wire.connected()
    const sizes = [0, 1, 1_371, 1_372, 1_373, 100_000, 5]
    for (const size of sizes) peer.send(message(size, size), { channel: 1 })
    wire.run(2_000)
    expect(digests(wire.b.messages(1))).toEqual(digests(sizes.map((size) => message(size, size))))
    expect(wire.b.messages(0)).toEqual([])
  })

  test('are acknowledged 32 to a datagram', () => {
    const wire = new Wire()
    const peer = wire.connected()
    wire.b.sent.length = 0
    for (let i = 0; i < 80; i++) peer.send(message(1), { channel: 0 })
    wire.run(20)
    expect(wire.b.sent.map((bytes) => bytes.length)).toEqual([258, 258, 130])
  })

  test('of the classic sender stay within 64 KiB in flight, whatever is queued', () => {
    const wire = new Wire({ latency: [500, 500], a: { sending: classic } })
    const peer = wire.connect()
    wire.run(3_000)
    wire.a.sent.length = 0
    for (let i = 0; i < 200; i++) peer.send(message(1_000), { channel: 0 })
    wire.run(400)
    expect(kindsOf(wire.a).filter((kind) => kind === 'send-reliable')).toHaveLength(65)
  })

  test('say when there is room again', () => {
    const wire = new Wire({ a: { highWater: 100_000 } })
    const peer = wire.connected()
    expect(peer.room).toBe(100_000)
    for (let i = 0; i < 11; i++) peer.send(message(10_000), { channel: 0 })
    expect(peer.room).toBe(0)
    wire.run(1_000)
    expect(wire.a.kinds()).toEqual(['connected', 'room'])
    expect(peer.room).toBe(100_000)
    peer.send(message(10), { channel: 0 })
    wire.run(1_000)
    expect(wire.a.kinds()).toEqual(['connected', 'room'])
  })

  test('that are too long for the receiver are never acknowledged', () => {
    const limits = { maximumPacketSize: 5_000, maximumWaitingData: 10_000 }
    const wire = new Wire({ b: { limits } })
    const peer = wire.connected()
    peer.send(message(5_001), { channel: 0 })
    peer.send(message(10), { channel: 1 })
    wire.run(500)
    expect(wire.b.messages(0)).toEqual([])
    wire.b.peer.limits = { ...limits, maximumPacketSize: 5_001 }
    wire.run(5_000)
    expect(wire.b.messages(0)).toEqual([message(5_001)])
    expect(wire.b.messages(1)).toEqual([message(10)])
  })

  test('that came too early are held only up to a limit, and what fills the gap is always taken', () => {
    const limits = { maximumPacketSize: 5_000, maximumWaitingData: 4_000 }
    const wire = new Wire({ b: { limits } })
    const peer = wire.connected()
    wire.b.sent.length = 0
    let isFirst = true
    wire.passes = (from, bytes) => {
      const isLost = from === wire.a && isFirst && bytes.length > 800
      if (isLost) isFirst = false
      return !isLost
    }
    for (let i = 0; i < 30; i++) peer.send(message(900, i), { channel: 0 })
    wire.run(9)
    const acks = kindsOf(wire.b).filter((kind) => kind === 'acknowledge').length
    expect(acks).toBeGreaterThan(0)
    expect(acks).toBeLessThan(6)
    wire.run(5_000)
    expect(wire.b.messages()).toEqual(Array.from({ length: 30 }, (_, i) => message(900, i)))
  })

  test('just ahead of the window are not even acknowledged, others beyond it are', () => {
    const wire = new Wire()
    wire.connected()
    wire.b.sent.length = 0
    const sequences = [28_671, 28_672, 36_863, 36_864, 65_535]
    const header = { peer: 0, session: 0, sentTime: 1, checksum: undefined }
    const commands = sequences.map((sequence): Command => {
      return { kind: 'send-reliable', flags: 0x80, channel: 0, sequence, payload: message(1) }
    })
    wire.inject(wire.b, encodeDatagram({ header, commands }))
    wire.run(1)
    expect(commandsOf(wire.b).map(({ sequence }) => sequence)).toEqual([28_671, 36_864, 65_535])
    expect(wire.b.messages()).toEqual([])
  })

  test('on a channel that was not agreed on end the datagram', () => {
    const wire = new Wire()
    wire.connected(2)
    wire.b.sent.length = 0
    const header = { peer: 0, session: 0, sentTime: 1, checksum: undefined }
    const commands = [0, 2, 1].map((channel): Command => {
      return { kind: 'send-reliable', flags: 0x80, channel, sequence: 1, payload: message(1) }
    })
    wire.inject(wire.b, encodeDatagram({ header, commands }))
    wire.run(1)
    expect(commandsOf(wire.b)).toHaveLength(1)
    expect(wire.b.messages(0)).toHaveLength(1)
    expect(wire.b.messages(1)).toHaveLength(0)
  })
})

describe('another controller', () => {
  /** A packet each 10 ms, whatever is in flight. */
  class Metronome implements Congestion {
    readonly throttle = new PacketThrottle()
    paced = -Infinity
    readonly log: string[] = []
    readonly times: number[] = []
    allows(): boolean {
      return true
    }
    configure(): void {}
    recalled(): void {}
    spurious(): void {}
    settled(): void {}
    stopped(): void {}
    cleared(): void {}
    rerouted(): void {}
    sent(packet: Packet, now: number): void {
      this.paced = now + 10
      this.times.push(now)
      this.log.push(`sent ${packet.size} ${packet.attempts}`)
    }
    acknowledged(packet: Packet, now: number): void {
      this.log.push(`acknowledged ${packet.size} ${Math.round(now - packet.sentAt)}`)
    }
    lost(packet: Packet): void {
      this.log.push(`lost ${packet.size}`)
    }
  }

  test('sets the pace, and hears of each packet what became of it', () => {
    const metronome = new Metronome()
    const wire = new Wire({ a: { sending: () => ({ ...classic(), congestion: metronome }) } })
    const peer = wire.connected()
    let isFirst = true
    wire.passes = (_from, bytes) => {
      const isLost = isFirst && bytes.length > 300
      if (isLost) isFirst = false
      return !isLost
    }
    for (const size of [300, 200, 100]) peer.send(message(size), { channel: 0 })
    wire.run(500)
    expect(wire.b.messages().map(({ length }) => length)).toEqual([300, 200, 100])
    const [first, second, third] = metronome.times
    expect([second! - first!, third! - second!]).toEqual([10, 10])
    expect(metronome.log).toEqual([
      'sent 300 1',
      'sent 200 1',
      'acknowledged 200 10',
      'sent 100 1',
      'lost 300',
      'acknowledged 100 10',
      'sent 300 2',
      'acknowledged 300 10',
    ])
  })
})

describe('unreliable messages of an ENet peer', () => {
  const header = { peer: 0, session: 0, sentTime: undefined, checksum: undefined }
  const inject = (wire: Wire, ...commands: Command[]): void => {
    wire.inject(wire.b, encodeDatagram({ header, commands }))
    wire.run(1)
  }
  const unreliable = (unreliableSequence: number): Command => {
    const payload = Uint8Array.of(unreliableSequence)
    return { kind: 'send-unreliable', flags: 0, channel: 0, sequence: 0, unreliableSequence, payload }
  }

  test('are delivered once and never after a newer one', () => {
    const wire = new Wire()
    wire.connected()
    inject(wire, unreliable(1), unreliable(3), unreliable(2), unreliable(3), unreliable(4))
    expect(wire.b.messages().map(([first]) => first)).toEqual([1, 3, 4])
  })

  test('without sequence are delivered once', () => {
    const wire = new Wire()
    wire.connected()
    const send = (group: number): Command => {
      return {
        kind: 'send-unsequenced',
        flags: 0x40,
        channel: 0,
        sequence: 0,
        group,
        payload: Uint8Array.of(group),
      }
    }
    inject(wire, send(2), send(1), send(2))
    expect(wire.b.messages().map(([first]) => first)).toEqual([2, 1])
  })
})

describe('silence', () => {
  test('is broken by a ping each pingInterval', () => {
    const wire = new Wire()
    const peer = wire.connected()
    wire.run(1_000) // BANDWIDTH_LIMIT is through
    peer.pingInterval = 15_000
    wire.b.peer.pingInterval = 15_000
    wire.a.sent.length = wire.b.sent.length = 0
    wire.run(60_500)
    expect(kindsOf(wire.a).filter((kind) => kind === 'ping').length).toBeGreaterThanOrEqual(3)
    expect(wire.a.sent.length + wire.b.sent.length).toBeLessThan(20)
    expect(peer.state).toBe('connected')
  })

  test('of five seconds and more is a loss, told to both', () => {
    const wire = new Wire()
    wire.connected()
    wire.isUp = false
    wire.run(40_000)
    expect(wire.a.kinds()).toEqual(['connected', 'lost'])
    expect(wire.b.kinds()).toEqual(['connected', 'lost'])
    expect([wire.a.host.deadline, wire.b.host.deadline]).toEqual([Infinity, Infinity])
  })
})

test('a loss is found after the longest time, however few attempts that took', () => {
  const timeout = { limit: 1 << 20, minimum: 1 << 20, maximum: 3_000 }
  const wire = new Wire({ a: { timeout } })
  wire.connected()
  wire.isUp = false
  wire.run(2_900)
  expect(wire.a.kinds()).toEqual(['connected'])
  wire.run(5_000)
  expect(wire.a.kinds()).toEqual(['connected', 'lost'])
})

test('a timeout is forgotten with the next acknowledgement', () => {
  const wire = new Wire()
  const peer = wire.connected()
  for (let i = 1; i <= 3; i++) {
    let isLost = false
    wire.passes = (from, bytes) => {
      if (isLost || from === wire.b || bytes.length < 100) return true
      isLost = true
      return false
    }
    peer.send(message(100, i), { channel: 0 })
    wire.run(20_000)
    expect(wire.b.messages()).toHaveLength(i)
  }
  expect(wire.a.kinds()).toEqual(['connected'])
})

describe('the end', () => {
  test.each(['a', 'b'] as const)('is asked for by %s and told to both', (side) => {
    const wire = new Wire()
    wire.connected()
    const [end, other] = side === 'a' ? [wire.a, wire.b] : [wire.b, wire.a]
    const { peer } = end
    peer.disconnect(9)
    wire.run(100)
    expect(other.events.at(-1)).toMatchObject({ kind: 'disconnected', data: 9 })
    expect(end.events.at(-1)).toMatchObject({ kind: 'disconnected', data: 0 })
    expect(peer.state).toBe('disconnected')
    expect([wire.a.host.peers, wire.b.host.peers]).toEqual([[], []])
    peer.send(message(3), { channel: 0 })
    wire.run(100)
    expect(other.messages()).toEqual([])
  })

  test('may be asked for by both at once', () => {
    const wire = new Wire()
    wire.connected().disconnect(1)
    wire.b.peer.disconnect(2)
    wire.run(100)
    expect([wire.a.events.at(-1), wire.b.events.at(-1)]).toMatchObject([{ data: 2 }, { data: 1 }])
    expect([wire.a.host.peers, wire.b.host.peers]).toEqual([[], []])
  })

  test('comes later when messages are on their way', () => {
    const wire = new Wire({ loss: 0.2, seed: 5 })
    const peer = wire.connect()
    wire.run(3_000)
    peer.send(message(50_000), { channel: 0 })
    peer.disconnectLater(4)
    expect(peer.state).toBe('disconnect-later')
    wire.run(30_000)
    expect(digests(wire.b.messages())).toEqual(digests([message(50_000)]))
    expect(wire.b.events.at(-1)).toMatchObject({ kind: 'disconnected', data: 4 })
  })

  test('drops messages that arrive while we wait for our own to be taken', () => {
    const wire = new Wire()
    const peer = wire.connected()
    peer.send(message(50_000), { channel: 0 })
    peer.disconnectLater(4)
    wire.b.peer.send(message(3), { channel: 0 })
    wire.run(1_000)
    expect(wire.a.kinds()).toEqual(['connected', 'disconnected'])
    expect(wire.b.kinds()).toEqual(['connected', 'message', 'disconnected'])
  })

  test('leaves nothing to acknowledge but itself', () => {
    const wire = new Wire()
    wire.connected()
    const verify = commandsOf(wire.b).find(({ kind }) => kind === 'verify-connect')!
    wire.b.sent.length = 0
    const header = { peer: 0, session: 0, sentTime: 1, checksum: undefined }
    const end: Command = { kind: 'disconnect', flags: 0x80, channel: 0xff, sequence: 9, data: 1 }
    wire.inject(wire.b, encodeDatagram({ header, commands: [end, { ...verify, sequence: 10 }] }))
    wire.run(1)
    expect(commandsOf(wire.b)).toMatchObject([{ kind: 'acknowledge', sequence: 9 }])
  })

  test('comes at once when it is asked for so', () => {
    const wire = new Wire()
    wire.connected().disconnectNow(5)
    expect(wire.a.host.peers).toEqual([])
    wire.run(100)
    expect(wire.b.events.at(-1)).toMatchObject({ kind: 'disconnected', data: 5 })
    expect(wire.a.kinds()).toEqual(['connected'])
  })

  test('is silent by reset', () => {
    const wire = new Wire()
    wire.connected().reset()
    wire.a.sent.length = 0
    wire.run(100)
    expect(wire.a.sent).toEqual([])
    expect(wire.a.kinds()).toEqual(['connected'])
    expect(wire.b.kinds()).toEqual(['connected'])
  })
})
