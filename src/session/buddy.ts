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
import type { Datagram, Local, Output, WallClock } from '../machine.ts'
import { pathKind } from '../nat/candidates.ts'
import { Conversation } from '../otr/conversation.ts'
import type { Fingerprint, IdentityKeys } from '../otr/identity.ts'
import type { Pair, Self } from '../profile/pair.ts'
import { Queue } from '../queue.ts'
import { Link } from '../transport/link/link.ts'
import type { Established } from '../transport/link/sealed.ts'
import { Acquaintance, type Secured, type Whom } from './acquaintance.ts'
import type { Found } from './approach.ts'
import type { Lost, Phase, Refused, TalkEvent } from './command.ts'
import { Outbox } from './outbox.ts'
import type { Payload } from './payload.ts'
import { Session, type SessionEvent } from './session.ts'
import { Ways, type WaysEvent } from './ways.ts'

export interface BuddyOptions {
  readonly whom: Whom
  /** An invite code that he and we share, or still do after we met. */
  readonly invite: Pair | undefined
  /** He does not know our address yet, or not the one of now. */
  readonly isStrange: boolean
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
  /** Under which we can be found: the one of now, then former ones that a buddy may still use. */
  readonly selves: readonly [Self, ...Self[]]
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

type Current = Live & Secured

export class Buddy {
  readonly #options: BuddyOptions
  readonly #acquaintance: Acquaintance
  readonly #ways: Ways
  readonly #outbox = new Outbox()
  readonly #events = new Queue<TalkEvent>()
  readonly #known = new KnownIds()
  readonly #dakes: number[] = [] // when those of the last minute began
  #phase: Phase | undefined
  #since: number // when looking began
  #current: Current | undefined
  #rival: Live | undefined
  #leaving: Live[] = [] // closed, their links still flush
  #told: { readonly why: Refused; readonly at: number } | undefined // the last refusal
  #pause = endedPause // ms, after a link that was not secured
  #isClosed = false

  constructor(options: BuddyOptions) {
    const { local, random, wall, sessionId, indices, loopback, own, now } = options
    this.#options = options
    this.#since = now
    this.#acquaintance = new Acquaintance({ ...options, selves: own.selves })
    const { allocate, release } = indices
    const ways = { local, random, wall, sessionId, allocate, release, loopback }
    this.#ways = new Ways(this.#acquaintance.pairs, ways)
    this.#enter('looking', now)
  }

  get alias(): string {
    return this.#acquaintance.alias
  }

  /** The secrets he can be found and reached by. */
  get pairs(): readonly Pair[] {
    return this.#ways.pairs
  }

