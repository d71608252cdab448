/** What buddies are called by now, for who knew them by an earlier alias. */
import type { Command, TalkEvent } from '../session/command.ts'

/** The one buddy of a Ui, that knows him by the alias he had when it was opened. */
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

/** Who was renamed keeps his place in `names`; who was removed does not, as another may have the name by and by. */
export function followNames(names: Set<string>, event: TalkEvent): void {
  if (event.kind === 'renamed' && names.delete(event.buddy)) names.add(event.to)
  if (event.kind === 'removed') names.delete(event.buddy)
}
