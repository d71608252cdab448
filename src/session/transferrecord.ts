/**
 * One record of a profile's log of transfers. Spec: docs/Protocol.md,
 * "Transfers that go on".
 *
 *     1  offered    transfer 16 | at 8 | key DATA | buddy DATA | name DATA | n x path DATA
 *     2  read       transfer 16 | root 32
 *     3  sent       transfer 16
 *     4  accepted   transfer 16 | at 8 | fingerprint 56 | root 32 | buddy DATA | name DATA | into DATA
 *     5  received   transfer 16 | fingerprint 56
 *
 * Integers are big-endian, times unix milliseconds, texts UTF-8. What follows
 * the fields of a record is of a newer program, and ignored.
 */
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'

/** What our user has offered. */
export interface OwnOffer {
  /** 32 hex digits. */
  readonly transfer: string
  readonly at: number // unix ms
  /** Whom alone it is for, in hex: a fingerprint, or the first octets of one, as an address has them. */
  readonly key: string
  /** As he was called then. */
  readonly buddy: string
  readonly name: string
  readonly paths: readonly string[]
  /** Of the content, 64 hex digits: as it was offered first. */
  readonly root?: string
}

/** What our user has accepted: this content, from the holder of this key. */
export interface Consent {
  readonly transfer: string
  readonly at: number // unix ms
  readonly fingerprint: string // 112 hex digits
  readonly root: string
  readonly buddy: string
  readonly name: string
  /** The folder, absolute, without links. */
  readonly into: string
}

export type TransferRecord =
  | { readonly kind: 'offered'; readonly offer: OwnOffer }
  /** All of it was read, and is offered as this. */
  | { readonly kind: 'read'; readonly transfer: string; readonly root: string }
  /** It is over, however. */
  | { readonly kind: 'sent'; readonly transfer: string }
  | { readonly kind: 'accepted'; readonly consent: Consent }
  /** It is over, however. */
  | { readonly kind: 'received'; readonly transfer: string; readonly fingerprint: string }

export function encodeRecord(record: TransferRecord): Uint8Array {
  const writer = new Writer(256).u8(codes[record.kind])
  switch (record.kind) {
    case 'offered': {
      const { transfer, at, key, buddy, name, paths } = record.offer
      writer.bytes(hexToBytes(transfer)).u64(BigInt(at)).data(hexToBytes(key))
      for (const text of [buddy, name, ...paths]) writer.data(utf8ToBytes(text))
      return writer.done()
    }
    case 'read':
      return writer.bytes(hexToBytes(record.transfer)).bytes(hexToBytes(record.root)).done()
    case 'sent':
      return writer.bytes(hexToBytes(record.transfer)).done()
    case 'accepted': {
      const { transfer, at, fingerprint, root, buddy, name, into } = record.consent
      writer.bytes(hexToBytes(transfer)).u64(BigInt(at))
      writer.bytes(hexToBytes(fingerprint)).bytes(hexToBytes(root))
      for (const text of [buddy, name, into]) writer.data(utf8ToBytes(text))
      return writer.done()
    }
    case 'received':
      return writer.bytes(hexToBytes(record.transfer)).bytes(hexToBytes(record.fingerprint)).done()
    default:
      return record satisfies never
  }
}

/** `undefined` for any octets that are none, and for a kind that only a newer program knows. */
export function readRecord(octets: Uint8Array): TransferRecord | undefined {
  const reader = new Reader(octets)
  const record = recordIn(reader)
  return reader.isSound ? record : undefined
}

function recordIn(reader: Reader): TransferRecord | undefined {
  const code = reader.u8()
  const transfer = hexIn(reader, transferSize)
  switch (code) {
    case codes.offered: {
      const [at, key] = [timeIn(reader), bytesToHex(reader.data())]
      if (key.length !== addressDigits && key.length !== 2 * fingerprintSize) reader.fail()
      const [buddy, name, paths] = [textIn(reader), textIn(reader), [textIn(reader)]]
      while (reader.left > 0 && reader.isSound) paths.push(textIn(reader))
      return { kind: 'offered', offer: { transfer, at, key, buddy, name, paths } }
    }
    case codes.read:
      return { kind: 'read', transfer, root: hexIn(reader, rootSize) }
    case codes.sent:
      return { kind: 'sent', transfer }
    case codes.accepted: {
      const [at, fingerprint, root] = [
        timeIn(reader),
        hexIn(reader, fingerprintSize),
        hexIn(reader, rootSize),
      ]
      const [buddy, name, into] = [textIn(reader), textIn(reader), textIn(reader)]
      return { kind: 'accepted', consent: { transfer, at, fingerprint, root, buddy, name, into } }
    }
    case codes.received:
      return { kind: 'received', transfer, fingerprint: hexIn(reader, fingerprintSize) }
    default:
      return undefined
  }
}

const hexIn = (reader: Reader, size: number): string => bytesToHex(reader.bytes(size))
const timeIn = (reader: Reader): number => Number(reader.u64())
const textIn = (reader: Reader): string => utf8.decode(reader.data())

const codes = {
  ...{ offered: 1, read: 2, sent: 3 },
  ...{ accepted: 4, received: 5 },
} as const satisfies Record<TransferRecord['kind'], number>

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
const transferSize = 16
const rootSize = 32
const fingerprintSize = 56
const addressDigits = 64 // hex digits of a fingerprint that an address has
