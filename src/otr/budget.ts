/**
 * How many DAKEs a peer may cost us: six a minute that led to nothing, and
 * sixty in all. A script that sends line by line, each in a conversation of its
 * own, ends every DAKE well; whoever only wants us to compute does not. One
 * conversation counts for itself; whoever has several with one peer gives them
 * one budget, as that peer pays nothing for another conversation.
 */

export interface DakeAllowance {
  /** Whether one more may be run; true counts it. @param now - ms */
  take(now: number): boolean
}

export class DakeBudget implements DakeAllowance {
  #taken: readonly Taken[] = [] // of the last minute

  take(now: number): boolean {
    this.#taken = this.#taken.filter(({ at }) => now - at < minute)
    const vain = this.#taken.filter(({ hasSucceeded }) => !hasSucceeded).length
    if (vain >= vainPerMinute || this.#taken.length >= perMinute) return false
    this.#taken = [...this.#taken, { at: now, hasSucceeded: false }]
    return true
  }

  /** The latest one ended with the peer's pinned key. */
  succeeded(): void {
    const latest = this.#taken.at(-1)
    if (latest) this.#taken = this.#taken.with(-1, { ...latest, hasSucceeded: true })
  }
}

interface Taken {
  readonly at: number // ms
  readonly hasSucceeded: boolean
}

const minute = 60_000 // ms
const vainPerMinute = 6
const perMinute = 60 // 40 ms each: at most 4 % of a core for one buddy
