/** As whom the world sees us: the majority of what distinct nodes say (`ip`, BEP 42). */
import type { Address } from '../machine.ts'
import { hostOf, networkOf } from './reach.ts'

export class Votes {
  readonly #votes = new Map<string, Address>() // by the voter's network or host: one has one vote
  #winner: Address | undefined

  /** The address more than half of the voters name; the last that had a majority while none has. */
  get winner(): Address | undefined {
    return this.#winner
  }

  /** Counts a vote; true if the winner changed. One node of the internet alone decides nothing: it may lie. */
  cast(voter: Address, seen: Address): boolean {
    const network = networkOf(voter)
    const key = network ?? hostOf(voter)
    this.#votes.delete(key)
    this.#votes.set(key, seen)
    if (this.#votes.size > maxVotes) this.#votes.delete(this.#votes.keys().next().value!)
    return (network === undefined || this.#votes.size > 1) && this.#elect(seen)
  }

  /** There is nobody else to ask: a private network of one node; true if the winner changed. */
  settle(): boolean {
    const [only] = this.#votes.values()
    return only !== undefined && this.#votes.size === 1 && this.#elect(only)
  }

  #elect(seen: Address): boolean {
    let count = 0
    for (const address of this.#votes.values()) if (address === seen) count++
    if (count * 2 <= this.#votes.size || this.#winner === seen) return false
    this.#winner = seen
    return true
  }
}

const maxVotes = 31 // the latest: an address may change while we are up
