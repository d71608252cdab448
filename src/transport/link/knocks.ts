/**
 * The Noise initiator's rule for knocks: one from a new address, or with a new
 * session id, is answered with the init, which is as long; at most once a
 * second an address, and by nothing else. A knock heard again is no news: its
 * sender is a candidate by then, and gets the init on the schedule of all.
 */
import { bytesToHex } from '@noble/hashes/utils.js'
import type { Address } from '../../machine.ts'

export class Knocks {
  readonly #answered = new Map<Address, Answered>() // the oldest first

  /** Whether the init is to go to `peer`: asked once for each knock that `readKnock` took. */
  mayAnswer(peer: Address, sessionId: Uint8Array, now: number): boolean {
    const session = bytesToHex(sessionId)
    const last = this.#answered.get(peer)
    if (last && (last.session === session || now - last.at < gap)) return false
    if (!last && !this.#makeRoom(now)) return false
    this.#answered.delete(peer)
    this.#answered.set(peer, { session, at: now })
    return true
  }

  #makeRoom(now: number): boolean {
    if (this.#answered.size < maxAnswered) return true
    const [oldest] = this.#answered
    if (!oldest || now - oldest[1].at < gap) return false
    return this.#answered.delete(oldest[0])
  }
}

interface Answered {
  readonly session: string
  readonly at: number // ms
}

const gap = 1_000 // ms
const maxAnswered = 64 // what a record's candidates and a NAT's ports make, several times over
