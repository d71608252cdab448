/** `otrtalk send <alias> --file PATH…`: exit 0 means that all of it is with the buddy, verified and safe on the disk. */
import { resolve } from 'node:path'
import { randomBytes } from '../../crypto.ts'
import { type ExitCode, UserError } from '../../error.ts'
import type { TalkEvent, TransferTold } from '../../session/command.ts'
import type { ProfileContext } from '../context.ts'
import { converse } from '../conversing.ts'
import { explainEvent } from '../explain.ts'
import { explainTransfer } from '../explaintransfer.ts'
import { jsonLine } from '../lines/json.ts'
import { Progress } from '../lines/progress.ts'
import { TransferLine } from '../lines/transferline.ts'
import { nameOf } from '../located.ts'
import { usage } from '../options.ts'
import { safeName } from '../safetext.ts'
import { onLeavingSignal } from '../terminal.ts'
import { lineId, type Ui, type UiEnd, type UiOptions } from '../ui.ts'
import { exitCodeOf } from './chat.ts'

export interface SendFilesArguments {
  readonly alias: string
  readonly paths: readonly string[]
  /** Without any progress; ten minutes by default, of which one may be spent on reaching the buddy. */
  readonly timeoutMs: number | undefined
  /** 112 hex digits: whoever answers under another key is refused. */
  readonly fingerprint: string | undefined
}

export async function sendFiles(context: ProfileContext, args: SendFilesArguments): Promise<ExitCode> {
  const { alias, fingerprint, timeoutMs: given } = args
  const paths = args.paths.map((path) => resolve(path))
  if (Buffer.byteLength(JSON.stringify(paths)) > longestPaths)
    throw usage('these are too many paths for one transfer', 'name the folder that they are in')
  const content = { name: nameOf(paths), form: 'files', paths } as const
  const { json } = context.options
  const timeoutMs = given ?? defaultReach
  const openUi = (options: UiOptions): Ui =>
    new Transferral(options, { content, json, patienceMs: given ?? defaultPatience })
  return exitCodeOf(
    await converse({
      ...{ context, command: 'send', alias, fingerprint, timeoutMs, turnMs: timeoutMs, openUi },
      ...{ mayJoin: true, tellsOfItself: true },
    }),
  )
}

export interface TransferralOptions {
  readonly content: {
    readonly name: string
    readonly form: 'files' | 'stream'
    readonly paths: readonly string[]
  }
  readonly json: boolean
  readonly patienceMs: number
}

/** Offers it, and waits until all of it is there; tells meanwhile how far it is. */
export class Transferral implements Ui {
  readonly done: Promise<UiEnd>
  readonly #options: UiOptions
  readonly #by: TransferralOptions
  readonly #transfer = lineId(randomBytes) + lineId(randomBytes)
  readonly #signals: Disposable
  readonly #progress: Progress
  readonly #line: TransferLine
  #timer: NodeJS.Timeout | undefined
  #isBegun = false
  #isOver = false
  #settle: (end: UiEnd) => void = () => {}
  #fail: (error: Error) => void = () => {}

  constructor(options: UiOptions, by: TransferralOptions) {
    this.#options = options
    this.#by = by
    this.done = new Promise((resolve, reject) => {
      this.#settle = resolve
      this.#fail = reject
    })
    this.done.catch(() => {}) // heard by whoever awaits it, unless something else ended it before
    options.stdout.on('error', this.#unread)
    this.#signals = onLeavingSignal((signal) => this.#settle({ kind: 'signal', signal }))
    this.#line = new TransferLine(options.stderr)
    this.#progress = new Progress((text) => this.#line.print(text))
    this.#wait()
  }

  tell(event: TalkEvent): void {
    if (this.#by.json) this.#options.stdout.write(jsonLine(event))
    else this.#explain(event)
    if (event.kind === 'listening' && !this.#isBegun) this.#begin() // told again after a change of the network
    if (event.kind === 'progress' && event.transfer === this.#transfer) this.#wait()
    if (event.kind === 'transfer' && event.transfer === this.#transfer) this.#changed(event)
  }

  /** What came of it stays with the buddy: who sends it again goes on there. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isBegun && !this.#isOver) this.#act('leave')
    clearTimeout(this.#timer)
    this.#progress[Symbol.dispose]()
    this.#line[Symbol.dispose]()
    this.#signals[Symbol.dispose]()
  }

  #begin(): void {
    this.#isBegun = true
    const buddy = this.#options.buddy ?? ''
    this.#options.act({ kind: 'send', buddy, transfer: this.#transfer, ...this.#by.content })
  }

  #act(kind: 'leave'): void {
    this.#options.act({ kind, buddy: this.#options.buddy ?? '', transfer: this.#transfer })
  }

  #explain(event: TalkEvent): void {
    this.#progress.hear(event)
    if (event.kind === 'progress') {
      if (event.transfer === this.#transfer) this.#line.show(event)
      return
    }
    const isOther = 'transfer' in event && event.transfer !== this.#transfer
    const isOurs = event.kind === 'lost' && event.why === 'closed' // its own goodbye is no news
    const isQuiet = isOurs || isOther || event.kind === 'phase' || event.kind === 'message'
    const notice = isQuiet ? undefined : explainEvent(event, this.#options.buddies[0]?.given)
    if (notice && !(event.kind === 'transfer' && isFailure(event))) this.#line.print(notice.text)
  }

  #changed(event: TransferTold): void {
    this.#wait()
    if (event.state === 'paused') clearTimeout(this.#timer)
    if (event.state === 'done') {
      this.#isOver = true
      this.#settle({ kind: 'ended', unconfirmed: 0 })
    }
    if (!isFailure(event)) return
    this.#isOver = true
    this.#fail(new UserError(explainTransfer(event)?.text ?? event.state, { hint: hintOf(event) }))
  }

  #wait(): void {
    clearTimeout(this.#timer)
    const { patienceMs } = this.#by
    this.#timer = setTimeout(() => this.#expire(patienceMs), patienceMs)
  }

  #expire(ms: number): void {
    const buddy = safeName(this.#options.buddy ?? 'the buddy')
    this.#fail(
      new UserError(`nothing has moved for ${ms / 1_000} s`, {
        hint: `has ${buddy} accepted it? What came of it stays there: send it again, and it goes on`,
        exit: 3,
      }),
    )
  }

  /** Exit code 0 means that it is there, whoever reads of it: a reader who goes ends nothing here. */
  readonly #unread = (error: NodeJS.ErrnoException): void => {
    if (error.code !== 'EPIPE') this.#fail(error)
  }
}

const isFailure = ({ state }: TransferTold): boolean =>
  state === 'rejected' || state === 'cancelled' || state === 'failed'

function hintOf({ why, by }: TransferTold): string | undefined {
  if (why === 'gone' || why === 'full') return 'what came of it stays there: send it again, and it goes on'
  if (why === 'policy' && by === 'them')
    return 'they need: otrtalk listen --accept-from, or /accept in a conversation'
  return undefined
}

const defaultReach = 60_000 // ms
const defaultPatience = 600_000 // ms: somebody may have to come and accept it
const longestPaths = 48 * 1_024 // octets, within a line of the control socket
