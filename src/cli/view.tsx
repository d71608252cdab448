/**
 * The chat screen: a picture of a `View`, drawn by ink. It has no state of its
 * own; each row is laid out here to fit, so that a frame is never larger than
 * the terminal.
 */
import { Box, render, Static, Text, useApp, useCursor, useInput, usePaste } from 'ink'
import { memo, type ReactElement, type ReactNode } from 'react'
import { howToBegin } from './about.ts'
import type { Draft } from './draft.ts'
import { type Find, placeOf } from './find.ts'
import { inlineLayoutOf, type Layout, layoutOf, promptColumns } from './frame.ts'
import { type Key, keysOf } from './keys.ts'
import { chop, locate } from './layout.ts'
import { colourOf, type Look, plainLook, signsOf } from './look.ts'
import { type Conversation, focused, type Model, shown } from './model.ts'
import { RowText } from './rowtext.tsx'
import { clip, columnsOf, joined, noText, type SafeText, safeName, words } from './safetext.ts'
import { explainState, explainStatus } from './state.ts'
import { type Geometry, labelColumns, type Scroll, type WindowRow, windowOf } from './window.ts'

export interface View {
  readonly model: Model
  /** At the prompt: what is written, or looked for. */
  readonly draft: Draft
  /** What the prompt asks for, when it is not for a line to say. */
  readonly asking: SafeText | undefined
  readonly scroll: Scroll
  readonly size: Geometry
  /** Wall time, unix milliseconds. */
  readonly now: number
  /** What is looked for. */
  readonly find?: Find | undefined
  /** What Tab found, where there are several. */
  readonly choices?: readonly SafeText[]
  readonly look?: Look
  /** What is printed above the prompt and left there, once for each `key`: there is no window then. */
  readonly above?: Above
}

export interface Above {
  readonly key: number
  readonly rows: readonly WindowRow[]
}

export function Screen({ view, onKeys }: { readonly view: View; readonly onKeys: OnKeys }): ReactElement {
  const { suspendTerminal } = useApp()
  useInput((input, key) => onKeys(keysOf(input, key), suspendTerminal))
  usePaste((text) => onKeys([{ kind: 'insert', text }], suspendTerminal))
  const { columns, rows } = view.size
  const layout = view.above ? inlineLayoutOf(view) : layoutOf(view)
  if (view.above) return <Inline view={view} above={view.above} layout={layout} />
  if (!layout) return <TooSmall columns={columns} />
  const rule = <Rule columns={columns} look={lookOf(view)} />
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      <Header view={view} />
      {rule}
      <Box height={layout.window.rows}>
        {layout.list > 0 && <Buddies view={view} layout={layout} />}
        <Messages view={view} layout={layout} />
      </Box>
      {rule}
      <Prompt view={view} layout={layout} />
      <Status view={view} />
    </Box>
  )
}

interface InlineProps extends Part {
  readonly above: Above
  readonly layout: Layout | undefined
}

function Inline({ view, above, layout }: InlineProps): ReactElement {
  const { columns } = view.size
  const names = labelColumns(shown(view.model).buddy, columns)
  const look = lookOf(view)
  return (
    <>
      <Static key={above.key} items={[...above.rows]}>
        {(row, i) => <MessageRow key={`${i}`} {...{ row, names, columns, look, query: noText }} />}
      </Static>
      {layout ? (
        <Box flexDirection="column" width={columns}>
          <Header view={view} />
          <Prompt view={view} layout={layout} />
          <Status view={view} />
        </Box>
      ) : (
        <TooSmall columns={columns} />
      )}
    </>
  )
}

const TooSmall = ({ columns }: { readonly columns: number }): ReactElement => (
  <Text wrap="truncate">{clip(words`otrtalk: the window is too small`, columns)}</Text>
)

const lookOf = ({ look = plainLook }: View): Look => look

/** The keys pressed, and ink's way to hand the terminal over for a while. */
export type OnKeys = (keys: readonly Key[], suspend: ReturnType<typeof useApp>['suspendTerminal']) => void

interface Part {
  readonly view: View
}

interface Placed extends Part {
  readonly layout: Layout
}

function Header({ view }: Part): ReactElement {
  const { columns } = view.size
  const profile = words`otrtalk - ${safeName(view.model.profile)}`
  const conversation = focused(view.model)
  if (!conversation) return <Sides columns={columns} left={profile} right={noText} />
  const name = safeName(conversation.buddy)
  const state = explainState(conversation.state)
  const room = columns - columnsOf(name) - columnsOf(state) - 2
  return (
    <Text wrap="truncate">
      <Text bold>{name}: </Text>
      <Text {...colourOf(lookOf(view), conversation.state.kind)}>{state}</Text>
      <Text dimColor>{room > columnsOf(profile) && ' '.repeat(room - columnsOf(profile)) + profile}</Text>
    </Text>
  )
}

