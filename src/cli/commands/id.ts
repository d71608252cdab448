/** `otrtalk id`: what a buddy needs to know, to find this profile and to trust it. */
import { randomBytes } from '../../crypto.ts'
import { type ExitCode, UserError } from '../../error.ts'
import { formatProfileAddress } from '../../profile/address.ts'
import type { Contents } from '../../profile/contents.ts'
import type { Identity } from '../../profile/identity.ts'
import { rotate, untold } from '../../profile/rotation.ts'
import type { Context, ProfileContext } from '../context.ts'
import { explainFingerprint } from '../explain.ts'
import { openFor } from '../open.ts'
import { usage } from '../options.ts'
import { printJson, printTable, remark } from '../print.ts'
import { confirm } from '../prompt.ts'
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
  await using profile = await openFor(context, 'id', isNew ? 'own' : 'read')
  if (isNew) {
    const rotated = rotate(profile.contents, randomBytes)
    if (!rotated) throw tooManyFormer(profile.contents)
    if (!isSure && !(await confirmNew(context, rotated))) return 1
    await profile.save(() => rotated)
  }
  const { identity } = profile.contents
  printIdentity(context, profile.name, identity)
  if (hasQr && !context.options.json) await printQr(context, identity)
  remarkUntold(context, profile.contents)
  return 0
}

/** For a camera: in capitals, which take fewer modules. */
async function printQr(context: Context, { address }: Identity): Promise<void> {
  const { drawsQr, qrText } = await import('../qr.ts')
  if (!drawsQr(context))
    throw new UserError('a QR code cannot be drawn here', { hint: 'use a terminal that reads UTF-8' })
  context.stderr.write(`${qrText(formatProfileAddress(address).toUpperCase())}\n`)
}

async function confirmNew(context: ProfileContext, rotated: Contents): Promise<boolean> {
  const count = untold(rotated).length
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

const tooManyFormer = (contents: Contents): UserError =>
  new UserError('some buddies have not learned your last four addresses', {
    hint: `talk with them first, or block them: ${untold(contents)
      .map(({ alias }) => alias)
      .join(', ')}`,
  })

/** Who still has to learn a new address, as long as there is somebody. */
export function remarkUntold(context: ProfileContext, contents: Contents): void {
  if (contents.former.length === 0) return
  const aliases = untold(contents).map(({ alias }) => alias)
  const named = safeTitle(aliases.slice(0, maxNamed).join(', ') + (aliases.length > maxNamed ? ', …' : ''))
  remark(context, words`still to learn your new address (${aliases.length}): ${named}`)
}

export function printIdentity(context: Context, profile: string, identity: Identity): void {
  const { fingerprint } = identity
  const address = formatProfileAddress(identity.address)
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
