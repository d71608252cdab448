/**
 * One conversation as it is shown, as a value: what was said in it and became
 * of it, and under which key. What is told of it makes a new one.
 */
import {
  type EarlierLine,
  isOneConversation,
  type TalkEvent,
  type Undelivered,
  type Under,
  underOf,
} from '../session/command.ts'
import { explainEvent } from './explain.ts'
import { endOfKept, explainKept, explainNothingKept, markOfEarlier, textOfEarlier } from './explainhistory.ts'
import { explainLate } from './explaintrust.ts'
import { explainReport } from './explainwhy.ts'
import { type Notice, page, plain } from './notice.ts'
import { aboutLine } from './quote.ts'
import { type SafeText, safeText } from './safetext.ts'
import type { State } from './state.ts'
import { follow, type Shown } from './transfers.ts'
import type { UiBuddy } from './ui.ts'

export interface Conversation {
  readonly buddy: string
  /** The key saved in the profile: said by `/fingerprint`, never taken for the state of a conversation. */
  readonly pinned: string | undefined
  /** The fingerprint that the user gave for this time. */
  readonly given: string | undefined
  readonly state: State
  /** Told last of a verification; `verificationOf` says whether it still counts. */
  readonly verification: VerificationUnderWay | undefined
  /** As he says, in the conversation that is secured. */
  readonly isTyping: boolean
  /** Files and streams that are not done with. */
  readonly transfers: readonly Shown[]
  readonly lines: readonly Line[]
  /** Messages that came while another conversation was shown. */
  readonly unread: number
  /** `seq` of the first of them, when the conversation was last brought to the front. */
  readonly divider: number | undefined
  /** Lines so far, dropped ones too: the next line's `seq`. */
  readonly count: number
}

/** A question of the buddy's that waits for an answer. */
export interface Asked {
  readonly kind: 'asked'
  readonly question: string
  readonly under: Under
}

export type VerificationUnderWay = Asked | { readonly kind: 'running'; readonly under: Under }

interface Placed {
  readonly seq: number
  readonly at: number
}

/** The line that another one answers, as it was then: one row of it. */
export interface Quote {
  readonly of: string // its id
  readonly by: 'theirs' | 'ours' | undefined
  readonly at: number | undefined
  readonly text: SafeText
}

/** What became of a text since it was said. */
export type Fate =
  | { readonly kind: 'whole' }
  /** `original`: as it was at first; `isAnew`: it was said above, at `saidAt`, and stays there. */
  | {
      readonly kind: 'edited'
      readonly original: SafeText
      readonly times: number
      readonly saidAt: number
      readonly isAnew: boolean
    }
  | { readonly kind: 'deleted'; readonly saidAt: number; readonly isAnew: boolean }
  /** It would change a line that is not known to be of who said it. */
  | { readonly kind: 'astray' }
  /** It changes a line of his that is not here to be changed. */
  | { readonly kind: 'apart' }

/** What was said, by whomever. */
interface Told extends Placed {
  /** By which it is changed, deleted and answered; empty if a later line says what it is. */
  readonly id: string
  /** Of the message that its text came by last. */
  readonly latest: string
  readonly text: SafeText
  readonly fate: Fate
  readonly quote?: Quote
}

export type Line =
  /** Received and decrypted; `isLate` if it is not of the conversation that was secured when it came. */
  | (Told & {
      readonly kind: 'theirs'
      readonly under: Under
      readonly isLate: boolean
    })
  | (Told & {
      readonly kind: 'ours'
      readonly sending: Sending
    })
  | (Placed & { readonly kind: 'notice' } & Notice)
  /** As it was kept: no line of this conversation. */
  | (Placed & {
      readonly kind: 'earlier'
      readonly from: EarlierLine['from']
      readonly text: SafeText
      readonly mark: SafeText
    })
  /** Between what was kept and what is said. */
  | (Placed & { readonly kind: 'rule'; readonly text: SafeText })

export type Said = Extract<Line, { kind: 'theirs' | 'ours' }>

/** How far a line of ours came: its text, as it is. Only `delivered` is certain; `read` is what the buddy's program says. */
export type Sending =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'written' } // on disk: it goes out, whatever ends before
  | { readonly kind: 'held' } // for another key than the buddy has now
  | { readonly kind: 'sent'; readonly under: Under | undefined }
  | { readonly kind: 'delivered'; readonly ms: number }
  | { readonly kind: 'read' }
  | { readonly kind: 'undelivered'; readonly why: Undelivered }

/** The verification under way in the conversation that is secured: that of an earlier one is over. */
export function verificationOf({ state, verification }: Conversation): VerificationUnderWay | undefined {
  return verification && isOfThis({ state }, verification.under) ? verification : undefined
}

/** Not of the conversation that is secured, nor as trusted: it must not be taken for it. */
export const isLate = ({ state }: Conversation, under: Under): boolean =>
  state.kind !== 'secured' || !isOneConversation(state.under, under) || state.under.trust !== under.trust

