/**
 * Wording for people about what happens: no jargon, state always in words, and
 * with what went wrong what to do about it. What is said at greater length has
 * files of its own: `explain….ts`.
 */
import type {
  Burnt,
  Clocks,
  Lost,
  Phase,
  Refused,
  Removed,
  TalkEvent,
  Undelivered,
} from '../session/command.ts'
import { explainDate } from './date.ts'
import { explainDuration } from './duration.ts'
import { explainNetwork, explainUnresolved } from './explainnetwork.ts'
import { explainPath, explainUnreached } from './explainreach.ts'
import { explainTransfer } from './explaintransfer.ts'
import { explainFingerprint, explainTrust, explainVerification } from './explaintrust.ts'
import { fault, type Notice, plain } from './notice.ts'
import { noText, type SafeText, safeName, safeText, safeTitle, words } from './safetext.ts'

/**
 * What there is to say about an event; nothing about a message, which speaks for itself, and its receipts.
 *
 * @param given - the fingerprint by which the user knows the buddy already
 */
export function explainEvent(event: TalkEvent, given?: string): Notice | undefined {
  switch (event.kind) {
    case 'deleted':
      return plain(words`${safeName(event.buddy)} deleted a line`)
    case 'edited':
    case 'typing':
    case 'read':
      return undefined
    case 'listening':
      return plain(words`reachable as ${safeName(event.profile)} on UDP port ${event.port}`)
    case 'phase':
      return plain(explainPhase(event.phase, event.buddy))
    case 'secured': {
      const { buddy, trust, path, fingerprint } = event
      const text = words`secured with ${safeName(buddy)}: ${explainTrust(trust)}, ${explainPath(path)}`
      const key = words`fingerprint ${explainFingerprint(fingerprint)}`
      if (fingerprint === given) return { tone: 'good', text, hint: words`${key}; it is the one you gave` }
      return { tone: 'good', text, hint: trust === 'unverified' ? words`${key}; ${compare}` : key }
    }
    case 'asked': {
      const question = event.question === '' ? noText : words`: ${safeText(event.question)}`
      return plain(words`${safeName(event.buddy)} wants to verify that it is you${question}`, answerHint)
    }
    case 'verification':
      return explainVerification(event.state, event.buddy)
    case 'verified': {
      const text = words`verified: it is ${safeName(event.buddy)}; ${explainTrust(event.trust)}`
      return { tone: 'good', text }
    }
    case 'code':
      return explainCode(event)
    case 'alone': {
      const text = words`nobody with this code was found so far, ${explainDuration(event.ms)}`
      return plain(
        text,
        words`is otrtalk running there? Compare the code word by word: another one leads nowhere`,
      )
    }
    case 'met':
      return { tone: 'good', text: explainMet(event) }
    case 'burnt':
      return explainBurnt(event.why)
    case 'bound':
    case 'introduced':
      return undefined
    case 'trust': {
      const text = words`${safeName(event.buddy)} from here on: ${explainTrust(event.trust)}`
      return { tone: event.trust === 'verified' ? 'good' : 'plain', text }
    }
    case 'added':
      return plain(words`${safeName(event.buddy)} was added to your buddies`)
    case 'renamed':
      return plain(words`${safeName(event.buddy)} is called ${safeName(event.to)} from here on`)
    case 'removed':
      return plain(explainRemoved(event.why, event.buddy))
    case 'moved':
      return plain(words`${safeName(event.buddy)} has a new address, told in this conversation`)
    case 'message':
    case 'earlier':
    case 'said':
    case 'waiting':
    case 'written':
    case 'sent':
    case 'delivered':
      return undefined
    case 'held':
      return explainHeld(event.buddy, event.count)
    case 'why':
      return undefined // a whole page: src/cli/explainwhy.ts
    case 'undelivered':
      return { tone: 'bad', text: words`not delivered: ${explainUndelivered(event.why)}` }
    case 'lost':
      return plain(explainLost(event.why, event.buddy))
    case 'refused':
      return { tone: 'bad', ...explainRefused(event.why, event.buddy, event.clocks) }
    case 'network':
      return explainNetwork(event.state)
    case 'unkept':
      return fault(event)
    case 'unresolved':
      return explainUnresolved(event.hosts, event.interface)
    case 'offered':
    case 'transfer':
    case 'progress':
    case 'skipped':
      return explainTransfer(event)
    case 'path':
      return plain(words`connected ${explainPath(event.path)} from here on`)
    case 'unreached': {
      const { text, hint } = explainUnreached(event.why, event.buddy)
      return { tone: 'plain', text, hint }
    }
    default:
      return event satisfies never
  }
}

export function explainPhase(phase: Phase, buddy: string): SafeText {
  const name = safeName(buddy)
  switch (phase) {
    case 'looking':
      return words`looking for ${name}`
    case 'punching':
      return words`found ${name}, opening a way through`
    case 'securing':
      return words`reached ${name}, securing the conversation`
    default:
      return phase satisfies never
  }
}

