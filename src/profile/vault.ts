/**
 * The vault: a profile's secrets, sealed under a passphrase. A random master
 * key is wrapped by scrypt (RFC 7914) of the passphrase; the contents are
 * sealed by a subkey of it with XChaCha20-Poly1305, a new nonce each time.
 * Spec: docs/Protocol.md, "Vault". A checksum over all of it tells a damaged
 * file from a wrong passphrase; it protects from accidents, the tags from people.
 */
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { equal, hmacSha256, type Random, scrypt, sha256, wipe } from '../crypto.ts'
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'
import { type Contents, encodeContents, readContents } from './contents.ts'

/** What a guess of the passphrase costs: 128 N r octets of memory, and p times N r steps. */
export interface Cost {
  readonly logN: number // N = 2^logN
  readonly r: number
  readonly p: number
}

/** 0.4 s and 128 MiB on two slow cores: RFC 9106's recommendation for scrypt's memory, four times OWASP's least. */
export const defaultCost: Cost = { logN: 17, r: 8, p: 1 }

/** An empty passphrase is known to all: no cost makes it better. */
const freeCost: Cost = { logN: 1, r: 1, p: 1 }

/** On reading: a file must not make us take more memory than that. RFC 7914, section 2: N < 2^(16 r). */
const maxCost: Cost = { logN: 20, r: 16, p: 4 }

/** Octets: the most buddies and nodes fit ten times. */
export const maxVaultSize = 4 * 1024 * 1024

export type VaultFault =
  | 'newer' // written by a newer program
  | 'damaged' // or some other file
  | 'wrong-passphrase'

export type OpenedVault =
  | { readonly kind: 'opened'; readonly vault: Vault; readonly contents: Contents }
  | { readonly kind: 'refused'; readonly why: VaultFault }

interface Header {
  readonly octets: Uint8Array // up to the wrapped key, which they authenticate
  readonly cost: Cost
  readonly salt: Uint8Array
  readonly nonce: Uint8Array
}

/** An open vault: knows its keys, and seals new contents under them. */
export class Vault {
  readonly #head: Uint8Array // header and wrapped key, the same for the vault's life
  readonly #key: Uint8Array

  private constructor(head: Uint8Array, master: Uint8Array) {
    this.#head = head
    this.#key = subkey(master)
  }

  /** A vault with a new master key. An empty passphrase protects nothing: ask before. */
  static async create(
    passphrase: string,
    { random, cost = defaultCost }: { readonly random: Random; readonly cost?: Cost },
  ): Promise<Vault> {
    const header = writeHeader(passphrase, cost, random)
    const wrapping = await wrappingKey(passphrase, header)
    const master = random(keySize)
    const wrapped = xchacha20poly1305(wrapping, header.nonce, header.octets).encrypt(master)
    const vault = new Vault(new Writer(256).bytes(header.octets).bytes(wrapped).done(), master)
    wipe(wrapping, master)
    return vault
  }

  static async open(file: Uint8Array, passphrase: string): Promise<OpenedVault> {
    const parts = split(file)
    if (typeof parts === 'string') return { kind: 'refused', why: parts }
    const { header, head, wrapped, nonce, sealed } = parts
    const wrapping = await wrappingKey(passphrase, header)
    const master = decrypt({ key: wrapping, nonce: header.nonce, aad: header.octets }, wrapped)
    wipe(wrapping)
    if (!master) return { kind: 'refused', why: 'wrong-passphrase' }
    const vault = new Vault(head, master)
    wipe(master)
    const octets = decrypt({ key: vault.#key, nonce, aad: head }, sealed)
    const contents = octets && readContents(octets)
    if (octets) wipe(octets)
    if (contents === 'newer') return { kind: 'refused', why: contents }
    return contents ? { kind: 'opened', vault, contents } : { kind: 'refused', why: 'damaged' }
  }

  /** The whole file. */
  seal(contents: Contents, random: Random): Uint8Array {
    const nonce = random(nonceSize)
    const octets = encodeContents(contents)
    const sealed = xchacha20poly1305(this.#key, nonce, this.#head).encrypt(octets)
    wipe(octets)
    const file = new Writer(this.#head.length + nonceSize + sealed.length + checksumSize)
    file.bytes(this.#head).bytes(nonce).bytes(sealed)
    return file.bytes(sha256(file.done())).done()
  }

  /** Afterwards it seals nothing that could be opened. */
  wipe(): void {
    wipe(this.#key)
  }
}

/** Whether the vault was made with a passphrase, or why it cannot be opened with any. */
export function needsPassphrase(file: Uint8Array): boolean | 'newer' | 'damaged' {
  const parts = split(file)
  return typeof parts === 'string' ? parts : parts.header.cost.logN !== freeCost.logN
}

function writeHeader(passphrase: string, cost: Cost, random: Random): Header {
  const { logN, r, p } = passphrase === '' ? freeCost : cost
  const salt = random(saltSize)
  const nonce = random(nonceSize)
  const writer = new Writer(80).bytes(magic).u8(version).u8(logN).u8(r).u8(p)
  return { octets: writer.bytes(salt).bytes(nonce).done(), cost: { logN, r, p }, salt, nonce }
}

/** magic 15 | version 1 | log2 N 1 | r 1 | p 1 | salt 32 | nonce 24 | wrapped key 48 | nonce 24 | sealed contents | SHA-256 32 */
function split(file: Uint8Array) {
  const reader = new Reader(file)
  if (!equal(reader.bytes(magic.length), magic)) return 'damaged'
  const body = file.subarray(0, Math.max(0, file.length - checksumSize))
  if (!equal(sha256(body), file.subarray(body.length))) return 'damaged'
  if (reader.u8() !== version) return 'newer'
  const cost: Cost = { logN: reader.u8(), r: reader.u8(), p: reader.u8() }
  const salt = reader.bytes(saltSize)
  const header: Header = { cost, salt, nonce: reader.bytes(nonceSize), octets: file.subarray(0, reader.at) }
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

/** scrypt(passphrase in NFC and UTF-8, salt, 32): the same passphrase from every keyboard (RFC 8265) */
function wrappingKey(passphrase: string, { cost: { logN, r, p }, salt }: Header): Promise<Uint8Array> {
  return scrypt(new TextEncoder().encode(passphrase.normalize('NFC')), salt, {
    N: 2 ** logN,
    r,
    p,
    size: keySize,
  })
}

/** HKDF-Expand(master key, "otrtalk vault contents", 32): one block of HMAC; the master key is random already */
const subkey = (master: Uint8Array): Uint8Array =>
  hmacSha256(master, new TextEncoder().encode('otrtalk vault contents'), Uint8Array.of(1))

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

const magic = new TextEncoder().encode('otrtalk vault\n\0') // 15; the line end shows a transfer as text
const version = 1
const keySize = 32
const saltSize = 32
const nonceSize = 24
const tagSize = 16
const checksumSize = 32
