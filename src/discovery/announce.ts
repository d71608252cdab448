/**
 * Tells BEP 5's nodes that we are under an info hash: the fallback where few nodes keep items (BEP 44). Most
 * clients keep such a peer for half an hour.
 */
import type { Question } from './krpc.ts'
import { k, type Storer } from './lookup.ts'
import type { InfoHash } from './place.ts'
import type { Order } from './watch.ts'

export interface AnnounceOptions {
  readonly place: InfoHash
  /** Ours as others see it, as far as we know it. */
  readonly port: () => number | undefined
  readonly now: number
}

export class Announce {
  readonly place: InfoHash
  readonly #port: () => number | undefined
  #isLooking = false
  #lookAt: number
  #due: Storer[] = []
  #failures = 0 // lookups in a row that gave nobody to tell

  constructor({ place, port, now }: AnnounceOptions) {
    this.place = place
    this.#port = port
    this.#lookAt = now
  }

  get deadline(): number {
    if (this.#due.length > 0) return -Infinity
    return this.#isLooking ? Infinity : this.#lookAt
  }

  *drain(now: number): Generator<Order> {
    const { target } = this.place
    const port = this.#port()
    for (const { address, token } of this.#due.splice(0)) {
      if (token === undefined || port === undefined) continue
      // Who knows `implied_port` takes the port we send from, which a NAT may have changed; others the one we say.
      const question: Question = { kind: 'announce_peer', target, port, isImplied: true, token }
      yield { kind: 'ask', to: address, question, isIdle: false }
    }
    if (this.#isLooking || now < this.#lookAt) return
    if (port === undefined) {
      this.#lookAt = now + minRetry
      return
    }
    this.#isLooking = true
    this.#lookAt = now + announceEvery
    yield { kind: 'look', target, question: { kind: 'get_peers', target }, isUrgent: true }
  }

  looked(closest: readonly Storer[], now: number): void {
    this.#isLooking = false
    this.#due = closest.filter(({ token }) => token !== undefined).slice(0, k)
    if (this.#due.length > 0) this.#failures = 0
    else this.#lookAt = Math.min(this.#lookAt, now + Math.min(maxRetry, minRetry * 2 ** this.#failures++))
  }
}

const announceEvery = 15 * 60_000 // ms
const minRetry = 5_000 // ms, doubled
const maxRetry = 5 * 60_000 // ms
