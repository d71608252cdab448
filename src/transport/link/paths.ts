/**
 * Which path a link takes, and how it moves. A path is believed once it echoed
 * a challenge: whoever copies a frame and sends it from elsewhere moves
 * nothing. A link moves because its owner offers better paths, because its own
 * network changed, or because it follows the other side (docs/Protocol.md,
 * "Paths of a link"). Both may move at once: the responder gives way.
 */
import { equal, type Random } from '../../crypto.ts'
import type { Local, Path } from '../../machine.ts'
import type { Role } from './sealed.ts'
import { type Cause, type Challenge, Trial } from './trial.ts'

export interface Heard {
  readonly path: Path
  readonly size: number // octets of the frame
  readonly isNewest: boolean
  /** It says nothing about the path that its sender takes: a challenge or an echo. */
  readonly isProbing: boolean
}

export interface PathsOptions {
  readonly random: Random
  readonly role: Role
  /**
   * Octets, as `wireSize` counts them, that the first path may get before it
   * echoes. Of a responder it gets nothing before a frame came.
   */
  readonly credit: number
  readonly now: number
}

export class Paths {
  readonly #random: Random
  readonly #role: Role
  readonly #gone = new WeakSet<Local>()
  #current: Path
  #told: Path // the last one that was told as moved to
  #trials: Trial[] = []
  #left: { readonly path: Path; readonly until: number } | undefined
  #isProven = false // the current peer's address
  #isSilent: boolean // nobody has been heard where the init came from
  #isLost = false
  #decideAt = Infinity

  constructor(path: Path, { random, role, credit, now }: PathsOptions) {
    this.#random = random
    this.#role = role
    this.#current = path
    this.#told = path
    this.#isSilent = role === 'responder'
    const from = this.#isSilent ? Infinity : now
    this.#trials.push(this.#trial(path, 'heard', { rank: -1, now: from, credit }))
  }

  get current(): Path {
    return this.#current
  }

  /** Our end of the current path is closed: nothing can be sent. */
  get isCut(): boolean {
    return this.#gone.has(this.#current.local)
  }

  /** Our network changed, and nothing has echoed since. */
  get isLost(): boolean {
    return this.#isLost
  }

