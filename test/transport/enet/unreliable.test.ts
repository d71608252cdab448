import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SendUnreliable, SendUnreliableFragment } from '../../../src/transport/enet/command.ts'
import { Incoming } from '../../../src/transport/enet/incoming.ts'
import type { Limits } from '../../../src/transport/enet/limits.ts'
import { commandsOf } from '../../../src/transport/enet/message.ts'
import { message } from './wire.ts'

const limits: Limits = { maximumPacketSize: 10_000, maximumWaitingData: 3_000 }

/** A channel; what it delivers is told by the first octet. */
function channel() {
  const waiting = { octets: 0, isRepeated: false }
  const delivered: number[] = []
  const incoming = new Incoming(waiting, (bytes) => delivered.push(bytes[0]!))
  return { waiting, delivered, incoming }
}

const single = (sequence: number, unreliableSequence: number, mark: number): SendUnreliable => {
  const payload = Uint8Array.of(mark)
  return { kind: 'send-unreliable', flags: 0, channel: 0, sequence, unreliableSequence, payload }
}

const reliable = (sequence: number, mark: number) => {
  return { kind: 'send-reliable', flags: 0x80, channel: 0, sequence, payload: Uint8Array.of(mark) } as const
}

/** The pieces of a message whose octets are all `mark`. */
function pieces(
  sequence: number,
  unreliable: number,
  { mark, size = 1_200 }: { mark: number; size?: number },
) {
  const numbers = { sequence, unreliable: unreliable - 1, group: 0 }
  const shape = { channel: 0, delivery: 'unreliable-fragments', pieceSize: 500, numbers } as const
  return commandsOf(new Uint8Array(size).fill(mark), shape) as SendUnreliableFragment[]
}

describe('unreliable messages', () => {
  test('wait for the reliable message that they follow, and go in its order', () => {
    const { incoming, delivered, waiting } = channel()
    incoming.unreliable(single(1, 2, 12), limits)
    incoming.unreliable(single(2, 1, 21), limits)
    incoming.unreliable(single(1, 1, 11), limits)
    incoming.unreliable(single(1, 1, 99), limits)
    expect([delivered, waiting.octets > 0]).toEqual([[], true])
    incoming.reliable(reliable(2, 20), limits)
    incoming.reliable(reliable(1, 10), limits)
    expect([delivered, waiting.octets]).toEqual([[10, 11, 12, 20, 21], 0])
  })

  test('whose reliable message is passed are too late, also those that were held', () => {
    const { incoming, delivered, waiting } = channel()
    incoming.reliable(reliable(1, 10), limits)
    incoming.unreliable(single(1, 5, 15), limits)
    incoming.reliable(reliable(2, 20), limits)
    incoming.unreliable(single(1, 6, 16), limits)
    incoming.unreliable(single(0, 1, 1), limits)
    expect([delivered, waiting.octets]).toEqual([[10, 15, 20], 0])
  })

  test('too far ahead are not held', () => {
    const { incoming, waiting } = channel()
    incoming.unreliable(single(28_672, 1, 1), limits)
    expect(waiting.octets).toBe(0)
    incoming.unreliable(single(28_671, 1, 1), limits)
    expect(waiting.octets).toBeGreaterThan(0)
  })

  test('are not held where reliable ones fill all there is', () => {
    const { incoming, waiting } = channel()
    for (let n = 3; incoming.reliable(reliable(n, n), limits); n++) expect(n).toBeLessThan(100)
    const full = waiting.octets
    for (let n = 1; n < 9; n++) incoming.unreliable(single(2, n, n), limits)
    incoming.unreliableFragment(pieces(2, 20, { mark: 1 })[0]!, limits)
    expect(waiting.octets).toBe(full)
  })

  test('that are held never take more than they may; the oldest go', () => {
    const { incoming, delivered, waiting } = channel()
    for (let n = 1; n <= 200; n++) incoming.unreliable(single(1, n, n), limits)
    expect(waiting.octets).toBeLessThan(limits.maximumWaitingData + 200)
    incoming.reliable(reliable(1, 0), limits)
    expect(delivered.length).toBeLessThan(30)
    expect(delivered.at(-1)).toBe(200)
    expect(waiting.octets).toBe(0)
  })
})

