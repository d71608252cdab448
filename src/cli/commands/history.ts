/** `otrtalk history …`: what was kept of conversations. */
import { refuseTakenFile } from '../../edge/carry.ts'
import { type KeptHistory, readHistories } from '../../edge/kept/histories.ts'
import { earlierLine, Recorder } from '../../edge/kept/recorder.ts'
import type { OpenProfile } from '../../edge/openprofile.ts'
import { writeFresh } from '../../edge/store.ts'
import { type ExitCode, UserError } from '../../error.ts'
import { type Buddy, findBuddy, fold, isBuddy } from '../../profile/buddies.ts'
import { inForce } from '../../profile/habits.ts'
import type { History } from '../../profile/history.ts'
import type { EarlierLine } from '../../session/command.ts'
import type { ProfileContext } from '../context.ts'
import { habitsIn } from '../conversing.ts'
import { explainDate, readTime } from '../date.ts'
import {
  explainDeleted,
  explainExport,
  explainSection,
  lineCount,
  markOfKept,
  shortKey,
  textOfEarlier,
} from '../explainhistory.ts'
import { openFor, ownerOf } from '../open.ts'
import { usage } from '../options.ts'
import { printJson, printTable, remark } from '../print.ts'
import { confirm } from '../prompts/prompt.ts'
import { indented, noText, type SafeText, safeName, safeTitle, visibleJson, words } from '../safetext.ts'
import { legible } from '../terminal.ts'

/** As typed: which lines. */
export interface WhichArgs {
  readonly search?: string
  readonly since?: string
  readonly until?: string
  readonly last?: string
}

export interface ShowArgs extends WhichArgs {
  /** A buddy's, or the first digits of a key. */
  readonly alias: string
}

/** What is kept with one key, of whom the user named. */
interface Section {
  readonly name: string
  readonly fingerprint: History['fingerprint']
  readonly lines: readonly EarlierLine[]
}

export async function show(context: ProfileContext, { alias, ...args }: ShowArgs): Promise<ExitCode> {
  const wanted = readWhich(args, Date.now())
  await using profile = await openFor(context, 'history', 'read')
  const terminal = legible(context.stdout, context.env)
  for (const section of await sections(context, profile, alias, wanted)) {
    if (context.options.json) for (const line of section.lines) printJson(context, jsonOf(section, line))
    else {
      remark(context, explainSection(section))
      for (const line of section.lines) terminal.write(`${rowOf(section, line)}\n`)
    }
  }
  return 0
}

export async function list(context: ProfileContext): Promise<ExitCode> {
  await using profile = await openFor(context, 'history list', 'read')
  const kept = (await readHistories(profile)).filter(({ lines }) => lines.length > 0)
  for (const { fault } of kept) if (fault) remark(context, safeTitle(fault.message, longest))
  const rows = kept.map((history) => ({ history, ...statusOf(context, profile, history) }))
  if (context.options.json) {
    const described = rows.map(({ history: { fingerprint, lines }, name, isKept, keep }) => ({
      ...{ alias: name, fingerprint, lines: lines.length },
      ...{ first: lines[0]?.at ?? null, last: lines.at(-1)?.at ?? null, kept: isKept, keep: keep ?? null },
    }))
    printJson(context, described)
    return 0
  }
  if (rows.length === 0)
    remark(
      context,
      words`nothing is kept; what is said is kept from when this is set: otrtalk buddy set <alias> history on`,
    )
  printTable(
    context,
    rows.map(({ history: { fingerprint, lines }, name, isKept, keep }) => [
      safeName(name),
      words`key ${shortKey(fingerprint)}`,
      lineCount(lines.length),
      lines[0] ? words`since ${explainDate(lines[0].at)}` : noText,
      isKept ? words`history on` : words`history off`,
      keep === undefined ? noText : words`for ${keep} days`,
    ]),
  )
  return 0
}

export interface ExportArgs extends ShowArgs {
  readonly to: string // a file's path; `-`: stdout
}

export async function exportTo(
  context: ProfileContext,
  { alias, to, ...args }: ExportArgs,
): Promise<ExitCode> {
  const wanted = readWhich(args, Date.now())
  if (to !== '-') await refuseTakenFile(to)
  await using profile = await openFor(context, 'history export', 'read')
  const { json } = context.options
  const found = await sections(context, profile, alias, wanted)
  const rows = found.flatMap((section) => [
    ...(json ? [] : [words`# ${explainSection(section)}`]),
    ...section.lines.map((line) => (json ? visibleJson(jsonOf(section, line)) : rowOf(section, line))),
  ])
  const text = rows.map((row) => `${row}\n`).join('')
  if (to === '-') context.stdout.write(text)
  else await writeFresh(to, new TextEncoder().encode(text))
  remark(context, explainExport(to))
  return 0
}

export interface RemoveArgs {
  readonly alias: string
  readonly before: string | undefined
  readonly isSure: boolean // --yes
}

export async function remove(
  context: ProfileContext,
  { alias, before, isSure }: RemoveArgs,
): Promise<ExitCode> {
  const until = before === undefined ? undefined : readWhen(before, '--before', Date.now())
  if (!isSure && !context.isInteractive)
    throw usage('there is nobody to ask whether this is meant', 'add --yes')
  using owner = await ownerOf(context)
  await using profile = await openFor(context, 'history delete', owner ? 'read' : 'own')
  const found = await sections(context, profile, alias, until === undefined ? {} : { until: until - 1 })
  const count = found.reduce((sum, { lines }) => sum + lines.length, 0)
  const name = safeName(found[0]?.name ?? alias)
  if (
    !isSure &&
    !(await confirm(context, words`delete ${lineCount(count)} of the conversations with ${name}?`))
  ) {
    remark(context, words`nothing was deleted`)
    return 1
  }
  const gone = await forgotten(context, { profile, owner, found, until })
  if (context.options.json) printJson(context, { alias: found[0]?.name ?? alias, deleted: gone })
  for (const line of explainDeleted(gone, name)) remark(context, line)
  return 0
}

