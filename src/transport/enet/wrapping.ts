/**
 * What may lie around the commands of a datagram where both hosts were set up
 * so (ENet 1.3.17, protocol.c): a CRC-32 and compression. For the bare mode
 * only; inside the link neither is ever on. The CRC covers the datagram as it is
 * before compression, with the connectID in its own place, so that it also tells
 * connections apart; it is linear and no protection against anybody.
 */
import { crc32 } from '../../wire/crc32.ts'
import { put32 } from './command.ts'
import {
  type Checksums,
  type Compression,
  decodeHeader,
  encodeHeader,
  type Header,
  headerSize,
  isCompressed,
  setCompressed,
} from './datagram.ts'
import { maxMtu } from './limits.ts'
import { RangeCoder } from './rangecoder.ts'

export interface Around {
  readonly header: Header
  readonly connectId: number // 0 before it is known
}

export class Wrapping {
  /** Octets of the longest header. */
  readonly headerRoom: number
  readonly #checksums: Checksums
  readonly #coder: RangeCoder | undefined

  constructor(checksums: Checksums, compression: Compression) {
    this.headerRoom = checksums === 'checksummed' ? 8 : 4
    this.#checksums = checksums
    this.#coder = compression === 'range-coder' ? new RangeCoder() : undefined
  }

  decodeHeader(bytes: Uint8Array): Header | undefined {
    return decodeHeader(bytes, this.#checksums, this.#coder ? 'range-coder' : 'plain')
  }

  /** The commands of a datagram; `undefined` if the checksum is wrong, or they cannot be read. */
  open(bytes: Uint8Array, { header, connectId }: Around): Uint8Array | undefined {
    const at = headerSize(header)
    const rest = bytes.subarray(at)
    const commands = isCompressed(bytes) ? this.#coder?.decompress(rest, maxMtu - at) : rest
    if (!commands || header.checksum === undefined) return commands
    const id = new Uint8Array(4)
    put32(id, 0, connectId)
    const crc = crc32(commands, crc32(id, crc32(bytes.subarray(0, at - 4))))
    return crc === header.checksum ? commands : undefined
  }

  /** Finishes a datagram whose commands begin at `headerRoom`, and returns where it begins and ends. */
  close(bytes: Uint8Array, end: number, { header, connectId }: Around): [begin: number, end: number] {
    const room = this.headerRoom
    const checksum = this.#checksums === 'checksummed' ? connectId : undefined
    const begin = room - headerSize({ ...header, checksum })
    const packed = this.#coder?.compress(bytes.subarray(room, end))
    encodeHeader({ ...header, checksum }, bytes, begin)
    if (packed) setCompressed(bytes, begin)
    if (checksum !== undefined) put32(bytes, room - 4, crc32(bytes.subarray(begin, end)))
    if (!packed) return [begin, end]
    bytes.set(packed, room)
    return [begin, room + packed.length]
  }
}
