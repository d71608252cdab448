/** Wording for people about how sure it is who answers, and what comes of verifying it. */
import type { Trust, Verification } from '../session/command.ts'
import { type Notice, plain } from './notice.ts'
import { type SafeText, safeName, safeTitle, words } from './safetext.ts'

/** Completes "secured: …". */
export function explainTrust(trust: Trust): SafeText {
  switch (trust) {
    case 'unverified':
      return words`not verified`
    case 'by-code':
      return words`met by code`
    case 'verified':
      return words`verified by you`
    default:
      return trust satisfies never
  }
}

/** What to think of it, and what more can be done. */
export function explainTrustMeaning(trust: Trust, buddy: string): SafeText {
  const name = safeName(buddy)
  switch (trust) {
    case 'unverified':
      return words`not verified: nobody has checked that this key is that of ${name}; use /verify, or otrtalk buddy verify`
    case 'by-code':
      return words`met by code: who answers had the invite code, and whoever saw the code could have come first; /verify makes sure`
    case 'verified':
      return words`verified by you: the fingerprints were compared, or both of you gave the same secret answer`
    default:
      return trust satisfies never
  }
}

/** Whether what is recorded today stays closed to a quantum computer of tomorrow. */
export function explainPostQuantum(isOn: boolean, buddy: string): SafeText {
  return isOn
    ? words`post-quantum protection is on: who records this cannot open it with a quantum computer later`
    : words`post-quantum protection is off: the program of ${safeName(buddy)} does not offer it`
}

export function explainVerification(state: Verification, buddy: string): Notice {
  const name = safeName(buddy)
  switch (state) {
    case 'running':
      return plain(words`verifying ${name}: the two answers are compared, and shown to nobody`)
    case 'failed':
      return {
        tone: 'bad',
        text: words`not verified: your answer and that of ${name} differ`,
        hint: words`a typing error, or somebody else: ask by phone before you try again`,
      }
    case 'cancelled':
      return plain(words`the verification was cancelled`)
    case 'broken':
      return {
        tone: 'bad',
        text: words`the verification broke off: something came that does not belong there`,
      }
    case 'answered':
      return plain(
        words`your answer was right: ${name} knows now that it is you`,
        words`you do not know yet that it is ${name}: ask something yourself, with /verify`,
      )
    case 'too-often':
      return {
        tone: 'bad',
        text: words`not now: there were three verifications in a minute`,
        hint: words`wait a minute`,
      }
    case 'limited':
      return {
        tone: 'bad',
        text: words`three verifications with this key of ${name} have failed`,
        hint: words`compare the fingerprints by phone or in person: otrtalk buddy verify`,
      }
    default:
      return state satisfies never
  }
}

/** Of a verification in a conversation that is not shown any more. */
export function explainLate({ buddy }: { readonly buddy: string }): Notice {
  const text = words`a verification of an earlier conversation with ${safeName(buddy)} says nothing of this one`
  return plain(text)
}

/** Groups of eight digits, to be read aloud. */
export function explainFingerprint(fingerprint: string): SafeText {
  return safeTitle(
    fingerprint
      .toUpperCase()
      .match(/.{1,8}/gu)
      ?.join(' ') ?? '',
    160,
  )
}
