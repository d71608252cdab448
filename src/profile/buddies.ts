/**
 * The buddies of a profile: who may be added and under which alias, and what
 * is remembered of each. Pure: every operation yields a new list or says why not.
 */
import { equal } from '../crypto.ts'
import type { Address } from '../machine.ts'
import { type Fingerprint, parseFingerprint } from '../otr/identity.ts'
import { compareOctets, discoveryKeyIn, isFingerprintOf, type ProfileAddress } from './address.ts'
import type { Habits } from './habits.ts'

/** How sure it is who answers. `by-code`: he had the invite code; `verified`: the two people compared. */
export type Trust = 'unverified' | 'by-code' | 'verified'

export interface Buddy {
  readonly alias: string
  readonly address: ProfileAddress
  readonly trust: Trust
  /** Pinned when he first answered, unknown until then. */
  readonly fingerprint: Fingerprint | undefined
  readonly addedAt: number // unix ms
  /** When a conversation with him was last secured, in unix ms. */
  readonly lastSeenAt: number | undefined
  /** Is not looked for, and gets no answer. */
  readonly isBlocked: boolean
  /** Does not know our address yet, or not the one of now: it is told in the conversation. */
  readonly isStrange: boolean
  /** Where he may be, as the user was told: tried first, beside what discovery finds. */
  readonly hints: readonly Address[]
  readonly habits: Habits
}

export type Buddies = readonly Buddy[]

export type AliasFault = 'alias-empty' | 'alias-long' | 'alias-characters'

export type BuddyFault =
  | AliasFault
  | 'alias-taken'
  | 'own-address'
  | 'own-discovery-key' // with another fingerprint: somebody pairs our key with his
  | 'address-taken'
  | 'discovery-key-taken'
  | 'too-many'

/** `by`: the buddy who has it already. */
type Refusal = { readonly kind: 'refused'; readonly why: BuddyFault; readonly by?: string }

export type Added = { readonly kind: 'added'; readonly buddies: Buddies; readonly buddy: Buddy } | Refusal

export type Renamed = { readonly kind: 'renamed'; readonly buddies: Buddies; readonly buddy: Buddy } | Refusal

/** More than anybody meets; a vault of so many is 200 kB. */
export const maxBuddies = 1_000

/** A home, an office, a mesh, each in both families. */
export const maxHints = 8

const maxAlias = 32 // letters: one column of the list of buddies

export interface Adding {
  readonly alias: string
  readonly address: ProfileAddress
  readonly hints?: readonly Address[]
}

/** @param at - unix ms */
export function addBuddy(
  buddies: Buddies,
  { alias, address, hints = [] }: Adding,
  { own, at }: { readonly own: ProfileAddress; readonly at: number },
): Added {
  const name = alias.normalize('NFC')
  const fault = aliasFault(name)
  if (fault) return { kind: 'refused', why: fault }
  const clash = findBuddy(buddies, name)
  if (clash) return { kind: 'refused', why: 'alias-taken', by: clash.alias }
  const other = addressRefusal(buddies, address, own)
  if (other) return other
  if (buddies.length >= maxBuddies) return { kind: 'refused', why: 'too-many' }
  const buddy: Buddy = {
    alias: name,
    address,
    trust: 'unverified',
    fingerprint: undefined,
    addedAt: at,
    lastSeenAt: undefined,
    isBlocked: false,
    isStrange: false,
    hints,
    habits: {},
  }
  return { kind: 'added', buddies: [...buddies, buddy], buddy }
}

/** docs/Protocol.md, "The pair's secret": whose discovery key is refused. */
function addressRefusal(buddies: Buddies, address: ProfileAddress, own: ProfileAddress): Refusal | undefined {
  if (equal(address, own)) return { kind: 'refused', why: 'own-address' }
  if (hasSameKey(address, own)) return { kind: 'refused', why: 'own-discovery-key' }
  const holder = buddies.find((buddy) => hasSameKey(buddy.address, address))
  if (!holder) return undefined
  const why = equal(holder.address, address) ? 'address-taken' : 'discovery-key-taken'
  return { kind: 'refused', why, by: holder.alias }
}

const hasSameKey = (a: ProfileAddress, b: ProfileAddress): boolean =>
  equal(discoveryKeyIn(a), discoveryKeyIn(b))

/** Letters and digits of any script, and `. _ -` inside: a word of a command line, and no option. */
export function aliasFault(alias: string): AliasFault | undefined {
  if (alias === '') return 'alias-empty'
  if ([...alias].length > maxAlias) return 'alias-long'
  return /^[\p{L}\p{N}][\p{L}\p{M}\p{N}._-]*$/u.test(alias) ? undefined : 'alias-characters'
}

/** Whether one person may be at an address: not a group, not nobody, not anybody on some unnamed link. */
export const isHint = (address: Address): boolean =>
  !/^(?:0|22[4-9]|2[3-5]\d)\.|^\[(?:ff[\da-f]{2}:|::\]|fe[89ab][\da-f]:[^%]*\])/.test(address)

