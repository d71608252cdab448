/**
 * The line being written: a value, and what each key makes of it. It holds
 * safe text from the first key on, so that what is seen is what is sent.
 */
import { noText, type SafeText, safeText } from '../safetext.ts'

export interface Draft {
  readonly text: SafeText
  /** Where the next character goes: an offset in `text`, between two characters of it. */
  readonly caret: number
  /** What was written before, oldest first. */
  readonly history: readonly SafeText[]
  /** Which of them is shown, counted from the newest; 0 is the new one. */
  readonly recalled: number
  /** The new one, while an older is shown. */
  readonly kept: SafeText
}

export const emptyDraft: Draft = { text: noText, caret: 0, history: [], recalled: 0, kept: noText }

export type EditKey =
  | { readonly kind: 'insert'; readonly text: string }
  | { readonly kind: 'move'; readonly to: Place }
  | { readonly kind: 'erase'; readonly to: Place }
  /** To the line above or below; from the first and the last one to what was written before and after. */
  | { readonly kind: 'vertical'; readonly to: 'up' | 'down' }

/** Where a key leads, seen from the caret. */
export type Place =
  | 'left'
  | 'right'
  | 'word left'
  | 'word right'
  | 'line start'
  | 'line end'
  | 'start'
  | 'end'

export function edit(draft: Draft, key: EditKey): Draft {
  switch (key.kind) {
    case 'insert':
      return insert(draft, key.text)
    case 'move':
      return { ...draft, caret: place(draft, key.to) }
    case 'erase': {
      const to = place(draft, key.to)
      const [from, until] = to < draft.caret ? [to, draft.caret] : [draft.caret, to]
      return { ...draft, text: safeText(draft.text.slice(0, from) + draft.text.slice(until)), caret: from }
    }
    case 'vertical':
      return vertical(draft, key.to)
    default:
      return key satisfies never
  }
}

/** The draft after its text was sent: empty, with the text in its history. */
export function sent(draft: Draft): Draft {
  const { text, history } = draft
  const isRepeated = text === '' || text === history.at(-1)
  const longer = isRepeated ? history : [...history, text].slice(-maxHistory)
  return { ...emptyDraft, history: longer }
}

/** The draft emptied, its text in no history. */
export const discarded = ({ history }: Draft): Draft => ({ ...emptyDraft, history })

/** Another that was begun, or a new one: what was written before is one history. */
export const switched = ({ history }: Draft, other: Draft = emptyDraft): Draft => ({ ...other, history })

/** As it is drawn when nobody may read it: a star for each character. */
export function masked(draft: Draft): Draft {
  const stars = (text: string): SafeText => safeText('*'.repeat([...segmenter.segment(text)].length))
  return { ...draft, text: stars(draft.text), caret: stars(draft.text.slice(0, draft.caret)).length }
}

/** A pasted carriage return is a line's end; more than fits is not taken at all. */
function insert(draft: Draft, text: string): Draft {
  const { caret } = draft
  const before = draft.text.slice(0, caret) + text.replace(/\r\n?/gu, '\n')
  const after = draft.text.slice(caret)
  if (before.length + after.length > maxDraft) return draft
  const whole = safeText(before + after)
  // What follows may join what is inserted to one character: the caret stays behind it.
  const end = Math.min(whole.length, safeText(before).length)
  return { ...draft, text: whole, caret: boundary(whole, end) }
}

function vertical(draft: Draft, to: 'up' | 'down'): Draft {
  const { text, caret } = draft
  const start = startOfLine(text, caret)
  const column = caret - start
  if (to === 'up') {
    if (start === 0) return recall(draft, to)
    const above = startOfLine(text, start - 1)
    return { ...draft, caret: boundary(text, Math.min(above + column, start - 1)) }
  }
  const end = text.indexOf('\n', caret)
  if (end < 0) return recall(draft, to)
  const below = text.indexOf('\n', end + 1)
  return { ...draft, caret: boundary(text, Math.min(end + 1 + column, below < 0 ? text.length : below)) }
}

function recall(draft: Draft, to: 'up' | 'down'): Draft {
  const { history, recalled } = draft
  const next = to === 'up' ? Math.min(history.length, recalled + 1) : Math.max(0, recalled - 1)
  if (next === recalled) return draft
  const kept = recalled === 0 ? draft.text : draft.kept
  const text = next === 0 ? kept : history.at(-next)!
  return { ...draft, text, caret: text.length, recalled: next, kept }
}

function place({ text, caret }: Draft, to: Place): number {
  switch (to) {
    case 'left':
      return boundaryBefore(text, caret)
    case 'right':
      return boundaryAfter(text, caret)
    case 'word left': {
      const before = text.slice(0, caret).trimEnd()
      return before.length - /\S*$/u.exec(before.slice(-maxWord))![0].length
    }
    case 'word right':
      return caret + /^\s*\S*/u.exec(text.slice(caret))![0].length
    case 'line start':
      return startOfLine(text, caret)
    case 'line end': {
      const end = text.indexOf('\n', caret)
      return end < 0 ? text.length : end
    }
    case 'start':
      return 0
    case 'end':
      return text.length
    default:
      return to satisfies never
  }
}

const startOfLine = (text: string, caret: number): number =>
  caret === 0 ? 0 : text.lastIndexOf('\n', caret - 1) + 1

/** The next end of a character at or after an offset. */
function boundary(text: string, offset: number): number {
  return offset >= text.length || offset === 0 ? offset : boundaryAfter(text, offset - 1)
}

function boundaryBefore(text: string, offset: number): number {
  return segmenter.segment(text).containing(offset - 1)?.index ?? 0
}

function boundaryAfter(text: string, offset: number): number {
  const found = segmenter.segment(text).containing(offset)
  return found ? found.index + found.segment.length : text.length
}

const segmenter = new Intl.Segmenter()
const maxWord = 1000 // a longer one is passed in steps
const maxHistory = 100
const maxDraft = 10_000 // UTF-16 units: at most 30,000 octets, within what one message takes
