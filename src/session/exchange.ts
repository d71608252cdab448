/**
 * What is said to one buddy and by him, whatever the session: ours until he
 * confirms it, his once, however often it comes. What it tells, it puts into
 * its owner's queue, so that all of a buddy's events stay in order.
 */
import type { WallClock } from '../machine.ts'
import { type Habits, inForce } from '../profile/habits.ts'
import type { Queue } from '../queue.ts'
import type { Acquaintance } from './acquaintance.ts'
import type { TalkEvent, TypingState } from './command.ts'
import type { KnownMessages } from './known.ts'
import type { Current } from './live.ts'
import { OurReading, OurTyping, TheirTyping } from './notices.ts'
import { Outbox, type Outgoing } from './outbox.ts'
import { type Payload, readTlv, typingTlv } from './payload.ts'
import { tenths } from './search.ts'
import { Spoken } from './spoken.ts'

export interface ExchangeOptions {
  /** Who may be told, and shown. */
  readonly acquaintance: Acquaintance
  readonly events: Queue<TalkEvent>
  /** What came before, from whomever. */
  readonly known: KnownMessages
  readonly wall: WallClock
  /** Where nothing is set for him. */
  readonly habits: Habits
}

/** A message that came, by the key it came under. */
export interface Kept {
  readonly fingerprint: string
  readonly id: string
}

export class Exchange {
  readonly #options: ExchangeOptions
  readonly #outbox = new Outbox()
  readonly #ours = new Spoken()
  readonly #unseen = new Spoken() // ours that he did not say he has read
  readonly #theirs = new Spoken()
  readonly #unread = new Spoken() // his that he was not told we have read
  readonly #ourTyping = new OurTyping()
  readonly #theirTyping = new TheirTyping()
  readonly #reading = new OurReading()
  #early: Payload[] = [] // texts that came while the vault was written

  constructor(options: ExchangeOptions) {
    this.#options = options
  }

