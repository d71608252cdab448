/**
 * One record of a profile's mail: what its user has written, what came for him,
 * and what became of both. Spec: docs/Protocol.md, "Mail".
 *
 *     1  written    id 8 | at 8 | key DATA | buddy DATA | text DATA [| what 1 | id 8]
 *     2  addressed  id 8 | key DATA
 *     3  settled    n x id 8
 *     4  came       id 8 | at 8 | trust 1 | fingerprint 56 | buddy DATA | text DATA [| what 1 | id 8]
 *     5  showing    id 8 | fingerprint 56
 *     6  shown      id 8 | fingerprint 56
 *     7  known      fingerprint 56 | n x (id 8 | hash 8)
 *
 * `what` a message has to do with the one of the second id: 1 answers it, 2 would
 * change it, 3 changes it, 4 takes it back.
 *
 * Integers are big-endian, times unix milliseconds, texts UTF-8. What follows
 * the fields of a record is of a newer program, and ignored.
 */
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'
import type { About, Trust } from './command.ts'

/** What the user said. */
export interface Written {
  /** 16 hex digits. */
  readonly id: string
  readonly at: number // unix ms
  /**
   * Whom alone it is for, in hex: a fingerprint, or the first octets of one, as an address has them. `undefined` while
   * nobody knows: he has the other half of an invite code.
   */
  readonly key: string | undefined
  /** As he was called then. */
  readonly buddy: string
  readonly text: string
  readonly about?: About
}

/** What a buddy said. */
export interface Came {
  readonly id: string
  readonly at: number // unix ms
  readonly trust: Trust
  /** It was decrypted under; all 112 hex digits. */
  readonly fingerprint: string
  readonly buddy: string
  readonly text: string
  readonly about?: About
  /** What it is about was his: it is changed, or taken back. */
  readonly changes?: true
}

export type MailRecord =
  | { readonly kind: 'written'; readonly message: Written }
  /** It is for the holder of this key from here on. */
  | { readonly kind: 'addressed'; readonly id: string; readonly key: string }
  /** Nothing more is done about these: they are delivered, or given up. */
  | { readonly kind: 'settled'; readonly ids: readonly string[] }
  | { readonly kind: 'came'; readonly message: Came }
  /** It is about to be shown, and may have been. */
  | { readonly kind: 'showing'; readonly id: string; readonly fingerprint: string }
  | { readonly kind: 'shown'; readonly id: string; readonly fingerprint: string }
  /** Messages that came under this key and are settled, the oldest first: names as `messageName` makes them. */
  | { readonly kind: 'known'; readonly fingerprint: string; readonly names: readonly string[] }

export function encodeRecord(record: MailRecord): Uint8Array {
  const writer = new Writer(256).u8(codes[record.kind])
  switch (record.kind) {
    case 'written': {
      const { id, at, key, buddy, text } = record.message
      const to = hexToBytes(key ?? '')
      writer.bytes(hexToBytes(id)).u64(BigInt(at)).data(to).data(utf8ToBytes(buddy)).data(utf8ToBytes(text))
      return withAbout(writer, record.message).done()
    }
    case 'addressed':
      return writer.bytes(hexToBytes(record.id)).data(hexToBytes(record.key)).done()
    case 'settled':
      return writer.bytes(concatBytes(...record.ids.map(hexToBytes))).done()
    case 'came': {
      const { id, at, trust, fingerprint, buddy, text } = record.message
      writer.bytes(hexToBytes(id)).u64(BigInt(at)).u8(trusts.indexOf(trust)).bytes(hexToBytes(fingerprint))
      writer.data(utf8ToBytes(buddy)).data(utf8ToBytes(text))
      return withAbout(writer, record.message).done()
    }
    case 'showing':
    case 'shown':
      return writer.bytes(hexToBytes(record.id)).bytes(hexToBytes(record.fingerprint)).done()
    case 'known':
      return writer
        .bytes(hexToBytes(record.fingerprint))
        .bytes(hexToBytes(record.names.join('')))
        .done()
    default:
      return record satisfies never
  }
}

