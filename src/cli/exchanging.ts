/**
 * What `offer` and `answer` share: before the conversation is shown, a line of
 * text goes each way, carried by the two people themselves. Until it has come
 * nothing is shown but questions; what happens meanwhile is told afterwards.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type ExitCode, UserError } from '../error.ts'
import type { TalkEvent } from '../session/command.ts'
import type { OfferKind } from '../session/offers.ts'
import { exitCodeOf, hasScreen, uiFor } from './commands/chat.ts'
import type { ProfileContext } from './context.ts'
import { converse, type Lines } from './conversing.ts'
import { explainTakeFault, takeFault } from './faults.ts'
import { usage } from './options.ts'
import { printJson, remark } from './print.ts'
import { askOffer, readOfferLine, waitForEnter } from './prompts/offerprompt.ts'
import { safeName, safeTitle, words } from './safetext.ts'
import { onLeavingSignal } from './terminal.ts'
import type { Ui, UiEnd, UiOptions } from './ui.ts'

export interface ExchangeArguments {
  readonly alias: string
  /** The buddy's line is the first of stdin. */
  readonly isPiped: boolean
  readonly hasQr: boolean // --qr
  /** 112 hex digits: whoever answers under another key is refused. */
  readonly fingerprint: string | undefined
}

export async function exchange(
  given: ProfileContext,
  kind: OfferKind,
  { alias, isPiped, hasQr, fingerprint }: ExchangeArguments,
): Promise<ExitCode> {
  if (!isPiped && !given.isInteractive && given.stdin.isTTY)
    throw usage(
      `there is nobody to ask for the ${other[kind]}`,
      `give it on stdin: otrtalk ${kind} ${alias} -`,
    )
  // Nothing is published, and nobody is asked.
  const context = { ...given, options: { ...given.options, dht: false } }
  const asks = !isPiped && given.isInteractive && !given.options.json
  const openUi = (options: UiOptions, lines: Lines): Ui =>
    new Exchange(options, { context, kind, lines, hasQr, asks, openUi: uiFor(context) })
  return exitCodeOf(await converse({ context, command: kind, alias, fingerprint, openUi }))
}

export interface ExchangeOptions {
  readonly context: ProfileContext
  readonly kind: OfferKind
  readonly lines: Lines
  readonly hasQr: boolean
  /** There is somebody to ask: else the line comes on stdin. */
  readonly asks: boolean
  readonly openUi: (options: UiOptions) => Promise<Ui>
}

/** Stands before the Ui of the conversation until lines were exchanged, or are not needed any more. */
export class Exchange implements Ui {
  readonly done: Promise<UiEnd>
  readonly #options: UiOptions
  readonly #by: ExchangeOptions
  readonly #name: string
  readonly #over = new AbortController() // nothing is asked from here on
  readonly #told: TalkEvent[] = []
  readonly #ended: Promise<UiEnd>
  readonly #signals: Disposable
  #ui: Ui | undefined
  #isSecured = false
  #isLeft = false

