/**
 * The part of a conversation that is on the screen: a window over its lines,
 * which are laid out only when they come into view. A line's name and time
 * stand before its first row only, and its text begins at a column of its own:
 * no text can look like another's line.
 */
import type { Trust } from '../../session/command.ts'
import type { Conversation, Fate, Line, Quote, Said, Sending } from '../conversation.ts'
import { explainDay, timeOfDay } from '../date.ts'
import { explainUndelivered } from '../explain.ts'
import { explainTrust } from '../explaintrust.ts'
import { isSaid } from '../quote.ts'
import { clip, columnsOf, noText, type SafeText, safeName, words } from '../safetext.ts'
import { wrap, wrapHanging } from './layout.ts'

export interface Geometry {
  readonly columns: number
  readonly rows: number
}

/** The lowest row in view, by its line's `seq` and its place in it; undefined follows the newest. */
export type Scroll = { readonly seq: number; readonly row: number } | undefined

export interface WindowRow {
  readonly key: string
  /** Of its line. */
  readonly seq: number
  readonly kind: Exclude<Line['kind'], 'rule'> | 'quote' | 'divider' | 'day'
  readonly tone: 'plain' | 'good' | 'bad'
  readonly time: SafeText
  readonly label: SafeText
  readonly text: SafeText
  /** The text of its line, and where in it the row's begins; undefined for what is not part of it. */
  readonly whole: SafeText
  readonly start: number | undefined
  /** Columns that stay free before its text. */
  readonly indent: number
  /** Our words about the line, behind its text: what became of the text, and how far it came. */
  readonly mark: SafeText
  /** The part of it that stays true. */
  readonly lasting: SafeText
}

/** The rows in view, top to bottom; fewer than there is room for only if there are no more. */
export function windowOf(conversation: Conversation, size: Geometry, scroll: Scroll): readonly WindowRow[] {
  const places: Place[] = []
  for (const place of upwards(conversation, size.columns, scroll)) {
    if (places.push(place) >= size.rows) break
  }
  places.reverse()
  const top = scroll && hasSeveralDays(conversation) ? dayAbove(conversation, places, size) : undefined
  return [
    ...(top ? [top] : []),
    ...places.slice(top && places.length === size.rows ? 1 : 0).map(({ row }) => row),
  ]
}

/** Whoever has scrolled sees of which day the first row is, when no break of days says it there. */
function dayAbove(
  conversation: Conversation,
  places: readonly Place[],
  size: Geometry,
): WindowRow | undefined {
  const isFull = places.length === size.rows
  const [first, second] = isFull ? places.slice(0, 2) : [undefined, places[0]]
  if (!second || first?.row.kind === 'day' || second.row.kind === 'day') return undefined
  const line = conversation.lines[indexOf(conversation.lines, second)]
  return line && dayBreak(line)
}

/** All rows from a line on, by its `seq`. */
export function rowsFrom(conversation: Conversation, seq: number, columns: number): readonly WindowRow[] {
  const { lines } = conversation
  const first = Math.max(0, seq - (lines[0]?.seq ?? 0))
  return lines.slice(first).flatMap((_, i) => rowsOf(conversation, first + i, columns))
}

/** @param by - rows; negative goes up */
export function scrollBy(conversation: Conversation, size: Geometry, scroll: Scroll, by: number): Scroll {
  return by < 0 ? up(conversation, size, scroll, -by) : down(conversation, size, scroll, by)
}

/** With a row of a line in the middle, as far as there are rows around it. */
export function scrollTo(conversation: Conversation, size: Geometry, place: NonNullable<Scroll>): Scroll {
  const low = down(conversation, size, place, Math.floor(size.rows / 2))
  let above = 0
  for (const _ of upwards(conversation, size.columns, low)) if (++above >= size.rows) return low
  return down(conversation, size, low, size.rows - above)
}

/** Which row of its line an offset in its text is in. */
export function rowAt(conversation: Conversation, line: Line, at: At): number {
  const rows = rowsOf(conversation, indexOf(conversation.lines, line), at.columns)
  return Math.max(
    0,
    rows.findLastIndex(({ start }) => start !== undefined && start <= at.offset),
  )
}

interface At {
  readonly columns: number
  readonly offset: number
}

/** Never further than the oldest row at the top of the window. */
function up(conversation: Conversation, size: Geometry, scroll: Scroll, by: number): Scroll {
  const places: Place[] = []
  for (const place of upwards(conversation, size.columns, scroll)) {
    if (places.push(place) >= by + size.rows) break
  }
  if (!scroll && places.length <= size.rows) return undefined
  const room = hasSeveralDays(conversation) ? size.rows - 1 : size.rows // the day stands above
  const index = Math.min(by, places.length - room)
  return index > 0 ? { seq: places[index]!.seq, row: places[index]!.index } : scroll
}