  /** When there is something to say in this conversation, or to tell of it. */
  deadline(current: Current): number {
    if (this.#theirTyping.deadline < Infinity && !this.#canSay(current)) return this.#theirTyping.deadline
    if (!this.#canSay(current)) return Infinity
    if (this.#outbox.next(current.fingerprint)) return -Infinity
    return Math.min(this.#theirTyping.deadline, this.#ourTyping.deadline, this.#reading.deadline)
  }

  #canSay(current: Current): boolean {
    return current.session.hasRoom && this.#options.acquaintance.mayTalk(current)
  }

  /**
   * Keeps a text until it is confirmed, or tells why it does not. What changes an earlier one is for nobody but who
   * has that.
   */
  say(message: Outgoing): void {
    const { about } = message
    const reader = about && about.as !== 'reply' ? this.#ours.keyOf(about.id) : undefined
    const why = this.#outbox.push({ ...message, to: message.to ?? reader })
    if (why) this.#tell({ kind: 'undelivered', buddy: this.#alias, id: message.id, why })
  }

  /** The user is typing, or not any more: `#hint` knows whether he is to be told. */
  type(current: Current | undefined, state: TypingState): void {
    if (current) this.#ourTyping.want(state)
  }

  /** These messages of his were on the screen. */
  read(current: Current | undefined, ids: readonly string[]): void {
    if (!current) return
    for (const id of ids) if (this.#unread.take(id, current.fingerprint)) this.#reading.add(id)
  }

  /** Says what waits, as far as there is room. */
  drain(current: Current, now: number): void {
    const { acquaintance } = this.#options
    const typing = this.#theirTyping.take(now)
    if (typing) this.#tell({ kind: 'typing', state: typing, ...acquaintance.under(current) })
    acquaintance.introduce(current, now)
    if (!acquaintance.mayTalk(current)) return
    while (current.session.hasRoom) {
      const message = this.#outbox.next(current.fingerprint)
      if (!message) break
      current.session.say(message, now)
      this.#outbox.sent(message.id, current.fingerprint)
      this.#ours.add(message.id, current.fingerprint)
      this.#unseen.add(message.id, current.fingerprint)
      this.#ourTyping.end()
      this.#tell({ kind: 'sent', buddy: this.#alias, id: message.id })
    }
    if (current.session.hasRoom) this.#hint(current, now)
  }

  /** Nothing leaves while the habit is off, and nothing of that time when it is on. */
  #hint({ session }: Current, now: number): void {
    if (!this.#isOn('typing')) this.#ourTyping.end()
    if (!this.#isOn('read')) this.#reading.clear()
    const typing = this.#ourTyping.take(now)
    if (typing) session.hint(typingTlv(typing), now)
    const ids = this.#reading.take(now)
    if (ids.length > 0) session.hint(readTlv(ids), now)
  }

  #isOn(habit: 'typing' | 'read'): boolean {
    return inForce(this.#options.acquaintance.habits, this.#options.habits)[habit] === true
  }

  receive(current: Current, payload: Payload, now: number): void {
    const { acquaintance } = this.#options
    for (const id of payload.receipts) {
      acquaintance.confirmed(current, id)
      const confirmed = this.#outbox.confirm(id, current.fingerprint)
      if (!confirmed) continue
      this.#tell({ kind: 'delivered', buddy: this.#alias, id, ms: tenths(now - confirmed.saidAt) })
    }
    if (acquaintance.isMet) this.#notice(current, payload, now)
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
    this.#ourTyping.end()
    this.#theirTyping.end()
    this.#reading.clear()
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

  /** What he tells of himself. */
  #notice(current: Current, { typing, reads }: Payload, now: number): void {
    const { fingerprint } = current
    if (typing) this.#theirTyping.hear(typing, now)
    const ids = reads.filter((id) => this.#unseen.take(id, fingerprint))
    if (ids.length > 0) this.#tell({ kind: 'read', ids, ...this.#options.acquaintance.under(current) })
  }

  #hear(current: Current, { id, text, about }: Payload, now: number): void {
    if (id === undefined) return
    const { fingerprint } = current
    const known = this.#options.known.of(fingerprint)
    const heard = known.hear(id, text)
    if (heard === 'known') current.session.confirm(id) // resent because our receipt was lost
    if (heard !== 'new') return
    this.#theirTyping.end()
    const at = Math.floor(this.#options.wall(now))
    const told = { id, at, ...this.#options.acquaintance.under(current) }
    const isHis = about !== undefined && this.#isHis(about.id, { id, fingerprint })
    if (about?.as === 'delete' && !isHis) {
      known.kept(id) // nothing of it is to be kept
      current.session.confirm(id)
      return
    }
    if (about?.as === 'delete') {
      this.#theirs.bar(about.id)
      this.#theirs.bar(id)
      this.#tell({ kind: 'deleted', of: about.id, ...told })
      return
    }
    this.#unread.add(id, fingerprint)
    if (about?.as === 'edit' && isHis) {
      this.#theirs.bar(id)
      this.#theirs.add(about.id, fingerprint) // spoken of: among the last
      this.#tell({ kind: 'edited', of: about.id, text, ...told })
      return
    }
    this.#theirs.add(id, fingerprint)
    this.#tell({ kind: 'message', text, ...(about && { about }), ...told })
  }

  /**
   * Whatever a message claims, it changes what he himself said under this key and nothing else. Of an earlier
   * conversation it is known that something came by the id: who shows it knows what.
   */
  #isHis(of: string, { id, fingerprint }: { readonly id: string; readonly fingerprint: string }): boolean {
    const key = this.#theirs.keyOf(of)
    return key === undefined
      ? of !== id && this.#options.known.of(fingerprint).hasId(of)
      : key === fingerprint
  }

  #tell(event: TalkEvent): void {
    this.#options.events.push(event)
  }
}

const maxEarly = 64 // texts in the milliseconds that a write takes
