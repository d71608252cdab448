/**
 * What is kept of the conversations with one key, as the records of a sealed
 * log (src/profile/sealedlog.ts): what was said, in order, and what became of
 * it. Pure. Spec: docs/Protocol.md, "History". Octets of a kind that is not
 * known, or that are no record, say nothing.
 */
import { hex } from '@scure/base'
import { type Fingerprint, parseFingerprint } from '../otr/identity.ts'
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'

export type Side = 'ours' | 'theirs'

export type HistoryRecord =
  /** First of all, and again when he is called otherwise. */
  | { readonly kind: 'head'; readonly fingerprint: Fingerprint; readonly alias: string }
  /** Ours when it was sent, his when it came. */
  | ({ readonly kind: 'said'; readonly text: string } & About)
  | ({ readonly kind: 'settled'; readonly how: Settled } & About)
  /** Its author has given it another text. */
  | ({ readonly kind: 'edited'; readonly text: string } & About)
  /** Its author has taken it away. */
  | ({ readonly kind: 'deleted' } & About)

/** Of which line, and when. */
interface About {
  readonly side: Side
  readonly id: string // 16 hex digits
  readonly at: number // unix ms
}

/** Of a line of ours: confirmed, or given up. */
export type Settled = 'delivered' | 'undelivered'

export interface HistoryLine extends About {
  /** The newest; empty of a line that was taken away. */
  readonly text: string
  readonly settled?: Settled
  /** Its first text, and when it got the newest. */
  readonly edited?: { readonly at: number; readonly was: string }
  readonly deletedAt?: number
}

export interface History {
  readonly fingerprint: Fingerprint
  /** What he was called last. */
  readonly alias: string
  readonly lines: readonly HistoryLine[]
}

/** head 0: fingerprint 56 | alias; others: side 1 | id 8 | at 8, then how (1) of 2, text of 1 and 3. Texts are UTF-8 to the end. */
export function encodeRecord(record: HistoryRecord): Uint8Array {
  const writer = new Writer(64).u8(kinds.indexOf(record.kind))
  if (record.kind === 'head')
    return writer.bytes(hex.decode(record.fingerprint)).bytes(utf8.encode(record.alias)).done()
  writer.u8(sides.indexOf(record.side)).bytes(hex.decode(record.id)).u64(BigInt(record.at))
  if (record.kind === 'settled') writer.u8(settlings.indexOf(record.how))
  if (record.kind === 'said' || record.kind === 'edited') writer.bytes(utf8.encode(record.text))
  return writer.done()
}

/** @param octets - of any record of a log */
export function decodeRecord(octets: Uint8Array): HistoryRecord | undefined {
  const reader = new Reader(octets)
  const kind = kinds[reader.u8()]
  if (kind === 'head') {
    const fingerprint = parseFingerprint(hex.encode(reader.bytes(56)))
    const alias = textIn(reader)
    return fingerprint !== undefined && alias !== undefined ? { kind, fingerprint, alias } : undefined
  }
  const side = sides[reader.u8()]
  const id = hex.encode(reader.bytes(8))
  const at = Number(reader.u64())
  if (kind === undefined || side === undefined || !reader.isSound || at > maxTime) return undefined
  const about = { side, id, at }
  if (kind === 'deleted') return reader.isComplete ? { kind, ...about } : undefined
  if (kind === 'settled') {
    const how = settlings[reader.u8()]
    return how !== undefined && reader.isComplete ? { kind, how, ...about } : undefined
  }
  const text = textIn(reader)
  return text === undefined ? undefined : { kind, text, ...about }
}

/** All that the records say; `undefined` if they do not say with whom. */
export function readHistory(records: readonly Uint8Array[]): History | undefined {
  const { head, entries } = replay(records)
  return head && { fingerprint: head.fingerprint, alias: head.alias, lines: entries.map(({ line }) => line) }
}

/** A line, and how many texts of it the records have. */
interface Entry {
  line: HistoryLine
  texts: number
}

type Head = HistoryRecord & { kind: 'head' }

function replay(records: readonly Uint8Array[]): { head: Head | undefined; entries: readonly Entry[] } {
  let head: Head | undefined
  const entries: Entry[] = []
  const newest = new Map<string, Entry>() // of each name
  for (const octets of records) {
    const record = decodeRecord(octets)
    if (record?.kind === 'head') {
      if (!head || record.fingerprint === head.fingerprint) head = record
      continue
    }
    if (!record) continue
    const entry = newest.get(keyOf(record))
    if (record.kind !== 'said') {
      if (entry) tell(entry, record)
    } else if (!entry || firstTextOf(entry.line) !== record.text) {
      const { side, id, at, text } = record
      const added: Entry = { line: { side, id, at, text }, texts: text === '' ? 0 : 1 }
      entries.push(added)
      newest.set(keyOf(record), added)
    }
  }
  return { head, entries }
}

function tell(entry: Entry, record: Exclude<HistoryRecord, { kind: 'head' | 'said' }>): void {
  const { line } = entry
  const { kind, side, id, at } = record
  if (kind === 'edited' && record.text !== '') entry.texts++
  if (line.deletedAt !== undefined) return
  if (kind === 'settled') entry.line = { ...line, settled: record.how }
  else if (kind === 'deleted') entry.line = { side, id, at: line.at, text: '', deletedAt: at }
  else entry.line = { ...line, text: record.text, edited: { at, was: line.edited?.was ?? line.text } }
}

/** As it was said; `undefined` of what was taken away. Another text under a name that was used is another line. */
export const firstTextOf = ({ text, edited, deletedAt }: HistoryLine): string | undefined =>
  deletedAt === undefined ? (edited?.was ?? text) : undefined

/** Names a line among those of both sides. */
export const keyOf = ({ side, id }: Pick<About, 'side' | 'id'>): string => `${side} ${id}`

/** How many texts of lines that were taken away are still in the records. */
export const remains = (records: readonly Uint8Array[]): number =>
  replay(records).entries.reduce(
    (sum, { line, texts }) => sum + (line.deletedAt === undefined ? 0 : texts),
    0,
  )

/** The fewest records that say the same, from a time on. */
export function recordsOf(history: History, since = 0): readonly Uint8Array[] {
  const { fingerprint, alias, lines } = history
  const records: HistoryRecord[] = [{ kind: 'head', fingerprint, alias }]
  for (const { side, id, at, text, settled, edited, deletedAt } of lines) {
    if (at < since) continue
    records.push({ kind: 'said', side, id, at, text: edited?.was ?? text })
    if (settled) records.push({ kind: 'settled', side, id, at, how: settled })
    if (edited) records.push({ kind: 'edited', side, id, at: edited.at, text })
    if (deletedAt !== undefined) records.push({ kind: 'deleted', side, id, at: deletedAt })
  }
  return records.map(encodeRecord)
}

function textIn(reader: Reader): string | undefined {
  try {
    return strictUtf8.decode(reader.rest())
  } catch {
    return undefined // the decoder's only way to say that this is no UTF-8
  }
}

const kinds = ['head', 'said', 'settled', 'edited', 'deleted'] as const // the octet is the index
const sides: readonly Side[] = ['ours', 'theirs'] // the octet is the index
const settlings: readonly Settled[] = ['delivered', 'undelivered'] // the octet is the index
const maxTime = 253_402_300_799_999 // the year 9999 ends
const utf8 = new TextEncoder()
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
