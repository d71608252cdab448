/** Rows that reach from one edge to the other. */
import { Text } from 'ink'
import type { ReactElement, ReactNode } from 'react'
import { clip, columnsOf, type SafeText } from '../safetext.ts'
import { type Look, signsOf } from './look.ts'

export function Sides(props: {
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

export function Rule({ columns, title, look }: RuleProps): ReactElement {
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
