/**
 * The bottleneck's rate from packet trains: packets that left together pass it
 * one by one, so their acknowledgements come spaced by its rate, long before
 * sending that fast has filled its queue. It is a hint, for the first search
 * of the path's rate only: where it is not told, or wrong, that goes on without.
 */
import type { Packet } from '../congestion.ts'

export class Trains {
  readonly #estimates: number[] = []
  #left = -1 // ms: when the train being heard left
  #first = { at: 0, sent: 0 } // of its first acknowledgements
  #last = { at: 0, sent: 0 }
  #count = 0

  /** Octets per ms, a median; Infinity as long as nothing is known. */
  get rate(): number {
    if (this.#estimates.length < enough) return Infinity
    return this.#estimates.toSorted((a, b) => a - b)[this.#estimates.length >> 1]!
  }

  acknowledged({ sentAt, snapshot, attempts }: Packet, now: number): void {
    if (!snapshot || attempts > 1) return
    if (sentAt !== this.#left) {
      if (sentAt < this.#left) return
      this.#end()
      this.#left = sentAt
      this.#first = { at: now, sent: snapshot.sent }
      this.#count = 0
    }
    // Those that a busy receiver acknowledges together waited for the last of them.
    if (now === this.#first.at) this.#first.sent = Math.max(this.#first.sent, snapshot.sent)
    if (snapshot.sent > this.#last.sent || this.#count === 0) this.#last = { at: now, sent: snapshot.sent }
    this.#count++
  }

  #end(): void {
    const time = this.#last.at - this.#first.at
    if (this.#count < shortest || time < briefest) return
    this.#estimates.push((this.#last.sent - this.#first.sent) / time)
    if (this.#estimates.length > kept) this.#estimates.shift()
  }
}

const shortest = 8 // packets
const briefest = 1 // ms: less drowns in the noise of an event loop
const kept = 5
const enough = 1
