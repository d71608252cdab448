/**
 * The one door to node:crypto. Each function here is standard and could come
 * from noble as well; node's is faster, and for secret exponents and tags it is
 * constant-time. Randomness enters the program here and nowhere else.
 */
import {
  createCipheriv,
  createDecipheriv,
  createDiffieHellman,
  createHash,
  createHmac,
  getCiphers,
  scrypt as nodeScrypt,
  randomFillSync,
  timingSafeEqual,
} from 'node:crypto'
import { chacha20poly1305 } from '@noble/ciphers/chacha.js'

/** Random octets from the operating system; what machines take as their `random`. */
export const randomBytes: Random = (size) => randomFillSync(new Uint8Array(size))

/** A source of `size` random octets. Pure code takes one as a parameter. */
export type Random = (size: number) => Uint8Array

/** Compares secrets of equal length in constant time; false if the lengths differ. */
export const equal = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && timingSafeEqual(a, b)

/** Overwrites secrets with zeros: best effort, as JavaScript may have copied them before. */
export function wipe(...secrets: readonly Uint8Array[]): void {
  for (const secret of secrets) secret.fill(0)
}

export const sha1 = (...parts: readonly Uint8Array[]): Uint8Array => digest('sha1', parts)

export const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => digest('sha256', parts)

/** HMAC-SHA-256 of the parts, as they stand one after another: 32 octets. */
export function hmacSha256(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const mac = createHmac('sha256', key)
  for (const part of parts) mac.update(part)
  return new Uint8Array(mac.digest())
}

/** ChaCha20-Poly1305 (RFC 8439) with node's implementation where it has one, else noble's. */
export interface Aead {
  /** @param nonce - 12 octets, never used twice with a key. Returns ciphertext and 16-octet tag. */
  seal(nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array
  /** The plaintext, or `undefined` if the tag does not match. */
  open(nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | undefined
}

/** @param key - 32 octets, used as they are: whoever wipes them ends this cipher */
export function aead(key: Uint8Array): Aead {
  return isNative ? nodeAead(key) : nobleAead(key)
}

function nodeAead(key: Uint8Array): Aead {
  return {
    seal(nonce, aad, plaintext) {
      const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagSize })
      cipher.setAAD(aad, { plaintextLength: plaintext.length })
      const sealed = new Uint8Array(plaintext.length + tagSize)
      sealed.set(cipher.update(plaintext))
      cipher.final()
      sealed.set(cipher.getAuthTag(), plaintext.length)
      return sealed
    },
    open(nonce, aad, sealed) {
      const size = sealed.length - tagSize
      if (size < 0) return undefined
      const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: tagSize })
      decipher.setAAD(aad, { plaintextLength: size })
      decipher.setAuthTag(sealed.subarray(size))
      const plaintext = decipher.update(sealed.subarray(0, size))
      try {
        decipher.final()
      } catch {
        return undefined // node's only way to say that the tag is wrong
      }
      return new Uint8Array(plaintext.buffer, plaintext.byteOffset, size)
    },
  }
}

/** The same with noble: the fallback, and the test's second opinion. */
export function nobleAead(key: Uint8Array): Aead {
  return {
    seal: (nonce, aad, plaintext) => chacha20poly1305(key, nonce, aad).encrypt(plaintext),
    open(nonce, aad, sealed) {
      if (sealed.length < tagSize) return undefined
      try {
        return chacha20poly1305(key, nonce, aad).decrypt(sealed)
      } catch {
        return undefined // noble's only way to say that the tag is wrong
      }
    },
  }
}

/**
 * base^exponent mod prime, big-endian, padded to the prime's length. OpenSSL's
 * exponentiation is constant-time in the exponent.
 *
 * @param base - a public value already checked to be 2..prime-2
 */
export function modPow(base: Uint8Array, exponent: Uint8Array, prime: Uint8Array): Uint8Array {
  const dh = createDiffieHellman(prime, 2)
  dh.setPrivateKey(exponent)
  const result = new Uint8Array(prime.length)
  const power = dh.computeSecret(base)
  result.set(power, prime.length - power.length)
  return result
}

/** scrypt (RFC 7914) off the main thread. */
export function scrypt(
  secret: Uint8Array,
  salt: Uint8Array,
  { N, r, p, size }: { readonly N: number; readonly r: number; readonly p: number; readonly size: number },
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    nodeScrypt(secret, salt, size, { N, r, p, maxmem: 256 * N * r + 1024 * r * p }, (error, key) => {
      if (error) reject(error)
      else resolve(new Uint8Array(key))
    })
  })
}

function digest(name: string, parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash(name)
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

const algorithm = 'chacha20-poly1305'
const isNative = getCiphers().includes(algorithm)
const tagSize = 16
