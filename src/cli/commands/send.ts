/** `otrtalk send <alias> [text | -]`: exit 0 means that the buddy decrypted it. */
import { randomBytes } from '../../crypto.ts'
import { type ExitCode, UserError } from '../../error.ts'
import type { TalkEvent } from '../../session/command.ts'
import type { ProfileContext } from '../context.ts'
import { converse } from '../conversing.ts'
import { explainEvent, explainUndelivered } from '../explain.ts'
import { usage } from '../options.ts'
import { lineId, type Ui, type UiEnd, type UiOptions } from '../ui.ts'
import { exitCodeOf } from './chat.ts'

export interface SendArguments {
  readonly alias: string
  /** `-` or nothing: all of stdin. */
  readonly text: string | undefined
  /** ms until the receipt must be there; a minute by default. */
  readonly timeout: number | undefined
}

export async function send(context: ProfileContext, args: SendArguments): Promise<ExitCode> {
  const text = await textOf(context, args.text)
  const { alias, timeout = minute } = args
  const openUi = (options: UiOptions): Ui => new Sending(options, { text, json: context.options.json })
  return exitCodeOf(await converse({ context, command: 'send', alias, timeout, openUi }))
}

async function textOf({ stdin, isInteractive }: ProfileContext, given: string | undefined): Promise<string> {
  if (given !== undefined && given !== '-') return checked(given)
  if (given === undefined && stdin.isTTY && isInteractive)
    throw usage('what is to be sent?', 'give a text, or - to read it from stdin')
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stdin) {
    chunks.push(Buffer.from(chunk))
    size += chunks.at(-1)!.length
    if (size > maxInput) throw tooLong()
  }
  return checked(Buffer.concat(chunks).toString().replace(/\r?\n$/, ''))
}

function checked(text: string): string {
  if (text === '') throw usage('there is nothing to send', 'the text is empty')
  if (Buffer.byteLength(text) > maxInput) throw tooLong()
  return text
}

const tooLong = (): UserError =>
  new UserError(explainUndelivered('too-long'), { hint: 'send it in pieces of 32 KiB at most' })

/** Says one text, waits for its receipt, and tells on stderr what it waits for. */
class Sending implements Ui {
  readonly done: Promise<UiEnd>
  readonly #options: UiOptions
  readonly #json: boolean
  readonly #id = lineId(randomBytes)
  #resolve: (end: UiEnd) => void = () => {}
  #reject: (error: unknown) => void = () => {}

  constructor(options: UiOptions, { text, json }: { text: string; json: boolean }) {
    this.#options = options
    this.#json = json
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    const { buddy, act } = options
    queueMicrotask(() => act({ kind: 'say', buddy: buddy!, id: this.#id, text }))
    for (const signal of signals) process.once(signal, this.#onSignal)
  }
}
