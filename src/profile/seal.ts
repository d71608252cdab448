/**
 * A sealed file: octets under a passphrase. A random master key is wrapped by
 * scrypt (RFC 7914) of the passphrase; the octets are sealed by a subkey of it
 * with XChaCha20-Poly1305, a new nonce each time. Spec: docs/Protocol.md,
 * "Sealed files". A checksum over all of it tells a damaged file from a wrong
 * passphrase; it protects from accidents, the tags from people.
 */
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { equal, hmacSha256, type Random, scrypt, sha256, wipe } from '../crypto.ts'
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'

/** What a guess of the passphrase costs: `memoryOf`, and p times N r steps. */
export interface Cost {
  readonly logN: number // N = 2^logN
  readonly r: number
  readonly p: number
}

/** 128 N r octets */
export const memoryOf = ({ logN, r }: Cost): number => 128 * 2 ** logN * r

/** 0.4 s and 128 MiB on two slow cores: RFC 9106's recommendation for scrypt's memory, four times OWASP's least. */
export const defaultCost: Cost = { logN: 17, r: 8, p: 1 }

/** An empty passphrase is known to all: no cost makes it better. */
const freeCost: Cost = { logN: 1, r: 1, p: 1 }

/** On reading: a file must not make us take more memory than that. RFC 7914, section 2: N < 2^(16 r). */
const maxCost: Cost = { logN: 20, r: 16, p: 4 }

/** What the file is: no key of one form opens another. */
export interface Form {
  /** The file's first octets; the line end in them shows a transfer as text. */
  readonly magic: Uint8Array
  /** Of the key that seals the octets. */
  readonly label: Uint8Array
}

export const formOf = (magic: string, label: string): Form => ({ magic: utf8(magic), label: utf8(label) })

export type SealFault =
  | 'newer' // written by a newer program
  | 'damaged' // or some other file
  | 'wrong-passphrase'

export type Unsealed =
  | { readonly kind: 'opened'; readonly seal: Seal; readonly octets: Uint8Array }
  | { readonly kind: 'refused'; readonly why: SealFault }

interface Header {
  readonly octets: Uint8Array // up to the wrapped key, which they authenticate
  readonly cost: Cost
  readonly salt: Uint8Array
  readonly nonce: Uint8Array
}

/** The key of a sealed file, and the head that it is wrapped in. */
export class Seal {
  readonly #header: Header
  readonly #head: Uint8Array // header and wrapped key, the same for the seal's life
  readonly #key: Uint8Array

  private constructor(header: Header, head: Uint8Array, key: Uint8Array) {
    this.#header = header
    this.#head = head
    this.#key = key
  }

  /** A new master key. An empty passphrase protects nothing: ask before. */
  static async create(
    form: Form,
    passphrase: string,
    { random, cost = defaultCost }: { readonly random: Random; readonly cost?: Cost },
  ): Promise<Seal> {
    const header = writeHeader(form, passphrase === '' ? freeCost : cost, random)
    const wrapping = await wrappingKey(passphrase, header)
    const master = random(keySize)
    const wrapped = xchacha20poly1305(wrapping, header.nonce, header.octets).encrypt(master)
    const head = new Writer(256).bytes(header.octets).bytes(wrapped).done()
    const seal = new Seal(header, head, subkey(form, master))
    wipe(wrapping, master)
    return seal
  }

