/** What stands below a conversation: the prompt and the status line. */
import { Box, Text, useCursor } from 'ink'
import type { ReactElement } from 'react'
import { howToBegin } from '../about.ts'
import type { Conversation } from '../conversation.ts'
import { explainProgress } from '../explaintransfer.ts'
import { focused, type Model, shown } from '../model.ts'
import { clip, columnsOf, joined, noText, type SafeText, safeName, safeTitle, words } from '../safetext.ts'
import { explainStatus } from '../state.ts'
import { Sides } from './bars.tsx'
import { type Find, placeOf } from './find.ts'
import { promptColumns } from './frame.ts'
import { chop, locate } from './layout.ts'
import { signsOf } from './look.ts'
import { lookOf, type Part, type Placed, type View } from './picture.ts'

export function Prompt({ view, layout }: Placed): ReactElement {
  const { draft, size, find, asking } = view
  const signs = signsOf(lookOf(view))
  const sign = find ? '/' : asking === undefined ? signs.prompt : '?'
  const { setCursorPosition } = useCursor()
  const rows = chop(draft.text, size.columns - promptColumns - 1)
  const caret = locate(rows, draft.caret)
  const first = Math.max(0, Math.min(caret.row, rows.length - layout.prompt))
  setCursorPosition({ x: promptColumns + caret.column, y: layout.top + caret.row - first })
  if (draft.text === '') {
    const room = size.columns - promptColumns - 1
    const invited = find ? words`what to look for` : (asking ?? invitation(view.model, room))
    return (
      <Text wrap="truncate">
        {sign} <Text dimColor>{clip(signs.own(invited), room)}</Text>
      </Text>
    )
  }
  return (
    <Box flexDirection="column" height={layout.prompt}>
      {rows.slice(first, first + layout.prompt).map(({ text, start }, i) => (
        <Text key={start} wrap="truncate">
          {first + i === 0 ? `${sign} ` : '  '}
          {text}
        </Text>
      ))}
    </Box>
  )
}

/** @param columns - there is room for */
function invitation(model: Model, columns: number): SafeText {
  const conversation = focused(model)
  if (!conversation && model.conversations.length > 0) return words`Tab goes to a buddy`
  if (!conversation) return words`no buddy yet; /quit leaves, then: ${howToBegin}`
  const name = safeName(conversation.buddy)
  const { kind } = conversation.state
  if (kind === 'secured') return words`write to ${name}, or /help`
  if (kind === 'closed') return words`the conversation is closed: /open looks for ${name} again`
  const whole =
    kind === 'refused'
      ? words`write to ${name}: it waits, and goes to nobody else`
      : words`write to ${name}: it waits here until the conversation is secured`
  return columnsOf(whole) <= columns ? whole : words`write to ${name}: it waits here`
}

export function Status({ view }: Part): ReactElement {
  const { model, now, size, scroll, asking, find, choices = [] } = view
  const { columns } = size
  const conversation = focused(model)
  if (asking) return <Sides columns={columns} left={asking} right={words`Esc cancels`} />
  if (find) return <Sides columns={columns} left={found(find, shown(model))} right={findKeys(columns)} />
  if (choices.length > 0)
    return <Sides columns={columns} left={joined(choices.slice(0, maxChoices))} right={noText} />
  const left = conversation
    ? explainStatus(conversation.buddy, conversation.state, { now, network: model.network })
    : noText
  const typing = conversation?.isTyping ? words`${safeName(conversation.buddy)} is typing; ` : noText
  const right = scroll ? above(view) : pending(view, conversation)
  return <Sides columns={columns} left={words`${typing}${left}`} right={right} />
}

function found(find: Find, conversation: Conversation): SafeText {
  const { index, of } = placeOf(find, conversation)
  if (find.query === '') return words`looking for a text`
  return of === 0 ? words`no match` : words`match ${index} of ${of}`
}

const findKeys = (columns: number): SafeText =>
  columns < narrow ? words`Ctrl-R, Ctrl-S; Esc` : words`Ctrl-R older, Ctrl-S newer; Enter stays, Esc returns`

/** While older lines are in view: what came below them, and how to get there. */
function above({ size, unseen = 0 }: View): SafeText {
  if (size.columns < narrow) return unseen > 0 ? words`Page Down: ${unseen} new` : words`Page Down: newer`
  return unseen > 0 ? words`${unseen} new below; Page Down goes on` : words`older lines; Page Down goes on`
}

/** What has not arrived, and who else wrote. */
function pending({ model, above }: View, conversation: Conversation | undefined): SafeText {
  const isInline = above !== undefined // where no line says what became of it
  const ours = (conversation?.lines ?? []).slice(-recent).filter((line) => line.kind === 'ours')
  const waiting = ours.filter(({ sending }) => /^(?:waiting|written|held)$/.test(sending.kind)).length
  const unconfirmed = ours.filter(({ sending }) => sending.kind === 'sent').length
  const own =
    waiting > 0
      ? words`${waiting} waiting`
      : unconfirmed > 0
        ? words`${unconfirmed} not confirmed yet`
        : noText
  const others = unreadOf(model)
  const last = ours.at(-1)
  const isQuiet = isInline && own === '' && others === ''
  if (isQuiet && last?.sending.kind === 'delivered') return words`delivered`
  if (isQuiet && last?.sending.kind === 'read') return words`read`
  return joined(
    [moving(conversation), own, others].filter((part) => part !== ''),
    words`; `,
  )
}

/** How far the transfer is that moved last. */
function moving(conversation: Conversation | undefined): SafeText {
  const running = conversation?.transfers.findLast(({ state, progress }) => state === 'running' && progress)
  if (!running?.progress) return noText
  return words`${safeTitle(running.name, titleColumns)}: ${explainProgress(running.progress)}`
}

function unreadOf({ conversations, focus }: Model): SafeText {
  const others = conversations.filter(({ unread, buddy }) => unread > 0 && buddy !== focus)
  if (others.length === 0) return noText
  const key = conversations.length === 2 ? words`Tab` : words`Alt-A`
  const news = others.map(({ unread, buddy }) => words`${unread} new from ${safeName(buddy)}`)
  return words`${key}: ${joined(news.slice(0, maxChoices))}`
}

const narrow = 70 // columns: less has no room for sentences on both sides
const recent = 200 // lines looked through for the status line
const titleColumns = 24
const maxChoices = 20 // named at once: no row has room for more
