/**
 * What a buddy publishes for one other: where he may be reached, sealed so that
 * the nodes that store it see 512 octets and nothing else. Spec: "Record" in
 * docs/Protocol.md.
 *
 *     record    = nonce (24) | XChaCha20-Poly1305(key "aead", nonce, AAD = "v1" | target | seq)
 *     plaintext = version (1) | session id (8) | timestamp (8) | start (8) | count (1)
 *               | 16 candidates of 20 octets | zeros | mark (16), 472 in all
 *     candidate = kind (1) | family (1): 4 or 6 | address (16, IPv4 in the first 4) | port (2)
 */
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { equal, type Random } from '../crypto.ts'
import type { Address } from '../machine.ts'
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'
import { readCompact, writeCompact } from './compact.ts'

/**
 * How the address is known: an interface's, as others see it, mapped at the router, or this machine only.
 * `changing`: seen once, by a NAT that gives each destination a port of its own; `predicted`: the port that such
 * a NAT should give next.
 */
export interface Candidate {
  readonly kind: 'host' | 'reflexive' | 'mapped' | 'loopback' | 'changing' | 'predicted'
  readonly address: Address
}

export interface RendezvousRecord {
  /** 8 octets, drawn whenever the program starts. */
  readonly sessionId: Uint8Array
  /** When it was written: unix milliseconds. */
  readonly timestamp: number
  /** When both sides should begin to punch: unix milliseconds, 0 for at once. */
  readonly startAt: number
  /** At most 16. */
  readonly candidates: readonly Candidate[]
  /** 16 octets that the writer alone can make of `markedPart`; zeros for none. Nothing to the buddy. */
  readonly mark?: Uint8Array
}

/** What a record is bound to: sealed for another target or another seq it does not open. */
export interface Seal {
  readonly key: Uint8Array // 32 octets
  readonly target: Uint8Array // 20 octets
  readonly seq: number
}

/** target | session id | seq | timestamp: what a record's mark is of. */
export const markedPart = (
  { target, seq }: Omit<Seal, 'key'>,
  { sessionId, timestamp }: Pick<RendezvousRecord, 'sessionId' | 'timestamp'>,
): Uint8Array =>
  new Writer(44)
    .bytes(target)
    .bytes(sessionId)
    .u64(BigInt(seq))
    .u64(BigInt(Math.floor(timestamp)))
    .done()

/** Always 512 octets; of more than 16 candidates the first 16. */
export function sealRecord(record: RendezvousRecord, seal: Seal, random: Random): Uint8Array {
  const nonce = random(nonceSize)
  const sealed = xchacha20poly1305(seal.key, nonce, aad(seal)).encrypt(encode(record))
  return new Writer(recordSize).bytes(nonce).bytes(sealed).done()
}

export function openRecord(octets: Uint8Array, seal: Seal): RendezvousRecord | undefined {
  if (octets.length !== recordSize) return undefined
  try {
    const cipher = xchacha20poly1305(seal.key, octets.slice(0, nonceSize), aad(seal))
    return decode(cipher.decrypt(octets.slice(nonceSize)))
  } catch {
    return undefined // noble's only way to say that the tag is wrong
  }
}

export const isSameSession = (a: RendezvousRecord, sessionId: Uint8Array): boolean =>
  equal(a.sessionId, sessionId)

function encode({ sessionId, timestamp, startAt, candidates, mark = noMark }: RendezvousRecord): Uint8Array {
  const told = candidates.filter(({ address }) => !address.includes('%')).slice(0, maxCandidates)
  const writer = new Writer(plainSize).u8(version).bytes(sessionId)
  writer
    .u64(BigInt(Math.floor(timestamp)))
    .u64(BigInt(Math.floor(startAt)))
    .u8(told.length)
  for (const { kind, address } of told) {
    const compact = writeCompact(address)
    const ip = compact.subarray(0, -2)
    writer
      .u8(codes[kind])
      .u8(ip.length === 4 ? 4 : 6)
      .bytes(ip)
      .zeros(16 - ip.length)
    writer.bytes(compact.subarray(-2))
  }
  return writer
    .zeros(plainSize - writer.length - markSize)
    .bytes(mark)
    .done()
}

/** What stands between the candidates and the mark is a later version's: not looked at. So are candidates of a kind we do not know. */
function decode(plain: Uint8Array): RendezvousRecord | undefined {
  const reader = new Reader(plain)
  const isKnown = reader.u8() === version
  const sessionId = reader.bytes(8).slice()
  const [timestamp, startAt] = [Number(reader.u64()), Number(reader.u64())]
  const count = reader.u8()
  if (!isKnown || count > maxCandidates || timestamp > maxTime || startAt > maxTime) return undefined
  const candidates: Candidate[] = []
  for (let i = 0; i < count; i++) {
    const kind = kinds.get(reader.u8())
    const family = reader.u8()
    const [ip, port] = [reader.bytes(16), reader.bytes(2)]
    const size = family === 4 ? 4 : 16
    const address = readCompact(Uint8Array.of(...ip.subarray(0, size), ...port))
    if (kind && (family === 4 || family === 6) && address !== undefined) candidates.push({ kind, address })
  }
  if (!reader.isSound) return undefined
  const mark = plain.slice(plainSize - markSize)
  return { sessionId, timestamp, startAt, candidates, ...(!equal(mark, noMark) && { mark }) }
}

const aad = ({ target, seq }: Seal): Uint8Array =>
  new Writer(30).u8(0x76).u8(0x31).bytes(target).u64(BigInt(seq)).done() // "v1"

const codes = { host: 1, reflexive: 2, mapped: 3, loopback: 4, changing: 5, predicted: 6 } as const
const kinds: ReadonlyMap<number, Candidate['kind']> = new Map([
  [codes.host, 'host'],
  [codes.reflexive, 'reflexive'],
  [codes.mapped, 'mapped'],
  [codes.loopback, 'loopback'],
  [codes.changing, 'changing'],
  [codes.predicted, 'predicted'],
])

export const recordSize = 512
const version = 1
const nonceSize = 24
const plainSize = recordSize - nonceSize - 16
export const markSize = 16
const noMark = new Uint8Array(markSize)
const maxCandidates = 16
const maxTime = 8.64e15 // the last moment a date has
