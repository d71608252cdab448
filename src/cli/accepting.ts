/**
 * `listen --accept-from`: stands before the Ui that prints what comes, and
 * answers every offer at once, as nobody is there to be asked.
 */
import { hasEnded, type TalkEvent, type TransferTold } from '../session/command.ts'
import { followNames } from './called.ts'
import type { Ui, UiEnd, UiOptions } from './ui.ts'

export interface Acceptance {
  /** Aliases. */
  readonly from: readonly string[]
  /** Absolute, and there. */
  readonly into: string
  /** Of what is accepted and not done with: octets, and `entryCost` for each file and folder; Infinity: any number. */
  readonly max: number
}

type Offered = TalkEvent & { readonly kind: 'offered' }

export class Accepting implements Ui {
  readonly done: Promise<UiEnd>
  readonly #ui: Ui
  readonly #act: UiOptions['act']
  readonly #acceptance: Acceptance | undefined
  readonly #from: Set<string>
  readonly #under = new Map<string, number>() // what was accepted costs, by transfer

  /** @param acceptance - without, nothing is accepted */
  constructor(ui: Ui, { act }: Pick<UiOptions, 'act'>, acceptance: Acceptance | undefined) {
    this.#ui = ui
    this.#act = act
    this.#acceptance = acceptance
    this.#from = new Set(acceptance?.from)
    this.done = ui.done
  }

  tell(event: TalkEvent): void {
    this.#ui.tell(event)
    followNames(this.#from, event)
    if (event.kind === 'offered') this.#answer(event)
    if (event.kind === 'transfer') this.#follow(event)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.#ui[Symbol.asyncDispose]())
  }

  #follow({ buddy, transfer, direction, state, message }: TransferTold): void {
    if (direction === 'out') return
    if (hasEnded(state)) this.#under.delete(transfer)
    // What we took could not be begun: there is nobody to try again.
    if (state === 'offered' && message !== undefined)
      this.#act({ kind: 'reject', buddy, transfer, why: 'disk' })
  }

  #answer({ buddy, transfer, form, octets = 0, files = 0, folders = 0 }: Offered): void {
    const { into, max } = this.#acceptance ?? none
    const isWanted = this.#from.has(buddy) && form === 'files'
    const cost = octets + entryCost * (files + folders)
    this.#under.delete(transfer) // offered again before our answer was heard: it counts once
    const waiting = [...this.#under.values()].reduce((sum, each) => sum + each, 0)
    if (isWanted && cost + waiting <= max) {
      this.#under.set(transfer, cost)
      this.#act({ kind: 'accept', buddy, transfer, into, once: true })
    } else this.#act({ kind: 'reject', buddy, transfer, why: isWanted ? 'large' : 'policy' })
  }
}

/** Octets: the block that a disk gives to what is empty. */
const entryCost = 4_096
const none: Acceptance = { from: [], into: '', max: 0 }
