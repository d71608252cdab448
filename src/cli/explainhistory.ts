/** Wording for people about what is kept of conversations: always as of before, never as said here and now. */
import type { EarlierLine } from '../session/command.ts'
import { explainDate } from './date.ts'
import { explainFingerprint } from './explaintrust.ts'
import { noText, type SafeText, safeName, safeText, safeTitle, words } from './safetext.ts'

/** Its text, or that it was taken away. */
export const textOfEarlier = ({ text, deleted, from }: EarlierLine): SafeText =>
  deleted ? (from === 'you' ? words`(you deleted this)` : words`(deleted by its author)`) : safeText(text)

/** Behind a line of a conversation's screen. */
export function markOfEarlier(line: EarlierLine): SafeText {
  const known = markOfKept(line)
  return known === '' ? words`(earlier)` : words`(earlier, ${known})`
}

/** What is known of a line; nothing of one that arrived and was never changed. */
export function markOfKept({ from, settled, edited, deleted }: EarlierLine): SafeText {
  if (deleted) return noText
  const fate =
    from === 'buddy' || settled === 'delivered'
      ? noText
      : settled === 'undelivered'
        ? words`not delivered`
        : words`not confirmed`
  if (!edited) return fate
  return fate === '' ? words`edited` : words`edited, ${fate}`
}

/** Between what was kept and what is said. @param first - of the lines */
export const explainKept = ({ fingerprint, at }: Pick<EarlierLine, 'fingerprint' | 'at'>): SafeText =>
  words`earlier, since ${explainDate(at)}, under key ${shortKey(fingerprint)}`

/** Below lines that were asked for. */
export const endOfKept: SafeText = words`so far what was kept`

export const explainNothingKept = (alias: string): SafeText =>
  words`nothing is kept of the conversations with ${safeName(alias)}: otrtalk buddy set ${safeName(alias)} history on`

/** In a process that talks through another one. */
export const historyElsewhere: SafeText = words`what was kept is shown where the profile is open, and by: otrtalk history`

/** Enough to tell two keys of one person apart; not to recognise anybody by. */
export const shortKey = (fingerprint: string): SafeText =>
  safeTitle(`${fingerprint.slice(0, 8).toUpperCase()}…`)

interface Section {
  readonly name: string
  readonly fingerprint: string
  readonly lines: readonly unknown[]
}

/** Above what is kept with one key. */
export const explainSection = ({ name, fingerprint, lines }: Section): SafeText =>
  words`kept of earlier conversations with ${safeName(name)}, under key ${explainFingerprint(fingerprint)}: ${lineCount(lines.length)}`

/** @param to - a file, or `-` */
export const explainExport = (to: string): SafeText =>
  to === '-'
    ? words`this is plain text: whoever has it can read it`
    : words`${safeTitle(to, longestPath)} is plain text: whoever has it can read it`

export const explainDeleted = (count: number, name: SafeText): readonly SafeText[] => [
  words`${lineCount(count)} of the conversations with ${name} ${count === 1 ? words`was` : words`were`} deleted`,
  ...(count === 0 ? [] : [goneForGood]),
]

const goneForGood = words`what a disk may still hold of them is sealed under a key that this profile has no more`

export const lineCount = (count: number): SafeText => (count === 1 ? words`1 line` : words`${count} lines`)

const longestPath = 4_096 // columns
