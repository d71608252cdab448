/** `otrtalk profile …`: the profiles of this machine. */
import { socketOf } from '../../edge/control/place.ts'
import {
  changeHomeSettings,
  createProfile,
  endRemovals,
  findProfile,
  listProfiles,
  type ProfileEntry,
  refuseName,
  removeProfile,
} from '../../edge/profiles.ts'
import { type ExitCode, UserError } from '../../error.ts'
import { identityView } from '../../profile/view.ts'
import type { Context, ProfileContext } from '../context.ts'
import { explainDate } from '../date.ts'
import { explainFingerprint } from '../explaintrust.ts'
import { defaultName, openAccess } from '../open.ts'
import { usage } from '../options.ts'
import { printJson, printTable, remark } from '../print.ts'
import { givenSource, newPassphrase, profileEmptyHint } from '../prompts/passphrase.ts'
import { confirm } from '../prompts/prompt.ts'
import { type SafeText, safeName, safeTitle, words } from '../safetext.ts'
import { printIdentity } from './id.ts'

export interface CreateArgs {
  readonly name: string | undefined
  readonly isOpen: boolean // without a passphrase, as asked for
}

export async function create(context: Context, { name: given, isOpen }: CreateArgs): Promise<ExitCode> {
  const { home, options } = context
  const name = given ?? options.profile ?? defaultName
  await refuseName(home, name) // before anybody types a passphrase
  const source = givenSource(context)
  const passphrase = isOpen
    ? ''
    : await newPassphrase(context, {
        whose: name,
        source,
        flags: '--passphrase',
        emptyHint: profileEmptyHint,
      })
  const { identity } = await createProfile({ home, name, passphrase, command: 'profile create' })
  printIdentity(context, name, identityView(identity))
  remark(
    context,
    words`profile ${safeName(name)} was made; to meet somebody: otrtalk invite, or exchange addresses: otrtalk buddy add`,
  )
  return 0
}

export async function list(context: Context): Promise<ExitCode> {
  const entries = await listProfiles(context.home)
  if (context.options.json) {
    printJson(context, entries.map(describe))
    return 0
  }
  if (entries.length === 0) remark(context, words`no profile yet; make one: otrtalk profile create`)
  printTable(
    context,
    entries.map((entry) => [safeName(entry.name), explainUse(entry)]),
  )
  return 0
}

/** The JSON of a profile that was not opened. */
const describe = ({ name, path, hasPassphrase, fault, usedBy }: ProfileEntry) => ({
  profile: name,
  path,
  passphrase: fault ? null : hasPassphrase,
  ...(fault && { fault }),
  usedBy: usedBy ? { pid: usedBy.pid, command: usedBy.command } : null,
})

function explainUse({ hasPassphrase, fault, usedBy }: ProfileEntry): SafeText {
  if (fault) return fault === 'newer' ? words`written by a newer otrtalk` : words`damaged`
  const lock = hasPassphrase ? words`with passphrase` : words`without passphrase`
  return usedBy ? words`${lock}, in use by process ${usedBy.pid} (otrtalk ${safeName(usedBy.command)})` : lock
}

export async function show(context: ProfileContext): Promise<ExitCode> {
  const entry = await findProfile(context.home, context.profile)
  await using profile = await openAccess(context, 'profile show', 'read')
  const { address, fingerprint, createdAt, buddies } = profile.view
  const control = entry.usedBy && socketOf(entry.path, context.env)
  if (context.options.json) {
    printJson(context, {
      ...describe(entry),
      address,
      fingerprint,
      createdAt,
      buddies: buddies.length,
      control: control ?? null,
    })
    return 0
  }
  printTable(context, [
    [words`profile`, safeName(entry.name)],
    [words`folder`, safeTitle(entry.path, 4_096)],
    [words`vault`, explainUse(entry)],
    ...(control === undefined ? [] : [[words`control`, safeTitle(control, 4_096)]]),
    [words`created`, explainDate(createdAt)],
    [words`buddies`, words`${buddies.length}`],
    [words`address`, safeTitle(address, address.length)],
    [words`fingerprint`, explainFingerprint(fingerprint)],
  ])
  return 0
}

export interface RemoveArgs {
  readonly name: string
  readonly isSure: boolean // --yes
}

export async function remove(context: Context, { name, isSure }: RemoveArgs): Promise<ExitCode> {
  await endRemovals(context.home)
  await refuseMissing(context, name)
  if (!isSure && !(await isConfirmed(context, name))) return 1
  await removeProfile(context.home, name)
  await changeHomeSettings(context.home, ({ profile, ...rest }) =>
    profile === undefined || profile === name ? rest : { profile, ...rest },
  )
  remark(context, words`profile ${safeName(name)} was removed`)
  return 0
}

/** Nobody who wants to remove one is told to make one. */
async function refuseMissing({ home }: Context, name: string): Promise<void> {
  if ((await listProfiles(home)).length === 0)
    throw new UserError(`no profile named ${name}`, { hint: 'there is none at all' })
  await findProfile(home, name)
}

async function isConfirmed(context: Context, name: string): Promise<boolean> {
  if (!context.isInteractive) throw usage('there is nobody to ask whether this is meant', 'add --yes')
  const question = words`remove the profile ${safeName(name)} with its identity and all its buddies? There is no way back.`
  if (await confirm(context, question)) return true
  remark(context, words`nothing was removed`)
  return false
}
