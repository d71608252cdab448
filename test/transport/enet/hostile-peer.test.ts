/** An authenticated peer who wants more than is due: more octets, more time, a connection that never ends. */
import { describe, expect, test } from 'vitest'
import { Acknowledgements } from '../../../src/transport/enet/acknowledgements.ts'
import { type Command, wantsAck } from '../../../src/transport/enet/command.ts'
import { decodeDatagram, encodeDatagram } from '../../../src/transport/enet/datagram.ts'
import { List, Outgoing } from '../../../src/transport/enet/flight.ts'
import { Packer } from '../../../src/transport/enet/packer.ts'
import { Rack } from '../../../src/transport/enet/rack.ts'
import { Slab } from '../../../src/transport/enet/slab.ts'
import { message, Wire } from './wire.ts'

const patience = { limit: 32, minimum: 5_000, maximum: 30_000 }

describe('acknowledgements of what did not arrive', () => {
  /** What a sends in 2 s to a peer that got nothing, and acknowledges 40 numbers in order with times of its choice. */
  const forged = (time: (now: number) => number): { octets: number; isOver: boolean } => {
    const wire = new Wire({ latency: [20, 20] })
    const peer = wire.connected()
    wire.passes = (from) => from === wire.b
    wire.a.sent.length = 0
    for (let i = 0; i < 3_000; i++) peer.send(message(1_000), { channel: 0 })
    for (let sequence = 1, i = 0; i < 2_000; i++) {
      const commands: Command[] = Array.from({ length: 4 }, () => ({
        kind: 'acknowledge',
        flags: 0,
        channel: 0,
        sequence,
        receivedSequence: sequence,
        receivedSentTime: time(wire.now) & 0xffff,
      }))
      sequence = (sequence % 40) + 1
      const header = { peer: 0, session: 0, sentTime: undefined, checksum: undefined }
      wire.inject(wire.a, encodeDatagram({ header, commands }))
      wire.run(1)
    }
    const octets = wire.a.sent.reduce((sum, bytes) => sum + bytes.length, 0)
    return { octets, isOver: wire.a.kinds().includes('lost') }
  }

  test('bring nothing, and end the connection', () => {
    const { octets, isOver } = forged((now) => Math.floor(now) - 40)
    expect(octets).toBeLessThan(30_000)
    expect(isOver).toBe(true)
  })

  test('with a time that guesses at random bring no more', () => {
    let state = 1
    const { octets, isOver } = forged((now) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      return Math.floor(now) - (state % 200)
    })
    expect(octets).toBeLessThan(60_000)
    expect(isOver).toBe(true)
  })
})

describe('a peer that acknowledges nothing', () => {
  test('is gone, however often the link has heard from it meanwhile', () => {
    const [rack, flying] = [new Rack(), new List()]
    const item = new Outgoing({ kind: 'ping', flags: wantsAck, channel: 0xff, sequence: 1 })
    const send = (now: number): void => {
      item.list?.remove(item)
      item.attempts++
      item.sentAt = now
      flying.insert(item)
      rack.sent(item, undefined, now)
    }
    send(0)
    let now = 0
    for (; now < 100_000; now++) {
      if (now % 3_100 === 0 && rack.hurried(flying).length > 0) send(now)
      const due = rack.due(flying, now, { ...patience, minimum: 20_000, maximum: 20_000 })
      if (due === 'gone') break
      if (due.length > 0) send(now)
    }
    expect(now).toBeLessThan(25_000)
  })
})

describe('acknowledgements that wait', () => {
  const ping = (sequence: number): Command => ({ kind: 'ping', flags: wantsAck, channel: 0xff, sequence })

  test('are bounded, and cost the same each', () => {
    const waiting = new Acknowledgements('once')
    for (let i = 0; i < 100_000; i++) waiting.add(ping(i & 0xffff), 1)
    const packer = new Packer(new Slab({ before: 0, after: 0 }), undefined)
    let count = 0
    for (;;) {
      packer.begin(1_199)
      waiting.pack(packer, { now: 0, rtt: 1 })
      if (packer.isEmpty) break
      count += decodeDatagram(packer.finish({ peer: 0, session: 0, time: 0, connectId: 0 }))!.commands.length
    }
    expect(count).toBe(8_192)
  })

  test('of more commands than a datagram holds by ENet are not given', () => {
    const wire = new Wire()
    wire.connected()
    wire.b.sent.length = 0
    const header = { peer: 0, session: 0, sentTime: 5, checksum: undefined }
    const commands = Array.from({ length: 200 }, (_, i) => ping(i + 10))
    wire.inject(wire.b, encodeDatagram({ header, commands }))
    wire.run(1)
    expect(wire.b.sent.flatMap((bytes) => decodeDatagram(bytes)!.commands)).toHaveLength(32)
  })

  test('go out twice only for messages that came twice, a few for each, and not for pings after them', () => {
    const wire = new Wire()
    wire.connected()
    wire.b.sent.length = 0
    const header = { peer: 0, session: 0, sentTime: 5, checksum: undefined }
    const old: Command = {
      kind: 'send-reliable',
      flags: wantsAck,
      channel: 0,
      sequence: 0,
      payload: message(1),
    }
    wire.inject(wire.b, encodeDatagram({ header, commands: [old] }))
    wire.run(1)
    for (let round = 0; round < 20; round++) {
      const pings = Array.from({ length: 31 }, (_, i) => ping(100 + round * 31 + i))
      wire.inject(wire.b, encodeDatagram({ header, commands: pings }))
      wire.run(1)
    }
    const given = wire.b.sent.flatMap((bytes) => decodeDatagram(bytes)!.commands).length
    expect(given).toBeGreaterThan(20 * 31 + 16)
    expect(given).toBeLessThan(20 * 31 + 300)
  })
})
