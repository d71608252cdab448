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
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  getCiphers,
  getDiffieHellman,
  type KeyObject,
  scrypt as nodeScrypt,
  randomFillSync,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto'
import { chacha20poly1305 } from '@noble/ciphers/chacha.js'
import { UserError } from './error.ts'

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

/** A hash that is fed bit by bit; after `digest` it is used up. */
export interface Hash {
  update(octets: Uint8Array): void
  digest(): Uint8Array
}

/** SHA-256 of all octets that follow. */
export function sha256Hash(): Hash {
  const hash = createHash('sha256')
  return {
    update: (octets) => void hash.update(octets),
    digest: () => new Uint8Array(hash.digest()),
  }
}

/** HMAC-SHA-256 of the parts, as they stand one after another: 32 octets. */
export function hmacSha256(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const mac = createHmac('sha256', key)
  for (const part of parts) mac.update(part)
  return new Uint8Array(mac.digest())
}

/** ChaCha20-Poly1305 (RFC 8439) with node's implementation where it has one, else noble's. */
export interface Aead {
  /**
   * Returns ciphertext and 16-octet tag.
   *
   * @param nonce - 12 octets, never used twice with a key
   * @param into - where to write them, of exactly their size; it may begin where the plaintext does. A new array by default
   */
  seal(nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array, into?: Uint8Array): Uint8Array
  /** The plaintext, or `undefined` if the tag does not match. */
  open(nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | undefined
}

/** @param key - 32 octets, used as they are: whoever wipes them ends this cipher */
export function aead(key: Uint8Array): Aead {
  return isNative ? nodeAead(key) : nobleAead(key)
}

function nodeAead(key: Uint8Array): Aead {
  return {
    seal(nonce, aad, plaintext, into) {
      const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagSize })
      cipher.setAAD(aad, { plaintextLength: plaintext.length })
      const sealed = into ?? new Uint8Array(plaintext.length + tagSize)
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
    seal: (nonce, aad, plaintext, into) => chacha20poly1305(key, nonce, aad).encrypt(plaintext, into),
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
 * base^exponent mod p for the group `modp15`, big-endian, padded to 384 octets.
 * OpenSSL's exponentiation is constant-time in the exponent.
 *
 * @param base - a public value already checked to be a member of the group
 * @param exponent - not zero
 */
export function modp15Power(base: Uint8Array, exponent: Uint8Array): Uint8Array {
  const power = hasFastKeyObjects ? keyObjectPower(base, exponent) : classicPower(base, exponent)
  const result = new Uint8Array(prime.length)
  result.set(power, prime.length - power.length)
  return result
}

function classicPower(base: Uint8Array, exponent: Uint8Array): Uint8Array {
  const dh = createDiffieHellman(prime, 2)
  dh.setPrivateKey(exponent)
  return dh.computeSecret(base)
}

/** PKCS #3 keys: the algorithm with p and g, then the private or the public value as an INTEGER. */
function keyObjectPower(base: Uint8Array, exponent: Uint8Array): Uint8Array {
  const secret = der(4, integer(exponent))
  const pkcs8 = der(0x30, integer(Uint8Array.of(0)), dhAlgorithm, secret)
  const spki = der(0x30, dhAlgorithm, der(3, Uint8Array.of(0), integer(base)))
  const privateKey = createPrivateKey({ key: Buffer.from(pkcs8.buffer), format: 'der', type: 'pkcs8' })
  wipe(secret, pkcs8)
  const publicKey = createPublicKey({ key: Buffer.from(spki.buffer), format: 'der', type: 'spki' })
  return diffieHellman({ privateKey, publicKey })
}

/** X.690: tag, length, content. */
function der(tag: number, ...content: readonly Uint8Array[]): Uint8Array {
  const size = content.reduce((sum, part) => sum + part.length, 0)
  const head = size < 128 ? [tag, size] : size < 256 ? [tag, 0x81, size] : [tag, 0x82, size >> 8, size & 255]
  const whole = new Uint8Array(head.length + size)
  whole.set(head)
  let at = head.length
  for (const part of content) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/** A positive INTEGER: no zeros before it but one where the top bit would make it negative. */
function integer(value: Uint8Array): Uint8Array {
  const first = value.findIndex((octet) => octet !== 0)
  const digits = first < 0 ? Uint8Array.of(0) : value.subarray(first)
  return der(2, ...(digits[0]! & 0x80 ? [Uint8Array.of(0)] : []), digits)
}

/** The prime of RFC 3526's 3072-bit group ("modp15"); its generator is 2. 384 octets. */
export const modp15 = (): Uint8Array => prime.slice()

const prime = new Uint8Array(getDiffieHellman('modp15').getPrime())

/** dhKeyAgreement (1.2.840.113549.1.3.1) with p and g = 2. */
const dhAlgorithm = der(
  0x30,
  Uint8Array.of(6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 13, 1, 3, 1),
  der(0x30, integer(prime), integer(Uint8Array.of(2))),
)

/** A power costs 1.2 ms (object) or 9.3 (keys) on Node 20, 6.4 or 2.7 on 22, 1,350 or 2.8 on 24. */
const hasFastKeyObjects = Number(process.versions.node.split('.')[0]) >= 22

/** SHAKE-256 of the parts, as they stand one after another: `size` octets. */
export function shake256(size: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('shake256', { outputLength: size })
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

/** Ed448's public key (RFC 8032, section 5.2.5) of a 57-octet secret: 57 octets, in constant time. */
export function ed448PublicKey(secret: Uint8Array): Uint8Array {
  const spki = createPublicKey(ed448Key(secret)).export({ format: 'der', type: 'spki' })
  return new Uint8Array(spki.subarray(spki.length - ed448Size))
}

/** Ed448's signature (RFC 8032, section 5.2.6, no context): 114 octets. */
export const ed448Sign = (secret: Uint8Array, message: Uint8Array): Uint8Array =>
  new Uint8Array(sign(null, message, ed448Key(secret)))

/** RFC 8032, section 5.2.7; any octets may be given. It does not check the key's order. */
export function ed448Verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== ed448Size) return false
  const key = Buffer.concat([spkiPrefix, publicKey])
  return verify(null, message, createPublicKey({ key, format: 'der', type: 'spki' }), signature)
}

function ed448Key(secret: Uint8Array): KeyObject {
  const key = Buffer.concat([pkcs8Prefix, secret])
  try {
    return createPrivateKey({ key, format: 'der', type: 'pkcs8' })
  } finally {
    wipe(key)
  }
}

/** An Ed25519 key pair (RFC 8032) of a 32-octet secret. */
export interface Ed25519 {
  readonly publicKey: Uint8Array // 32 octets
  sign(message: Uint8Array): Uint8Array // 64 octets
}

/** @param secret - 32 octets; node keeps its own copy */
export function ed25519(secret: Uint8Array): Ed25519 {
  const pkcs8 = new Uint8Array([...ed25519Pkcs8, ...secret])
  const key = createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' })
  wipe(pkcs8)
  const spki = createPublicKey(key).export({ format: 'der', type: 'spki' })
  return {
    publicKey: new Uint8Array(spki.subarray(ed25519Spki.length)),
    sign: (message) => new Uint8Array(sign(null, message, key)),
  }
}

/** Whether the signature is good; false for octets that are no key, too. Node's is six times as fast as noble's. */
export function ed25519Verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false
  try {
    const key = createPublicKey({
      key: Buffer.from([...ed25519Spki, ...publicKey]),
      format: 'der',
      type: 'spki',
    })
    return verify(null, message, key, signature)
  } catch {
    return false // node's only way to say that this is no point of the curve
  }
}

/** RFC 8410: what stands before the 32 octets of a secret, and of a public key. */
const ed25519Pkcs8 = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20]
const ed25519Spki = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0]

