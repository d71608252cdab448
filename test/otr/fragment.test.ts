import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fragment, isFragment, Reassembly } from '../../src/otr/fragment.ts'

const tags = { senderTag: 0x101, receiverTag: 0x202 }
const cut = (text: string, identifier = 1, maxSize = 60): string[] =>
  fragment(text, { ...tags, identifier, maxSize })
const base64 = fc.string({ unit: fc.constantFrom(...'ABCDabcd0189+/'), minLength: 1, maxLength: 400 })

/** The pieces in the order in which random numbers sort them. */
const shuffled = (pieces: readonly string[], keys: readonly number[]): string[] =>
  pieces
    .map((piece, i) => ({ piece, key: keys[i % keys.length]! * ((i % 7) + 1) }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ piece }) => piece)

describe('fragments', () => {
  test('are none for a message that is short enough, and never longer than allowed', () => {
    const text = `?OTR:${'A'.repeat(55)}`
    expect(cut(text)).toEqual([text])
    const pieces = cut(`${text}B`)
    expect(pieces.every((piece) => isFragment(piece) && piece.length <= 60)).toBe(true)
    expect(() => cut(text, 1, 45)).toThrow('too small')
    expect(() => cut('A'.repeat(65_536 * 2), 1, 46)).toThrow('too small')
  })

  test('of several messages in any order, some twice, give every message once', () => {
    const keys = fc.array(fc.nat(), { minLength: 1 })
    fc.assert(
      fc.property(fc.array(base64, { minLength: 1, maxLength: 4 }), keys, fc.nat(), (texts, keys, again) => {
        const messages = texts.map((text) => `?OTR:${'A'.repeat(60)}${text}.`)
        const pieces = messages.flatMap((message, i) => cut(message, i))
        const order = shuffled(pieces, keys)
        const reassembly = new Reassembly(tags.receiverTag)
        const at = again % order.length
        const twice = [...order.slice(0, at + 1), order[at]!, ...order.slice(at + 1)]
        const isLast = twice.slice(at + 2).length === 0
        const found = twice.map((piece) => reassembly.receive(piece, 0)).filter((text) => text !== undefined)
        expect(found.toSorted()).toEqual(messages.toSorted())
        if (!isLast) expect(found).toHaveLength(messages.length)
      }),
      { numRuns: 60 },
    )
  })

  test('with one lost give nothing, and are forgotten after an hour', () => {
    const pieces = cut(`?OTR:${'A'.repeat(200)}.`)
    for (const lost of pieces) {
      const reassembly = new Reassembly(tags.receiverTag)
      for (const piece of pieces) if (piece !== lost) expect(reassembly.receive(piece, 0)).toBeUndefined()
      expect(reassembly.waiting).toBe(1)
      expect(reassembly.receive('no fragment', 3_599_999)).toBeUndefined()
      expect(reassembly.waiting).toBe(1)
      expect(reassembly.receive(lost, 3_600_000)).toBeUndefined()
      expect(reassembly.waiting).toBe(1) // the last one alone: a new message
    }
  })

  test('of one identifier are kept apart by their sender; another total ends the message', () => {
    const reassembly = new Reassembly(tags.receiverTag)
    const of = (sender: string, fields: string) => reassembly.receive(`?OTR|7|${sender}|202,${fields},`, 0)
    expect(of('101', '1,2,a')).toBeUndefined()
    expect(of('102', '2,2,d')).toBeUndefined()
    expect(of('101', '2,2,b')).toBe('ab')
    expect(of('102', '1,3,c')).toBeUndefined()
    expect(reassembly.waiting).toBe(0)
    expect(of('102', '1,2,c')).toBeUndefined()
    expect(of('102', '2,2,d')).toBe('cd')
  })

  test('keep their first piece, take tag 0 for everybody, and are never fragments themselves', () => {
    const reassembly = new Reassembly(tags.receiverTag)
    const of = (fields: string) => reassembly.receive(`?OTR|7|101|0,${fields},`, 0)
    expect([of('1,2,a'), of('1,2,x'), of('2,2,b')]).toEqual([undefined, undefined, 'ab'])
    expect(of('1,1,?OTR|7|101|202')).toBeUndefined()
    expect(reassembly.receive('?OTR|7|101|203,1,1,a,', 0)).toBeUndefined()
    expect([reassembly.waiting, reassembly.size]).toEqual([0, 0])
  })

  test('in a flood take no more room than the limits say: the oldest go', () => {
    const reassembly = new Reassembly(tags.receiverTag)
    for (let i = 0; i < 1_000; i++) reassembly.receive(`?OTR|${i.toString(16)}|101|202,1,65535,a,`, 0)
    expect(reassembly.waiting).toBe(100)
    const big = 'A'.repeat(60_000)
    for (let i = 0; i < 100; i++) {
      reassembly.receive(`?OTR|${i.toString(16)}|102|202,1,2,${big},`, 0)
      expect(reassembly.size).toBeLessThanOrEqual(1 << 20)
    }
    expect(reassembly.waiting).toBeLessThanOrEqual(17)
    const one = new Reassembly(tags.receiverTag)
    for (let i = 1; i < 30_000; i++) one.receive(`?OTR|1|101|202,${i},65535,a,`, 0)
    expect(one.size).toBeLessThanOrEqual(1 << 20) // counted with their heads
  })

  test('any text is a value or none', () => {
    const part = fc.constantFrom('?OTR|', '|', ',', '0', '1', 'ff', '00000', '65536', 'a', '\n', '\0')
    const texts = fc.oneof(
      fc.string(),
      fc.array(part).map((parts) => parts.join('')),
    )
    const reassembly = new Reassembly(tags.receiverTag)
    fc.assert(
      fc.property(texts, fc.nat(), (text, now) => void reassembly.receive(text, now)),
      { numRuns: 500 },
    )
    const zeros = '0'.repeat(100_000)
    expect(reassembly.receive(`?OTR|${zeros}|101|202,1,1,a,`, 0)).toBeUndefined()
  })
})