function down(conversation: Conversation, size: Geometry, scroll: Scroll, by: number): Scroll {
  if (!scroll) return undefined
  const { lines } = conversation
  let index = indexOf(lines, scroll)
  let row = scroll.row + by
  for (; index < lines.length; index++) {
    const { length } = rowsOf(conversation, index, size.columns)
    if (row < length) break
    row -= length
  }
  const line = lines[index]
  return line && (index < lines.length - 1 || row < rowsOf(conversation, index, size.columns).length - 1)
    ? { seq: line.seq, row }
    : undefined
}

interface Place {
  readonly seq: number
  readonly index: number
  readonly row: WindowRow
}

function* upwards(conversation: Conversation, columns: number, scroll: Scroll): Generator<Place> {
  const { lines } = conversation
  const lowest = scroll ? indexOf(lines, scroll) : lines.length - 1
  for (let i = lowest; i >= 0; i--) {
    const rows = rowsOf(conversation, i, columns)
    const last = scroll && i === lowest ? Math.min(scroll.row, rows.length - 1) : rows.length - 1
    for (let index = last; index >= 0; index--) yield { seq: lines[i]!.seq, index, row: rows[index]! }
  }
}

/** Lines stand in the order of their numbers without a gap; old ones may have left. */
const indexOf = (lines: readonly Line[], { seq }: { readonly seq: number }): number =>
  Math.max(0, Math.min(lines.length - 1, seq - (lines[0]?.seq ?? 0)))

/** Of the line at an index, with what stands before it. */
function rowsOf(conversation: Conversation, index: number, columns: number): readonly WindowRow[] {
  const line = conversation.lines[index]!
  const before = conversation.lines[index - 1]
  const isOtherDay = before !== undefined && dayOf(before.at) !== dayOf(line.at)
  const isNew = conversation.divider === line.seq
  const rows = laidOutRows(conversation, line, columns)
  if (!isOtherDay && !isNew) return rows
  return [...(isOtherDay ? [dayBreak(line)] : []), ...(isNew ? [divider(line.seq)] : []), ...rows]
}

/** Only what was in view lately is kept: 10,000 lines take as many as fit. */
function laidOutRows(conversation: Conversation, line: Line, columns: number): readonly WindowRow[] {
  const known = laidOut.get(line)
  if (known?.columns === columns) return known.rows
  const rows = layOut(conversation, line, columns)
  laidOut.set(line, { columns, rows })
  if (laidOut.size > maxLaidOut) laidOut.delete(laidOut.keys().next().value!)
  return rows
}

const laidOut = new Map<Line, { readonly columns: number; readonly rows: readonly WindowRow[] }>()
const maxLaidOut = 400 // lines: some windows

/** Rows of a line, whether or not it is one of the conversation's. */
export function layOut(conversation: Conversation, line: Line, columns: number): readonly WindowRow[] {
  if (line.kind === 'rule') return [divider(line.seq, line.text)]
  const room = textColumns(conversation.buddy, columns)
  const tone = line.kind === 'notice' ? line.tone : 'plain'
  const blank = {
    ...{ kind: line.kind, tone, whole: line.text, indent: 0 },
    ...{ time: noText, label: noText, mark: noText, lasting: noText },
  }
  const isNotice = line.kind === 'notice'
  const rows: Unkeyed[] = isNotice
    ? wrapHanging(line.text, room).map((row) => ({ ...blank, ...row }))
    : wrap(line.text, room).map((row) => ({ ...blank, ...row }))
  if (!isNotice || !line.isMore)
    rows[0] = { ...rows[0]!, time: timeOfDay(line.at), label: label(conversation, line, columns) }
  if (line.kind === 'notice' && line.hint) {
    for (const { text } of wrap(line.hint, room))
      rows.push({ ...blank, tone: 'plain', text, start: undefined })
  }
  const lasting = isSaid(line) ? fateOf(conversation, line) : noText
  const state = markOf(line)
  const mark = lasting === '' || state === '' ? words`${lasting}${state}` : words`${lasting} ${state}`
  const last = rows.at(-1)!
  const marked = mark === '' ? 0 : columnsOf(mark) + 1
  if (marked + columnsOf(last.text) <= room) rows[rows.length - 1] = { ...last, mark, lasting }
  else {
    const wrapped = [
      ...pieces(lasting, room).map(({ mark }) => ({ mark, lasting: mark })),
      ...pieces(state, room),
    ]
    if (last.text === '') rows[rows.length - 1] = { ...last, ...wrapped.shift() }
    for (const piece of wrapped) rows.push({ ...blank, text: noText, start: undefined, ...piece })
  }
  if (isSaid(line) && line.quote) rows.unshift({ ...blank, ...quoteRow(conversation, line.quote, room) })
  return rows.map((row, i) => ({ key: `${line.seq}.${i}`, seq: line.seq, ...row }))
}