/** scrypt (RFC 7914) off the main thread. @throws UserError if the system does not give it 128 N r octets */
export function scrypt(
  secret: Uint8Array,
  salt: Uint8Array,
  { N, r, p, size }: { readonly N: number; readonly r: number; readonly p: number; readonly size: number },
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    nodeScrypt(secret, salt, size, { N, r, p, maxmem: 256 * N * r + 1024 * r * p }, (error, key) => {
      if (error)
        reject(outOfMemory(128 * N * r, error)) // what is wrong with N, r or p is thrown at once
      else resolve(new Uint8Array(key))
    })
  })
}

const outOfMemory = (octets: number, cause: Error): UserError =>
  new UserError(
    `this takes ${Math.ceil(octets / 2 ** 20)} MiB of memory, and the system has not so much left`,
    {
      hint: 'leave other programs, and try again',
      cause,
    },
  )

function digest(name: string, parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash(name)
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

const algorithm = 'chacha20-poly1305'
const isNative = getCiphers().includes(algorithm)
const tagSize = 16

// RFC 8410: what stands before the 57 octets of an Ed448 key in DER.
const pkcs8Prefix = Uint8Array.of(0x30, 0x47, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x71, 4, 0x3b, 4, 0x39)
const spkiPrefix = Uint8Array.of(0x30, 0x43, 0x30, 5, 6, 3, 0x2b, 0x65, 0x71, 3, 0x3a, 0)
const ed448Size = 57
