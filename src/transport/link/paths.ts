/**
 * Which path a link takes, and how it moves. A new address is believed once it
 * echoed a challenge: whoever copies a frame and sends it from elsewhere moves
 * nothing. Until then it gets at most three times the octets it sent.
 */
import { equal, type Random } from '../../crypto.ts'
import type { Path } from '../../machine.ts'

export interface Heard {
  readonly path: Path
  readonly size: number // octets of the frame
  readonly isNewest: boolean
}

/** A challenge to be sent on `path`. */
export interface Challenge {
  readonly path: Path
  readonly octets: Uint8Array // 8
}

export class Paths {
  readonly #random: Random
  #current: Path
  #trials: Trial[] = []

  /**
   * @param isProven - whether the other side has shown that it hears there: the
   *   responder has to the initiator, by its response, and not the other way
   */
  constructor(path: Path, { random, isProven }: { readonly random: Random; readonly isProven: boolean }) {
    this.#random = random
    this.#current = path
    if (!isProven) this.#trials.push(this.#trial(path, Infinity))
  }

  get current(): Path {
    return this.#current
  }

  /** When `due` has something to do. */
  get deadline(): number {
    return Math.min(Infinity, ...this.#trials.map(({ nextAt }) => nextAt))
  }

  /** A frame opened that came on this path. */
  heard({ path, size, isNewest }: Heard, now: number): void {
    const known = this.#find(path)
    if (known) {
      known.received += size
      if (known.nextAt === Infinity) known.nextAt = now
      return
    }
    if (isSame(path, this.#current) || !isNewest || this.#trials.length >= maxTrials) return
    // Nobody has been heard where the init came from: nothing is lost by following at once.
    if (this.#find(this.#current)?.received === 0) {
      this.#trials = []
      this.#current = path
    }
    const trial = this.#trial(path, now)
    trial.received = size
    this.#trials.push(trial)
  }

  /** An echo came on this path; true if the link has moved to it. */
  echoed(path: Path, octets: Uint8Array): boolean {
    const trial = this.#find(path)
    if (!trial || !equal(trial.octets, octets)) return false
    this.#trials = []
    const hasMoved = !isSame(path, this.#current)
    this.#current = path
    return hasMoved
  }

  /** Whether a frame of this size may go there; it counts as sent. */
  spend(path: Path, size: number): boolean {
    const trial = this.#find(path)
    if (!trial) return true
    if (trial.sent + size > maxAmplification * trial.received) return false
    trial.sent += size
    return true
  }

  /** The challenges that are due; `spend` decides on each. Gives up addresses that never echo. */
  due(now: number): readonly Challenge[] {
    this.#trials = this.#trials.filter(({ path, until }) => now < until || isSame(path, this.#current))
    const due = this.#trials.filter(({ nextAt }) => nextAt <= now)
    for (const trial of due) trial.nextAt = now + challengeGap
    return due
  }

  #trial(path: Path, nextAt: number): Trial {
    return { path, octets: this.#random(8), received: 0, sent: 0, nextAt, until: nextAt + patience }
  }

  #find(path: Path): Trial | undefined {
    return this.#trials.find((trial) => isSame(trial.path, path))
  }
}

/** An address that has yet to echo. */
interface Trial extends Challenge {
  received: number // octets
  sent: number // octets
  nextAt: number // ms: the next challenge; Infinity before anything was heard there
  readonly until: number // ms
}

const isSame = (a: Path, b: Path): boolean => a.local === b.local && a.peer === b.peer

const maxAmplification = 3 // as QUIC's (RFC 9000, section 8.1)
const maxTrials = 4 // a NAT's new port, and copies of a frame from where it never was
const challengeGap = 250 // ms: a challenge may be lost; a keep-alive pays for two
const patience = 5_000 // ms