function Buddies({ view, layout }: Placed): ReactElement {
  const { conversations, focus } = view.model
  const { rows } = layout.window
  const signs = signsOf(lookOf(view))
  const at = conversations.findIndex(({ buddy }) => buddy === focus)
  const first = Math.max(0, Math.min(at - Math.floor(rows / 2), conversations.length - rows))
  return (
    <>
      <Box flexDirection="column" width={layout.list}>
        {conversations.slice(first, first + rows).map((conversation) => {
          const { buddy, unread } = conversation
          const words = clip(wordsOf(conversation, layout.list), layout.list - 8)
          const name = clip(safeName(buddy), layout.list - columnsOf(words) - 4)
          return (
            <Text key={buddy} wrap="truncate" bold={unread > 0 || buddy === focus}>
              {buddy === focus ? signs.prompt : ' '}
              {name}
              {' '.repeat(layout.list - columnsOf(name) - columnsOf(words) - 2)}
              {words}
            </Text>
          )
        })}
      </Box>
      <Box flexDirection="column" width={2}>
        <Text dimColor>{Array(rows).fill(signs.bar).join('\n')}</Text>
      </Box>
    </>
  )
}

/** What the list says of a buddy: the state, where there is room for it. */
function wordsOf({ state, unread }: Conversation, columns: number): SafeText {
  const isRoomy = columns > 30
  const where = isRoomy ? explainState(state) : state.kind === 'secured' ? words`here` : noText
  if (unread === 0) return where
  return isRoomy ? words`${unread} new, ${where}` : words`${unread} new`
}

function Messages({ view, layout }: Placed): ReactElement {
  const { columns, rows } = layout.window
  const conversation = shown(view.model)
  const names = labelColumns(conversation.buddy, columns)
  const look = lookOf(view)
  const query = view.find?.query ?? noText
  return (
    <Box flexDirection="column" width={columns} height={rows} justifyContent="flex-end">
      {windowOf(conversation, layout.window, view.scroll).map((row) => (
        <MessageRow key={row.key} {...{ row, names, columns, look, query }} />
      ))}
    </Box>
  )
}

interface MessageRowProps {
  readonly row: WindowRow
  /** Columns of the name. */
  readonly names: number
  readonly columns: number
  /** What is looked for. */
  readonly query: SafeText
  readonly look: Look
}

/** Rows are the same from frame to frame while nothing is known anew of their lines. */
const MessageRow = memo(({ row, names, columns, query, look }: MessageRowProps): ReactElement => {
  const { kind, tone, time, mark, text } = row
  if (kind === 'divider') return <Rule columns={columns} title={text} look={look} />
  const { own } = signsOf(look)
  if (kind === 'day') return <Centred columns={columns} text={own(text)} />
  const label = own(row.label)
  const isFirst = label !== ''
  return (
    <Text wrap="truncate">
      <Text dimColor>{isFirst ? time : '     '} </Text>
      <Text bold={kind === 'theirs'} dimColor={kind !== 'theirs'}>
        {' '.repeat(names - columnsOf(label))}
        {label}
      </Text>
      {'  '}
      <Text {...(kind === 'notice' && { dimColor: tone === 'plain' })} {...colourOf(look, tone)}>
        <RowText row={row} query={query} look={look} />
      </Text>
      <Text dimColor={!mark.startsWith('✗')} bold={mark.startsWith('✗')}>
        {mark && text && ' '}
        {own(mark)}
      </Text>
    </Text>
  )
})

function Centred({ columns, text }: { readonly columns: number; readonly text: SafeText }): ReactElement {
  const shown = clip(text, columns - 1)
  return (
    <Text wrap="truncate" dimColor>
      {' '.repeat(Math.max(0, Math.floor((columns - columnsOf(shown)) / 2))) + shown}
    </Text>
  )
}

