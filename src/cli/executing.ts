/**
 * `listen --exec`: stands before the Ui that prints what comes, and runs the
 * user's command for each message, after it was printed.
 */
import { once } from 'node:events'
import { Exec, type Job, type Outcome, type OwnCommand } from '../edge/exec.ts'
import type { TalkEvent } from '../session/command.ts'
import { timeOfDay } from './date.ts'
import { explainOutcome } from './explainexec.ts'
import { type SafeText, safeText, visibleJson, words } from './safetext.ts'
import { legible, onLeavingSignal } from './terminal.ts'
import type { Ui, UiEnd, UiOptions } from './ui.ts'

export interface ExecutingOptions {
  readonly command: OwnCommand
  readonly timeoutMs: number
  /** What becomes of each is told as an event on stdout; else what goes wrong on stderr. */
  readonly form: 'json' | 'text'
}

export class Executing implements Ui {
  readonly done: Promise<UiEnd>
  readonly #ui: Ui
  readonly #options: UiOptions
  readonly #by: ExecutingOptions
  readonly #exec: Exec
  readonly #signals: Disposable
  #isLeaving = false
  #unfinished = 0

  constructor(ui: Ui, options: UiOptions, by: ExecutingOptions) {
    this.#ui = ui
    this.#options = options
    this.#by = by
    const { command, timeoutMs } = by
    this.#exec = new Exec({
      ...{ command, timeoutMs, env: options.env },
      onLine: (line) => this.#print(safeText(line, lineLimits)),
      onEnd: (job, outcome, ms) => this.#told(job, outcome, ms),
    })
    this.done = ui.done.finally(() => {
      this.#isLeaving = true
    })
    this.done.catch(() => {}) // heard by whoever awaits it, unless something else ended it before
    // Who is asked twice to leave has no time for those who do not.
    this.#signals = onLeavingSignal(() => this.#isLeaving && this.#exec.kill())
  }

  tell(event: TalkEvent): void {
    this.#ui.tell(event)
    if (event.kind === 'message') this.#exec.run(event)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#exec[Symbol.asyncDispose]()
    if (this.#unfinished > 0 && this.#by.form === 'text')
      void this.#print(words`the command did not finish for the last ${this.#unfinished} of the messages`)
    this.#signals[Symbol.dispose]()
    await this.#ui[Symbol.asyncDispose]()
  }

  #told({ buddy, id }: Job, outcome: Outcome, ms: number): void {
    const { stdout, now = Date.now } = this.#options
    if (this.#by.form === 'json') {
      const { kind, ...more } = outcome
      const event = { event: 'exec', buddy, id, result: kind, ...more, ms: Math.round(ms) }
      stdout.write(`${visibleJson(event)}\n`)
      return
    }
    if (outcome.kind === 'left') this.#unfinished++
    const text = explainOutcome(outcome, buddy, this.#by.timeoutMs)
    if (text) void this.#print(words`${timeOfDay(now())} * ${text}`)
  }

  /** A command that prints faster than anybody reads has to wait. */
  #print(text: SafeText): Promise<unknown> | undefined {
    const { stderr, env } = this.#options
    if (legible(stderr, env).write(`${text}\n`) || stderr.destroyed) return undefined
    return once(stderr, 'drain').catch(() => undefined)
  }
}

const lineLimits = { length: 8_192, lines: 1 }
