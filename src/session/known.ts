/** Ids of messages already shown: a message resent is shown once. The oldest are forgotten. */
export class KnownIds {
  readonly #ids = new Set<string>()

  /** False if it was there. */
  add(id: string): boolean {
    if (this.#ids.has(id)) return false
    this.#ids.add(id)
    if (this.#ids.size > maxKnown) this.#ids.delete(this.#ids.values().next().value!)
    return true
  }
}

/** Four times what anybody can have unconfirmed. */
export const maxKnown = 4_096
