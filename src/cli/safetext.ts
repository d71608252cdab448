/**
 * The one way from foreign text to a terminal, a title, a notification, a log
 * or a file name. What comes out holds no control character but LF, and
 * nothing that hides, reorders or piles up on its neighbours (docs/Security.md,
 * "What a buddy's text can do"). Linear in the length of the text.
 */
import stringWidth from 'string-width'
import { escapedJson } from '../json.ts'

/** Text that may be written to a terminal; made here only. */
export type SafeText = string & { readonly __brand: 'SafeText' }

const safe = (text: string): SafeText => text as SafeText

/** What a message may show at most; the rest gives way to an ellipsis. */
export interface TextLimits {
  /** UTF-16 units. */
  readonly length: number
  readonly lines: number
}

/** A message: several lines, kept within `limits`. */
export function safeText(text: string, limits: TextLimits = messageLimits): SafeText {
  const looked = bounded(text, limits.length)
  return safe(limited(cleaned(looked), limits, looked.length < text.length ? '…' : ''))
}

/** A name: one line of at most 32 columns, and never empty. */
export function safeName(name: string): SafeText {
  return oneLine(name, nameColumns)
}

/** A title, a file's name, what another program reports: one line of at most `columns`. */
export function safeTitle(title: string, columns: number = titleColumns): SafeText {
  return oneLine(title, columns)
}

