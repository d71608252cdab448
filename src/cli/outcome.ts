/** How a Ui with one thing to do ends: once, with what came of it, by a fault, or by a signal to leave. */
import { onLeavingSignal } from './terminal.ts'
import type { UiEnd } from './ui.ts'

export class Outcome implements Disposable {
  readonly done: Promise<UiEnd>
  readonly #signals: Disposable
  #settle: (end: UiEnd) => void = () => {}
  #reject: (error: Error) => void = () => {}

  constructor() {
    this.done = new Promise((resolve, reject) => {
      this.#settle = resolve
      this.#reject = reject
    })
    this.done.catch(() => {}) // heard by whoever awaits it, unless something else ended it before
    this.#signals = onLeavingSignal((signal) => this.end({ kind: 'signal', signal }))
  }

  /** Signals are no more its own. */
  [Symbol.dispose](): void {
    this.#signals[Symbol.dispose]()
  }

  end(end: UiEnd): void {
    this.#settle(end)
  }

  fail(error: Error): void {
    this.#reject(error)
  }

  /** Exit code 0 means that it is done, whoever reads of it: a reader who goes ends nothing. */
  outlive(output: NodeJS.WriteStream): void {
    output.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') this.fail(error)
    })
  }
}
