/**
 * What two profiles who know each other's address share before they meet: the
 * keys of their rendezvous and of the link between them, by epoch and
 * direction. Spec: docs/Protocol.md, "The pair's secret"; HKDF is RFC 5869
 * with SHA-256.
 */
import { hmacSha256, wipe } from '../crypto.ts'
import { Writer } from '../wire/writer.ts'
import { compareOctets, discoveryKeyIn, type ProfileAddress } from './address.ts'
import { discoveryKeySize, sharedSecret } from './discoverykey.ts'

/** 0: from the lesser address to the greater one. */
export type Direction = 0 | 1

export type Role = 'initiator' | 'responder'

/** psk and mac1 are of the link, not of a direction: theirs is 0. */
export type Label = 'ed25519' | 'aead' | 'ih' | 'psk' | 'mac1' | 'lan'

/** e = floor(unix seconds / 3600) */
export const epochOf = (unixMs: number): number => Math.floor(unixMs / epochDuration)

const epochDuration = 3_600_000 // ms

export interface Self {
  readonly discoverySecret: Uint8Array
  readonly address: ProfileAddress
}

/** The two discovery keys, as phi names them (docs/Protocol.md, D2): zeros in an invite. */
export interface PairNames {
  readonly own: Uint8Array
  readonly buddy: Uint8Array
}

interface PairOptions {
  readonly role: Role
  readonly direction: Direction
  readonly names: PairNames
  /** HKDF-Expand(own discovery secret, "otrtalk own record", 32) */
  readonly markKey?: Uint8Array
}

export class Pair {
  /** Of what we publish. */
  readonly direction: Direction
  /** On the link: the holder of the smaller discovery key initiates; with an invite the accepter. */
  readonly role: Role
  readonly names: PairNames
  /** 16 octets, of our discovery secret: the buddy has all other keys, and cannot make these. None in an invite. */
  readonly mark: ((octets: Uint8Array) => Uint8Array) | undefined
  readonly #prk: Uint8Array
  readonly #markKey: Uint8Array | undefined

  private constructor(prk: Uint8Array, { role, direction, names, markKey }: PairOptions) {
    this.#prk = prk
    this.#markKey = markKey
    this.mark = markKey && ((octets) => hmacSha256(markKey, octets).slice(0, markSize))
    this.role = role
    this.direction = direction
    this.names = names
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
    const names = { own: discoveryKeyIn(own.address), buddy: discoveryKeyIn(buddy) }
    // An address begins with its discovery key: the lesser one initiates.
    const markKey = hmacSha256(own.discoverySecret, ascii('otrtalk own record'), Uint8Array.of(1))
    return order < 0
      ? new Pair(prk, { role: 'initiator', direction: 0, names, markKey })
      : new Pair(prk, { role: 'responder', direction: 1, names, markKey })
  }

  /**
   * Who share nothing but an invite code.
   *
   * @param prk - 32 octets made of the code; taken over
   */
  static ofInvite(prk: Uint8Array, side: 'inviter' | 'accepter'): Pair {
    const nobody = new Uint8Array(discoveryKeySize)
    const names = { own: nobody, buddy: nobody }
    return side === 'inviter'
      ? new Pair(prk, { role: 'responder', direction: 0, names })
      : new Pair(prk, { role: 'initiator', direction: 1, names })
  }

  /** HKDF-Expand(PRK, "smp", 32): what the two of an invite prove to know, each in the other's conversation. */
  get smpSecret(): Uint8Array {
    return hmacSha256(this.#prk, ascii('smp'), Uint8Array.of(1))
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
    if (this.#markKey) wipe(this.#markKey)
  }
}

const markSize = 16
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)
const salt = ascii('otrtalk rendezvous v1')
