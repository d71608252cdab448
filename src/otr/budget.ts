/**
 * How many DAKEs are answered: six a minute. One conversation counts for itself;
 * whoever has several with one peer gives them one budget, as that peer pays
 * nothing for another conversation.
 */

export interface DakeAllowance {
  /** Whether one more may be answered; true counts it. @param now - ms */
  take(now: number): boolean
}

export class DakeBudget implements DakeAllowance {
  #taken: readonly number[] = [] // when, ms: of the last minute

  take(now: number): boolean {
    this.#taken = this.#taken.filter((at) => now - at < minute)
    if (this.#taken.length >= perMinute) return false
    this.#taken = [...this.#taken, now]
    return true
  }
}

const minute = 60_000 // ms
const perMinute = 6 // 40 ms each; an honest peer needs one in two hours (D15)
