import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Command, commandSize } from '../../../src/transport/enet/command.ts'
import { commandsOf, type Delivery, type Shape } from '../../../src/transport/enet/message.ts'
import { isSound, Reassembly } from '../../../src/transport/enet/reassembly.ts'
import { message } from './wire.ts'

const shape = (delivery: Delivery, numbers: Partial<Shape['numbers']> = {}): Shape => {
  return {
    channel: 3,
    delivery,
    pieceSize: 500,
    numbers: { sequence: 9, unreliable: 4, group: 7, ...numbers },
  }
}
const kindsOf = (commands: readonly Command[]): string[] => [...new Set(commands.map(({ kind }) => kind))]

describe('a message goes as', () => {
  test.each<[Delivery, number, string, Partial<Shape['numbers']>?]>([
    ['reliable', 500, 'send-reliable'],
    ['reliable', 501, 'send-fragment'],
    ['unreliable', 0, 'send-unreliable'],
    ['unreliable', 500, 'send-unreliable'],
    ['unreliable', 501, 'send-fragment'],
    ['unreliable-fragments', 500, 'send-unreliable'],
    ['unreliable-fragments', 501, 'send-unreliable-fragment'],
    ['unsequenced', 500, 'send-unsequenced'],
    ['unsequenced', 501, 'send-fragment'],
    ['unreliable', 5, 'send-unreliable', { unreliable: 0xfffe }],
    ['unreliable', 5, 'send-reliable', { unreliable: 0xffff }],
    ['unreliable-fragments', 501, 'send-fragment', { unreliable: 0xffff }],
    ['unsequenced', 5, 'send-unsequenced', { unreliable: 0xffff }],
  ])('%s, %i octets: %s', (delivery, size, kind, numbers) => {
    expect(kindsOf(commandsOf(message(size), shape(delivery, numbers)))).toEqual([kind])
  })
})

test('each kind of number follows the last of its kind, and wraps', () => {
  const last = { sequence: 0xffff, unreliable: 0xfffe, group: 0xffff }
  const numbered = (delivery: Delivery, size: number) => commandsOf(message(size), shape(delivery, last))
  expect(numbered('reliable', 5)).toMatchObject([{ sequence: 0, flags: 0x80 }])
  expect(numbered('unreliable', 5)).toMatchObject([
    { sequence: 0xffff, unreliableSequence: 0xffff, flags: 0 },
  ])
  expect(numbered('unsequenced', 5)).toMatchObject([{ sequence: 0, group: 0, flags: 0x40 }])
  expect(numbered('reliable', 600)).toMatchObject([
    { sequence: 0, start: 0 },
    { sequence: 1, start: 0 },
  ])
  expect(numbered('unreliable-fragments', 600)).toMatchObject([
    { sequence: 0xffff, start: 0xffff, flags: 0 },
    { sequence: 0xffff, start: 0xffff, flags: 0 },
  ])
})

test('what is cut is sound piece by piece, and makes the message again in any order', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 2, maxLength: 3_000 }),
      fc.integer({ min: 1, max: 700 }),
      fc.constantFrom<Delivery>('reliable', 'unreliable-fragments'),
      fc.infiniteStream(fc.nat(1_000)),
      (bytes, size, delivery, order) => {
        const pieceSize = Math.min(size, bytes.length - 1)
        const pieces = commandsOf(bytes, { ...shape(delivery), pieceSize })
        const shuffled = pieces
          .map((piece) => ({ piece, at: order.next().value }))
          .sort((a, b) => a.at - b.at)
          .map(({ piece }) => piece)
        let whole: Reassembly | undefined
        for (const piece of shuffled) {
          if (piece.kind !== 'send-fragment' && piece.kind !== 'send-unreliable-fragment')
            throw new Error(piece.kind)
          expect(isSound(piece, bytes.length)).toBe(true)
          expect(commandSize(piece)).toBeLessThanOrEqual(24 + pieceSize)
          whole ??= new Reassembly(piece)
          expect(whole.matches(piece)).toBe(true)
          whole.add(piece)
        }
        expect(whole?.isComplete).toBe(true)
        expect(whole?.join()).toEqual(bytes)
      },
    ),
    { numRuns: 150 },
  )
})
