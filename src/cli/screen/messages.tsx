/** The lines of a conversation that are in view, row by row. */
import { Box, Text } from 'ink'
import { memo, type ReactElement } from 'react'
import { shown } from '../model.ts'
import { clip, columnsOf, type SafeText } from '../safetext.ts'
import { Rule } from './bars.tsx'
import type { Find } from './find.ts'
import { colourOf, type Look, signsOf } from './look.ts'
import { lookOf, type Placed } from './picture.ts'
import { RowText } from './rowtext.tsx'
import { labelColumns, type WindowRow, windowOf } from './window.ts'

export function Messages({ view, layout }: Placed): ReactElement {
  const { columns, rows } = layout.window
  const conversation = shown(view.model)
  const names = labelColumns(conversation.buddy, columns)
  const look = lookOf(view)
  const find = view.find
  return (
    <Box flexDirection="column" width={columns} height={rows} justifyContent="flex-end">
      {windowOf(conversation, layout.window, view.scroll).map((row) => (
        <MessageRow key={row.key} {...{ row, names, columns, look, find }} />
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
  readonly find: Find | undefined
  readonly look: Look
}

/** Rows are the same from frame to frame while nothing is known anew of their lines. */
export const MessageRow = memo(({ row, names, columns, find, look }: MessageRowProps): ReactElement => {
  const { kind, tone, time, mark, text } = row
  if (kind === 'divider') return <Rule columns={columns} title={text} look={look} />
  const { own } = signsOf(look)
  if (kind === 'day') return <Centred columns={columns} text={own(text)} />
  const label = own(row.label)
  const isFirst = label !== ''
  return (
    <Text wrap="truncate">
      <Text dimColor>{isFirst && time !== '' ? time : '     '} </Text>
      <Text bold={kind === 'theirs'} dimColor={kind !== 'theirs'}>
        {' '.repeat(names - columnsOf(label))}
        {label}
      </Text>
      {' '.repeat(2 + row.indent)}
      <Text
        {...(kind !== 'theirs' && kind !== 'ours' && { dimColor: tone === 'plain' })}
        {...colourOf(look, tone)}
      >
        <RowText row={row} find={find} look={look} />
      </Text>
      <Text dimColor={!mark.includes('✗')} bold={mark.includes('✗')}>
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
