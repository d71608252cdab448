/**
 * When a link must speak, and when its silence means that nobody is there.
 *
 * Idle: a keep-alive 15 to 25 s after the last frame sent, as NAT mappings live
 * 30 s at the least; after 27 s without a frame, so one was lost, a challenge a
 * second; after 40 s the link is lost. With an ENet datagram sent and nothing
 * heard since: challenges from 3 s on, lost after 10 s. In doubt: challenges at
 * once, lost after 4 s.
 */
import type { Random } from '../../crypto.ts'

export type Beat = 'keep-alive' | 'challenge' | 'lost'

export class Silence {
  readonly #random: Random
  #heardAt: number
  #sentAt: number
  #askedAt = Infinity // the first ENet datagram sent since a frame was heard
  #doubtedAt = Infinity
  #challengedAt = -Infinity
  #gap: number

  constructor(random: Random, now: number) {
    this.#random = random
    this.#heardAt = now
    this.#sentAt = now
    this.#gap = this.#draw()
  }

  get deadline(): number {
    return Math.min(this.#sentAt + this.#gap, this.#challengeAt, this.#lostAt)
  }

  heard(now: number): void {
    this.#heardAt = now
    this.#askedAt = Infinity
    this.#doubtedAt = Infinity
    this.#challengedAt = -Infinity
  }

  sent(now: number): void {
    this.#sentAt = now
  }

  /** An ENet datagram was sent: most want an answer. */
  asked(now: number): void {
    if (this.#askedAt === Infinity) this.#askedAt = now
  }

  /** Something says that the other side is gone: it is asked at once, and has 4 s to answer. */
  doubt(now: number): void {
    if (this.#doubtedAt === Infinity) this.#doubtedAt = now
  }

  /** What is due; ask until there is nothing. */
  beat(now: number): Beat | undefined {
    if (now - this.deadline > overslept) this.#forgive(now)
    if (now >= this.#lostAt) return 'lost'
    if (now >= this.#challengeAt) {
      this.#challengedAt = now
      return 'challenge'
    }
    if (now < this.#sentAt + this.#gap) return undefined
    this.#sentAt = now
    this.#gap = this.#draw()
    return 'keep-alive'
  }

  get #challengeAt(): number {
    const from = Math.min(this.#heardAt + quietAfter, this.#askedAt + doubtAfter, this.#doubtedAt)
    return Math.max(from, this.#challengedAt + challengeGap)
  }

  get #lostAt(): number {
    const unanswered = this.#askedAt + unansweredAfter
    return Math.min(this.#heardAt + lostAfter, unanswered, this.#doubtedAt + doubtedFor)
  }

  /** The machine slept: what came meanwhile is still to be read, and the other side is asked first. */
  #forgive(now: number): void {
    this.#heardAt = now - quietAfter
    this.#askedAt = Infinity
    this.#doubtedAt = Infinity
  }

  #draw(): number {
    const [octet] = this.#random(1)
    return shortestGap + (octet! / 255) * (longestGap - shortestGap)
  }
}

// All ms.
const shortestGap = 15_000
const longestGap = 25_000
const quietAfter = 27_000
const lostAfter = 40_000
const doubtAfter = 3_000
const unansweredAfter = 10_000
const doubtedFor = 4_000 // four challenges: on a line that loses a tenth each way, 1 in 700 is wrongly given up
const challengeGap = 1_000
const overslept = 5_000
