/**
 * The chat screen: a picture of a `View`, drawn by ink. It has no state of its
 * own; each row is laid out here to fit, so that a frame is never larger than
 * the terminal.
 */
import { Box, render, Static, Text, useApp, useInput, usePaste } from 'ink'
import type { ReactElement } from 'react'
import type { Conversation } from '../conversation.ts'
import { focused, shown } from '../model.ts'
import { clip, columnsOf, noText, type SafeText, safeName, words } from '../safetext.ts'
import { explainState } from '../state.ts'
import { Rule, Sides } from './bars.tsx'
import { Prompt, Status } from './footer.tsx'
import { inlineLayoutOf, type Layout, layoutOf } from './frame.ts'
import { type Key, keysOf } from './keys.ts'
import { colourOf, signsOf } from './look.ts'
import { MessageRow, Messages } from './messages.tsx'
import { type Above, lookOf, type Part, type Placed, type View } from './picture.ts'
import { labelColumns } from './window.ts'

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
        {(row, i) => <MessageRow key={`${i}`} {...{ row, names, columns, look, find: undefined }} />}
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
  <Text wrap="truncate">
    {clip(columns < 34 ? words`too small` : words`otrtalk: the window is too small`, columns)}
  </Text>
)

/** The keys pressed, and ink's way to hand the terminal over for a while. */
export type OnKeys = (keys: readonly Key[], suspend: ReturnType<typeof useApp>['suspendTerminal']) => void

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