/** The last part of a file name proposed by a stranger: it names nothing outside its folder, nor hides in it. */
export function safeFileName(name: string): SafeText {
  const plain = safeTitle(name, fileNameColumns).replace(/[/\\:*?"<>|]/gu, '_')
  return safe(shortened(plain.replace(/^[.~-]+/u, '_')).replace(/[. ]+$/u, '_'))
}

/** As much as a folder takes. */
function shortened(name: string): string {
  let kept = ''
  let octets = 0
  for (const grapheme of graphemes(name)) {
    octets += Buffer.byteLength(grapheme)
    if (octets > fileNameOctets) break
    kept += grapheme
  }
  return kept
}

/** A sentence of our own with safe text in it: the literal parts are ours. */
export function words(parts: TemplateStringsArray, ...values: readonly (SafeText | number)[]): SafeText {
  return safe(parts.reduce((sentence, part, i) => sentence + values[i - 1] + part))
}

export const noText: SafeText = safe('')

/** `a, b, c`, or with something else between them. */
export const joined = (parts: readonly SafeText[], between: SafeText = words`, `): SafeText =>
  safe(parts.join(between))

export const spaces = (columns: number): SafeText => safe(' '.repeat(columns))

/** A part of safe text. */
export const slice = (text: SafeText, from: number, until: number): SafeText => safe(text.slice(from, until))

/** The text behind its head, with all its lines beginning at the same column. */
export function indented(head: SafeText, text: SafeText): SafeText {
  return safe(head + text.replaceAll('\n', `\n${' '.repeat(columnsOf(head))}`))
}

/**
 * For a terminal that does not read UTF-8, where octets of other characters may
 * be C1 controls: as many question marks as columns, and our own signs in ASCII.
 */
export function asciiText(text: string): string {
  return text.replace(/[^\0-\x7f]/gu, (char) => {
    const sign = signs.get(char)
    return sign ?? (char >= '\u2400' && char <= '\u2421' ? '^' : '?'.repeat(stringWidth(char)))
  })
}

/** Text of our own with our signs in ASCII; what others wrote stays in it as it is. */
export const asciiSigns = (text: SafeText): SafeText =>
  safe(text.replace(/[─│·…›✓✗—]/gu, (sign) => signs.get(sign) ?? sign))

/** JSON of a value on one line, all that controls a terminal escaped. */
export const visibleJson = (value: unknown): SafeText => safe(escapedJson(value))

/**
 * Columns that a text of one line takes at most: terminals that draw the parts
 * of a joined emoji one beside the other need more than those that join them.
 */
export function columnsOf(text: string): number {
  if (/^[ -~]*$/u.test(text)) return text.length
  let columns = 0
  for (const cluster of graphemes(text)) columns += clusterColumns(cluster)
  return columns
}

/** The user-perceived characters of a text; one that is longer than any real one in its parts. */
export function* graphemes(text: string): Generator<string> {
  if (/^[ -~]*$/u.test(text)) yield* text
  else for (const { segment } of segmenter.segment(text)) yield* parts(segment)
}

function parts(cluster: string): readonly string[] {
  const isWide = cluster.length > maxColumns / 2 && clusterColumns(cluster) > maxColumns
  return isWide || cluster.length > maxCluster ? (cluster.match(part) ?? []) : [cluster]
}

/** The beginning of a line that fits into `columns`, with an ellipsis where it is cut. */
export function clip(text: SafeText, columns: number): SafeText {
  if (text.length <= columns && columnsOf(text) <= columns) return text
  let kept = ''
  let used = 0
  for (const segment of graphemes(text)) {
    const wide = columnsOf(segment)
    if (used + wide > columns) return cut(kept, columns)
    kept += segment
    used += wide
  }
  return text
}

function cut(kept: string, columns: number): SafeText {
  const all = [...graphemes(kept)]
  let used = columnsOf(kept)
  while (used > columns - 1 && all.length > 0) used -= columnsOf(all.pop()!)
  return safe(columns > 0 ? `${all.join('')}…` : '')
}

function clusterColumns(cluster: string): number {
  if (cluster.length === 1) return stringWidth(cluster)
  let apart = 0
  for (const char of cluster) apart += stringWidth(char)
  return Math.max(apart, stringWidth(cluster))
}

function oneLine(text: string, columns: number): SafeText {
  const line = cleaned(bounded(text, columns * 16))
    .replace(/\s+/gu, ' ')
    .replace(loose, ' ')
    .replace(edges, '')
  return line === '' ? safe('?') : clip(safe(line), columns)
}

/**
 * NFC stands last: what an invisible character kept apart composes when that is
 * gone. Stacks are cut before it too (UAX #15, "Stream-Safe Text"), as sorting
 * the marks of one base is quadratic in their number.
 */
function cleaned(text: string): string {
  if (/^[\n -~]*$/u.test(text)) return text
  return text
    .replace(/\p{Surrogate}/gu, '\ufffd')
    .replace(/\r\n/gu, '\n')
    .replaceAll('\t', '    ')
    .replace(c0, (char) => (char === '\x7f' ? '␡' : String.fromCharCode(0x2400 + char.charCodeAt(0))))
    .replace(c1, '\ufffd')
    .replace(bidi, '\ufffd')
    .replace(invisible, '')
    .replace(format, '\ufffd')
    .replace(strayJoiner, '')
    .replace(longStack, '$1')
    .normalize('NFC')
    .replace(jamo, (part) => (part.length === 1 ? '\ufffd' : part))
    .replace(tones, '$1')
    .replace(baseless, '')
    .replace(stack, '$1')
}

/** More raw text than could ever be shown is not even looked at. */
const bounded = (text: string, length: number): string =>
  text.length > 4 * length ? text.slice(0, 4 * length) : text

/** @param rest - stands for what `bounded` left out */
function limited(text: string, { length, lines }: TextLimits, rest: string): string {
  let end = text.length > length - rest.length ? length - 1 : text.length
  for (let line = 0, at = -1; line < lines; line++) {
    at = text.indexOf('\n', at + 1)
    if (at < 0 || at >= end) break
    if (line === lines - 1) end = at
  }
  if (end === text.length) return text + rest
  return `${text.slice(0, end).replace(/\p{Surrogate}$/u, '')}…`
}

const segmenter = new Intl.Segmenter()

// biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what is looked for
const c0 = /[\0-\x09\x0b-\x1f\x7f]/gu
const c1 = /[\x80-\x9f\u2028\u2029]/gu
const bidi = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/** Whatever Unicode lets a renderer ignore, but variation selectors (they are marks) and joiners. */
const invisible = /(?![\ufe00-\ufe0f\u200c\u200d])[\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]/gu

/** Signs of numbers and of hieroglyphs, which some terminals draw as a part of what stands before. */
const format = /(?![\u200c\u200d])\p{Cf}/gu

/** A vowel or final of Hangul has no cell of its own: it stays behind its consonant, or where NFC has joined it. */
const jamo =
  /[\u1100-\u115e\ua960-\ua97c][\u1161-\u11a7\ud7b0-\ud7c6][\u11a8-\u11ff\ud7cb-\ud7fb]?|[가-힣][\u11a8-\u11ff\ud7cb-\ud7fb]|[\u1161-\u11ff\ud7b0-\ud7fb]/gu

/**
 * Joiners stay between pictographs (ZWJ), and before a letter of a script whose
 * letters join or stack (ZWJ, ZWNJ): nowhere else do they show.
 */
const joining = [
  ...['Arabic', 'Syriac', 'Nko', 'Mandaic', 'Mongolian', 'Devanagari', 'Bengali', 'Gurmukhi', 'Gujarati'],
  ...['Oriya', 'Tamil', 'Telugu', 'Kannada', 'Malayalam', 'Sinhala', 'Tibetan', 'Myanmar', 'Khmer'],
]
const scripts = `[${joining.map((script) => `\\p{Script=${script}}`).join('')}]`
const pictograph = '\\p{Extended_Pictographic}'
const inEmoji = `(?<=${pictograph}[\\ufe0f\\u{1f3fb}-\\u{1f3ff}]?)\\u200d(?=${pictograph})`
const inWord = `(?<=(?=[\\p{L}\\p{M}])${scripts})[\\u200c\\u200d](?=(?=\\p{L})${scripts})`
const strayJoiner = new RegExp(`(?!${inEmoji})(?!${inWord})[\\u200c\\u200d]`, 'gu')

const signs = new Map(
  Object.entries({ '─': '-', '│': '|', '·': '-', '…': '.', '›': '>', '✓': '+', '✗': 'x', '—': '-' }),
)

/** What would be drawn on, or joined to, what stands before the text, which is not the writer's. */
const extending = '[\\p{M}\\p{Grapheme_Extend}\\p{Emoji_Modifier}]'
const baseless = new RegExp(`(?<![^\\n])${extending}+`, 'gu')
const loose = new RegExp(` (?:${extending}+ ?)+`, 'gu') // a sentence of ours may end there, with a name to follow
const edges = new RegExp(`^(?: |${extending})+| $`, 'gu')

const longStack = /(\p{M}{30})\p{M}+/gu // UAX #15: no language needs more
const stack = /(\p{M}{4})\p{M}+/gu // Vietnamese and Hebrew need three; five reach into the next rows
const tones = /(\p{Emoji_Modifier}{5})\p{Emoji_Modifier}+/gu // all there are; more would be a character wider than a row

/** A character with what has no cell of its own: marks, joiners, vowels and finals of Hangul. */
const part =
  /[^\p{M}\p{Join_Control}\u1161-\u11ff\ud7b0-\ud7fb]?[\p{M}\p{Join_Control}\u1161-\u11ff\ud7b0-\ud7fb]*/gu
const maxCluster = 32 // UTF-16 units: a family with skin tones has 27
const maxColumns = 16 // of one character: the same family, with its parts drawn apart
const messageLimits: TextLimits = { length: 65_536, lines: 1000 } // a message is shorter: see session/payload
const nameColumns = 32
const titleColumns = 80
const fileNameColumns = 120
const fileNameOctets = 240 // of 255, so that `.part` can follow
