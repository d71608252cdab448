/** The one buddy of a Ui, that knows him by the alias he had when it was opened. */
import type { Command, TalkEvent } from '../session/command.ts'

export class Called {
  readonly #first: string | undefined
  #now: string | undefined

  /** @param alias - `undefined` where there are several: those are called as they are */
  constructor(alias: string | undefined) {
    this.#first = alias
    this.#now = alias
  }

  /** What he is called now. */
  get name(): string | undefined {
    return this.#now
  }

  hear(event: TalkEvent): void {
    if (event.kind === 'renamed' && event.buddy === this.#now) this.#now = event.to
  }

  /** As it is meant. */
  meant(command: Command): Command {
    return this.#now !== undefined && command.buddy === this.#first
      ? { ...command, buddy: this.#now }
      : command
  }
}
