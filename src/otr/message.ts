/**
 * The octets of OTRv4's messages, and nothing of what they mean. OTRv4,
 * "Identity Message", "Auth-R Message", "Auth-I Message" and "Data Message
 * Format". Lengths and forms are checked here, groups where a value is used.
 */
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'
import { readMpi, writeMpi } from './dh.ts'
import { pointSize } from './ed448.ts'
import { ctSize, ekSize } from './kem.ts'
import { clientProfileSize } from './profile.ts'
import { signatureSize } from './ring.ts'

export interface Tags {
  readonly senderTag: number
  readonly receiverTag: number // 0 while unknown: in Identity only
}

/** The public keys one side brings into a DAKE; Y, B of the initiator or X, A of the responder. */
export interface DakeKeys {
  readonly ecdh: Uint8Array // POINT
  readonly dh: Uint8Array // MPI
  readonly firstEcdh: Uint8Array
  readonly firstDh: Uint8Array
}

export interface Identity extends Tags {
  readonly kind: 'identity'
  readonly profile: Uint8Array
  readonly keys: DakeKeys
  readonly kem: Uint8Array // ek of 1,184 octets, or empty: without the extension
}

export interface AuthR extends Tags {
  readonly kind: 'auth-r'
  readonly profile: Uint8Array
  readonly keys: DakeKeys
  readonly sigma: Uint8Array
  readonly kem: Uint8Array // ct of 1,088 octets, or empty
}

export interface AuthI extends Tags {
  readonly kind: 'auth-i'
  readonly sigma: Uint8Array
}

/** What stands before the ciphertext of a data message. */
export interface DataHeader extends Tags {
  readonly flags: number
  readonly pn: number
  readonly ratchetId: number
  readonly messageId: number
  readonly ecdh: Uint8Array // POINT
  readonly dh: Uint8Array // MPI, empty unless ratchetId % 3 = 0
  readonly kem: Uint8Array // empty, or ek, followed by ct if ratchetId > 0
}

export interface DataMessage extends DataHeader {
  readonly kind: 'data'
  readonly ciphertext: Uint8Array
  readonly authenticator: Uint8Array // 64 octets
  readonly revealed: Uint8Array // MAC keys of 64 octets
  readonly authenticated: Uint8Array // what the authenticator covers
}

export type Message = Identity | AuthR | AuthI | DataMessage

/** IGNORE_UNREADABLE */
export const ignoreUnreadable = 0x01

/** The extension's: keys of ML-KEM-768 follow the DH key. Set and cleared here, as they are there or not. */
const carriesKem = 0x02

export function encodeIdentity({ profile, keys, kem, ...tags }: Omit<Identity, 'kind'>): Uint8Array {
  const writer = start(type.identity, tags).bytes(profile)
  writeMpi(writer.bytes(keys.ecdh), keys.dh)
  return writeMpi(writer.bytes(keys.firstEcdh), keys.firstDh).bytes(kem).done()
}

export function encodeAuthR({ profile, keys, sigma, kem, ...tags }: Omit<AuthR, 'kind'>): Uint8Array {
  const writer = start(type.authR, tags).bytes(profile)
  writeMpi(writer.bytes(keys.ecdh), keys.dh).bytes(sigma)
  return writeMpi(writer.bytes(keys.firstEcdh), keys.firstDh).bytes(kem).done()
}

export const encodeAuthI = ({ sigma, ...tags }: Omit<AuthI, 'kind'>): Uint8Array =>
  start(type.authI, tags).bytes(sigma).done()

/** A data message up to the end of its ciphertext: what the authenticator is made of. */
export function encodeData(header: DataHeader, ciphertext: Uint8Array): Uint8Array {
  const flags = header.kem.length > 0 ? header.flags | carriesKem : header.flags & ~carriesKem
  const writer = start(type.data, header).u8(flags)
  writer.u32(header.pn).u32(header.ratchetId).u32(header.messageId).bytes(header.ecdh)
  return writeMpi(writer, header.dh).bytes(header.kem).data(ciphertext).done()
}

