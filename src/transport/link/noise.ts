/**
 * Noise_NNpsk0_25519_ChaChaPoly_BLAKE2s (noiseprotocol.org, revision 34):
 *
 *     -> psk, e
 *     <- e, ee
 *
 * Ephemeral keys and a shared secret only: nobody signs, and what was recorded
 * stays closed when the secret becomes known later. Section numbers are the
 * paper's.
 */
import { x25519 } from '@noble/curves/ed25519.js'
import { blake2s } from '@noble/hashes/blake2.js'
import { hmac } from '@noble/hashes/hmac.js'
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { aead, wipe } from '../../crypto.ts'

export interface NoiseOptions {
  readonly prologue: Uint8Array
  readonly psk: Uint8Array // 32 octets
  /** The ephemeral secret key: 32 octets never used before. Wiped with the handshake. */
  readonly secret: Uint8Array
}

/** What a handshake leaves behind. */
export interface Agreed {
  /** The handshake hash: 32 octets, the same for both, different for every handshake. */
  readonly h: Uint8Array
  /** The chaining key; the first transport keys are `hkdf(ck)`, initiator's first (section 5.2, Split). */
  readonly ck: Uint8Array
  /** What the other side's message carried. */
  readonly payload: Uint8Array
}

export class NoiseInitiator {
  /** -> psk, e: 48 octets and the payload's. */
  readonly message: Uint8Array
  readonly #secret: Uint8Array
  readonly #state: SymmetricState

