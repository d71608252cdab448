/**
 * What a message carries beside its text: TLVs of the same encrypted message,
 * with types of our own from 0x0100 (docs/Protocol.md, "Payload").
 *
 *     0x0100  message id   8 octets: names this message in receipts; a message resent has its old id
 *     0x0101  receipt      n x 8 octets: ids of messages that were decrypted
 *     0x0102  address      65 octets: where the sender can be found from now on
 *     0x0103  run          8 octets: names this run of the sender's program, as its records do
 */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'

export interface Payload {
  readonly text: string
  /** 16 hex digits; `undefined` for a message that wants no receipt. */
  readonly id: string | undefined
  readonly receipts: readonly string[]
  /** The sender's address, as it came. */
  readonly address: Uint8Array | undefined
  /** 16 hex digits. */
  readonly run: string | undefined
}

/** The part of OTR's TLV that is needed here. */
export interface PayloadTlv {
  readonly type: number
  readonly value: Uint8Array
}

export function idTlv(id: string): PayloadTlv {
  return { type: idType, value: hexToBytes(id) }
}

export const addressTlv = (address: Uint8Array): PayloadTlv => ({ type: addressType, value: address })

/** @param run - 8 octets */
export const runTlv = (run: Uint8Array): PayloadTlv => ({ type: runType, value: run })

/** @param ids - at most `maxReceipts` */
export function receiptTlv(ids: readonly string[]): PayloadTlv {
  const value = new Uint8Array(ids.length * idSize)
  for (const [i, id] of ids.entries()) value.set(hexToBytes(id), i * idSize)
  return { type: receiptType, value }
}

/** TLVs of other types, and ours of a wrong length, say nothing. */
export function readPayload(text: string, tlvs: readonly PayloadTlv[]): Payload {
  let id: string | undefined
  let address: Uint8Array | undefined
  let run: string | undefined
  const receipts: string[] = []
  for (const { type, value } of tlvs) {
    if (type === idType && value.length === idSize) id ??= bytesToHex(value)
    if (type === addressType) address ??= value
    if (type === runType && value.length === idSize) run ??= bytesToHex(value)
    if (type !== receiptType || value.length % idSize !== 0) continue
    for (let at = 0; at < value.length && receipts.length < maxReceipts; at += idSize)
      receipts.push(bytesToHex(value.subarray(at, at + idSize)))
  }
  return { text, id, receipts, address, run }
}

export const isMessageId = (text: string): boolean => /^[\da-f]{16}$/.test(text)

/** More than a buddy can have unconfirmed (`maxUnconfirmed` of the outbox). */
export const maxReceipts = 1_024

const idType = 0x0100
const receiptType = 0x0101
const addressType = 0x0102
const runType = 0x0103
const idSize = 8