/** What there is to say about an event; of a verification only what is true of the conversation shown. */
export function noticeOf(conversation: Conversation, event: TalkEvent): Notice | undefined {
  if (event.kind !== 'asked' && event.kind !== 'verification' && event.kind !== 'verified')
    return explainEvent(event, conversation.given)
  return isOfThis(conversation, event) ? explainEvent(event) : explainLate(event)
}

type Of<Kind extends TalkEvent['kind']> = Extract<TalkEvent, { kind: Kind }>
type AboutBuddy = Exclude<
  TalkEvent,
  | { kind: 'listening' | 'network' | 'unresolved' | 'unkept' | 'added' | 'renamed' | 'removed' }
  | { kind: 'message' | 'edited' | 'deleted' | 'said' | 'waiting' | 'earlier' }
>

/** With one message more. @param focus - whose conversation is shown: of others it counts as unread */
export function hear(
  conversation: Conversation,
  event: Of<'message'>,
  focus: string | undefined,
): Conversation {
  const { id, at, about } = event
  const under = underOf(event)
  const line = { id, latest: id, at, text: safeText(event.text), ...aboutLine(conversation, about) }
  const late = isLate(conversation, under)
  const added = add({ ...conversation, isTyping: false }, { kind: 'theirs', ...line, under, isLate: late })
  return conversation.buddy === focus ? added : { ...added, unread: added.unread + 1 }
}

/** With what was kept before: above all there is when the conversation was opened, below it when it was asked for. */
export function recall(conversation: Conversation, event: Of<'earlier'>, now: number): Conversation {
  const { why } = event
  const isWaiting = (id: string): boolean =>
    conversation.lines.some((line) => line.kind === 'ours' && line.id === id)
  const lines = why === 'asked' ? event.lines : event.lines.filter(({ id }) => !isWaiting(id))
  const [first, last] = [lines[0], lines.at(-1)]
  if (!first || !last)
    return why === 'began'
      ? conversation
      : notice(conversation, plain(explainNothingKept(conversation.buddy)), now)
  const rule: Unplaced = { kind: 'rule', at: last.at, text: explainKept(first) }
  const kept = lines.map((line): Unplaced => {
    const { at, from } = line
    return { kind: 'earlier', at, from, text: textOfEarlier(line), mark: markOfEarlier(line) }
  })
  if (why === 'asked') {
    const top: Unplaced = { ...rule, at: first.at }
    return [top, ...kept, { ...rule, text: endOfKept }].reduce(add, conversation)
  }
  const oldest = conversation.lines[0]?.seq ?? conversation.count
  if (oldest === conversation.count) return [...kept, rule].reduce(add, conversation)
  const above = [...kept, rule].map((line, i): Line => ({ ...line, seq: oldest - kept.length - 1 + i }))
  return { ...conversation, lines: [...above, ...conversation.lines] }
}

/** Of the conversation that is secured. */
export const isOfThis = ({ state }: Pick<Conversation, 'state'>, under: Under): boolean =>
  state.kind === 'secured' && isOneConversation(state.under, under)

/** As it is after an event. @param now - wall time, unix milliseconds */
export function tell(conversation: Conversation, event: AboutBuddy, now: number): Conversation {
  switch (event.kind) {
    case 'phase':
      return { ...conversation, state: { kind: 'under way', phase: event.phase, since: now - event.ms } }
    case 'secured': {
      const { fingerprint, path, pq: isPostQuantum } = event
      const state: State = { kind: 'secured', under: underOf(event), path, since: now, isPostQuantum }
      const pinned = conversation.pinned ?? fingerprint
      return notice({ ...conversation, state, pinned, isTyping: false }, noticeOf(conversation, event), now)
    }
    case 'written':
      return settle(conversation, event.id, { kind: 'written' })
    case 'sent': {
      const { state } = conversation
      const under = state.kind === 'secured' ? state.under : undefined
      return settle(conversation, event.id, { kind: 'sent', under })
    }
    case 'delivered':
      return settle(conversation, event.id, { kind: 'delivered', ms: event.ms })
    case 'read':
      return event.ids.reduce((before, id) => settle(before, id, { kind: 'read' }), conversation)
    case 'typing':
      return isLate(conversation, event)
        ? conversation
        : { ...conversation, isTyping: event.state === 'begun' }
    case 'undelivered':
      return settle(conversation, event.id, { kind: 'undelivered', why: event.why })
    case 'lost': {
      const { why } = event
      const state: State = why === 'closed' ? { kind: 'closed' } : { kind: 'lost', why }
      return notice({ ...conversation, state, isTyping: false }, explainEvent(event), now)
    }
    case 'refused': {
      // Whoever was refused cannot touch a conversation there is.
      const state: State =
        conversation.state.kind === 'secured' ? conversation.state : { kind: 'refused', why: event.why }
      return notice({ ...conversation, state }, explainEvent(event), now)
    }
    case 'verified':
    case 'trust':
      return trusted(conversation, event, now)
    case 'asked':
    case 'verification':
      return verifying(conversation, event, now)
    case 'path': {
      const { state } = conversation
      const moved: State = state.kind === 'secured' ? { ...state, path: event.path } : state
      return notice({ ...conversation, state: moved }, explainEvent(event), now)
    }
    case 'why':
      return page(explainReport(event.report, event.buddy)).reduce(
        (longer, told) => notice(longer, told, now),
        conversation,
      )
    case 'offered':
    case 'transfer':
    case 'progress':
    case 'skipped': {
      const transfers = follow(conversation.transfers, event)
      return notice({ ...conversation, transfers }, explainEvent(event), now)
    }
    case 'held': {
      const held = event.ids.reduce((before, id) => settle(before, id, { kind: 'held' }), conversation)
      return notice(held, explainEvent(event), now)
    }
    case 'bound':
    case 'code':
    case 'unreached':
    case 'alone':
    case 'burnt':
    case 'introduced':
    case 'met':
    case 'moved':
      return notice(conversation, explainEvent(event), now)
    default:
      return event satisfies never
  }
}

