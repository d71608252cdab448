/**
 * What the screen prints above its prompt when the terminal keeps the lines
 * (`--inline`): each row once, so nothing is in it that may become untrue. How
 * far a line of ours came is said by the status line, and told anew if it fails.
 * Pure.
 */
import { moveKey } from '../../keyed.ts'
import type { TalkEvent } from '../../session/command.ts'
import type { Line } from '../conversation.ts'
import { explainUndelivered } from '../explain.ts'
import { type Model, shown } from '../model.ts'
import { noText, safeName, safeTitle, words } from '../safetext.ts'
import { divider, layOut, rowsFrom, type WindowRow } from './window.ts'

export interface Printed {
  /** Whose lines were printed last. */
  readonly buddy: string
  /** By buddy, how many lines. */
  readonly counts: ReadonlyMap<string, number>
  /** Lines of ours of which it is not known what becomes of them: whose, by id. */
  readonly open: ReadonlyMap<string, string>
}

export const nothingPrinted: Printed = { buddy: '', counts: new Map(), open: new Map() }

export interface Print {
  readonly rows: readonly WindowRow[]
  readonly printed: Printed
}

/** What is new of the conversation that is shown, and what failed of any. */
export function print(model: Model, printed: Printed, { columns, now }: Paper): Print {
  const conversation = shown(model)
  const { buddy, count, lines } = conversation
  const from = printed.counts.get(buddy) ?? 0
  const head = buddy === printed.buddy ? [] : [divider(from, safeName(buddy))]
  const rows = count > from ? rowsFrom(conversation, from, columns).flatMap(unmarked) : []
  const fresh = lines.slice(Math.max(0, from - (lines[0]?.seq ?? 0)))
  const said = fresh.flatMap((line) => (line.kind === 'ours' ? [[line.latest, buddy] as const] : []))
  const { open, failed } = settled(model, new Map([...printed.open, ...said]), { columns, now })
  return {
    rows: [...head, ...rows, ...failed],
    printed: { buddy, counts: new Map([...printed.counts, [buddy, count]]), open },
  }
}

/** Whoever is called otherwise has the same lines. */
export function renamed(printed: Printed, { buddy: from, to }: TalkEvent & { kind: 'renamed' }): Printed {
  const counts = new Map(printed.counts)
  moveKey(counts, from, to)
  const open = new Map([...printed.open].map(([id, buddy]) => [id, buddy === from ? to : buddy]))
  return { buddy: printed.buddy === from ? to : printed.buddy, counts, open }
}

/** Whoever has his alias later is somebody else, of whom nothing was printed. */
export function removed(printed: Printed, { buddy: gone }: TalkEvent & { kind: 'removed' }): Printed {
  const counts = new Map([...printed.counts].filter(([buddy]) => buddy !== gone))
  return { ...printed, counts, buddy: printed.buddy === gone ? '' : printed.buddy }
}

interface Paper {
  readonly columns: number
  readonly now: number // unix ms
}

/** Without what is known of a line so far. */
function unmarked(row: WindowRow): readonly WindowRow[] {
  if (row.kind !== 'ours' || row.mark === '') return [row]
  return row.start === undefined && row.lasting === '' ? [] : [{ ...row, mark: row.lasting }]
}

function settled(
  model: Model,
  open: Printed['open'],
  { columns, now }: Paper,
): { readonly open: Printed['open']; readonly failed: readonly WindowRow[] } {
  const rest = new Map<string, string>()
  const failed: WindowRow[] = []
  for (const [id, buddy] of open) {
    const conversation = model.conversations.find((each) => each.buddy === buddy)
    const line = conversation?.lines.findLast((each) => each.kind === 'ours' && each.latest === id)
    if (!conversation || line?.kind !== 'ours') continue
    if (line.sending.kind === 'undelivered') failed.push(...layOut(conversation, failure(line, now), columns))
    else if (line.sending.kind !== 'delivered' && line.sending.kind !== 'read') rest.set(id, buddy)
  }
  return { open: rest, failed }
}

function failure(line: Line & { kind: 'ours' }, now: number): Line {
  const quoted = safeTitle(line.text, quoteColumns)
  const why = line.sending.kind === 'undelivered' ? explainUndelivered(line.sending.why) : noText
  return {
    kind: 'notice',
    tone: 'bad',
    seq: line.seq,
    at: now,
    text: words`not delivered: ${why} (${quoted})`,
  }
}

const quoteColumns = 40