/** By alias, in whichever case. */
export const findBuddy = <Named extends { readonly alias: string }>(
  buddies: readonly Named[],
  alias: string,
): Named | undefined => buddies.find((buddy) => fold(buddy.alias) === fold(alias))

/** As people type names, and look for texts: capitals do not count. */
export const fold = (text: string): string => text.normalize('NFKC').toLowerCase()

/** The list without him; the same list if nobody has the alias. */
export function removeBuddy(buddies: Buddies, alias: string): Buddies {
  const gone = findBuddy(buddies, alias)
  return gone ? buddies.filter((buddy) => buddy !== gone) : buddies
}

/** The list with a buddy changed; the same list if nobody has the alias. */
export function changeBuddy(buddies: Buddies, alias: string, by: (buddy: Buddy) => Buddy): Buddies {
  const found = findBuddy(buddies, alias)
  return found ? buddies.map((buddy) => (buddy === found ? by(buddy) : buddy)) : buddies
}

/** Another alias for a buddy there is; another case of the same one, too. */
export function renameBuddy(buddies: Buddies, buddy: Buddy, alias: string): Renamed {
  const name = alias.normalize('NFC')
  const fault = aliasFault(name)
  if (fault) return { kind: 'refused', why: fault }
  const clash = findBuddy(buddies, name)
  if (clash && clash !== buddy) return { kind: 'refused', why: 'alias-taken', by: clash.alias }
  const renamed: Buddy = { ...buddy, alias: name }
  return { kind: 'renamed', buddies: changeBuddy(buddies, buddy.alias, () => renamed), buddy: renamed }
}

/** Raises trust to `verified`, for the pinned fingerprint and for no other. */
export function verifyBuddy(buddies: Buddies, alias: string, fingerprint: Fingerprint): Buddies {
  const isPinned = findBuddy(buddies, alias)?.fingerprint === fingerprint
  return isPinned ? changeBuddy(buddies, alias, (buddy) => ({ ...buddy, trust: 'verified' })) : buddies
}

export interface Move {
  readonly address: ProfileAddress
  /** Of the conversation in which the address was told. */
  readonly fingerprint: Fingerprint
}

/**
 * A buddy told his new address; `undefined` if it is not for him to tell: not
 * under the pinned fingerprint, or not an address that could be added.
 */
export function moveBuddy(
  buddies: Buddies,
  alias: string,
  { address, fingerprint, own }: Move & { readonly own: ProfileAddress },
): Buddies | undefined {
  const mover = findBuddy(buddies, alias)
  if (mover?.fingerprint !== fingerprint || !isFingerprintOf(address, fingerprint)) return undefined
  const others = buddies.filter((buddy) => buddy !== mover)
  if (addressRefusal(others, address, own)) return undefined
  return changeBuddy(buddies, alias, (buddy) => ({ ...buddy, address }))
}

/** Whether he who answers under this fingerprint is the buddy: the pinned one, or else the one of the address. */
export const isBuddy = (buddy: Buddy, fingerprint: Fingerprint): boolean =>
  buddy.fingerprint ? buddy.fingerprint === fingerprint : isFingerprintOf(buddy.address, fingerprint)

/** The buddy, taken for himself under this fingerprint only; `undefined` if it cannot be his. */
export function pinBuddy(buddy: Buddy, text: string): Buddy | undefined {
  const fingerprint = parseFingerprint(text)
  return fingerprint !== undefined && isBuddy(buddy, fingerprint) ? { ...buddy, fingerprint } : undefined
}

/**
 * A conversation with the buddy was secured: pins the whole fingerprint the
 * first time, and remembers when. The caller has asked `isBuddy`.
 *
 * @param at - unix ms
 */
export function touchBuddy(
  buddies: Buddies,
  alias: string,
  { fingerprint, at }: { readonly fingerprint: Fingerprint; readonly at: number },
): Buddies {
  const seen = findBuddy(buddies, alias)
  if (!seen) return buddies // removed since
  if (!isBuddy(seen, fingerprint)) throw new Error('a fingerprint is pinned that is not the buddy’s')
  return changeBuddy(buddies, alias, (buddy) => ({ ...buddy, fingerprint, lastSeenAt: at }))
}

/** Whether a list holds what `addBuddy` promises: for what comes from a file. */
export function areSound(buddies: Buddies, own: ProfileAddress): boolean {
  const aliases = new Set(buddies.map((buddy) => fold(buddy.alias)))
  const keys = [own, ...buddies.map((buddy) => buddy.address)].map(discoveryKeyIn).sort(compareOctets)
  return (
    buddies.length <= maxBuddies &&
    aliases.size === buddies.length &&
    keys.every((key, i) => i === 0 || !equal(keys[i - 1]!, key)) &&
    buddies.every(isWellFormed)
  )
}

const isWellFormed = ({ alias, address, fingerprint, hints }: Buddy): boolean =>
  hints.length <= maxHints &&
  new Set(hints).size === hints.length &&
  hints.every(isHint) &&
  aliasFault(alias) === undefined &&
  alias === alias.normalize('NFC') &&
  (fingerprint === undefined || isFingerprintOf(address, fingerprint))
