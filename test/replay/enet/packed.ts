/** Compressed datagrams as they would be without. */
import { type Checksums, isCompressed } from '../../../src/transport/enet/datagram.ts'
import { RangeCoder } from '../../../src/transport/enet/rangecoder.ts'

const coder = new RangeCoder()

/** The header, without the bit that says so, and the commands; the same if it is not compressed. */
export function unpacked(bytes: Uint8Array, checksums: Checksums): Uint8Array {
  if (!isCompressed(bytes)) return bytes
  const at = headerEnd(bytes, checksums)
  const commands = coder.decompress(bytes.subarray(at), 4_096)
  if (!commands) throw new Error('a datagram that cannot be decompressed')
  const all = new Uint8Array([...bytes.subarray(0, at), ...commands])
  all[0]! &= ~0x40
  return all
}

/** The other way. */
export function packed(bytes: Uint8Array, checksums: Checksums): Uint8Array {
  const at = headerEnd(bytes, checksums)
  const commands = coder.compress(bytes.subarray(at))
  if (!commands) return bytes
  const all = new Uint8Array([...bytes.subarray(0, at), ...commands])
  all[0]! |= 0x40
  return all
}

const headerEnd = ([first]: Uint8Array, checksums: Checksums): number =>
  ((first! & 0x80) === 0 ? 2 : 4) + (checksums === 'plain' ? 0 : 4)
