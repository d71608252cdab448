/**
 * The profiles of this home: a folder each, with the vault, the lock of the
 * process that owns it, and settings. Reading needs no lock; changing does.
 */
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { randomBytes } from '../crypto.ts'
import { UserError } from '../error.ts'
import type { Contents } from '../profile/contents.ts'
import { createIdentity } from '../profile/identity.ts'
import { type Cost, maxVaultSize, needsPassphrase, Vault, type VaultFault } from '../profile/vault.ts'
import type { Home } from './home.ts'
import { acquire, type Holder, holderOf } from './lock.ts'
import { codeOf, diskFault, makeFolder, readWhole, removeWhole, writeWhole } from './store.ts'

export interface ProfileEntry {
  readonly name: string
  readonly path: string
  readonly hasPassphrase: boolean
  /** Who has it open now. */
  readonly usedBy: Holder | undefined
}

export interface OpenProfile extends AsyncDisposable {
  readonly name: string
  readonly path: string
  /** As it was read, and changed by `save` since. */
  readonly contents: Contents
  /** Writes what `change` makes of the contents; one after another. Only with the lock. */
  save(change: (contents: Contents) => Contents): Promise<void>
}

export interface OpenOptions {
  readonly home: Home
  readonly name: string
  readonly passphrase: string
  /** Who opens it, for the one who is refused meanwhile: `chat`. */
  readonly command: string
  readonly lock: boolean
}

/** Makes a profile with a new identity. `cost` is for tests. */
export async function createProfile(
  options: Omit<OpenOptions, 'lock'> & { readonly cost?: Cost },
): Promise<Contents> {
  const { home, name, passphrase, command, cost } = options
  await refuseName(home, name)
  const path = join(home.profiles, name)
  await makeFolder(path)
  using _ = await lockProfile(path, name, command)
  if (await readVault(path)) throw exists(name)
  const contents: Contents = {
    identity: createIdentity(randomBytes),
    createdAt: Date.now(),
    buddies: [],
    nodes: [],
  }
  const vault = await Vault.create(passphrase, { random: randomBytes, ...(cost && { cost }) })
  await writeWhole(join(path, vaultFile), vault.seal(contents, randomBytes))
  vault.wipe()
  return contents
}

/** Why a text is no name of a profile, or `undefined`. It names a folder, in all file systems. */
function nameFault(name: string): string | undefined {
  if (/^[a-z\d][a-z\d._-]{0,31}$/i.test(name)) return undefined
  return 'a profile’s name has 1 to 32 letters, digits, dots, _ or -, and begins with a letter or digit'
}

/** Throws if no profile can be made under this name. Some file systems do not tell upper from lower case. */
export async function refuseName(home: Home, name: string): Promise<void> {
  const fault = nameFault(name)
  if (fault) throw new UserError(`${name || '(nothing)'} cannot be a profile`, { hint: fault, exit: 2 })
  const names = (await listProfiles(home)).map((entry) => entry.name)
  const clash = names.find((other) => other.toLowerCase() === name.toLowerCase())
  if (clash) throw exists(clash)
}

const exists = (name: string): UserError =>
  new UserError(`there is a profile named ${name} already`, { hint: 'choose another name' })

/** By name; folders without a vault are none. */
export async function listProfiles(home: Home): Promise<readonly ProfileEntry[]> {
  const entries = (await folders(home.profiles)).filter((name) => !nameFault(name)).sort()
  const found: ProfileEntry[] = []
  for (const name of entries) {
    const path = join(home.profiles, name)
    const file = await readVault(path)
    if (!file) continue
    const usedBy = await holderOf(join(path, lockFile))
    found.push({ name, path, hasPassphrase: needsPassphrase(file) ?? true, usedBy })
  }
  return found
}

async function folders(path: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true })
    return entries.filter((entry) => !entry.isFile()).map((entry) => entry.name)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    throw diskFault(error, `cannot read ${path}`)
  }
}

