/**
 * Pacing by credit (draft-ietf-ccwg-bbr, "Pacing Rate"): a timer of node's
 * fires once a millisecond at best, so what was due meanwhile leaves at once.
 */
export class Pacer {
  /** Octets per ms; 0: not paced. */
  rate = 0
  /** Octets that may leave together after a pause. */
  burst = 0
  #next = -Infinity // when the next packet would leave, one after the other

  /** When something may be sent. */
  get at(): number {
    return this.rate > 0 ? this.#next : -Infinity
  }

  sent(octets: number, now: number): void {
    if (this.rate === 0) return
    this.#next = Math.max(this.#next, now - this.burst / this.rate) + octets / this.rate
  }

  /** What was sent is forgotten. */
  reset(): void {
    this.#next = -Infinity
  }
}
