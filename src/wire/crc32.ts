/** CRC-32 of ISO 3309, as zlib and Ethernet have it: of STUN's fingerprint, and of ENet's checksum. */

/** @param before - the CRC of the octets that stand before these */
export function crc32(octets: Uint8Array, before = 0): number {
  let crc = ~before
  for (const octet of octets) crc = (crc >>> 8) ^ table[(crc ^ octet) & 0xff]!
  return ~crc >>> 0
}

const polynomial = 0xedb8_8320 // reflected

const table = Uint32Array.from({ length: 256 }, (_, octet) => {
  let crc = octet
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1
  return crc
})
