/**
 * A sealed log: a file that only grows, of records that nobody without its key
 * reads, changes, reorders, drops from its middle or moves to another file.
 * Spec: docs/Protocol.md, "Sealed logs". Its key comes from the profile's
 * record key and the file's own id: one that is written anew has another.
 */
import { type Aead, aead, equal, hmacSha256, type Random, wipe } from '../crypto.ts'
import { crc32 } from '../wire/crc32.ts'
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'

/** What a log is for: one label's logs do not open as another's. */
export interface LogSecret {
  readonly recordKey: Uint8Array // 32 octets
  readonly label: string
}

/** What was read of a log, in order. */
export interface ReadRecords {
  readonly kind: 'read'
  readonly records: readonly Uint8Array[]
  /** Octets, from the front, that are sound. */
  readonly size: number
  /**
   * How it goes on behind them: not at all; with a record that was not written to its end (a crash); or with octets
   * that nobody wrote there.
   */
  readonly end: 'whole' | 'torn' | 'damaged'
  /** Goes on behind the last sound record. */
  readonly chain: Chain
  /** Which of the record keys opened it. */
  readonly recordKey: Uint8Array
}

/** `foreign`: no log, or one of another key. */
export type ReadLog = ReadRecords | { readonly kind: 'refused'; readonly why: 'newer' | 'foreign' }

/** Octets of one record before it is sealed: eight of the longest texts. */
export const maxRecord = 256 * 1024

/** Octets that a record takes in the file. */
export const sizeOf = (record: Uint8Array): number => headSize + record.length + tagSize

/** Seals record after record, each bound to the one before. */
export class Chain {
  readonly #key: Uint8Array
  readonly #aead: Aead
  #before: Uint8Array

  /** @param before - the tag of the record before, or the header */
  constructor(key: Uint8Array, before: Uint8Array) {
    this.#key = key
    this.#aead = aead(key)
    this.#before = before
  }

  /**
   * The octets of the next record; `follow` when they are in the file. Sealed once more, as after a write that
   * failed, a record has another nonce.
   */
  seal(record: Uint8Array, random: Random): Uint8Array {
    if (record.length > maxRecord) throw new RangeError('a record is longer than any log takes')
    const nonce = random(nonceSize)
    const length = new Writer(4).u32(record.length + tagSize).done()
    const sealed = this.#aead.seal(nonce, this.#before, record)
    const writer = new Writer(headSize + sealed.length)
    return writer.bytes(length).u32(crc32(length)).bytes(nonce).bytes(sealed).done()
  }

  /** @param octets - of `seal`, or of a record that was read and opened */
  follow(octets: Uint8Array): void {
    this.#before = octets.slice(-tagSize)
  }

  /** @param sealed - without the record's head */
  open(nonce: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
    return this.#aead.open(nonce, this.#before, sealed)
  }

  /** Afterwards it seals nothing that could be opened. */
  wipe(): void {
    wipe(this.#key)
  }
}

/** A new log without records: its first octets, and what seals the records. */
export function beginLog(
  secret: LogSecret,
  random: Random,
): { readonly head: Uint8Array; readonly chain: Chain } {
  const id = random(idSize)
  const key = keyOf(secret, id)
  const body = new Writer(fileHeadSize).bytes(magic).u8(version).bytes(id).done()
  const head = new Writer(fileHeadSize).bytes(body).bytes(proofOf(key, body)).done()
  return { head, chain: new Chain(key, head) }
}

/**
 * @param file - of any octets
 * @param secret - with the record keys that it may be of, the likeliest first
 */
export function readLog(
  file: Uint8Array,
  { recordKeys, label }: { readonly recordKeys: readonly Uint8Array[]; readonly label: string },
): ReadLog {
  const head = file.slice(0, fileHeadSize)
  if (!equal(head.subarray(0, magic.length), magic)) return { kind: 'refused', why: 'foreign' }
  if (head.length > magic.length && head[magic.length] !== version) return { kind: 'refused', why: 'newer' }
  if (head.length < fileHeadSize) return { kind: 'refused', why: 'foreign' }
  const body = head.subarray(0, fileHeadSize - tagSize)
  const id = body.subarray(magic.length + 1)
  for (const recordKey of recordKeys) {
    const key = keyOf({ recordKey, label }, id)
    if (equal(proofOf(key, body), head.subarray(body.length)))
      return { kind: 'read', recordKey, ...readRecords(file, new Chain(key, head)) }
    wipe(key)
  }
  return { kind: 'refused', why: 'foreign' }
}

function readRecords(
  file: Uint8Array,
  chain: Chain,
): Pick<ReadRecords, 'records' | 'size' | 'end' | 'chain'> {
  const records: Uint8Array[] = []
  let size = fileHeadSize
  while (size < file.length) {
    const rest = file.subarray(size)
    const record = readRecord(rest, chain)
    if (typeof record === 'string') return { records, size, end: record, chain }
    records.push(record)
    size += sizeOf(record)
    chain.follow(file.subarray(0, size))
  }
  return { records, size, end: 'whole', chain }
}

/** length 4 | CRC-32 of the length 4 | nonce 12 | sealed record */
function readRecord(rest: Uint8Array, chain: Chain): Uint8Array | 'torn' | 'damaged' {
  const reader = new Reader(rest)
  const lengthOctets = reader.bytes(4)
  const checksum = reader.u32()
  // A power failure may leave a file with its new size and octets that were never written: they are zeros.
  if (!reader.isSound || isBlank(rest.subarray(reader.at))) return 'torn'
  const length = new Reader(lengthOctets).u32()
  if (checksum !== crc32(lengthOctets) || length < tagSize || length > maxRecord + tagSize) return 'damaged'
  const nonce = reader.bytes(nonceSize)
  const sealed = reader.bytes(length)
  if (!reader.isSound) return 'torn'
  return chain.open(nonce, sealed) ?? (isBlank(rest.subarray(reader.at - tagSize)) ? 'torn' : 'damaged')
}

const isBlank = (octets: Uint8Array): boolean => octets.every((octet) => octet === 0)

/** HMAC-SHA-256(record key, "otrtalk log" | id | label) */
const keyOf = ({ recordKey, label }: LogSecret, id: Uint8Array): Uint8Array =>
  hmacSha256(recordKey, purpose, id, utf8.encode(label))

/** HMAC-SHA-256(key, header) cut to 16 octets: tells a log of another key from a damaged one. */
const proofOf = (key: Uint8Array, body: Uint8Array): Uint8Array => hmacSha256(key, body).subarray(0, tagSize)

const utf8 = new TextEncoder()
const magic = utf8.encode('otrtalk log\n\0')
const purpose = utf8.encode('otrtalk log')
const version = 1
const idSize = 16
const nonceSize = 12
const tagSize = 16
const headSize = 4 + 4 + nonceSize
/** magic | version 1 | id 16 | proof 16 */
const fileHeadSize = magic.length + 1 + idSize + tagSize
