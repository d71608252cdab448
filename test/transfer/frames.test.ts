import fc from 'fast-check'
import { expect, test } from 'vitest'
import { frameHead, Line, readReceiverFrame, readSenderFrame } from '../../src/transfer/frames.ts'
import type { Offer } from '../../src/transfer/offer.ts'
import { content } from './content.ts'
import { Forger, hostileId, hostileKey } from './hostile.ts'

const offer: Offer = { transfer: hostileId, stream: 0x01020304, name: 'tar', form: 'stream' }
const ends = () => ({
  sender: new Line(offer, hostileKey(), 'sender'),
  receiver: new Line(offer, hostileKey(), 'receiver'),
})

test('frames are those of docs/Protocol.md, both ways', () => {
  const { sender, receiver } = ends()
  const forged = new Forger(offer)
  const back = new Forger(offer, 'receiver')
  const octets = content(70)
  expect([
    sender.data(5, [octets.subarray(0, 30), octets.subarray(30)]),
    sender.seal({ kind: 'manifest', octets }),
    sender.seal({ kind: 'hole', position: 2 ** 40, size: 65_536 }),
    sender.seal({ kind: 'end', position: 9, hash: octets.subarray(0, 32) }),
    receiver.seal({ kind: 'start', manifest: 7, position: 0 }),
    receiver.seal({ kind: 'got', position: 2 ** 53 - 1 }),
  ]).toEqual([
    forged.data(5, octets),
    forged.manifest(octets),
    forged.hole(2 ** 40, 65_536),
    forged.end(9, octets.subarray(0, 32)),
    back.raw(16, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7)),
    back.raw(17, Uint8Array.of(0, 0x1f, 255, 255, 255, 255, 255, 255)),
  ])
})

test('what one end seals the other opens, in order and once', () => {
  const { sender, receiver } = ends()
  const frames = [1, 2, 3].map((position) => sender.data(position, [content(10)]))
  const opened = frames.map((frame) => readSenderFrame(receiver.open(frame)!))
  expect(opened).toEqual([1, 2, 3].map((position) => ({ kind: 'data', position, octets: content(10) })))
  expect(receiver.open(frames[2]!)).toBeUndefined()
  const got = receiver.seal({ kind: 'got', position: 4 })
  expect(readReceiverFrame(sender.open(got)!)).toEqual({ kind: 'got', position: 4 })
  expect([frameHead(frames[0]!), frameHead(got)]).toEqual([
    { stream: 0x01020304, from: 'sender' },
    { stream: 0x01020304, from: 'receiver' },
  ])
  expect(frameHead(got.subarray(0, 3))).toBeUndefined()
})

test('a line that is wiped opens nothing more, and the extra key is gone at once', () => {
  const key = hostileKey()
  const { sender, receiver } = ends()
  new Line(offer, key, 'sender')
  expect(key).toEqual(new Uint8Array(64))
  receiver.wipe()
  expect(receiver.open(sender.data(0, [content(10)]))).toBeUndefined()
})

test('any octets give a frame or none', () => {
  const kinds = fc.constantFrom(0, 1, 2, 3, 4, 5, 15, 16, 17, 18, 255)
  fc.assert(
    fc.property(kinds, fc.uint8Array({ maxLength: 60 }), (kind, body) => {
      const octets = Uint8Array.of(kind, ...body)
      for (const read of [readSenderFrame, readReceiverFrame]) {
        const frame = read(octets)
        if (frame && 'position' in frame) expect(Number.isSafeInteger(frame.position)).toBe(true)
      }
    }),
    { numRuns: 1_000 },
  )
})
