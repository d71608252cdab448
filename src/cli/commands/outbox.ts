/** `otrtalk outbox …`: what was said and is not delivered yet. */
import type { OutboxChange, Waiting } from '../../edge/kept/outbox.ts'
import { unknownBuddy } from '../../edge/refusals.ts'
import { type ExitCode, UserError } from '../../error.ts'
import { findBuddy } from '../../profile/buddies.ts'
import type { ProfileView } from '../../profile/view.ts'
import type { About } from '../../session/command.ts'
import type { ProfileContext } from '../context.ts'
import { explainDate } from '../date.ts'
import { openAccess, openOutbox } from '../open.ts'
import { printJson, printTable, remark } from '../print.ts'
import { type SafeText, safeName, safeTitle, words } from '../safetext.ts'

export async function list(context: ProfileContext, alias?: string): Promise<ExitCode> {
  await using profile = await openAccess(context, 'outbox list', 'change') // it is read where it is written
  const all = await profile.outbox()
  const waiting = alias === undefined ? all : of(all, alias)
  if (alias !== undefined && waiting.length === 0) requireKnown(profile.view, alias)
  if (context.options.json) {
    printJson(context, waiting)
    return 0
  }
  if (waiting.length === 0)
    remark(context, alias === undefined ? words`nothing waits` : words`nothing waits for ${safeName(alias)}`)
  printTable(context, waiting.map(row))
  return 0
}

/** What was written for a buddy who is none any more still waits under the alias: it is listed, and nobody else's. */
function requireKnown({ buddies, invites }: ProfileView, alias: string): void {
  if (findBuddy([...buddies, ...invites], alias)) return
  throw unknownBuddy(buddies, alias)
}

export interface ChangeArgs {
  readonly alias: string
  /** 16 hex digits; all if it is not given. */
  readonly id: string | undefined
}

export async function drop(context: ProfileContext, args: ChangeArgs): Promise<ExitCode> {
  const changed = await change(context, 'drop', args)
  const name = safeName(changed[0]!.buddy)
  remark(context, words`${counted(changed.length)} for ${name} dropped: it may have arrived if it was sent`)
  return 0
}

export async function resend(context: ProfileContext, args: ChangeArgs): Promise<ExitCode> {
  const changed = await change(context, 'resend', args)
  const name = safeName(changed[0]!.buddy)
  remark(
    context,
    words`${counted(changed.length)} for the key that ${name} has now, sent as soon as it can be`,
  )
  return 0
}

/** @returns what is changed by it: at least one */
async function change(
  context: ProfileContext,
  kind: OutboxChange['kind'],
  { alias, id }: ChangeArgs,
): Promise<readonly Waiting[]> {
  await using outbox = await openOutbox(context, `outbox ${kind}`)
  const chosen = of(outbox.waiting, alias).filter((each) => id === undefined || each.id === id)
  const changed = kind === 'drop' ? chosen : chosen.filter(({ state }) => state === 'held')
  if (changed.length === 0) throw nothing(kind, alias, chosen)
  await outbox.change({ kind, buddy: changed[0]!.buddy, ...(id !== undefined && { id }) })
  const isDone = (was: Waiting): boolean =>
    !outbox.waiting.some((is) => is.id === was.id && is.state === was.state)
  if (!changed.every(isDone)) throw unknownKey(alias)
  if (context.options.json) printJson(context, changed)
  return changed
}

const of = (waiting: readonly Waiting[], alias: string): readonly Waiting[] =>
  waiting.filter(({ buddy }) => findBuddy([{ alias: buddy }], alias) !== undefined)

function nothing(kind: OutboxChange['kind'], alias: string, chosen: readonly Waiting[]): UserError {
  if (kind === 'resend' && chosen.length > 0)
    return new UserError(`what waits for ${alias} is for the key there is: it goes out by itself`)
  return new UserError(`nothing waits for ${alias}`, { hint: 'see otrtalk outbox' })
}

const unknownKey = (alias: string): UserError =>
  new UserError(`there is no buddy ${alias} to send it to`, {
    hint: `add the buddy first: otrtalk buddy add ${alias} <address>; or forget it: otrtalk outbox drop ${alias}`,
  })

const row = ({ buddy, id, text, at, state, about }: Waiting): readonly SafeText[] => [
  safeName(buddy),
  safeTitle(id),
  explainDate(at),
  state === 'held' ? words`held: for another key` : words`waits`,
  contentOf(text, about),
]

function contentOf(text: string, about: About | undefined): SafeText {
  if (about?.as === 'delete') return words`(takes a line back)`
  return about?.as === 'edit' ? words`(edits a line) ${safeTitle(text, columns)}` : safeTitle(text, columns)
}

const counted = (count: number): SafeText => (count === 1 ? words`one message` : words`${count} messages`)

const columns = 60