/** What a message is, or why it is none. `version`: not 4; its other fields cannot be read. */
export type Decoded = Message | { readonly kind: 'version' } | { readonly kind: 'malformed' }

export function decodeMessage(bytes: Uint8Array): Decoded {
  const reader = new Reader(bytes)
  const foundVersion = reader.u16()
  if (reader.isSound && foundVersion !== version) return { kind: 'version' }
  const foundType = reader.u8()
  const tags = { senderTag: reader.u32(), receiverTag: reader.u32() }
  const message = decodeBody(foundType, tags, reader, bytes)
  return message && reader.isComplete ? message : { kind: 'malformed' }
}

function decodeBody(found: number, tags: Tags, reader: Reader, bytes: Uint8Array): Message | undefined {
  switch (found) {
    case type.identity: {
      const profile = readProfile(reader, bytes)
      const keys = { ...readPair(reader), ...readFirst(reader) }
      return { kind: 'identity', ...tags, profile, keys, kem: readKem(reader, ekSize) }
    }
    case type.authR: {
      const profile = readProfile(reader, bytes)
      const pair = readPair(reader)
      const sigma = reader.bytes(signatureSize)
      const keys = { ...pair, ...readFirst(reader) }
      return { kind: 'auth-r', ...tags, profile, sigma, keys, kem: readKem(reader, ctSize) }
    }
    case type.authI:
      return { kind: 'auth-i', ...tags, sigma: reader.bytes(signatureSize) }
    case type.data:
      return decodeData(tags, reader, bytes)
    default:
      return undefined
  }
}

function decodeData(tags: Tags, reader: Reader, bytes: Uint8Array): DataMessage {
  const flags = reader.u8()
  const pn = reader.u32()
  const ratchetId = reader.u32()
  const messageId = reader.u32()
  const ecdh = reader.bytes(pointSize)
  const dh = readMpi(reader)
  if (dh.length > 0 !== (ratchetId % 3 === 0)) reader.fail() // "Rotating ... Brace Key": a DH key every third
  const hasKem = (flags & carriesKem) !== 0
  if (hasKem && dh.length === 0) reader.fail() // the extension's keys are with a DH key or nowhere
  const kem = hasKem ? reader.bytes(ratchetId === 0 ? ekSize : ekSize + ctSize) : none
  const ciphertext = reader.data()
  const authenticated = bytes.subarray(0, reader.at)
  const authenticator = reader.bytes(macSize)
  const revealed = reader.data()
  if (revealed.length % macSize !== 0) reader.fail() // "Revealing MAC Keys": a list of 64-byte values
  const header = { ...tags, flags, pn, ratchetId, messageId, ecdh, dh, kem }
  return { kind: 'data', ...header, ciphertext, authenticator, revealed, authenticated }
}

/** A profile has no length before it: its fields say where it ends. */
function readProfile(reader: Reader, bytes: Uint8Array): Uint8Array {
  const size = clientProfileSize(bytes.subarray(reader.at))
  if (size === undefined) reader.fail()
  return reader.bytes(size ?? 0)
}

const readPair = (reader: Reader) => ({ ecdh: reader.bytes(pointSize), dh: readMpi(reader) })
const readFirst = (reader: Reader) => ({ firstEcdh: reader.bytes(pointSize), firstDh: readMpi(reader) })

/** The extension's field ends a message of the DAKE, or is not there; its length is fixed. */
const readKem = (reader: Reader, size: number): Uint8Array => (reader.left === 0 ? none : reader.bytes(size))

const start = (messageType: number, { senderTag, receiverTag }: Tags): Writer =>
  new Writer(3072).u16(version).u8(messageType).u32(senderTag).u32(receiverTag)

const none = new Uint8Array(0)
const version = 0x0004
const type = { data: 0x03, identity: 0x35, authR: 0x36, authI: 0x37 } as const
const macSize = 64
