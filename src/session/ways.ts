/**
 * All ways to one buddy: an `Approach` for each secret that the two share. One
 * as a rule; two while an invite code or a former discovery key still serves.
 */
import type { Datagram, Local, Notice, Output } from '../machine.ts'
import type { Mapping } from '../nat/mapping.ts'
import type { Goal } from '../nat/way.ts'
import type { Pair } from '../profile/pair.ts'
import { Approach, type ApproachEvent, type ApproachOptions } from './approach.ts'
import type { Found, Near } from './whereabouts.ts'

/** And which secret it is about. */
export type WaysEvent = ApproachEvent & { readonly pair: Pair }

export class Ways {
  readonly #options: Omit<ApproachOptions, 'pair'>
  #approaches = new Map<Pair, Approach>()
  #closed: Approach[] = [] // their ends are to be closed
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
    if (this.#closed.length > 0) return -Infinity
    return Math.min(...this.#all().map(({ deadline }) => deadline))
  }

  /** Only these from here on; those that stay go on as they are. */
  change(pairs: readonly Pair[]): void {
    const kept = new Map<Pair, Approach>()
    for (const pair of pairs) kept.set(pair, this.#approaches.get(pair) ?? this.#approach(pair))
    for (const [pair, approach] of this.#approaches) if (!kept.has(pair)) this.#close(approach)
    this.#approaches = kept
  }

  found(pair: Pair, found: Found, now: number): void {
    this.#approaches.get(pair)?.found(found, now)
  }

  /** He was heard on our link. */
  near(pair: Pair, near: Near, now: number): void {
    this.#approaches.get(pair)?.near(near, now)
  }

  /** He is, or may be, at these too. */
  hear(pair: Pair, goals: readonly Goal[], now: number): void {
    this.#approaches.get(pair)?.hear(goals, now)
  }

  /** Every address he may be at, as far as is known. */
  get goals(): readonly Goal[] {
    return this.#all().flatMap(({ goals }) => goals)
  }

  /** An attempt opened this end. */
  owns(local: Local): boolean {
    return this.#all().some((approach) => approach.owns(local))
  }

  measured(local: Local, mapping: Mapping, now: number): void {
    for (const approach of this.#all()) approach.measured(local, mapping, now)
  }

  notice(notice: Notice, now: number): void {
    for (const approach of this.#all()) approach.notice(notice, now)
  }

  /** Our own network is another one. */
  moved(now: number): void {
    for (const approach of this.#all()) approach.moved(now)
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

  /** In the conversation he is overdue. */
  silent(now: number): void {
    for (const approach of this.#all()) approach.silent(now)
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
    this.change([])
  }

  *drain(now: number): Generator<Output<WaysEvent>> {
    // What they opened is closed; what they would tell is of no use.
    for (const approach of this.#closed.splice(0))
      for (const out of approach.drain(now)) {
        if (out.kind !== 'event') yield out
        else if (out.event.kind === 'reached') this.#options.release(out.event.established.index)
      }
    for (const [pair, approach] of [...this.#approaches]) {
      for (const out of approach.drain(now)) {
        if (out.kind !== 'event') yield out
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

  #close(approach: Approach): void {
    approach.close()
    this.#closed.push(approach)
  }

  #all(): readonly Approach[] {
    return [...this.#approaches.values()]
  }
}
