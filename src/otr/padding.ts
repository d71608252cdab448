/**
 * Size classes: the length of what is sent says little about what is said.
 * OTRv4, "TLV Record Types", type 0.
 *
 * The smallest class holds nearly every line that people write, and a receipt,
 * a heartbeat or the end of an SMP run as well. The classes double up to 4,096
 * octets, then they are its multiples: the size at most about doubles beyond
 * the smallest, and grows by 4,099 octets at the most. A message of the two
 * smallest classes fits one datagram unless it brings a new DH key or reveals
 * many MAC keys.
 */
import { Writer } from '../wire/writer.ts'
import { tlvType } from './tlv.ts'

/** A plaintext with a TLV 0 behind its TLVs that fills its class; one that fills it already stays as it is. */
export function pad(plaintext: Uint8Array): Uint8Array {
  const missing = paddedSize(plaintext.length) - plaintext.length
  if (missing === 0) return plaintext
  const size = missing - headerSize
  return new Writer(plaintext.length + missing)
    .bytes(plaintext)
    .u16(tlvType.padding)
    .u16(size)
    .zeros(size)
    .done()
}

/** The class: the size itself, or what leaves room for a TLV. */
export function paddedSize(size: number): number {
  let padded = smallest
  while (padded !== size && padded < size + headerSize) padded += padded < largest ? padded : largest
  return padded
}

const headerSize = 4
const smallest = 256
const largest = 4_096
