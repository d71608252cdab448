/** A profile that is open: its contents as they were read, and its vault, which is written anew with each change. */
import { join } from 'node:path'
import { randomBytes } from '../crypto.ts'
import type { Contents } from '../profile/contents.ts'
import type { Cost } from '../profile/seal.ts'
import { Vault } from '../profile/vault.ts'
import { writeWhole } from './store.ts'

export interface OpenProfile extends AsyncDisposable {
  readonly name: string
  readonly path: string
  /** As it was read, and changed by `save` since. */
  readonly contents: Contents
  /** Writes what `change` makes of the contents; one after another. Only with the lock. */
  save(change: (contents: Contents) => Contents): Promise<void>
  /** Whether this is its passphrase; costs as much as opening. */
  opensWith(passphrase: string): Promise<boolean>
  /**
   * Writes the contents anew, under another passphrase and new keys: a copy of the old vault, and whoever has its
   * passphrase, opens none of what is written from here on. Only with the lock. `cost` is for tests.
   */
  rekey(passphrase: string, cost?: Cost): Promise<void>
}

export interface OpenedOptions {
  readonly name: string
  readonly path: string
  /** The lock, which is let go of at the end; without it nothing is changed. */
  readonly held: Disposable | undefined
  readonly vault: Vault
  readonly contents: Contents
}

export class Opened implements OpenProfile {
  readonly name: string
  readonly path: string
  #vault: Vault
  #held: Disposable | undefined
  #contents: Contents
  #writing: Promise<void> = Promise.resolve()

  constructor({ name, path, held, vault, contents }: OpenedOptions) {
    this.name = name
    this.path = path
    this.#held = held
    this.#vault = vault
    this.#contents = contents
  }

  get contents(): Contents {
    return this.#contents
  }

  save(change: (contents: Contents) => Contents): Promise<void> {
    return this.#next(() => this.#write(change(this.#contents)))
  }

  opensWith(passphrase: string): Promise<boolean> {
    return this.#vault.opensWith(passphrase)
  }

  rekey(passphrase: string, cost?: Cost): Promise<void> {
    return this.#next(async () => {
      this.#refuseUnlocked()
      const vault = await Vault.create(passphrase, { random: randomBytes, ...(cost && { cost }) })
      await writeWhole(join(this.path, vaultFile), vault.seal(this.#contents, randomBytes))
      this.#vault.wipe()
      this.#vault = vault
    })
  }

  /** Waits for what is being written. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing
    this.#held?.[Symbol.dispose]()
    this.#held = undefined
    this.#vault.wipe()
  }

  /** One write after another. */
  #next(write: () => Promise<void>): Promise<void> {
    const written = this.#writing.then(write)
    this.#writing = written.catch(() => {}) // told to who asked; the next one begins anew
    return written
  }

  #refuseUnlocked(): void {
    if (!this.#held) throw new Error('a profile is changed without its lock')
  }

  /** The contents change once they are on disk. */
  async #write(contents: Contents): Promise<void> {
    this.#refuseUnlocked()
    if (contents === this.#contents) return
    await writeWhole(join(this.path, vaultFile), this.#vault.seal(contents, randomBytes))
    this.#contents = contents
  }
}

/** In the profile's folder. */
export const vaultFile = 'vault'
