/**
 * Pending invites: what a profile remembers of a code from the moment it is
 * made or typed until the other has our address, or it expires. Pure: every
 * operation yields new contents or says why not. Spec: docs/Protocol.md,
 * "Invite code".
 */
import { equal } from '../crypto.ts'
import type { Fingerprint } from '../otr/identity.ts'
import type { ProfileAddress } from './address.ts'
import {
  addBuddy,
  type Buddies,
  type Buddy,
  type BuddyFault,
  changeBuddy,
  findBuddy,
  fold,
  isBuddy,
  moveBuddy,
} from './buddies.ts'
import type { Code } from './code.ts'

export type Side = 'inviter' | 'accepter'

export interface Invite {
  readonly side: Side
  /** What he who has the other half will be called. */
  readonly alias: string
  /** To show it again; the accepter forgets it. */
  readonly code: Code | undefined
  readonly prk: Uint8Array // 32 octets
  readonly createdAt: number // unix ms
  readonly expiresAt: number // unix ms
  /** Who proved the code first: nobody else can use it. */
  readonly bound: Fingerprint | undefined
}

export type Invites = readonly Invite[]

/** The part of a vault's contents that a meeting changes. */
export interface Acquaintances {
  readonly buddies: Buddies
  readonly invites: Invites
}

/** ms */
export const inviteLife = 48 * 3_600_000

/** Each is two searches in the DHT: enough for who invites all his friends in an evening. */
export const maxInvites = 8

export function newInvite(
  { side, alias, code, prk }: Pick<Invite, 'side' | 'alias' | 'code' | 'prk'>,
  at: number,
): Invite {
  const name = alias.normalize('NFC')
  return { side, alias: name, code, prk, createdAt: at, expiresAt: at + inviteLife, bound: undefined }
}

/** A clock that was set back does not make a code live longer than it should. */
export const isExpired = ({ createdAt, expiresAt }: Invite, at: number): boolean =>
  at >= expiresAt || at < createdAt - inviteLife

/** Whom its code has led to already, although he may not have confirmed it. */
export const buddyOf = ({ bound }: Invite, buddies: Buddies): Buddy | undefined =>
  bound && buddies.find((buddy) => isBuddy(buddy, bound))

/** The invite that has led to this buddy, and still serves. */
export const inviteOf = (invites: Invites, buddy: Buddy): Invite | undefined =>
  invites.find(({ bound }) => bound && isBuddy(buddy, bound))

/** Those that have led to nobody yet. */
export const openInvites = ({ buddies, invites }: Acquaintances): Invites =>
  invites.filter((invite) => !buddyOf(invite, buddies))

/** By alias, in whichever case. */
export const findInvite = (invites: Invites, alias: string): Invite | undefined => findBuddy(invites, alias)

export const isSame = (a: Invite, b: Invite): boolean => equal(a.prk, b.prk) && a.side === b.side

/** The first of `buddy`, `buddy-2`, … or of another stem that nobody has. */
export function freeAlias({ buddies, invites }: Acquaintances, stem = 'buddy'): string {
  const isTaken = (alias: string): boolean =>
    findBuddy(buddies, alias) !== undefined || findInvite(invites, alias) !== undefined
  for (let n = 1; ; n++) {
    const suffix = n === 1 ? '' : `-${n}`
    const alias = [...stem].slice(0, longestAlias - suffix.length).join('') + suffix
    if (!isTaken(alias)) return alias
  }
}

/**
 * Without those whose time is over. One whose alias has become a buddy's gets
 * another: nobody could name it any more.
 */
export function tidied<Of extends Acquaintances>(contents: Of, at: number): Of {
  let invites = contents.invites.filter((invite) => !isExpired(invite, at))
  for (const clash of openInvites({ buddies: contents.buddies, invites })) {
    if (!findBuddy(contents.buddies, clash.alias)) continue
    const alias = freeAlias({ buddies: contents.buddies, invites }, clash.alias)
    invites = invites.map((invite) => (invite === clash ? { ...invite, alias } : invite))
  }
  const isSame =
    invites.length === contents.invites.length && invites.every((one, i) => one === contents.invites[i])
  return isSame ? contents : { ...contents, invites }
}

