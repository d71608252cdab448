/** The Ui of `listen --stream`: takes the first stream that fits, and ends with it. What it tells goes to stderr. */
import { UserError } from '../error.ts'
import { isSaying, type TalkEvent, type TransferTold } from '../session/command.ts'
import { followNames } from './called.ts'
import { explainEvent } from './explain.ts'
import { explainFailed, explainTransfer } from './explaintransfer.ts'
import { jsonLine } from './lines/event.ts'
import { TransferLine } from './lines/transferline.ts'
import { Outcome } from './outcome.ts'
import type { Ui, UiEnd, UiOptions } from './ui.ts'

export interface CatchingOptions {
  readonly name: string | undefined
  /** Aliases; none: everybody's. */
  readonly from: readonly string[]
  /** The socket that takes it. */
  readonly into: string
  readonly json: boolean
  /** For how long the buddy may be away in the midst of it; 5 minutes by default. */
  readonly patienceMs: number | undefined
}

type Offered = TalkEvent & { readonly kind: 'offered' }

export class Catching implements Ui {
  readonly #outcome = new Outcome()
  readonly #options: UiOptions
  readonly #by: CatchingOptions
  readonly #from: Set<string>
  readonly #line: TransferLine
  #caught: { readonly buddy: string; readonly transfer: string } | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(options: UiOptions, by: CatchingOptions) {
    this.#options = options
    this.#by = by
    this.#from = new Set(by.from)
    this.#line = new TransferLine(options.stderr)
  }

  get done(): Promise<UiEnd> {
    return this.#outcome.done
  }

  tell(event: TalkEvent): void {
    if (isSaying(event)) return // kept for who shows it
    if (this.#by.json) this.#options.stderr.write(jsonLine(event))
    else this.#explain(event)
    followNames(this.#from, event)
    if (event.kind === 'offered') this.#answer(event)
    if (event.kind === 'transfer' && event.transfer === this.#caught?.transfer) this.#changed(event)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer)
    this.#line[Symbol.dispose]()
    this.#outcome[Symbol.dispose]()
  }

  #explain(event: TalkEvent): void {
    this.#line.hear(event, this.#caught?.transfer)
    const notice = event.kind === 'phase' ? undefined : explainEvent(event)
    if (notice) this.#line.print(notice.text)
  }

  #answer({ buddy, transfer, form, name }: Offered): void {
    const isFrom = this.#by.from.length === 0 || this.#from.has(buddy)
    const isNamed = this.#by.name === undefined || this.#by.name === name
    const { act } = this.#options
    if (this.#caught || form !== 'stream' || !isFrom || !isNamed) {
      act({ kind: 'reject', buddy, transfer, why: 'policy' })
      return
    }
    this.#caught = { buddy, transfer }
    act({ kind: 'accept', buddy, transfer, into: this.#by.into })
  }

  #changed(event: TransferTold): void {
    clearTimeout(this.#timer)
    if (event.state === 'done') this.#outcome.end({ kind: 'ended', unconfirmed: 0 })
    const { patienceMs = patience } = this.#by
    if (event.state === 'waiting')
      this.#timer = setTimeout(() => this.#outcome.fail(lost(event, patienceMs)), patienceMs)
    if (event.state === 'failed') this.#outcome.fail(new UserError(explainFailed(event)))
    if (event.state === 'cancelled')
      this.#outcome.fail(new UserError(explainTransfer(event)?.text ?? event.state, { hint: incomplete }))
  }
}

const lost = ({ name }: TransferTold, ms: number): UserError =>
  new UserError(`the stream ${name} broke off: the buddy was not back within ${ms / 1_000} s`, {
    hint: incomplete,
    exit: 3,
  })

const incomplete = 'what came of it is not whole'
const patience = 300_000 // ms: both programs hold what is needed to go on
