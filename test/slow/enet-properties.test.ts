import fc from 'fast-check'
import { expect, test } from 'vitest'
import { classic } from '../../src/transport/enet/classic.ts'
import { digests, message, Wire } from '../transport/enet/wire.ts'

// Six losses in a row end a connection of ENet: at a loss of 24 % each way that happens.
const patient = { timeout: { limit: 1 << 20, minimum: 60_000, maximum: 120_000 } }

const seeds = Array.from({ length: 25 }, (_, seed) => seed + 1)

test('whatever is lost, doubled or overtaken, each message arrives once and in order', () => {
  for (const seed of seeds) {
    const loss = (seed % 5) * 0.06
    const wire = new Wire({ seed, loss, duplication: 0.1, latency: [1, 80], a: patient, b: patient })
    const peer = wire.connect()
    wire.run(15_000)
    const sizes = Array.from({ length: 10 }, () => Math.floor(wire.random() ** 3 * 15_000))
    const ends = [
      [peer, wire.b],
      [wire.b.peer, wire.a],
    ] as const
    for (const [from] of ends)
      for (const [i, size] of sizes.entries()) from.send(message(size, i), { channel: i % 2 })
    wire.run(120_000)
    for (const [, to] of ends)
      for (const channel of [0, 1]) {
        const wanted = sizes.flatMap((size, i) => (i % 2 === channel ? [message(size, i)] : []))
        expect(digests(to.messages(channel)), `seed ${seed}`).toEqual(digests(wanted))
      }
  }
})

test('a window that wraps under loss still brings everything', () => {
  // What BBR does then: test/slow/wrap.test.ts. Here no timer is rounded, and each of its packets would be one.
  const wire = new Wire({ seed: 3, loss: 0.01, latency: [1, 4], a: { sending: classic } })
  const peer = wire.connect()
  wire.run(5_000)
  const count = 66_500
  let got = 0
  let wrong = 0
  wire.b.onEvent = (event) => {
    if (event.kind === 'message' && event.bytes[0] !== (got++ & 255)) wrong++
  }
  for (let i = 0; i < count; i++) peer.send(Uint8Array.of(i), { channel: 0 })
  wire.run(600_000)
  expect([got, wrong]).toEqual([count, 0])
})

test('a buffer that was handed out is never written again', () => {
  const wire = new Wire()
  const peer = wire.connected()
  const copies: Uint8Array[] = []
  for (let i = 0; i < 40; i++) {
    peer.send(message(5_000, i), { channel: 0 })
    wire.run(20)
    while (copies.length < wire.a.sent.length) copies.push(wire.a.sent[copies.length]!.slice())
  }
  expect(wire.a.sent.length).toBeGreaterThan(150)
  expect(digests(wire.a.sent)).toEqual(digests(copies))
})

test('no octets make a host throw, hang, or hold more than they bring', () => {
  fc.assert(
    fc.property(fc.array(datagram, { maxLength: 30 }), (datagrams) => {
      const wire = new Wire({ latency: [1, 1] })
      wire.connected()
      for (const bytes of datagrams) {
        wire.inject(wire.b, bytes)
        wire.inject(wire.a, bytes)
      }
      wire.run(2_000)
    }),
    { numRuns: 300 },
  )
})

test('a damaged datagram of a live connection does no harm to the program', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(60), fc.nat(255)), { maxLength: 8 }), fc.nat(40), (damage, cut) => {
      const wire = new Wire({ latency: [1, 1] })
      const peer = wire.connected()
      peer.send(message(3_000), { channel: 0 })
      peer.send(message(20), { channel: 1 })
      wire.passes = (from, bytes) => {
        const copy = bytes.slice(0, bytes.length - cut)
        for (const [at, value] of damage) if (at < copy.length) copy[at] = value
        wire.inject(from === wire.a ? wire.b : wire.a, copy)
        return true
      }
      wire.run(1_000)
    }),
    { numRuns: 200 },
  )
})

/** Noise behind a header that a host takes, and now and then before. */
const datagram = fc
  .tuple(
    fc.constantFrom([0x80, 0, 0, 1], [0, 0], [0x8f, 0xff, 0, 1], [0x90, 0, 0, 1], [0x70, 1], []),
    fc.array(
      fc.tuple(
        fc.constantFrom(...Array.from({ length: 16 }, (_, n) => n), 0x85, 0x86, 0x88, 0x84),
        fc.uint8Array({ maxLength: 40 }),
      ),
      { maxLength: 4 },
    ),
  )
  .map(([header, commands]) => new Uint8Array([...header, ...commands.flatMap(([n, rest]) => [n, ...rest])]))
