/**
 * What the silence of the other side means. It says how long it may be silent:
 * 25 s unless told otherwise. 2 s after that, as a frame was lost, a challenge
 * a second; 13 s later the link is lost. With an ENet datagram sent that wants
 * an answer, and nothing heard since: challenges from 3 s on, lost after 10 s.
 * In doubt: challenges at once, lost after 4 s. Of these 10 s and 4 s no part is
 * counted in which a silence was agreed on.
 */
export type Beat = 'challenge' | 'lost'

export interface Span {
  readonly from: number // ms
  readonly until: number // ms
}

export const never: Span = { from: Infinity, until: -Infinity }

export class Silence {
  /** ms: how long the other side may be silent. */
  expected = usual
  /** A silence that was agreed on: what is sent in it may arrive only after it. */
  agreed: Span = never
  #heardAt: number
  #askedAt = Infinity // the first ENet datagram sent since a frame was heard
  #doubtedAt = Infinity
  #challengedAt = -Infinity
  #disturbedAt = Infinity // our own network changed
  #sparedUntil = -Infinity

  constructor(now: number) {
    this.#heardAt = now
  }

  get deadline(): number {
    return Math.min(this.#challengeAt, this.#lostAt)
  }

  /** Nothing was heard since the last challenge. */
  get isAsking(): boolean {
    return this.#challengedAt > -Infinity
  }

  /** Nothing that was sent waits for a first sign of having arrived. */
  get isAnswered(): boolean {
    return this.#askedAt === Infinity && this.#disturbedAt === Infinity
  }

  /** The other side is there: a frame came on the current path, or its echo on the next. Gives what it ends: a silence longer than the other side said, or a wait for an answer. */
  heard(now: number): 'overdue' | 'unanswered' | undefined {
    const isOverdue = now >= this.#heardAt + this.expected + margin
    const isUnanswered = now >= this.#askedAt + longWait
    this.#heardAt = now
    this.#askedAt = Infinity
    this.#doubtedAt = Infinity
    this.#disturbedAt = Infinity
    this.#challengedAt = -Infinity
    if (isUnanswered) return 'unanswered'
    return isOverdue ? 'overdue' : undefined
  }

  /** An ENet datagram was sent that wants an answer. */
  asked(now: number): void {
    if (this.#askedAt === Infinity) this.#askedAt = now
  }

  /** Something says that the other side is gone: it is asked at once, and has 4 s to answer, but for agreed silence. */
  doubt(now: number): void {
    if (this.#doubtedAt === Infinity) this.#doubtedAt = now
  }

  /** Our own network changed, so silence is not the other side's: the link is not lost for this span. */
  spare(span: number, now: number): void {
    this.#disturbedAt = now
    this.#challengedAt = -Infinity
    this.#sparedUntil = Math.max(this.#sparedUntil, now + span)
  }

  /** A way was found again. */
  settled(): void {
    this.#sparedUntil = -Infinity
  }

  /** What is due; ask until there is nothing. */
  beat(now: number): Beat | undefined {
    if (now >= this.#lostAt) return 'lost'
    if (now < this.#challengeAt) return undefined
    this.#challengedAt = now
    return 'challenge'
  }

  get #challengeAt(): number {
    const overdue = this.#heardAt + this.expected + margin
    const from = Math.min(overdue, this.#askedAt + doubtAfter, this.#doubtedAt, this.#disturbedAt)
    return Math.max(from, this.#challengedAt + challengeGap)
  }

  get #lostAt(): number {
    const silent = this.#heardAt + this.expected + lostMargin
    const unanswered = this.#patience(this.#askedAt, unansweredAfter)
    const lost = Math.min(silent, unanswered, this.#patience(this.#doubtedAt, doubtedFor))
    return Math.max(lost, this.#sparedUntil)
  }

  /** When an answer is overdue: time in which it may have no way to us does not count. */
  #patience(askedAt: number, span: number): number {
    const { from, until } = this.agreed
    const at = askedAt + span
    return at <= from || askedAt >= until ? at : at + until - Math.max(from, askedAt)
  }
}

// All ms.
const usual = 25_000 // of who does not say
const margin = 2_000
const lostMargin = 15_000
const doubtAfter = 3_000
const longWait = 2_000
const unansweredAfter = 10_000
const doubtedFor = 4_000 // four challenges: on a line that loses a tenth each way, 1 in 700 is wrongly given up
const challengeGap = 1_000
