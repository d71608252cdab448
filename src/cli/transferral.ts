/** The Ui of `send --file` and `send --stream`: offers it, waits until all of it is there, tells meanwhile how far it is. */
import { randomBytes } from '../crypto.ts'
import { UserError } from '../error.ts'
import { isSaying, type TalkEvent, type TransferTold } from '../session/command.ts'
import { explainEvent } from './explain.ts'
import { explainTransfer } from './explaintransfer.ts'
import { jsonLine } from './lines/event.ts'
import { TransferLine } from './lines/transferline.ts'
import { Outcome } from './outcome.ts'
import { safeName } from './safetext.ts'
import { lineId, newTransfer, type Ui, type UiEnd, type UiOptions } from './ui.ts'

export interface TransferralOptions {
  readonly content: {
    readonly name: string
    readonly form: 'files' | 'stream'
    readonly paths: readonly string[]
  }
  readonly json: boolean
  readonly patienceMs: number
}

export class Transferral implements Ui {
  readonly #outcome = new Outcome()
  readonly #options: UiOptions
  readonly #by: TransferralOptions
  readonly #transfer = newTransfer(() => lineId(randomBytes))
  readonly #line: TransferLine
  #timer: NodeJS.Timeout | undefined
  #isBegun = false
  #isOver = false

  constructor(options: UiOptions, by: TransferralOptions) {
    this.#options = options
    this.#by = by
    this.#outcome.outlive(options.stdout)
    this.#line = new TransferLine(options.stderr)
    this.#wait()
  }

  get done(): Promise<UiEnd> {
    return this.#outcome.done
  }

  tell(event: TalkEvent): void {
    if (isSaying(event)) return // kept for who shows it
    if (this.#by.json) this.#options.stdout.write(jsonLine(event))
    else this.#explain(event)
    if (event.kind === 'listening' && !this.#isBegun) this.#begin() // told again after a change of the network
    const isFile = this.#by.content.form === 'files'
    if (event.kind === 'progress' && event.transfer === this.#transfer && isFile) this.#wait()
    if (event.kind === 'transfer' && event.transfer === this.#transfer) this.#changed(event)
  }

  /** What came of it stays with the buddy: who sends it again goes on there. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isBegun && !this.#isOver)
      this.#options.act({ kind: 'leave', buddy: this.#buddy, transfer: this.#transfer })
    clearTimeout(this.#timer)
    this.#line[Symbol.dispose]()
    this.#outcome[Symbol.dispose]()
  }

  get #buddy(): string {
    return this.#options.buddy ?? ''
  }

  #begin(): void {
    this.#isBegun = true
    const send = { kind: 'send', buddy: this.#buddy, transfer: this.#transfer, ...this.#by.content } as const
    this.#options.act({ ...send, once: true }) // who runs it again offers it again
  }

  #explain(event: TalkEvent): void {
    this.#line.hear(event, this.#transfer)
    const isOther = 'transfer' in event && event.transfer !== this.#transfer
    const isOurs = event.kind === 'lost' && event.why === 'closed' // its own goodbye is no news
    const isQuiet = isOurs || isOther || event.kind === 'phase'
    const notice = isQuiet ? undefined : explainEvent(event, this.#options.buddies[0]?.given)
    if (notice && !(event.kind === 'transfer' && isFailure(event))) this.#line.print(notice.text)
  }

  #changed(event: TransferTold): void {
    this.#wait()
    // A stream may be silent for as long as it likes.
    const mayRest = event.state === 'running' && this.#by.content.form === 'stream'
    if (event.state === 'paused' || mayRest) clearTimeout(this.#timer)
    if (event.state === 'done') {
      this.#isOver = true
      this.#outcome.end({ kind: 'ended', unconfirmed: 0 })
    }
    if (!isFailure(event)) return
    this.#isOver = true
    this.#outcome.fail(
      new UserError(explainTransfer(event)?.text ?? event.state, {
        hint: hintOf(event, this.#by.content.form),
      }),
    )
  }

  #wait(): void {
    clearTimeout(this.#timer)
    const { patienceMs } = this.#by
    this.#timer = setTimeout(() => this.#expire(patienceMs), patienceMs)
  }

  #expire(ms: number): void {
    const buddy = safeName(this.#options.buddy ?? 'the buddy')
    this.#outcome.fail(
      new UserError(`nothing has moved for ${ms / 1_000} s`, {
        hint: `has ${buddy} accepted it?${this.#by.content.form === 'files' ? ` ${resumes}` : ''}`,
        exit: 3,
      }),
    )
  }
}

const resumes = 'What came of it stays there: send it again, and it goes on'

const isFailure = ({ state }: TransferTold): boolean =>
  state === 'rejected' || state === 'cancelled' || state === 'failed'

function hintOf({ why, by }: TransferTold, form: 'files' | 'stream'): string | undefined {
  if (why === 'gone' || why === 'full') return form === 'files' ? resumes : undefined
  if (by !== 'them') return undefined
  if (why === 'large')
    return 'how much is accepted at a time is for them to say: otrtalk listen --max, where each file and folder counts 4 KiB more'
  if (why !== 'policy') return undefined
  const listening = form === 'files' ? '--accept-from … --into …' : '--stream'
  return `they need: otrtalk listen ${listening}, or /accept in a conversation`
}
