/**
 * What both ends of a transfer do alike: it is paused by either or both, its
 * state is told when it is another, and what is to be done waits in order.
 */
import { isSame, pausedState, says, type Words } from './ending.ts'
import type { Answer, TransferId } from './offer.ts'
import type { Party, TransferOutput, TransferState } from './transfer.ts'

export class Course {
  readonly transfer: TransferId
  readonly #pausedBy = new Set<Party>()
  readonly #outputs: TransferOutput[] = []
  #told: TransferState | undefined

  constructor(transfer: TransferId) {
    this.transfer = transfer
  }

  /** Of one that was accepted. */
  get state(): TransferState {
    return pausedState(this.#pausedBy)
  }

  get isPaused(): boolean {
    return this.#pausedBy.size > 0
  }

  get isPausedByUs(): boolean {
    return this.#pausedBy.has('us')
  }

  /** Whether `take` has something. @param state - of the transfer, by now */
  isDue(state: TransferState): boolean {
    return this.#outputs.length > 0 || !isSame(state, this.#told)
  }

  /** What waits, and the state if it is another than was told. */
  take(state: TransferState): readonly TransferOutput[] {
    if (!isSame(state, this.#told)) {
      this.#told = state
      this.push({ kind: 'event', event: { kind: 'state', state } })
    }
    return this.#outputs.splice(0)
  }

  push(output: TransferOutput): void {
    this.#outputs.push(output)
  }

  say(words: Words): void {
    this.push({ kind: 'answer', answer: { transfer: this.transfer, ...words } })
  }

  /** By our user. @param isAccepted - else nobody has to hear of it yet */
  steer(verb: 'pause' | 'go', { isAccepted }: { readonly isAccepted: boolean }): void {
    if (verb === 'pause') this.#pausedBy.add('us')
    else this.#pausedBy.delete('us')
    if (isAccepted) this.say(says(verb))
  }

  hear({ verb }: Answer): void {
    if (verb === 'pause') this.#pausedBy.add('them')
    if (verb === 'go') this.#pausedBy.delete('them')
  }

  /** In the next session the other side says again that it has paused. */
  disconnect(): void {
    this.#pausedBy.delete('them')
  }
}
