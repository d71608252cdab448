/** Looking for a text in a conversation: which lines have it, and where. Pure. */
import type { Conversation, Line } from '../conversation.ts'
import type { SafeText } from '../safetext.ts'

/** What is looked for, and which of the lines that have it is shown. */
export interface Find {
  readonly query: SafeText
  /** `seq` of the line; undefined if none has it. */
  readonly seq: number | undefined
}

/** Of the lines that have it, oldest first: `of` is their number, `index` counts from 1. */
export function placeOf({ query, seq }: Find, conversation: Conversation): { index: number; of: number } {
  const seqs = matches(conversation, query)
  return { index: seq === undefined ? 0 : seqs.indexOf(seq) + 1, of: seqs.length }
}

/** The next line that has it, from `seq` on: the newest of the older ones, or the oldest of the newer ones. */
export function next(
  conversation: Conversation,
  query: SafeText,
  { from, to }: { readonly from: number; readonly to: 'older' | 'newer' },
): number | undefined {
  const seqs = matches(conversation, query)
  return to === 'older' ? seqs.findLast((seq) => seq < from) : seqs.find((seq) => seq > from)
}

export const lineOf = ({ lines }: Conversation, seq: number): Line | undefined =>
  lines[seq - (lines[0]?.seq ?? 0)]

/** Where it stands in a text: pairs of offsets. Capitals do not count. */
export function occurrences(
  text: SafeText,
  query: SafeText,
): readonly (readonly [from: number, until: number])[] {
  if (query === '') return []
  return [...text.matchAll(pattern(query))].map(({ index, 0: found }) => [index, index + found.length])
}

/** `seq` of each line that has it, oldest first. */
function matches({ lines }: Conversation, query: SafeText): readonly number[] {
  if (query === '') return []
  const known = found.get(lines)
  if (known?.query === query) return known.seqs
  const wanted = pattern(query)
  const seqs = lines.filter(({ text }) => text.search(wanted) >= 0).map(({ seq }) => seq)
  found.set(lines, { query, seqs })
  return seqs
}

const pattern = (query: SafeText): RegExp => new RegExp(query.replace(/[\\^$.*+?()[\]{}|/]/gu, '\\$&'), 'giu')

const found = new WeakMap<readonly Line[], { readonly query: SafeText; readonly seqs: readonly number[] }>()
