/** Wording for people about a line of a conversation: what it answers, what became of it, how far it came. */
import type { Trust } from '../session/command.ts'
import type { Fate, Line, Quote, Said, Sending } from './conversation.ts'
import { timeOfDay } from './date.ts'
import { explainUndelivered } from './explain.ts'
import { explainTrust } from './explaintrust.ts'
import { noText, type SafeText, safeName, words } from './safetext.ts'

/** One row of the line that is answered, and whose it is. */
export function explainQuote(buddy: string, { by, text }: Quote): SafeText {
  if (by === undefined) return text
  return by === 'ours' ? words`you: ${text}` : words`${safeName(buddy)}: ${text}`
}

/** What became of it, before the text: where no text can stand. */
export function fateBefore(fate: Fate): SafeText {
  if (fate.kind === 'astray') return words`, who would change another line`
  if (fate.kind === 'apart') return words`, who changes an earlier line`
  return fate.kind === 'edited' ? words`, who edited the line of ${timeOfDay(fate.saidAt)}` : noText
}

/** What became of a text since it was said, behind it. */
export function fateBehind(buddy: string, { kind, fate }: Said): SafeText {
  switch (fate.kind) {
    case 'whole':
      return noText
    case 'astray':
      return words`(would change another line)`
    case 'apart':
      return words`(changes an earlier line)`
    case 'edited': {
      const said = !fate.isAnew ? noText : words`, said at ${timeOfDay(fate.saidAt)}`
      return fate.times === 1 ? words`(edited${said})` : words`(edited ${fate.times} times${said})`
    }
    case 'deleted': {
      const said = !fate.isAnew ? noText : words`the line of ${timeOfDay(fate.saidAt)}`
      const name = safeName(buddy)
      if (kind === 'theirs')
        return said === '' ? words`(deleted by ${name})` : words`(${name} deleted ${said})`
      return words`(you deleted ${said === '' ? words`this` : said}; the program of ${name} may have kept it)`
    }
    default:
      return fate satisfies never
  }
}

/** How far a line came, or that it is not of the conversation there is. */
export function markOf(line: Line): SafeText {
  if (line.kind === 'ours') return markOfSending(line.sending, line.fate)
  if (line.kind === 'earlier') return line.mark
  if (line.kind !== 'theirs' || !line.isLate) return noText
  return markOfLate(line.under.trust)
}

function markOfSending(sending: Sending, fate: Fate): SafeText {
  switch (sending.kind) {
    case 'waiting':
      return words`(waiting)`
    case 'written':
      return words`(written)`
    case 'held':
      return words`(not sent: for another key)`
    case 'sent':
      return words`(sent)`
    case 'delivered':
      return words`✓`
    case 'read':
      return words`✓ read`
    case 'undelivered': {
      const what =
        fate.kind === 'edited' ? words`the edit was ` : fate.kind === 'deleted' ? words`this was ` : noText
      return words`✗ ${what}not delivered: ${explainUndelivered(sending.why)}`
    }
    default:
      return sending satisfies never
  }
}

/** Behind a message that is not of the conversation there is. */
export const markOfLate = (trust: Trust): SafeText =>
  words`(from an earlier conversation, ${explainTrust(trust)})`
