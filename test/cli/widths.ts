/**
 * How many columns terminals give to characters. They disagree: those of old
 * know no emoji; those of today give two columns to one, and either draw the
 * parts of a joined one side by side or give two to the whole.
 */
import type xterm from '@xterm/headless'
import stringWidth from 'string-width'

export type Widths = 'old' | 'apart' | 'joined'

/** Unicode as such a terminal understands it; `old` is the emulator's own. */
export function unicodeOf(widths: Exclude<Widths, 'old'>): xterm.IUnicodeVersionProvider {
  const wcwidth = columnsOfCodePoint
  return {
    version: widths,
    wcwidth,
    charProperties: widths === 'apart' ? apart : joining(),
  }
}

/** As `wcwidth` of a C library: what has no width of its own belongs to the cell before it. */
function apart(codePoint: number, preceding: number): number {
  const columns = columnsOfCodePoint(codePoint)
  if (columns > 0 || preceding === 0) return properties(0, columns)
  return properties(0, Math.max(columns, columnsIn(preceding)), 'joins')
}

/** A character as a person sees it is one cell, or two. */
function joining(): (codePoint: number, preceding: number) => number {
  const clusters: string[] = [''] // the state of the emulator is a number: an index
  return (codePoint, preceding) => {
    if (codePoint < 0x80) return properties(0, 1)
    const char = String.fromCodePoint(codePoint)
    const whole = (clusters[preceding >> 3] ?? '') + char
    const joins = preceding >> 3 !== 0 && whole.length < 100 && [...segmenter.segment(whole)].length === 1
    const cluster = joins ? whole : char
    const state = clusters.push(cluster) - 1
    const columns = Math.min(2, stringWidth(cluster))
    return properties(state, Math.max(columns, joins ? columnsIn(preceding) : 0), joins ? 'joins' : 'apart')
  }
}

/** Of a text in a terminal that draws the parts of an emoji apart. */
export function columnsApart(text: string): number {
  let columns = 0
  for (const char of text) columns += columnsOfCodePoint(char.codePointAt(0)!)
  return columns
}

function columnsOfCodePoint(codePoint: number): 0 | 1 | 2 {
  if (codePoint < 0x80) return 1
  const char = String.fromCodePoint(codePoint)
  if (/[\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff\ud7b0-\ud7ff]/u.test(char)) return 0
  const columns = stringWidth(char)
  return columns >= 2 ? 2 : /\p{Mc}/u.test(char) || columns === 1 ? 1 : 0
}

/** As the emulator packs them: 24 bits of state, the columns, whether it joins the cell before. */
const properties = (state: number, columns: number, how: 'joins' | 'apart' = 'apart'): number =>
  ((state & 0xffffff) << 3) | (columns << 1) | (how === 'joins' ? 1 : 0)

const columnsIn = (packed: number): number => (packed >> 1) & 3

const segmenter = new Intl.Segmenter()
