/**
 * What becomes of lines after they were said: edited, deleted, answered. Pure.
 * Who said a line has been checked where it was decrypted, and is checked here
 * again: a line changes for its own author under its own key, and says that it
 * was changed. What would change a line that is not here is shown as a line.
 * Where lines are the terminal's a new one says it, and the old one stays.
 */
import { type About, type TalkEvent, underOf } from '../session/command.ts'
import { add, type Conversation, hear, isLate, type Line, type Quote, type Said } from './conversation.ts'
import { aboutLine, deletedText, isSaid } from './quote.ts'
import { noText, safeText } from './safetext.ts'

type Theirs = Extract<Line, { kind: 'theirs' }>
type Ours = Extract<Line, { kind: 'ours' }>

export interface Place {
  /** Whose conversation is shown. */
  readonly focus: string | undefined
  /** Whether what is shown can change. */
  readonly on: 'screen' | 'lines'
}

/** The text of a line of his is another one. */
export function edited(
  conversation: Conversation,
  event: Extract<TalkEvent, { kind: 'edited' }>,
  place: Place,
): Conversation {
  const { id, of, at } = event
  const line = theirs(conversation, of, event.fingerprint)
  if (!line) return apart(hear(conversation, { ...event, kind: 'message' }, place.focus))
  const under = underOf(event)
  const text = safeText(event.text)
  const changed = {
    ...restated(line, text, place.on),
    latest: id,
    under,
    isLate: isLate(conversation, under),
  }
  return news(placed(conversation, { line, changed, at, on: place.on }), place)
}

/** What was heard last changes a line that is not here. */
function apart(conversation: Conversation): Conversation {
  const { lines } = conversation
  const last = lines.at(-1)
  return last && isSaid(last)
    ? { ...conversation, lines: lines.with(-1, { ...last, fate: { kind: 'apart' } }) }
    : conversation
}

/** He takes a line of his back. */
export function deleted(
  conversation: Conversation,
  { of, at, fingerprint }: Extract<TalkEvent, { kind: 'deleted' }>,
  place: Place,
): Conversation {
  const line = theirs(conversation, of, fingerprint)
  if (!line) return conversation
  const { on } = place
  return unquoted(news(placed(conversation, { line, changed: emptied(line, on), at, on }), place), line)
}

/** A line that is shown anew is unread where nobody looks. */
function news(conversation: Conversation, { focus, on }: Place): Conversation {
  const more = on === 'lines' && conversation.buddy !== focus ? 1 : 0
  return { ...conversation, isTyping: false, unread: conversation.unread + more }
}

export interface SaidNow {
  readonly id: string
  readonly text: string
  readonly at: number
  readonly about?: About | undefined
  /** `waiting` if it is said now. */
  readonly sending?: Ours['sending']
}

/** We said it: a line more, or another text of one that is there. */
export function said(conversation: Conversation, now: SaidNow, on: Place['on']): Conversation {
  const { id, at, about, sending = { kind: 'waiting' } } = now
  const text = safeText(now.text)
  const line = about && about.as !== 'reply' ? ours(conversation, about.id) : undefined
  if (line && about?.as === 'delete') {
    const changed = { ...emptied(line, on), latest: id, sending }
    return unquoted(placed(conversation, { line, changed, at, on }), line)
  }
  if (line)
    return placed(conversation, {
      ...{ line, at, on },
      changed: { ...restated(line, text, on), latest: id, sending },
    })
  if (about?.as === 'delete') return conversation // of a line that is not here
  return add(conversation, {
    kind: 'ours',
    at,
    id,
    latest: id,
    text,
    sending,
    ...aboutLine(conversation, about),
  })
}

/** Lines of one side that can still be spoken of, the newest first. */
export const saidBy = <Kind extends Said['kind']>(
  { lines }: Conversation,
  kind: Kind,
): readonly Extract<Said, { kind: Kind }>[] =>
  lines
    .filter((line): line is Extract<Said, { kind: Kind }> => line.kind === kind && isThere(line))
    .toReversed()

/** What a line was before it was edited, the newest first. */
export const editedLines = ({ lines }: Conversation): readonly Said[] =>
  lines
    .filter((line): line is Said => isSaid(line) && line.fate.kind === 'edited' && line.id !== '')
    .toReversed()

const isThere = (line: Line): boolean =>
  isSaid(line) &&
  line.id !== '' &&
  line.fate.kind !== 'deleted' &&
  !(line.kind === 'ours' && line.sending.kind === 'undelivered')

function theirs({ lines }: Conversation, id: string, fingerprint: string): Theirs | undefined {
  return lines.findLast(
    (line): line is Theirs =>
      line.kind === 'theirs' && line.id === id && line.under.fingerprint === fingerprint && isThere(line),
  )
}

const ours = ({ lines }: Conversation, id: string): Ours | undefined =>
  lines.findLast((line): line is Ours => line.kind === 'ours' && line.id === id && isThere(line))

/** However often it is edited, what it was at first stays known. */
function restated<Line extends Said>(line: Line, text: Line['text'], on: Place['on']): Line {
  const { fate } = line
  const before = fate.kind === 'edited' ? fate : { original: line.text, times: 0, saidAt: line.at }
  return {
    ...line,
    text,
    fate: { ...before, kind: 'edited', times: before.times + 1, isAnew: on === 'lines' },
  }
}

/** Nothing of it is left but that it was there. */
function emptied<Line extends Said>({ quote: _, ...line }: Line, on: Place['on']): Omit<Line, 'quote'> {
  return { ...line, text: noText, fate: { kind: 'deleted', saidAt: line.at, isAnew: on === 'lines' } }
}

interface Placing {
  readonly line: Said
  readonly changed: Said
  readonly at: number
  readonly on: Place['on']
}

/** In the place of the line; where lines stay as they are, below them, and the old one is spoken of no more. */
function placed(conversation: Conversation, { line, changed, at, on }: Placing): Conversation {
  const { lines } = conversation
  const index = lines.indexOf(line)
  if (on === 'screen') return { ...conversation, lines: lines.with(index, changed) }
  const former = { ...line, id: '', ...(changed.fate.kind === 'deleted' && { text: noText }) }
  const { seq: _, quote: __, ...unplaced } = changed // what it answers is said above
  return add({ ...conversation, lines: lines.with(index, former) }, { ...unplaced, at })
}

/** Nothing of it stays where it was answered. */
function unquoted(conversation: Conversation, { id, kind }: Said): Conversation {
  const { lines } = conversation
  const isOf = (quote: Quote): boolean => quote.of === id && quote.by === kind // ids of two sides may be the same
  if (!lines.some((line) => isSaid(line) && line.quote && isOf(line.quote))) return conversation
  const scrubbed = lines.map((line) =>
    isSaid(line) && line.quote && isOf(line.quote)
      ? { ...line, quote: { ...line.quote, text: deletedText } }
      : line,
  )
  return { ...conversation, lines: scrubbed }
}
