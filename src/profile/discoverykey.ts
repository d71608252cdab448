/**
 * The discovery key: X25519 (RFC 7748). It finds the buddy and proves nothing
 * about him; a new one hides the profile from whoever holds the old address.
 */
import { x25519 } from '@noble/curves/ed25519.js'
import { equal } from '../crypto.ts'

/** Octets of a discovery key, and of its secret. */
export const discoveryKeySize = 32

export const discoveryKeyOf = (secret: Uint8Array): Uint8Array => x25519.getPublicKey(secret)

/**
 * S = X25519(own discovery secret, buddy's discovery key): 32 octets, or
 * `undefined` if the key is refused or S is all-zero.
 */
export function sharedSecret(secret: Uint8Array, key: Uint8Array): Uint8Array | undefined {
  if (!isDiscoveryKey(key)) return undefined
  try {
    return x25519.getSharedSecret(secret, key)
  } catch {
    return undefined // noble's only way to say that S is all-zero
  }
}

/**
 * Whether a key may be a buddy's: canonical (below 2^255 - 19, so that one key
 * has one address), and of a large order, as S is known to all otherwise.
 */
export function isDiscoveryKey(key: Uint8Array): boolean {
  return key.length === discoveryKeySize && isCanonical(key) && !smallOrder.some((point) => equal(point, key))
}

function isCanonical(key: Uint8Array): boolean {
  for (let i = discoveryKeySize - 1; i >= 0; i--) {
    if (key[i] !== prime[i]) return key[i]! < prime[i]!
  }
  return false
}

function littleEndian(value: bigint): Uint8Array {
  return Uint8Array.from({ length: discoveryKeySize }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn))
}

const p = 2n ** 255n - 19n
const prime = littleEndian(p)

/** All canonical u whose order divides 8, of the curve and of its twist (cr.yp.to/ecdh.html, "validate"). */
const smallOrder: readonly Uint8Array[] = [
  0n,
  1n,
  325606250916557431795983626356110631294008115727848805560023387167927233504n,
  39382357235489614581723060781553021112529911719440698176882885853963445705823n,
  p - 1n,
].map(littleEndian)
