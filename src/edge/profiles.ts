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
import { Opened, type OpenProfile, vaultFile } from './openprofile.ts'
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
  recordKeys: [],
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
    return new Opened({ name, path, held, vault: opened.vault, contents: opened.contents })
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

const removedMark = '.removed-' // no profile's name begins so
const lockFile = 'lock'
