/** With whom a conversation is to be: buddies, or who has the other half of a pending invite. */
import type { OpenProfile } from '../edge/openprofile.ts'
import { blockedFault, otherFingerprint, unknownBuddy, unpinnable } from '../edge/refusals.ts'
import { type Buddy, findBuddy, pinBuddy } from '../profile/buddies.ts'
import { findInvite, type Invite, type Invites, isSame, openInvites, tidied } from '../profile/invite.ts'
import { mayBe, type ProfileView } from '../profile/view.ts'
import { burntFault } from './faults.ts'

/** Forgets invites whose time is over; yields them. */
export async function dropExpired(profile: OpenProfile): Promise<Invites> {
  const { invites } = profile.contents
  await profile.save((contents) => tidied(contents, Date.now()))
  const living = profile.contents.invites
  return invites.filter((invite) => !living.some((other) => isSame(other, invite)))
}

const isWanted = ({ isBlocked }: Buddy): boolean => !isBlocked

interface Choice {
  readonly alias: string | undefined
  readonly expired: Invites
  readonly fingerprint: string | undefined
}

interface Chosen {
  readonly buddies: readonly Buddy[]
  readonly invites: Invites
}

/** The buddy of an alias, or else the invite; or all buddies who are not blocked. */
export function chooseWhom(profile: OpenProfile, { alias, expired, fingerprint }: Choice): Chosen {
  const { contents } = profile
  if (alias === undefined) return { buddies: contents.buddies.filter(isWanted), invites: [] }
  const buddy = findBuddy(contents.buddies, alias)
  if (buddy) return { buddies: [pinned(unblocked(buddy), fingerprint)], invites: [] }
  const invite = findInvite(openInvites(contents), alias)
  if (invite) return { buddies: [], invites: [unpinned(invite, fingerprint)] }
  if (findInvite(expired, alias)) throw burntFault('expired')
  throw unknownBuddy(contents.buddies, alias)
}

function unblocked(buddy: Buddy): Buddy {
  if (!buddy.isBlocked) return buddy
  throw blockedFault(buddy.alias)
}

/** The buddy, accepted under `wanted` alone; refused at once where it cannot be his. */
function pinned(buddy: Buddy, wanted: string | undefined): Buddy {
  if (wanted === undefined) return buddy
  const certain = pinBuddy(buddy, wanted)
  if (certain) return certain
  throw otherFingerprint(buddy.alias)
}

function unpinned(invite: Invite, wanted: string | undefined): Invite {
  if (wanted === undefined) return invite
  throw unpinnable(invite.alias)
}

/** As he is called in a profile that another process owns; refused in the same words. */
export function chooseIn(
  view: ProfileView,
  { alias, fingerprint }: { readonly alias: string; readonly fingerprint?: string | undefined },
): string {
  const buddy = findBuddy(view.buddies, alias)
  if (buddy?.blocked) throw blockedFault(buddy.alias)
  if (buddy && fingerprint !== undefined && !mayBe(buddy, fingerprint)) throw otherFingerprint(buddy.alias)
  if (buddy) return buddy.alias
  const invite = findBuddy(view.invites, alias)
  if (!invite) throw unknownBuddy(view.buddies, alias)
  if (fingerprint !== undefined) throw unpinnable(invite.alias)
  return invite.alias
}
