/**
 * How many datagrams may go to ports that are tried in great number. Whoever
 * names hosts must not make us send them thousands, nor use up what others need:
 * there is a budget for each host, for each buddy, and one in all.
 */
import { Pace } from '../discovery/pace.ts'

export class Guesses {
  // Two attempts of a thousand at once, for the first may be to where he was; then one a minute.
  readonly #ofHost = new Pace({ rate: 17, burst: 2_048 })
  readonly #ofBuddy = new Pace({ rate: 17, burst: 2_048 })
  readonly #ofAll = new Pace({ rate: 68, burst: 8_192 })

  /** Whether one more may go to this host for this buddy; it counts as sent. */
  take(host: string, alias: string, now: number): boolean {
    const isFree = this.#ofHost.left(host, now) > 0 && this.#ofBuddy.left(alias, now) > 0
    if (!isFree || !this.#ofAll.take('', now)) return false
    this.#ofBuddy.take(alias, now)
    this.#ofHost.take(host, now)
    return true
  }
}
