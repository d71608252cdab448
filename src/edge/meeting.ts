/** An invite while its profile runs: what time does to it, and whom it may lead to. */
import { UserError } from '../error.ts'
import { parseFingerprint } from '../otr/identity.ts'
import { keyIn } from '../profile/address.ts'
import { type Buddy, findBuddy, isBuddy } from '../profile/buddies.ts'
import type { Contents } from '../profile/contents.ts'
import { findInvite, type Invite, inviteOf, isExpired, type Met, openInvites } from '../profile/invite.ts'
import { Pair } from '../profile/pair.ts'
import type { TalkEvent } from '../session/command.ts'
import type { Standing } from '../session/mailbox.ts'
import type { Known } from '../session/talk.ts'

/** A buddy of an invite who has not confirmed our address may have to be found by the code again. */
export function knownOf(contact: Buddy, { invites }: Contents): Known {
  const invite = inviteOf(invites, contact)
  return {
    whom: { kind: 'known', contact },
    invite: invite && pairOf(invite),
    isStrange: contact.isStrange || invite !== undefined,
  }
}

export const invitedOf = (invite: Invite): Known => ({
  whom: { kind: 'invited', alias: invite.alias, bound: invite.bound },
  invite: pairOf(invite),
  isStrange: true,
})

/** Whom a name stands for: a buddy by what is known of his key, or who has the other half of a code. */
export function standingOf(contents: Contents, name: string): Standing | undefined {
  const { buddies } = contents
  const buddy = findBuddy(buddies, name)
  const others = buddies.filter((each) => each !== buddy).map(keyOf)
  if (buddy) return { kind: 'key', key: keyOf(buddy), others }
  const invite = findInvite(openInvites(contents), name)
  if (invite?.bound !== undefined) return { kind: 'key', key: invite.bound, others }
  return invite && { kind: 'invited', since: invite.createdAt, others }
}

const keyOf = ({ fingerprint, address }: Buddy): string => fingerprint ?? keyIn(address)

/** Of all from whom the user wants anything. */
export const wantedKeys = (contents: Contents): readonly string[] => [
  ...contents.buddies.filter(({ isBlocked }) => !isBlocked).map(keyOf),
  ...openInvites(contents).flatMap(({ bound }) => (bound === undefined ? [] : [bound])),
]

const pairOf = ({ prk, side }: Invite): Pair => Pair.ofInvite(prk.slice(), side)

export interface InviteWatch {
  /** As it stands in the vault, until it has led to somebody. */
  readonly current: (invite: Invite) => Invite | undefined
  /** Nobody was there for so many ms. */
  readonly onAlone: (invite: Invite, ms: number) => void
  readonly onExpired: (invite: Invite) => void
}

/** Looks at the clock now and then: a machine that slept, or whose clock was set, is in time too. */
export function watchInvite(invite: Invite, { current, onAlone, onExpired }: InviteWatch): Disposable {
  const alone = setTimeout(() => {
    const pending = current(invite)
    if (pending && pending.bound === undefined) onAlone(invite, patience)
  }, patience)
  let next: NodeJS.Timeout | undefined
  const look = (): void => {
    if (!current(invite)) return
    if (isExpired(invite, Date.now())) onExpired(invite)
    else next = setTimeout(look, Math.min(minute, Math.max(1, invite.expiresAt - Date.now())))
  }
  next = setTimeout(look, 0) // not at once: the caller wants what we return
  return {
    [Symbol.dispose]() {
      clearTimeout(alone)
      clearTimeout(next)
    },
  }
}

/** With the alias of him who is a buddy already. */
export function introducing(event: TalkEvent & { kind: 'met' }, { buddies }: Contents): TalkEvent {
  const fingerprint = parseFingerprint(event.fingerprint)
  const known = buddies.find((buddy) => fingerprint && isBuddy(buddy, fingerprint))
  return known ? { ...event, knownAs: known.alias } : event
}

/** Why he whom an invite led to is no buddy; the invite stays. */
export function meetingFault(met: Met<Contents>): UserError {
  if (met.kind === 'refused' && met.why === 'too-many') {
    return new UserError('a profile has at most 1000 buddies', {
      hint: 'remove one, and go on with the same code',
    })
  }
  if (met.kind === 'refused' && met.why === 'discovery-key-taken') {
    return new UserError(`whoever has the code shows the discovery key of ${met.by}, and another identity`, {
      hint: 'ask your buddy by phone; do not use this code any more',
      exit: 4,
    })
  }
  if (met.kind === 'refused' && met.why === 'blocked') {
    return new UserError(`whoever has the code is ${met.by}, whom you have blocked`, {
      hint: 'nothing was taken from this conversation',
      exit: 4,
    })
  }
  return new UserError('whoever has the code told an address that cannot be a buddy’s', {
    hint: 'ask your buddy by phone; do not use this code any more',
    exit: 4,
  })
}

const patience = 30_000 // ms; two who are there find each other in three seconds
const minute = 60_000
