/**
 * The frames of the sealed link, octet by octet: init, response, knock, and
 * the header of data. Integers are big-endian, but a data frame's counter is
 * little-endian. A reader takes exactly one length and no octet that should be
 * zero and is not.
 */
import { equal, hmacSha256, type Random } from '../../crypto.ts'
import { Reader } from '../../wire/reader.ts'
import { Writer } from '../../wire/writer.ts'
import { maxMtu } from '../enet/limits.ts'
import { messageSize } from './noise.ts'

/** What one pair shares in one epoch, from the pair's PRK; both sides hold the same. */
export interface LinkKeys {
  readonly psk: Uint8Array // 32 octets
  readonly mac1: Uint8Array // the key of mac1
  /** Who sends the frame: an init carries the initiator's, a knock the responder's. */
  readonly tags: { readonly initiator: Uint8Array; readonly responder: Uint8Array } // 8 octets each
}

export interface Init {
  readonly index: number // the sender's: 32 bits
  readonly noise: Uint8Array
}

export interface Response extends Init {
  readonly peerIndex: number // the receiver's
}

export interface Header {
  readonly generation: number // 0..255
  readonly index: number // the receiver's
  readonly counter: number
}

/** Before any key is touched: the 8 octets of what may be an init or a knock that say whose it is. */
export function frameTag(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length !== initSize) return undefined
  if (bytes[0] === type.init) return bytes.subarray(8, 16)
  return bytes[0] === type.knock ? bytes.subarray(4, 12) : undefined
}

/** Before any key is touched: which link is a response or a data frame for? */
export function frameReceiver(bytes: Uint8Array): number | undefined {
  if (bytes[0] === type.response && bytes.length === responseSize) return u32(bytes, 8)
  return bytes[0] === type.data && isDataSize(bytes.length) ? u32(bytes, 4) : undefined
}

/** type 1 | zero 3 | sender index 4 | tag 8 | Noise message 48 | zero 112 | mac1 16 */
export function writeInit(keys: LinkKeys, { index, noise }: Init): Uint8Array {
  const frame = new Writer(initSize).u8(type.init).zeros(3).u32(index).bytes(keys.tags.initiator).bytes(noise)
  return closed(keys, frame.zeros(initSize - macSize - frame.length))
}

export function readInit(keys: LinkKeys, bytes: Uint8Array): Init | undefined {
  if (bytes.length !== initSize) return undefined
  const reader = opening(keys, bytes, type.init)
  const index = reader.u32()
  const tag = reader.bytes(tagSize)
  const noise = reader.bytes(messageSize)
  if (!isZero(reader.bytes(reader.left - macSize)) || !equal(tag, keys.tags.initiator)) reader.fail()
  return reader.isSound ? { index, noise } : undefined
}

/** type 1 | zero 3 | sender index 4 | receiver index 4 | Noise message 48 | mac1 16 */
export function writeResponse(keys: LinkKeys, { index, peerIndex, noise }: Response): Uint8Array {
  return closed(
    keys,
    new Writer(responseSize).u8(type.response).zeros(3).u32(index).u32(peerIndex).bytes(noise),
  )
}

export function readResponse(keys: LinkKeys, bytes: Uint8Array): Response | undefined {
  if (bytes.length !== responseSize) return undefined
  const reader = opening(keys, bytes, type.response)
  const response = { index: reader.u32(), peerIndex: reader.u32(), noise: reader.bytes(messageSize) }
  return reader.isSound ? response : undefined
}

/**
 * type 1 | zero 3 | tag 8 | session id 8 | nonce 16 | zero 140 | mac1 16
 *
 * Says no more than "here I am": it opens the responder's NAT for the init.
 *
 * @param sessionId - the 8 octets of the record that names the candidates
 */
export function knock(keys: LinkKeys, sessionId: Uint8Array, random: Random): Uint8Array {
  const frame = new Writer(initSize).u8(type.knock).zeros(3).bytes(keys.tags.responder)
  frame.bytes(sessionId).bytes(random(nonceSize))
  return closed(keys, frame.zeros(initSize - macSize - frame.length))
}

export function readKnock(keys: LinkKeys, bytes: Uint8Array): { readonly sessionId: Uint8Array } | undefined {
  if (bytes.length !== initSize) return undefined
  const reader = opening(keys, bytes, type.knock)
  const tag = reader.bytes(tagSize)
  const sessionId = reader.bytes(sessionSize)
  reader.bytes(nonceSize)
  if (!isZero(reader.bytes(reader.left - macSize)) || !equal(tag, keys.tags.responder)) reader.fail()
  return reader.isSound ? { sessionId } : undefined
}

/** type 1 | generation 1 | zero 2 | receiver index 4 | counter 8, little-endian */
export function writeHeader(
  { generation, index, counter }: Header,
  into: Uint8Array = new Uint8Array(headerSize),
): Uint8Array {
  into[0] = type.data
  into[1] = generation
  into[2] = into[3] = 0
  for (let i = 0; i < 4; i++) into[4 + i] = index >>> (24 - 8 * i)
  const high = Math.floor(counter / 2 ** 32)
  for (let i = 0; i < 4; i++) {
    into[8 + i] = counter >>> (8 * i)
    into[12 + i] = high >>> (8 * i)
  }
  return into
}

/** The header of what may be a data frame: nothing in it is true before the frame opens. */
export function readHeader(bytes: Uint8Array): Header | undefined {
  if (bytes[0] !== type.data || !isDataSize(bytes.length) || bytes[2] !== 0 || bytes[3] !== 0)
    return undefined
  const low = littleEndian(bytes, 8)
  const high = littleEndian(bytes, 12)
  if (high >= 2 ** 21) return undefined // no sender counts beyond 2^53
  return { generation: bytes[1]!, index: u32(bytes, 4), counter: high * 2 ** 32 + low }
}

export const headerSize = 16
/** Octets of a data frame around its content: header and kind, then the AEAD's tag. */
export const margin = { before: headerSize + 1, after: 16 }
export const overhead = margin.before + margin.after
/** What is inside of a frame on any path: with the 48 octets of IPv6 and UDP around it 1,280, which every IPv6 path carries. */
export const pathMtu = 1_232 - overhead
/** The same within one machine, where no network is asked: ENet's largest. */
export const hereMtu = maxMtu
export const maxFrameSize = hereMtu + overhead
export const initSize = 192
export const responseSize = 76

const type = { init: 0xf0, response: 0xf1, data: 0xf3, knock: 0xf4 } as const

/** @param frame - all but mac1, padding included */
function closed(keys: LinkKeys, frame: Writer): Uint8Array {
  return frame.bytes(mac1(keys, frame.done())).done()
}

/** A reader past type and zeros; it has failed if these or mac1 are wrong. */
function opening(keys: LinkKeys, bytes: Uint8Array, type: number): Reader {
  const end = bytes.length - macSize
  const reader = new Reader(bytes)
  if (reader.u8() !== type || !isZero(reader.bytes(3))) reader.fail()
  else if (!equal(bytes.subarray(end), mac1(keys, bytes.subarray(0, end)))) reader.fail()
  return reader
}

const mac1 = (keys: LinkKeys, bytes: Uint8Array): Uint8Array =>
  hmacSha256(keys.mac1, bytes).subarray(0, macSize)

const isZero = (bytes: Uint8Array): boolean => bytes.every((octet) => octet === 0)

const isDataSize = (size: number): boolean => size >= overhead && size <= maxFrameSize

const u32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0

const littleEndian = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0

const macSize = 16
const tagSize = 8
const sessionSize = 8
const nonceSize = 16