/** One profile without opening it; refused in words if there is none. */
export async function findProfile(home: Home, name: string): Promise<ProfileEntry> {
  const entries = await listProfiles(home)
  const found = entries.find((entry) => entry.name === name)
  if (found) return found
  const names = entries.map((entry) => entry.name).join(', ')
  const hint =
    names === ''
      ? `make one: otrtalk profile create ${nameFault(name) ? '' : name}`.trim()
      : `there are: ${names}`
  throw new UserError(`no profile named ${name}`, { hint })
}

export async function openProfile(options: OpenOptions): Promise<OpenProfile> {
  const { home, name, passphrase, command, lock } = options
  const { path } = await findProfile(home, name)
  const held = lock ? await lockProfile(path, name, command) : undefined
  try {
    const file = await readVault(path)
    if (!file) throw new UserError(`no profile named ${name}`)
    const opened = await Vault.open(file, passphrase)
    if (opened.kind === 'refused') throw refused(opened.why, path, name)
    return new LockedProfile({ name, path, held, vault: opened.vault, contents: opened.contents })
  } catch (error) {
    held?.[Symbol.dispose]()
    throw error
  }
}

/** Removes the profile with all it has; refused while a process owns it. */
export async function removeProfile(home: Home, name: string): Promise<void> {
  const { path } = await findProfile(home, name)
  using _ = await lockProfile(path, name, 'profile remove')
  await removeWhole(path, join(home.profiles, `.removed-${name}`))
}

/** Takes the profile's lock, or says who has it. */
async function lockProfile(path: string, name: string, command: string): Promise<Disposable> {
  const acquired = await acquire(join(path, lockFile), command)
  if (acquired.kind === 'held') return acquired.lock
  throw inUse(name, acquired.by)
}

export const inUse = (name: string, { pid, command }: Holder): UserError =>
  new UserError(`the profile ${name} is in use by process ${pid} (otrtalk ${command})`, {
    hint: 'leave it there first, or use another profile with --profile',
    exit: 5,
  })

export class WrongPassphrase extends UserError {
  constructor(name: string) {
    super(`wrong passphrase for the profile ${name}`, { exit: 5 })
  }
}

function refused(why: VaultFault, path: string, name: string): UserError {
  const file = join(path, vaultFile)
  if (why === 'wrong-passphrase') return new WrongPassphrase(name)
  if (why === 'newer') {
    return new UserError(`${file} was written by a newer otrtalk`, { hint: 'update otrtalk' })
  }
  return new UserError(`${file} is damaged`, { hint: 'bring back a copy of this file from a backup' })
}

const readVault = (path: string): Promise<Uint8Array | undefined> =>
  readWhole(join(path, vaultFile), maxVaultSize)

interface LockedProfileOptions {
  readonly name: string
  readonly path: string
  readonly held: Disposable | undefined
  readonly vault: Vault
  readonly contents: Contents
}

class LockedProfile implements OpenProfile {
  readonly name: string
  readonly path: string
  readonly #vault: Vault
  #held: Disposable | undefined
  #contents: Contents
  #writing: Promise<void> = Promise.resolve()

  constructor({ name, path, held, vault, contents }: LockedProfileOptions) {
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
    const saved = this.#writing.then(() => this.#write(change(this.#contents)))
    this.#writing = saved.catch(() => {}) // told to who asked; the next one begins anew
    return saved
  }

  /** Waits for what is being written. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing
    this.#held?.[Symbol.dispose]()
    this.#held = undefined
    this.#vault.wipe()
  }

  /** The contents change once they are on disk. */
  async #write(contents: Contents): Promise<void> {
    if (!this.#held) throw new Error('a profile is changed without its lock')
    if (contents === this.#contents) return
    await writeWhole(join(this.path, vaultFile), this.#vault.seal(contents, randomBytes))
    this.#contents = contents
  }
}

const vaultFile = 'vault'
const lockFile = 'lock'
