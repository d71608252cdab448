import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Mailbox } from '../../src/session/mailbox.ts'
import {
  type Came,
  encodeRecord,
  type MailRecord,
  readRecord,
  type Written,
} from '../../src/session/mailrecord.ts'

const [bob, eve] = ['b0'.repeat(56), 'e0'.repeat(56)]
const idOf = (number: number): string => number.toString(16).padStart(16, '0')
const written = (number: number, more: Partial<Written> = {}): Written => ({
  ...{ id: idOf(number), at: 1_000 + number, key: bob, buddy: 'bob', text: `text ${number}`, ...more },
})
const came = (number: number, more: Partial<Came> = {}): Came => ({
  ...{ id: idOf(number), at: 1_000 + number, trust: 'verified', fingerprint: bob, buddy: 'bob' },
  ...{ text: `text ${number}`, ...more },
})
const [id, fingerprint] = [idOf(1), bob]

const hexOf = (octets: number) =>
  fc.uint8Array({ minLength: octets, maxLength: octets }).map((bytes) => Buffer.from(bytes).toString('hex'))
const text = fc.string({ unit: 'grapheme' })
const at = fc.nat()
const anyRecord: fc.Arbitrary<MailRecord> = fc.oneof(
  fc.record({
    kind: fc.constant('written' as const),
    message: fc.record({
      id: hexOf(8),
      at,
      key: fc.option(fc.oneof(hexOf(32), hexOf(56)), { nil: undefined }),
      buddy: text,
      text,
    }),
  }),
  fc.record({ kind: fc.constant('addressed' as const), id: hexOf(8), key: hexOf(32) }),
  fc.record({ kind: fc.constant('settled' as const), ids: fc.array(hexOf(8)) }),
  fc.record({
    kind: fc.constant('came' as const),
    message: fc.record({
      ...{ id: hexOf(8), at, trust: fc.constantFrom('unverified', 'by-code', 'verified') },
      ...{ fingerprint: hexOf(56), buddy: text, text },
    }),
  }),
  fc.record({ kind: fc.constantFrom('showing', 'shown'), id: hexOf(8), fingerprint: hexOf(56) }),
  fc.record({ kind: fc.constant('known' as const), fingerprint: hexOf(56), names: fc.array(hexOf(16)) }),
)

describe('a record', () => {
  test('is read as it was written', () => {
    fc.assert(
      fc.property(anyRecord, (record) => {
        expect(readRecord(encodeRecord(record))).toEqual(record)
      }),
    )
  })

  test('of any octets is one or none, and never a throw', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => void readRecord(octets)))
    fc.assert(
      fc.property(anyRecord, fc.nat(), (record, cut) => {
        const octets = encodeRecord(record)
        readRecord(octets.subarray(0, cut % octets.length))
      }),
    )
  })
})

function mailboxOf(...records: readonly MailRecord[]): Mailbox {
  return Mailbox.of(records.map(encodeRecord))
}

