/** Who answers to each name in this process: as he was heard, as the vault has him, or as it had him last. */
import { moveKey } from '../../keyed.ts'
import type { Standing } from '../../session/mailbox.ts'

export class Standings {
  /** As the vault has whom a name stands for. */
  readonly #inVault: (name: string) => Standing | undefined
  readonly #keys = new Map<string, string>()
  readonly #last = new Map<string, Standing>() // the vault may have forgotten him first

  constructor(inVault: (name: string) => Standing | undefined) {
    this.#inVault = inVault
  }

  of(name: string): Standing | undefined {
    const key = this.#keys.get(name)
    const inVault = this.#inVault(name)
    const { others = [] } = inVault ?? this.#last.get(name) ?? {}
    const standing = key === undefined ? inVault : ({ kind: 'key', key, others } as const)
    if (standing) this.#last.set(name, standing)
    return standing ?? this.#last.get(name)
  }

  isHeard(name: string, key: string): boolean {
    return this.#keys.get(name) === key
  }

  hear(name: string, key: string): void {
    this.#keys.set(name, key)
  }

  rename(from: string, to: string): void {
    moveKey(this.#keys, from, to)
  }

  /** As the vault had whom this name stood for: it may have forgotten him. */
  had(name: string, was: Standing | undefined): void {
    if (was && !this.#inVault(name)) this.#last.set(name, was)
  }

  forget(name: string): void {
    this.#keys.delete(name)
    this.#last.delete(name)
  }
}
