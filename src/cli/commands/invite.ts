/** `otrtalk invite [alias]`: makes a one-time code, and waits for the buddy who has it. */
import { randomBytes } from '../../crypto.ts'
import type { OpenProfile } from '../../edge/openprofile.ts'
import { type ExitCode, UserError } from '../../error.ts'
import { generateCode, inviteKey } from '../../profile/code.ts'
import { type Invite, maxInvites, newInvite } from '../../profile/invite.ts'
import type { ProfileContext } from '../context.ts'
import { converse } from '../conversing.ts'
import { remark } from '../print.ts'
import { nameFor } from '../prompts/naming.ts'
import { askLine } from '../prompts/prompt.ts'
import { safeTitle, words } from '../safetext.ts'
import { exitCodeOf, uiFor } from './chat.ts'

export interface InviteArguments {
  readonly alias: string | undefined
  readonly hasQr: boolean // --qr
  /** Until somebody must have come; for good by default. */
  readonly timeoutMs: number | undefined
}

export async function invite(context: ProfileContext, args: InviteArguments): Promise<ExitCode> {
  const alias = (profile: OpenProfile): Promise<string> => prepare(context, profile, args)
  const { timeoutMs } = args
  return exitCodeOf(await converse({ context, command: 'invite', alias, timeoutMs, openUi: uiFor(context) }))
}

/** The alias of the invite, which is in the vault by then: an old one, or a new one. */
async function prepare(
  context: ProfileContext,
  profile: OpenProfile,
  { alias: given, hasQr }: InviteArguments,
): Promise<string> {
  const named = await nameFor(context, profile, { alias: given, side: 'inviter' })
  if (named.kind === 'met') return named.alias
  const pending = named.pending ?? (await make(profile, named.alias))
  if (hasQr && pending.code !== undefined) await showQr(context, pending.code)
  return pending.alias
}

async function make(profile: OpenProfile, alias: string): Promise<Invite> {
  if (profile.contents.invites.length >= maxInvites) throw tooManyInvites()
  const code = generateCode(randomBytes)
  const made = newInvite({ side: 'inviter', alias, code, prk: await inviteKey(code) }, Date.now())
  await profile.save((contents) => ({ ...contents, invites: [...contents.invites, made] }))
  return made
}

export const tooManyInvites = (): UserError =>
  new UserError(`${maxInvites} invites are pending already`, {
    hint: 'each ends when it is used, after 48 hours, or with: otrtalk buddy remove <alias>',
  })

/** Before the screen is opened, which would cover it. */
async function showQr(context: ProfileContext, code: string): Promise<void> {
  const { drawsQr, qrText } = await import('../prompts/qr.ts')
  if (!drawsQr(context)) {
    remark(context, words`this terminal cannot show a QR code`)
    return
  }
  context.stderr.write(`${qrText(code)}\n`)
  remark(context, safeTitle(code))
  if (context.isInteractive && !context.options.json && !context.options.plain)
    await askLine(context, 'press Enter when it was read ')
}
