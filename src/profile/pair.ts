/**
 * What two profiles who know each other's address share before they meet: the
 * keys of their rendezvous and of the link between them, by epoch and
 * direction. Spec: docs/Protocol.md, "The pair's secret"; HKDF is RFC 5869
 * with SHA-256.
 */
import { hmacSha256, wipe } from '../crypto.ts'
import { Writer } from '../wire/writer.ts'
import { compareOctets, discoveryKeyIn, type ProfileAddress } from './address.ts'
import { sharedSecret } from './discoverykey.ts'

/** 0: from the lesser address to the greater one. */
export type Direction = 0 | 1

export type Role = 'initiator' | 'responder'

/** psk and mac1 are of the link, not of a direction: theirs is 0. */
export type Label = 'ed25519' | 'aead' | 'ih' | 'psk' | 'mac1'

/** e = floor(unix seconds / 3600) */
export const epochOf = (unixMs: number): number => Math.floor(unixMs / epochDuration)

const epochDuration = 3_600_000 // ms

export interface Self {
  readonly discoverySecret: Uint8Array
  readonly address: ProfileAddress
}

export class Pair {
  /** Of what we publish. */
  readonly direction: Direction
  /** On the link: the holder of the smaller discovery key initiates. */
  readonly role: Role
  readonly #prk: Uint8Array

  private constructor(prk: Uint8Array, role: Role) {
    this.#prk = prk
    this.role = role
    this.direction = role === 'initiator' ? 0 : 1 // an address begins with its discovery key
  }

  /**
   * S   = X25519(own discovery secret, buddy's discovery key)
   * PRK = HKDF-Extract("otrtalk rendezvous v1", S || lesser address || greater address)
   *
   * `undefined` if S is all-zero, a key is not canonical, or both have the same.
   */
  static of(own: Self, buddy: ProfileAddress): Pair | undefined {
    const order = compareOctets(discoveryKeyIn(own.address), discoveryKeyIn(buddy))
    const secret = order === 0 ? undefined : sharedSecret(own.discoverySecret, discoveryKeyIn(buddy))
    if (!secret) return undefined
    const [lesser, greater] = order < 0 ? [own.address, buddy] : [buddy, own.address]
    const prk = hmacSha256(salt, secret, lesser, greater)
    wipe(secret)
    return new Pair(prk, order < 0 ? 'initiator' : 'responder')
  }

  /** HKDF-Expand(PRK, label | d | e, 32): one block of HMAC, e in 8 octets */
  key(label: Label, direction: Direction, epoch: number): Uint8Array {
    const info = new Writer(32).bytes(ascii(label)).u8(direction).u64(BigInt(epoch)).u8(1).done()
    return hmacSha256(this.#prk, info)
  }

  /** first 8 of HMAC-SHA-256(PRK, "init" | role | e): who sends a first datagram of the link, for him who knows PRK */
  tag(role: Role, epoch: number): Uint8Array {
    const octets = new Writer(16)
      .bytes(ascii('init'))
      .u8(role === 'initiator' ? 0 : 1)
      .u64(BigInt(epoch))
      .done()
    return hmacSha256(this.#prk, octets).slice(0, 8)
  }

  /** Afterwards its keys are of no use. */
  wipe(): void {
    wipe(this.#prk)
  }
}

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)
const salt = ascii('otrtalk rendezvous v1')
