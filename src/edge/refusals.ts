/** Why a buddy is not talked with, in words: the same for who opens a profile and for the clients of who has it open. */
import { type FaultCode, UserError } from '../error.ts'
import { findBuddy } from '../profile/buddies.ts'
import type { ProfileView } from '../profile/view.ts'

/** Nobody is called that. */
export function unknownBuddy(buddies: readonly { readonly alias: string }[], alias: string): UserError {
  const aliases = buddies.slice(0, maxNamed).map((other) => other.alias)
  const more = buddies.length > maxNamed ? ', …' : ''
  const hint =
    aliases.length > 0
      ? `your buddies: ${aliases.join(', ')}${more}`
      : 'you have none yet: otrtalk invite, or otrtalk buddy add <alias> <address>'
  return new UserError(`no buddy named ${alias}`, { hint })
}

/** No buddy is called that in a profile: at the most somebody who is not met yet. */
export function nobodyIn(
  { buddies, invites }: Pick<ProfileView, 'buddies' | 'invites'>,
  alias: string,
): UserError {
  const invite = findBuddy(invites, alias)
  return invite
    ? unmet(invite.alias, { hint: `to meet: otrtalk chat ${invite.alias}` })
    : unknownBuddy(buddies, alias)
}

export const blockedFault = (alias: string): UserError =>
  new UserError(`${alias} is blocked`, { hint: `otrtalk buddy unblock ${alias}` })

export const otherFingerprint = (alias: string): UserError =>
  new UserError(`${alias} has another fingerprint than the one you gave`, {
    hint: `one of the two is wrong, your fingerprint or the address of ${alias}: ask ${alias} again, by phone or in person`,
    exit: 4,
  })

/** Who has the other half of a code is known by the code alone. */
export const unpinnable = (alias: string): UserError =>
  unmet(alias, { hint: 'leave --fingerprint away, and compare it once you have met: /fingerprint', exit: 2 })

/** The process that has the profile does not look for him. */
export const soughtNowhere = (alias: string): UserError =>
  unmet(alias, { hint: `leave the other otrtalk first, then: otrtalk chat ${alias}`, exit: 5 })

const unmet = (alias: string, next: { readonly hint: string; readonly exit?: FaultCode }): UserError =>
  new UserError(`${alias} is yet to be met by an invite code`, next)

const maxNamed = 10 // buddies in a hint