/** A buddy is removed or blocked: a code that led to him does so no more. */
export const unmet = (invites: Invites, { fingerprint }: Buddy): Invites =>
  invites.filter(({ bound }) => bound === undefined || bound !== fingerprint)

export const without = (invites: Invites, gone: Invite): Invites =>
  invites.filter((invite) => !isSame(invite, gone))

/**
 * This key has proved the code. Whoever has it among the buddies already is
 * met by it from here on: the code says the same of him as of a new one.
 */
export function bind<Of extends Acquaintances>(contents: Of, proved: Invite, bound: Fingerprint): Of {
  // Whoever proved it first has it: another key is never taken instead.
  const invites = contents.invites.map((invite) =>
    isSame(invite, proved) ? { ...invite, bound: invite.bound ?? bound } : invite,
  )
  const buddies = contents.buddies.map((buddy) =>
    isBuddy(buddy, bound) ? { ...buddy, fingerprint: bound, trust: atLeastByCode(buddy) } : buddy,
  )
  return { ...contents, invites, buddies }
}

const atLeastByCode = ({ trust }: Buddy): Buddy['trust'] => (trust === 'unverified' ? 'by-code' : trust)

export type Met<Of> =
  | { readonly kind: 'met'; readonly contents: Of; readonly alias: string }
  /** `by`: the buddy who has his discovery key, or is he; `unknown`: there is no such invite. Nothing changes. */
  | { readonly kind: 'refused'; readonly why: BuddyFault | 'unknown' | 'blocked'; readonly by?: string }

export interface Meeting {
  readonly address: ProfileAddress
  readonly fingerprint: Fingerprint
  readonly own: ProfileAddress
  readonly at: number // unix ms
}

/**
 * He whom the invite led to is a buddy from here on, under its alias or, if
 * that is another's, one like it; who is a buddy already keeps his alias. He is
 * strange until he has confirmed our address.
 */
export function meet<Of extends Acquaintances>(contents: Of, invite: Invite, meeting: Meeting): Met<Of> {
  const { address, fingerprint, own, at } = meeting
  const bound = bind(contents, invite, fingerprint)
  const known = bound.buddies.find((buddy) => isBuddy(buddy, fingerprint))
  if (known?.isBlocked) return { kind: 'refused', why: 'blocked', by: known.alias }
  if (known) {
    const moved = moveBuddy(bound.buddies, known.alias, { address, fingerprint, own })
    if (!moved) return { kind: 'refused', why: 'discovery-key-taken', by: 'somebody else' }
    const buddies = changeBuddy(moved, known.alias, (buddy) => ({ ...buddy, isStrange: true }))
    return { kind: 'met', contents: { ...bound, buddies }, alias: known.alias }
  }
  const others = { buddies: bound.buddies, invites: without(bound.invites, invite) }
  const alias = freeAlias(others, invite.alias)
  const added = addBuddy(bound.buddies, { alias, address }, { own, at })
  if (added.kind === 'refused') return added
  const buddies = changeBuddy(added.buddies, alias, (buddy) => ({
    ...{ ...buddy, fingerprint, trust: 'by-code', lastSeenAt: at, isStrange: true },
  }))
  return { kind: 'met', contents: { ...bound, buddies }, alias }
}

/** The other has our address: the code has done its work, if it has led us to him too. */
export function conclude<Of extends Acquaintances>(contents: Of, fingerprint: Fingerprint): Of {
  const invites = contents.invites.filter(
    (invite) => invite.bound !== fingerprint || !buddyOf(invite, contents.buddies),
  )
  return invites.length === contents.invites.length ? contents : { ...contents, invites }
}

/** Whether a list holds what its operations promise: for what comes from a file. */
export function areSoundInvites(invites: Invites): boolean {
  const aliases = new Set(invites.map(({ alias }) => fold(alias)))
  return invites.length <= maxInvites && aliases.size === invites.length
}

const longestAlias = 32 // as addBuddy takes
