/**
 * The chat screen: a picture of a `View`, drawn by ink. It has no state of its
 * own; each row is laid out here to fit, so that a frame is never larger than
 * the terminal.
 */
import { Box, render, Text, useApp, useCursor, useInput, usePaste } from 'ink'
import type { ReactElement, ReactNode } from 'react'
import type { Draft } from './draft.ts'
import { type Key, keysOf } from './keys.ts'
import { chop, locate } from './layout.ts'
import { type Conversation, focused, type Model } from './model.ts'
import { clip, columnsOf, noText, type SafeText, safeName, words } from './safetext.ts'
import { explainState, explainStatus, type State } from './state.ts'
import { type Geometry, labelColumns, type Scroll, type WindowRow, windowOf } from './window.ts'

export interface View {
  readonly model: Model
  readonly draft: Draft
  /** What the prompt asks for, when it is not for a line to say. */
  readonly asking: SafeText | undefined
  readonly scroll: Scroll
  readonly size: Geometry
  /** Wall time, unix milliseconds. */
  readonly now: number
}

export interface Layout {
  /** The window over the conversation. */
  readonly window: Geometry
  /** Columns of the list of buddies; 0 if there is none. */
  readonly list: number
  /** Rows of the prompt. */
  readonly prompt: number
}

/** How a view is divided; undefined if the terminal is too small for a conversation. */
export function layoutOf({ model, draft, size }: Pick<View, 'model' | 'draft' | 'size'>): Layout | undefined {
  if (size.columns < minColumns || size.rows < minRows) return undefined
  const list = size.columns >= wideColumns && model.conversations.length > 1 ? listColumns : 0
  const written = chop(draft.text, size.columns - promptColumns - 1).length
  const prompt = Math.min(written, Math.max(1, Math.floor(size.rows / 3)))
  return {
    window: { columns: size.columns - (list > 0 ? list + 1 : 0), rows: size.rows - prompt - 4 },
    ...{ list, prompt },
  }
}

export function Screen({ view, onKeys }: { readonly view: View; readonly onKeys: OnKeys }): ReactElement {
  const { suspendTerminal } = useApp()
  useInput((input, key) => onKeys(keysOf(input, key), suspendTerminal))
  usePaste((text) => onKeys([{ kind: 'insert', text }], suspendTerminal))
  const layout = layoutOf(view)
  const conversation = focused(view.model)
  const { columns, rows } = view.size
  if (!layout) return <Text wrap="truncate">{clip(words`otrtalk: the window is too small`, columns)}</Text>
  const rule = <Rule columns={columns} />
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      <Header view={view} conversation={conversation} />
      {rule}
      <Box height={layout.window.rows}>
        {layout.list > 0 && <Buddies view={view} rows={layout.window.rows} />}
        <Messages view={view} conversation={conversation} layout={layout} />
      </Box>
      {rule}
      <Prompt view={view} conversation={conversation} layout={layout} />
      <Status view={view} conversation={conversation} />
    </Box>
  )
}

/** The keys pressed, and ink's way to hand the terminal over for a while. */
export type OnKeys = (keys: readonly Key[], suspend: ReturnType<typeof useApp>['suspendTerminal']) => void

interface Part {
  readonly view: View
  readonly conversation: Conversation | undefined
}

function Header({ view, conversation }: Part): ReactElement {
  const { columns } = view.size
  const profile = words`otrtalk - ${safeName(view.model.profile)}`
  if (!conversation) return <Sides columns={columns} left={profile} right={noText} />
  const name = safeName(conversation.buddy)
  const state = explainState(conversation.state)
  const room = columns - columnsOf(name) - columnsOf(state) - 2
  return (
    <Text wrap="truncate">
      <Text bold>{name}: </Text>
      <Text color={stateColour[conversation.state.kind]}>{state}</Text>
      <Text dimColor>{room > columnsOf(profile) && ' '.repeat(room - columnsOf(profile)) + profile}</Text>
    </Text>
  )
}