  /** @param file - of any octets */
  static async open(form: Form, file: Uint8Array, passphrase: string): Promise<Unsealed> {
    const parts = split(form, file)
    if (typeof parts === 'string') return { kind: 'refused', why: parts }
    const { header, head, wrapped, nonce, sealed } = parts
    const master = await unwrap(passphrase, header, wrapped)
    if (!master) return { kind: 'refused', why: 'wrong-passphrase' }
    const seal = new Seal(header, head, subkey(form, master))
    wipe(master)
    const octets = decrypt({ key: seal.#key, nonce, aad: head }, sealed)
    return octets ? { kind: 'opened', seal, octets } : { kind: 'refused', why: 'damaged' }
  }

  /** The whole file. */
  seal(octets: Uint8Array, random: Random): Uint8Array {
    const nonce = random(nonceSize)
    const sealed = xchacha20poly1305(this.#key, nonce, this.#head).encrypt(octets)
    const file = new Writer(this.#head.length + nonceSize + sealed.length + checksumSize)
    file.bytes(this.#head).bytes(nonce).bytes(sealed)
    return file.bytes(sha256(file.done())).done()
  }

  /** Whether this passphrase opens it; costs as much as opening. */
  async opensWith(passphrase: string): Promise<boolean> {
    const wrapped = this.#head.subarray(this.#header.octets.length)
    const master = await unwrap(passphrase, this.#header, wrapped)
    if (master) wipe(master)
    return master !== undefined
  }

  /** Afterwards it seals nothing that could be opened. */
  wipe(): void {
    wipe(this.#key)
  }
}

/** Whether the file was sealed with a passphrase, or why it cannot be opened with any. */
export function needsPassphrase(form: Form, file: Uint8Array): boolean | 'newer' | 'damaged' {
  const cost = costOf(form, file)
  return typeof cost === 'string' ? cost : cost.logN !== freeCost.logN
}

/** What a guess at the file’s passphrase costs, or why there is none to guess. */
export function costOf(form: Form, file: Uint8Array): Cost | 'newer' | 'damaged' {
  const parts = split(form, file)
  return typeof parts === 'string' ? parts : parts.header.cost
}

function writeHeader({ magic }: Form, { logN, r, p }: Cost, random: Random): Header {
  const salt = random(saltSize)
  const nonce = random(nonceSize)
  const writer = new Writer(80).bytes(magic).u8(version).u8(logN).u8(r).u8(p)
  return { octets: writer.bytes(salt).bytes(nonce).done(), cost: { logN, r, p }, salt, nonce }
}

/** magic | version 1 | log2 N 1 | r 1 | p 1 | salt 32 | nonce 24 | wrapped key 48 | nonce 24 | sealed octets | SHA-256 32 */
function split({ magic }: Form, file: Uint8Array) {
  const reader = new Reader(file)
  if (!equal(reader.bytes(magic.length), magic)) return 'damaged'
  const body = file.subarray(0, Math.max(0, file.length - checksumSize))
  if (!equal(sha256(body), file.subarray(body.length))) return 'damaged'
  if (reader.u8() !== version) return 'newer'
  const cost: Cost = { logN: reader.u8(), r: reader.u8(), p: reader.u8() }
  const salt = reader.bytes(saltSize).slice()
  const nonceOfKey = reader.bytes(nonceSize).slice()
  const header: Header = { cost, salt, nonce: nonceOfKey, octets: file.slice(0, reader.at) }
  const wrapped = reader.bytes(keySize + tagSize)
  const head = file.slice(0, reader.at)
  const nonce = reader.bytes(nonceSize)
  const sealed = reader.bytes(Math.max(0, reader.left - checksumSize))
  if (!reader.isSound || sealed.length < tagSize || !isBearable(cost)) return 'damaged'
  return { header, head, wrapped, nonce, sealed }
}

const isBearable = ({ logN, r, p }: Cost): boolean =>
  [logN, r, p].every((value) => value >= 1) &&
  logN <= maxCost.logN &&
  logN < 16 * r &&
  r <= maxCost.r &&
  p <= maxCost.p

/** The master key, or `undefined` for another passphrase. */
async function unwrap(
  passphrase: string,
  header: Header,
  wrapped: Uint8Array,
): Promise<Uint8Array | undefined> {
  const key = await wrappingKey(passphrase, header)
  const master = decrypt({ key, nonce: header.nonce, aad: header.octets }, wrapped)
  wipe(key)
  return master
}

/** scrypt(passphrase in NFC and UTF-8, salt, 32): the same passphrase from every keyboard (RFC 8265) */
function wrappingKey(passphrase: string, { cost: { logN, r, p }, salt }: Header): Promise<Uint8Array> {
  return scrypt(utf8(passphrase.normalize('NFC')), salt, { N: 2 ** logN, r, p, size: keySize })
}

/** HKDF-Expand(master key, label, 32): one block of HMAC; the master key is random already */
const subkey = ({ label }: Form, master: Uint8Array): Uint8Array =>
  hmacSha256(master, label, Uint8Array.of(1))

interface Opening {
  readonly key: Uint8Array
  readonly nonce: Uint8Array
  readonly aad: Uint8Array
}

function decrypt({ key, nonce, aad }: Opening, sealed: Uint8Array): Uint8Array | undefined {
  try {
    return xchacha20poly1305(key, nonce, aad).decrypt(sealed)
  } catch {
    return undefined // noble's only way to say that the tag is wrong
  }
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

const version = 1
const keySize = 32
const saltSize = 32
const nonceSize = 24
const tagSize = 16
const checksumSize = 32