/** Our words about a line in rows of their own. */
const pieces = (mark: SafeText, room: number): { mark: SafeText; lasting: SafeText }[] =>
  mark === '' ? [] : wrap(mark, room).map(({ text }) => ({ mark: text, lasting: noText }))

type Unkeyed = Omit<WindowRow, 'key' | 'seq'>

/** The line that is answered: its sign stands where names do, so that no text can look like it. */
function quoteRow(
  conversation: Conversation,
  quote: Quote,
  room: number,
): Omit<Unkeyed, 'whole' | 'indent' | 'mark' | 'lasting'> {
  return {
    ...{ kind: 'quote', tone: 'plain', start: undefined, label: words`>` },
    time: quote.at === undefined ? noText : timeOfDay(quote.at),
    text: clip(explainQuote(conversation.buddy, quote), room),
  }
}

export function explainQuote(buddy: string, { by, text }: Quote): SafeText {
  if (by === undefined) return text
  return by === 'ours' ? words`you: ${text}` : words`${safeName(buddy)}: ${text}`
}

function label({ buddy }: Conversation, line: Line, columns: number): SafeText {
  if (line.kind === 'notice') return words`·`
  const isOurs = line.kind === 'ours' || (line.kind === 'earlier' && line.from === 'you')
  return isOurs ? words`you` : clip(safeName(buddy), labelColumns(buddy, columns))
}

const between = {
  lasting: noText,
  tone: 'plain',
  time: noText,
  label: noText,
  mark: noText,
  indent: 0,
  whole: noText,
  start: undefined,
} as const

export const divider = (seq: number, text = words`new`): WindowRow => ({
  ...{ ...between, key: `${seq}.new`, seq, kind: 'divider', text },
})

const dayBreak = ({ seq, at }: Line): WindowRow => ({
  ...{ ...between, key: `${seq}.day`, seq, kind: 'day', text: words`— ${explainDay(at)} —` },
})

/** Local days, counted from any. */
const dayOf = (at: number): number =>
  Math.floor((at - new Date(at).getTimezoneOffset() * 60_000) / 86_400_000)

const hasSeveralDays = ({ lines }: Conversation): boolean =>
  lines.length > 0 && dayOf(lines[0]!.at) !== dayOf(lines.at(-1)!.at)

/** Columns of the name before each line. */
export function labelColumns(buddy: string, columns: number): number {
  return Math.max(3, Math.min(columns < 60 ? 8 : 16, columnsOf(safeName(buddy))))
}

function textColumns(buddy: string, columns: number): number {
  return columns - timeColumns - labelColumns(buddy, columns) - 2 - 1 // the last column stays free
}

/** What became of a text since it was said. */
function fateOf({ buddy }: Conversation, { kind, fate }: Said): SafeText {
  switch (fate.kind) {
    case 'whole':
      return noText
    case 'astray':
      return words`(would change another line)`
    case 'apart':
      return words`(changes an earlier line)`
    case 'edited': {
      const said = !fate.isAnew ? noText : words`, said at ${timeOfDay(fate.saidAt)}`
      return fate.times === 1 ? words`(edited${said})` : words`(edited ${fate.times} times${said})`
    }
    case 'deleted': {
      const said = !fate.isAnew ? noText : words`the line of ${timeOfDay(fate.saidAt)}`
      const name = safeName(buddy)
      if (kind === 'theirs')
        return said === '' ? words`(deleted by ${name})` : words`(${name} deleted ${said})`
      return words`(you deleted ${said === '' ? words`this` : said}; the program of ${name} may have kept it)`
    }
    default:
      return fate satisfies never
  }
}

/** What is known of a line, in words. */
function markOf(line: Line): SafeText {
  if (line.kind === 'ours') return markOfSending(line.sending, line.fate)
  if (line.kind === 'earlier') return line.mark
  if (line.kind !== 'theirs' || !line.isLate) return noText
  return markOfLate(line.under.trust)
}

function markOfSending(sending: Sending, fate: Fate): SafeText {
  switch (sending.kind) {
    case 'waiting':
      return words`(waiting)`
    case 'written':
      return words`(written)`
    case 'held':
      return words`(not sent: for another key)`
    case 'sent':
      return words`(sent)`
    case 'delivered':
      return words`✓`
    case 'read':
      return words`✓ read`
    case 'undelivered': {
      const what =
        fate.kind === 'edited' ? words`the edit was ` : fate.kind === 'deleted' ? words`this was ` : noText
      return words`✗ ${what}not delivered: ${explainUndelivered(sending.why)}`
    }
    default:
      return sending satisfies never
  }
}

/** Behind a message that is not of the conversation there is. */
export const markOfLate = (trust: Trust): SafeText =>
  words`(from an earlier conversation, ${explainTrust(trust)})`

const timeColumns = 6 // hh:mm and a space
