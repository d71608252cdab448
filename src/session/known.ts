/**
 * Messages that came before, by the key they came under: one that is resent is
 * shown once. Another text with the same id is another message: whoever said it
 * names it anew after a restart (a script may count), and is told that it was
 * delivered. The oldest are forgotten.
 */
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import { sha256 } from '../crypto.ts'

/** What a message that comes is: `unsafe` came before and is not on disk yet, so that nothing is confirmed. */
export type Heard = 'new' | 'unsafe' | 'known'

/** Those of everybody, whatever the session; they outlive the process where there is a log of them. */
export class KnownMessages {
  readonly #byKey = new Map<string, KnownOfOne>()

  /** @param fingerprint - all 112 hex digits */
  of(fingerprint: string): KnownOfOne {
    const known = this.#byKey.get(fingerprint) ?? new KnownOfOne()
    this.#byKey.set(fingerprint, known)
    return known
  }

  get all(): Iterable<readonly [fingerprint: string, known: KnownOfOne]> {
    return this.#byKey
  }
}

export class KnownOfOne {
  readonly #names = new Set<string>()
  readonly #ids = new Map<string, number>() // of the names, how many each
  readonly #unsafe = new Set<string>() // ids
  readonly #heard = new Set<string>() // names that no record has

  /** Of what was kept, the oldest first: what `add` takes. */
  get names(): Iterable<string> {
    return [...this.#names].filter((name) => !this.#heard.has(name))
  }

  get size(): number {
    return this.#names.size
  }

  /** Something came by this id. */
  hasId(id: string): boolean {
    return this.#ids.has(id)
  }

  /** It is known from here on, and unsafe until it is `kept`. */
  hear(id: string, text: string): Heard {
    const name = messageName(id, text)
    if (this.#names.has(name)) return this.#unsafe.has(id) ? 'unsafe' : 'known'
    this.#insert(name)
    this.#heard.add(name)
    this.#unsafe.add(id)
    return 'new'
  }

  /** What came by this id is on disk. */
  kept(id: string): void {
    this.#unsafe.delete(id)
  }

  /** It could not be kept: when it comes again it is new. */
  forget(id: string, text: string): void {
    const name = messageName(id, text)
    if (!this.#names.has(name)) return
    this.#remove(name)
    if (!this.hasId(id)) this.#unsafe.delete(id)
  }

  /** One that is kept. */
  add(name: string): void {
    this.#heard.delete(name)
    this.#insert(name)
  }

  #insert(name: string): void {
    if (this.#names.has(name)) return
    this.#names.add(name)
    this.#count(name, 1)
    if (this.#names.size > maxKnown) this.#remove(this.#names.values().next().value!)
  }

  #remove(name: string): void {
    this.#names.delete(name)
    this.#heard.delete(name)
    this.#count(name, -1)
  }

  #count(name: string, by: 1 | -1): void {
    const id = name.slice(0, idDigits)
    const count = (this.#ids.get(id) ?? 0) + by
    if (count > 0) this.#ids.set(id, count)
    else this.#ids.delete(id)
  }
}

/** 16 octets in hex: the id, and 8 of SHA-256 of the text. Who finds two texts of one name deceives himself only. */
export const messageName = (id: string, text: string): string =>
  id + bytesToHex(sha256(utf8ToBytes(text)).subarray(0, 8))

const idDigits = 16

/** Four times what anybody can have unconfirmed. */
export const maxKnown = 4_096