function Buddies({ view, rows }: { readonly view: View; readonly rows: number }): ReactElement {
  const { conversations, focus } = view.model
  const at = conversations.findIndex(({ buddy }) => buddy === focus)
  const first = Math.max(0, Math.min(at - Math.floor(rows / 2), conversations.length - rows))
  return (
    <>
      <Box flexDirection="column" width={listColumns}>
        {conversations.slice(first, first + rows).map(({ buddy, state, unread }) => {
          const count = unread > 0 ? words`${unread} new` : state.kind === 'secured' ? words`here` : noText
          const name = clip(safeName(buddy), listColumns - columnsOf(count) - 4)
          return (
            <Text key={buddy} wrap="truncate" bold={unread > 0 || buddy === focus}>
              {buddy === focus ? '›' : ' '}
              {name}
              {' '.repeat(listColumns - columnsOf(name) - columnsOf(count) - 2)}
              {count}
            </Text>
          )
        })}
      </Box>
      <Box flexDirection="column" width={1}>
        <Text dimColor>{Array(rows).fill('│').join('\n')}</Text>
      </Box>
    </>
  )
}

function Messages({ view, conversation, layout }: Part & { readonly layout: Layout }): ReactElement {
  const { columns, rows } = layout.window
  const shown = conversation ? windowOf(conversation, layout.window, view.scroll) : []
  const names = conversation ? labelColumns(conversation.buddy, columns) : 0
  return (
    <Box flexDirection="column" width={columns} height={rows} justifyContent="flex-end">
      {shown.map((row) => (
        <MessageRow key={row.key} row={row} names={names} columns={columns} />
      ))}
    </Box>
  )
}

interface MessageRowProps {
  readonly row: WindowRow
  readonly names: number
  readonly columns: number
}

function MessageRow({ row, names, columns }: MessageRowProps): ReactElement {
  const { kind, tone, time, label, text, mark } = row
  if (kind === 'divider') return <Rule columns={columns} title={text} />
  const isFirst = label !== ''
  return (
    <Text wrap="truncate">
      <Text dimColor>{isFirst ? time : '     '} </Text>
      <Text bold={kind === 'theirs'} dimColor={kind !== 'theirs'}>
        {' '.repeat(names - columnsOf(label))}
        {label}
      </Text>
      {'  '}
      <Text
        {...(kind === 'notice' && { dimColor: tone === 'plain' })}
        {...(toneColour[tone] && { color: toneColour[tone] })}
      >
        {text}
      </Text>
      <Text dimColor={!mark.startsWith('✗')} bold={mark.startsWith('✗')}>
        {mark && text && ' '}
        {mark}
      </Text>
    </Text>
  )
}

