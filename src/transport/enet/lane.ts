/** The sending side of one channel: the numbers it gave, and what is sent under them. */
import type { Command } from './command.ts'
import { type Outgoing, Ring } from './flight.ts'
import { maxSpan, pieceCost, wholeCost } from './limits.ts'
import { next, SendWindows } from './sequence.ts'

/** What the receiver may have to hold of all channels: what was sent beyond the first command of each that it lacks. */
export interface Beyond {
  octets: number
}

export class Lane {
  readonly #beyond: Beyond
  readonly sent = new Ring()
  readonly #windows = new SendWindows()
  #sequence = 0
  #unreliable = 0
  #oldest = 1 // the first number that is not acknowledged
  #last = 0 // the last number that was sent
  #octets = 0 // of the receiver's memory, for all that was sent
  #span = 0 // of these, from the oldest on

  constructor(beyond: Beyond) {
    this.#beyond = beyond
  }

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

  /**
   * May a command not be sent for the first time? The receiver holds what comes
   * after a gap, within bounds of numbers and octets: beyond them it would be refused. A
   * little each channel always has, so that none waits for the gap of another.
   */
  mustWait(item: Outgoing): boolean {
    if (this.#windows.mustWait(item.command.sequence)) return true
    const cost = costOf(item)
    return this.#span + cost > ownSpan && this.#beyond.octets + cost > maxSpan
  }

  /** A command goes out for the first time. */
  sends(item: Outgoing): void {
    const { sequence } = item.command
    const cost = costOf(item)
    this.#windows.sent(sequence)
    this.sent.set(item)
    this.#last = sequence
    item.position = this.#octets
    this.#octets += cost
    this.#span += cost
    this.#beyond.octets += cost
  }

  acknowledged(sequence: number): void {
    this.sent.delete(sequence)
    this.#windows.acknowledged(sequence)
    if (sequence === this.#oldest) this.#advance()
  }

  #advance(): void {
    const end = next(this.#last)
    let oldest: Outgoing | undefined
    while (!oldest && this.#oldest !== end) {
      this.#oldest = next(this.#oldest)
      oldest = this.sent.get(this.#oldest)
    }
    if (!oldest) this.sent.shrink()
    const span = oldest ? this.#octets - oldest.position : 0
    this.#beyond.octets += span - this.#span
    this.#span = span
  }
}

const ownSpan = 65_536 // octets

/** Octets of the receiver's memory. */
const costOf = ({ command, size }: Outgoing): number =>
  size + (command.kind === 'send-fragment' ? pieceCost : wholeCost)