describe('a mailbox', () => {
  test('written anew knows what came and was kept, and nothing that was only heard', () => {
    const mailbox = mailboxOf({ kind: 'came', message: came(1) })
    const known = mailbox.known.of(bob)
    for (const number of [1, 2, 3]) known.hear(idOf(number), `text ${number}`)
    mailbox.take({ kind: 'came', message: came(3) })
    const after = Mailbox.of(mailbox.records()).known.of(bob)
    expect([1, 2, 3].map((number) => after.hear(idOf(number), `text ${number}`))).toEqual([
      'known',
      'new',
      'known',
    ])
  })

  test('keeps what was written, in order, until it is settled', () => {
    const records = [1, 2, 3].map((number) => ({ kind: 'written', message: written(number) }) as const)
    const mailbox = mailboxOf(...records, { kind: 'settled', ids: [idOf(2), idOf(9)] })
    expect([...mailbox.waiting]).toEqual([written(1), written(3)])
  })

  test('gives what was written to the holder of its key, whatever he is called, and to nobody else', () => {
    const mailbox = mailboxOf({ kind: 'written', message: written(1) })
    const standing = (key: string) => ({ kind: 'key', key }) as const
    expect(mailbox.of('bob', standing(bob))).toEqual({ due: [written(1)], held: [] })
    expect(mailbox.of('robert', standing(bob.slice(0, 64)))).toEqual({ due: [written(1)], held: [] })
    expect(mailbox.of('bob', standing(eve))).toEqual({ due: [], held: [written(1)] })
    expect(mailbox.of('eve', standing(eve))).toEqual({ due: [], held: [] })
    expect(mailbox.of('bob', { kind: 'invited', since: 0 })).toEqual({ due: [], held: [written(1)] })
  })

  test('gives what was written to the holder of a code to nobody who has a later one, nor to a buddy of that name', () => {
    const keyless = written(1, { key: undefined })
    const mailbox = mailboxOf({ kind: 'written', message: keyless })
    expect(mailbox.of('bob', { kind: 'invited', since: 1_001 }).due).toEqual([keyless])
    expect(mailbox.of('bob', { kind: 'invited', since: 1_002 })).toEqual({ due: [], held: [keyless] })
    expect(mailbox.of('bob', { kind: 'key', key: bob }).held).toEqual([keyless])
    mailbox.take({ kind: 'addressed', id, key: bob })
    expect(mailbox.of('bob', { kind: 'key', key: bob }).due).toEqual([{ ...keyless, key: bob }])
  })

  test('takes 1,000 for a key, 32 KiB each, and 16 MiB in all', () => {
    const mailbox = new Mailbox()
    const take = (message: Written) => mailbox.refuses(message) ?? mailbox.take({ kind: 'written', message })
    expect(take(written(0, { text: 'x'.repeat(32_769) }))).toBe('too-long')
    for (let i = 1; i <= 1_000; i++) expect(take(written(i))).toBeUndefined()
    expect(take(written(1))).toBe('known-id')
    expect(take(written(1_001))).toBe('too-many')
    expect(take(written(1_001, { key: bob.slice(0, 64), buddy: 'robert' }))).toBe('too-many')
    const large = 'x'.repeat(32_768)
    let count = 0
    while (take(written(2_000 + count, { text: large, key: idOf(count).padEnd(112, '0') })) === undefined)
      count++
    expect(count).toBe(505) // beside what was there
    mailbox.take({ kind: 'settled', ids: [idOf(2_000)] })
    expect(take(written(3_000, { text: large, key: eve }))).toBeUndefined()
  })

  test('knows what came, whether it was shown, and that it may have been', () => {
    const mailbox = mailboxOf({ kind: 'came', message: came(1) }, { kind: 'came', message: came(2) })
    expect(mailbox.unshown.map(({ isShowing }) => isShowing)).toEqual([false, false])
    mailbox.take({ kind: 'showing', id, fingerprint })
    mailbox.take({ kind: 'shown', id, fingerprint: eve }) // another's
    expect(mailbox.unshown.map(({ isShowing }) => isShowing)).toEqual([true, false])
    mailbox.take({ kind: 'shown', id, fingerprint })
    expect(mailbox.unshown).toEqual([{ ...came(2), isShowing: false }])
    expect(mailbox.known.of(bob).hear(idOf(1), 'text 1')).toBe('known')
    expect(mailbox.known.of(bob).hear(idOf(1), 'another')).toBe('new')
    expect(mailbox.known.of(eve).hear(idOf(1), 'text 1')).toBe('new')
  })

  test('is the same when it was written anew, and smaller', () => {
    const small = fc.array(anyRecord, { maxLength: 30 })
    fc.assert(
      fc.property(small, (records) => {
        const mailbox = mailboxOf(...records)
        const anew = Mailbox.of(mailbox.records())
        expect([...anew.waiting]).toEqual([...mailbox.waiting])
        expect(anew.unshown).toEqual(mailbox.unshown)
        const names = ({ known }: Mailbox) =>
          new Map([...known.all].map(([key, one]) => [key, [...one.names]]))
        expect(names(anew)).toEqual(names(mailbox))
        expect(anew.size).toBe(mailbox.size)
      }),
    )
    const busy = new Mailbox()
    for (let i = 0; i < 500; i++) {
      busy.take({ kind: 'came', message: came(i) })
      busy.take({ kind: 'shown', id: idOf(i), fingerprint })
    }
    expect([...busy.records()].reduce((sum, { length }) => sum + length, 0)).toBe(1 + 56 + 500 * 16)
  })
})
