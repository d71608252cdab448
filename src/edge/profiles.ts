/**
 * The profiles of this home: a folder each, with the vault, the lock of the
 * process that owns it, and settings. Reading needs no lock; changing does.
 */
import { readdir, realpath, rm, rmdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { randomBytes } from '../crypto.ts'
import { UserError } from '../error.ts'
import type { Contents } from '../profile/contents.ts'
import { createIdentity } from '../profile/identity.ts'
import { isProfileName } from '../profile/name.ts'
import type { Cost, SealFault } from '../profile/seal.ts'
import { maxVaultSize, needsPassphrase, Vault } from '../profile/vault.ts'
import type { Home } from './home.ts'
import { acquire, type Holder, holderOf, InUse, isServing } from './lock.ts'
import { changeSettings, type Place, type Values } from './settingsfile.ts'
import { codeOf, diskFault, makeFolder, readWhole, removeWhole, writeWhole } from './store.ts'

export interface ProfileEntry {
  readonly name: string
  readonly path: string
  /** Whether to ask for one: never where none opens it. */
  readonly hasPassphrase: boolean
  /** Why no passphrase opens it. */
  readonly fault: 'newer' | 'damaged' | undefined
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
  /** Whether this is its passphrase; costs as much as opening. */
  opensWith(passphrase: string): Promise<boolean>
  /**
   * Writes the contents anew, under another passphrase and new keys: a copy of the old vault, and whoever has its
   * passphrase, opens none of what is written from here on. Only with the lock. `cost` is for tests.
   */
  rekey(passphrase: string, cost?: Cost): Promise<void>
}

export interface OpenOptions {
  readonly home: Home
  readonly name: string
  readonly passphrase: string
  /** Who opens it, for the one who is refused meanwhile: `chat`. */
  readonly command: string
  readonly lock: boolean
  readonly turn?: Turn
}

/** To wait for a process that does something short with the profile; refused at once without. */
export interface Turn {
  readonly ms: number
  /** It takes so long that the user should know. */
  readonly onWait?: (holder: Holder) => void
}

/** Makes a profile: with the given contents, or with a new identity. */
export async function createProfile(options: CreateOptions): Promise<Contents> {
  const { home, name, command } = options
  refuseMisnamed(name)
  const path = join(home.profiles, name)
  await makeFolder(path)
  try {
    using _ = await lockProfile(path, name, command)
    await refuseTaken(home, name)
    return await fill(path, options)
  } catch (error) {
    await rmdir(path).catch(() => {}) // only if it holds nothing
    throw error
  }
}

export interface CreateOptions extends Omit<OpenOptions, 'lock'> {
  readonly contents?: Contents
  /** For tests. */
  readonly cost?: Cost
}

async function fill(path: string, options: CreateOptions): Promise<Contents> {
  const { passphrase, cost, contents = newContents() } = options
  const vault = await Vault.create(passphrase, { random: randomBytes, ...(cost && { cost }) })
  await writeWhole(join(path, vaultFile), vault.seal(contents, randomBytes))
  vault.wipe()
  return contents
}

const newContents = (): Contents => ({
  identity: createIdentity(randomBytes),
  createdAt: Date.now(),
  buddies: [],
  nodes: [],
  former: [],
  invites: [],
})

/** Throws if no profile can be made under this name. */
export async function refuseName(home: Home, name: string): Promise<void> {
  refuseMisnamed(name)
  await refuseTaken(home, name)
}

function refuseMisnamed(name: string): void {
  if (isProfileName(name)) return
  const hint = 'a name has 1 to 32 letters, digits, dots, _ or -, and begins with a letter or digit'
  throw new UserError(`${name || '(nothing)'} cannot be the name of a profile`, { hint, exit: 2 })
}

/** Some file systems do not tell upper from lower case. */
async function refuseTaken(home: Home, name: string): Promise<void> {
  const names = (await listProfiles(home)).map((entry) => entry.name)
  const taken = names.find((other) => other.toLowerCase() === name.toLowerCase())
  if (taken === undefined) return
  throw new UserError(`there is a profile named ${taken} already`, { hint: 'choose another name' })
}

/** By name; folders without a vault are none. */
export async function listProfiles(home: Home): Promise<readonly ProfileEntry[]> {
  const entries = (await folders(home.profiles)).filter(isProfileName).sort()
  const found: ProfileEntry[] = []
  for (const name of entries) {
    const path = join(home.profiles, name)
    const file = await readVault(path)
    if (!file) continue
    const usedBy = await holderOf(join(path, lockFile))
    const needed = needsPassphrase(file)
    const isSound = typeof needed === 'boolean'
    const how = isSound
      ? { hasPassphrase: needed, fault: undefined }
      : { hasPassphrase: false, fault: needed }
    found.push({ name, path, ...how, usedBy })
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
      ? `make one: otrtalk profile create ${isProfileName(name) ? name : ''}`.trim()
      : `there are: ${names}`
  throw new UserError(`no profile named ${name}`, { hint })
}

export async function openProfile(options: OpenOptions): Promise<OpenProfile> {
  const { home, name, passphrase, command, lock, turn } = options
  const { path } = await findProfile(home, name)
  const held = lock ? await lockProfile(path, name, command, turn) : undefined
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

/** Removes the profile with all it has, wherever a link leads to; refused while a process owns it. */
export async function removeProfile(home: Home, name: string): Promise<void> {
  const { path } = await findProfile(home, name)
  using _ = await lockProfile(path, name, 'profile remove')
  const folder = await realpath(path)
  await removeWhole(folder, join(dirname(folder), `${removedMark}${name}`))
  await rm(path, { force: true }) // the link, if it was one
}

/** Ends what a process that died while it removed a profile has begun. */
export async function endRemovals(home: Home): Promise<void> {
  const left = (await folders(home.profiles)).filter((name) => name.startsWith(removedMark))
  for (const name of left) await rm(join(home.profiles, name), { recursive: true, force: true })
}

/** Who has the profile of this folder open now. */
export const ownerOf = (path: string): Promise<Holder | undefined> => holderOf(join(path, lockFile))

/** Changes a profile's settings, for which nobody needs its passphrase. */
export async function changeProfileSettings(
  home: Home,
  name: string,
  change: (values: Values) => Values,
): Promise<boolean> {
  const { path } = await findProfile(home, name)
  using _ = await lockProfile(path, name, 'profile set')
  return changeSettings(settingsPlace(home, name), change)
}

/** Changes what is set for all profiles of the home. */
export async function changeHomeSettings(home: Home, change: (values: Values) => Values): Promise<boolean> {
  await makeFolder(home.path)
  const place = homeSettingsPlace(home)
  const acquired = await acquire(place.lock, 'profile set')
  if (acquired.kind === 'held') {
    using _ = acquired.lock
    return await changeSettings(place, change)
  }
  throw new UserError(`the settings are being changed by process ${acquired.by.pid}`, { exit: 5 })
}

export const homeSettingsPlace = ({ path }: Home): Place => ({
  scope: 'home',
  folder: path,
  lock: join(path, 'settings.lock'),
})

export const settingsPlace = (home: Home, name: string): Place => {
  const folder = join(home.profiles, name)
  return { scope: 'profile', folder, lock: join(folder, lockFile) }
}

/** Takes the profile's lock, or says who has it. */
async function lockProfile(path: string, name: string, command: string, turn?: Turn): Promise<Disposable> {
  const began = performance.now()
  for (let isTold = false; ; await sleep(pollEvery)) {
    const acquired = await acquire(join(path, lockFile), command)
    if (acquired.kind === 'held') return acquired.lock
    const waited = performance.now() - began
    if (!turn || isServing(acquired.by.command) || waited >= turn.ms) throw new InUse(name, acquired.by)
    if (isTold || waited < tellAfter) continue
    isTold = true
    turn.onWait?.(acquired.by)
  }
}

const pollEvery = 50 // ms
const tellAfter = 1_000 // ms

export class WrongPassphrase extends UserError {
  /** @param what - that it does not open: `the profile ada`, a file's name */
  constructor(what: string) {
    super(`wrong passphrase for ${what}`, { exit: 5 })
  }
}

function refused(why: SealFault, path: string, name: string): UserError {
  const file = join(path, vaultFile)
  if (why === 'wrong-passphrase') return new WrongPassphrase(`the profile ${name}`)
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
  #vault: Vault
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

const vaultFile = 'vault'
const removedMark = '.removed-' // no profile's name begins so
const lockFile = 'lock'
