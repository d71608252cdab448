/** The sending side of one channel: the numbers it gave, and what is sent under them. */
import type { Command } from './command.ts'
import { Ring } from './flight.ts'
import { SendWindows } from './sequence.ts'

export class Lane {
  readonly windows = new SendWindows()
  readonly sent = new Ring()
  #sequence = 0
  #unreliable = 0

  /** The last reliable number. */
  get sequence(): number {
    return this.#sequence
  }

  /** The last unreliable one since. */
  get unreliable(): number {
    return this.#unreliable
  }

  /** The numbers of a command that is queued are given. */
  given(command: Command): void {
    if (command.kind === 'send-unreliable') this.#unreliable = command.unreliableSequence
    else if (command.kind === 'send-unreliable-fragment') this.#unreliable = command.start
    else if (command.kind !== 'send-unsequenced') {
      this.#sequence = command.sequence
      this.#unreliable = 0
    }
  }
}
