/**
 * The part of a conversation that is on the screen: a window over its lines,
 * which are laid out only when they come into view. A line's name and time
 * stand before its first row only, and its text begins at a column of its own:
 * no text can look like another's line.
 */
import type { Conversation, Line, Quote } from '../conversation.ts'
import { explainDay, timeOfDay } from '../date.ts'
import { explainQuote, fateBehind, markOf } from '../explainline.ts'
import { isSaid } from '../quote.ts'
import { clip, columnsOf, joined, noText, type SafeText, safeName, words } from '../safetext.ts'
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
  const { buddy } = conversation
  const room = textColumns(buddy, columns)
  const blank: Unkeyed = { ...empty, kind: line.kind, whole: line.text }
  const [first, ...others] = textRows(line, blank, room)
  const isMore = line.kind === 'notice' && line.isMore
  const named = isMore ? {} : { time: timeOfDay(line.at), label: label(conversation, line, columns) }
  const lasting = isSaid(line) ? fateBehind(buddy, line) : noText
  const rows = withWords(
    [{ ...first!, ...named }, ...others],
    { lasting, state: markOf(line) },
    { blank, room },
  )
  const quoted = isSaid(line) && line.quote ? [{ ...blank, ...quoteRow(buddy, line.quote, room) }] : []
  return [...quoted, ...rows].map((row, i) => ({ key: `${line.seq}.${i}`, seq: line.seq, ...row }))
}

/** @param blank - a row with nothing in it */
function textRows(line: Exclude<Line, { kind: 'rule' }>, blank: Unkeyed, room: number): readonly Unkeyed[] {
  if (line.kind !== 'notice') return wrap(line.text, room).map((row) => ({ ...blank, ...row }))
  const { text, hint, tone } = line
  const rows = wrapHanging(text, room).map((row) => ({ ...blank, tone, ...row }))
  return hint ? [...rows, ...wrap(hint, room).map(({ text }) => ({ ...blank, text }))] : rows
}

/** With our words about the line: behind its last row if they fit there, else in rows of their own. */
function withWords(
  rows: readonly Unkeyed[],
  { lasting, state }: { readonly lasting: SafeText; readonly state: SafeText },
  { blank, room }: { readonly blank: Unkeyed; readonly room: number },
): readonly Unkeyed[] {
  const last = rows.at(-1)!
  const mark = joined(
    [lasting, state].filter((part) => part !== ''),
    words` `,
  )
  const columns = mark === '' ? 0 : columnsOf(mark) + 1
  if (columns + columnsOf(last.text) <= room) return rows.with(-1, { ...last, mark, lasting })
  const own = [
    ...pieces(lasting, room).map((mark) => ({ mark, lasting: mark })),
    ...pieces(state, room).map((mark) => ({ mark })),
  ]
  const filled = last.text === '' ? rows.with(-1, { ...last, ...own.shift() }) : rows
  return [...filled, ...own.map((piece) => ({ ...blank, ...piece }))]
}

const pieces = (mark: SafeText, room: number): readonly SafeText[] =>
  mark === '' ? [] : wrap(mark, room).map(({ text }) => text)

type Unkeyed = Omit<WindowRow, 'key' | 'seq'>

/** The line that is answered: its sign stands where names do, so that no text can look like it. */
const quoteRow = (buddy: string, quote: Quote, room: number): Partial<Unkeyed> => ({
  ...{ kind: 'quote', label: words`>` },
  time: quote.at === undefined ? noText : timeOfDay(quote.at),
  text: clip(explainQuote(buddy, quote), room),
})

function label({ buddy }: Conversation, line: Line, columns: number): SafeText {
  if (line.kind === 'notice') return words`·`
  const isOurs = line.kind === 'ours' || (line.kind === 'earlier' && line.from === 'you')
  return isOurs ? words`you` : clip(safeName(buddy), labelColumns(buddy, columns))
}

const empty: Omit<Unkeyed, 'kind'> = {
  ...{ tone: 'plain', indent: 0, start: undefined },
  ...{ time: noText, label: noText, text: noText, whole: noText, mark: noText, lasting: noText },
}

export const divider = (seq: number, text = words`new`): WindowRow => ({
  ...{ ...empty, key: `${seq}.new`, seq, kind: 'divider', text },
})

const dayBreak = ({ seq, at }: Line): WindowRow => ({
  ...{ ...empty, key: `${seq}.day`, seq, kind: 'day', text: words`— ${explainDay(at)} —` },
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

const timeColumns = 6 // hh:mm and a space
