/** `otrtalk why <alias>`: tries to reach a buddy, and tells which ways there are and what became of each. */
import { type ExitCode, UserError } from '../../error.ts'
import type { TalkEvent } from '../../session/command.ts'
import { redacted } from '../../session/redact.ts'
import type { Report } from '../../session/report.ts'
import type { ProfileContext } from '../context.ts'
import { converse } from '../conversing.ts'
import { explainEvent } from '../explain.ts'
import { explainReport } from '../explainwhy.ts'
import { jsonLine } from '../lines/event.ts'
import { Progress } from '../lines/progress.ts'
import { type SafeText, words } from '../safetext.ts'
import { legible, onLeavingSignal } from '../terminal.ts'
import type { Ui, UiEnd, UiOptions } from '../ui.ts'
import { exitCodeOf } from './chat.ts'

export interface WhyArguments {
  readonly alias: string
  /** Until it gives up; a quarter of a minute by default. */
  readonly timeoutMs: number | undefined
  /** Nothing is printed that names anybody. */
  readonly isRedacted: boolean
}

export async function why(context: ProfileContext, args: WhyArguments): Promise<ExitCode> {
  const { alias, isRedacted, timeoutMs = defaultTimeout } = args
  const { json } = context.options
  let asking: Asking | undefined
  const openUi = (options: UiOptions): Ui => {
    asking = new Asking(options, { json, isRedacted, timeoutMs })
    return asking
  }
  try {
    const end = await converse({ context, command: 'why', alias, mayJoin: true, isSilent: true, openUi })
    return asking?.report ? exitCodeFor(asking.report) : exitCodeOf(end)
  } catch (error) {
    // The page says it too, without a name.
    if (isRedacted && asking?.report && error instanceof UserError) return error.exit
    throw error
  }
}

/** As everywhere: 3 for a buddy, 6 for the whole network. */
function exitCodeFor({ network, buddy }: Report): ExitCode {
  if (buddy.state === 'secured') return 0
  const states = [network.ipv4, network.ipv6].map(({ dht }) => dht.state)
  return states.includes('unreachable') && !states.includes('joined') ? 6 : 3
}

interface AskingOptions {
  readonly json: boolean
  readonly isRedacted: boolean
  readonly timeoutMs: number
}

/** Waits until the buddy is reached, or the time is over, or nothing more can come; then asks why. */
class Asking implements Ui {
  readonly done: Promise<UiEnd>
  readonly #options: UiOptions
  readonly #how: AskingOptions
  readonly #stdout: NodeJS.WriteStream
  readonly #stderr: NodeJS.WriteStream
  readonly #progress: Progress
  readonly #signals: Disposable
  readonly #timer: NodeJS.Timeout
  #settle: (end: UiEnd) => void = () => {}
  /** What was told in the end. */
  report: Report | undefined

  constructor(options: UiOptions, how: AskingOptions) {
    const { stdout, stderr, env } = options
    this.#options = options
    this.#how = how
    this.#stdout = legible(stdout, env)
    this.#stderr = legible(stderr, env)
    this.#progress = new Progress((text) => this.#remark(text))
    this.done = new Promise((resolve) => {
      this.#settle = resolve
    })
    this.#signals = onLeavingSignal((signal) => this.#settle({ kind: 'signal', signal }))
    this.#timer = setTimeout(() => this.#ask(), how.timeoutMs)
  }

  tell(told: TalkEvent): void {
    if (this.report) return
    const { isRedacted, json } = this.#how
    const event = isRedacted ? nameless(told) : told
    if (event?.kind === 'why') this.#finish(event)
    else if (event && json) this.#stdout.write(jsonLine(event))
    else if (event) this.#show(event)
    // A refusal, or no socket, may be the end of it: what is known is told before.
    const isEnd = told.kind === 'refused' || (told.kind === 'network' && told.state === 'no-socket')
    if (told.kind === 'secured' || isEnd) this.#ask()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer)
    this.#progress[Symbol.dispose]()
    this.#signals[Symbol.dispose]()
  }

  #ask(): void {
    this.#options.act({ kind: 'why', buddy: this.#options.buddy ?? '' })
  }

  #finish(event: TalkEvent & { kind: 'why' }): void {
    this.report = event.report
    if (this.#how.json) this.#stdout.write(jsonLine(event))
    else for (const line of explainReport(event.report, event.buddy)) this.#stdout.write(`${line}\n`)
    this.#settle({ kind: 'left' })
  }

  #show(event: TalkEvent): void {
    this.#progress.hear(event)
    const notice = event.kind === 'phase' ? undefined : explainEvent(event)
    if (notice) this.#remark(notice.text)
  }

  #remark(text: SafeText): void {
    if (!this.#how.json) this.#stderr.write(words`${text}\n`)
  }
}

/** Of the rest, what is no more than progress. */
function nameless(event: TalkEvent): TalkEvent | undefined {
  if (event.kind === 'why') return { kind: 'why', buddy: 'buddy', report: redacted(event.report) }
  if (event.kind === 'phase') return { ...event, buddy: 'buddy' }
  return event.kind === 'network' ? event : undefined
}

const defaultTimeout = 15_000 // ms: an attempt at all addresses takes ten
