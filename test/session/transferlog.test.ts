import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TransferLog } from '../../src/session/transferlog.ts'
import { encodeRecord, readRecord, type TransferRecord } from '../../src/session/transferrecord.ts'

const hex = (size: number) =>
  fc.uint8Array({ minLength: size, maxLength: size }).map((octets) => Buffer.from(octets).toString('hex'))
const text = fc.string({ unit: 'grapheme' })
const [transfer, fingerprint, root, at] = [hex(16), hex(56), hex(32), fc.nat()]
const paths = fc.array(text, { minLength: 1, maxLength: 4 })

const record: fc.Arbitrary<TransferRecord> = fc.oneof(
  fc
    .record({ transfer, at, key: fc.oneof(hex(32), fingerprint), buddy: text, name: text, paths })
    .map((offer) => ({ kind: 'offered', offer }) as const),
  fc.record({ kind: fc.constant('read' as const), transfer, root }),
  fc.record({ kind: fc.constant('sent' as const), transfer }),
  fc
    .record({ transfer, at, fingerprint, root, buddy: text, name: text, into: text })
    .map((consent) => ({ kind: 'accepted', consent }) as const),
  fc.record({ kind: fc.constant('received' as const), transfer, fingerprint }),
)

test('a record is read as it was written', () => {
  fc.assert(
    fc.property(record, (one) => {
      expect(readRecord(encodeRecord(one))).toEqual(one)
    }),
  )
})

test('any octets are a record or none, and so is what is left of one', () => {
  fc.assert(
    fc.property(fc.uint8Array(), record, fc.nat(), (octets, one, cut) => {
      readRecord(octets)
      const whole = encodeRecord(one)
      readRecord(whole.subarray(0, cut % whole.length))
    }),
  )
})

test('a log that is written anew makes the same, without what is over', () => {
  fc.assert(
    fc.property(fc.array(record), (records) => {
      const log = TransferLog.of(records.map(encodeRecord))
      const anew = TransferLog.of(log.records())
      expect([anew.offers, anew.consents, anew.gone]).toEqual([log.offers, log.consents, 0])
    }),
  )
})

test('of what was accepted the newest 100 are remembered', () => {
  const log = new TransferLog()
  const idOf = (number: number): string => number.toString(16).padStart(32, '0')
  const about = { at: 1, root: 'aa'.repeat(32), buddy: 'bob', name: 'gift', into: '/in' }
  for (let i = 0; i < 103; i++)
    log.take({ kind: 'accepted', consent: { ...about, transfer: idOf(i), fingerprint: 'b0'.repeat(56) } })
  expect(log.consents.map((consent) => consent.transfer)).toEqual(
    Array.from({ length: 100 }, (_, i) => idOf(i + 3)),
  )
})
