/**
 * Messages that nobody but clients was told of, who say when they have shown
 * one: whoever dies before that has lost nothing. Pure.
 */

/** By whom it is, and its id: what the mail knows it by. */
export interface MessageName {
  readonly fingerprint: string
  readonly id: string
}

export interface Told extends MessageName {
  readonly buddy: string
}

export class Awaited<Client> {
  readonly #told = new Map<string, Told & { readonly clients: Set<Client> }>()

  /** @param clients - who was told; of nobody nothing is awaited, nor of who never says anything */
  tell({ buddy, fingerprint, id }: Told, clients: readonly Client[]): void {
    if (clients.length === 0 || this.#told.size === mostTold) return
    this.#told.set(keyOf({ fingerprint, id }), { buddy, fingerprint, id, clients: new Set(clients) })
  }

  has(message: MessageName): boolean {
    return this.#told.has(keyOf(message))
  }

  /** False if that was known, or it was never told of it. */
  shown(message: MessageName, by: Client): boolean {
    const isOf = this.#told.get(keyOf(message))?.clients.has(by) === true
    if (isOf) this.#told.delete(keyOf(message))
    return isOf
  }

  /** The client has gone. @returns what nobody is left to show */
  leave(client: Client): readonly Told[] {
    const left: Told[] = []
    for (const [key, { clients, ...told }] of this.#told) {
      if (!clients.delete(client) || clients.size > 0) continue
      this.#told.delete(key)
      left.push(told)
    }
    return left
  }

  rename(from: string, to: string): void {
    for (const [key, told] of this.#told) if (told.buddy === from) this.#told.set(key, { ...told, buddy: to })
  }
}

const keyOf = ({ fingerprint, id }: MessageName): string => `${fingerprint} ${id}`

const mostTold = 1_024 // of 32 KiB at the most; beyond that a message counts as shown when it is written