  /** When `due` or `decide` has something to do. */
  get deadline(): number {
    return Math.min(this.#decideAt, ...this.#trials.map(({ nextAt }) => nextAt))
  }

  /** @param paths - all better than the current one, the best first; those offered before are withdrawn */
  offer(paths: readonly Path[], now: number): void {
    const heard = this.#trials.filter(({ cause }) => cause === 'heard')
    const ours = this.#trials.filter(({ cause }) => cause !== 'heard')
    const offered = this.#usable(paths)
      .filter((path) => !isSame(path, this.#current) && !find(heard, path))
      .map((path) => find(ours, path) ?? this.#trial(path, 'offered', { rank: 0, now }))
    // Who has lost his path gives none up, the one that ENet still tries least of all.
    const kept = this.#isLost ? ours.filter((trial) => !offered.includes(trial)) : []
    const home = kept.filter(({ path }) => isSame(path, this.#current))
    const others = kept.filter((trial) => !home.includes(trial))
    const all = [...home, ...offered, ...others].slice(0, maxNamed)
    for (const [rank, trial] of all.entries()) trial.rank = rank
    this.#trials = [...heard, ...all]
  }

  /** Our network changed: the first of these that echoes is taken, and meanwhile the current peer's address from our new end. */
  moved(paths: readonly Path[], now: number): void {
    const unproven = this.#isProven ? undefined : find(this.#trials, this.#current)
    const isTrusted = this.#isProven
    const { peer } = this.#current
    const usable = this.#usable(paths)
    const home = isTrusted ? usable.find((path) => path.peer === peer) : undefined
    this.#trials = usable
      .filter((path) => isTrusted || !isSame(path, this.#current))
      .map((path, rank) =>
        this.#trial(path, 'moved', { rank, now, credit: isTrusted && path.peer === peer ? Infinity : 0 }),
      )
    if (unproven) this.#trials.push(unproven)
    if (home) this.#current = home
    this.#left = undefined
    this.#decideAt = Infinity
    this.#isLost = true
  }

  /** This end of ours is closed, and no path from it is left. */
  localGone(local: Local): void {
    this.#gone.add(local)
    this.#trials = this.#trials.filter(({ path }) => path.local !== local)
    if (this.isCut) this.#left = undefined
  }

  /** A frame opened that came on this path. */
  heard({ path, size, isNewest, isProbing }: Heard, now: number): void {
    this.#expire(now)
    const known = find(this.#trials, path)
    const isHome = isSame(path, this.#current)
    if (known) {
      known.heard(size, now)
      if (isHome) this.#isSilent = false
      return
    }
    if (isHome || !isNewest || isProbing || !this.#mayFollow(path, now)) return
    // Nothing is lost by following at once.
    if (this.#isSilent && !this.#isLost) {
      this.#trials = []
      this.#current = this.#told = path
      this.#isSilent = this.#isProven = false
    }
    const trial = this.#trial(path, 'heard', { rank: -1, now })
    trial.heard(size, now)
    this.#trials.push(trial)
  }

  /** An echo came on this path; true if the link has moved to it. */
  echoed(path: Path, octets: Uint8Array, now: number): boolean {
    const trial = find(this.#trials, path)
    if (!trial || !equal(trial.octets, octets)) return false
    trial.hasEchoed = true
    return this.decide(now)
  }

  /** Moves to the best path that has echoed, unless a better one still has time to; true if it moved. */
  decide(now: number): boolean {
    this.#expire(now)
    const echoed = this.#trials.filter(({ hasEchoed }) => hasEchoed).sort((a, b) => a.rank - b.rank)
    const [best] = echoed
    if (!best) {
      this.#decideAt = Infinity
      return false
    }
    const better = this.#trials.filter(({ rank, hasEchoed }) => !hasEchoed && rank >= 0 && rank < best.rank)
    if (better.length > 0 && !this.#isLost) {
      this.#decideAt = Math.min(this.#decideAt, now + waitForBetter)
      if (now < this.#decideAt) return false
    }
    return this.#take(best, this.#isLost ? [] : better, now)
  }

  /** Whether a frame of this size may go there by now; one from an end that is closed goes nowhere at any time. */
  affords(path: Path, size: number): boolean {
    return !this.#isUnheard(path) && (find(this.#trials, path)?.affords(size) ?? true)
  }

  /** Whether a frame of this size goes there; it counts as sent. */
  spend(path: Path, size: number): boolean {
    if (this.#gone.has(path.local) || this.#isUnheard(path)) return false
    return find(this.#trials, path)?.spend(size) ?? true
  }

  /** Somebody is on trial there. */
  isDoubted(path: Path): boolean {
    return find(this.#trials, path)?.hasEchoed === false
  }

  /** The challenges that are due; `spend` decides on each. Gives up addresses that never echo. */
  due(now: number): readonly Challenge[] {
    this.#expire(now)
    const due = this.#trials.filter(({ nextAt }) => nextAt <= now)
    for (const trial of due) trial.challenged(now)
    return due
  }

  #isUnheard(path: Path): boolean {
    return this.#isSilent && isSame(path, this.#current)
  }

  #take(trial: Trial, better: Trial[], now: number): boolean {
    const { path, cause } = trial
    this.#decideAt = Infinity
    this.#isLost = false
    this.#isProven = true
    if (isSame(path, this.#current)) this.#trials = this.#trials.filter((other) => other !== trial)
    else {
      this.#left = { path: this.#current, until: now + this.#staysAway(cause) }
      this.#trials = cause === 'heard' ? [] : better
      this.#current = path
    }
    if (cause === 'moved') this.#trials = []
    const hasMoved = !isSame(path, this.#told)
    this.#told = this.#current
    return hasMoved
  }

  /**
   * How long the other side is not followed back to where we come from. What
   * it sends there may have left before it knew of our move. And if both have
   * changed places, one must stay: the initiator does.
   */
  #staysAway(cause: Cause): number {
    if (this.#role === 'initiator') return 3_000
    return cause === 'heard' ? 0 : 1_000
  }

  #mayFollow(path: Path, now: number): boolean {
    if (this.#gone.has(path.local)) return false
    if (this.#left && now < this.#left.until && isSame(path, this.#left.path)) return false
    return this.#trials.filter(({ cause }) => cause === 'heard').length < maxHeard
  }

  #expire(now: number): void {
    this.#trials = this.#trials.filter(
      ({ path, cause, until }) => now < until || (cause === 'heard' && isSame(path, this.#current)),
    )
  }

  /** Each once, and none from an end that is closed. */
  #usable(paths: readonly Path[]): Path[] {
    const open = paths.filter(({ local }) => !this.#gone.has(local))
    return open.filter((path, i) => open.findIndex((other) => isSame(other, path)) === i).slice(0, maxNamed)
  }

  #trial(
    path: Path,
    cause: Cause,
    options: { readonly rank: number; readonly now: number; readonly credit?: number },
  ): Trial {
    return new Trial(path, { cause, octets: this.#random(8), ...options })
  }
}

const find = (trials: readonly Trial[], path: Path): Trial | undefined =>
  trials.find((trial) => isSame(trial.path, path))

export const isSame = (a: Path, b: Path): boolean => a.local === b.local && a.peer === b.peer

const maxHeard = 4 // a NAT's new port, and copies of a frame from where it never was
const maxNamed = 8 // by our owner, at a time
const waitForBetter = 300 // ms
