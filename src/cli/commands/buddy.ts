/** `otrtalk buddy …`: whom a profile knows. */
import type { Access } from '../../edge/access.ts'
import { hasHistories } from '../../edge/kept/histories.ts'
import { type ExitCode, UserError } from '../../error.ts'
import { parseProfileAddress } from '../../profile/address.ts'
import { findBuddy, isHint, maxHints } from '../../profile/buddies.ts'
import { type Habit, habitNames, switchable } from '../../profile/habits.ts'
import type { BuddyView } from '../../profile/view.ts'
import { parseAddress } from '../../wire/address.ts'
import { change, changeBuddy, knownBuddy } from '../changing.ts'
import type { ProfileContext } from '../context.ts'
import { explainDate } from '../date.ts'
import { explainHabit, explainHabits } from '../explainhabit.ts'
import { explainFingerprint, explainTrust } from '../explaintrust.ts'
import { explainAddressFault, hintHint } from '../faults.ts'
import { openAccess } from '../open.ts'
import { readDays, readSwitch, usage } from '../options.ts'
import { printJson, printTable, remark } from '../print.ts'
import { confirm } from '../prompts/prompt.ts'
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
  refuseAddress(text)
  refuseHints(at)
  await using profile = await openAccess(context, 'buddy add', 'change')
  const added = await changeBuddy(profile, { kind: 'add', alias, address: text, at })
  if (context.options.json) printJson(context, describe(added))
  const name = safeName(added.alias)
  remark(context, words`${name} was added; ${name} must add your address too: otrtalk id`)
  return 0
}

const isAddress = (text: string): boolean => parseProfileAddress(text).kind === 'address'

function refuseAddress(text: string): void {
  const parsed = parseProfileAddress(text)
  if (parsed.kind === 'address') return
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
  refuseHints(texts)
  if (isNone && texts.length > 0) throw usage('there are addresses, and --none says that there are none')
  const isAsked = !isNone && texts.length === 0
  await using profile = await openAccess(context, 'buddy at', isAsked ? 'read' : 'change')
  const buddy = isAsked
    ? knownBuddy(profile.view, alias)
    : await changeBuddy(profile, { kind: 'at', alias, at: texts })
  if (context.options.json) printJson(context, describe(buddy))
  else if (isAsked) for (const hint of buddy.at) context.stdout.write(`${hint}\n`)
  const name = safeName(buddy.alias)
  if (buddy.at.length === 0) remark(context, words`${name} is looked for by discovery alone`)
  else if (!isAsked) remark(context, words`${name} is tried there first`)
  return 0
}

/** Named one by one: a change says only that one of them is wrong. */
function refuseHints(texts: readonly string[]): void {
  const wrong = texts.find((text) => {
    const address = parseAddress(text)
    return address === undefined || !isHint(address)
  })
  if (wrong !== undefined) throw usage(`nobody can be at ${wrong}`, hintHint)
  if (texts.length > maxHints) throw usage(`a buddy can be at ${maxHints} addresses at the most`)
}

export interface SetArgs {
  readonly alias: string
  readonly habit: string
  readonly value: string
}

/** What we do for a buddy beside talking. */
export async function set(context: ProfileContext, { alias, ...given }: SetArgs): Promise<ExitCode> {
  const habit = readHabit(given)
  const { buddy, path } = await changeHabit(context, alias, habit)
  if (context.options.json) printJson(context, describe(buddy))
  remark(context, explainHabit(buddy, habit))
  const isOff = habit.habit === 'history' && habit.value === false
  if (isOff && (await hasHistories(path))) await leaveHistory(context, buddy)
  return 0
}

async function changeHabit(context: ProfileContext, alias: string, habit: Habit) {
  await using profile = await openAccess(context, 'buddy set', 'change')
  const buddy = await changeBuddy(profile, { kind: 'habit', alias, ...habit })
  return { buddy, path: profile.view.path }
}

/** What was kept stays, if the user does not say otherwise. */
async function leaveHistory(context: ProfileContext, { alias }: BuddyView): Promise<void> {
  const name = safeName(alias)
  const isGone =
    context.isInteractive &&
    (await confirm(context, words`delete what was kept of the conversations with ${name} until now?`))
  if (isGone) await (await import('./history.ts')).removeKept(context, alias)
  else remark(context, words`what was kept until now stays: otrtalk history delete ${name}`)
}

function readHabit({ habit, value }: Omit<SetArgs, 'alias'>): Habit {
  const isDefault = value === 'default'
  if (habit === 'keep') return { habit, value: isDefault ? null : readDays(value, habit) }
  const name = switchable.find((known) => known === habit)
  if (name !== undefined) return { habit: name, value: isDefault ? null : readSwitch(value, name) }
  throw usage(`there is no habit ${habit}`, `there are: ${habitNames.join(', ')}`)
}

export async function list(context: ProfileContext): Promise<ExitCode> {
  await using profile = await openAccess(context, 'buddy list', 'read')
  const { buddies } = profile.view
  if (context.options.json) {
    printJson(context, buddies.map(describe))
    return 0
  }
  for (const { alias, expiresAt } of profile.view.invites) {
    const name = safeName(alias)
    remark(
      context,
      words`${name} is to be met by a code, until ${explainDate(expiresAt)}: otrtalk chat ${name}`,
    )
  }
  if (buddies.length === 0 && profile.view.invites.length === 0)
    remark(context, words`no buddies yet: otrtalk invite, or otrtalk buddy add <alias> <address>`)
  printTable(
    context,
    buddies.map((buddy) => [
      safeName(buddy.alias),
      buddy.blocked ? words`blocked, ${explainTrust(buddy.trust)}` : explainTrust(buddy.trust),
      explainSeen(buddy),
    ]),
  )
  remarkUntold(context, profile.view)
  return 0
}

