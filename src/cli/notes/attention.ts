/**
 * Whether the user has to be called for a message: not while he looks at its
 * conversation, and not again and again. A pure state: what happens goes in,
 * with the time in ms.
 */

export interface AttentionOptions {
  /** Whose conversation is in front. */
  readonly front: string | undefined
  /** Whether we learn what the user looks at, and when he types. On plain lines nobody knows. */
  readonly isWatched: boolean
}

export class Attention {
  readonly #isWatched: boolean
  readonly #unread = new Map<string, number>()
  readonly #calledAt = new Map<string, number>()
  #front: string | undefined
  /** As the terminal says; many say nothing before it changes, and some never. */
  #hasFocus: boolean | undefined
  #typedAt = Number.NEGATIVE_INFINITY

  constructor({ front, isWatched }: AttentionOptions) {
    this.#front = front
    this.#isWatched = isWatched
  }

  /** Messages that came unseen. */
  get unread(): number {
    return [...this.#unread.values()].reduce((sum, count) => sum + count, 0)
  }

  /** A message came: whether to call the user. */
  message(buddy: string, now: number): boolean {
    if (this.#isLooking(now) && buddy === this.#front) return false
    this.#unread.set(buddy, (this.#unread.get(buddy) ?? 0) + 1)
    if (now - (this.#calledAt.get(buddy) ?? Number.NEGATIVE_INFINITY) < callEvery) return false
    this.#calledAt.set(buddy, now)
    return true
  }

  focus(hasFocus: boolean): void {
    this.#hasFocus = hasFocus
    if (hasFocus) this.#see()
  }

  /** Whoever types is there, whatever the terminal says. */
  typed(now: number): void {
    this.#typedAt = now
    if (this.#hasFocus !== undefined) this.#hasFocus = true
    if (this.#isWatched) this.#see()
    else this.#unread.clear()
  }

  /** Another conversation is in front. */
  turned(buddy: string | undefined, now: number): void {
    this.#front = buddy
    if (this.#isLooking(now)) this.#see()
  }

  /** There is no buddy of this name any more. */
  forget(buddy: string): void {
    this.#unread.delete(buddy)
    this.#calledAt.delete(buddy)
  }

  #isLooking(now: number): boolean {
    return this.#isWatched && (this.#hasFocus ?? now - this.#typedAt < presence)
  }

  #see(): void {
    if (this.#front !== undefined) this.#unread.delete(this.#front)
  }
}

const callEvery = 2_000 // ms: once for each buddy
const presence = 30_000 // ms after a key: where the terminal does not tell its focus
