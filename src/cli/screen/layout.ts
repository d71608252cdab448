/** Text in rows of the screen: no row is wider than it may be, whatever terminal draws it. */
import { columnsOf, graphemes, type SafeText, slice } from '../safetext.ts'

export interface Row {
  readonly text: SafeText
  /** Offset of its first character in the whole text. */
  readonly start: number
}

/** Breaks at spaces where it can, else between characters; a row takes at most `columns`. */
export function wrap(text: SafeText, columns: number): readonly Row[] {
  return split(text, Math.max(2, columns), true)
}

export interface HangingRow extends Row {
  /** Columns that stay free before it. */
  readonly indent: number
}

/**
 * As `wrap`, of a row of a table: what does not fit goes on below what stands
 * behind its label, or, where that is narrow, a little further in.
 */
export function wrapHanging(text: SafeText, columns: number): readonly HangingRow[] {
  const rows = wrap(text, columns).map((row) => ({ ...row, indent: 0 }))
  const [first, second] = rows
  const [label, margin = ''] = labelled.exec(text) ?? []
  if (!first || !second || label === undefined || text.includes('\n')) return rows
  const isWide = label.length > columns / 2
  const indent = isWide ? Math.min(margin.length + 2, Math.floor(columns / 2)) : label.length
  const rest = wrap(slice(text, second.start, text.length), columns - indent)
  return [first, ...rest.map((row) => ({ text: row.text, start: second.start + row.start, indent }))]
}

/** A margin of ours, with or without a label and its room, as `/help` and `/why` have them: nothing that begins with a name. */
const labelled = /^(?:( {2})[a-z][\w ]{0,20}?|\/\S+) {2,}(?=\S)|^ {2}(?=[a-z])/i

/** Breaks anywhere: for the prompt, where each character keeps its place. */
export function chop(text: SafeText, columns: number): readonly Row[] {
  return split(text, Math.max(2, columns), false)
}

/** Row and column of an offset in chopped text. */
export function locate(
  rows: readonly Row[],
  offset: number,
): { readonly row: number; readonly column: number } {
  const row = Math.max(
    0,
    rows.findLastIndex(({ start }) => start <= offset),
  )
  return { row, column: columnsOf(rows[row]!.text.slice(0, offset - rows[row]!.start)) }
}

function split(text: SafeText, columns: number, atSpaces: boolean): Row[] {
  const rows: Row[] = []
  for (let start = 0; start <= text.length; ) {
    const end = text.indexOf('\n', start)
    const line = slice(text, start, end < 0 ? text.length : end)
    splitLine(line, columns, { rows, start, atSpaces })
    start += line.length + 1
  }
  return rows
}

function splitLine(
  line: SafeText,
  columns: number,
  { rows, start, atSpaces }: { readonly rows: Row[]; readonly start: number; readonly atSpaces: boolean },
): void {
  let from = 0 // of this row
  let at = 0
  let used = 0
  let space = -1 // where the row may break
  let usedAtSpace = 0
  for (const grapheme of graphemes(line)) {
    const wide = columnsOf(grapheme)
    const hangs = atSpaces && grapheme === ' '
    if (used + wide > columns && !hangs) {
      const breaksAt = space > from ? space : at
      rows.push({ text: part(line, from, breaksAt, atSpaces), start: start + from })
      used = space > from ? used - usedAtSpace : 0
      from = breaksAt
      space = -1
    }
    at += grapheme.length
    used += wide
    if (hangs) {
      space = at
      usedAtSpace = used
    }
  }
  rows.push({ text: part(line, from, line.length, atSpaces), start: start + from })
}

/** Spaces at the end of a row are not drawn, but at the prompt. */
function part(line: SafeText, from: number, until: number, atSpaces: boolean): SafeText {
  const text = slice(line, from, until)
  return atSpaces ? slice(text, 0, text.trimEnd().length) : text
}
