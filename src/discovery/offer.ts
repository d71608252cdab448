/**
 * A line of text that one of two buddies gives the other by any means, instead of a record in the DHT: where
 * he may be reached, sealed for the pair. The other answers with a line of his own. Spec: "First contact", 3, in
 * docs/Protocol.md.
 *
 *     line   = bech32m, without its limit of 90, of "oto" (offer) or "ota" (answer), and
 *              version (1) | d (1) | slots (1) | e (4) | seq (8) | short record (66 + 20 slots)
 *     record = as in the DHT, 512 octets, for the target and under the key "aead" of d and e; in an offer
 *              seq = unix milliseconds, in an answer one more than the offer's, whose e it has
 *     short record = the record without the octets that whoever can open it can compute: see `shorten`
 */
import { xchacha20 } from '@noble/ciphers/chacha.js'
import { bech32m } from '@scure/base'
import type { Random } from '../crypto.ts'
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'
import { type PairKeys, Place } from './place.ts'
import { openRecord, type RendezvousRecord, recordSize, type Seal, sealRecord } from './record.ts'

export type OfferKind = 'offer' | 'answer'

export interface Offer<Pair extends PairKeys> {
  readonly kind: OfferKind
  readonly pair: Pair
  /** The hour that both sides take for this attempt, whatever their clocks say. */
  readonly epoch: number
  /** Names the offer; an answer has the next one. */
  readonly seq: number
  readonly record: Omit<RendezvousRecord, 'mark'>
}

/** Why a text is no line that can be used. */
export type OfferFault =
  | 'empty'
  | 'prefix' // begins neither with oto1 nor with ota1
  | 'short' // the end is missing
  | 'damaged' // a letter is wrong, or something else is attached
  | 'version' // of a newer program
  | 'own' // we made it
  | 'not-for-you' // sealed for another pair
  | 'too-old' // or a clock is wrong
  | 'too-new' // a clock is wrong

/** The line, in lower case: of no more than 652 characters, 268 with four candidates or fewer. */
export function sealOffer<Pair extends PairKeys>(
  { kind, pair, epoch, seq, record }: Offer<Pair>,
  random: Random,
): string {
  using place = new Place(pair, pair.own, epoch)
  const told = record.candidates.filter(({ address }) => !address.includes('%')).slice(0, maxSlots)
  const slots = Math.max(1, Math.ceil(told.length / slotsTogether)) * slotsTogether
  const { sessionId, timestamp, startAt } = record
  const sealed = sealRecord({ sessionId, timestamp, startAt, candidates: told }, sealOf(place, seq), random)
  const octets = new Writer(headSize + shortSize(slots))
    .u8(version)
    .u8(pair.own)
    .u8(slots)
    .u32(epoch)
    .u64(BigInt(seq))
    .bytes(shorten(sealed, slots))
    .done()
  return bech32m.encode(prefixes[kind], bech32m.toWords(octets), longest)
}

/**
 * Reads a line, however it was broken, quoted and capitalized on its way.
 *
 * @param pairs - whose lines it may be: the first that opens it counts
 * @param at - unix milliseconds
 */
export function readOffer<Pair extends PairKeys>(
  text: string,
  pairs: readonly Pair[],
  at: number,
): Offer<Pair> | OfferFault {
  const parsed = parse(text)
  if (typeof parsed === 'string') return parsed
  const { kind, direction, epoch, seq, octets, slots } = parsed
  for (const pair of pairs) {
    using place = new Place(pair, direction, epoch)
    const record = openRecord(lengthen(octets, slots, place.aead), sealOf(place, seq))
    if (!record) continue
    if (direction === pair.own) return 'own'
    if (record.timestamp < at - clockError) return 'too-old'
    if (record.timestamp > at + clockError) return 'too-new'
    return { kind, pair, epoch, seq, record }
  }
  return 'not-for-you'
}

interface Parsed {
  readonly kind: OfferKind
  readonly direction: 0 | 1
  readonly slots: number
  readonly epoch: number
  readonly seq: number
  readonly octets: Uint8Array // the short record
}

