import { hexToBytes } from '@noble/hashes/utils.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isMessageId } from '../../src/session/command.ts'
import {
  aboutTlv,
  addressTlv,
  idTlv,
  maxReceipts,
  type PayloadTlv,
  readPayload,
  readTlv,
  receiptTlv,
  typingTlv,
} from '../../src/session/payload.ts'

const id = fc.stringMatching(/^[\da-f]{16}$/)

test('an id and receipts come back as they were written', () => {
  fc.assert(
    fc.property(fc.string(), id, fc.array(id, { maxLength: 20 }), (text, id, receipts) => {
      const address = hexToBytes(id.repeat(4))
      const tlvs = [idTlv(id), receiptTlv(receipts), addressTlv(address)]
      const none = { run: undefined, about: undefined, typing: undefined, reads: [] }
      expect(readPayload(text, tlvs)).toEqual({ text, id, receipts, address, ...none })
      expect(readPayload(text, []).address).toBeUndefined()
    }),
  )
})

test('what a message is about, typing and what was read come back as they were written', () => {
  const about = fc.record({ as: fc.constantFrom('reply', 'edit', 'delete'), id })
  const typing = fc.constantFrom('begun', 'ended')
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }),
      about,
      typing,
      fc.array(id, { maxLength: 20 }),
      (said, about, typing, reads) => {
        const text = about.as === 'delete' ? '' : said
        expect(readPayload(text, [aboutTlv(about), typingTlv(typing), readTlv(reads)])).toMatchObject({
          ...{ text, about, typing, reads, id: undefined, receipts: [] },
        })
      },
    ),
  )
})

test.each<[string, string, readonly PayloadTlv[]]>([
  ['with a text beside a deletion', 'and this?', [aboutTlv({ as: 'delete', id: '0123456789abcdef' })]],
  ['that changes a text to nothing', '', [aboutTlv({ as: 'edit', id: '0123456789abcdef' })]],
  ['that answers with nothing', '', [aboutTlv({ as: 'reply', id: '0123456789abcdef' })]],
  ['that answers two', 'x', [0, 1].map((n) => aboutTlv({ as: 'reply', id: `0123456789abcde${n}` }))],
  [
    'that answers and changes',
    'x',
    (['reply', 'edit'] as const).map((as) => aboutTlv({ as, id: '0123456789abcdef' })),
  ],
  ['about an id too short', 'x', [{ type: 0x0105, value: new Uint8Array(7) }]],
  ['about an id too long', 'x', [{ type: 0x0104, value: new Uint8Array(16) }]],
])('a message %s is a message like any', (_, text, tlvs) => {
  expect(readPayload(text, tlvs)).toMatchObject({ text, about: undefined })
})

test('typing is one octet, 0 or 1; ids that were read come in eights, 1,024 at most', () => {
  for (const value of [[], [2], [255], [1, 1], [0, 0]])
    expect(readPayload('', [{ type: 0x0107, value: Uint8Array.from(value) }]).typing).toBeUndefined()
  const read = (size: number) => readPayload('', [{ type: 0x0108, value: new Uint8Array(size) }]).reads.length
  expect([read(0), read(7), read(8), read(15), read(8 * 5_000)]).toEqual([0, 0, 1, 0, 1_024])
})

test('any TLVs are a payload; those of another type or length say nothing', () => {
  const tlv = fc.record({
    type: fc.constantFrom(0, 1, 0x100, 0x101, 0x102, 0x104, 0x105, 0x106, 0x107, 0x108),
    value: fc.uint8Array({ maxLength: 40 }),
  })
  fc.assert(
    fc.property(fc.array(tlv), (tlvs) => {
      const { id, receipts, reads, about } = readPayload('', tlvs)
      expect(reads.every(isMessageId)).toBe(true)
      expect(about === undefined || (about.as === 'delete' && isMessageId(about.id))).toBe(true)
      expect(id !== undefined).toBe(tlvs.some(({ type, value }) => type === 0x100 && value.length === 8))
      expect(receipts.every(isMessageId)).toBe(true)
    }),
  )
})

test(`reads ${maxReceipts} receipts of a message at most`, () => {
  const tlvs = [{ type: 0x0101, value: new Uint8Array(8 * 5_000) }]
  expect(readPayload('', tlvs).receipts).toHaveLength(1_024)
})

test.each(['', '0123', '0123456789abcdeF', '0123456789abcdef0', '0123456789abcde\n'])(
  '%j is no message id',
  (text) => expect(isMessageId(text)).toBe(false),
)
