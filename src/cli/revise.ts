/** `/reply`, `/edit`, `/delete` and `/original`: lines are counted back from the newest. Pure. */
import type { About } from '../session/command.ts'
import type { Conversation, Said } from './conversation.ts'
import { timeOfDay } from './date.ts'
import { bad, plain } from './notice.ts'
import type { Here } from './respond.ts'
import { type Response, remarks } from './response.ts'
import { editedLines, saidBy } from './revised.ts'
import { type SafeText, safeName, safeTitle, words } from './safetext.ts'

/** `/reply [n] TEXT`: to the buddy's n-th line back. */
export function reply(conversation: Conversation, argument: string, { newId }: Here): Response {
  const { back, text } = counted(argument)
  if (text === '')
    return remarks(bad(words`nothing was said`, words`write the answer behind it: /reply TEXT`))
  const name = safeName(conversation.buddy)
  const line = saidBy(conversation, 'theirs')[back - 1]
  if (!line) return remarks(bad(words`there is no such line of ${name} here`, countHint))
  return saying(conversation, { id: newId(), text, about: { as: 'reply', id: line.id } })
}

/** `/edit [n] TEXT`: of our n-th line back. */
export function edit(conversation: Conversation, argument: string, { newId }: Here): Response {
  const { back, text } = counted(argument)
  if (text === '')
    return remarks(bad(words`nothing was changed`, words`write the new text behind it: /edit TEXT`))
  const line = saidBy(conversation, 'ours')[back - 1]
  if (!line) return remarks(notYours)
  return saying(conversation, { id: newId(), text, about: { as: 'edit', id: line.id } })
}

/** `/delete [n]`: of our n-th line back. */
export function takeBack(conversation: Conversation, argument: string, { newId }: Here): Response {
  const back = count(argument)
  if (back === undefined)
    return remarks(bad(words`nothing was deleted`, words`/delete, or /delete 2 for the last but one`))
  const line = saidBy(conversation, 'ours')[back - 1]
  if (!line) return remarks(notYours)
  return saying(conversation, { id: newId(), text: '', about: { as: 'delete', id: line.id } })
}

/** `/original [n]`: what the n-th edited line back was at first. */
export function original(conversation: Conversation, argument: string): Response {
  const back = count(argument)
  const line = back === undefined ? undefined : editedLines(conversation)[back - 1]
  if (line?.fate.kind !== 'edited') return remarks(bad(words`there is no such edited line here`, countHint))
  const { saidAt, times } = line.fate
  const changes = times === 1 ? words`edited once since` : words`edited ${times} times since`
  return remarks(
    plain(
      words`${whose(conversation, line)} at ${timeOfDay(saidAt)}: “${safeTitle(line.fate.original, longest)}”; ${changes}`,
    ),
  )
}

const whose = ({ buddy }: Conversation, { kind }: Said): SafeText =>
  kind === 'ours' ? words`you said` : words`${safeName(buddy)} said`

interface Saying {
  readonly id: string
  readonly text: string
  readonly about: About
}

function saying({ buddy }: Conversation, { id, text, about }: Saying): Response {
  return {
    inputs: [{ kind: 'said', buddy, id, text, about }],
    notices: [],
    commands: [{ kind: 'say', buddy, id, text, about }],
    said: id,
  }
}

/** A number before the text says how far back; a number alone is the text. */
function counted(argument: string): { readonly back: number; readonly text: string } {
  const [, number, rest] = /^(\d{1,4})\s+(\S.*)$/su.exec(argument) ?? []
  return rest === undefined ? { back: 1, text: argument } : { back: Number(number), text: rest }
}

function count(argument: string): number | undefined {
  if (argument === '') return 1
  return /^\d{1,4}$/u.test(argument) ? Number(argument) : undefined
}

const countHint = words`a number counts back: 1 is the newest`
const notYours = bad(words`there is no such line of yours here`, countHint)
const longest = 2_000 // columns of a line that is shown as it was
