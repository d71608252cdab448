/** A profile that is open: its contents as they were read, and its vault, which is written anew with each change. */
import { join } from 'node:path'
import { randomBytes, wipe } from '../crypto.ts'
import { UserError } from '../error.ts'
import { type Contents, recordKeySize } from '../profile/contents.ts'
import type { Cost } from '../profile/seal.ts'
import { Vault } from '../profile/vault.ts'
import type { LogOptions, OpenedLog } from './kept/logfile.ts'
import { type LogName, Logs } from './kept/logs.ts'
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
   * Opens a log of the profile, and makes it if there is none; the profile closes it at the end. A change of keys
   * that a crash has cut short is finished first. Only with the lock.
   */
  openLog(name: LogName, options?: Pick<LogOptions, 'most' | 'disk'>): Promise<OpenedLog>
  /** Closes the log and removes its file. Only with the lock. */
  removeLog(name: LogName): Promise<void>
  /** Brings all logs under a new key: whatever a disk still holds of what was deleted, the vault has no key of it. */
  renewRecordKey(): Promise<void>
  /**
   * Writes the contents anew, under another passphrase and new keys: a copy of the old vault, and whoever has its
   * passphrase, opens none of what is written from here on. All logs are written anew, too. Only with the lock. `cost` is for tests.
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
  readonly #logs: Logs
  #writing: Promise<void> = Promise.resolve()

  constructor({ name, path, held, vault, contents }: OpenedOptions) {
    this.name = name
    this.path = path
    this.#held = held
    this.#vault = vault
    this.#contents = contents
    this.#logs = new Logs(path)
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

  openLog(name: LogName, options: Pick<LogOptions, 'most' | 'disk'> = {}): Promise<OpenedLog> {
    return this.#next(async () => {
      this.#refuseUnlocked()
      const [damaged] = await this.#endRekeying()
      const { recordKeys } = this.#contents
      if (recordKeys.length === 0)
        await this.#write({ ...this.#contents, recordKeys: [randomBytes(recordKeySize)] })
      const opened = await this.#logs.open(name, this.#contents.recordKeys, options)
      return { ...opened, fault: opened.fault ?? damaged }
    })
  }

  removeLog(name: LogName): Promise<void> {
    return this.#next(async () => {
      this.#refuseUnlocked()
      await this.#logs.remove(name)
    })
  }

  renewRecordKey(): Promise<void> {
    return this.#next(async () => {
      this.#refuseUnlocked()
      await this.#endRekeying()
      await this.#write(withNewRecordKey(this.#contents))
      const [damaged] = await this.#endRekeying()
      if (damaged) throw damaged
    })
  }

  rekey(passphrase: string, cost?: Cost): Promise<void> {
    return this.#next(async () => {
      this.#refuseUnlocked()
      await this.#endRekeying()
      const vault = await Vault.create(passphrase, { random: randomBytes, ...(cost && { cost }) })
      const contents = withNewRecordKey(this.#contents)
      await writeWhole(join(this.path, vaultFile), vault.seal(contents, randomBytes))
      this.#contents = contents
      this.#vault.wipe()
      this.#vault = vault
      const [damaged] = await this.#endRekeying().catch((error: unknown) => {
        throw error instanceof UserError ? half(error) : error
      })
      if (damaged) throw damaged
    })
  }

  /** Both keys are in the vault until no log is under the former. @returns what is damaged in them */
  async #endRekeying(): Promise<readonly UserError[]> {
    const [newest, former] = this.#contents.recordKeys
    if (!newest || !former) return []
    const faults = await this.#logs.rekey([newest, former])
    await this.#write({ ...this.#contents, recordKeys: [newest] })
    wipe(former)
    return faults
  }

  /** Waits for what is being written. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing
    await this.#logs[Symbol.asyncDispose]()
    this.#held?.[Symbol.dispose]()
    this.#held = undefined
    this.#vault.wipe()
  }

  /** One write after another. */
  #next<Result>(write: () => Promise<Result>): Promise<Result> {
    const written = this.#writing.then(write)
    this.#writing = written.then(
      () => {},
      () => {}, // told to who asked; the next one begins anew
    )
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

/** Beside the one of now; none if there is no log. */
function withNewRecordKey(contents: Contents): Contents {
  const former = contents.recordKeys.slice(0, 1)
  return { ...contents, recordKeys: [...former.map(() => randomBytes(recordKeySize)), ...former] }
}

const half = (cause: UserError): UserError =>
  new UserError(`the new passphrase is in force, but not all logs have their new key: ${cause.message}`, {
    hint: 'the next otrtalk that runs with this profile goes on with it',
    cause,
  })

/** In the profile's folder. */
export const vaultFile = 'vault'
