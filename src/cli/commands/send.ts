/** `otrtalk send <alias> [text | -]`: exit 0 means that the buddy decrypted it. */
import { randomBytes } from '../../crypto.ts'
import { type ExitCode, UserError } from '../../error.ts'
import { isSaying, type TalkEvent } from '../../session/command.ts'
import type { ProfileContext } from '../context.ts'
import { converse } from '../conversing.ts'
import { explainEvent, explainUndelivered } from '../explain.ts'
import { jsonLine } from '../lines/event.ts'
import { Progress } from '../lines/progress.ts'
import { usage } from '../options.ts'
import { Outcome } from '../outcome.ts'
import { remark } from '../print.ts'
import { safeName, words } from '../safetext.ts'
import { lineId, type Ui, type UiEnd, type UiOptions } from '../ui.ts'
import { exitCodeOf } from './chat.ts'

export interface SendArguments {
  readonly alias: string
  /** `-` or nothing: all of stdin. */
  readonly text: string | undefined
  /** Until the receipt must be there; a minute by default. */
  readonly timeoutMs: number | undefined
  /** 112 hex digits: whoever answers under another key is refused. */
  readonly fingerprint: string | undefined
  /** What could not be delivered in time stays in the outbox. */
  readonly isLater: boolean
}

export async function send(context: ProfileContext, args: SendArguments): Promise<ExitCode> {
  const text = await textOf(context, args.text)
  const { alias, fingerprint, timeoutMs = defaultTimeout, isLater } = args
  const { json } = context.options
  let sending: Sending | undefined
  const openUi = (options: UiOptions): Ui => {
    sending = new Sending(options, { text, json, timeoutMs, isLater })
    return sending
  }
  try {
    const end = await converse({
      ...{ context, command: 'send', alias, fingerprint, timeoutMs, turnMs: timeoutMs, openUi },
      ...{ mayJoin: true, isSilent: true, tellsOfItself: true },
    })
    if (sending?.isDropped && !json) remark(context, notKept)
    return exitCodeOf(end)
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    if (sending?.isDropped) throw alsoHinting(error, notKept)
    if (!sending?.isKept || error.exit !== 3) throw error
    remark(context, words`written: it goes out when ${safeName(alias)} is back and otrtalk runs here`)
    return 0
  }
}

function alsoHinting(error: UserError, hint: string): UserError {
  const { message, exit, hint: before } = error
  return new UserError(message, {
    ...{ exit, cause: error },
    hint: before === undefined ? hint : `${before}; ${hint}`,
  })
}

async function textOf({ stdin }: ProfileContext, given: string | undefined): Promise<string> {
  if (given !== undefined && given !== '-') return checked(given)
  if (given === undefined && stdin.isTTY) throw usage('what is to be sent?', 'give a text, or - for stdin')
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stdin) {
    const octets = Buffer.from(chunk)
    size += octets.length
    if (size > maxInput + lineEnd) throw tooLong()
    chunks.push(octets)
  }
  return checked(decode(Buffer.concat(chunks)).replace(/\r?\n$/, ''))
}

function decode(octets: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(octets)
  } catch {
    throw usage(
      'what came on standard input is no text',
      'it must be UTF-8; a file of another kind cannot be sent',
    )
  }
}

function checked(text: string): string {
  if (text.trim() === '') throw usage('there is nothing to send', 'the text is empty')
  if (Buffer.byteLength(text) > maxInput) throw tooLong()
  return text
}

const tooLong = (): UserError =>
  new UserError(`not sent: ${explainUndelivered('too-long')}`, {
    hint: 'send it in pieces of at most 32 KiB',
  })

interface SendingOptions {
  readonly text: string
  readonly json: boolean
  readonly timeoutMs: number
  readonly isLater: boolean
}

/** Says one text and waits for its receipt; tells meanwhile what it waits for. */
class Sending implements Ui {
  readonly #outcome = new Outcome()
  readonly #options: UiOptions
  readonly #json: boolean
  readonly #id = lineId(randomBytes)
  readonly #timer: NodeJS.Timeout
  readonly #progress: Progress
  readonly #isLater: boolean
  #state: 'unsaid' | 'said' | 'over' | 'dropped' = 'unsaid'
  #wasSecured = false

  constructor(options: UiOptions, { text, json, timeoutMs, isLater }: SendingOptions) {
    this.#options = options
    this.#isLater = isLater
    this.#json = json
    this.#outcome.outlive(options.stdout)
    this.#timer = setTimeout(() => this.#expire(timeoutMs), timeoutMs)
    this.#progress = new Progress((text) => options.stderr.write(`${text}\n`))
    const buddy = options.buddy ?? ''
    this.#say = () => {
      this.#state = 'said'
      options.act({ kind: 'say', buddy, id: this.#id, text })
    }
  }

  get done(): Promise<UiEnd> {
    return this.#outcome.done
  }

  tell(event: TalkEvent): void {
    const { stdout, stderr } = this.#options
    if (isSaying(event)) return // kept for who shows it
    if (event.kind === 'undelivered' && event.why === 'dropped' && this.isDropped) return // by ourselves
    if (this.#json) stdout.write(jsonLine(event))
    // Its own goodbye is no news.
    const isOurs = event.kind === 'lost' && event.why === 'closed'
    if (!this.#json) this.#progress.hear(event)
    const isQuiet = this.#json || isOurs || event.kind === 'phase'
    const notice = isQuiet ? undefined : explainEvent(event, this.#options.buddies[0]?.given)
    if (notice) stderr.write(`${notice.text}\n`)
    if (event.kind === 'listening' && this.#state === 'unsaid') this.#say() // told again after a change of the network
    if (event.kind === 'secured') this.#wasSecured = true
    if (event.kind === 'delivered' && event.id === this.#id) {
      this.#state = 'over'
      if (!this.#json)
        stderr.write(`delivered to ${safeName(event.buddy)} after ${Math.round(event.ms)} ms\n`)
      this.#outcome.end({ kind: 'ended', unconfirmed: 0 })
    }
    if (event.kind !== 'undelivered' || event.id !== this.#id || event.why === 'closed') return
    const wasSaid = this.#state === 'said'
    this.#state = 'over'
    if (wasSaid) this.#outcome.fail(new UserError(`not sent: ${explainUndelivered(event.why)}`))
  }

  /** It is in the outbox, and stays there. */
  get isKept(): boolean {
    return this.#isLater && this.#state === 'said'
  }

  /** It was not delivered, and will not be. */
  get isDropped(): boolean {
    return this.#state === 'dropped'
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer)
    this.#progress[Symbol.dispose]()
    this.#outcome[Symbol.dispose]()
    if (this.#state !== 'said' || this.#isLater) return
    this.#state = 'dropped'
    const { buddy = '', act } = this.#options
    act({ kind: 'drop', buddy, id: this.#id }) // the exit code says that it was not delivered
  }

  readonly #say: () => void

  /** Reached, yet no receipt: the buddy may have it or not, and the user must know that. */
  #expire(timeoutMs: number): void {
    if (!this.#wasSecured) return // who could not be reached is told by the conversation itself
    const buddy = this.#options.buddy ?? 'the buddy'
    this.#outcome.fail(
      new UserError(`${safeName(buddy)} did not confirm it within ${timeoutMs / 1_000} s`, {
        hint: 'it may have arrived: ask before you send it again',
        exit: 3,
      }),
    )
  }
}

const notKept = words`it is not kept for later: see --later`
const defaultTimeout = 60_000 // ms
const lineEnd = 2 // octets: the last line's is no part of the text
const maxInput = 32 * 1_024 // octets of UTF-8, as the outbox takes
