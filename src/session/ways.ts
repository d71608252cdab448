/**
 * All ways to one buddy: an `Approach` for each secret that the two share. One
 * as a rule; two while an invite code or a former discovery key still serves.
 */
import type { Datagram, Output, Path } from '../machine.ts'
import type { Pair } from '../profile/pair.ts'
import type { Established } from '../transport/link/sealed.ts'
import { Approach, type ApproachOptions, type Found } from './approach.ts'

export type WaysEvent =
  | { readonly kind: 'reached'; readonly established: Established; readonly path: Path; readonly pair: Pair }
  | { readonly kind: 'trying' }
  | { readonly kind: 'failed' }
  | { readonly kind: 'doubt' }
  | { readonly kind: 'displaced'; readonly index: number }

export class Ways {
  readonly #options: Omit<ApproachOptions, 'pair'>
  #approaches = new Map<Pair, Approach>()
  #isResting = false
  #run: Uint8Array | undefined

  constructor(pairs: readonly Pair[], options: Omit<ApproachOptions, 'pair'>) {
    this.#options = options
    this.change(pairs)
  }

  get pairs(): readonly Pair[] {
    return [...this.#approaches.keys()]
  }

  get deadline(): number {
    return Math.min(...this.#all().map(({ deadline }) => deadline))
  }

  /** Only these from here on; those that stay go on as they are. */
  change(pairs: readonly Pair[]): void {
    const kept = new Map<Pair, Approach>()
    for (const pair of pairs) kept.set(pair, this.#approaches.get(pair) ?? this.#approach(pair))
    for (const [pair, approach] of this.#approaches) if (!kept.has(pair)) approach.close()
    this.#approaches = kept
  }

  found(pair: Pair, found: Found, now: number): void {
    this.#approaches.get(pair)?.found(found, now)
  }

  receiveTagged(datagram: Datagram, { pair, epoch }: { pair: Pair; epoch: number }, now: number): void {
    this.#approaches.get(pair)?.receiveTagged(datagram, epoch, now)
  }

  receiveResponse(datagram: Datagram): void {
    for (const approach of this.#all()) approach.receiveResponse(datagram)
  }

  /** Which run of his program speaks in the conversation. */
  ran(run: Uint8Array): void {
    this.#run = run
    for (const approach of this.#all()) approach.ran(run)
  }

  rest(): void {
    this.#isResting = true
    for (const approach of this.#all()) approach.rest()
  }

  resume(pause: number, now: number): void {
    this.#isResting = false
    for (const approach of this.#all()) approach.resume(pause, now)
  }

  settle(index: number): void {
    for (const approach of this.#all()) approach.settle(index)
  }

  close(): void {
    for (const approach of this.#all()) approach.close()
    this.#approaches = new Map()
  }

  *drain(now: number): Generator<Output<WaysEvent>> {
    for (const [pair, approach] of [...this.#approaches]) {
      for (const out of approach.drain(now)) {
        if (out.kind !== 'event') yield out
        else if (out.event.kind !== 'reached') yield { kind: 'event', event: out.event }
        else yield { kind: 'event', event: { ...out.event, pair } }
      }
    }
  }

  #approach(pair: Pair): Approach {
    const approach = new Approach({ ...this.#options, pair })
    if (this.#run) approach.ran(this.#run)
    if (this.#isResting) approach.rest()
    return approach
  }

  #all(): readonly Approach[] {
    return [...this.#approaches.values()]
  }
}
