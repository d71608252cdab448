import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Checksums, Compression } from '../../../src/transport/enet/datagram.ts'
import type { HostOptions } from '../../../src/transport/enet/host.ts'
import { Wrapping } from '../../../src/transport/enet/wrapping.ts'
import { crc32 } from '../../../src/wire/crc32.ts'
import { digests, message, Wire, type WireOptions } from './wire.ts'

type Mode = readonly [Checksums, Compression]

const modes: [string, Mode][] = [
  ['plain', ['plain', 'plain']],
  ['checksummed', ['checksummed', 'plain']],
  ['compressed', ['plain', 'range-coder']],
  ['checksummed and compressed', ['checksummed', 'range-coder']],
]

const host = (mode: Mode, more: Partial<HostOptions> = {}): Partial<HostOptions> => {
  return { ...more, wrapping: new Wrapping(...mode) }
}
const both = (mode: Mode, options: WireOptions = {}): Wire =>
  new Wire({ ...options, a: host(mode, options.a), b: host(mode, options.b) })

test('the CRC-32 of the digits 1 to 9 is the one all know, in one piece or two', () => {
  const digits = new TextEncoder().encode('123456789')
  expect(crc32(digits)).toBe(0xcbf43926)
  expect(crc32(digits.subarray(4), crc32(digits.subarray(0, 4)))).toBe(0xcbf43926)
  expect(crc32(new Uint8Array(0))).toBe(0)
})

describe.each(modes)('%s', (_name, mode) => {
  test('everything arrives, and no datagram is longer than the MTU', () => {
    const wire = both(mode, { loss: 0.05, seed: 9, a: { mtu: 576 } })
    const peer = wire.connect()
    wire.run(5_000)
    const sizes = [0, 1, 3, 540, 541, 542, 543, 544, 545, 546, 547, 548, 549, 5_000, 17]
    for (const size of sizes) {
      peer.send(new Uint8Array(size).fill(size), { channel: 0 })
      peer.send(message(size, 5), { channel: 1 })
    }
    wire.run(30_000)
    expect(digests(wire.b.messages(0))).toEqual(digests(sizes.map((size) => new Uint8Array(size).fill(size))))
    expect(digests(wire.b.messages(1))).toEqual(digests(sizes.map((size) => message(size, 5))))
    expect(Math.max(...wire.a.sent.map(({ length }) => length))).toBeLessThanOrEqual(576)
    peer.disconnectNow(5)
    wire.run(100)
    expect(wire.b.events.at(-1)).toMatchObject({ kind: 'disconnected', data: 5 })
  })

  test.each(modes.filter(([, other]) => other !== mode))('does not connect to %s', (_other, other) => {
    const wire = new Wire({ a: host(mode), b: host(other) })
    wire.connect()
    wire.run(2_000)
    // A host that reads compressed datagrams, and gets only those that are not, cannot know the difference.
    const isReadable = mode[0] === other[0] && mode[1] === 'plain'
    expect(wire.b.host.peers.length).toBe(isReadable ? 1 : 0)
    expect(wire.a.kinds()).toEqual([])
  })

  test('no octets make the host throw', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 10 }),
        fc.nat(255),
        (all, first) => {
          const wire = both(mode, { latency: [1, 1] })
          wire.connected()
          for (const bytes of all) wire.inject(wire.b, Uint8Array.of(first, 0, ...bytes))
          wire.run(100)
        },
      ),
      { numRuns: 60 },
    )
  })
})

test('a datagram with any one octet changed is dropped when it is checksummed', () => {
  const wire = both(['checksummed', 'plain'])
  const peer = wire.connected()
  wire.run(1_000)
  peer.send(message(30), { channel: 0, delivery: 'unsequenced' })
  wire.isUp = false
  wire.run(1)
  const datagram = wire.a.sent.at(-1)!
  for (let at = 0; at < datagram.length; at++)
    for (const bits of [1, 0x20, 0xff]) {
      const changed = datagram.slice()
      changed[at]! ^= bits
      wire.inject(wire.b, changed)
    }
  wire.run(1)
  expect(wire.b.messages()).toEqual([])
  wire.inject(wire.b, datagram)
  wire.run(1)
  expect(wire.b.messages()).toEqual([message(30)])
})

test('a checksummed datagram of an earlier connection is dropped, also with its session bits', () => {
  const wire = both(['checksummed', 'plain'])
  wire.connected().send(message(30), { channel: 0, delivery: 'unsequenced' })
  wire.run(10)
  const old = wire.a.sent.find((bytes) => bytes.length === 44)!
  for (let i = 0; i < 4; i++) {
    wire.a.host.peers[0]!.disconnect()
    wire.run(100)
    wire.connected()
  }
  const count = wire.b.messages().length
  wire.inject(wire.b, old)
  wire.run(10)
  expect([count, wire.b.messages().length]).toEqual([1, 1])
})

test('around nothing, what is sent is what a host without it sends', () => {
  const sent = [both(['plain', 'plain']), new Wire()].map((wire) => {
    wire.connected().send(message(3_000), { channel: 0 })
    wire.run(3_000)
    return digests(wire.a.sent)
  })
  expect(sent[0]).toEqual(sent[1])
})
