/** `otrtalk profile export` and `profile import`: a profile as one sealed file. */
import {
  exported,
  importProfile,
  octetsOf,
  openExported,
  readExported,
  refuseTakenFile,
} from '../../edge/carry.ts'
import { refuseName } from '../../edge/profiles.ts'
import { writeFresh } from '../../edge/store.ts'
import type { ExitCode } from '../../error.ts'
import { formatProfileAddress } from '../../profile/address.ts'
import type { Contents } from '../../profile/contents.ts'
import { exportable, type Portable } from '../../profile/portable.ts'
import { identityView } from '../../profile/view.ts'
import type { Context, ProfileContext } from '../context.ts'
import { explainCarried, explainOneAtATime } from '../explainprofile.ts'
import { openFor } from '../open.ts'
import { usage } from '../options.ts'
import {
  allowMistyping,
  type NewFlags,
  newPassphrase,
  newSource,
  passphraseFor,
  profileEmptyHint,
} from '../passphrase.ts'
import { printJson, remark } from '../print.ts'
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
  await using profile = await openFor(context, 'profile export', 'own')
  const contents = exportable(profile.contents)
  for (const line of explainCarried(contents)) remark(context, line)
  const wanted = { whose: 'the file', source, flags: '--new-passphrase' } as const
  const file = await exported(profile, await newPassphrase(context, wanted))
  if (to === '-') await writeOut(context, file)
  else await writeFresh(to, file)
  if (context.options.json)
    printJson(context, { profile: profile.name, file: to, ...summary(contents), octets: file.length })
  remark(
    context,
    words`${safeName(profile.name)} was exported to ${safeTitle(nameOf(to, 'stdout'), longest)}`,
  )
  for (const line of explainOneAtATime(profile.name)) remark(context, line)
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
  if (context.options.json)
    printJson(context, { profile: name, ...summary(contents), exportedAt: portable.exportedAt })
  else printIdentity(context, name, identityView(contents.identity))
  remark(context, words`profile ${safeName(name)} was imported`)
  for (const line of [...explainCarried(contents), ...explainOneAtATime(portable.name)]) remark(context, line)
  return 0
}

async function opened(context: Context, from: string): Promise<Portable> {
  if (from === '-' && context.stdin.isTTY) throw usage('the file is not typed', 'give its name, or a pipe')
  const name = nameOf(from, 'standard input')
  const file = await readExported(name, from === '-' ? context.stdin : octetsOf(from))
  return allowMistyping(context, async () => openExported(name, file, await passphraseFor(context, name)))
}

/** The JSON of what is in such a file. */
const summary = ({ identity, buddies, invites, former }: Contents) => ({
  address: formatProfileAddress(identity.address),
  fingerprint: identity.fingerprint,
  buddies: buddies.length,
  invites: invites.length,
  formerAddresses: former.length,
})

const nameOf = (path: string, none: string): string => (path === '-' ? none : path)
const longest = 4_096 // columns: of a path
