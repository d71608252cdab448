/**
 * Pacing by credit (draft-ietf-ccwg-bbr, "Pacing Rate"): a timer of node's
 * fires once a millisecond at best, so what was due meanwhile leaves at once.
 */
export class Pacer {
  /** Octets per ms; 0: not paced. */
  rate = 0
  /** Octets that may leave together after a pause. */
  burst = 0
  #debt = 0 // octets sent ahead of the rate, at `#since`; less than 0: credit
  #since = -Infinity // ms

  /** When something may be sent: what is owed is paid at the rate of today. */
  get at(): number {
    return this.rate > 0 ? this.#since + this.#debt / this.rate : -Infinity
  }

  sent(octets: number, now: number): void {
    if (this.rate === 0) return
    const earned = (now - this.#since) * this.rate
    this.#debt = Math.max(this.#debt - earned, -this.burst) + octets
    this.#since = now
  }

  /** What was sent is forgotten. */
  reset(): void {
    this.#debt = 0
    this.#since = -Infinity
  }
}
