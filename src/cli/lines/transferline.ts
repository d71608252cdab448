/**
 * Which phase runs, and how far a transfer is: in one line at the bottom that
 * is written over where stderr is a terminal; elsewhere a line now and then.
 */
import type { TalkEvent } from '../../session/command.ts'
import { explainProgress } from '../explaintransfer.ts'
import { clip, type SafeText, words } from '../safetext.ts'
import { Progress } from './progress.ts'

export class TransferLine implements Disposable {
  readonly #out: NodeJS.WriteStream
  readonly #phases = new Progress((text) => this.print(text))
  #isShown = false
  #saidAt = -Infinity

  constructor(out: NodeJS.WriteStream) {
    this.#out = out
  }

  /** @param transfer - which alone is shown */
  hear(event: TalkEvent, transfer: string | undefined): void {
    this.#phases.hear(event)
    if (event.kind === 'progress' && event.transfer === transfer) this.#show(event)
  }

  #show(event: TalkEvent & { kind: 'progress' }): void {
    const text = explainProgress(event)
    if (this.#out.isTTY) {
      this.#out.write(`\r${clip(text, Math.max(minColumns, this.#out.columns - 1))}${toEnd}`)
      this.#isShown = true
    } else if (performance.now() >= this.#saidAt + sayGap) {
      this.#saidAt = performance.now()
      this.#out.write(`${text}\n`)
    }
  }

  /** A line that stays, above it. */
  print(text: SafeText): void {
    this.#clear()
    this.#out.write(words`${text}\n`)
  }

  [Symbol.dispose](): void {
    this.#phases[Symbol.dispose]()
    this.#clear()
  }

  #clear(): void {
    if (this.#isShown) this.#out.write(`\r${toEnd}`)
    this.#isShown = false
  }
}

const toEnd = '\x1b[K' // clears the rest of the line
const sayGap = 10_000 // ms
const minColumns = 20
