/** `otrtalk profile passphrase`: sets, changes or removes it. */
import type { ExitCode } from '../../error.ts'
import type { ProfileContext } from '../context.ts'
import { openKeeping } from '../open.ts'
import { usage } from '../options.ts'
import { printJson, remark } from '../print.ts'
import { type NewFlags, newPassphrase, newSource, profileEmptyHint } from '../prompts/passphrase.ts'
import { safeName, safeTitle, words } from '../safetext.ts'

export interface RekeyArgs extends NewFlags {
  readonly isOpen: boolean // none from here on, as asked for
}

export async function rekey(context: ProfileContext, args: RekeyArgs): Promise<ExitCode> {
  const source = newSource(context, args)
  if (args.isOpen && (source.file ?? source.fd) !== undefined)
    throw usage('--no-passphrase and a new passphrase exclude each other')
  await using profile = await openKeeping(context, 'profile passphrase')
  const whose = context.profile
  const wanted = { whose, source, flags: '--new-passphrase', emptyHint: profileEmptyHint } as const
  await profile.rekey(args.isOpen ? '' : await newPassphrase(context, wanted))
  if (context.options.json) printJson(context, { profile: whose, passphrase: !args.isOpen })
  const name = safeName(whose)
  remark(
    context,
    args.isOpen
      ? words`the profile ${name} has no passphrase: whoever can read this disk can be you, and knows your buddies`
      : words`the profile ${name} has a new passphrase`,
  )
  remark(
    context,
    words`a copy of its vault from before opens as it did then, and shows nothing that is written from here on`,
  )
  const { passphraseFile } = context.layers.settings
  if (passphraseFile !== undefined)
    remark(
      context,
      words`the setting passphrase-file still names ${safeTitle(passphraseFile, longest)}: write the new one there, or: otrtalk profile unset passphrase-file`,
    )
  return 0
}

const longest = 4_096 // columns: of a path