function trusted(conversation: Conversation, event: Of<'verified' | 'trust'>, now: number): Conversation {
  const { state } = conversation
  const told = noticeOf(conversation, event)
  if (state.kind !== 'secured' || !isOneConversation(state.under, event))
    return notice(conversation, told, now)
  const raised: State = { ...state, under: underOf(event) }
  const verification = event.kind === 'trust' ? conversation.verification : undefined
  return notice({ ...conversation, state: raised, verification }, told, now)
}

function verifying(
  conversation: Conversation,
  event: Of<'asked' | 'verification'>,
  now: number,
): Conversation {
  const told = noticeOf(conversation, event)
  if (!isOfThis(conversation, event)) return notice(conversation, told, now)
  const verification = underWay(event)
  // Told when it is asked for, and again when the buddy has answered: one line says it.
  const isSaid = verification?.kind === 'running' && verificationOf(conversation)?.kind === 'running'
  const after = { ...conversation, verification }
  return isSaid ? after : notice(after, told, now)
}

function underWay(event: Of<'asked' | 'verification'>): VerificationUnderWay | undefined {
  const under = underOf(event)
  if (event.kind === 'asked') return { kind: 'asked', question: event.question, under }
  return event.state === 'running' ? { kind: 'running', under } : undefined
}

/** A line of ours came further; it never goes back. */
function settle(conversation: Conversation, id: string, sending: Sending): Conversation {
  const { lines } = conversation
  const index = lines.findLastIndex((line) => line.kind === 'ours' && line.latest === id)
  const line = lines[index]
  if (line?.kind !== 'ours' || rank[line.sending.kind] >= rank[sending.kind]) return conversation
  return { ...conversation, lines: lines.with(index, { ...line, sending }) }
}

/** Says it once, however often an attempt ends in the same way. */
export function notice(conversation: Conversation, told: Notice | undefined, now: number): Conversation {
  const last = conversation.lines.at(-1)
  const isSaid = last?.kind === 'notice' && last.tone === 'bad' && last.text === told?.text
  return told && !isSaid ? add(conversation, { kind: 'notice', at: now, ...told }) : conversation
}

/** It is shown from here on: nothing of it is unread, and a divider stands above what was. */
export function bringToFront(conversation: Conversation): Conversation {
  const { unread, lines, count } = conversation
  if (unread === 0) return { ...conversation, divider: undefined }
  const first = lines.filter((line) => line.kind === 'theirs').at(-unread)
  return { ...conversation, unread: 0, divider: first?.seq ?? count }
}

type Unplaced = Line extends infer Each ? (Each extends Line ? Omit<Each, 'seq'> : never) : never

/** With one line more; very old ones leave. */
export function add(conversation: Conversation, line: Unplaced): Conversation {
  const kept = conversation.lines.length >= maxLines ? conversation.lines.slice(dropped) : conversation.lines
  const { count } = conversation
  return { ...conversation, count: count + 1, lines: [...kept, { ...line, seq: count }] }
}

/** Nothing is told of it yet. */
export const newConversation = (
  buddy: string,
  { fingerprint: pinned, given }: Pick<UiBuddy, 'fingerprint' | 'given'> = {},
): Conversation => ({
  ...{ buddy, pinned, given, state: { kind: 'idle' }, verification: undefined, isTyping: false },
  ...{ transfers: [], lines: [], unread: 0, divider: undefined, count: 0 },
})

const rank = { waiting: 0, written: 1, held: 2, sent: 3, undelivered: 4, delivered: 5, read: 6 } // a receipt may come after giving up
const maxLines = 10_000 // of a conversation: some 20 MB; older ones leave
const dropped = 1000 // at once, so that it is not done for each line
