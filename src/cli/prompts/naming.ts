/** What he is called who has the other half of a code: as it was given, or else as somebody says, or a default. */
import type { OpenProfile } from '../../edge/openprofile.ts'
import { UserError } from '../../error.ts'
import { aliasFault, findBuddy } from '../../profile/buddies.ts'
import { findInvite, freeAlias, type Invite, inviteOf, openInvites, type Side } from '../../profile/invite.ts'
import type { ProfileContext } from '../context.ts'
import { explainBuddyFault } from '../faults.ts'
import { safeName } from '../safetext.ts'
import { allowSlips, askLine } from './prompt.ts'

export type Named =
  /** He is to be met; `pending` is what is known of the code already. */
  | { readonly kind: 'open'; readonly alias: string; readonly pending: Invite | undefined }
  /** He was met, and has not confirmed it: the conversation goes on. */
  | { readonly kind: 'met'; readonly alias: string }

export async function nameFor(
  context: ProfileContext,
  { contents }: OpenProfile,
  { alias: given, side }: { readonly alias: string | undefined; readonly side: Side },
): Promise<Named> {
  const own = openInvites(contents).filter((invite) => invite.side === side)
  // Whoever has one alone and names nobody goes on with it.
  const known = given ?? (own.length === 1 ? own[0]!.alias : undefined)
  if (known !== undefined) return namedIn(contents, known, side)
  const proposed = freeAlias(contents)
  if (!context.isInteractive || context.options.json) return namedIn(contents, proposed, side)
  // Asked again: what is typed next would else be for the shell, and stand in its history.
  return allowSlips(context, async () => namedIn(contents, await askName(context, proposed), side))
}

function namedIn(contents: OpenProfile['contents'], alias: string, side: Side): Named {
  const { buddies, invites } = contents
  const fault = aliasFault(alias.normalize('NFC'))
  if (fault) throw explainBuddyFault({ why: fault }, alias)
  const buddy = findBuddy(buddies, alias)
  if (buddy && inviteOf(invites, buddy)) return { kind: 'met', alias: buddy.alias }
  if (buddy) throw explainBuddyFault({ why: 'alias-taken', by: buddy.alias }, alias)
  const pending = findInvite(openInvites(contents), alias)
  if (pending && pending.side !== side) throw otherSide(pending)
  return { kind: 'open', alias: pending?.alias ?? alias, pending }
}

async function askName(context: ProfileContext, proposed: string): Promise<string> {
  const answer = await askLine(context, `what do you call your buddy? [${safeName(proposed)}] `)
  return answer.trim() || proposed
}

function otherSide({ alias, side }: Invite): UserError {
  const doing = side === 'inviter' ? 'you have made a code for' : 'you have typed a code of'
  return new UserError(`${doing} ${alias} already`, {
    hint: `go on with it: otrtalk chat ${alias}; or choose another alias`,
  })
}
