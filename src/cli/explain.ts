/**
 * All wording for people about what happens: no jargon, state always in words,
 * and with what went wrong what to do about it.
 */
import type {
  Burnt,
  Clocks,
  Lost,
  NetworkState,
  Phase,
  Refused,
  Removed,
  TalkEvent,
  Trust,
  Undelivered,
  Verification,
} from '../session/command.ts'
import { explainDuration } from './duration.ts'
import { explainPath, explainUnreached } from './explainreach.ts'
import { noText, type SafeText, safeName, safeText, safeTitle, words } from './safetext.ts'

export type Tone = 'plain' | 'good' | 'bad'

/** A sentence about something that happened, and what to do about it. */
export interface Notice {
  readonly tone: Tone
  readonly text: SafeText
  readonly hint?: SafeText
  /** Of the same page as the one before: the time is not said again. */
  readonly isMore?: true
}

/** What is said at once, row by row. */
export const page = (rows: readonly SafeText[]): readonly Notice[] =>
  rows.map((text, i) => ({ tone: 'plain', text, ...(i > 0 && { isMore: true }) }))

/**
 * What there is to say about an event; nothing about a message, which speaks for itself, and its receipts.
 *
 * @param given - the fingerprint by which the user knows the buddy already
 */
export function explainEvent(event: TalkEvent, given?: string): Notice | undefined {
  switch (event.kind) {
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
    case 'said':
    case 'sent':
    case 'delivered':
      return undefined
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
    case 'unresolved':
      return explainUnresolved(event.hosts, event.interface)
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

/** Of a verification in a conversation that is not shown any more. */
export function explainLate({ buddy }: { readonly buddy: string }): Notice {
  const text = words`a verification of an earlier conversation with ${safeName(buddy)} says nothing of this one`
  return plain(text)
}

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

/** @param port - that was asked for, if one was */
export function explainNetwork(state: NetworkState, port?: number): Notice {
  switch (state) {
    case 'joining':
      return plain(words`joining the network`)
    case 'joined':
      return plain(words`joined the network`)
    case 'unreachable':
      return {
        tone: 'bad',
        text: words`the network cannot be reached`,
        hint: words`is this machine online? A private network is entered by one of its nodes: --bootstrap HOST:PORT`,
      }
    case 'no-socket':
      return {
        tone: 'bad',
        text:
          port === undefined
            ? words`no network port could be opened`
            : words`UDP port ${port} cannot be opened`,
        hint:
          port === undefined
            ? words`another program may use it: try another --port or --interface`
            : words`another program may use it: try another --port, or none for any free one`,
      }
    case 'gone':
      return {
        tone: 'bad',
        text: words`this machine has no network address: nothing is sent until it has one`,
        hint: words`is a cable unplugged, Wi-Fi off, or a VPN down? It goes on by itself when that is back`,
      }
    default:
      return state satisfies never
  }
}

/** Names of nodes to begin with; those of servers to ask for them are the system's. */
export function explainUnresolved(hosts: readonly string[], interfaceName: string | undefined): Notice {
  const names = safeTitle(hosts.join(', '), 200)
  return {
    tone: 'bad',
    text: words`the addresses of ${names} cannot be looked up`,
    hint:
      interfaceName === undefined
        ? words`is this machine online? It is tried again`
        : words`no name server answers through ${safeName(interfaceName)}, and others are not asked: give addresses, --bootstrap IP:PORT`,
  }
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

/** Local date and minute: `2026-11-20 14:02`. */
export function explainDate(at: number): SafeText {
  const date = new Date(at - new Date(at).getTimezoneOffset() * 60_000)
  if (Number.isNaN(date.getTime())) return words`at no date`
  return safeTitle(date.toISOString().slice(0, 16).replace('T', ' '))
}

/** `Friday, 20 November 2026`, local, whatever the locale. */
export function explainDay(at: number): SafeText {
  const date = new Date(at)
  if (Number.isNaN(date.getTime())) return words`no date`
  const [day, month] = [days[date.getDay()]!, months[date.getMonth()]!]
  return safeTitle(`${day}, ${date.getDate()} ${month} ${date.getFullYear()}`)
}

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const months = [
  ...['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October'],
  ...['November', 'December'],
]

/** `14:02`, local time. */
export function timeOfDay(at: number): SafeText {
  const date = new Date(at)
  const two = (part: number): string => String(part).padStart(2, '0')
  return safeText(
    Number.isNaN(date.getTime()) ? '--:--' : `${two(date.getHours())}:${two(date.getMinutes())}`,
  )
}

export const help: readonly SafeText[] = [
  words`/info          how you are connected, and since when`,
  words`/why           which ways to the buddy were tried, and what would help`,
  words`/verify        make sure who it is, by a question that only your buddy can answer`,
  words`/answer        answer a question of your buddy's; what you type is not shown`,
  words`/cancel        end a verification, or refuse to answer`,
  words`/fingerprint   your buddy's key and yours, to compare`,
  words`/find          look for a text in this conversation: /find TEXT`,
  words`/clear         empty this screen; nothing is kept elsewhere`,
  words`/close         end the conversation and stop looking`,
  words`/open          look for the buddy again`,
  words`/quit          leave; so do Ctrl-D and Ctrl-C`,
  words`//text         say a text that begins with a slash`,
]

/** Where there are several buddies. */
export const helpAmongSeveral: readonly SafeText[] = [
  words`/to            whom you write to: /to ALIAS`,
  words`/buddies       who they are, how they are connected, and who wrote`,
]

export const keys: readonly SafeText[] = [
  words`Enter sends, Alt-Enter or Ctrl-J begins a new line`,
  words`Up and Down bring back what you wrote, Page Up and Page Down move through the conversation`,
  words`Ctrl-R looks for a text, again for an older one; Tab completes a command or an alias`,
]

export const keysAmongSeveral: readonly SafeText[] = [
  words`Tab and Shift-Tab go to the next buddy and back, Alt-1 to Alt-9 to one of the first nine`,
  words`Alt-A goes to the next who wrote something new`,
]

const compare = words`compare it with your buddy by phone or in person`

const answerHint = words`answer with /answer, or refuse with /cancel`

const plain = (text: SafeText, hint?: SafeText): Notice => ({ tone: 'plain', text, ...(hint && { hint }) })
