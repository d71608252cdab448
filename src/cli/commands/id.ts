/** `otrtalk id`: what a buddy needs to know, to find this profile and to trust it. */
import type { ExitCode } from '../../error.ts'
import { formatProfileAddress } from '../../profile/address.ts'
import type { Identity } from '../../profile/identity.ts'
import type { Context, ProfileContext } from '../context.ts'
import { explainFingerprint } from '../explain.ts'
import { openFor } from '../open.ts'
import { printJson, printTable } from '../print.ts'
import { safeTitle, words } from '../safetext.ts'

export async function id(context: ProfileContext): Promise<ExitCode> {
  await using profile = await openFor(context, 'id', 'read')
  printIdentity(context, profile.name, profile.contents.identity)
  return 0
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
