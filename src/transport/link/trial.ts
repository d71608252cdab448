/**
 * One path on trial: when it is challenged, and what may be sent there before
 * it has echoed. Until then it gets no more octets than came from it, headers
 * included (RFC 9000, section 8.1, allows three times as many: then a spoofed
 * address gets more than the spoofer pays), and what its own challenges weigh
 * when it was us who named it. Nor do many challenges answer one long frame.
 */
import type { Path } from '../../machine.ts'
import { overhead } from './frames.ts'

/** A challenge to be sent on `path`. */
export interface Challenge {
  readonly path: Path
  readonly octets: Uint8Array // 8
}

/** Why a path is tried. */
export type Cause =
  | 'heard' // the other side sent a frame there
  | 'offered' // our owner takes it for better than the one in use
  | 'moved' // our end of the path in use is gone, or may be

export interface TrialOptions {
  readonly cause: Cause
  readonly octets: Uint8Array // 8, random
  /** 0 is the best of those that our owner named; -1 where the other side was heard. */
  readonly rank: number
  readonly now: number // Infinity: not before a frame is heard there
  /** Octets, as `wireSize` counts them, that may be sent there for other reasons. Infinity: the peer has echoed at this address before. */
  readonly credit?: number
}

export class Trial implements Challenge {
  readonly path: Path
  readonly octets: Uint8Array
  readonly cause: Cause
  rank: number
  hasEchoed = false
  /** ms: when it is given up. */
  readonly until: number
  readonly #start: number
  readonly #allowance: number
  #received = 0 // octets, as `wireSize` counts them
  #frames = 0 // that came from there
  #sent = 0
  #challenges = 0
  #challengedAt = -Infinity
  #isHeard: boolean
  #nextAt: number

  constructor(path: Path, { cause, octets, rank, now, credit = 0 }: TrialOptions) {
    const { times, patience } = courses[cause]
    this.path = path
    this.octets = octets
    this.cause = cause
    this.rank = rank
    this.#start = this.#nextAt = now
    this.until = now + patience
    this.#allowance = times.length * wireSize(challengeSize) + credit
    this.#isHeard = cause === 'heard'
  }

  /** When it is to be challenged; Infinity: not before a frame is heard there. */
  get nextAt(): number {
    const isSpent = this.#challenges >= this.#mostChallenges || !this.affords(challengeSize)
    return this.hasEchoed || isSpent ? Infinity : this.#nextAt
  }

  /** A frame opened that came from there: the way is open, so asking is worth it again. */
  heard(size: number, now: number): void {
    this.#received += wireSize(size)
    this.#frames++
    this.#isHeard = true
    this.#nextAt = Math.min(this.#nextAt, Math.max(now, this.#challengedAt + heardGap))
  }

  /** Its challenge is taken for sent. */
  challenged(now: number): void {
    const { times } = courses[this.cause]
    const next = this.#start + (times[++this.#challenges] ?? Infinity)
    this.#challengedAt = now
    this.#nextAt = this.#isHeard ? Math.min(next, now + heardGap) : next
  }

  /** Whether a frame of this size may go there. */
  affords(size: number): boolean {
    return this.hasEchoed || this.#sent + wireSize(size) <= this.#allowance + this.#received
  }

  /** The same; it counts as sent. */
  spend(size: number): boolean {
    if (!this.affords(size)) return false
    this.#sent += wireSize(size)
    return true
  }

  get #mostChallenges(): number {
    return Math.max(unpaid, courses[this.cause].times.length) + this.#frames
  }
}

/**
 * ms: when the challenges are sent that need no frame from there, and how long
 * an echo is waited for. An offered address is what a record says, so it gets
 * no more than four; who has lost his path has nothing else to do.
 */
const courses: Record<Cause, { readonly times: readonly number[]; readonly patience: number }> = {
  heard: { times: [], patience: 5_000 },
  offered: { times: [0, 250, 500, 1_000], patience: 5_000 },
  moved: { times: [0, 250, 500, 1_000, 2_000, 4_000, 8_000, 16_000], patience: 30_000 },
}
const challengeSize = overhead + 8 // no frame that we send is smaller, so that each pays for one
const heardGap = 250 // ms: a challenge may be lost
const unpaid = 4 // challenges beyond the frames that came, however long they were: a packet has a price of its own

/** What a frame weighs on the wire: with the headers of UDP and IPv6, the larger of the two. */
export const wireSize = (frameSize: number): number => frameSize + 48
