/**
 * What a shell asks when somebody presses Tab: the words that may follow, one a
 * line, with a tab and what each is; `:files` where a file's name may. It asks
 * no question, waits for nobody, and leaves out what a shell would have to quote.
 */
import { findHome, type Home } from '../../edge/home.ts'
import { listInterfaces } from '../../edge/interfaces.ts'
import { findProfile, listProfiles, openProfile, ownerOf } from '../../edge/profiles.ts'
import { type ProfileView, viewOf } from '../../profile/view.ts'
import { type Candidate, candidatesFor, type Sought } from '../candidates.ts'
import type { Io } from '../context.ts'
import type { ValueKind } from '../definitions/definition.ts'
import type { Outline } from '../definitions/outline.ts'
import { chooseProfile } from '../open.ts'
import { bashWords, behindCommand } from '../shells/bashwords.ts'

/** @param line - of bash, up to the cursor */
export const completeLine = (io: Io, outline: Outline, line: string): Promise<void> =>
  completeWords(io, outline, behindCommand(bashWords(line)))

/** @param words - behind `otrtalk`, without quotes; the last one is being typed */
export async function completeWords(io: Io, outline: Outline, words: readonly string[]): Promise<void> {
  const sought = candidatesFor(outline, words)
  const known = await knownTo(io, sought)
  const lines = [...sought.words, ...known]
    .filter(({ word }) => word.startsWith(sought.typed) && isPlain(word))
    .map(({ word, says }) => (says === '' ? word : `${word}\t${says}`))
  const { values } = sought
  if (values.kind === 'known' && values.of === 'files') lines.push(':files')
  io.stdout.write(lines.map((line) => `${line}\n`).join(''))
}

/** No shell does anything with these but take them as they are. */
const isPlain = (word: string): boolean => /^[\p{L}\p{N}_-][\p{L}\p{M}\p{N}._+-]*$/u.test(word)

async function knownTo(io: Io, { values, profile }: Sought): Promise<readonly Candidate[]> {
  if (values.kind !== 'known') return []
  return await wordsOf(values.of, io, profile)
}

async function wordsOf(
  of: ValueKind,
  { env }: Io,
  profile: string | undefined,
): Promise<readonly Candidate[]> {
  switch (of) {
    case 'buddies':
      return await aliases(env, profile)
    case 'profiles':
      return (await listProfiles(await findHome(env))).map(({ name }) => ({ word: name, says: 'profile' }))
    case 'interfaces':
      return listInterfaces().map(({ name, addresses }) => ({ word: name, says: addresses.join(' ') }))
    case 'files':
      return []
    default:
      return of satisfies never
  }
}

/** Of the profile in force; of one with a passphrase only while somebody has it open, who serves others. */
async function aliases(env: Io['env'], wanted: string | undefined): Promise<readonly Candidate[]> {
  const home = await findHome(env)
  const name = await chooseProfile(home, wanted ?? env['OTRTALK_PROFILE'])
  const view = await viewNow(home, name, env)
  if (!view) return []
  return [
    ...view.buddies.map(({ alias }) => ({ word: alias, says: 'buddy' })),
    ...view.invites.map(({ alias }) => ({ word: alias, says: 'to be met by a code' })),
  ]
}

async function viewNow(home: Home, name: string, env: Io['env']): Promise<ProfileView | undefined> {
  const { path, hasPassphrase } = await findProfile(home, name)
  if (hasPassphrase) {
    const { reachOwner } = await import('../../edge/control/client.ts')
    const reached = await reachOwner({
      name,
      path,
      env,
      patience,
      waits: patience,
      holder: () => ownerOf(path),
    })
    if (reached.kind !== 'owner') return undefined
    using owner = reached.owner
    return await owner.view()
  }
  await using profile = await openProfile({ home, name, passphrase: '', command: 'complete', lock: false })
  return viewOf(profile.contents, profile)
}

const patience = 50 // ms: who presses Tab waits for nobody