function Prompt({ view, conversation, layout }: Part & { readonly layout: Layout }): ReactElement {
  const { draft, size } = view
  const sign = view.asking === undefined ? '›' : '?'
  const { setCursorPosition } = useCursor()
  const rows = chop(draft.text, size.columns - promptColumns - 1)
  const caret = locate(rows, draft.caret)
  const first = Math.max(0, Math.min(caret.row, rows.length - layout.prompt))
  const top = size.rows - layout.prompt - 1
  setCursorPosition({ x: promptColumns + caret.column, y: top + caret.row - first })
  if (draft.text === '') {
    const invited = view.asking ?? invitation(conversation)
    return (
      <Text wrap="truncate">
        {sign} <Text dimColor>{clip(invited, size.columns - promptColumns - 1)}</Text>
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

function invitation(conversation: Conversation | undefined): SafeText {
  if (!conversation) return words`no buddy yet: otrtalk invite makes one`
  const name = safeName(conversation.buddy)
  const { kind } = conversation.state
  if (kind === 'secured') return words`write to ${name}, or /help`
  if (kind === 'closed') return words`the conversation is closed: /open looks for ${name} again`
  return words`write to ${name}: it waits here until the conversation is secured`
}

function Status({ view, conversation }: Part): ReactElement {
  const { model, now, size, scroll } = view
  if (view.asking) return <Sides columns={size.columns} left={view.asking} right={words`Esc cancels`} />
  const left = conversation
    ? explainStatus(conversation.buddy, conversation.state, { now, network: model.network })
    : noText
  const right = scroll ? words`older lines; Page Down goes on` : pending(model, conversation)
  return <Sides columns={size.columns} left={left} right={right} />
}

/** What has not arrived, or who else wrote. */
function pending(model: Model, conversation: Conversation | undefined): SafeText {
  const ours = (conversation?.lines ?? []).slice(-recent).filter((line) => line.kind === 'ours')
  const waiting = ours.filter(({ sending }) => sending.kind === 'waiting').length
  const unconfirmed = ours.filter(({ sending }) => sending.kind === 'sent').length
  const other = model.conversations.find(({ unread, buddy }) => unread > 0 && buddy !== model.focus)
  if (waiting > 0) return words`${waiting} waiting`
  if (unconfirmed > 0) return words`${unconfirmed} not confirmed yet`
  return other ? words`Tab: ${other.unread} new from ${safeName(other.buddy)}` : noText
}

function Sides(props: {
  readonly columns: number
  readonly left: SafeText
  readonly right: SafeText
}): ReactElement {
  const right = clip(props.right, Math.floor(props.columns / 2))
  const left = clip(props.left, props.columns - columnsOf(right) - 2)
  const gap = ' '.repeat(Math.max(1, props.columns - columnsOf(left) - columnsOf(right) - 1))
  return (
    <Text wrap="truncate" dimColor>
      {left}
      {gap}
      {right}
    </Text>
  )
}

function Rule({ columns, title }: { readonly columns: number; readonly title?: SafeText }): ReactElement {
  const line: ReactNode = title
    ? `── ${title} ${'─'.repeat(columns - columnsOf(title) - 5)}`
    : '─'.repeat(columns)
  return (
    <Text wrap="truncate" dimColor>
      {line}
    </Text>
  )
}

export interface Mounted {
  draw(view: View): void
  /** Draws every cell anew: something else may have written to the terminal. */
  repaint(view: View): void
  /** Leaves the terminal as it was, at once. */
  unmount(): void
  /** Settles when it is unmounted; rejects if drawing failed. */
  readonly exited: Promise<unknown>
}

export interface MountOptions extends Pick<Streams, 'stdin' | 'stdout' | 'stderr'> {
  readonly onKeys: OnKeys
}

type Streams = { stdin: NodeJS.ReadStream; stdout: NodeJS.WriteStream; stderr: NodeJS.WriteStream }

export function mount(first: View, { onKeys, ...streams }: MountOptions): Mounted {
  const node = (view: View): ReactElement => <Screen view={view} onKeys={onKeys} />
  const instance = render(node(first), {
    ...streams,
    exitOnCtrlC: false,
    patchConsole: false,
    interactive: true, // ink would draw nothing where CI is set
    alternateScreen: true,
    incrementalRendering: true,
  })
  return {
    draw: (view) => instance.rerender(node(view)),
    repaint(view) {
      instance.clear()
      streams.stdout.write(home)
      instance.rerender(node(view))
    },
    unmount: () => instance.unmount(),
    exited: instance.waitUntilExit(),
  }
}

const stateColour: Record<State['kind'], string> = {
  ...{ idle: 'gray', 'under way': 'yellow', secured: 'green' },
  ...{ closed: 'gray', lost: 'yellow', refused: 'red' },
}
const toneColour = { plain: undefined, good: 'green', bad: 'red' } as const

const home = '\x1b[H\x1b[J' // the cursor to the first cell, and everything erased
const promptColumns = 2
const listColumns = 22
const wideColumns = 100
const minColumns = 24
const minRows = 6
const recent = 200 // lines looked through for the status line
