/**
 * Messages already shown: one that is resent is shown once. Another text with
 * the same id is another message: whoever said it names it anew after a restart
 * (a script may count), and is told that it was delivered. The oldest are forgotten.
 */
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { sha256 } from '../crypto.ts'

export class KnownMessages {
  readonly #names = new Set<string>()

  /** False if it was there. */
  add(id: string, text: string): boolean {
    const name = id + bytesToHex(sha256(utf8ToBytes(text)))
    if (this.#names.has(name)) return false
    this.#names.add(name)
    if (this.#names.size > maxKnown) this.#names.delete(this.#names.values().next().value!)
    return true
  }
}

/** Four times what anybody can have unconfirmed. */
export const maxKnown = 4_096
