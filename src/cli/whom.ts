/** With whom a conversation is to be: buddies, or who has the other half of a pending invite. */
import type { OpenProfile } from '../edge/profiles.ts'
import { UserError } from '../error.ts'
import { type Buddy, findBuddy, pinBuddy } from '../profile/buddies.ts'
import { findInvite, type Invite, type Invites, isSame, openInvites, tidied } from '../profile/invite.ts'
import { burntFault, unknownBuddy } from './faults.ts'

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
  throw new UserError(`${buddy.alias} is blocked`, { hint: `otrtalk buddy unblock ${buddy.alias}` })
}

/** The buddy, accepted under `wanted` alone; refused at once where it cannot be his. */
function pinned(buddy: Buddy, wanted: string | undefined): Buddy {
  if (wanted === undefined) return buddy
  const certain = pinBuddy(buddy, wanted)
  if (certain) return certain
  throw new UserError(`${buddy.alias} has another fingerprint than the one you gave`, {
    hint: `one of the two is wrong, your fingerprint or the address of ${buddy.alias}: ask ${buddy.alias} again, by phone or in person`,
    exit: 4,
  })
}

/** Who has the other half of a code is known by the code alone. */
function unpinned(invite: Invite, wanted: string | undefined): Invite {
  if (wanted === undefined) return invite
  throw new UserError(`${invite.alias} is yet to be met by an invite code`, {
    hint: 'leave --fingerprint away, and compare it once you have met: /fingerprint',
    exit: 2,
  })
}
