/** A sentence for people, and how it is meant. */
import type { SafeText } from './safetext.ts'

export type Tone = 'plain' | 'good' | 'bad'

/** A sentence about something that happened, and what to do about it. */
export interface Notice {
  readonly tone: Tone
  readonly text: SafeText
  readonly hint?: SafeText
  /** Of the same page as the one before: the time is not said again. */
  readonly isMore?: true
}

/** What is said at once, row by row. */
export const page = (rows: readonly SafeText[]): readonly Notice[] =>
  rows.map((text, i) => ({ tone: 'plain', text, ...(i > 0 && { isMore: true }) }))

export const bad = (text: SafeText, hint?: SafeText): Notice => ({ tone: 'bad', text, ...(hint && { hint }) })

/** Neither good nor bad. */
export const plain = (text: SafeText, hint?: SafeText): Notice => ({
  tone: 'plain',
  text,
  ...(hint && { hint }),
})
