/**
 * Under which key messages of one direction went or came, by their ids: only
 * its own author takes a message back or changes it, and only who got one can
 * have read it. The oldest are forgotten.
 */
import { maxKnown } from './known.ts'

export class Spoken {
  readonly #keys = new Map<string, string>()

  /** @param fingerprint - all 112 hex digits */
  add(id: string, fingerprint: string): void {
    this.#keys.delete(id) // named anew: the newest
    this.#keys.set(id, fingerprint)
    if (this.#keys.size > maxKnown) this.#keys.delete(this.#keys.keys().next().value!)
  }

  /** What this id names is nobody's to change. */
  bar(id: string): void {
    this.add(id, '')
  }

  /** `undefined` if nobody knows any more; empty for what is barred. */
  keyOf(id: string): string | undefined {
    return this.#keys.get(id)
  }

  /** Forgets it; false if it was not of this key, and then it stays. */
  take(id: string, fingerprint: string): boolean {
    return this.#keys.get(id) === fingerprint && this.#keys.delete(id)
  }
}
