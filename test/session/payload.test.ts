import { hexToBytes } from '@noble/hashes/utils.js'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  addressTlv,
  idTlv,
  isMessageId,
  maxReceipts,
  readPayload,
  receiptTlv,
} from '../../src/session/payload.ts'

const id = fc.stringMatching(/^[\da-f]{16}$/)

test('an id and receipts come back as they were written', () => {
  fc.assert(
    fc.property(fc.string(), id, fc.array(id, { maxLength: 20 }), (text, id, receipts) => {
      const address = hexToBytes(id.repeat(4))
      const tlvs = [idTlv(id), receiptTlv(receipts), addressTlv(address)]
      expect(readPayload(text, tlvs)).toEqual({ text, id, receipts, address })
      expect(readPayload(text, []).address).toBeUndefined()
    }),
  )
})

test('any TLVs are a payload; those of another type or length say nothing', () => {
  const tlv = fc.record({
    type: fc.constantFrom(0, 1, 0x100, 0x101, 0x102),
    value: fc.uint8Array({ maxLength: 40 }),
  })
  fc.assert(
    fc.property(fc.array(tlv), (tlvs) => {
      const { id, receipts } = readPayload('', tlvs)
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
