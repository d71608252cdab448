/**
 * What is said to one buddy and by him, whatever the session: ours until he
 * confirms it, his once, however often it comes. What it tells, it puts into
 * its owner's queue, so that all of a buddy's events stay in order.
 */
import type { WallClock } from '../machine.ts'
import type { Queue } from '../queue.ts'
import type { Acquaintance } from './acquaintance.ts'
import type { TalkEvent } from './command.ts'
import type { KnownMessages } from './known.ts'
import type { Current } from './live.ts'
import { Outbox, type Outgoing } from './outbox.ts'
import type { Payload } from './payload.ts'
import { tenths } from './search.ts'

export interface ExchangeOptions {
  /** Who may be told, and shown. */
  readonly acquaintance: Acquaintance
  readonly events: Queue<TalkEvent>
  /** What came before, from whomever. */
  readonly known: KnownMessages
  readonly wall: WallClock
}

/** A message that came, by the key it came under. */
export interface Kept {
  readonly fingerprint: string
  readonly id: string
}

export class Exchange {
  readonly #options: ExchangeOptions
  readonly #outbox = new Outbox()
  #early: Payload[] = [] // texts that came while the vault was written

  constructor(options: ExchangeOptions) {
    this.#options = options
  }

  /** Whether there is something to say in this conversation now. */
  isDue(current: Current): boolean {
    if (!current.session.hasRoom || !this.#options.acquaintance.mayTalk(current)) return false
    return this.#outbox.next(current.fingerprint) !== undefined
  }

  /** Keeps a text until it is confirmed, or tells why it does not. */
  say(message: Outgoing): void {
    const why = this.#outbox.push(message)
    if (why) this.#tell({ kind: 'undelivered', buddy: this.#alias, id: message.id, why })
  }

  /** Says what waits, as far as there is room. */
  drain(current: Current, now: number): void {
    const { acquaintance } = this.#options
    acquaintance.introduce(current, now)
    if (!acquaintance.mayTalk(current)) return
    while (current.session.hasRoom) {
      const message = this.#outbox.next(current.fingerprint)
      if (!message) return
      current.session.say(message, now)
      this.#outbox.sent(message.id, current.fingerprint)
      this.#tell({ kind: 'sent', buddy: this.#alias, id: message.id })
    }
  }

  receive(current: Current, payload: Payload, now: number): void {
    const { acquaintance } = this.#options
    for (const id of payload.receipts) {
      acquaintance.confirmed(current, id)
      const confirmed = this.#outbox.confirm(id, current.fingerprint)
      if (!confirmed) continue
      this.#tell({ kind: 'delivered', buddy: this.#alias, id, ms: tenths(now - confirmed.saidAt) })
    }
    if (payload.address) acquaintance.hearAddress(current, payload, now)
    else if (acquaintance.isMet) this.#hear(current, payload, now)
    else if (acquaintance.isPending && this.#early.length < maxEarly) this.#early.push(payload)
  }

  /** He is a buddy from here on: what came too early is shown. */
  met(current: Current, now: number): void {
    for (const payload of this.#early.splice(0)) this.#hear(current, payload, now)
  }

  /** What came is safe here: its sender may know. One of an earlier conversation is confirmed in this one. */
  kept(current: Current | undefined, { fingerprint, id }: Kept): void {
    if (current?.fingerprint === fingerprint) current.session.confirm(id)
  }

  /** The user wants these sent no more. */
  withdraw(ids: ReadonlySet<string>): void {
    this.#outbox.drop(ids)
  }

  /** What is not confirmed goes out again. */
  rewind(): void {
    this.#outbox.rewind()
  }

  /** The conversation is over: what came too early is its own. */
  lost(): void {
    this.#early = []
    this.rewind()
  }

  /** What is not confirmed stays so. */
  close(): void {
    for (const { id } of this.#outbox.clear())
      this.#tell({ kind: 'undelivered', buddy: this.#alias, id, why: 'closed' })
  }

  get #alias(): string {
    return this.#options.acquaintance.alias
  }

  #hear(current: Current, { id, text }: Payload, now: number): void {
    if (id === undefined) return
    const heard = this.#options.known.of(current.fingerprint).hear(id, text)
    if (heard === 'known') current.session.confirm(id) // resent because our receipt was lost
    if (heard !== 'new') return
    const at = Math.floor(this.#options.wall(now))
    this.#tell({ kind: 'message', id, text, at, ...this.#options.acquaintance.under(current) })
  }

  #tell(event: TalkEvent): void {
    this.#options.events.push(event)
  }
}

const maxEarly = 64 // texts in the milliseconds that a write takes
