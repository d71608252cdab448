/**
 * An ENet datagram: a header of two to eight octets, then commands up to its
 * end (ENet 1.3.17, protocol.c).
 */
import { type Command, commandSize, decodeCommand, encodeCommand, put16, put32, u16, u32 } from './command.ts'

export interface Header {
  readonly peer: number // 12 bits, the receiver's slot; `noPeer` before it is known
  readonly session: number // 2 bits
  readonly sentTime: number | undefined // u16, ms; there when a command wants to be acknowledged
  readonly checksum: number | undefined // u32, there when both hosts were set up so
}

/** Says that the receiver's slot is not known yet: only CONNECT may follow. */
export const noPeer = 0xfff

export type Checksums = 'plain' | 'checksummed'

/** Compressed datagrams are refused where they are not expected. */
export type Compression = 'plain' | 'range-coder'

/** The header; `undefined` if octets are missing or the rest is compressed and should not be. */
export function decodeHeader(
  bytes: Uint8Array,
  checksums: Checksums = 'plain',
  compression: Compression = 'plain',
): Header | undefined {
  if (bytes.length < 2) return undefined
  const first = u16(bytes, 0)
  const isTimed = (first & timed) !== 0
  const at = isTimed ? 4 : 2
  const isChecked = checksums === 'checksummed'
  if (((first & compressed) !== 0 && compression === 'plain') || bytes.length < (isChecked ? at + 4 : at))
    return undefined
  return {
    peer: first & noPeer,
    session: (first >> sessionShift) & 3,
    sentTime: isTimed ? u16(bytes, 2) : undefined,
    checksum: isChecked ? u32(bytes, at) : undefined,
  }
}

export const isCompressed = (bytes: Uint8Array): boolean => (u16(bytes, 0) & compressed) !== 0

/** Says so in the header at `at`. */
export function setCompressed(bytes: Uint8Array, at: number): void {
  put16(bytes, at, u16(bytes, at) | compressed)
}

export const headerSize = ({ sentTime, checksum }: Header): number =>
  2 + (sentTime === undefined ? 0 : 2) + (checksum === undefined ? 0 : 4)

/** Writes the header at `at`, where there must be room, and returns where it ends. */
export function encodeHeader(header: Header, into: Uint8Array, at: number): number {
  const { peer, session, sentTime, checksum } = header
  put16(into, at, peer | (session << sessionShift) | (sentTime === undefined ? 0 : timed))
  at += 2
  if (sentTime !== undefined) {
    put16(into, at, sentTime)
    at += 2
  }
  if (checksum !== undefined) {
    put32(into, at, checksum)
    at += 4
  }
  return at
}

export interface Parsed {
  readonly header: Header
  readonly commands: readonly Command[]
}

/** A whole datagram, strictly: `undefined` unless every octet belongs to a command. */
export function decodeDatagram(bytes: Uint8Array, checksums: Checksums = 'plain'): Parsed | undefined {
  const header = decodeHeader(bytes, checksums)
  if (!header) return undefined
  const commands: Command[] = []
  for (let at = headerSize(header); at < bytes.length; ) {
    const command = decodeCommand(bytes, at)
    if (!command) return undefined
    commands.push(command)
    at += commandSize(command)
  }
  return { header, commands }
}

export function encodeDatagram({ header, commands }: Parsed): Uint8Array {
  const size = commands.reduce((sum, command) => sum + commandSize(command), headerSize(header))
  const bytes = new Uint8Array(size)
  let at = encodeHeader(header, bytes, 0)
  for (const command of commands) at = encodeCommand(command, bytes, at)
  return bytes
}

const timed = 0x8000
const compressed = 0x4000
const sessionShift = 12