  constructor(options: UiOptions, by: ExchangeOptions) {
    this.#options = options
    this.#by = by
    this.#name = options.buddy ?? ''
    let end: (end: UiEnd) => void = () => {}
    this.#ended = new Promise((resolve) => {
      end = resolve
    })
    this.#signals = onLeavingSignal((signal) => {
      end({ kind: 'signal', signal })
      this.#leave()
    })
    // Not at once: the caller has what the lines come from only after it has us.
    this.done = Promise.race([this.#ended, sleep(0).then(() => this.#run())])
    this.done.catch(() => {}) // heard by whoever awaits it, unless something else ended it before
  }

  tell(event: TalkEvent): void {
    if (this.#ui) this.#ui.tell(event)
    else this.#told.push(event)
    if (event.kind !== 'secured') return
    this.#isSecured = true
    if (this.#by.asks) this.#over.abort() // he has found us: what is asked for is not needed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leave()
    this.#signals[Symbol.dispose]()
    await this.#ui?.[Symbol.asyncDispose]()
    this.#options.stdin.pause() // else it keeps the process alive
  }

  async #run(): Promise<UiEnd> {
    const { kind } = this.#by
    if (kind === 'answer') await this.#takeLine()
    if (!this.#isOver) await this.#gathered()
    if (!this.#isOver) await this.#giveLine()
    if (!this.#isOver && kind === 'offer') await this.#takeLine()
    if (this.#isLeft) return this.#ended
    return await this.#converse()
  }

  #leave(): void {
    this.#isLeft = true
    this.#over.abort()
  }

  get #isOver(): boolean {
    return this.#over.signal.aborted
  }

  async #converse(): Promise<UiEnd> {
    this.#signals[Symbol.dispose]()
    const ui = await this.#by.openUi({ ...this.#options, patience })
    if (this.#isLeft) {
      await ui[Symbol.asyncDispose]()
      return await ui.done
    }
    this.#ui = ui
    for (const event of this.#told.splice(0)) ui.tell(event)
    return await ui.done
  }

  /** Where we can be reached is asked of routers and servers, that may not answer. */
  async #gathered(): Promise<void> {
    const { lines, context } = this.#by
    for (let waited = 0; waited < longestWait && !lines.isGathered && !this.#isOver; waited += pollEvery) {
      if (waited === silentWait) remark(context, words`finding out where you can be reached, at most 3 s`)
      await sleep(pollEvery)
    }
  }

  async #giveLine(): Promise<void> {
    const { context, lines, kind, hasQr, asks } = this.#by
    const line = lines.offer(kind)
    if (line === undefined) {
      throw new UserError('this machine has no address that could be told', {
        hint: 'is it connected to a network? otrtalk interfaces lists what can be used',
        exit: 6,
      })
    }
    const buddy = this.#name
    if (context.options.json) printJson(context, { event: kind, buddy, line })
    else context.stdout.write(`${line}\n`)
    if (hasQr) await this.#showQr(line)
    const name = safeName(buddy)
    remark(
      context,
      kind === 'offer'
        ? words`give this line to ${name}, who types: otrtalk answer <your name there>`
        : words`give this line to ${name}, whose otrtalk waits for it`,
    )
    remark(context, words`between two networks it needs IPv6, a mapped port, or --stun at both ends`)
    // The screen covers what stands there.
    if (kind === 'answer' && asks && hasScreen(context))
      await waitForEnter(context, words`press Enter when ${name} has it `, this.#over.signal)
  }

  async #showQr(line: string): Promise<void> {
    const { context } = this.#by
    const { drawsQr, qrText } = await import('./prompts/qr.ts')
    if (drawsQr(context)) context.stderr.write(`${qrText(line.toUpperCase())}\n`)
    else remark(context, words`this terminal cannot show a QR code`)
  }

  /** The buddy's line, asked for until it is right; in a script there is one. */
  async #takeLine(): Promise<void> {
    const { context, lines, kind, asks } = this.#by
    const name = safeName(this.#name)
    const wanted = other[kind]
    for (;;) {
      const taken = asks
        ? await askOffer(context, words`the ${safeTitle(wanted)} of ${name}: `, {
            take: (line) => lines.take(line),
            signal: this.#over.signal,
          })
        : await readOfferLine(context.stdin, { take: (line) => lines.take(line), signal: this.#over.signal })
      if (this.#isOver || taken === 'taken') return
      if (taken === 'ended') {
        if (this.#isSecured) return
        throw usage(`no ${wanted} came on standard input`, `it is a line that ${this.#name} gives you`)
      }
      if (!asks && this.#isSecured) return
      if (!asks) throw takeFault(taken, this.#name, kind)
      const { message, hint } = explainTakeFault(taken, this.#name, kind)
      remark(context, safeTitle(message, longestRow))
      remark(context, words`hint: ${safeTitle(hint, longestRow)}`)
    }
  }
}

/** What the other side gives. */
const other = { offer: 'answer', answer: 'offer' } as const

const longestWait = 3_000 // ms: two questions to a server, or a router's answer
const patience = 600_000 // ms: after the end of stdin, for people who carry a line
const pollEvery = 50 // ms
const silentWait = 500 // ms: nobody wonders before
const longestRow = 200 // columns of a remark
