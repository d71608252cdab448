/**
 * What is asked for in steps at the prompt: `/verify` and `/answer`. Pure. A
 * dialogue belongs to the conversation and key it was begun under, and an
 * answer to the question it was begun for: what is typed for the one is never
 * sent to another. What is typed hidden is no text to say, whatever happens.
 */
import type { Command, Under } from '../session/command.ts'
import { type Asked, type Conversation, isOfThis, verificationOf } from './conversation.ts'
import { bad, type Notice, plain } from './notice.ts'
import { type SafeText, safeName, safeText, safeTitle, words } from './safetext.ts'

export type Dialogue =
  | { readonly kind: 'question'; readonly under: Under }
  | { readonly kind: 'secret'; readonly under: Under; readonly question: string }
  | { readonly kind: 'answer'; readonly under: Under; readonly asked: Asked }

/** Where a dialogue stands after a line was typed. */
export interface Step {
  /** What is asked for next; undefined if it is over. */
  readonly dialogue: Dialogue | undefined
  readonly command?: Command
  readonly notices: readonly Notice[]
}

/** Whether what is typed must not be shown. */
export const isHidden = (dialogue: Dialogue | undefined): boolean =>
  dialogue !== undefined && dialogue.kind !== 'question'

/** What the prompt asks for. */
export function explainDialogue(dialogue: Dialogue): SafeText {
  const name = safeName(dialogue.under.buddy)
  switch (dialogue.kind) {
    case 'question':
      return words`question, as ${name} will see it; alone, Enter asks none`
    case 'secret':
      return words`the answer that ${name} must give too: not shown, not sent`
    case 'answer': {
      const question = safeTitle(dialogue.asked.question)
      return words`your answer: not shown, not sent${question === '' ? words`` : words`; ${question}`}`
    }
    default:
      return dialogue satisfies never
  }
}

/** `/verify [question]` */
export function beginVerify({ buddy, state }: Conversation, question = ''): Step {
  if (state.kind !== 'secured') return over(notConnected(buddy))
  const name = safeName(buddy)
  const { under } = state
  const about = [
    words`to verify that it is ${name}, ask what only ${name} can answer, and in one way only`,
    words`neither of you learns what the other types: only whether both typed the same; capitals count`,
  ].map((text) => plain(text))
  if (question === '') return { dialogue: { kind: 'question', under }, notices: about }
  return tooLong(question)
    ? over(longQuestion)
    : { dialogue: { kind: 'secret', under, question: oneLine(question) }, notices: about }
}

/** `/answer`. @param typed - behind it, for all to see: not taken */
export function beginAnswer(conversation: Conversation, typed = ''): Step {
  const { buddy, state } = conversation
  if (state.kind !== 'secured') return over(notConnected(buddy))
  const asked = verificationOf(conversation)
  if (asked?.kind !== 'asked') return over(bad(words`${safeName(buddy)} has asked nothing`, askHint))
  const shown = typed === '' ? [] : [bad(words`an answer is typed after Enter, where nobody sees it`)]
  const question = asked.question === '' ? words`` : words`: ${safeText(asked.question)}`
  return {
    dialogue: { kind: 'answer', under: state.under, asked },
    notices: [...shown, plain(words`${safeName(buddy)} asks${question}`)],
  }
}

/** `/cancel` */
export function cancelVerification(conversation: Conversation): Step {
  const { buddy } = conversation
  if (!verificationOf(conversation)) return over(bad(words`nothing is under way that could be cancelled`))
  return { ...over(), command: { kind: 'cancel', buddy } }
}

/**
 * A line was typed in a dialogue.
 *
 * @param conversation - of the dialogue's buddy, as it is by then
 */
export function enter(dialogue: Dialogue, typed: string, conversation: Conversation): Step {
  const { under } = dialogue
  const line = oneLine(typed)
  if (line === '/cancel' && dialogue.kind === 'answer') return cancelVerification(conversation)
  if (line === '/cancel' || (line === '' && dialogue.kind !== 'question')) return over(given)
  if (!isOfThis(conversation, under)) return over(changed(under.buddy))
  if (tooLong(line)) return { dialogue, notices: [dialogue.kind === 'question' ? longQuestion : longSecret] }
  switch (dialogue.kind) {
    case 'question':
      return { dialogue: { kind: 'secret', under, question: line }, notices: [] }
    case 'secret':
      return { ...over(), command: verification(under.buddy, dialogue.question, line) }
    case 'answer':
      if (verificationOf(conversation) !== dialogue.asked) return over(changed(under.buddy))
      return { ...over(), command: { kind: 'answer', buddy: under.buddy, secret: line } }
    default:
      return dialogue satisfies never
  }
}

/** @param question - empty for none */
function verification(buddy: string, question: string, secret: string): Command {
  return { kind: 'verify', buddy, secret, ...(question !== '' && { question }) }
}

/** As every screen, plain line and script takes a question or a secret, so that the same ones are equal. */
export const oneLine = (text: string): string =>
  safeText(text.replace(/\s+/gu, ' ').trim(), { length: 2 * maxTyped, lines: 1 })

/** Of a question or a secret. */
export const tooLong = (text: string): boolean => oneLine(text).length > maxTyped

const over = (...notices: readonly Notice[]): Step => ({ dialogue: undefined, notices })

const notConnected = (buddy: string): Notice =>
  bad(words`${safeName(buddy)} is not connected`, words`verify once the conversation is secured`)

const changed = (buddy: string): Notice =>
  bad(
    words`nothing was sent: the conversation or the question of ${safeName(buddy)} is another by now`,
    words`look who it is, and begin again`,
  )

const askHint = words`/verify asks a question of yours`
const given = plain(words`nothing was sent`)
const maxTyped = 300 // UTF-16 units: 900 octets, and a question has at most 1,024
const longQuestion = bad(words`the question is too long: at most ${maxTyped} characters`)
const longSecret = bad(words`the answer is too long: at most ${maxTyped} characters`)
