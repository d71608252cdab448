import { describe, expect, test } from 'vitest'
import type { SendFragment, SendReliable } from '../../../src/transport/enet/command.ts'
import { Incoming } from '../../../src/transport/enet/incoming.ts'
import { defaultLimits, type Limits } from '../../../src/transport/enet/limits.ts'
import { digests, message } from './wire.ts'

const limits: Limits = { maximumPacketSize: 10_000, maximumWaitingData: 3_000 }

function channel() {
  const waiting = { octets: 0, isRepeated: false }
  const delivered: Uint8Array[] = []
  const incoming = new Incoming(waiting, (bytes) => delivered.push(bytes))
  return { waiting, delivered, incoming }
}

const single = (sequence: number, payload: Uint8Array): SendReliable => {
  return { kind: 'send-reliable', flags: 0x80, channel: 0, sequence, payload }
}

/** The pieces of a message, as a sender cuts it. */
function cut(bytes: Uint8Array, start: number, size: number): SendFragment[] {
  const count = Math.ceil(bytes.length / size)
  return Array.from({ length: count }, (_, number) => ({
    kind: 'send-fragment',
    flags: 0x80,
    channel: 0,
    sequence: (start + number) & 0xffff,
    start,
    count,
    number,
    total: bytes.length,
    offset: number * size,
    payload: bytes.subarray(number * size, (number + 1) * size),
  }))
}

describe('whole messages', () => {
  test('too long for us are refused', () => {
    const { incoming, delivered } = channel()
    expect(incoming.reliable(single(1, message(10_001)), limits)).toBe(false)
    expect(incoming.reliable(single(1, message(10_000)), limits)).toBe(true)
    expect(delivered).toHaveLength(1)
  })

  test('that come twice are held and counted once', () => {
    const { incoming, delivered, waiting } = channel()
    for (const sequence of [3, 2, 3, 2, 3]) incoming.reliable(single(sequence, message(9, sequence)), limits)
    expect(waiting.octets).toBeGreaterThan(18)
    incoming.reliable(single(1, message(9, 1)), limits)
    incoming.reliable(single(2, message(9, 2)), limits)
    expect(digests(delivered)).toEqual(digests([1, 2, 3].map((mark) => message(9, mark))))
    expect(waiting.octets).toBe(0)
  })

  test('of no octets cost memory too', () => {
    const { incoming, waiting } = channel()
    for (let sequence = 2; incoming.reliable(single(sequence, message(0)), limits); sequence++)
      expect(sequence).toBeLessThan(100)
    expect(waiting.octets).toBeGreaterThanOrEqual(limits.maximumWaitingData)
  })

  test('held do not keep the datagram they came in', () => {
    const { incoming, delivered } = channel()
    const datagram = new Uint8Array(1_400)
    incoming.reliable(single(2, datagram.subarray(0, 10)), limits)
    incoming.reliable(single(1, message(1)), limits)
    expect(delivered[1]!.buffer.byteLength).toBe(10)
  })
})

describe('fragments', () => {
  test('in any order, also twice, make the message', () => {
    const { incoming, delivered, waiting } = channel()
    const pieces = cut(message(2_400), 1, 500)
    for (const i of [4, 1, 1, 0, 4, 3]) expect(incoming.fragment(pieces[i]!, limits)).toBe(true)
    expect(delivered).toEqual([])
    incoming.fragment(pieces[2]!, limits)
    expect(digests(delivered)).toEqual(digests([message(2_400)]))
    expect(waiting.octets).toBe(0)
  })

  test('count only what came, not what is announced', () => {
    const { incoming, waiting } = channel()
    incoming.fragment(cut(message(10_000), 1, 500)[0]!, limits)
    expect(waiting.octets).toBeLessThan(1_000)
  })

  test('1,040 first ones that each promise 1 MiB take as much memory as came: less than 4 MB', () => {
    const [total, size] = [1 << 20, 1_000]
    const count = Math.ceil(total / size)
    const before = process.memoryUsage().arrayBuffers
    let first = 0
    for (let i = 0; i < 40; i++) {
      const { incoming, waiting } = channel()
      for (let start = 1; start + count < 28_000; start += count) {
        const payload = new Uint8Array(size)
        const place = { sequence: start, start, count, number: 0, total, offset: 0 }
        const piece: SendFragment = { kind: 'send-fragment', flags: 0x80, channel: 0, ...place, payload }
        expect(incoming.fragment(piece, defaultLimits)).toBe(true)
        first++
      }
      expect(waiting.octets).toBeGreaterThan(26_000)
    }
    expect(first).toBe(1_040)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4e6)
  })

  test('of the next message are taken though too much is held', () => {
    const { incoming, delivered, waiting } = channel()
    const pieces = cut(message(9_000), 1, 500)
    const after = pieces.length + 1
    for (let i = 0; incoming.reliable(single(after + i, message(100)), limits); i++)
      expect(i).toBeLessThan(100)
    for (const piece of pieces) expect(incoming.fragment(piece, limits)).toBe(true)
    expect(delivered[0]!.length).toBe(9_000)
    expect(waiting.octets).toBe(0)
  })

  test('of a later message are refused when too much is held', () => {
    const { incoming } = channel()
    const taken = cut(message(9_000), 5, 500).map((piece) => incoming.fragment(piece, limits))
    expect(taken.filter((isTaken) => isTaken).length).toBeLessThan(6)
  })

  test('of more than 28,000 are refused', () => {
    const { incoming } = channel()
    const [piece] = cut(message(1_000), 1, 500)
    const large = { maximumPacketSize: 1 << 25, maximumWaitingData: 1 << 25 }
    expect(incoming.fragment({ ...piece!, count: 28_001, total: 14_000_500 }, large)).toBe(false)
    expect(incoming.fragment({ ...piece!, count: 28_000, total: 14_000_000 }, large)).toBe(true)
  })

  test.each<[string, Partial<SendFragment>]>([
    ['another number in the header', { sequence: 3 }],
    ['no octets', { payload: message(0) }],
    ['no octets at the end', { payload: message(0), number: 2, sequence: 3, offset: 1_000, total: 1_000 }],
    ['a number that is none', { number: 3, sequence: 4, offset: 1_500 }],
    ['a gap before it', { offset: 501 }],
    ['an overlap', { offset: 499 }],
    ['an end beyond the end', { total: 900 }],
    ['more than a message may have', { total: 10_001 }],
  ])('with %s are refused', (_what, change) => {
    const { incoming } = channel()
    expect(incoming.fragment({ ...cut(message(1_300), 1, 500)[1]!, ...change }, limits)).toBe(false)
  })

  test.each<[string, Partial<SendFragment>]>([
    ['another count', { count: 4 }],
    ['another length', { total: 1_301 }],
    ['another size', { payload: message(499), offset: 499 }],
  ])('with %s than the first are refused', (_what, change) => {
    const { incoming } = channel()
    const pieces = cut(message(1_300), 1, 500)
    expect(incoming.fragment(pieces[0]!, limits)).toBe(true)
    expect(incoming.fragment({ ...pieces[1]!, ...change }, limits)).toBe(false)
  })

  test('cannot be mixed with a whole message of the same number', () => {
    const { incoming } = channel()
    incoming.reliable(single(2, message(5)), limits)
    expect(incoming.fragment(cut(message(900), 2, 500)[0]!, limits)).toBe(false)
  })
})
