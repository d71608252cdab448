/** What `/info`, `/fingerprint` and a mistyped command have to say. */

import type { Conversation } from './conversation.ts'
import { timeOfDay } from './date.ts'
import { explainDuration } from './duration.ts'
import { explainPath } from './explainreach.ts'
import { explainFingerprint, explainPostQuantum, explainTrust, explainTrustMeaning } from './explaintrust.ts'
import type { Model } from './model.ts'
import type { Notice } from './notice.ts'
import type { CommandName } from './parse.ts'
import { joined, noText, type SafeText, safeName, safeTitle, words } from './safetext.ts'
import { explainState, explainStatus } from './state.ts'

/** @param now - wall time, unix milliseconds */
export function aboutConversation(
  { profile, listening, network }: Model,
  { buddy, state }: Conversation,
  now: number,
): SafeText[] {
  const secured = words`${safeName(buddy)}: ${explainState(state)}`
  const port = listening ? words`, UDP port ${listening.port}` : noText
  const addresses = listening?.addresses.map((address) => words`reachable at ${safeTitle(address)}`) ?? []
  return [
    secured,
    ...(state.kind === 'secured'
      ? aboutSecured(state, now)
      : [explainStatus(buddy, state, { now, network })]),
    words`profile ${safeName(profile)}${port}`,
    ...addresses,
  ]
}

function aboutSecured({ under, path, since, isPostQuantum }: Secured, now: number): SafeText[] {
  return [
    words`${explainPath(path)}, since ${timeOfDay(since)}, for ${explainDuration(now - since)}`,
    explainTrustMeaning(under.trust, under.buddy),
    explainPostQuantum(isPostQuantum, under.buddy),
  ]
}

type Secured = Extract<Conversation['state'], { kind: 'secured' }>

/** @param own - the profile's own fingerprint */
export function aboutFingerprints(
  { buddy, state, pinned }: Conversation,
  own: string | undefined,
): SafeText[] {
  const ours = own === undefined ? [] : [words`you: ${explainFingerprint(own)}`]
  return [fingerprintOf(safeName(buddy), state, pinned), ...ours]
}

function fingerprintOf(name: SafeText, state: Conversation['state'], pinned: string | undefined): SafeText {
  if (state.kind === 'secured') {
    const { trust, fingerprint } = state.under
    return words`${name}, in this conversation, ${explainTrust(trust)}: ${explainFingerprint(fingerprint)}`
  }
  if (pinned !== undefined) return words`${name}, as saved: ${explainFingerprint(pinned)}`
  return words`${name} has not answered yet: no fingerprint is known`
}

/** A sentence for each buddy: the state in words, and what was not read yet. */
export function aboutBuddies({ conversations, focus }: Model): SafeText[] {
  if (conversations.length === 0) return [nobodyYet, leaveToBegin]
  return conversations.map(({ buddy, state, unread }) => {
    const whom = buddy === focus ? words`, you write to ${safeName(buddy)}` : noText
    const news = unread > 0 ? words`, ${unread} new` : noText
    return words`${safeName(buddy)}: ${explainState(state)}${news}${whom}`
  })
}

/** Nobody is spoken to. */
export function aboutNobody(model: Model): Notice {
  if (model.conversations.length === 0)
    return { tone: 'bad', text: words`nothing was sent: ${nobodyYet}`, hint: leaveToBegin }
  const text = words`nothing was sent: whom do you write to?`
  return { tone: 'bad', text, hint: howToChoose(model) }
}

export const howToChoose = ({ conversations }: Model): SafeText =>
  words`choose with /to ALIAS, one of: ${aliasesOf(conversations)}`

export function aboutNoSuch(alias: string, { conversations }: Model): Notice {
  const hint = conversations.length > 0 ? words`there are: ${aliasesOf(conversations)}` : leaveToBegin
  return { tone: 'bad', text: words`there is no buddy named ${safeName(alias)}`, hint }
}

const aliasesOf = (conversations: Model['conversations']): SafeText =>
  joined([
    ...conversations.slice(0, maxNamed).map(({ buddy }) => safeName(buddy)),
    ...(conversations.length > maxNamed ? [words`…`] : []),
  ])

const maxNamed = 20
const nobodyYet = words`you have no buddy yet`
export const howToBegin = words`otrtalk invite makes a code for a buddy, otrtalk accept takes one`
const leaveToBegin = words`leave with /quit, then: ${howToBegin}`

export const aboutNobodyYet: Notice = { tone: 'plain', text: nobodyYet, hint: leaveToBegin }

/** It says where its maker is: nothing for a conversation. */
export const aboutCarried: Notice = {
  tone: 'bad',
  text: words`not sent: this is a line of otrtalk offer or answer, and is not needed any more`,
}

/** Of a command with something behind it. */
export function aboutExcess(name: CommandName): Notice {
  const hint = words`nothing was done. To say a text that begins with a slash, write //`
  return { tone: 'bad', text: words`/${safeName(name)} takes nothing after it`, hint }
}

export function aboutUnknown(name: string, meant: CommandName | undefined): Notice {
  const about = meant ? words`did you mean /${safeName(meant)}?` : words`/help lists them.`
  const hint = words`${about} To say a text that begins with a slash, write //`
  return { tone: 'bad', text: words`there is no command /${safeName(name)}`, hint }
}