function parse(text: string): Parsed | OfferFault {
  if (text.length > longestText) return 'damaged'
  const line = text.replace(addedOnTheWay, '').toLowerCase()
  if (line === '') return 'empty'
  const kind = kindOf(line)
  if (!kind) return 'oto1'.startsWith(line) || 'ota1'.startsWith(line) ? 'short' : 'prefix'
  if (!/^ot[ao]1[02-9ac-hj-np-z]*$/.test(line)) return 'damaged'
  const decoded = bech32m.decodeUnsafe(line, longest)
  const octets = decoded && bech32m.fromWordsUnsafe(decoded.words)
  if (!octets) return isCutOff(line) ? 'short' : 'damaged'
  const reader = new Reader(octets)
  if (reader.u8() !== version) return reader.isSound ? 'version' : 'damaged'
  const [direction, slots] = [reader.u8(), reader.u8()]
  const [epoch, seq] = [reader.u32(), Number(reader.u64())]
  const rest = reader.rest()
  const isSound = reader.isSound && areSlots(slots) && rest.length === shortSize(slots)
  if (!isSound || (direction !== 0 && direction !== 1) || seq > highestSeq) return 'damaged'
  return { kind, direction, slots, epoch, seq, octets: rest }
}

/** Whether a line that cannot be read may become one: it is shorter than what it begins with says. */
function isCutOff(line: string): boolean {
  const letters = line.slice(prefixSize)
  if (letters.length < 5) return true // the first three octets are in five letters
  const [a, b, , c, d] = Array.from(letters.slice(0, 5), (letter) => alphabet.indexOf(letter))
  const slots = ((c! & 0x0f) << 4) | (d! >> 1)
  const size = lineSize(slots)
  return ((a! << 3) | (b! >> 2)) === version && areSlots(slots) && line.length < size
}

function kindOf(line: string): OfferKind | undefined {
  if (line.startsWith(`${prefixes.offer}1`)) return 'offer'
  return line.startsWith(`${prefixes.answer}1`) ? 'answer' : undefined
}

/**
 * nonce (24) | the sealed octets before the first slot that is not carried | tag (16)
 *
 * What is left out is the sealed form of zeros: whoever has the key can make it. How many candidates there are
 * shows in fours; nodes of the DHT, that keep a record and are many, learn not even that.
 */
const shorten = (record: Uint8Array, slots: number): Uint8Array =>
  new Writer(shortSize(slots))
    .bytes(record.subarray(0, nonceSize + plainSize(slots)))
    .bytes(record.subarray(-tagSize))
    .done()

/** The record, if the key is the right one; else octets that do not open. RFC 8439, section 2.8: the text begins at block 1. */
function lengthen(short: Uint8Array, slots: number, key: Uint8Array): Uint8Array {
  const nonce = short.slice(0, nonceSize)
  const sealedZeros = xchacha20(key, nonce, new Uint8Array(recordSize - nonceSize - tagSize), undefined, 1)
  return new Writer(recordSize)
    .bytes(short.subarray(0, -tagSize))
    .bytes(sealedZeros.subarray(plainSize(slots)))
    .bytes(short.subarray(-tagSize))
    .done()
}

const sealOf = ({ aead, target }: Place, seq: number): Seal => ({ key: aead, target, seq })

const plainSize = (slots: number): number => 26 + 20 * slots // version, session id, two times, count; slots
const shortSize = (slots: number): number => nonceSize + plainSize(slots) + tagSize
const lineSize = (slots: number): number =>
  prefixSize + Math.ceil(((headSize + shortSize(slots)) * 8) / 5) + checksumSize
const areSlots = (slots: number): boolean => slots > 0 && slots <= maxSlots && slots % slotsTogether === 0

const prefixes = { offer: 'oto', answer: 'ota' } as const
const prefixSize = 4 // with the 1 that ends it
const checksumSize = 6
const alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l' // BIP 173
const version = 1
const headSize = 15
const nonceSize = 24
const tagSize = 16
const maxSlots = 16
const slotsTogether = 4 // a QR code of four fits a terminal of 80 columns and 28 rows
const longest = lineSize(maxSlots)
const longestText = 8_192 // a line in a letter full of quotation marks
const highestSeq = 2 ** 52 // unix milliseconds are some 2^41
// Where there is no internet a clock may run in another time zone than it says. Whoever carries the line may keep
// it and give it again: then we probe where the buddy was on that day, and no more.
const clockError = 24 * 3_600_000 // ms
/** Line breaks, spaces, signs that cannot be seen, marks of a quotation. */
const addedOnTheWay = /[\s\p{Cf}>"'`\u201c\u201d\u2018\u2019\u201e\u00ab\u00bb]+/gu
