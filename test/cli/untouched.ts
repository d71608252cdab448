/**
 * Whether foreign text stayed in its place: a terminal that shows it is
 * compared, cell by cell and mode by mode, with one that shows a harmless text
 * of the same size there.
 */
import type xterm from '@xterm/headless'
import stringWidth from 'string-width'
import { columnsOf, graphemes, type SafeText } from '../../src/cli/safetext.ts'
import type { Emulator } from './emulator.ts'
import { columnsApart } from './widths.ts'

/** Characters that nothing of ours is made of: wherever one stands foreign text may stand. */
const narrow = '¤'
const wide = '🟫'

/** A text that is broken and cut as this one is, and does nothing: its characters are fillers. */
export function harmlessAs(text: SafeText): string {
  let harmless = ''
  for (const grapheme of graphemes(text)) {
    const columns = columnsOf(grapheme)
    if (grapheme === ' ' || grapheme === '\n') harmless += grapheme
    else if (columns % 2 === 1) harmless += narrow.repeat(columns)
    else
      harmless += Array(columns / 2)
        .fill(wide)
        .join('\u200d') // one emoji of several parts
  }
  return harmless
}

/**
 * What differs outside the place of the foreign text, in words; nothing if all is well.
 *
 * @param behind - what stands behind foreign text in the same row: it may move in a terminal that gives it less
 *   columns than we leave for it
 */
export function differences(shown: Emulator, harmless: Emulator, behind: 'fixed' | 'movable'): string[] {
  const found: string[] = []
  const foreign = new Set<number>()
  forEachCell(shown, harmless, (cell, other, row, column) => {
    const isForeign = isFiller(other)
    if (isForeign) foreign.add(row)
    if (isForeign ? isPlain(cell, other) : isLike(cell, other)) return
    if (foreign.has(row) && behind === 'movable') return
    found.push(`row ${row}, column ${column}: ${looks(cell)} for ${looks(other)}`)
  })
  return found
}

/** Whether terminals agree with us and ink about its columns. */
export const isCertain = (text: string): boolean =>
  [...graphemes(text)].every((grapheme) => {
    const columns = columnsOf(grapheme)
    return columns === columnsApart(grapheme) && columns === stringWidth(grapheme)
  })

/** Everything of a terminal that is not on its screen: what a person or the next program would stumble over. */
export async function stateOf(emulator: Emulator): Promise<object> {
  const cursor = await emulator.cursor()
  const { title, bells, answers, systemCommands, terminal } = emulator
  const { modes, buffer } = terminal
  const before = { cursor, title, bells, answers, modes, systemCommands: systemCommands.length }
  emulator.answers = ''
  emulator.stdout.write(`${questions}\x1b7\x1b[1;1Hq\t`)
  const tab = await emulator.cursor()
  const char = buffer.active.getLine(buffer.active.baseY)?.getCell(0)?.getChars()
  const settings = emulator.answers
  return { ...before, buffer: buffer.active.type, tab, char, settings }
}

/** DECRQSS: attributes, scroll region, the cursor's form. DECRQM: insert, newline, reverse, origin, wrap, cursor. */
const questions = `${['m', 'r', ' q'].map((setting) => `\x1bP$q${setting}\x1b\\`).join('')}${[
  ...['4', '20'],
  ...['?1', '?5', '?6', '?7', '?25', '?66', '?1004', '?2004', '?2026'],
]
  .map((mode) => `\x1b[${mode}$p`)
  .join('')}`

type Cell = xterm.IBufferCell
type Visit = (cell: Cell, other: Cell, row: number, column: number) => void

function forEachCell(shown: Emulator, harmless: Emulator, visit: Visit): void {
  const [a, b] = [shown.terminal.buffer.active, harmless.terminal.buffer.active]
  const [cell, other] = [a.getNullCell(), b.getNullCell()]
  for (let y = 0; y < shown.terminal.rows; y++) {
    const [row, otherRow] = [a.getLine(a.baseY + y), b.getLine(b.baseY + y)]
    for (let x = 0; x < shown.terminal.cols; x++) {
      row?.getCell(x, cell)
      otherRow?.getCell(x, other)
      visit(cell, other, y, x)
    }
  }
}

/** An ellipsis stands where foreign text was cut. */
const isFiller = (cell: Cell): boolean => cell.getWidth() === 0 || /^[¤🟫…]/u.test(cell.getChars())

const isLike = (cell: Cell, other: Cell): boolean =>
  (cell.getChars() || ' ') === (other.getChars() || ' ') &&
  cell.getWidth() === other.getWidth() &&
  hasStyleOf(cell, other)

/** Where it ends, a cell is blank; links in it are underlined. */
const isPlain = (cell: Cell, other: Cell): boolean =>
  cell.isAttributeDefault() || hasStyleOf(cell, other) || style(cell) === underlined

const hasStyleOf = (cell: Cell, other: Cell): boolean =>
  (cell.isAttributeDefault() && other.isAttributeDefault()) || style(cell) === style(other)

const looks = (cell: Cell): string =>
  `${JSON.stringify(cell.getChars() || ' ')} of ${cell.getWidth()} ${style(cell)}`

function style(cell: Cell): string {
  return [
    ...[cell.getFgColorMode(), cell.getFgColor(), cell.getBgColorMode(), cell.getBgColor()],
    ...[cell.isBold(), cell.isDim(), cell.isItalic(), cell.isUnderline(), cell.isBlink()],
    ...[cell.isInverse(), cell.isInvisible(), cell.isStrikethrough(), cell.isOverline()],
  ].join(',')
}

/** Of the default colours. */
const underlined = '0,-1,0,-1,0,0,0,1,0,0,0,0,0'
