/** Which messages of the buddy are on the screen, to their ends: those of which he may be told that they were. Pure. */
import { shown } from '../model.ts'
import { type Desk, layoutFor } from './desk.ts'
import { lineOf } from './find.ts'
import { type Geometry, windowOf } from './window.ts'

/** @returns ids of the messages that their texts came by */
export function seenOn(desk: Desk, size: Geometry): readonly string[] {
  const layout = layoutFor(desk, size)
  if (!layout) return []
  const conversation = shown(desk.model)
  const rows = windowOf(conversation, layout.window, desk.scroll)
  const seqs = new Set(rows.filter(({ kind }) => kind === 'theirs').map(({ seq }) => seq))
  if (desk.scroll) seqs.delete(desk.scroll.seq) // its end may be below
  return [...seqs].flatMap((seq) => idOf(lineOf(conversation, seq)))
}

/** Printed for good: all there are. */
export const seenInline = ({ model }: Desk): readonly string[] =>
  shown(model).lines.slice(-latest).flatMap(idOf)

const idOf = (line: ReturnType<typeof lineOf>): readonly string[] =>
  line?.kind === 'theirs' && line.fate.kind !== 'deleted' ? [line.latest] : []

const latest = 200 // lines: more are not printed in one drawing by whoever talks
