/** A sentence for people, and how it is meant. */
import { noText, type SafeText, safeTitle, words } from './safetext.ts'

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

/** A fault as this machine words it, behind what it did not let happen. */
export function fault({ message, hint }: Fault, before: SafeText = noText): Notice {
  const said = hint === undefined ? undefined : safeTitle(hint, longestFault)
  return bad(words`${before}${safeTitle(message, longestFault)}`, said)
}

interface Fault {
  readonly message: string
  readonly hint?: string | undefined
}

const longestFault = 400 // columns: a path may be in it
