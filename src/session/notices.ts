/**
 * What two tell each other beside messages, with no id and no receipt: that
 * somebody is typing, and which messages were on a screen. Of both as little
 * as serves: each is a message of its own on the wire. Pure.
 */
import type { TypingState } from './command.ts'
import { maxReceipts } from './payload.ts'

/** What we tell of our typing: once in `typingGap`, and only what is another thing than before. */
export class OurTyping {
  #told: TypingState = 'ended'
  #wanted: TypingState | undefined
  #from = -Infinity

  get deadline(): number {
    return this.#wanted === undefined ? Infinity : this.#from
  }

  want(state: TypingState): void {
    this.#wanted = state === 'ended' && this.#told === 'ended' ? undefined : state
  }

  /** What is to be told now. */
  take(now: number): TypingState | undefined {
    const wanted = now >= this.#from ? this.#wanted : undefined
    if (wanted === undefined) return undefined
    this.#wanted = undefined
    this.#told = wanted
    this.#from = now + typingGap
    return wanted
  }

  /** A message went, which says that it is over; or there is nobody to tell. */
  end(): void {
    this.#wanted = undefined
    this.#told = 'ended'
  }
}

/** What he tells of his: shown while he goes on telling it, and never changing fast. */
export class TheirTyping {
  #isShown = false
  #until = -Infinity
  #from = -Infinity // when something else may be shown

  get deadline(): number {
    if (this.#isShown) return Math.max(this.#until, this.#from)
    return this.#until > this.#from ? this.#from : Infinity
  }

  hear(state: TypingState, now: number): void {
    this.#until = state === 'begun' ? now + typingLife : now
  }

  /** What is to be shown from now on, if it is another thing than before. */
  take(now: number): TypingState | undefined {
    const isTyping = now < this.#until
    if (!isTyping) this.#until = -Infinity
    if (isTyping === this.#isShown || now < this.#from) return undefined
    this.#isShown = isTyping
    this.#from = now + showGap
    return isTyping ? 'begun' : 'ended'
  }

  /** A message came, which shows that it is over; or the conversation ended. */
  end(): void {
    this.#isShown = false
    this.#until = -Infinity
  }
}

/** Ids of his messages that were on our screen: gathered, and told in one message. */
export class OurReading {
  readonly #ids = new Set<string>()
  #from = -Infinity

  get deadline(): number {
    return this.#ids.size > 0 ? this.#from : Infinity
  }

  add(id: string): void {
    if (this.#ids.size < maxReceipts) this.#ids.add(id)
  }

  /** What is to be told now. */
  take(now: number): readonly string[] {
    if (now < this.#from || this.#ids.size === 0) return []
    const ids = [...this.#ids]
    this.#ids.clear()
    this.#from = now + readGap
    return ids
  }

  clear(): void {
    this.#ids.clear()
  }
}

const typingGap = 5_000 // ms between two of ours
const typingLife = 10_000 // ms: two of his may be lost in time
const showGap = 1_000 // ms: whatever he sends, one line changes no faster
const readGap = 1_000 // ms
