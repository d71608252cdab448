/**
 * Better paths than the one a conversation takes: both sides know more of each
 * other's addresses once it is secured, and the first path that answered may
 * be the worst of them.
 */
import type { Path } from '../machine.ts'
import { isV6 } from '../nat/candidates.ts'
import type { End } from '../nat/punch.ts'
import { type Goal, rankOf } from '../nat/way.ts'

/** When they are tried: a few times, and when other addresses of his become known. */
export class Upgrade {
  #at: number[] // ms, the next one first

  constructor(now: number) {
    this.#at = attempts.map((after) => now + after)
  }

  get deadline(): number {
    return this.#at[0] ?? Infinity
  }

  /** He may be elsewhere, too. What is due before is not put off, however often this is said. */
  soon(now: number): void {
    const again = attempts.slice(0, 2).map((after) => now + after)
    this.#at = [...this.#at, ...again].sort((a, b) => a - b).slice(0, attempts.length)
  }

  /** True once for each time. */
  isDue(now: number): boolean {
    if (now < this.deadline) return false
    this.#at = this.#at.filter((at) => at > now)
    return true
  }
}

/**
 * The best first. What is only as good counts where he does not say that he is where we speak with him: he may have
 * moved.
 */
export function betterPaths(than: Goal, goals: readonly Goal[], ends: readonly End[]): readonly Path[] {
  const isTold = goals.some(({ address }) => address === than.address)
  const worst = rankOf(than) - (isTold ? 1 : 0)
  return pathsTo(
    goals.filter((goal) => goal.address !== than.address && rankOf(goal) <= worst),
    ends,
  )
}

/** From every end that can send there, the best first. Nothing that is a guess or somebody's word. */
export function pathsTo(goals: readonly Goal[], ends: readonly End[]): readonly Path[] {
  return goals
    .filter(({ way }) => way !== 'rumour' && way !== 'predicted' && way !== 'guessed')
    .toSorted((a, b) => rankOf(a) - rankOf(b))
    .flatMap(({ address }) =>
      ends
        .filter(({ local }) => (local.kind === 'udp6') === isV6(address))
        .map(({ local }) => ({ local, peer: address })),
    )
}

const attempts = [500, 3_000, 10_000] // ms
