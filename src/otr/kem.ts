/**
 * ML-KEM-768 (FIPS 203): what joins the DH keys in the DAKE and in every third
 * ratchet, so that who records today and computes quanta tomorrow reads
 * nothing. An extension of ours; docs/Protocol.md, "Post-quantum".
 */
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import { type Random, wipe } from '../crypto.ts'

/** One use only: who made it decapsulates once, then overwrites it. */
export interface KemKeys {
  readonly secret: Uint8Array // 2,400 octets
  readonly public: Uint8Array // ek, 1,184 octets
}

/** What both sides have after one encapsulation. */
export interface Encapsulation {
  readonly shared: Uint8Array // ss, 32 octets
  readonly ek: Uint8Array // 1,184 octets: to whom
  readonly ct: Uint8Array // 1,088 octets
}

export const ekSize = 1_184
export const ctSize = 1_088

/** ML-KEM.KeyGen() */
export function generateKem(random: Random): KemKeys {
  const seed = random(64)
  const { publicKey, secretKey } = ml_kem768.keygen(seed)
  wipe(seed)
  return { secret: secretKey, public: publicKey }
}

/**
 * ML-KEM.Encaps(ek)
 *
 * @param ek - checked by `isEncapsulationKey`
 */
export function encapsulate(ek: Uint8Array, random: Random): Encapsulation {
  const m = random(32)
  const { cipherText, sharedSecret } = ml_kem768.encapsulate(ek, m)
  wipe(m)
  return { shared: sharedSecret, ek, ct: cipherText }
}

/**
 * ML-KEM.Decaps(dk, c). A ciphertext that was not made for this key gives
 * another secret, and no sign of it: a signature or a MAC fails later.
 *
 * @param ct - 1,088 octets, any
 */
export const decapsulate = (own: KemKeys, ct: Uint8Array): Encapsulation => ({
  shared: ml_kem768.decapsulate(ct, own.secret),
  ek: own.public,
  ct,
})

/** FIPS 203, 7.2, "Encapsulation key check": the length, and every coefficient (12 bits) is below 3329. */
export function isEncapsulationKey(ek: Uint8Array): boolean {
  if (ek.length !== ekSize) return false
  for (let at = 0; at < ekSize - rhoSize; at += 3) {
    const [a, b, c] = [ek[at]!, ek[at + 1]!, ek[at + 2]!]
    if ((a | ((b & 15) << 8)) >= modulus || ((b >> 4) | (c << 4)) >= modulus) return false
  }
  return true
}

const rhoSize = 32 // the seed of the matrix, at the end
const modulus = 3_329
