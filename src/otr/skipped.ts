/**
 * Keys of messages that have not arrived yet, by (public ECDH key, message id).
 * OTRv4, "Deletion of Stored Message Keys"; D7. Immutable: each change is a new
 * store.
 */
import { type ChainKey, type MessageKeys, macKey, messageKeys } from './keys.ts'

interface SkippedKeys extends MessageKeys {
  readonly since: number // ms
}

/** A run of messages of one ratchet that were passed over: their chain keys, the first one's id. */
export interface Gap {
  readonly ecdh: Uint8Array
  readonly first: number
  readonly chainKeys: readonly ChainKey[]
}

export class Skipped {
  static readonly none: Skipped = new Skipped(new Map())

  readonly #keys: ReadonlyMap<string, SkippedKeys> // in the order of their age

  private constructor(keys: ReadonlyMap<string, SkippedKeys>) {
    this.#keys = keys
  }

  get size(): number {
    return this.#keys.size
  }

  find(ecdh: Uint8Array, messageId: number): MessageKeys | undefined {
    return this.#keys.size === 0 ? undefined : this.#keys.get(name(ecdh, messageId))
  }

  without(ecdh: Uint8Array, messageId: number): Skipped {
    const keys = new Map(this.#keys)
    keys.delete(name(ecdh, messageId))
    return new Skipped(keys)
  }

  /**
   * With the keys of the gaps, less what is too old or too many. The MAC keys
   * of what was dropped are to be revealed.
   */
  with(
    gaps: readonly Gap[],
    now: number,
  ): { readonly skipped: Skipped; readonly dropped: readonly Uint8Array[] } {
    const oldest = this.#keys.values().next().value
    const isFresh = oldest === undefined || now - oldest.since < maxAge
    if (isFresh && gaps.every((gap) => gap.chainKeys.length === 0)) return { skipped: this, dropped: [] }

    const keys = new Map(this.#keys)
    for (const { ecdh, first, chainKeys } of gaps) {
      for (const [i, chainKey] of chainKeys.entries()) {
        keys.set(name(ecdh, first + i), { ...messageKeys(chainKey), since: now })
      }
    }
    const dropped: Uint8Array[] = []
    for (const [key, { mkEnc, since }] of keys) {
      if (keys.size <= maxSkipped && now - since < maxAge) break
      dropped.push(macKey(mkEnc))
      keys.delete(key)
    }
    return { skipped: new Skipped(keys), dropped }
  }

  /** All MAC keys: to be revealed when the conversation ends. */
  macKeys(): Uint8Array[] {
    return Array.from(this.#keys.values(), ({ mkEnc }) => macKey(mkEnc))
  }

  *secrets(): Generator<Uint8Array> {
    for (const { mkEnc, extraKey } of this.#keys.values()) {
      yield mkEnc
      yield extraKey
    }
  }
}

const name = (ecdh: Uint8Array, messageId: number): string => `${String.fromCharCode(...ecdh)}${messageId}`

/** As the spec suggests. One message may pass over as many, which costs 5 ms. */
export const maxSkipped = 1_000
// The link delivers in order, or the message is lost with the link: an hour is generous.
const maxAge = 3_600_000 // ms
