/**
 * The part of a conversation that is on the screen: a window over its lines,
 * which are laid out only when they come into view. A line's name and time
 * stand before its first row only, and its text begins at a column of its own:
 * no text can look like another's line.
 */
import type { Trust } from '../session/command.ts'
import { explainTrust, explainUndelivered, timeOfDay } from './explain.ts'
import { wrap } from './layout.ts'
import type { Conversation, Line, Sending } from './model.ts'
import { clip, columnsOf, noText, type SafeText, safeName, words } from './safetext.ts'

export interface Geometry {
  readonly columns: number
  readonly rows: number
}

/** The lowest row in view, by its line's `seq` and its place in it; undefined follows the newest. */
export type Scroll = { readonly seq: number; readonly row: number } | undefined

export interface WindowRow {
  readonly key: string
  readonly kind: Line['kind'] | 'divider'
  readonly tone: 'plain' | 'good' | 'bad'
  readonly time: SafeText
  readonly label: SafeText
  readonly text: SafeText
  /** Our words about the line, behind its text. */
  readonly mark: SafeText
}

/** The rows in view, top to bottom; fewer than there is room for only if there are no more. */
export function windowOf(conversation: Conversation, size: Geometry, scroll: Scroll): readonly WindowRow[] {
  const rows: WindowRow[] = []
  for (const { row } of upwards(conversation, size.columns, scroll)) {
    if (rows.push(row) >= size.rows) break
  }
  return rows.reverse()
}

/** @param by - rows; negative goes up */
export function scrollBy(conversation: Conversation, size: Geometry, scroll: Scroll, by: number): Scroll {
  return by < 0 ? up(conversation, size, scroll, -by) : down(conversation, size, scroll, by)
}

/** Never further than the oldest row at the top of the window. */
function up(conversation: Conversation, size: Geometry, scroll: Scroll, by: number): Scroll {
  const places: Place[] = []
  for (const place of upwards(conversation, size.columns, scroll)) {
    if (places.push(place) >= by + size.rows) break
  }
  const index = Math.min(by, places.length - size.rows)
  return index > 0 ? { seq: places[index]!.seq, row: places[index]!.index } : scroll
}

function down(conversation: Conversation, size: Geometry, scroll: Scroll, by: number): Scroll {
  if (!scroll) return undefined
  const { lines } = conversation
  let index = indexOf(lines, scroll)
  let row = scroll.row + by
  for (; index < lines.length; index++) {
    const { length } = rowsOf(conversation, lines[index]!, size.columns)
    if (row < length) break
    row -= length
  }
  const line = lines[index]
  return line && (index < lines.length - 1 || row < rowsOf(conversation, line, size.columns).length - 1)
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
    const line = lines[i]!
    const rows = rowsOf(conversation, line, columns)
    const last = scroll && i === lowest ? Math.min(scroll.row, rows.length - 1) : rows.length - 1
    for (let index = last; index >= 0; index--) yield { seq: line.seq, index, row: rows[index]! }
  }
}

/** Lines stand in the order of their numbers without a gap; old ones may have left. */
const indexOf = (lines: readonly Line[], { seq }: { readonly seq: number }): number =>
  Math.max(0, Math.min(lines.length - 1, seq - (lines[0]?.seq ?? 0)))

function rowsOf(conversation: Conversation, line: Line, columns: number): readonly WindowRow[] {
  const known = laidOut.get(line)
  const rows = known?.columns === columns ? known.rows : layOut(conversation, line, columns)
  if (rows !== known?.rows) laidOut.set(line, { columns, rows })
  return conversation.divider === line.seq ? [divider(line.seq), ...rows] : rows
}

const laidOut = new WeakMap<Line, { readonly columns: number; readonly rows: readonly WindowRow[] }>()

function layOut(conversation: Conversation, line: Line, columns: number): WindowRow[] {
  const room = textColumns(conversation.buddy, columns)
  const tone = line.kind === 'notice' ? line.tone : 'plain'
  const blank = { kind: line.kind, tone, time: noText, label: noText, mark: noText }
  const rows = wrap(line.text, room).map(({ text }) => ({ ...blank, text }))
  rows[0] = { ...rows[0]!, time: timeOfDay(line.at), label: label(conversation, line, columns) }
  if (line.kind === 'notice' && line.hint) {
    for (const { text } of wrap(line.hint, room)) rows.push({ ...blank, tone: 'plain', text })
  }
  const mark = markOf(line)
  const last = rows.at(-1)!
  if (columnsOf(mark) + 1 + columnsOf(last.text) <= room) rows[rows.length - 1] = { ...last, mark }
  else for (const { text } of wrap(mark, room)) rows.push({ ...blank, text: noText, mark: text })
  return rows.map((row, i) => ({ key: `${line.seq}.${i}`, ...row }))
}

function label({ buddy }: Conversation, line: Line, columns: number): SafeText {
  if (line.kind === 'notice') return words`·`
  return line.kind === 'ours' ? words`you` : clip(safeName(buddy), labelColumns(buddy, columns))
}

const divider = (seq: number): WindowRow => ({
  ...{
    key: `${seq}.new`,
    kind: 'divider',
    tone: 'plain',
    time: noText,
    label: noText,
    text: words`new`,
    mark: noText,
  },
})

/** Columns of the name before each line. */
export function labelColumns(buddy: string, columns: number): number {
  return Math.max(3, Math.min(columns < 60 ? 8 : 16, columnsOf(safeName(buddy))))
}

function textColumns(buddy: string, columns: number): number {
  return columns - timeColumns - labelColumns(buddy, columns) - 2 - 1 // the last column stays free
}

/** What is known of a line, in words. */
function markOf(line: Line): SafeText {
  if (line.kind === 'ours') return markOfSending(line.sending)
  if (line.kind !== 'theirs' || !line.isLate) return noText
  return markOfLate(line.under.trust)
}

function markOfSending(sending: Sending): SafeText {
  switch (sending.kind) {
    case 'waiting':
      return words`(waiting)`
    case 'sent':
      return words`(sent)`
    case 'delivered':
      return words`✓`
    case 'undelivered':
      return words`✗ not delivered: ${explainUndelivered(sending.why)}`
    default:
      return sending satisfies never
  }
}

/** Behind a message that is not of the conversation there is. */
export const markOfLate = (trust: Trust): SafeText =>
  words`(from an earlier conversation, ${explainTrust(trust)})`

const timeColumns = 6 // hh:mm and a space
