/** Whether the path is full: the delivery rate grows no more (draft-ietf-ccwg-bbr, "Exiting Acceleration Based on Bandwidth Plateau"). */
export class FullPipe {
  /** BBR.full_bw_now: since `search`. */
  isNow = false
  /** BBR.full_bw_reached: ever on this path. */
  isReached = false
  #rate = 0
  #rounds = 0

  /** @param rate - the highest so far, octets per ms */
  search(rate: number): void {
    this.#rate = rate
    this.#rounds = 0
    this.isNow = false
  }

  /**
   * CheckFullBWReached, at the start of a round that the application did not limit.
   *
   * @param enough - rounds without growth to be believed
   */
  add(rate: number, enough: number): void {
    if (this.isNow) return
    if (rate >= this.#rate * growth) this.search(rate)
    else if (++this.#rounds >= enough) this.isNow = this.isReached = true
  }
}

const growth = 1.25
