/** What a line has to do with an earlier one: the row of that one which stands above an answer. Pure. */
import type { About } from '../session/command.ts'
import type { Conversation, Fate, Line, Quote, Said } from './conversation.ts'
import { clip, type SafeText, safeTitle, words } from './safetext.ts'

/** In this conversation, by whomever. */
export const isSaid = (line: Line): line is Said => line.kind === 'theirs' || line.kind === 'ours'

/** What a new line has to do with another. */
export function aboutLine(
  conversation: Conversation,
  about: About | undefined,
): { readonly fate: Fate; readonly quote?: Quote } {
  if (about?.as === 'edit') return { fate: { kind: 'astray' } }
  const fate = { kind: 'whole' } as const
  return about?.as === 'reply' ? { fate, quote: quoteOf(conversation, about.id) } : { fate }
}

/** One row of the line that is answered. */
function quoteOf({ lines }: Conversation, of: string): Quote {
  const line = lines.findLast((each): each is Said => isSaid(each) && each.id === of)
  if (!line) return { of, by: undefined, at: undefined, text: words`a line that is not here` }
  const text =
    line.fate.kind === 'deleted' ? deletedText : clip(safeTitle(line.text, quoteColumns), quoteColumns)
  return { of, by: line.kind, at: line.at, text }
}

/** In the place of what was deleted. */
export const deletedText: SafeText = words`a line that was deleted`
const quoteColumns = 60
