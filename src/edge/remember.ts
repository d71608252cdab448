/**
 * What the vault takes from what happens in conversations. Pure: contents in,
 * contents out, and the same ones where there is nothing to remember.
 */
import { type Fingerprint, parseFingerprint } from '../otr/identity.ts'
import { parseProfileAddress } from '../profile/address.ts'
import { findBuddy, isBuddy, moveBuddy, touchBuddy, verifyBuddy } from '../profile/buddies.ts'
import type { Contents } from '../profile/contents.ts'
import { bind, conclude, findInvite, type Met, meet, openInvites, without } from '../profile/invite.ts'
import { introduced } from '../profile/rotation.ts'
import type { TalkEvent, Under } from '../session/command.ts'

/** @param at - unix ms */
export function remembered(contents: Contents, told: TalkEvent, at: number): Contents {
  const name = 'buddy' in told ? told.buddy : '' // as the conversation has it
  const event = 'fingerprint' in told ? { ...told, buddy: aliasOf(contents, told) } : told
  const { buddies, invites } = contents
  switch (event.kind) {
    case 'secured': {
      const seen = { fingerprint: certain(event.fingerprint), at }
      return { ...contents, buddies: touchBuddy(buddies, event.buddy, seen) }
    }
    case 'verified': {
      const verified = verifyBuddy(buddies, event.buddy, certain(event.fingerprint))
      return verified === buddies ? contents : { ...contents, buddies: verified }
    }
    case 'moved':
      return moved(contents, event)
    case 'introduced':
      return conclude(
        introduced(contents, event.buddy, certain(event.fingerprint)),
        certain(event.fingerprint),
      )
    case 'bound': {
      const proved = findInvite(openInvites(contents), name)
      return proved ? bind(contents, proved, certain(event.fingerprint)) : contents
    }
    case 'met': {
      const meeting = metBy(contents, event, at)
      return meeting.kind === 'met' ? meeting.contents : contents
    }
    case 'burnt': {
      const burnt = findInvite(openInvites(contents), name)
      return burnt ? { ...contents, invites: without(invites, burnt) } : contents
    }
    default:
      return contents
  }
}

/** What comes of it that the buddy of an invite told his address. */
export function metBy(contents: Contents, event: TalkEvent & { kind: 'met' }, at: number): Met<Contents> {
  const fingerprint = certain(event.fingerprint)
  const invite = contents.invites.find(({ bound }) => bound === fingerprint)
  const parsed = parseProfileAddress(event.address)
  if (!invite || parsed.kind === 'wrong') return { kind: 'refused', why: 'unknown' }
  const { address } = parsed
  return meet(contents, invite, { address, fingerprint, own: contents.identity.address, at })
}

/**
 * What the buddy is called in the vault: he whom an invite led to may have been
 * a buddy already, under another alias than the invite's.
 */
export function aliasOf({ buddies }: Contents, { buddy, fingerprint }: Under): string {
  const key = certain(fingerprint)
  const named = findBuddy(buddies, buddy)
  const holder = named && isBuddy(named, key) ? named : buddies.find((other) => isBuddy(other, key))
  return holder?.alias ?? buddy
}

function moved(contents: Contents, event: TalkEvent & { kind: 'moved' }): Contents {
  const parsed = parseProfileAddress(event.address)
  if (parsed.kind === 'wrong') return contents
  const move = { address: parsed.address, fingerprint: certain(event.fingerprint) }
  const buddies = moveBuddy(contents.buddies, event.buddy, { ...move, own: contents.identity.address })
  return buddies ? { ...contents, buddies } : contents
}

/** The session tells of fingerprints that it computed itself. */
function certain(text: string): Fingerprint {
  const fingerprint = parseFingerprint(text)
  if (fingerprint === undefined) throw new Error('what was secured has no fingerprint')
  return fingerprint
}
