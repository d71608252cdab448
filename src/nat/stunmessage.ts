/**
 * STUN, the octets of its one method that we speak: Binding (RFC 8489, sections
 * 5 and 14). A request is the bare header: no SOFTWARE, no credentials, nothing
 * that tells one program from another.
 */
import type { Address } from '../machine.ts'
import { formatAddress } from '../wire/address.ts'
import { crc32 } from '../wire/crc32.ts'
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'

export interface StunAnswer {
  /** 96 bits. */
  readonly transaction: Uint8Array
  /** As whom the server sees us; `undefined`: it refuses to say. */
  readonly as: Address | undefined
}

/** 20 octets. */
export const writeStunRequest = (transaction: Uint8Array): Uint8Array =>
  new Writer(headerSize).u16(bindingRequest).u16(0).u32(cookie).bytes(transaction).done()

/** A Binding success or error response; `undefined` for all else, and for a wrong FINGERPRINT. */
export function readStunAnswer(bytes: Uint8Array): StunAnswer | undefined {
  const reader = new Reader(bytes)
  const [type, length, magic] = [reader.u16(), reader.u16(), reader.u32()]
  const transaction = reader.bytes(12).slice()
  if (!reader.isSound || magic !== cookie || length !== reader.left) return undefined
  if (type !== bindingSuccess && type !== bindingError) return undefined
  const found = readAttributes(reader, bytes)
  if (!found) return undefined
  if (type === bindingError) return { transaction, as: undefined }
  const as = xorMapped(found.get(xorMappedAddress), transaction) ?? plain(found.get(mappedAddress))
  return as === undefined ? undefined : { transaction, as }
}

/** The first of each type (section 14); what follows FINGERPRINT, or is unknown, is passed over. */
function readAttributes(reader: Reader, bytes: Uint8Array): ReadonlyMap<number, Uint8Array> | undefined {
  const found = new Map<number, Uint8Array>()
  while (reader.left > 0) {
    const start = reader.at
    const [type, size] = [reader.u16(), reader.u16()]
    const value = reader.bytes(size)
    reader.bytes(-size & 3) // padding
    if (!reader.isSound) return undefined
    if (type === fingerprint) return isFingerprint(value, bytes.subarray(0, start)) ? found : undefined
    // MESSAGE-INTEGRITY is under a key that we do not share, and covers what stands before it.
    if (!found.has(type)) found.set(type, value)
  }
  return found
}

/** Section 14.2: the port is XORed with the cookie's first half, the address with cookie and transaction. */
function xorMapped(value: Uint8Array | undefined, transaction: Uint8Array): Address | undefined {
  if (value === undefined || value.length < 4) return undefined
  const mask = new Writer(20)
    .u16(0)
    .u16(cookie >>> 16)
    .u32(cookie)
    .bytes(transaction)
    .done()
  return plain(value.map((octet, i) => octet ^ (mask[i] ?? 0)))
}

/** Section 14.1: zero, family, port, address. */
function plain(value: Uint8Array | undefined): Address | undefined {
  if (value === undefined) return undefined
  const reader = new Reader(value)
  const [, family, port] = [reader.u8(), reader.u8(), reader.u16()]
  const host = reader.rest()
  if (family === 1 && host.length === 4) return formatAddress({ address: host.join('.'), port })
  if (family !== 2 || host.length !== 16) return undefined
  const groups = Array.from({ length: 8 }, (_, i) => ((host[2 * i]! << 8) | host[2 * i + 1]!).toString(16))
  return formatAddress({ address: groups.join(':'), port })
}

/** Section 14.7: CRC-32 of all that stands before, XORed with "STUN". */
const isFingerprint = (value: Uint8Array, before: Uint8Array): boolean =>
  value.length === 4 && new Reader(value).u32() === (crc32(before) ^ 0x5354_554e) >>> 0

const headerSize = 20
const cookie = 0x2112_a442
const bindingRequest = 0x0001
const bindingSuccess = 0x0101
const bindingError = 0x0111
const mappedAddress = 0x0001
const xorMappedAddress = 0x0020
const fingerprint = 0x8028