  constructor({ prologue, psk, secret }: NoiseOptions, payload: Uint8Array = none) {
    this.#secret = secret
    this.#state = new SymmetricState(prologue)
    const e = x25519.getPublicKey(secret)
    this.#state.mixKeyAndHash(psk)
    this.#state.mixEphemeral(e)
    this.message = concatBytes(e, this.#state.encryptAndHash(payload))
  }

  /** <- e, ee. A message that is not the answer changes nothing: the next one may be. */
  read(message: Uint8Array): Agreed | undefined {
    if (message.length < messageSize) return undefined
    const state = this.#state.clone()
    const payload = this.#readInto(state, message)
    if (payload) return { ...state.agreed(), payload }
    state.wipe()
    return undefined
  }

  #readInto(state: SymmetricState, message: Uint8Array): Uint8Array | undefined {
    const e = message.slice(0, keySize)
    state.mixEphemeral(e)
    const agreed = dh(this.#secret, e)
    if (!agreed) return undefined
    state.mixKey(agreed)
    wipe(agreed)
    return state.decryptAndHash(message.subarray(keySize))
  }

  wipe(): void {
    wipe(this.#secret)
    this.#state.wipe()
  }
}

/** Reads -> psk, e and writes <- e, ee; `undefined` if the message is not of this psk. Wipes the secret either way. */
export function respond(
  message: Uint8Array,
  options: NoiseOptions,
  payload: Uint8Array = none,
): Responded | undefined {
  const state = new SymmetricState(options.prologue)
  const answer = message.length < messageSize ? undefined : respondIn(state, message, options, payload)
  wipe(options.secret)
  if (!answer) state.wipe()
  return answer
}

type Responded = Agreed & { readonly message: Uint8Array }

function respondIn(
  state: SymmetricState,
  message: Uint8Array,
  { psk, secret }: NoiseOptions,
  payload: Uint8Array,
): Responded | undefined {
  const theirs = message.slice(0, keySize)
  state.mixKeyAndHash(psk)
  state.mixEphemeral(theirs)
  const received = state.decryptAndHash(message.subarray(keySize))
  if (!received) return undefined
  const e = x25519.getPublicKey(secret)
  state.mixEphemeral(e)
  const agreed = dh(secret, theirs)
  if (!agreed) return undefined
  state.mixKey(agreed)
  wipe(agreed)
  const answer = concatBytes(e, state.encryptAndHash(payload))
  return { ...state.agreed(), payload: received, message: answer }
}

/** HKDF(chaining_key, input, 2) of section 4.3, with HMAC-BLAKE2s. No input is the Split of section 5.2. */
export function hkdf(ck: Uint8Array, input: Uint8Array = none): readonly [Uint8Array, Uint8Array] {
  const [first, second, third] = expand(ck, input)
  wipe(third)
  return [first, second]
}

/** A message without payload: an ephemeral key and the tag of nothing. */
export const messageSize = 48

/** Section 5.2, with the `n` of its CipherState: one key seals at most one text of a handshake and its tag. */
class SymmetricState {
  #ck: Uint8Array
  #h: Uint8Array
  #k: Uint8Array = none
  #n = 0

  constructor(prologue: Uint8Array) {
    this.#h = blake2s(protocolName) // longer than a hash, so hashed
    this.#ck = this.#h.slice()
    this.#mixHash(prologue)
  }

  clone(): SymmetricState {
    const copy = new SymmetricState(none)
    copy.#ck = this.#ck.slice()
    copy.#h = this.#h.slice()
    copy.#k = this.#k.slice()
    copy.#n = this.#n
    return copy
  }

  mixKey(input: Uint8Array): void {
    const [ck, k] = hkdf(this.#ck, input)
    this.#replaceKeys(ck, k)
  }

  /** Section 9.2: psk0. */
  mixKeyAndHash(psk: Uint8Array): void {
    const [ck, h, k] = expand(this.#ck, psk)
    this.#mixHash(h)
    this.#replaceKeys(ck, k)
  }

  /** Section 9.2: with a psk, an `e` is mixed into the key as well. */
  mixEphemeral(e: Uint8Array): void {
    this.#mixHash(e)
    this.mixKey(e)
  }

  encryptAndHash(plaintext: Uint8Array): Uint8Array {
    const ciphertext = aead(this.#k).seal(nonceOf(this.#n++), this.#h, plaintext)
    this.#mixHash(ciphertext)
    return ciphertext
  }

  decryptAndHash(ciphertext: Uint8Array): Uint8Array | undefined {
    const plaintext = aead(this.#k).open(nonceOf(this.#n++), this.#h, ciphertext)
    this.#mixHash(ciphertext)
    return plaintext
  }

  /** The end of a handshake: nothing else may follow. */
  agreed(): { readonly h: Uint8Array; readonly ck: Uint8Array } {
    wipe(this.#k)
    return { h: this.#h, ck: this.#ck }
  }

  wipe(): void {
    wipe(this.#ck, this.#k)
  }

  #mixHash(data: Uint8Array): void {
    this.#h = blake2s(concatBytes(this.#h, data))
  }

  #replaceKeys(ck: Uint8Array, k: Uint8Array): void {
    wipe(this.#ck, this.#k)
    this.#ck = ck
    this.#k = k
    this.#n = 0
  }
}

function expand(ck: Uint8Array, input: Uint8Array): readonly [Uint8Array, Uint8Array, Uint8Array] {
  const temp = hmac(blake2s, ck, input)
  const first = hmac(blake2s, temp, Uint8Array.of(1))
  const second = hmac(blake2s, temp, concatBytes(first, Uint8Array.of(2)))
  const third = hmac(blake2s, temp, concatBytes(second, Uint8Array.of(3)))
  wipe(temp)
  return [first, second, third]
}

/** X25519; `undefined` where the result would be zero whatever the secret (RFC 7748, section 6.1). */
function dh(secret: Uint8Array, point: Uint8Array): Uint8Array | undefined {
  try {
    return x25519.getSharedSecret(secret, point)
  } catch {
    return undefined // noble's only way to say that the point is of low order
  }
}

/** Section 12.3: 4 zero octets, then n, little-endian. */
function nonceOf(n: number): Uint8Array {
  const nonce = new Uint8Array(12)
  nonce[4] = n
  return nonce
}

const protocolName = utf8ToBytes('Noise_NNpsk0_25519_ChaChaPoly_BLAKE2s')
const keySize = 32
const none = new Uint8Array(0)
