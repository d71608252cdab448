/**
 * How a buddy is being reached, as the user is told it: phases, and once each
 * why nothing came of it. It decides nothing.
 */
import type { Clocks, Phase, Refused, TalkEvent, Unreached } from './command.ts'

/** Its methods yield what is to be told, without the buddy; `undefined` if that is nothing new. */
export class Search {
  #since: number // when looking began
  #phase: Phase | undefined // none: there is a conversation, or was a moment ago
  #unreached: Unreached | undefined // told since looking began
  #refused: { readonly why: Refused; readonly at: number } | undefined // told last

  constructor(now: number) {
    this.#since = now
  }

  get phase(): Phase | undefined {
    return this.#phase
  }

  get unreached(): Unreached | undefined {
    return this.#unreached
  }

  /** Why whoever answered was refused, since looking began. */
  get refusedFor(): Refused | undefined {
    return this.#refused && this.#refused.at >= this.#since ? this.#refused.why : undefined
  }

  /** Since looking began. */
  ms(now: number): number {
    return tenths(now - this.#since)
  }

  enter(phase: Phase, now: number): Told<'phase'> | undefined {
    if (this.#phase === phase) return undefined
    this.#phase = phase
    return { kind: 'phase', phase, ms: this.ms(now) }
  }

  failed(why: Unreached, now: number): Told<'unreached'> | undefined {
    if (this.#unreached === why) return undefined
    this.#unreached = why
    return { kind: 'unreached', why, ms: this.ms(now) }
  }

  /** Whoever is refused may come again six times a minute: it is told once. */
  refused(why: Refused, clocks: Clocks | undefined, now: number): Told<'refused'> | undefined {
    if (this.#refused?.why === why && now - this.#refused.at < tellAgain) return undefined
    this.#refused = { why, at: now }
    return { kind: 'refused', why, ...(clocks && { clocks }) }
  }

  /** There is a conversation. */
  ended(): void {
    this.#phase = undefined
    this.#unreached = undefined
  }

  /** There is none any more. */
  begin(now: number): void {
    this.#phase = undefined
    this.#since = now
  }
}

/** What is told, without the buddy. */
export type SearchEvent = Told<'phase'> | Told<'unreached'> | Told<'refused'>

type Told<Kind extends TalkEvent['kind']> = Omit<TalkEvent & { kind: Kind }, 'buddy'>

/** ms, as exact as anybody wants to read them. */
export const tenths = (ms: number): number => Math.round(ms * 10) / 10

const tellAgain = 600_000 // ms
