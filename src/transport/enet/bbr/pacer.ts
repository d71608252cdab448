/**
 * Pacing by credit (draft-ietf-ccwg-bbr, "Pacing Rate", "Send Quantum"): a
 * timer of node's fires once a millisecond at best, so what was due meanwhile
 * leaves at once.
 */
export class Pacer {
  /** Octets that may leave together after a pause. */
  burst = 0
  /** Octets that may leave together after their time, when the process was not run in it. */
  arrears = 0
  /** Octets that are waited for, to leave together: 0, each packet on its own. */
  quantum = 0
  #rate = 0
  // The latest packet: when it had its turn, its size, and what is waited for beside it.
  #turn = -Infinity
  #octets = 0
  #rest = 0
  #next = -Infinity // when the next packet would leave, one after the other
  #at = -Infinity

  /** Octets per ms; 0: not paced. */
  get rate(): number {
    return this.#rate
  }

  /** One that rises ends a wait sooner; one that falls counts from the next packet. */
  set rate(rate: number) {
    if (rate > this.#rate) {
      this.#next = Math.min(this.#next, this.#turn + this.#octets / rate)
      this.#at = Math.min(this.#at, this.#turn + (this.#octets + this.#rest) / rate)
    }
    this.#rate = rate
  }

  /** When something may be sent. */
  get at(): number {
    return this.#rate > 0 ? this.#at : -Infinity
  }

  /** Whether what leaves now could have left so long ago that `arrears` do not make up for it. */
  isLate(now: number): boolean {
    return this.#rate > 0 && now - this.arrears / this.#rate > this.#next
  }

  /** @param credit - octets: `arrears` if it could have left before, and only nobody was there to send it */
  sent(octets: number, now: number, credit = this.burst): void {
    if (this.#rate === 0) return
    this.#turn = Math.max(this.#next, now - credit / this.#rate)
    this.#octets = octets
    this.#next = this.#turn + octets / this.#rate
    this.#rest = this.#next > now ? Math.max(0, this.quantum - octets) : 0
    this.#at = this.#next + this.#rest / this.#rate
  }

  /** What was sent is forgotten. */
  reset(): void {
    this.#turn = this.#next = this.#at = -Infinity
  }
}
