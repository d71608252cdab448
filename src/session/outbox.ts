/**
 * What the user said and nobody has confirmed yet, in the order it was said. A
 * message waits for a conversation, then for a receipt; when a conversation is
 * lost in between it waits again, and goes out under its old id, only ever to
 * the key it went to before (docs/Security.md, "What is promised").
 */
import type { About, Undelivered } from './command.ts'
import { maxKnown } from './known.ts'

export interface Outgoing {
  readonly id: string
  readonly text: string
  readonly saidAt: number // ms, monotonic
  /** Whom it is for, whoever the buddy may be; as soon as it was sent, to whom it went. */
  readonly to?: string | undefined
  readonly about?: About | undefined
}

interface Entry extends Outgoing {
  readonly to: string | undefined
  readonly isInFlight: boolean
  /** Also in an earlier conversation. */
  readonly wasSent: boolean
}

export class Outbox {
  #entries: Entry[] = []
  readonly #ids = new Set<string>() // the latest ones, oldest first

  get length(): number {
    return this.#entries.length
  }

  /** Takes a message, or says why it cannot be sent. */
  push(message: Outgoing): Undelivered | undefined {
    if (isTooLong(message.text)) return 'too-long'
    if (this.#entries.length >= maxUnconfirmed) return 'too-many'
    // What is told of it later could be of either; and another program may take it for the first one sent again.
    if (this.#ids.has(message.id)) return 'known-id'
    this.#ids.add(message.id)
    if (this.#ids.size > maxKnown) this.#ids.delete(this.#ids.values().next().value!)
    // OTRv4, "Plaintext format": the text ends at the first NUL.
    const text = message.text.replaceAll('\0', '\u2400')
    this.#entries.push({ ...message, text, to: message.to, isInFlight: false, wasSent: false })
    return undefined
  }

  /** The next one to encrypt to the holder of `fingerprint`. */
  next(fingerprint: string): Outgoing | undefined {
    return this.#entries.find(({ isInFlight, to }) => !isInFlight && (to === undefined || to === fingerprint))
  }

  sent(id: string, fingerprint: string): void {
    this.#change(id, (entry) => ({ ...entry, to: fingerprint, isInFlight: true, wasSent: true }))
  }

  /** Removes what the holder of `fingerprint` says he has; `undefined` if it never went to him. */
  confirm(id: string, fingerprint: string): Outgoing | undefined {
    const found = this.#entries.find((entry) => entry.id === id && entry.to === fingerprint && entry.wasSent)
    if (found) this.#entries = this.#entries.filter((entry) => entry !== found)
    return found
  }

  /** A conversation is over: what it did not confirm waits for the next one. */
  rewind(): void {
    this.#entries = this.#entries.map((entry) => ({ ...entry, isInFlight: false }))
  }

  drop(ids: ReadonlySet<string>): void {
    this.#entries = this.#entries.filter(({ id }) => !ids.has(id))
  }

  /** Gives up all that nobody confirmed. */
  clear(): readonly Outgoing[] {
    return this.#entries.splice(0)
  }

  #change(id: string, change: (entry: Entry) => Entry): void {
    this.#entries = this.#entries.map((entry) => (entry.id === id ? change(entry) : entry))
  }
}

/** No honest program says such a text: with its frame it would not fit every link's limit, nor a screen. */
export const isTooLong = (text: string): boolean =>
  text.length > maxText || new TextEncoder().encode(text).length > maxText

const maxText = 32 * 1024 // octets of UTF-8

/** Messages: a receipt for all of them fits one message. */
export const maxUnconfirmed = 1_000
