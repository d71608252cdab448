/**
 * One direction of a line: a drop-tail queue before a link of some rate, then
 * a delay on which datagrams may be lost, doubled and overtaken.
 */
import { mulberry32 } from '../network.ts'

export interface Conditions {
  readonly delay: number // ms
  readonly jitter: number // ms more at most; nobody overtakes by it
  readonly rate: number // Mbit/s; 0: any
  readonly queue: number // datagrams that may wait for the link
  readonly loss: number // 0..1
  readonly reorder: number // 0..1: so many come `late`, and are overtaken
  readonly late: number // ms
  readonly duplication: number // 0..1
  readonly isDown: boolean // all is lost
}

/** What became of the datagrams since `measure`. */
export interface Tally {
  readonly datagrams: number // that were sent, whatever became of them
  readonly octets: number // of those, without IP and UDP
  readonly carried: number // octets that passed the link, with IP and UDP
  readonly lost: number
  readonly dropped: number // the queue was full
  readonly queue: { readonly max: number; readonly mean: number } // datagrams, as each one leaves it
  readonly wait: { readonly max: number; readonly mean: number } // ms in the queue
  readonly utilisation: number // 0..1 of the link's time
}

export class Way {
  #conditions: Conditions
  readonly #random: () => number
  readonly #waiting: number[] = [] // when each datagram's turn on the link comes
  #first = 0 // of those that wait still
  #freeAt = -Infinity // the link
  #lastAt = -Infinity // of what nobody overtakes
  #since = 0
  #counts = zero()

  constructor(conditions: Conditions, seed: number) {
    this.#conditions = conditions
    this.#random = mulberry32(seed)
  }

  get conditions(): Conditions {
    return this.#conditions
  }

  /** From here on; what waits for the link keeps its turn. */
  change(conditions: Partial<Conditions>): void {
    this.#conditions = { ...this.#conditions, ...conditions }
    this.#lastAt = -Infinity // on a shorter way one overtakes those on the longer
  }

  /** When a datagram arrives: never, once or twice. */
  carry(octets: number, now: number): readonly number[] {
    const { loss, isDown, delay, jitter, reorder, late, duplication } = this.#conditions
    const counts = this.#counts
    counts.datagrams++
    counts.octets += octets
    const leaves = this.#leave((octets + ipAndUdp) * 8, now)
    if (leaves === undefined) {
      counts.dropped++
      return nothing
    }
    counts.carried += octets + ipAndUdp
    if (isDown || this.#random() < loss) {
      counts.lost++
      return nothing
    }
    const at = Math.max(leaves + delay + this.#random() * jitter, this.#lastAt)
    this.#lastAt = at
    const arrives = this.#random() < reorder ? at + late : at
    return this.#random() < duplication ? [arrives, arrives + this.#random() * (jitter + 1)] : [arrives]
  }

  /** Counts anew. */
  measure(now: number): void {
    this.#counts = zero()
    this.#since = now
  }

  tally(now: number): Tally {
    const { datagrams, octets, carried, lost, dropped, busy, queued, waited, mostQueued, longest } =
      this.#counts
    const passed = Math.max(1, datagrams - dropped)
    const utilisation = Math.min(1, busy / Math.max(now - this.#since, 1e-9))
    return {
      ...{ datagrams, octets, carried, lost, dropped, utilisation },
      queue: { max: mostQueued, mean: queued / passed },
      wait: { max: longest, mean: waited / passed },
    }
  }

  /** When it has left the link; `undefined`: the queue is full. */
  #leave(bits: number, now: number): number | undefined {
    const { rate, queue } = this.#conditions
    if (rate === 0) return now
    while (this.#first < this.#waiting.length && this.#waiting[this.#first]! <= now) this.#first++
    if (this.#first > 1_024) this.#first -= this.#waiting.splice(0, this.#first).length
    const before = this.#waiting.length - this.#first
    const turn = Math.max(now, this.#freeAt)
    if (turn > now && before >= queue) return undefined
    if (turn > now) this.#waiting.push(turn)
    const waiting = turn > now ? before + 1 : 0
    const takes = bits / (rate * 1_000) // ms
    this.#freeAt = turn + takes
    const counts = this.#counts
    counts.busy += takes
    counts.queued += waiting
    counts.waited += turn - now
    counts.mostQueued = Math.max(counts.mostQueued, waiting)
    counts.longest = Math.max(counts.longest, turn - now)
    return this.#freeAt
  }
}

const zero = () => ({
  datagrams: 0,
  octets: 0,
  carried: 0,
  lost: 0,
  dropped: 0,
  busy: 0, // ms
  queued: 0,
  waited: 0, // ms
  mostQueued: 0,
  longest: 0, // ms
})

const ipAndUdp = 28 // octets
const nothing: readonly number[] = []
