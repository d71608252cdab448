/** Wording about profiles that are carried from machine to machine. */

import type { ProfileView } from '../profile/view.ts'
import { type SafeText, safeName, safeTitle, words } from './safetext.ts'

/** What an exported profile has in it, and what it has not. */
export function explainCarried({ buddies, pending, former }: ProfileView): readonly SafeText[] {
  return [
    words`in it: your identity (its secret keys, its address),`,
    words`  ${counted(buddies.length, 'buddy', 'buddies')} with addresses, fingerprints and trust,`,
    words`  ${counted(pending, 'pending invite')}, ${counted(former, 'former address', 'former addresses')}`,
    words`not in it: messages, history, settings, the profile’s own passphrase`,
  ]
}

/** What whoever has a profile twice must know. @param name - of the one that was exported */
export function explainOneAtATime(name: string): readonly SafeText[] {
  return [
    words`whoever has this file and its passphrase can be you: keep neither longer than you need it`,
    words`use the profile on one machine at a time: on two, your buddies reach now one, now the other.`,
    words`To have moved for good, remove it where it was: otrtalk profile remove ${safeName(name)}`,
  ]
}

const counted = (count: number, one: string, many = `${one}s`): SafeText =>
  safeTitle(`${count} ${count === 1 ? one : many}`)
