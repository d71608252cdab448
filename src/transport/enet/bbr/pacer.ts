/**
 * Pacing by credit (draft-ietf-ccwg-bbr, "Pacing Rate", "Send Quantum"): a
 * timer of node's fires once a millisecond at best, so what was due meanwhile
 * leaves at once.
 */
export class Pacer {
  /** Octets per ms; 0: not paced. */
  rate = 0
  /** Octets that may leave together after a pause. */
  burst = 0
  /** Octets that are waited for, to leave together: 0, each packet on its own. */
  quantum = 0
  #next = -Infinity // when the next packet would leave, one after the other
  #at = -Infinity

  /** When something may be sent. */
  get at(): number {
    return this.rate > 0 ? this.#at : -Infinity
  }

  sent(octets: number, now: number): void {
    if (this.rate === 0) return
    this.#next = Math.max(this.#next, now - this.burst / this.rate) + octets / this.rate
    const wait = this.#next > now ? Math.max(0, this.quantum - octets) / this.rate : 0
    this.#at = this.#next + wait
  }

  /** What was sent is forgotten. */
  reset(): void {
    this.#next = this.#at = -Infinity
  }
}
