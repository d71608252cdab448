/** Changes of a profile as a command makes them: refused in words, and then nothing has changed. */
import type { Access } from '../edge/access.ts'
import type { Refusal } from '../edge/control/switchboard.ts'
import { nobodyIn } from '../edge/refusals.ts'
import { findBuddy } from '../profile/buddies.ts'
import type { Change } from '../profile/change.ts'
import type { BuddyView, ProfileView } from '../profile/view.ts'
import { explainChangeFault } from './faults.ts'

/** The buddy of that alias; refused in words if there is none. */
export function knownBuddy(view: Pick<ProfileView, 'buddies' | 'invites'>, alias: string): BuddyView {
  const buddy = findBuddy(view.buddies, alias)
  if (buddy) return buddy
  throw nobodyIn(view, alias)
}

/** Throws in words if it is refused. */
export async function change(profile: Access, wanted: Change): Promise<void> {
  const refusal = await profile.change(wanted)
  if (!refusal) return
  throw explainChangeFault(refusal, aboutWhom(wanted, refusal), profile.view)
}

/** The buddy as he is after it. */
export async function changeBuddy(
  profile: Access,
  wanted: Exclude<Change, { kind: 'rotate' | 'remove' }>,
): Promise<BuddyView> {
  await change(profile, wanted)
  return knownBuddy(profile.view, wanted.kind === 'rename' ? wanted.to : wanted.alias)
}

/** The alias that is wrong. */
function aboutWhom(wanted: Change, { why }: Refusal): string {
  if (wanted.kind === 'rotate') return ''
  return wanted.kind === 'rename' && why !== 'unknown-buddy' ? wanted.to : wanted.alias
}
