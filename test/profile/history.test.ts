import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodeRecord,
  encodeRecord,
  type HistoryRecord,
  readHistory,
  recordsOf,
  remains,
} from '../../src/profile/history.ts'
import { other, own } from './people.ts'

const { fingerprint } = other
const head: HistoryRecord = { kind: 'head', fingerprint, alias: 'Žofie' }
const id = (n: number): string => n.toString(16).padStart(16, '0')
const said = (n: number, text: string, side: 'ours' | 'theirs' = 'theirs'): HistoryRecord => ({
  ...{ kind: 'said', side, id: id(n), at: 1_000 * n, text },
})
const ofLine = (n: number, at = 9_000) => ({ side: 'theirs', id: id(n), at }) as const
const read = (...records: readonly HistoryRecord[]) => readHistory(records.map(encodeRecord))
const texts = (...records: readonly HistoryRecord[]) => read(head, ...records)?.lines.map(({ text }) => text)

test('records are read as they were written', () => {
  const records: readonly HistoryRecord[] = [
    head,
    said(1, 'naïve 🙂\n'),
    { ...ofLine(1), kind: 'settled', how: 'delivered' },
    { ...ofLine(1), kind: 'edited', text: '' },
    { ...ofLine(1), kind: 'deleted' },
  ]
  expect(records.map((record) => decodeRecord(encodeRecord(record)))).toEqual(records)
  expect([...encodeRecord(said(258, 'A', 'ours'))]).toEqual([
    ...[1, 0, 0, 0, 0, 0, 0, 0, 1, 2],
    ...[0, 0, 0, 0, 0, 3, 0xef, 0xd0, 65],
  ])
})

describe('of the records of a log', () => {
  test('the lines of both sides come in the order in which they were written', () => {
    const history = read(head, said(2, 'b'), said(1, 'a', 'ours'), said(1, 'c'))
    expect(history).toMatchObject({ fingerprint, alias: 'Žofie' })
    expect(history?.lines.map(({ side, text }) => `${side} ${text}`)).toEqual([
      'theirs b',
      'ours a',
      'theirs c',
    ])
  })

  test('what is told twice is one line, and the last alias counts', () => {
    expect(texts(said(1, 'a'), said(1, 'a'))).toEqual(['a'])
    const edit: HistoryRecord = { ...ofLine(1), kind: 'edited', text: 'b' }
    expect(texts(said(1, 'a'), edit, said(1, 'a'))).toEqual(['b'])
    expect(read(head, { ...head, alias: 'z' })?.alias).toBe('z')
    expect(read(head, { kind: 'head', fingerprint: own.fingerprint, alias: 'mallory' })?.alias).toBe('Žofie')
  })

  test('another text under an id that was used is another line, and hides in no earlier one', () => {
    const deleted: HistoryRecord = { ...ofLine(1), kind: 'deleted' }
    expect(texts(said(1, 'a'), said(1, 'b'))).toEqual(['a', 'b'])
    expect(
      texts(said(1, 'bait'), deleted, said(1, 'b'), { ...ofLine(1), kind: 'edited', text: 'c' }),
    ).toEqual(['', 'c'])
    const records = [head, said(1, 'bait'), deleted, said(1, 'b'), deleted, said(1, 'c')].map(encodeRecord)
    const history = readHistory(records)!
    expect(history.lines.map(({ text }) => text)).toEqual(['', '', 'c'])
    expect([remains(records), remains(recordsOf(history))]).toEqual([2, 0])
    expect(readHistory(recordsOf(history))).toEqual(history)
  })

  test('an edit keeps the first text, a deletion keeps none', () => {
    const edits = [1, 2].map((n): HistoryRecord => ({ ...ofLine(1, n), kind: 'edited', text: `text ${n}` }))
    expect(read(head, said(1, 'first'), ...edits)?.lines).toEqual([
      { side: 'theirs', id: id(1), at: 1_000, text: 'text 2', edited: { at: 2, was: 'first' } },
    ])
    const gone = read(head, said(1, 'first'), ...edits, { ...ofLine(1), kind: 'deleted' }, edits[0]!)
    expect(gone?.lines).toEqual([{ side: 'theirs', id: id(1), at: 1_000, text: '', deletedAt: 9_000 }])
  })

  test('what is said of a line that is not there, or of the other side’s, says nothing', () => {
    const settled = { ...ofLine(7), kind: 'settled', how: 'delivered' } as const
    const edited = { ...ofLine(1), side: 'ours', kind: 'edited', text: 'forged' } as const
    expect(read(head, said(1, 'a'), settled, edited)?.lines).toEqual([
      { side: 'theirs', id: id(1), at: 1_000, text: 'a' },
    ])
  })

  test('nothing is a history without its head', () => {
    expect(read(said(1, 'a'))).toBeUndefined()
    expect(readHistory([])).toBeUndefined()
  })
})

describe('what is written anew', () => {
  const records: readonly HistoryRecord[] = [
    ...[head, said(1, 'old'), said(2, 'edited'), said(3, 'deleted'), said(4, 'ours', 'ours')],
    { ...ofLine(2), kind: 'edited', text: 'newest' },
    { ...ofLine(3), kind: 'deleted' },
    { ...ofLine(4), side: 'ours', kind: 'settled', how: 'undelivered' },
  ]

  test('says the same', () => {
    const history = read(...records)!
    expect(readHistory(recordsOf(history))).toEqual(history)
  })

  test('has nothing from before a time, and no octet of what was deleted', () => {
    const history = read(...records)!
    const kept = recordsOf(history, 2_000)
    expect(readHistory(kept)).toEqual({ ...history, lines: history.lines.slice(1) })
    const octets = Buffer.concat(kept).toString()
    expect(['old', 'deleted'].filter((text) => octets.includes(text))).toEqual([])
    expect(octets).toContain('newest')
  })
})

test('any octets are a record or none, and a record has one form only', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 90 }), fc.integer({ min: 0, max: 6 }), (any, kind) => {
      const octets = Uint8Array.of(kind, ...any)
      const record = decodeRecord(octets)
      if (record) expect(encodeRecord(record)).toEqual(octets)
    }),
    { seed: 7, numRuns: 300 },
  )
  expect(decodeRecord(new Uint8Array(0))).toBeUndefined()
})

test('a record that is cut off, goes on, or has another side or date says nothing', () => {
  const settled = encodeRecord({ ...ofLine(1), kind: 'settled', how: 'delivered' })
  const deleted = encodeRecord({ ...ofLine(1), kind: 'deleted' })
  for (const octets of [settled, deleted]) {
    expect(decodeRecord(octets)).toBeDefined()
    expect(decodeRecord(octets.subarray(0, -1))).toBeUndefined()
    expect(decodeRecord(Uint8Array.of(...octets, 0))).toBeUndefined()
    expect(decodeRecord(octets.with(1, 2))).toBeUndefined()
    expect(decodeRecord(octets.with(10, 1))).toBeUndefined() // after the year 9999
  }
  expect(decodeRecord(Uint8Array.of(...encodeRecord(said(1, '')), 0xff))).toBeUndefined() // no UTF-8
})