  get deadline(): number {
    if (this.#events.length > 0 || this.#acquaintance.events.length > 0 || this.#isSayingDue) return -Infinity
    return Math.min(this.#ways.deadline, ...this.#live().map(({ session }) => session.deadline))
  }

  /** Nothing is left to flush: it may be forgotten. */
  get isQuiet(): boolean {
    return this.#isClosed && this.#live().length === 0 && this.#events.length === 0
  }

  get isSecured(): boolean {
    return this.#current !== undefined
  }

  found(pair: Pair, found: Found, now: number): void {
    if (!this.#isClosed) this.#ways.found(pair, found, now)
  }

  say(text: string, id: string, now: number): void {
    const why = this.#isClosed ? 'closed' : this.#outbox.push({ id, text, saidAt: now })
    if (why) this.#emit({ kind: 'undelivered', buddy: this.alias, id, why })
  }

  /** Begins to verify that he is who he should be: both must know the secret. */
  verify(input: { question?: string; secret: string }, now: number): void {
    this.#acquaintance.verify(this.#current, input, now)
  }

  /** Answers his question. */
  answer(secret: string, now: number): void {
    this.#acquaintance.answer(this.#current, secret, now)
  }

  /** Ends the verification under way, whoever began it. */
  cancel(now: number): void {
    this.#acquaintance.cancel(this.#current, now)
  }

  /** The address he told is in the vault. */
  saved(): void {
    this.#acquaintance.saved(this.#current)
  }

  /** Ends the conversation, saying so; what is unconfirmed stays so. */
  close(now: number): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#ways.close()
    this.#dismissRival(now)
    if (this.#current) {
      this.#retire(this.#current, now)
      this.#lose('closed', now)
    }
    for (const { id } of this.#outbox.clear())
      this.#emit({ kind: 'undelivered', buddy: this.alias, id, why: 'closed' })
    this.#acquaintance.wipe()
  }

  /** An init or a knock whose tag is of this pair in `epoch`. */
  receiveTagged(datagram: Datagram, tagged: { pair: Pair; epoch: number }, now: number): void {
    if (!this.#isClosed) this.#ways.receiveTagged(datagram, tagged, now)
  }

  /** A response or a data frame to one of this buddy's indices. */
  receive(datagram: Datagram, index: number, now: number): void {
    const live = this.#live().find((live) => live.index === index)
    if (live) live.session.receive(datagram, now)
    else this.#ways.receiveResponse(datagram)
  }

  *drain(now: number): Generator<Output<TalkEvent>> {
    for (const out of this.#ways.drain(now)) {
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
    if (this.#acquaintance.events.length > 0) this.#tellAcquaintance(now)
    for (const event of this.#events.take()) yield { kind: 'event', event }
  }

  #live(): readonly Live[] {
    return [this.#current, this.#rival, ...this.#leaving].filter((live) => live !== undefined)
  }

  get #isSayingDue(): boolean {
    const current = this.#current
    if (!current?.session.hasRoom || !this.#acquaintance.isMet) return false
    return this.#outbox.next(current.fingerprint) !== undefined
  }

  #sayWhatWaits(live: Live, now: number): void {
    const current = this.#current
    if (!current || live.session !== current.session) return
    this.#acquaintance.introduce(current, now)
    if (!this.#acquaintance.isMet) return
    while (current.session.hasRoom) {
      const message = this.#outbox.next(current.fingerprint)
      if (!message) return
      current.session.say(message, now)
      this.#outbox.sent(message.id, current.fingerprint)
      this.#emit({ kind: 'sent', buddy: this.alias, id: message.id })
    }
  }

  /** A handshake of the link is done: a conversation is tried in it, beside the one there is. */
  #reached({ established, path, pair }: WaysEvent & { kind: 'reached' }, now: number): void {
    const { indices, random, own, wall, nextSession } = this.#options
    while (this.#dakes.length > 0 && this.#dakes[0]! <= now - minute) this.#dakes.shift()
    if (this.#isClosed || this.#dakes.length >= maxDakes) {
      this.#ways.settle(established.index)
      indices.release(established.index)
      if (!this.#isClosed && !this.#current && !this.#rival) this.#ways.resume(minute / 2, now)
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
      ids: phiIds(established, pair),
      accepts: (fingerprint) => this.#acquaintance.accepts(fingerprint),
      random,
      wall,
    })
    this.#rival = {
      session: new Session({ number: nextSession(), link, conversation }),
      index: established.index,
    }
    this.#enter('securing', now)
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
      case 'smp':
        if (this.#current?.session === live.session) this.#acquaintance.hearSmp(this.#current, event, now)
        return
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
    this.#current = { ...live, fingerprint }
    this.#ways.settle(live.index)
    this.#ways.rest()
    this.#phase = undefined
    this.#acquaintance.secured(this.#current, now)
    this.#welcome(this.#current, now)
  }

  /** He who answers is the buddy, and can be shown; with an invite code only once it is proved. */
  #welcome(current: Current, now: number): void {
    if (!this.#acquaintance.isMet) return
    const path = pathKind(current.session.path.peer)
    const ms = tenths(now - this.#since)
    this.#emit({ kind: 'secured', ...this.#acquaintance.under(current), path, ms })
  }

  #received(current: Current, payload: Payload, now: number): void {
    const buddy = this.alias
    for (const id of payload.receipts) {
      this.#acquaintance.confirmed(current, id)
      const confirmed = this.#outbox.confirm(id, current.fingerprint)
      if (confirmed) this.#emit({ kind: 'delivered', buddy, id, ms: tenths(now - confirmed.saidAt) })
    }
    if (payload.address) this.#hearAddress(current, payload, now)
    else this.#hearText(current, payload, now)
  }

  #hearAddress(current: Current, payload: Payload, now: number): void {
    const wasMet = this.#acquaintance.isMet
    this.#acquaintance.hearAddress(current, payload, now)
    if (wasMet) return
    this.#tellAcquaintance(now)
    this.#welcome(current, now)
  }

  #hearText(current: Current, { id, text }: Payload, now: number): void {
    if (id === undefined || !this.#acquaintance.isMet) return
    current.session.confirm(id)
    if (!this.#known.add(id)) return // resent because our receipt was lost
    const at = Math.floor(this.#options.wall(now))
    this.#emit({ kind: 'message', id, text, at, ...this.#acquaintance.under(current) })
  }

  /** What it has to tell comes before what follows from it; and other secrets may serve by now. */
  #tellAcquaintance(now: number): void {
    for (const event of this.#acquaintance.events.take()) {
      this.#emit(event)
      if (event.kind === 'burnt') this.close(now)
    }
    if (!this.#isClosed) this.#ways.change(this.#acquaintance.pairs)
  }

  #refused(live: Live, why: Refused, now: number): void {
    if (live.session === this.#rival?.session) this.#pause = refusedPause
    // Whoever is refused may come again six times a minute: it is told once.
    if (this.#told?.why === why && now - this.#told.at < tellAgain) return
    this.#told = { why, at: now }
    this.#emit({ kind: 'refused', buddy: this.alias, why })
  }

  #ended(live: Live, why: Lost, now: number): void {
    const isRival = live.session === this.#rival?.session
    const isCurrent = live.session === this.#current?.session
    if (isRival) this.#rival = undefined
    if (isCurrent) this.#lose(why, now)
    if (isRival || isCurrent) this.#leaving.push(live)
    if (this.#isClosed || this.#current || !(isRival || isCurrent)) return
    if (!this.#rival) this.#ways.resume(isRival ? this.#pause : 0, now)
    this.#enter('looking', now)
  }

  /** Its link is gone: its index is free. */
  #forget(live: Live): void {
    this.#leaving = this.#leaving.filter(({ session }) => session !== live.session)
    this.#ways.settle(live.index)
    this.#options.indices.release(live.index)
  }

  #lose(why: Lost, now: number): void {
    this.#current = undefined
    this.#outbox.rewind()
    this.#since = now
    this.#phase = undefined
    if (this.#acquaintance.isMet) this.#emit({ kind: 'lost', buddy: this.alias, why })
  }

  #dismissRival(now: number): void {
    if (this.#rival) this.#retire(this.#rival, now)
    this.#rival = undefined
  }

  #retire(live: Live, now: number): void {
    live.session.close(now)
    this.#leaving.push(live)
  }

  #enter(phase: Phase, now: number): void {
    if (this.#current || this.#phase === phase) return
    this.#phase = phase
    this.#emit({ kind: 'phase', buddy: this.alias, phase, ms: tenths(now - this.#since) })
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

/** D2: who the two are in phi, bound to the link that carries this DAKE. */
function phiIds({ role, h }: Established, { names }: Pair): { own: Uint8Array; peer: Uint8Array } {
  const [own, peer] = role === 'initiator' ? ([0, 1] as const) : ([1, 0] as const)
  return { own: phiId(own, names.own, h), peer: phiId(peer, names.buddy, h) }
}

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
