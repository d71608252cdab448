/**
 * The Noise initiator's rule for knocks: one is answered with the init, which
 * is as long, at most once a second an address, and with nothing else. What a
 * knock says is known to whoever heard it before; so an answer is all it gets.
 */
import type { Address } from '../../machine.ts'

export class Knocks {
  readonly #answered = new Map<Address, number>() // when, ms; the oldest first

  /**
   * Whether the init is to go to `peer`: asked once for each knock that `readKnock` took.
   *
   * @param isKnown - the buddy is expected there: no crowd of strangers takes his place
   */
  mayAnswer(peer: Address, { isKnown }: { readonly isKnown: boolean }, now: number): boolean {
    const last = this.#answered.get(peer)
    if (last !== undefined && now - last < gap) return false
    if (last === undefined && !this.#makeRoom(now) && !isKnown) return false
    this.#answered.delete(peer)
    this.#answered.set(peer, now)
    return true
  }

  #makeRoom(now: number): boolean {
    if (this.#answered.size < maxAnswered) return true
    const [oldest] = this.#answered
    if (!oldest || now - oldest[1] < gap) return false
    return this.#answered.delete(oldest[0])
  }
}

const gap = 1_000 // ms
const maxAnswered = 64 // what a record's candidates and a NAT's ports make, several times over
