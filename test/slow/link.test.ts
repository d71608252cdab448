/** What the unit tests of the link do, a thousand times as often. */
import { describe, expect, test } from 'vitest'
import { Initiator, Responder } from '../../src/transport/link/handshake.ts'
import { content, Sealed } from '../../src/transport/link/sealed.ts'
import { address } from '../support/network.ts'
import { bitFlips, establish, keysOf, octets, randomOf } from '../transport/link/pair.ts'
import { Wire } from '../transport/link/wire.ts'

const count = 10_000
const types = [0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5]

/** A number below `limit`, and octets, that a seed decides. */
function dice(seed: number) {
  const random = randomOf(seed)
  const below = (limit: number): number => {
    const [a, b, c] = random(3)
    return ((a! << 16) | (b! << 8) | c!) % limit
  }
  return { random, below }
}

type Dice = ReturnType<typeof dice>

/** One wrong datagram, made from recorded ones. */
const spoilt: [string, (recorded: readonly Uint8Array[], dice: Dice) => Uint8Array][] = [
  [
    'random',
    (_, { random, below }) => {
      const bytes = random(below(1_300))
      if (bytes.length > 0) bytes[0] = types[below(types.length)]!
      return bytes
    },
  ],
  [
    'truncated',
    (recorded, { below }) => {
      const bytes = recorded[below(recorded.length)]!
      return bytes.slice(0, below(bytes.length))
    },
  ],
  [
    'bit-flipped',
    (recorded, { below }) => {
      const bytes = recorded[below(recorded.length)]!.slice()
      bytes[below(bytes.length)]! ^= 1 << below(8)
      return bytes
    },
  ],
  ['replayed', (recorded, { below }) => recorded[below(recorded.length)]!],
]

describe.each(spoilt)('10,000 datagrams, %s', (name, spoil) => {
  test('change nothing of two links that talk, and get no answer', () => {
    const wire = Wire.open()
    for (let i = 0; i < 30; i++) {
      for (const side of ['initiator', 'responder'] as const) wire.say(side, 'x'.repeat(i * 30))
      wire.run(40)
    }
    wire.run(5_000)
    const recorded = wire.sent.map(({ bytes }) => bytes)
    expect(recorded.length).toBeGreaterThan(60)
    const lot = dice(7)
    for (let i = 0; i < count; i++) {
      const bytes = spoil(recorded, lot)
      for (const side of ['initiator', 'responder'] as const) {
        const { deadline } = wire.links[side]
        wire.receive(side, bytes, i % 2 === 0 ? undefined : address('10.9.9.9:9'))
        expect(wire.links[side].deadline).toBe(deadline)
      }
    }
    expect([wire.links.initiator.dropped, wire.links.responder.dropped]).toEqual([count, count])
    wire.say('initiator', 'unharmed')
    wire.run(1_000)
    expect(wire.texts('responder').at(-1)).toBe('0 unharmed')
  })

  test('get nothing of a responder or an initiator', () => {
    const [keys, lot] = [keysOf(40), dice(8)]
    const initiator = new Initiator({ keys, index: 1, random: lot.random })
    const answered = new Responder()
    const peer = address('10.0.0.1:1')
    const options = { keys, epoch: 7, index: 2, random: lot.random }
    const { response } = answered.receive(initiator.init, peer, options, 0)!
    const recorded = [initiator.init, response]
    const fresh = new Responder()
    for (let i = 0; i < count; i++) {
      const bytes = spoil(recorded, lot)
      expect(answered.receive(bytes, peer, options, 20_000)).toBeUndefined()
      if (name === 'replayed') continue // true ones, to who has not heard them
      expect(fresh.receive(bytes, peer, options, 20_000)).toBeUndefined()
      expect(initiator.receive(bytes)).toBeUndefined()
    }
    expect(initiator.receive(response)).toBeDefined()
    expect(initiator.receive(response)).toBeUndefined()
  })
})

test('a responder knows 4,096 inits of a pair, and forgets the first for one more', () => {
  const [keys, lot, peer] = [keysOf(40), dice(9), address('10.0.0.1:1')]
  const responder = new Responder()
  const options = { keys, epoch: 7, random: lot.random }
  const isNew = (init: Uint8Array, index: number, now: number) => {
    const { established } = responder.receive(init, peer, { ...options, index }, now) ?? {}
    responder.settle(index)
    return established !== undefined
  }
  const made = () => new Initiator({ keys, index: 1, random: lot.random }).init
  const inits = Array.from({ length: 4_096 }, made)
  expect(inits.every((init, i) => isNew(init, i, 0))).toBe(true)
  expect(inits.some((init) => isNew(init, 0, 20_000))).toBe(false)
  expect(isNew(made(), 5_000, 20_000)).toBe(true)
  expect([inits[1]!, inits[0]!].map((init) => isNew(init, 5_001, 40_000))).toEqual([false, true])
}, 60_000)

test('every bit of 200 frames of a link, flipped, opens nothing', () => {
  const { initiator, responder } = establish()
  const [from, to] = [new Sealed(initiator, 0), new Sealed(responder, 0)]
  for (let i = 0; i < 200; i++) {
    const frame = from.seal(content.enet, octets(i, i), 0)
    for (const flipped of bitFlips(frame)) expect(to.open(flipped, 0)).toBeUndefined()
    expect(to.open(frame, 0)).toBeDefined()
  }
})

test('the initiator steps with the frame after its 2^20th', () => {
  const sealed = new Sealed(establish().initiator, 0)
  for (let i = 0; i < 2 ** 20; i++) sealed.seal(content.keepAlive, octets(0, 0), 0)
  expect(sealed.generation).toBe(0)
  expect(sealed.seal(content.keepAlive, octets(0, 0), 0)[1]).toBe(1)
})