/** The code, to be given away. */
function explainCode({ buddy, code, expiresAt }: TalkEvent & { kind: 'code' }): Notice {
  const date = explainDate(expiresAt)
  return plain(
    words`the code for ${safeName(buddy)}: ${safeTitle(code)}`,
    words`tell it to your buddy, who types: otrtalk accept. Works once, until ${date}; you can leave, and go on with: otrtalk chat ${safeName(buddy)}`,
  )
}

function explainMet({ buddy, knownAs, trust }: TalkEvent & { kind: 'met' }): SafeText {
  if (knownAs === undefined || knownAs === buddy)
    return words`${safeName(buddy)} is your buddy now: ${explainTrust(trust)}`
  return words`${safeName(buddy)} is ${safeName(knownAs)}, who is your buddy already and keeps this name`
}

export function explainBurnt(why: Burnt): Notice {
  const hint = words`one of you makes a new one: otrtalk invite`
  switch (why) {
    case 'wrong-code':
      return {
        tone: 'bad',
        text: words`the invite code was not proved, and is used up: somebody else may have tried it`,
        hint,
      }
    case 'expired':
      return { tone: 'bad', text: words`the invite code has expired`, hint }
    default:
      return why satisfies never
  }
}

function explainHeld(buddy: string, count: number): Notice {
  const name = safeName(buddy)
  const isOne = count === 1
  const what = isOne ? words`one message was` : words`${count} messages were`
  const [it, is] = isOne ? [words`it`, words`it is`] : [words`them`, words`they are`]
  return {
    tone: 'bad',
    text: words`${what} written for another key than the one ${name} has now: ${is} not sent`,
    hint: words`/resend sends ${it} to who is here now; /drop forgets ${it}`,
  }
}

/** What the user wants to become of what waits. */
export function explainMailing(how: 'resend' | 'drop', buddy: string): Notice {
  const name = safeName(buddy)
  return how === 'resend'
    ? plain(words`what was written for another key goes to the key that ${name} has now`)
    : plain(words`what ${name} has not confirmed is not sent any more`)
}

export function explainUndelivered(why: Undelivered): SafeText {
  switch (why) {
    case 'too-long':
      return words`it is too long for one message`
    case 'too-many':
      return words`too many lines are waiting already`
    case 'known-id':
      return words`another message had the same id`
    case 'closed':
      return words`you left before anybody confirmed it`
    case 'unknown-buddy':
      return words`there is no such buddy`
    case 'full':
      return words`too much is waiting for all buddies together`
    case 'disk':
      return words`it could not be written to the disk: is it full?`
    case 'dropped':
      return words`dropped, it is not sent any more`
    default:
      return why satisfies never
  }
}

export function explainLost(why: Lost, buddy: string): SafeText {
  const name = safeName(buddy)
  switch (why) {
    case 'left':
      return words`${name} has left`
    case 'timeout':
      return words`${name} no longer answers`
    case 'restarted':
      return words`${name} has started anew`
    case 'closed':
      return words`you closed the conversation with ${name}`
    default:
      return why satisfies never
  }
}

export function explainRemoved(why: Removed, buddy: string): SafeText {
  const name = safeName(buddy)
  return why === 'blocked' ? words`${name} was blocked` : words`${name} was removed`
}

/** @param clocks - of why `clock`, if they are known */
export function explainRefused(why: Refused, buddy: string, clocks?: Clocks): Pick<Notice, 'text' | 'hint'> {
  const name = safeName(buddy)
  switch (why) {
    case 'wrong-fingerprint':
      return {
        text: words`refused: whoever answers as ${name} has another key than the one you know`,
        hint: words`it may be somebody else. Ask ${name} by phone or in person; if the key is new, remove ${name} and add the new address`,
      }
    case 'wrong-version':
      return {
        text: words`refused: the program of ${name} speaks no version that this one knows`,
        hint: words`both of you should update otrtalk`,
      }
    case 'clock':
      return {
        text: words`refused: the identity shown by ${name} is out of date`,
        hint: clocks ? explainClocks(clocks, buddy) : words`check date and time on both machines`,
      }
    case 'failed':
      return {
        text: words`refused: the conversation with ${name} could not be secured`,
        hint: words`something between you changed what was sent, or the two programs disagree. It is tried again`,
      }
    case 'unreadable':
      return {
        text: words`a message from ${name} could not be read`,
        hint: words`nothing of it was shown. If it happens again, leave and talk anew`,
      }
    case 'elsewhere':
      return {
        text: words`refused: your own profile is in use on another machine`,
        hint: words`leave otrtalk there first, or use a profile of its own on each machine`,
      }
    default:
      return why satisfies never
  }
}

function explainClocks({ ours, theirs }: Clocks, buddy: string): SafeText {
  const clocks = words`it ended ${explainDate(theirs)}, and this machine says it is ${explainDate(ours)}`
  return words`${clocks}: check date and time here and at ${safeName(buddy)}`
}

const compare = words`compare it with your buddy by phone or in person`

const answerHint = words`answer with /answer, or refuse with /cancel`
