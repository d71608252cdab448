/**
 * The bottleneck's rate from packet trains: packets that left together pass it
 * one by one, so their acknowledgements come spaced by its rate, long before
 * sending that fast has filled its queue. It is a hint, for the first search
 * of the path's rate only: where it is not told, or wrong, that goes on without.
 */
import type { Packet } from '../packet.ts'

/** What was acknowledged at one time: all up to an octet that was sent. */
interface Arrival {
  readonly at: number
  sent: number
}

export class Trains {
  readonly #estimates: number[] = []
  #left = -1 // ms: when the train being heard left
  #arrivals: Arrival[] = []
  #count = 0

  /** Octets per ms, a median; Infinity as long as nothing is known. */
  get rate(): number {
    if (this.#estimates.length === 0) return Infinity
    return this.#estimates.toSorted((a, b) => a - b)[this.#estimates.length >> 1]!
  }

  /** As many as are of use have been measured. */
  get isKnown(): boolean {
    return this.#estimates.length === kept
  }

  acknowledged({ sentAt, snapshot, attempts }: Packet, now: number): void {
    if (!snapshot || attempts > 1 || sentAt < this.#left) return
    if (sentAt !== this.#left) this.#begin(sentAt)
    this.#count++
    const last = this.#arrivals.at(-1)
    if (last?.at === now) last.sent = Math.max(last.sent, snapshot.sent)
    else if (!last || snapshot.sent > last.sent) this.#arrivals.push({ at: now, sent: snapshot.sent })
  }

  /**
   * A receiver acknowledges together what came in one turn of its event loop:
   * the first of these turns began before the train came, and the last ends
   * after it, so what came between them counts.
   */
  #begin(sentAt: number): void {
    const [first, end] = [this.#arrivals[0], this.#arrivals.at(-2)]
    if (first && end && this.#count >= shortest && end.at - first.at >= briefest) {
      this.#estimates.push((end.sent - first.sent) / (end.at - first.at))
      if (this.#estimates.length > kept) this.#estimates.shift()
    }
    this.#left = sentAt
    this.#arrivals = []
    this.#count = 0
  }
}

const shortest = 8 // packets
const briefest = 1 // ms: less drowns in the noise of an event loop
const kept = 3
