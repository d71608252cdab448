/** Whose the octets of a datagram are: a socket may read them long after it was given them. */
import { expect, test } from 'vitest'
import { Host } from '../../../src/transport/enet/host.ts'
import { address } from '../../support/network.ts'
import { digests, message, udp, Wire } from './wire.ts'

test('each datagram of a long run over a bad line stays as it was when it was handed out', () => {
  const wire = new Wire({ seed: 5, loss: 0.1, duplication: 0.1, latency: [1, 40] })
  const sent: Uint8Array[] = []
  const seen: string[] = []
  wire.passes = (_, bytes) => {
    sent.push(bytes)
    seen.push(...digests([bytes]))
    return true
  }
  const peer = wire.connect()
  wire.run(5_000)
  for (let i = 0; i < 30; i++) {
    peer.send(message(i * 300, i), { channel: 0 })
    wire.b.peer.send(message(i * 200, i), { channel: 1 })
    wire.run(100)
  }
  wire.run(20_000)
  expect(wire.b.messages(0).length + wire.a.messages(1).length).toBe(60)
  expect(sent.length).toBeGreaterThan(300)
  expect(digests(sent)).toEqual(seen)
})

test('a datagram and its margin of 17 and 16 octets are nobody else’s, to be written over', () => {
  const margin = { before: 17, after: 16 }
  const random = (size: number) => new Uint8Array(size).fill(9)
  const end = (acceptsConnects: boolean) =>
    new Host({ local: udp, random, peerCount: 1, channelLimit: 1, acceptsConnects, margin })
  const [a, b] = [end(false), end(true)]
  const [atA, atB] = [address('192.0.2.1:1'), address('192.0.2.2:2')]
  const peer = a.connect(atB, { channels: 1 })
  const frames: Uint8Array[] = []
  const got: Uint8Array[] = []
  let now = 0
  for (let i = 0; i < 300; i++) {
    if (i > 20 && i % 10 === 0) peer.send(message(i * 10, i), { channel: 0 })
    for (const [from, to, at] of [
      [a, b, atA],
      [b, a, atB],
    ] as const)
      for (const out of from.drain(++now)) {
        if (out.kind === 'event' && out.event.kind === 'message') got.push(out.event.bytes)
        if (out.kind !== 'send') continue
        const { bytes } = out.datagram
        to.receive({ local: udp, peer: at, bytes: bytes.slice() }, now)
        const frame = new Uint8Array(bytes.buffer, bytes.byteOffset - 17, bytes.length + 33)
        frames.push(frame.fill(frames.length))
      }
  }
  expect(digests(got)).toEqual(
    digests(Array.from({ length: 27 }, (_, k) => message(k * 100 + 300, k * 10 + 30))),
  )
  for (const [i, frame] of frames.entries()) expect(frame.every((octet) => octet === (i & 255))).toBe(true)
})