function Prompt({ view, layout }: Placed): ReactElement {
  const { draft, size, find, asking } = view
  const signs = signsOf(lookOf(view))
  const sign = find ? '/' : asking === undefined ? signs.prompt : '?'
  const { setCursorPosition } = useCursor()
  const rows = chop(draft.text, size.columns - promptColumns - 1)
  const caret = locate(rows, draft.caret)
  const first = Math.max(0, Math.min(caret.row, rows.length - layout.prompt))
  setCursorPosition({ x: promptColumns + caret.column, y: layout.top + caret.row - first })
  if (draft.text === '') {
    const invited = find ? words`what to look for` : (asking ?? invitation(view.model))
    return (
      <Text wrap="truncate">
        {sign} <Text dimColor>{clip(signs.own(invited), size.columns - promptColumns - 1)}</Text>
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

function invitation(model: Model): SafeText {
  const conversation = focused(model)
  if (!conversation && model.conversations.length > 0) return words`Tab goes to a buddy`
  if (!conversation) return words`no buddy yet; /quit leaves, then: ${howToBegin}`
  const name = safeName(conversation.buddy)
  const { kind } = conversation.state
  if (kind === 'secured') return words`write to ${name}, or /help`
  if (kind === 'closed') return words`the conversation is closed: /open looks for ${name} again`
  return words`write to ${name}: it waits here until the conversation is secured`
}

function Status({ view }: Part): ReactElement {
  const { model, now, size, scroll, asking, find, choices = [] } = view
  const { columns } = size
  const conversation = focused(model)
  if (asking) return <Sides columns={columns} left={asking} right={words`Esc cancels`} />
  if (find) return <Sides columns={columns} left={found(find, shown(model))} right={findKeys} />
  if (choices.length > 0)
    return <Sides columns={columns} left={joined(choices.slice(0, maxChoices), noText)} right={noText} />
  const left = conversation
    ? explainStatus(conversation.buddy, conversation.state, { now, network: model.network })
    : noText
  const right = scroll ? words`older lines; Page Down goes on` : pending(view, conversation)
  return <Sides columns={columns} left={left} right={right} />
}

function found(find: Find, conversation: Conversation): SafeText {
  const { index, of } = placeOf(find, conversation)
  if (find.query === '') return words`looking for a text`
  return of === 0 ? words`no match` : words`match ${index} of ${of}`
}

const findKeys = words`Ctrl-R older, Ctrl-S newer; Enter stays, Esc returns`

/** What has not arrived, and who else wrote. */
function pending({ model, above }: View, conversation: Conversation | undefined): SafeText {
  const isInline = above !== undefined // where no line says what became of it
  const ours = (conversation?.lines ?? []).slice(-recent).filter((line) => line.kind === 'ours')
  const waiting = ours.filter(({ sending }) => sending.kind === 'waiting').length
  const unconfirmed = ours.filter(({ sending }) => sending.kind === 'sent').length
  const own =
    waiting > 0
      ? words`${waiting} waiting`
      : unconfirmed > 0
        ? words`${unconfirmed} not confirmed yet`
        : noText
  const others = unreadOf(model)
  const last = ours.at(-1)
  if (isInline && own === '' && others === '' && last?.sending.kind === 'delivered') return words`delivered`
  return own !== '' && others !== '' ? words`${own}; ${others}` : words`${own}${others}`
}

function unreadOf({ conversations, focus }: Model): SafeText {
  const others = conversations.filter(({ unread, buddy }) => unread > 0 && buddy !== focus)
  if (others.length === 0) return noText
  const key = conversations.length === 2 ? words`Tab` : words`Alt-A`
  const news = others.map(({ unread, buddy }) => words`${unread} new from ${safeName(buddy)}`)
  return words`${key}: ${joined(news.slice(0, maxChoices), noText)}`
}

function Sides(props: {
  readonly columns: number
  readonly left: SafeText
  readonly right: SafeText
}): ReactElement {
  const free = props.columns - columnsOf(props.left) - 3
  const right = clip(props.right, Math.max(free, Math.floor(props.columns / 2)))
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

interface RuleProps {
  readonly columns: number
  readonly title?: SafeText
  readonly look: Look
}

function Rule({ columns, title, look }: RuleProps): ReactElement {
  const { rule } = signsOf(look)
  const line: ReactNode = title
    ? `${rule}${rule} ${title} ${rule.repeat(columns - columnsOf(title) - 4)}`
    : rule.repeat(columns)
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
  readonly isInline?: boolean
}

type Streams = { stdin: NodeJS.ReadStream; stdout: NodeJS.WriteStream; stderr: NodeJS.WriteStream }

export function mount(first: View, { onKeys, isInline = false, ...streams }: MountOptions): Mounted {
  const node = (view: View): ReactElement => <Screen view={view} onKeys={onKeys} />
  const instance = render(node(first), {
    ...streams,
    exitOnCtrlC: false,
    patchConsole: false,
    interactive: true, // ink would draw nothing where CI is set
    alternateScreen: !isInline,
    incrementalRendering: true,
  })
  return {
    draw: (view) => instance.rerender(node(view)),
    repaint(view) {
      instance.clear()
      if (!isInline) streams.stdout.write(home)
      instance.rerender(node(view))
    },
    unmount() {
      if (isInline) instance.rerender(null) // what was printed stays, the prompt goes
      instance.unmount()
    },
    exited: instance.waitUntilExit(),
  }
}

const home = '\x1b[H\x1b[J' // the cursor to the first cell, and everything erased
const recent = 200 // lines looked through for the status line
const maxChoices = 20 // named at once: no row has room for more
