import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ConversationEvent } from '../../src/otr/conversation.ts'
import { type ExtraKey, extraKeys, extraKeyTlv } from '../../src/otr/extrakey.ts'
import { decodeMessage } from '../../src/otr/message.ts'
import { pad, paddedSize } from '../../src/otr/padding.ts'
import { decodePlaintext, encodePlaintext, tlvType } from '../../src/otr/tlv.ts'
import { Hostile } from './hostile.ts'
import { aliceWith, securedPair, textsOf } from './pair.ts'

const context = Uint8Array.of(0, 0, 0, 66)
const keysOf = (events: readonly ConversationEvent[]): ExtraKey[] =>
  events.flatMap((event) => (event.kind === 'extra-key' ? [event] : []))
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

describe('an extra symmetric key', () => {
  test('is the same on both sides, another for each message, use and place, and never a record', () => {
    const { alice, bob } = securedPair()
    const use = { context, value: Uint8Array.of(9, 9) }
    const one = alice.extraSymmetricKey(use, 0)
    const { events } = bob.receive(one.message, 0)
    expect(events).toEqual([{ kind: 'extra-key', fingerprint: bob.fingerprint, ...use, key: one.key }])
    const tlvs = [extraKeyTlv(use), { type: 0x101, value: context }, extraKeyTlv(use)]
    const more = alice.encryptWithKeys({ text: 'two', tlvs }, 0)
    const heard = bob.receive(more.message, 0).events
    expect(heard[0]).toMatchObject({ kind: 'message', text: 'two', tlvs: [tlvs[1]] })
    expect(keysOf(heard).map(({ key }) => hex(key))).toEqual(more.keys.map(({ key }) => hex(key)))
    expect(new Set([one, ...more.keys].map(({ key }) => hex(key))).size).toBe(3)
    expect(one.key).toHaveLength(64)
  })

  test('is got for a message that comes late, too', () => {
    const { alice, bob } = securedPair()
    const late = alice.extraSymmetricKey({ context, value: context }, 0)
    bob.receive(alice.encrypt({ text: 'before' }, 0), 0)
    const [key] = keysOf(bob.receive(late.message, 0).events)
    expect(key?.key).toEqual(late.key)
  })

  test('nine at the most come from one message; the first, which is nobody’s, is overwritten', () => {
    const { alice, bob } = securedPair()
    const tlv = extraKeyTlv({ context, value: new Uint8Array(0) })
    const nine = alice.encryptWithKeys({ text: '', tlvs: new Array(9).fill(tlv) }, 0)
    expect(nine.keys).toHaveLength(9)
    expect(keysOf(bob.receive(nine.message, 0).events)).toHaveLength(9)
    expect(() => alice.encryptWithKeys({ text: '', tlvs: new Array(10).fill(tlv) }, 0)).toThrow('too many')
    const first = new Uint8Array(64).fill(7)
    expect(extraKeys(first, new Array(20).fill(tlv))).toHaveLength(9)
    expect(first).toEqual(new Uint8Array(64))
  })

  test('is not made for a TLV without a context, or beyond the 256th', () => {
    const short = { type: tlvType.extraKey, value: Uint8Array.of(1, 2, 3) }
    const far = [
      ...new Array(256).fill({ type: 0x101, value: context }),
      extraKeyTlv({ context, value: context }),
    ]
    expect(extraKeys(new Uint8Array(64), [short])).toEqual([])
    expect(extraKeys(new Uint8Array(64), far)).toEqual([])
    expect(extraKeys(new Uint8Array(64), far.slice(1))).toHaveLength(1)
    expect(() => extraKeyTlv({ context: new Uint8Array(3), value: context })).toThrow('4 octets')
    const victim = aliceWith()
    expect(victim.receive(new Hostile(victim).message([short]), 0)).toEqual({ replies: [], events: [] })
  })

  test('is not sent as a plain record, nor are the other records of OTR', () => {
    const { alice } = securedPair()
    for (const type of [1, 2, 3, 4, 5, 6, 7]) {
      expect(() => alice.encrypt({ text: '', tlvs: [{ type, value: context }] }, 0)).toThrow('not to be sent')
      if (type === 7) continue
      const tlvs = [{ type, value: context }]
      expect(() => alice.encryptWithKeys({ text: '', tlvs }, 0)).toThrow('not to be sent')
    }
  })
})

describe('padding', () => {
  test('fills a plaintext up to its class and changes nothing that is read', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat({ max: 9_000 }), (text, size) => {
        const tlvs = [{ type: 0x101, value: new Uint8Array(size).fill(7) }]
        const plain = encodePlaintext({ text, tlvs })
        const padded = pad(plain)
        expect(padded.length).toBe(paddedSize(plain.length))
        const read = decodePlaintext(padded)!
        expect(read.text).toBe(text)
        expect(read.tlvs.filter(({ type }) => type !== tlvType.padding)).toEqual(tlvs)
      }),
      { numRuns: 50 },
    )
  })

  test('has the classes 256, 512, 1,024, 2,048, 4,096 and multiples of that', () => {
    const classes = new Set(Array.from({ length: 13_000 }, (_, size) => paddedSize(size)))
    expect([...classes]).toEqual([256, 512, 1_024, 2_048, 4_096, 8_192, 12_288, 16_384])
    for (let size = 0; size < 13_000; size++) {
      const room = paddedSize(size) - size
      expect(room === 0 || room >= 4).toBe(true)
    }
    expect([0, 252, 253, 255, 256, 257].map(paddedSize)).toEqual([256, 256, 512, 512, 256, 512])
  })

  test('makes a conversation’s short lines, receipts and last words one size, where it is switched on', () => {
    const { alice, bob } = securedPair({ alice: { padding: 'classes' } })
    const size = (message: Uint8Array): number => {
      const decoded = decodeMessage(message)
      return decoded.kind === 'data' ? decoded.ciphertext.length : 0
    }
    const record = { type: 0x101, value: new Uint8Array(8) }
    const sent = ['', 'a', 'b'.repeat(230)].map((text) => alice.encrypt({ text, tlvs: [record] }, 0))
    expect(sent.map(size)).toEqual([256, 256, 256])
    expect(sent.flatMap((message) => textsOf(bob.receive(message, 0).events))).toEqual([
      '',
      'a',
      'b'.repeat(230),
    ])
    expect(size(bob.encrypt({ text: 'a' }, 0))).toBe(2)
    expect(size(alice.startSmp({ secret: 'a' }, 0))).toBe(512)
    expect(size(alice.close(0)!)).toBe(256)
  })
})