/** All that is kept with a buddy, as the user has said before; nothing is said of it if there is nothing. */
export async function removeKept(context: ProfileContext, alias: string): Promise<void> {
  try {
    await remove(context, { alias, before: undefined, isSure: true })
  } catch (error) {
    if (!(error instanceof NothingKept)) throw error
    remark(context, safeTitle(error.message, longest))
  }
}

interface Forgetting {
  readonly profile: OpenProfile
  readonly owner: { forget(fingerprint: string, before?: number): Promise<number> } | undefined
  readonly found: readonly Section[]
  readonly until: number | undefined
}

/** By whoever has the logs open. */
async function forgotten(
  context: ProfileContext,
  { profile, owner, found, until }: Forgetting,
): Promise<number> {
  await using recorder = new Recorder({
    ...{ profile, habits: habitsIn(context.options) },
    onFault: (_, fault) => {
      throw fault
    },
  })
  let gone = 0
  for (const { fingerprint } of found)
    gone += owner ? await owner.forget(fingerprint, until) : await recorder.forget(fingerprint, until)
  return gone
}

interface Which {
  readonly search?: string
  readonly since?: number
  readonly until?: number
  readonly last?: number
}

function readWhich({ search, since, until, last }: WhichArgs, now: number): Which {
  const count = last === undefined ? undefined : /^\d{1,7}$/.test(last) ? Number(last) : 0
  if (count === 0) throw usage(`--last takes a number of lines, not ${last}`)
  return {
    ...(search !== undefined && { search: fold(search) }),
    ...(since !== undefined && { since: readWhen(since, '--since', now) }),
    ...(until !== undefined && { until: readWhen(until, '--until', now) }),
    ...(count !== undefined && { last: count }),
  }
}

function readWhen(text: string, name: string, now: number): number {
  const at = readTime(text, now)
  if (at !== undefined) return at
  throw usage(`${name} takes a time, not ${text}`, 'as in 2026-11-20, "2026-11-20 14:00", 7d, 12h, 30m')
}

/** What the user named; refused in words if nothing is kept of it. */
async function sections(
  context: ProfileContext,
  profile: OpenProfile,
  alias: string,
  { search, since = 0, until = Infinity, last = Infinity }: Which,
): Promise<readonly Section[]> {
  const kept = (await readHistories(profile)).filter(
    (history) => history.lines.length > 0 && isMeant(profile, history, alias),
  )
  if (kept.length === 0) throw new NothingKept(profile, alias)
  for (const { fault } of kept) if (fault) remark(context, safeTitle(fault.message, longest))
  return kept.map((history) => {
    const { fingerprint, lines } = history
    const found = lines.filter(
      ({ at, text }) => at >= since && at <= until && (search === undefined || fold(text).includes(search)),
    )
    const newest = last === Infinity ? found : found.slice(-last)
    return {
      ...{ name: statusOf(context, profile, history).name, fingerprint },
      lines: newest.map((line) => earlierLine(line, fingerprint)),
    }
  })
}

/** Of the buddy of that alias, of whom had it last, or of the key that begins so. */
function isMeant({ contents }: OpenProfile, { fingerprint, alias }: KeptHistory, wanted: string): boolean {
  const buddy = findBuddy(contents.buddies, wanted)
  if (buddy && isBuddy(buddy, fingerprint)) return true
  const isSomebodys = contents.buddies.some((other) => isBuddy(other, fingerprint))
  if (!isSomebodys && findBuddy([{ alias }], wanted)) return true
  const digits = wanted.replace(/[\s…]+/g, '').toLowerCase()
  return digits.length >= 8 && fingerprint.startsWith(digits)
}

class NothingKept extends UserError {
  constructor({ contents }: OpenProfile, alias: string) {
    super(`nothing is kept of conversations with ${alias}`, {
      hint: findBuddy(contents.buddies, alias)
        ? `what is said is kept from when this is set: otrtalk buddy set ${alias} history on`
        : 'otrtalk history list shows what there is',
    })
  }
}

function statusOf(
  { options }: ProfileContext,
  { contents }: OpenProfile,
  { fingerprint, alias }: KeptHistory,
) {
  const buddy: Buddy | undefined = contents.buddies.find((each) => isBuddy(each, fingerprint))
  const { history, keep } = inForce(buddy?.habits ?? {}, habitsIn(options))
  return { name: buddy?.alias ?? alias, isKept: buddy !== undefined && history === true, keep }
}

/** The JSON of a line: stable names. */
const jsonOf = ({ name }: Section, { from, ...line }: EarlierLine): object => ({ buddy: name, from, ...line })

function rowOf({ name }: Section, line: EarlierLine): SafeText {
  const from = line.from === 'you' ? words`you` : safeName(name)
  const mark = markOfKept(line)
  const text = textOfEarlier(line)
  return indented(words`${explainDate(line.at)} ${from}  `, mark === '' ? text : words`${text} (${mark})`)
}

const longest = 400 // columns: a path may be as long
