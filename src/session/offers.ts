/**
 * Lines that are exchanged with buddies by hand: what was offered to whom, and whether a line that came belongs
 * to it. Spec: "First contact", 3, in docs/Protocol.md.
 */
import type { Random } from '../crypto.ts'
import { type OfferFault, type OfferKind, readOffer, sealOffer } from '../discovery/offer.ts'
import type { PairKeys } from '../discovery/place.ts'
import type { Candidate } from '../discovery/record.ts'
import { moveKey } from '../keyed.ts'
import type { WallClock } from '../machine.ts'
import { epochOf, type Pair } from '../profile/pair.ts'

export type { OfferKind } from '../discovery/offer.ts'

/** Why a line is not taken. */
export type TakeFault =
  | OfferFault
  | 'offer' // and an answer is waited for: both have made an offer
  | 'answer' // and nothing was offered
  | 'other-offer' // it answers one of an earlier run, or one that a newer one replaced
  | 'unknown-buddy'

/** Where the buddy is, by his line. */
export interface TakenOffer {
  readonly kind: 'taken'
  readonly pair: Pair
  /** The hour of the link's keys, whatever the clocks say. */
  readonly epoch: number
  readonly sessionId: Uint8Array
  readonly candidates: readonly Candidate[]
}

interface Exchange {
  readonly pair: Pair
  readonly epoch: number
  readonly seq: number // of the offer
}

export interface OffersOptions {
  readonly random: Random
  readonly wall: WallClock
  /** Names this run of the program, as in records of the DHT. */
  readonly sessionId: Uint8Array
}

export class Offers {
  readonly #options: OffersOptions
  readonly #made = new Map<string, Exchange>() // by alias: offers of ours
  readonly #heard = new Map<string, Exchange>() // offers of theirs
  #seq = 0

  constructor(options: OffersOptions) {
    this.#options = options
  }

  /**
   * Our line; `undefined` if there is nothing to tell, or nothing to answer.
   *
   * @param pairs - an offer is sealed for the last, which he knows for certain: a former key of ours, or a code
   */
  make(
    kind: OfferKind,
    { alias, pairs, candidates }: { alias: string; pairs: readonly Pair[]; candidates: readonly Candidate[] },
    now: number,
  ): string | undefined {
    const exchange = kind === 'answer' ? this.#heard.get(alias) : this.#begin(pairs, now)
    if (!exchange || candidates.length === 0) return undefined
    if (kind === 'offer') this.#made.set(alias, exchange)
    const { pair, epoch, seq } = exchange
    const { random, wall, sessionId } = this.#options
    const record = { sessionId, timestamp: wall(now), startAt: 0, candidates }
    const named = kind === 'answer' ? seq + 1 : seq
    return sealOffer({ kind, pair: keysOf(pair), epoch, seq: named, record }, random)
  }

  /** What came from this buddy, or who says so. Whoever offers something waits for an answer, everybody else for an offer. */
  take(
    text: string,
    { alias, pairs }: { alias: string; pairs: readonly Pair[] },
    now: number,
  ): TakenOffer | TakeFault {
    const read = readOffer(text, pairs.map(keysOf), this.#options.wall(now))
    if (typeof read === 'string') return read
    const { kind, epoch, seq, record } = read
    const { pair } = read.pair
    const made = this.#made.get(alias)
    if (kind === 'offer' && made) return 'offer'
    if (kind === 'answer' && !made) return 'answer'
    const isToThis = made?.pair === pair && made.epoch === epoch && made.seq + 1 === seq
    if (kind === 'answer' && !isToThis) return 'other-offer'
    if (kind === 'offer') this.#heard.set(alias, { pair, epoch, seq })
    const { sessionId, candidates } = record
    return { kind: 'taken', pair, epoch, sessionId, candidates }
  }

  /** The hours that lines to and from this buddy name: its links may come by the keys of these. */
  epochs(alias: string): readonly number[] {
    return [this.#made.get(alias), this.#heard.get(alias)].flatMap((named) => (named ? [named.epoch] : []))
  }

  /** The same buddy has another alias. */
  rename(alias: string, to: string): void {
    moveKey(this.#made, alias, to)
    moveKey(this.#heard, alias, to)
  }

  /** No exchange with this buddy is under way any more. */
  forget(alias: string): void {
    this.#made.delete(alias)
    this.#heard.delete(alias)
  }

  #begin(pairs: readonly Pair[], now: number): Exchange | undefined {
    const pair = pairs.at(-1)
    if (!pair) return undefined
    const wall = this.#options.wall(now)
    // Milliseconds, as no other run has; by two: the number of an answer is never that of another offer.
    this.#seq = Math.max(Math.floor(wall), this.#seq + 2)
    return { pair, epoch: epochOf(wall), seq: this.#seq }
  }
}

const keysOf = (pair: Pair): PairKeys & { readonly pair: Pair } => ({
  pair,
  own: pair.direction,
  key: (...which) => pair.key(...which),
})
