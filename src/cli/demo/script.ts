/** The demo without a terminal: a short conversation, printed line by line with times. */
import { randomBytes } from '../../crypto.ts'
import type { TalkEvent } from '../../session/command.ts'
import { explainEvent } from '../explain.ts'
import { safeName, safeText } from '../safetext.ts'
import { lineId, type Ui, type UiEnd, type UiOptions } from '../ui.ts'

export class DemoScript implements Ui {
  readonly done: Promise<UiEnd>
  readonly #options: UiOptions
  readonly #started = performance.now()
  readonly #said = new Map<string, string>() // id -> text, until confirmed
  #next = 0
  #settle: (end: UiEnd) => void = () => {}

  constructor(options: UiOptions) {
    this.#options = options
    const timer = setTimeout(
      () => this.#settle({ kind: 'ended', unconfirmed: this.#said.size + 1 }),
      patience,
    )
    this.done = new Promise<UiEnd>((resolve) => {
      this.#settle = resolve
    }).finally(() => clearTimeout(timer))
  }

  tell(event: TalkEvent): void {
    const notice = explainEvent(event)
    if (notice) this.#print(`* ${notice.text}`)
    if (event.kind === 'message') this.#heard(event)
    if (event.kind === 'delivered') {
      this.#said.delete(event.id)
      this.#print(`* delivered after ${event.ms.toFixed(1)} ms`)
    }
    if (this.#next > script.length && this.#said.size === 0) this.#settle({ kind: 'ended', unconfirmed: 0 })
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** The next line of the script answers each line that comes. */
  #heard({ buddy, text }: TalkEvent & { kind: 'message' }): void {
    this.#print(`${safeName(buddy)}: ${safeText(text)}`)
    const line = script[this.#next++]
    if (line === undefined) return
    const id = lineId(randomBytes)
    this.#said.set(id, line)
    this.#print(`you: ${line}`)
    this.#options.act({ kind: 'say', buddy, id, text: line })
  }

  #print(line: string): void {
    const seconds = ((performance.now() - this.#started) / 1_000).toFixed(3)
    this.#options.stdout.write(`${seconds.padStart(7)}  ${line}\n`)
  }
}

const script = ['Hello Ada, nobody else can read this.', 'How did we find each other?', 'Thank you. Goodbye!']

const patience = 30_000 // ms for all of it: a busy machine is slow to meet
