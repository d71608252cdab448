/**
 * Whose datagram is this? One socket carries the DHT, STUN and the sealed
 * link; the first octets tell them apart. A wrong guess costs nothing: every
 * owner checks what it gets.
 */
export type Owner = 'dht' | 'stun' | 'link'

export function classify(bytes: Uint8Array): Owner | undefined {
  const first = bytes[0]
  if (first === undefined) return undefined
  if (first >= 0xf0 && first <= 0xf7) return 'link'
  if (first === d && bytes.length > 20 && bytes[bytes.length - 1] === e) return 'dht'
  return first < 0x40 && bytes.length >= 20 && hasCookie(bytes) ? 'stun' : undefined
}

const d = 0x64 // a bencoded dictionary begins with this letter
const e = 0x65 // and ends with this one

/** RFC 8489, section 5: 0x2112A442 in octets 4 to 7. */
const hasCookie = (bytes: Uint8Array): boolean =>
  bytes[4] === 0x21 && bytes[5] === 0x12 && bytes[6] === 0xa4 && bytes[7] === 0x42
