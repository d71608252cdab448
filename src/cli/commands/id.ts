/** `otrtalk id`: what a buddy needs to know, to find this profile and to trust it. */
import { type ExitCode, UserError } from '../../error.ts'
import { maxFormer } from '../../profile/contents.ts'
import type { ProfileView } from '../../profile/view.ts'
import { change } from '../changing.ts'
import type { Context, ProfileContext } from '../context.ts'
import { explainFingerprint } from '../explaintrust.ts'
import { explainChangeFault, untoldOf } from '../faults.ts'
import { openAccess } from '../open.ts'
import { usage } from '../options.ts'
import { printJson, printTable, remark } from '../print.ts'
import { confirm } from '../prompts/prompt.ts'
import { safeTitle, words } from '../safetext.ts'

export interface IdArgs {
  /** --qr: the address as a picture for a camera, too. */
  readonly hasQr: boolean
  /** --rotate: with a new discovery key, and so a new address. */
  readonly isNew: boolean
  readonly isSure: boolean // --yes
}

export async function id(context: ProfileContext, { hasQr, isNew, isSure }: IdArgs): Promise<ExitCode> {
  if (isNew && !isSure && !context.isInteractive)
    throw usage('there is nobody to ask whether this is meant', 'add --yes')
  await using profile = await openAccess(context, 'id', isNew ? 'change' : 'read')
  if (isNew) {
    if (profile.view.former >= maxFormer)
      throw explainChangeFault({ why: 'too-many-former' }, '', profile.view)
    if (!isSure && !(await confirmNew(context, profile.view))) return 1
    await change(profile, { kind: 'rotate' })
  }
  const { view } = profile
  printIdentity(context, view.profile, view)
  if (hasQr && !context.options.json) await printQr(context, view)
  remarkUntold(context, view)
  return 0
}

/** For a camera: in capitals, which take fewer modules. */
async function printQr(context: Context, { address }: Shown): Promise<void> {
  const { drawsQr, qrText } = await import('../prompts/qr.ts')
  if (!drawsQr(context))
    throw new UserError('a QR code cannot be drawn here', { hint: 'use a terminal that reads UTF-8' })
  context.stderr.write(`${qrText(address.toUpperCase())}\n`)
}

async function confirmNew(context: ProfileContext, { buddies }: ProfileView): Promise<boolean> {
  const count = buddies.filter(({ blocked }) => !blocked).length
  remark(context, words`your address changes: whoever has only the old one finds you no more`)
  if (count > 0)
    remark(
      context,
      words`your buddies (${count}) are told in the next conversation with each; the old address serves them until then`,
    )
  if (await confirm(context, words`make a new address?`)) return true
  remark(context, words`your address stays as it is`)
  return false
}

/** Who still has to learn a new address, as long as there is somebody. */
export function remarkUntold(context: ProfileContext, { buddies, former }: ProfileView): void {
  if (former === 0) return
  const aliases = untoldOf(buddies)
  const named = safeTitle(aliases.slice(0, maxNamed).join(', ') + (aliases.length > maxNamed ? ', …' : ''))
  remark(context, words`still to learn your new address (${aliases.length}): ${named}`)
}

type Shown = Pick<ProfileView, 'address' | 'fingerprint'>

export function printIdentity(context: Context, profile: string, { address, fingerprint }: Shown): void {
  if (context.options.json) {
    printJson(context, { profile, address, fingerprint })
    return
  }
  printTable(context, [
    [words`profile`, safeTitle(profile)],
    [words`address`, safeTitle(address, address.length)],
    [words`fingerprint`, explainFingerprint(fingerprint)],
  ])
}

const maxNamed = 10 // buddies in a remark
