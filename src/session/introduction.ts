/**
 * Telling a buddy our address, and taking his: in the conversation, where both
 * know who speaks. An address is ours to use once it is saved; only then is it
 * confirmed, so that a crash in between loses nothing.
 */
import type { Fingerprint } from '../otr/identity.ts'
import {
  formatProfileAddress,
  isFingerprintOf,
  type ProfileAddress,
  readProfileAddress,
} from '../profile/address.ts'

export class Introduction {
  /** Of the message that has our address; `undefined` once it is confirmed, or none is to be told. */
  #toldIn: string | undefined
  #isDue: boolean
  /** His, and the message it came in, until it is in the vault. */
  #heard: { readonly address: string; readonly id: string } | undefined

  constructor({ isDue }: { readonly isDue: boolean }) {
    this.#isDue = isDue
  }

  /** Our address is to be told, and nobody has confirmed it. */
  get isDue(): boolean {
    return this.#isDue
  }

  /** It was sent in the message of this id, perhaps not for the first time. */
  told(id: string): void {
    this.#toldIn = id
  }

  /** True if this receipt says that he has our address. */
  confirmed(id: string): boolean {
    if (id !== this.#toldIn) return false
    this.#toldIn = undefined
    this.#isDue = false
    return true
  }

  /**
   * His address, as it came; `undefined` if it is none, or not of the one who
   * speaks: his fingerprint is in it.
   */
  heard(
    octets: Uint8Array,
    { fingerprint, id }: { fingerprint: Fingerprint; id: string },
  ): ProfileAddress | undefined {
    const parsed = readProfileAddress(octets)
    if (parsed.kind === 'wrong' || !isFingerprintOf(parsed.address, fingerprint)) return undefined
    this.#heard = { address: formatProfileAddress(parsed.address), id }
    return parsed.address
  }

  /** This address is in the vault: the id of the message to confirm, once, if it came in one. */
  saved(address: string): string | undefined {
    if (this.#heard?.address !== address) return undefined
    const { id } = this.#heard
    this.#heard = undefined
    return id
  }
}
