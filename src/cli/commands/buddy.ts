/** `otrtalk buddy …`: whom a profile knows. */
import { type ExitCode, UserError } from '../../error.ts'
import type { Address } from '../../machine.ts'
import { formatProfileAddress, type ProfileAddress, parseProfileAddress } from '../../profile/address.ts'
import {
  addBuddy,
  type Buddies,
  type Buddy,
  changeBuddy,
  findBuddy,
  isHint,
  maxHints,
  removeBuddy,
  renameBuddy,
} from '../../profile/buddies.ts'
import { findInvite, openInvites, unmet, without } from '../../profile/invite.ts'
import { settle } from '../../profile/rotation.ts'
import { parseAddress } from '../../wire/address.ts'
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
  /** host:port */
  readonly at: readonly string[]
}

export async function add(context: ProfileContext, { alias, address: text, at }: AddArgs): Promise<ExitCode> {
  if (isAddress(alias))
    throw usage('the alias comes first, then the address', `otrtalk buddy add ${text} ${alias}`)
  const address = readAddress(text)
  const hints = readHints(at)
  await using profile = await openFor(context, 'buddy add', 'own')
  const { identity, buddies } = profile.contents
  const added = addBuddy(buddies, { alias, address, hints }, { own: identity.address, at: Date.now() })
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

export interface AtArgs {
  readonly alias: string
  /** host:port, of all there are from now on; none: asks what there is. */
  readonly at: readonly string[]
  readonly isNone: boolean // --none
}

/** Says or changes where a buddy is tried first. */
export async function at(context: ProfileContext, { alias, at: texts, isNone }: AtArgs): Promise<ExitCode> {
  const hints = readHints(texts)
  if (isNone && hints.length > 0) throw usage('there are addresses, and --none says that there are none')
  const isAsked = !isNone && hints.length === 0
  await using profile = await openFor(context, 'buddy at', isAsked ? 'read' : 'own')
  const buddy = knownBuddy(profile.contents.buddies, alias)
  const changed: Buddy = isAsked ? buddy : { ...buddy, hints }
  if (!isAsked)
    await profile.save((contents) => ({
      ...contents,
      buddies: changeBuddy(contents.buddies, alias, (now) => ({ ...now, hints })),
    }))
  if (context.options.json) printJson(context, describe(changed))
  else if (isAsked) for (const hint of buddy.hints) context.stdout.write(`${hint}\n`)
  const name = safeName(buddy.alias)
  if (changed.hints.length === 0) remark(context, words`${name} is looked for by discovery alone`)
  else if (!isAsked) remark(context, words`${name} is tried there first`)
  return 0
}

/** Literals only: whoever looks a name up tells its servers, each time, whom he is looking for. */
function readHints(texts: readonly string[]): readonly Address[] {
  const hints = texts.map((text) => {
    const address = parseAddress(text)
    if (address === undefined || !isHint(address))
      throw usage(
        `nobody can be at ${text}`,
        'where a buddy is, is an IP address with a port, not a name: 192.168.1.7:4000 or [2001:db8::7]:4000',
      )
    return address
  })
  if (hints.length > maxHints) throw usage(`a buddy can be at ${maxHints} addresses at the most`)
  return [...new Set(hints)]
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
    ...buddy.hints.map((hint) => [words`at`, safeTitle(hint, hint.length)]),
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
  at: buddy.hints,
})

const explainSeen = ({ lastSeenAt }: Buddy): SafeText =>
  lastSeenAt === undefined ? words`never seen` : words`last seen ${explainDate(lastSeenAt)}`