export async function show(context: ProfileContext, alias: string): Promise<ExitCode> {
  await using profile = await openAccess(context, 'buddy show', 'read')
  const buddy = knownBuddy(profile.view, alias)
  if (context.options.json) {
    printJson(context, describe(buddy))
    return 0
  }
  const { address, fingerprint } = buddy
  printTable(context, [
    [words`alias`, safeName(buddy.alias)],
    [words`address`, safeTitle(address, address.length)],
    [words`fingerprint`, fingerprint === null ? words`not known yet` : explainFingerprint(fingerprint)],
    [words`trust`, explainTrust(buddy.trust)],
    ...buddy.at.map((hint) => [words`at`, safeTitle(hint, hint.length)]),
    ...explainHabits(buddy.habits),
    ...(buddy.blocked ? [[words`blocked`, words`not looked for, and not answered`]] : []),
    [words`added`, explainDate(buddy.addedAt)],
    [words`last seen`, buddy.lastSeenAt === null ? words`never` : explainDate(buddy.lastSeenAt)],
  ])
  return 0
}

/** Hex digits only, for scripts. */
export async function fingerprint(context: ProfileContext, alias: string): Promise<ExitCode> {
  await using profile = await openAccess(context, 'buddy fingerprint', 'read')
  const buddy = knownBuddy(profile.view, alias)
  if (buddy.fingerprint === null) throw unknownFingerprint(buddy)
  if (context.options.json) printJson(context, { alias: buddy.alias, fingerprint: buddy.fingerprint })
  else context.stdout.write(`${buddy.fingerprint}\n`)
  return 0
}

export interface RemoveArgs {
  readonly alias: string
  readonly isSure: boolean // --yes
}

export async function remove(context: ProfileContext, { alias, isSure }: RemoveArgs): Promise<ExitCode> {
  await using profile = await openAccess(context, 'buddy remove', 'change')
  const { buddies, invites } = profile.view
  const invite = findBuddy(invites, alias)
  if (invite && !findBuddy(buddies, alias)) {
    await change(profile, { kind: 'remove', alias })
    remark(context, words`the invite code of ${safeName(invite.alias)} leads nowhere any more`)
    return 0
  }
  const buddy = knownBuddy(profile.view, alias)
  const name = safeName(buddy.alias)
  if (!isSure && !context.isInteractive)
    throw usage('there is nobody to ask whether this is meant', 'add --yes')
  if (!isSure && !(await confirm(context, words`remove ${name}, and what is known of ${name}’s key?`))) {
    remark(context, words`nobody was removed`)
    return 1
  }
  await change(profile, {
    kind: 'remove',
    alias,
    ...(await leaveOutbox(context, profile, { buddy, isSure })),
  })
  remark(context, words`${name} was removed`)
  if (await hasHistories(profile.view.path))
    remark(context, words`what was kept of conversations stays: otrtalk history list`)
  return 0
}

/** What waits for a buddy who is to be none is dropped; on a terminal it is asked whether the next one of the name gets it. */
async function leaveOutbox(
  context: ProfileContext,
  profile: Access,
  { buddy: { alias }, isSure }: { readonly buddy: BuddyView; readonly isSure: boolean },
): Promise<{ readonly keepsOutbox?: true }> {
  const name = safeName(alias)
  const { length } = (await profile.outbox()).filter(({ buddy }) => buddy === alias)
  if (length === 0) return {}
  const [many, waits, it] =
    length === 1
      ? [words`one message`, words`waits`, words`it`]
      : [words`${length} messages`, words`wait`, words`them`]
  const question = words`${many} for ${name} ${waits}: drop ${it}? Else you are asked again when somebody is called ${name}`
  if (!isSure && context.isInteractive && !(await confirm(context, question))) return { keepsOutbox: true }
  remark(context, words`${many} for ${name} dropped`)
  return {}
}

export interface RenameArgs {
  readonly alias: string
  readonly to: string
}

export async function rename(context: ProfileContext, { alias, to }: RenameArgs): Promise<ExitCode> {
  await using profile = await openAccess(context, 'buddy rename', 'change')
  const before = knownBuddy(profile.view, alias)
  const renamed = await changeBuddy(profile, { kind: 'rename', alias, to })
  if (context.options.json) printJson(context, describe(renamed))
  remark(context, words`${safeName(before.alias)} is ${safeName(renamed.alias)} from now on`)
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
  await using profile = await openAccess(context, `buddy ${how}`, 'change')
  const known = knownBuddy(profile.view, alias)
  const left = how === 'block' && (await leaveOutbox(context, profile, { buddy: known, isSure: false }))
  const buddy = await changeBuddy(profile, { kind: how, alias, ...left })
  if (context.options.json) printJson(context, describe(buddy))
  const name = safeName(buddy.alias)
  if (how === 'unblock' && buddy.untold && profile.view.former === 0)
    remark(context, words`${name} does not know your new address, give it again: otrtalk id`)
  return name
}

export const unknownFingerprint = ({ alias }: BuddyView): UserError =>
  new UserError(`the fingerprint of ${alias} is not known yet`, {
    hint: `it is learned when the buddy first answers: otrtalk chat ${alias}`,
  })

/** The JSON of a buddy: stable names. */
export const describe = ({ untold: _, ...buddy }: BuddyView): Omit<BuddyView, 'untold'> => buddy

const explainSeen = ({ lastSeenAt }: BuddyView): SafeText =>
  lastSeenAt === null ? words`never seen` : words`last seen ${explainDate(lastSeenAt)}`
