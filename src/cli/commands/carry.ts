/** `otrtalk profile export` and `profile import`: a profile as one sealed file. */
import { importProfile, octetsOf, openExported, readExported, refuseTakenFile } from '../../edge/carry.ts'
import { refuseName } from '../../edge/profiles.ts'
import { writeFresh } from '../../edge/store.ts'
import type { ExitCode } from '../../error.ts'
import type { Portable } from '../../profile/portable.ts'
import { type ProfileView, viewOf } from '../../profile/view.ts'
import type { Context, ProfileContext } from '../context.ts'
import { explainCarried, explainOneAtATime } from '../explainprofile.ts'
import { openKeeping } from '../open.ts'
import { usage } from '../options.ts'
import { printJson, remark } from '../print.ts'
import {
  allowMistyping,
  type NewFlags,
  newPassphrase,
  newSource,
  passphraseFor,
  profileEmptyHint,
} from '../prompts/passphrase.ts'
import { safeName, safeTitle, words } from '../safetext.ts'
import { printIdentity } from './id.ts'

export interface ExportArgs extends NewFlags {
  readonly to: string // a file's path; `-`: stdout
}

export async function exportTo(context: ProfileContext, args: ExportArgs): Promise<ExitCode> {
  const { to } = args
  const source = newSource(context, args)
  if (to === '-') refuseStdout(context)
  else await refuseTakenFile(to)
  await using profile = await openKeeping(context, 'profile export')
  const { view } = profile
  for (const line of explainCarried(view)) remark(context, line)
  const wanted = { whose: 'the file', source, flags: '--new-passphrase' } as const
  const file = await profile.exported(await newPassphrase(context, wanted))
  if (to === '-') await writeOut(context, file)
  else await writeFresh(to, file)
  if (context.options.json)
    printJson(context, { profile: view.profile, file: to, ...summary(view), octets: file.length })
  remark(
    context,
    words`${safeName(view.profile)} was exported to ${safeTitle(nameOf(to, 'stdout'), longest)}`,
  )
  for (const line of explainOneAtATime(view.profile)) remark(context, line)
  return 0
}

function refuseStdout({ stdout, options }: Context): void {
  if (stdout.isTTY) throw usage('the file is not for a terminal', 'use --to FILE, or a pipe behind it')
  if (options.json) throw usage('stdout carries the file or JSON, not both', 'use --to FILE with --json')
}

const writeOut = ({ stdout }: Context, octets: Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => {
    stdout.write(octets, (error) => (error ? reject(error) : resolve()))
  })

export interface ImportArgs extends NewFlags {
  readonly from: string // a file's path; `-`: stdin
  readonly name: string | undefined // as it was called, where it comes from
  readonly isOpen: boolean // without a passphrase, as asked for
}

export async function importFrom(context: Context, args: ImportArgs): Promise<ExitCode> {
  const { home } = context
  const source = newSource(context, args)
  if (args.isOpen && (source.file ?? source.fd) !== undefined)
    throw usage('--no-passphrase and a new passphrase exclude each other')
  const wantedName = args.name ?? context.options.profile
  if (wantedName !== undefined) await refuseName(home, wantedName)
  const portable = await opened(context, args.from)
  const name = wantedName ?? portable.name
  await refuseName(home, name) // before anybody types another passphrase
  const wanted = { whose: name, source, flags: '--new-passphrase', emptyHint: profileEmptyHint } as const
  const passphrase = args.isOpen ? '' : await newPassphrase(context, wanted)
  const contents = await importProfile(portable, { home, name, passphrase })
  const view = viewOf(contents, { name, path: '' })
  if (context.options.json)
    printJson(context, { profile: name, ...summary(view), exportedAt: portable.exportedAt })
  else printIdentity(context, name, view)
  remark(context, words`profile ${safeName(name)} was imported`)
  for (const line of [...explainCarried(view), ...explainOneAtATime(portable.name)]) remark(context, line)
  return 0
}

async function opened(context: Context, from: string): Promise<Portable> {
  if (from === '-' && context.stdin.isTTY) throw usage('the file is not typed', 'give its name, or a pipe')
  const name = nameOf(from, 'standard input')
  const file = await readExported(name, from === '-' ? context.stdin : octetsOf(from))
  return allowMistyping(context, async () => openExported(name, file, await passphraseFor(context, name)))
}

/** The JSON of what is in such a file. */
const summary = ({ address, fingerprint, buddies, pending, former }: ProfileView) => ({
  ...{ address, fingerprint, buddies: buddies.length, invites: pending, formerAddresses: former },
})

const nameOf = (path: string, none: string): string => (path === '-' ? none : path)
const longest = 4_096 // columns: of a path
