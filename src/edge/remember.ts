/**
 * What the vault takes from what happens in conversations. Pure: contents in,
 * contents out, and the same ones where there is nothing to remember.
 */
import { type Fingerprint, parseFingerprint } from '../otr/identity.ts'
import { parseProfileAddress } from '../profile/address.ts'
import { moveBuddy, touchBuddy, verifyBuddy } from '../profile/buddies.ts'
import type { Contents } from '../profile/contents.ts'
import { introduced } from '../profile/rotation.ts'
import type { TalkEvent } from '../session/command.ts'

/** @param at - unix ms */
export function remembered(contents: Contents, event: TalkEvent, at: number): Contents {
  const { buddies } = contents
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
      return introduced(contents, event.buddy, certain(event.fingerprint))
    default:
      return contents
  }
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
