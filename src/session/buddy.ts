/**
 * One buddy: how he is reached, the conversation with him and perhaps a rival
 * of it, and what was said to him and not confirmed.
 *
 * A new link never touches the conversation there is. It runs its own DAKE
 * beside it and takes its place only when that ended with the pinned key: a
 * buddy who restarted does that, a thief of his discovery secret cannot.
 * Sans-I/O as `src/machine.ts` says, but that its owner has already looked up
 * whom a datagram is for.
 */
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import type { Random } from '../crypto.ts'
import type { Datagram, Local, Output, Path, WallClock } from '../machine.ts'
import { pathKind } from '../nat/candidates.ts'
import { Conversation } from '../otr/conversation.ts'
import type { Fingerprint, IdentityKeys } from '../otr/identity.ts'
import { discoveryKeyIn } from '../profile/address.ts'
import { type Buddy as Contact, isBuddy } from '../profile/buddies.ts'
import type { Pair } from '../profile/pair.ts'
import { Queue } from '../queue.ts'
import { Link } from '../transport/link/link.ts'
import type { Established } from '../transport/link/sealed.ts'
import { Approach, type Found } from './approach.ts'
import type { Lost, Phase, Refused, TalkEvent, Under } from './command.ts'
import { Outbox } from './outbox.ts'
import type { Payload } from './payload.ts'
import { Session, type SessionEvent } from './session.ts'

export interface BuddyOptions {
  /** Who he is, as the vault has it. */
  readonly contact: Contact
  readonly pair: Pair
  readonly own: Own
  readonly local: Local
  readonly random: Random
  readonly wall: WallClock
  readonly sessionId: Uint8Array
  readonly indices: Indices
  readonly nextSession: () => number
  readonly loopback: boolean
  readonly now: number
}

/** What is ours in every conversation. */
export interface Own {
  readonly identity: IdentityKeys
  readonly instanceTag: number
  readonly discoveryKey: Uint8Array
  /** The encoded client profile of this moment. */
  readonly clientProfile: (now: number) => Uint8Array
}

/** Receiver indices of links: which buddy a datagram is for. */
export interface Indices {
  allocate(): number
  release(index: number): void
}

interface Live {
  readonly session: Session
  readonly index: number
}

export class Buddy {
  readonly #options: BuddyOptions
  readonly #approach: Approach
  readonly #outbox = new Outbox()
  readonly #events = new Queue<TalkEvent>()
  readonly #known = new KnownIds()
  readonly #dakes: number[] = [] // when those of the last minute began
  #contact: Contact
  #phase: Phase | undefined
  #since: number // when looking began
  #current: (Live & { readonly fingerprint: Fingerprint }) | undefined
  #rival: Live | undefined
  #leaving: Live[] = [] // closed, their links still flush
  #told: { readonly why: Refused; readonly at: number } | undefined // the last refusal
  #pause = endedPause // ms, after a link that was not secured
  #isClosed = false

  constructor(options: BuddyOptions) {
    const { pair, local, random, wall, sessionId, indices, loopback, contact, now } = options
    this.#options = options
    this.#contact = contact
    this.#since = now
    const { allocate, release } = indices
    this.#approach = new Approach({ pair, local, random, wall, sessionId, allocate, release, loopback })
    this.#enter('looking', now)
  }

  get alias(): string {
    return this.#contact.alias
  }

