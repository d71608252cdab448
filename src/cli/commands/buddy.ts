/** `otrtalk buddy …`: whom a profile knows. */
import { type ExitCode, UserError } from '../../error.ts'
import { formatProfileAddress, type ProfileAddress, parseProfileAddress } from '../../profile/address.ts'
import {
  addBuddy,
  type Buddies,
  type Buddy,
  changeBuddy,
  findBuddy,
  removeBuddy,
  renameBuddy,
} from '../../profile/buddies.ts'
import { findInvite, openInvites, unmet, without } from '../../profile/invite.ts'
import { settle } from '../../profile/rotation.ts'
import type { ProfileContext } from '../context.ts'
import { explainDate, explainFingerprint, explainTrust } from '../explain.ts'
import { explainAddressFault, explainBuddyFault, unknownBuddy } from '../faults.ts'
import { openFor } from '../open.ts'
import { usage } from '../options.ts'
import { printJson, printTable, remark } from '../print.ts'
import { confirm } from '../prompt.ts'
import { type SafeText, safeName, safeTitle, words } from '../safetext.ts'
import { remarkUntold } from './id.ts'

export interface AddArgs {
  readonly alias: string
  readonly address: string
}

export async function add(context: ProfileContext, { alias, address: text }: AddArgs): Promise<ExitCode> {
  if (isAddress(alias))
    throw usage('the alias comes first, then the address', `otrtalk buddy add ${text} ${alias}`)
  const address = readAddress(text)
  await using profile = await openFor(context, 'buddy add', 'own')
  const { identity, buddies } = profile.contents
  const added = addBuddy(buddies, { alias, address }, { own: identity.address, at: Date.now() })
  if (added.kind === 'refused') throw explainBuddyFault(added, alias)
  await profile.save((contents) => ({ ...contents, buddies: added.buddies }))
  if (context.options.json) printJson(context, describe(added.buddy))
  const name = safeName(added.buddy.alias)
  remark(context, words`${name} was added; ${name} must add your address too: otrtalk id`)
  return 0
}

const isAddress = (text: string): boolean => parseProfileAddress(text).kind === 'address'

function readAddress(text: string): ProfileAddress {
  const parsed = parseProfileAddress(text)
  if (parsed.kind === 'address') return parsed.address
  throw usage(
    `this is no address: ${explainAddressFault(parsed.why)}`,
    'your buddy sees his own with: otrtalk id',
  )
}

export async function list(context: ProfileContext): Promise<ExitCode> {
  await using profile = await openFor(context, 'buddy list', 'read')
  const { buddies } = profile.contents
  if (context.options.json) {
    printJson(context, buddies.map(describe))
    return 0
  }
  if (buddies.length === 0)
    remark(context, words`no buddies yet; add one: otrtalk buddy add <alias> <address>`)
  printTable(
    context,
    buddies.map((buddy) => [
      safeName(buddy.alias),
      buddy.isBlocked ? words`blocked, ${explainTrust(buddy.trust)}` : explainTrust(buddy.trust),
      explainSeen(buddy),
    ]),
  )
  remarkUntold(context, profile.contents)
  return 0
}

export async function show(context: ProfileContext, alias: string): Promise<ExitCode> {
  await using profile = await openFor(context, 'buddy show', 'read')
  const buddy = knownBuddy(profile.contents.buddies, alias)
  if (context.options.json) {
    printJson(context, describe(buddy))
    return 0
  }
  const { address, fingerprint } = describe(buddy)
  printTable(context, [
    [words`alias`, safeName(buddy.alias)],
    [words`address`, safeTitle(address, address.length)],
    [words`fingerprint`, fingerprint === null ? words`not known yet` : explainFingerprint(fingerprint)],
    [words`trust`, explainTrust(buddy.trust)],
    ...(buddy.isBlocked ? [[words`blocked`, words`not looked for, and not answered`]] : []),
    [words`added`, explainDate(buddy.addedAt)],
    [words`last seen`, buddy.lastSeenAt === undefined ? words`never` : explainDate(buddy.lastSeenAt)],
  ])
  return 0
}

/** Hex digits only, for scripts. */
export async function fingerprint(context: ProfileContext, alias: string): Promise<ExitCode> {
  await using profile = await openFor(context, 'buddy fingerprint', 'read')
  const buddy = knownBuddy(profile.contents.buddies, alias)
  if (buddy.fingerprint === undefined) throw unknownFingerprint(buddy)
  if (context.options.json) printJson(context, { alias: buddy.alias, fingerprint: buddy.fingerprint })
  else context.stdout.write(`${buddy.fingerprint}\n`)
  return 0
}