describe('unreliable fragments', () => {
  test('in any order, also twice, make the message', () => {
    const { incoming, delivered, waiting } = channel()
    const [a, b, c] = pieces(0, 1, { mark: 7 })
    for (const piece of [c, a, c, b, a]) expect(incoming.unreliableFragment(piece!, limits)).toBe(true)
    expect([delivered, waiting.octets]).toEqual([[7], 0])
  })

  test('of a message that is older than the last are dropped, and what is held of one is given back', () => {
    const { incoming, delivered, waiting } = channel()
    const [a, b, c] = pieces(0, 1, { mark: 7 })
    incoming.unreliableFragment(a!, limits)
    expect(waiting.octets).toBeGreaterThan(500)
    incoming.unreliable(single(0, 2, 8), limits)
    expect(waiting.octets).toBe(0)
    for (const piece of [a, b, c]) expect(incoming.unreliableFragment(piece!, limits)).toBe(true)
    expect([delivered, waiting.octets]).toEqual([[8], 0])
  })

  test('of a newer message stay when an older one is delivered', () => {
    const { incoming, delivered } = channel()
    const newer = pieces(0, 2, { mark: 9 })
    incoming.unreliableFragment(newer[0]!, limits)
    incoming.unreliable(single(0, 1, 8), limits)
    for (const piece of newer.slice(1)) incoming.unreliableFragment(piece, limits)
    expect(delivered).toEqual([8, 9])
  })

  test('wait for the reliable message too', () => {
    const { incoming, delivered, waiting } = channel()
    for (const piece of pieces(1, 1, { mark: 9 })) incoming.unreliableFragment(piece, limits)
    expect(delivered).toEqual([])
    incoming.reliable(reliable(1, 5), limits)
    expect([delivered, waiting.octets]).toEqual([[5, 9], 0])
  })

  test('that are lost again and again do not keep later messages out', () => {
    const { incoming, delivered, waiting } = channel()
    for (let n = 1; n <= 50; n++) {
      for (const piece of pieces(0, n, { mark: n }).slice(1)) incoming.unreliableFragment(piece, limits)
      expect(waiting.octets).toBeLessThan(limits.maximumWaitingData + 700)
    }
    for (const piece of pieces(0, 51, { mark: 51 })) incoming.unreliableFragment(piece, limits)
    expect([delivered, waiting.octets]).toEqual([[51], 0])
  })

  test('of a reliable message that is passed, or too far ahead, are not held', () => {
    const { incoming, waiting } = channel()
    incoming.reliable(reliable(1, 1), limits)
    for (const sequence of [0, 28_672])
      expect(incoming.unreliableFragment(pieces(sequence, 1, { mark: 1 })[0]!, limits)).toBe(true)
    expect(waiting.octets).toBe(0)
  })

  test.each<[string, Partial<SendUnreliableFragment>]>([
    ['no octets', { payload: message(0) }],
    ['a number that is none', { number: 3, offset: 1_500 }],
    ['more than a message may have', { total: 10_001 }],
    ['a gap before it', { offset: 501 }],
    ['more than 28,000', { count: 28_001 }],
  ])('with %s are refused', (_what, change) => {
    const { incoming, waiting } = channel()
    const piece = pieces(0, 1, { mark: 1 })[1]!
    expect(incoming.unreliableFragment({ ...piece, ...change }, limits)).toBe(false)
    expect(waiting.octets).toBe(0)
  })

  test('of another message of the same number are refused', () => {
    const { incoming } = channel()
    incoming.unreliableFragment(pieces(1, 1, { mark: 1 })[0]!, limits)
    expect(incoming.unreliableFragment(pieces(1, 1, { mark: 1, size: 1_300 })[1]!, limits)).toBe(false)
    incoming.unreliable(single(1, 2, 1), limits)
    expect(incoming.unreliableFragment(pieces(1, 2, { mark: 1 })[0]!, limits)).toBe(false)
  })
})

test('whatever comes in whatever order, numbers only rise, and what is counted is given back', () => {
  const sequence = fc.integer({ min: 0, max: 4 })
  const unreliable = fc.integer({ min: 1, max: 4 })
  const whole = fc.record({ sequence, unreliable, piece: fc.option(fc.nat(2)) })
  fc.assert(
    fc.property(fc.array(fc.oneof(whole, sequence), { maxLength: 60 }), (events) => {
      const { incoming, delivered, waiting } = channel()
      for (const event of events) {
        if (typeof event === 'number') incoming.reliable(reliable(event, event * 10), limits)
        else {
          const mark = event.sequence * 10 + event.unreliable
          if (event.piece === null)
            incoming.unreliable(single(event.sequence, event.unreliable, mark), limits)
          else
            incoming.unreliableFragment(
              pieces(event.sequence, event.unreliable, { mark })[event.piece]!,
              limits,
            )
        }
      }
      expect(delivered).toEqual([...new Set(delivered)].sort((a, b) => a - b))
      for (let n = 1; n <= 6; n++) incoming.reliable(reliable(n, 0), limits)
      expect(waiting.octets).toBe(0)
    }),
    { numRuns: 500 },
  )
})
