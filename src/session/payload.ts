/**
 * What a message carries beside its text: TLVs of the same encrypted message,
 * with types of our own from 0x0100 (docs/Protocol.md, "Payload").
 *
 *     0x0100  message id   8 octets: names this message in receipts; a message resent has its old id
 *     0x0101  receipt      n x 8 octets: ids of messages that were decrypted
 *     0x0102  address      65 octets: where the sender can be found from now on
 *     0x0103  run          8 octets: names this run of the sender's program, as its records do
 *     0x0104  reply        8 octets: the id of the message that this one answers
 *     0x0105  edit         8 octets: the id of the message whose text this one replaces
 *     0x0106  delete       8 octets: the id of the message that is taken back; there is no text
 *     0x0107  typing       1 octet: 1 the sender types, 0 not any more
 *     0x0108  read         n x 8 octets: ids of messages that were on the screen
 *     0x0110  offer        of a transfer (src/transfer/offer.ts); with a TLV 7 for its keys
 *     0x0111  answer       about a transfer
 */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { answerType, offerType } from '../transfer/offer.ts'
import type { About, TypingState } from './command.ts'

export interface Payload {
  readonly text: string
  /** 16 hex digits; `undefined` for a message that wants no receipt. */
  readonly id: string | undefined
  readonly receipts: readonly string[]
  /** The sender's address, as it came. */
  readonly address: Uint8Array | undefined
  /** 16 hex digits. */
  readonly run: string | undefined
  readonly about: About | undefined
  readonly typing: TypingState | undefined
  /** Ids of messages that the sender had on his screen. */
  readonly reads: readonly string[]
  /** Of a transfer, and an answer about one, as they came. */
  readonly offer: Uint8Array | undefined
  readonly answer: Uint8Array | undefined
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

export const offerTlv = (offer: Uint8Array): PayloadTlv => ({ type: offerType, value: offer })

export const answerTlv = (answer: Uint8Array): PayloadTlv => ({ type: answerType, value: answer })

/** Of OTR's extra symmetric key: "file". */
export const keyContext: Uint8Array = Uint8Array.of(0x66, 0x69, 0x6c, 0x65)

/** @param ids - at most `maxReceipts` */
export const receiptTlv = (ids: readonly string[]): PayloadTlv => ({
  type: receiptType,
  value: octetsOf(ids),
})

export function aboutTlv({ as, id }: About): PayloadTlv {
  return { type: aboutTypes[as], value: hexToBytes(id) }
}

export const typingTlv = (state: TypingState): PayloadTlv => ({
  type: typingType,
  value: Uint8Array.of(state === 'begun' ? 1 : 0),
})

/** @param ids - at most `maxReceipts` */
export const readTlv = (ids: readonly string[]): PayloadTlv => ({ type: readType, value: octetsOf(ids) })

function octetsOf(ids: readonly string[]): Uint8Array {
  const value = new Uint8Array(ids.length * idSize)
  for (const [i, id] of ids.entries()) value.set(hexToBytes(id), i * idSize)
  return value
}

/** TLVs of other types, and ours of a wrong length, say nothing. */
export function readPayload(text: string, tlvs: readonly PayloadTlv[]): Payload {
  let id: string | undefined
  let address: Uint8Array | undefined
  let run: string | undefined
  let typing: TypingState | undefined
  let offer: Uint8Array | undefined
  let answer: Uint8Array | undefined
  const receipts: string[] = []
  const reads: string[] = []
  for (const { type, value } of tlvs) {
    if (type === idType && value.length === idSize) id ??= bytesToHex(value)
    if (type === addressType) address ??= value
    if (type === runType && value.length === idSize) run ??= bytesToHex(value)
    if (type === offerType) offer ??= value
    if (type === answerType) answer ??= value
    if (type === typingType) typing ??= typingIn(value)
    if (type === receiptType) readIds(value, receipts)
    if (type === readType) readIds(value, reads)
  }
  return { text, id, receipts, address, run, about: aboutIn(text, tlvs), typing, reads, offer, answer }
}

function readIds(value: Uint8Array, into: string[]): void {
  if (value.length % idSize !== 0) return
  for (let at = 0; at < value.length && into.length < maxReceipts; at += idSize)
    into.push(bytesToHex(value.subarray(at, at + idSize)))
}

function typingIn(value: Uint8Array): TypingState | undefined {
  if (value.length !== 1 || value[0]! > 1) return undefined
  return value[0] === 1 ? 'begun' : 'ended'
}

/**
 * The one thing that a message has to do with one other. One that claims several, or that takes a message back and
 * says something as well, or changes one to nothing, is a message like any: what it says is shown.
 */
function aboutIn(text: string, tlvs: readonly PayloadTlv[]): About | undefined {
  const abouts = tlvs.flatMap(({ type, value }): readonly About[] => {
    const as = abouting.find((each) => aboutTypes[each] === type)
    return as !== undefined && value.length === idSize ? [{ as, id: bytesToHex(value) }] : []
  })
  const [about] = abouts
  if (about === undefined || abouts.length > 1) return undefined
  return (about.as === 'delete') === (text === '') ? about : undefined
}

/** More than a buddy can have unconfirmed (`maxUnconfirmed` of the outbox). */
export const maxReceipts = 1_024

const idType = 0x0100
const receiptType = 0x0101
const addressType = 0x0102
const runType = 0x0103
const aboutTypes = { reply: 0x0104, edit: 0x0105, delete: 0x0106 } as const
const abouting = ['reply', 'edit', 'delete'] as const
const typingType = 0x0107
const readType = 0x0108
const idSize = 8
