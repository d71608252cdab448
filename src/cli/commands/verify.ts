/**
 * `otrtalk buddy verify`: two people compare their fingerprints, aloud or by
 * eye. Both are shown as seven numbered rows of sixteen digits, so that one can
 * say where the other should look; the letters are said as on the radio.
 */
import { type ExitCode, UserError } from '../../error.ts'
import { type BuddyView, mayBe } from '../../profile/view.ts'
import { change, changeBuddy, knownBuddy } from '../changing.ts'
import type { ProfileContext } from '../context.ts'
import { openAccess } from '../open.ts'
import { usage } from '../options.ts'
import { printJson, printTable, remark } from '../print.ts'
import { confirm } from '../prompts/prompt.ts'
import { safeName, safeTitle, words } from '../safetext.ts'
import { describe, unknownFingerprint } from './buddy.ts'

export interface VerifyArgs {
  readonly alias: string
  /** 112 hex digits, told by the buddy: nothing is asked. */
  readonly fingerprint: string | undefined
}

export async function verify(context: ProfileContext, args: VerifyArgs): Promise<ExitCode> {
  const { alias, fingerprint } = args
  if (fingerprint === undefined && !context.isInteractive)
    throw usage('there is nobody to ask whether the fingerprints match', 'add --fingerprint F')
  await using profile = await openAccess(context, 'buddy verify', 'change')
  const buddy = knownBuddy(profile.view, alias)
  const theirs = fingerprint ?? buddy.fingerprint
  const isMatching =
    fingerprint === undefined
      ? await compare(context, buddy, profile.view.fingerprint)
      : mayBe(buddy, fingerprint)
  if (!isMatching || theirs === null) {
    await change(profile, { kind: 'unverify', alias })
    throw mismatch(buddy.alias)
  }
  const verified = await changeBuddy(profile, { kind: 'verify', alias, fingerprint: theirs })
  if (context.options.json) printJson(context, describe(verified))
  remark(context, words`${safeName(alias)} is verified by you`)
  return 0
}

/** Takes trust back, also what an invite code gave. */
export async function unverify(context: ProfileContext, alias: string): Promise<ExitCode> {
  await using profile = await openAccess(context, 'buddy unverify', 'change')
  const buddy = await changeBuddy(profile, { kind: 'unverify', alias })
  if (context.options.json) printJson(context, describe(buddy))
  remark(context, words`${safeName(buddy.alias)} is not verified any more`)
  return 0
}

/** Shows both fingerprints, and asks whether they are those that the other one sees. */
async function compare(context: ProfileContext, buddy: BuddyView, own: string): Promise<boolean> {
  if (buddy.fingerprint === null) throw unknownFingerprint(buddy)
  const name = safeName(buddy.alias)
  remark(context, words`call ${name}, or meet; ${name} shows the same two with: otrtalk buddy verify`)
  remark(context, words`${name} reads the right column from there, you compare; then you read the left one`)
  remark(context, words`letters: Alfa Bravo Charlie Delta Echo Foxtrot`)
  const [ours, theirs] = [rowsOf(own), rowsOf(buddy.fingerprint)]
  const rows = ours.map((row, i) => [words`${i + 1}`, safeTitle(row), safeTitle(theirs[i]!)])
  printTable({ ...context, stdout: context.stderr }, [[words` `, words`you`, name], ...rows])
  return await confirm(context, words`do both match, every row?`)
}

/** Seven rows of four groups of four digits. */
const rowsOf = (fingerprint: string): string[] =>
  (fingerprint.toUpperCase().match(/.{16}/gu) ?? []).map((row) => row.replace(/.{4}(?=.)/gu, '$& '))

function mismatch(alias: string): UserError {
  return new UserError(`the fingerprints do not match: ${alias} is not verified`, {
    hint: `somebody else may be answering. Say nothing to be kept secret, and exchange addresses in person; until then: otrtalk buddy block ${alias}`,
    exit: 4,
  })
}