export interface RemoveArgs {
  readonly alias: string
  readonly isSure: boolean // --yes
}

export async function remove(context: ProfileContext, { alias, isSure }: RemoveArgs): Promise<ExitCode> {
  await using profile = await openFor(context, 'buddy remove', 'own')
  const invite = findInvite(openInvites(profile.contents), alias)
  if (invite && !findBuddy(profile.contents.buddies, alias)) {
    await profile.save((contents) => ({ ...contents, invites: without(contents.invites, invite) }))
    remark(context, words`the invite code of ${safeName(invite.alias)} leads nowhere any more`)
    return 0
  }
  const buddy = knownBuddy(profile.contents.buddies, alias)
  const name = safeName(buddy.alias)
  if (!isSure && !context.isInteractive)
    throw usage('there is nobody to ask whether this is meant', 'add --yes')
  if (!isSure && !(await confirm(context, words`remove ${name}, and what is known of ${name}’s key?`))) {
    remark(context, words`nobody was removed`)
    return 1
  }
  await profile.save((contents) => {
    const buddies = removeBuddy(contents.buddies, alias)
    return settle({ ...contents, buddies, invites: unmet(contents.invites, buddy) })
  })
  remark(context, words`${name} was removed`)
  return 0
}

export interface RenameArgs {
  readonly alias: string
  readonly to: string
}

export async function rename(context: ProfileContext, { alias, to }: RenameArgs): Promise<ExitCode> {
  await using profile = await openFor(context, 'buddy rename', 'own')
  const buddy = knownBuddy(profile.contents.buddies, alias)
  const renamed = renameBuddy(profile.contents.buddies, buddy, to)
  if (renamed.kind === 'refused') throw explainBuddyFault(renamed, to)
  await profile.save((contents) => ({ ...contents, buddies: renamed.buddies }))
  if (context.options.json) printJson(context, describe(renamed.buddy))
  remark(context, words`${safeName(buddy.alias)} is ${safeName(renamed.buddy.alias)} from now on`)
  return 0
}

/** A blocked buddy is not looked for, and nothing of ours answers him. */
export async function block(context: ProfileContext, alias: string): Promise<ExitCode> {
  const name = await setBlocked(context, alias, 'block')
  remark(context, words`${name} is blocked: not looked for, and not answered; otrtalk buddy unblock ${name}`)
  return 0
}

export async function unblock(context: ProfileContext, alias: string): Promise<ExitCode> {
  const name = await setBlocked(context, alias, 'unblock')
  remark(context, words`${name} is not blocked any more`)
  return 0
}

async function setBlocked(
  context: ProfileContext,
  alias: string,
  how: 'block' | 'unblock',
): Promise<SafeText> {
  await using profile = await openFor(context, `buddy ${how}`, 'own')
  const buddy = knownBuddy(profile.contents.buddies, alias)
  const changed: Buddy = { ...buddy, isBlocked: how === 'block' }
  await profile.save((contents) => {
    const buddies = changeBuddy(contents.buddies, alias, () => changed)
    return settle({ ...contents, buddies, invites: unmet(contents.invites, buddy) })
  })
  if (context.options.json) printJson(context, describe(changed))
  const name = safeName(buddy.alias)
  const { former } = profile.contents
  if (how === 'unblock' && buddy.isStrange && former.length === 0)
    remark(context, words`${name} does not know your new address, give it again: otrtalk id`)
  return name
}

export const unknownFingerprint = ({ alias }: Buddy): UserError =>
  new UserError(`the fingerprint of ${alias} is not known yet`, {
    hint: `it is learned when the buddy first answers: otrtalk chat ${alias}`,
  })

/** The buddy of that alias; refused in words if there is none. */
export function knownBuddy(buddies: Buddies, alias: string): Buddy {
  const buddy = findBuddy(buddies, alias)
  if (buddy) return buddy
  throw unknownBuddy(buddies, alias)
}

/** The JSON of a buddy: stable names. */
export const describe = (buddy: Buddy) => ({
  alias: buddy.alias,
  address: formatProfileAddress(buddy.address),
  fingerprint: buddy.fingerprint ?? null,
  trust: buddy.trust,
  addedAt: buddy.addedAt,
  lastSeenAt: buddy.lastSeenAt ?? null,
  blocked: buddy.isBlocked,
})

const explainSeen = ({ lastSeenAt }: Buddy): SafeText =>
  lastSeenAt === undefined ? words`never seen` : words`last seen ${explainDate(lastSeenAt)}`
