/**
 * The part of a profile that may leave its process: no key, no code, nothing
 * that a key or code can be made from. Plain JSON, with the names that `--json`
 * prints (docs/Tutorial.md, "JSON lines").
 */
import { parseFingerprint } from '../otr/identity.ts'
import { formatProfileAddress, isFingerprintOf, parseProfileAddress } from './address.ts'
import type { Buddy, Trust } from './buddies.ts'
import type { Contents } from './contents.ts'
import type { Habits } from './habits.ts'
import type { Identity } from './identity.ts'
import { openInvites, type Side } from './invite.ts'

export interface BuddyView {
  readonly alias: string
  readonly address: string
  /** Pinned when he first answered: 112 hex digits. */
  readonly fingerprint: string | null
  readonly trust: Trust
  readonly addedAt: number // unix ms
  readonly lastSeenAt: number | null // unix ms
  readonly blocked: boolean
  /** Where he is tried first: host:port. */
  readonly at: readonly string[]
  /** Those that are set for him. */
  readonly habits: Habits
  /** He does not know our address yet, or not the one of now. */
  readonly untold: boolean
}

/** Of a code that has led to nobody yet; never the code. */
export interface InviteView {
  readonly alias: string
  readonly side: Side
  readonly expiresAt: number // unix ms
}

export interface ProfileView {
  readonly profile: string
  readonly path: string
  readonly address: string
  readonly fingerprint: string
  readonly createdAt: number // unix ms
  readonly buddies: readonly BuddyView[]
  readonly invites: readonly InviteView[]
  /** Codes that are not done with: also those that have led to a buddy. */
  readonly pending: number
  /** Addresses that were replaced and that a buddy may still use. */
  readonly former: number
}

/** What others may know of an identity. */
export const identityView = ({
  address,
  fingerprint,
}: Identity): Pick<ProfileView, 'address' | 'fingerprint'> => ({
  address: formatProfileAddress(address),
  fingerprint,
})

/** Whether who answers under this fingerprint may be this buddy: the pinned one, or else one of the address. */
export function mayBe({ address, fingerprint: pinned }: BuddyView, fingerprint: string): boolean {
  if (pinned !== null) return pinned === fingerprint
  const [parsed, key] = [parseProfileAddress(address), parseFingerprint(fingerprint)]
  return parsed.kind === 'address' && key !== undefined && isFingerprintOf(parsed.address, key)
}

export function viewOf(
  contents: Contents,
  { name, path }: { readonly name: string; readonly path: string },
): ProfileView {
  const { identity, createdAt, buddies, former } = contents
  return {
    profile: name,
    path,
    ...identityView(identity),
    createdAt,
    buddies: buddies.map(buddyView),
    invites: openInvites(contents).map(({ alias, side, expiresAt }) => ({ alias, side, expiresAt })),
    pending: contents.invites.length,
    former: former.length,
  }
}

const buddyView = (buddy: Buddy): BuddyView => ({
  alias: buddy.alias,
  address: formatProfileAddress(buddy.address),
  fingerprint: buddy.fingerprint ?? null,
  trust: buddy.trust,
  addedAt: buddy.addedAt,
  lastSeenAt: buddy.lastSeenAt ?? null,
  blocked: buddy.isBlocked,
  at: buddy.hints,
  habits: buddy.habits,
  untold: buddy.isStrange,
})
