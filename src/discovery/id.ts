/** Node ids: distance (BEP 5), and the id that fits an external address (BEP 42). */
import type { Random } from '../crypto.ts'
import type { Address } from '../machine.ts'
import { writeCompact } from './compact.ts'
import { scopeOf } from './reach.ts'

export const idSize = 20

/** Negative if `a` is nearer to the target than `b`. */
export function compareDistance(target: Uint8Array, a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < idSize; i++) {
    const difference = (a[i]! ^ target[i]!) - (b[i]! ^ target[i]!)
    if (difference !== 0) return difference
  }
  return 0
}

/** How many leading bits two ids share: 0 to 160. */
export function sharedBits(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < idSize; i++) {
    const difference = a[i]! ^ b[i]!
    if (difference !== 0) return i * 8 + Math.clz32(difference) - 24
  }
  return idSize * 8
}

/**
 * BEP 42: crc32c((ip & mask) | (r << 5)), of IPv4's four octets or IPv6's first eight, decides 21 bits of the id; r is
 * the three low bits of its last octet. A random id where the address is exempt: loopback, private networks.
 */
export function idFor(external: Address | undefined, random: Random): Uint8Array {
  const id = random(idSize).slice()
  if (external === undefined || scopeOf(external) !== 'public') return id
  const seed = id[19]!
  const compact = writeCompact(external)
  const mask = compact.length === 6 ? mask4 : mask6
  const masked = mask.map((bits, i) => compact[i]! & bits)
  masked[0]! |= (seed & 7) << 5
  const crc = crc32c(masked)
  id[0] = crc >>> 24
  id[1] = crc >>> 16
  id[2] = ((crc >>> 8) & 0xf8) | (id[2]! & 7)
  return id
}

/** Castagnoli's polynomial, reflected. Four octets once in a session need no table. */
function crc32c(octets: readonly number[]): number {
  let crc = 0xffff_ffff
  for (const octet of octets) {
    crc ^= octet
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f6_3b78 : crc >>> 1
  }
  return ~crc >>> 0
}

const mask4 = [0x03, 0x0f, 0x3f, 0xff] as const
const mask6 = [0x01, 0x03, 0x07, 0x0f, 0x1f, 0x3f, 0x7f, 0xff] as const
