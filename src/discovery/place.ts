/**
 * Where one of two buddies leaves his record in one hour, and the keys that
 * go with it: both derive the same from what they share. Spec: "The pair's
 * secret" in docs/Protocol.md.
 */
import { type Ed25519, ed25519, sha1, wipe } from '../crypto.ts'

/** What two buddies share; kept and wiped by its owner. */
export interface PairKeys {
  /** The direction of our own records. */
  readonly own: 0 | 1
  /** 32 octets that are the caller's to wipe. */
  key(label: 'ed25519' | 'aead' | 'ih', direction: 0 | 1, epoch: number): Uint8Array
  /**
   * 16 octets that we alone can make of these: the buddy has every key of the
   * pair, and could write in our direction. Without it nobody is believed to be us.
   */
  mark?(octets: Uint8Array): Uint8Array
}

/** Something under one target for one hour: a record, or the peers of BEP 5. */
export interface Spot extends Disposable {
  readonly epoch: number
  readonly target: Uint8Array // 20 octets
}

/** Under which one of two announces himself as BEP 5 has it: the first 20 octets of the key `ih`. */
export class InfoHash implements Spot {
  readonly epoch: number
  readonly target: Uint8Array

  constructor(pair: PairKeys, direction: 0 | 1, epoch: number) {
    const key = pair.key('ih', direction, epoch)
    this.epoch = epoch
    this.target = key.slice(0, 20)
    wipe(key)
  }

  [Symbol.dispose](): void {} // a target is no secret once it was asked for
}

export class Place implements Spot {
  readonly epoch: number
  readonly target: Uint8Array // 20 octets: SHA-1 of the public key, no salt
  readonly aead: Uint8Array
  readonly #signer: Ed25519

  constructor(pair: PairKeys, direction: 0 | 1, epoch: number) {
    const secret = pair.key('ed25519', direction, epoch)
    this.epoch = epoch
    this.#signer = ed25519(secret)
    this.target = sha1(this.#signer.publicKey)
    this.aead = pair.key('aead', direction, epoch)
    wipe(secret)
  }

  get publicKey(): Uint8Array {
    return this.#signer.publicKey
  }

  sign(message: Uint8Array): Uint8Array {
    return this.#signer.sign(message)
  }

  [Symbol.dispose](): void {
    wipe(this.aead)
  }
}

/** The hour, counted from 1970. @param wall - unix milliseconds */
export const epochOf = (wall: number): number => Math.floor(wall / hour)

/** This hour's and its neighbours': what a reader reads, whose clock may be an hour wrong. */
export const readEpochs = (wall: number): readonly number[] => {
  const epoch = epochOf(wall)
  return [epoch, epoch - 1, epoch + 1]
}

/** This hour's, and within ten minutes of a boundary its neighbour's: what a writer writes. */
export const writeEpochs = (wall: number): readonly number[] => {
  const epoch = epochOf(wall)
  return [...new Set([epoch, epochOf(wall - margin), epochOf(wall + margin)])]
}

const hour = 3_600_000 // ms
const margin = 600_000 // ms