/** `undefined` for any octets that are none, and for a kind that only a newer program knows. */
export function readRecord(octets: Uint8Array): MailRecord | undefined {
  const reader = new Reader(octets)
  const record = recordIn(reader)
  return reader.isSound ? record : undefined
}

function recordIn(reader: Reader): MailRecord | undefined {
  const code = reader.u8()
  switch (code) {
    case codes.written: {
      const [id, at, key] = [idIn(reader), timeIn(reader), bytesToHex(reader.data())]
      const isKey = key.length === 0 || key.length === addressDigits || key.length === 2 * fingerprintSize
      if (!isKey) reader.fail()
      const [buddy, text] = [textIn(reader), textIn(reader)]
      const { changes: _, ...about } = aboutIn(reader)
      return {
        kind: 'written',
        message: { id, at, key: key === '' ? undefined : key, buddy, text, ...about },
      }
    }
    case codes.addressed:
      return { kind: 'addressed', id: idIn(reader), key: bytesToHex(reader.data()) }
    case codes.settled:
      return { kind: 'settled', ids: allIn(reader, idSize) }
    case codes.came: {
      const [id, at, trust] = [idIn(reader), timeIn(reader), trusts[reader.u8()]]
      const [fingerprint, buddy, text] = [fingerprintIn(reader), textIn(reader), textIn(reader)]
      return (
        trust && { kind: 'came', message: { id, at, trust, fingerprint, buddy, text, ...aboutIn(reader) } }
      )
    }
    case codes.showing:
    case codes.shown:
      return {
        ...{ kind: code === codes.shown ? 'shown' : 'showing', id: idIn(reader) },
        fingerprint: fingerprintIn(reader),
      }
    case codes.known:
      return { kind: 'known', fingerprint: fingerprintIn(reader), names: allIn(reader, nameSize) }
    default:
      return undefined
  }
}

type Regard = Pick<Came, 'about' | 'changes'>

function withAbout(writer: Writer, { about, changes }: Regard): Writer {
  if (!about) return writer
  const what = about.as === 'edit' && changes ? whats.changed : whats[about.as]
  return writer.u8(what).bytes(hexToBytes(about.id))
}

/** What a newer program knows says nothing. */
function aboutIn(reader: Reader): Regard {
  if (reader.left === 0) return {}
  const [what, id] = [reader.u8(), idIn(reader)]
  switch (what) {
    case whats.reply:
      return { about: { as: 'reply', id } }
    case whats.edit:
      return { about: { as: 'edit', id } }
    case whats.changed:
      return { about: { as: 'edit', id }, changes: true }
    case whats.delete:
      return { about: { as: 'delete', id }, changes: true }
    default:
      return {}
  }
}

const idIn = (reader: Reader): string => bytesToHex(reader.bytes(idSize))
const fingerprintIn = (reader: Reader): string => bytesToHex(reader.bytes(fingerprintSize))
const timeIn = (reader: Reader): number => Number(reader.u64())
const textIn = (reader: Reader): string => utf8.decode(reader.data())

/** As many as there are, of so many octets each. */
function allIn(reader: Reader, size: number): readonly string[] {
  if (reader.left % size !== 0) reader.fail()
  return Array.from({ length: Math.floor(reader.left / size) }, () => bytesToHex(reader.bytes(size)))
}

const codes = {
  ...{ written: 1, addressed: 2, settled: 3 },
  ...{ came: 4, showing: 5, shown: 6, known: 7 },
} as const satisfies Record<MailRecord['kind'], number>

const whats = { reply: 1, edit: 2, changed: 3, delete: 4 }
const trusts = ['unverified', 'by-code', 'verified'] as const satisfies readonly Trust[]
const utf8 = new TextDecoder()
const idSize = 8
const nameSize = 16
const fingerprintSize = 56
const addressDigits = 64 // hex digits of a fingerprint that an address has