  get deadline(): number {
    if (this.#events.length > 0 || this.#isSayingDue) return -Infinity
    return Math.min(this.#approach.deadline, ...this.#live().map(({ session }) => session.deadline))
  }

  /** Nothing is left to flush: it may be forgotten. */
  get isQuiet(): boolean {
    return this.#isClosed && this.#live().length === 0 && this.#events.length === 0
  }

  get isSecured(): boolean {
    return this.#current !== undefined
  }

  found(found: Found, now: number): void {
    if (!this.#isClosed) this.#approach.found(found, now)
  }

  say(text: string, id: string, now: number): void {
    const why = this.#isClosed ? 'closed' : this.#outbox.push({ id, text, saidAt: now })
    if (why) this.#emit({ kind: 'undelivered', buddy: this.#contact.alias, id, why })
  }

  /** Ends the conversation, saying so; what is unconfirmed stays so. */
  close(now: number): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#approach.close()
    this.#dismissRival(now)
    if (this.#current) {
      this.#retire(this.#current, now)
      this.#lose('closed', now)
    }
    for (const { id } of this.#outbox.clear())
      this.#emit({ kind: 'undelivered', buddy: this.#contact.alias, id, why: 'closed' })
  }

  /** An init or a knock whose tag is this buddy's in `epoch`. */
  receiveTagged(datagram: Datagram, epoch: number, now: number): void {
    if (!this.#isClosed) this.#approach.receiveTagged(datagram, epoch, now)
  }

  /** A response or a data frame to one of this buddy's indices. */
  receive(datagram: Datagram, index: number, now: number): void {
    const live = this.#live().find((live) => live.index === index)
    if (live) live.session.receive(datagram, now)
    else this.#approach.receiveResponse(datagram)
  }

  *drain(now: number): Generator<Output<TalkEvent>> {
    for (const out of this.#approach.drain(now)) {
      if (out.kind !== 'event') yield out
      else if (out.event.kind === 'reached') this.#reached(out.event, now)
      else this.#enter(out.event.kind === 'trying' ? 'punching' : 'looking', now)
    }
    for (const live of this.#live()) {
      this.#sayWhatWaits(live, now)
      for (const out of live.session.drain(now)) {
        if (out.kind === 'event') this.#hear(live, out.event, now)
        else yield out
      }
      if (live.session.isOver) this.#forget(live)
    }
    for (const event of this.#events.take()) yield { kind: 'event', event }
  }

  #live(): readonly Live[] {
    return [this.#current, this.#rival, ...this.#leaving].filter((live) => live !== undefined)
  }

  get #isSayingDue(): boolean {
    const current = this.#current
    if (!current?.session.hasRoom) return false
    return this.#outbox.next(current.fingerprint) !== undefined
  }

  #sayWhatWaits(live: Live, now: number): void {
    const current = this.#current
    if (!current || live.session !== current.session) return
    while (current.session.hasRoom) {
      const message = this.#outbox.next(current.fingerprint)
      if (!message) return
      current.session.say(message, now)
      this.#outbox.sent(message.id, current.fingerprint)
      this.#emit({ kind: 'sent', buddy: this.#contact.alias, id: message.id })
    }
  }

  /** A handshake of the link is done: a conversation is tried in it, beside the one there is. */
  #reached({ established, path }: { established: Established; path: Path }, now: number): void {
    const { indices, random, own, wall, nextSession } = this.#options
    while (this.#dakes.length > 0 && this.#dakes[0]! <= now - minute) this.#dakes.shift()
    if (this.#isClosed || this.#dakes.length >= maxDakes) {
      this.#approach.settle(established.index)
      indices.release(established.index)
      if (!this.#isClosed && !this.#current && !this.#rival) this.#approach.resume(minute / 2, now)
      return
    }
    this.#dakes.push(now)
    this.#pause = endedPause
    this.#dismissRival(now)
    const link = new Link({ established, path, random, now })
    const conversation = new Conversation({
      role: established.role,
      identity: own.identity,
      instanceTag: own.instanceTag,
      profile: own.clientProfile,
      ids: this.#ids(established),
      accepts: (fingerprint) => this.#accepts(fingerprint),
      random,
      wall,
    })
    this.#rival = {
      session: new Session({ number: nextSession(), link, conversation }),
      index: established.index,
    }
    this.#enter('securing', now)
  }

  /** D2: who we are in phi, bound to the link that carries this DAKE. */
  #ids({ role, h }: Established): { own: Uint8Array; peer: Uint8Array } {
    const { own } = this.#options
    const isInitiator = role === 'initiator'
    return {
      own: phiId(isInitiator ? 0 : 1, own.discoveryKey, h),
      peer: phiId(isInitiator ? 1 : 0, discoveryKeyIn(this.#contact.address), h),
    }
  }

  #accepts(fingerprint: Fingerprint): boolean {
    return isBuddy(this.#contact, fingerprint)
  }

  #hear(live: Live, event: SessionEvent, now: number): void {
    switch (event.kind) {
      case 'secured':
        this.#secured(live, event.fingerprint, now)
        return
      case 'received':
        if (this.#current?.session === live.session) this.#received(this.#current, event.payload, now)
        return
      case 'room':
        return // the next drain says what waits
      case 'refused':
        this.#refused(live, event.why, now)
        return
      case 'ended':
        this.#ended(live, event.why, now)
        return
      default:
        event satisfies never
    }
  }

  #secured(live: Live, fingerprint: Fingerprint, now: number): void {
    if (live.session === this.#current?.session) this.#outbox.rewind() // its keys were renewed
    if (live.session !== this.#rival?.session) return // dismissed meanwhile
    this.#rival = undefined
    const old = this.#current
    if (old) {
      this.#retire(old, now)
      this.#lose('restarted', now)
    }
    this.#contact = { ...this.#contact, fingerprint: fingerprint } // pinned from here on
    this.#current = { ...live, fingerprint }
    this.#approach.settle(live.index)
    this.#approach.rest()
    this.#phase = undefined
    const path = pathKind(live.session.path.peer)
    this.#emit({ kind: 'secured', ...this.#under(this.#current), path, ms: tenths(now - this.#since) })
  }

  #received(current: Live & { readonly fingerprint: Fingerprint }, payload: Payload, now: number): void {
    const buddy = this.#contact.alias
    for (const id of payload.receipts) {
      const confirmed = this.#outbox.confirm(id, current.fingerprint)
      if (confirmed) this.#emit({ kind: 'delivered', buddy, id, ms: tenths(now - confirmed.saidAt) })
    }
    const { id, text } = payload
    if (id === undefined) return
    current.session.confirm(id)
    if (!this.#known.add(id)) return // resent because our receipt was lost
    const at = Math.floor(this.#options.wall(now))
    this.#emit({ kind: 'message', id, text, at, ...this.#under(current) })
  }

  #refused(live: Live, why: Refused, now: number): void {
    if (live.session === this.#rival?.session) this.#pause = refusedPause
    // Whoever is refused may come again six times a minute: it is told once.
    if (this.#told?.why === why && now - this.#told.at < tellAgain) return
    this.#told = { why, at: now }
    this.#emit({ kind: 'refused', buddy: this.#contact.alias, why })
  }

  #ended(live: Live, why: Lost, now: number): void {
    const isRival = live.session === this.#rival?.session
    const isCurrent = live.session === this.#current?.session
    if (isRival) this.#rival = undefined
    if (isCurrent) this.#lose(why, now)
    if (isRival || isCurrent) this.#leaving.push(live)
    if (this.#isClosed || this.#current || !(isRival || isCurrent)) return
    if (!this.#rival) this.#approach.resume(isRival ? this.#pause : 0, now)
    this.#enter('looking', now)
  }

  /** Its link is gone: its index is free. */
  #forget(live: Live): void {
    this.#leaving = this.#leaving.filter(({ session }) => session !== live.session)
    this.#approach.settle(live.index)
    this.#options.indices.release(live.index)
  }

  #lose(why: Lost, now: number): void {
    this.#current = undefined
    this.#outbox.rewind()
    this.#since = now
    this.#phase = undefined
    this.#emit({ kind: 'lost', buddy: this.#contact.alias, why })
  }

  #dismissRival(now: number): void {
    if (this.#rival) this.#retire(this.#rival, now)
    this.#rival = undefined
  }

  #retire(live: Live, now: number): void {
    live.session.close(now)
    this.#leaving.push(live)
  }

  #under({ session, fingerprint }: Live & { readonly fingerprint: Fingerprint }): Under {
    return { buddy: this.#contact.alias, session: session.number, fingerprint, trust: this.#contact.trust }
  }

  #enter(phase: Phase, now: number): void {
    if (this.#current || this.#phase === phase) return
    this.#phase = phase
    this.#emit({ kind: 'phase', buddy: this.#contact.alias, phase, ms: tenths(now - this.#since) })
  }

  #emit(event: TalkEvent): void {
    this.#events.push(event)
  }
}

/** Ids of messages already shown: a message resent is shown once. The oldest are forgotten. */
class KnownIds {
  readonly #ids = new Set<string>()

  /** False if it was there. */
  add(id: string): boolean {
    if (this.#ids.has(id)) return false
    this.#ids.add(id)
    if (this.#ids.size > maxKnown) this.#ids.delete(this.#ids.values().next().value!)
    return true
  }
}

/** ms, as exact as anybody wants to read them. */
const tenths = (ms: number): number => Math.round(ms * 10) / 10

/** `"otrtalk 1"` | role | discovery key | h: otrv4.md, D2. The number is this protocol's version. */
const phiId = (role: 0 | 1, discoveryKey: Uint8Array, h: Uint8Array): Uint8Array =>
  concatBytes(utf8ToBytes('otrtalk 1'), Uint8Array.of(role), discoveryKey, h)

const maxKnown = 4_096 // four times what a buddy can have unconfirmed

// link.md, "Limits before the DAKE has ended": six a minute a buddy.
const maxDakes = 6
const minute = 60_000

const refusedPause = 60_000 // ms; the same key would answer again
const tellAgain = 600_000 // ms
const endedPause = 5_000 // ms; the other side let the link go before it was secured
