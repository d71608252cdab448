/**
 * One link and the conversation in it: OTR on top, the reliable link below.
 *
 * It begins when the link's handshake is done, runs the DAKE, then carries
 * payloads both ways and gathers receipts. It ends once, whoever ends it, and
 * its keys are gone by then; the link may flush a moment longer. Sans-I/O: see
 * `src/machine.ts`.
 */
import { equal, wipe } from '../crypto.ts'
import type { Datagram, Local, Machine, Output, Path } from '../machine.ts'
import type { Conversation, ConversationEvent, Received } from '../otr/conversation.ts'
import { type ExtraKey, extraKeyTlv } from '../otr/extrakey.ts'
import type { Fingerprint } from '../otr/identity.ts'
import type { SmpEvent, SmpHurdle, SmpInput } from '../otr/smp.ts'
import { Queue } from '../queue.ts'
import type { Link, LinkEvent } from '../transport/link/link.ts'
import type { Clocks, Refused } from './command.ts'
import { isTooLong, type Outgoing } from './outbox.ts'
import {
  aboutTlv,
  addressTlv,
  answerTlv,
  idTlv,
  keyContext,
  maxReceipts,
  offerTlv,
  type Payload,
  type PayloadTlv,
  readPayload,
  receiptTlv,
  runTlv,
} from './payload.ts'

export type SessionEvent =
  | { readonly kind: 'up' } // the other side has the link's keys: the DAKE may begin
  /** Once more after the keys were renewed: what was not confirmed by then may be lost. */
  | { readonly kind: 'secured'; readonly fingerprint: Fingerprint }
  /** `key`: of the transfer that it offers. */
  | {
      readonly kind: 'received'
      readonly payload: Payload
      readonly fingerprint: Fingerprint
      readonly key?: Uint8Array
    }
  | { readonly kind: 'bulk'; readonly bytes: Uint8Array } // sealed by keys of a transfer, or nobody's
  | { readonly kind: 'room' } // what waits may be sent again
  | { readonly kind: 'path'; readonly path: Path } // the link has moved to it
  | SmpEvent
  | { readonly kind: 'refused'; readonly why: Refused; readonly clocks?: Clocks }
  | { readonly kind: 'ended'; readonly why: 'left' | 'timeout' } // its keys are gone

type State =
  | { readonly kind: 'opening' } // the DAKE runs
  | { readonly kind: 'secured'; readonly fingerprint: Fingerprint }
  | { readonly kind: 'renewing' } // the keys became too old and are gone; another DAKE runs
  | { readonly kind: 'closing' } // nothing is said or heard; the link flushes
  | { readonly kind: 'ended' }

export interface SessionOptions {
  readonly number: number
  readonly link: Link
  readonly conversation: Conversation
  /** Names this run of our program: 8 octets, told in every conversation. */
  readonly run: Uint8Array
}

export class Session implements Machine<SessionEvent> {
  /** Counts the conversations of this process. */
  readonly number: number
  readonly #link: Link
  readonly #conversation: Conversation
  readonly #events = new Queue<SessionEvent>()
  #state: State = { kind: 'opening' }
  #isLinkOver = false
  #receipts: string[] = []
  #receiptsFrom = -Infinity // when the next receipt may leave

  readonly #run: Uint8Array
  #unreadable = 0

  constructor(options: SessionOptions) {
    this.number = options.number
    this.#run = options.run
    this.#link = options.link
    this.#conversation = options.conversation
  }

  get state(): State['kind'] {
    return this.#state.kind
  }

  /** The link has flushed and is gone: nothing is left to drain. */
  get isOver(): boolean {
    return this.#isLinkOver
  }

  get path(): Path {
    return this.#link.path
  }

  /** Of the link. */
  get role(): 'initiator' | 'responder' {
    return this.#link.role
  }

  /** Something says that the other side was started anew: it must show that it is still there. */
  doubt(now: number): void {
    this.#link.doubt(now)
  }

  /** The other side should have been heard by now. */
  get isOverdue(): boolean {
    return this.#link.isOverdue
  }

  /** Better ones than the current one, the best first: the link moves if they work. */
  offerPaths(paths: readonly Path[], now: number): void {
    this.#link.offerPaths(paths, now)
  }

  /** Our own network is another one: these are what is left, and the first that works is taken. */
  moved(paths: readonly Path[], now: number): void {
    this.#link.moved(paths, now)
  }

  /** This end of ours is closed. */
  localGone(local: Local, now: number): void {
    this.#link.localGone(local, now)
  }

  /** The secured conversation rests on post-quantum keys too. */
  get isPostQuantum(): boolean {
    return this.#conversation.isPostQuantum === true
  }

  /** A text may be said now; if not, `room` will tell. */
  get hasRoom(): boolean {
    return this.#state.kind === 'secured' && this.#link.room > 0
  }

  get deadline(): number {
    if (this.#events.length > 0 || this.#isPreparationDue) return -Infinity
    const receipts = this.#receipts.length > 0 && this.hasRoom ? this.#receiptsFrom : Infinity
    return Math.min(receipts, this.#conversation.deadline, this.#link.deadline)
  }

  /**
   * Encrypts with the keys of this moment. The caller has seen `hasRoom`; what
   * is said when the keys have just become too old is lost until `secured`.
   */
  say({ text, id, about }: Outgoing, now: number): void {
    if (!this.#isFresh(now)) return
    const tlvs = [idTlv(id), ...(about ? [aboutTlv(about)] : [])]
    this.#send(this.#conversation.encrypt({ text, tlvs }, now))
  }

  /** Tells what nobody confirms, and what is lost if it does not arrive. The caller has seen `hasRoom`. */
  hint(tlv: PayloadTlv, now: number): void {
    if (this.#isFresh(now)) this.#send(this.#conversation.encrypt({ text: '', tlvs: [tlv] }, now))
  }

  /** Tells where we can be found, in a message of its own. The caller has seen `hasRoom`. */
  introduce(address: Uint8Array, id: string, now: number): void {
    if (!this.#isFresh(now)) return
    this.#send(this.#conversation.encrypt({ text: '', tlvs: [idTlv(id), addressTlv(address)] }, now))
  }

  /** Octets of bulk data that may be sent now: so little waits that a text is never behind much of it. */
  get bulkRoom(): number {
    return this.#state.kind === 'secured' ? Math.max(0, this.#link.room - reserve) : 0
  }

  /** A frame of a transfer, which takes its octets. The caller has seen `bulkRoom`. */
  sendBulk(frame: Uint8Array): void {
    if (this.#state.kind === 'secured') this.#link.send(frame, { channel: bulk })
  }

  /** Offers a transfer, in a message of its own. @returns its 64 octets of keys, unless the keys here have just become too old */
  offerTransfer(offer: Uint8Array, transfer: Uint8Array, now: number): Uint8Array | undefined {
    if (!this.#isFresh(now)) return undefined
    const tlvs = [offerTlv(offer), extraKeyTlv({ context: keyContext, value: transfer })]
    const { message, keys } = this.#conversation.encryptWithKeys({ text: '', tlvs }, now)
    this.#send(message)
    return keys[0]?.key
  }

  /** Answers about a transfer, in a message of its own. */
  answerTransfer(answer: Uint8Array, now: number): void {
    if (this.#isFresh(now))
      this.#send(this.#conversation.encrypt({ text: '', tlvs: [answerTlv(answer)] }, now))
  }

  /** Begins to verify; says why not if it cannot be. */
  verify(
    input: SmpInput & { readonly question?: string },
    now: number,
  ): SmpHurdle | 'not-secured' | undefined {
    if (!this.#isFresh(now)) return 'not-secured'
    const hurdle = this.#conversation.smpHurdle(now, input)
    if (hurdle === undefined) this.#send(this.#conversation.startSmp(input, now))
    return hurdle
  }

  /** The other side will begin a run that proves an invite code: the next one counts for no limit of the user's. */
  expectProof(): void {
    this.#conversation.expectProof()
  }

  /** The user wants to verify although three verifications with this key have failed. */
  allowVerifying(): void {
    this.#conversation.allowSmp()
  }

  /** Answers the run that was `asked`; false if it is over. */
  answer(input: SmpInput & { readonly run: number }, now: number): boolean {
    if (!this.#isFresh(now)) return false
    const message = this.#conversation.answerSmp(input, now)
    if (message) this.#send(message)
    return message !== undefined
  }

  /** Ends the verification under way; false if there is none. */
  cancel(now: number): boolean {
    if (!this.#isFresh(now)) return false
    const message = this.#conversation.abortSmp(now)
    if (message) this.#send(message)
    return message !== undefined
  }

  /** The message was decrypted and taken in: tell its sender, soon (D16). */
  confirm(id: string): void {
    if (this.#receipts.length < maxReceipts) this.#receipts.push(id)
  }

  /** Tells the other side that it is over, wipes the keys, lets the link flush: until `isOver`. */
  close(now: number): void {
    if (this.#state.kind === 'closing' || this.#state.kind === 'ended') return
    if (this.#isFresh(now)) this.#flushReceipts(now)
    const goodbye = this.#conversation.close(now)
    if (goodbye) this.#send(goodbye)
    this.#state = { kind: 'closing' }
    this.#link.disconnect(now)
  }

  receive(datagram: Datagram, now: number): void {
    this.#link.receive(datagram, now)
  }

  *drain(now: number): Generator<Output<SessionEvent>> {
    this.#expire(now)
    if (this.#isPreparationDue) this.#conversation.prepare(now)
    if (this.#receipts.length > 0 && this.hasRoom && now >= this.#receiptsFrom) this.#flushReceipts(now)
    for (const out of this.#link.drain(now)) {
      if (out.kind === 'event') this.#hear(out.event, now)
      else yield out
    }
    for (const event of this.#events.take()) yield { kind: 'event', event }
  }

  /** The sending step of the ratchet costs milliseconds: taken when nobody waits for it. */
  get #isPreparationDue(): boolean {
    return this.#state.kind === 'secured' && this.#conversation.needsPreparation
  }

  #hear(event: LinkEvent, now: number): void {
    switch (event.kind) {
      case 'up':
        this.#emit({ kind: 'up' })
        if (this.#link.role === 'initiator') this.#send(this.#conversation.start(now))
        return
      case 'message':
        if (event.channel === chat) this.#receive(event.bytes, now)
        else if (this.#state.kind === 'secured') this.#emit({ kind: 'bulk', bytes: event.bytes })
        return
      case 'room':
        this.#emit({ kind: 'room' })
        return
      case 'ended':
        this.#isLinkOver = true
        this.#end('left', now)
        return
      case 'lost':
        this.#isLinkOver = true
        this.#end('timeout', now)
        return
      case 'path':
        this.#emit(event)
        return
      default:
        event satisfies never
    }
  }

  #receive(bytes: Uint8Array, now: number): void {
    if (this.#state.kind === 'closing' || this.#state.kind === 'ended') return
    this.#take(this.#conversation.receive(bytes, now), now)
  }

  /** What the conversation has to do by now: nothing is said or heard under keys that are too old. */
  #expire(now: number): void {
    const { kind } = this.#state
    if (now < this.#conversation.deadline || kind === 'closing' || kind === 'ended') return
    this.#take(this.#conversation.expire(now), now)
  }

  /** Secured, by keys that are not too old. */
  #isFresh(now: number): boolean {
    this.#expire(now)
    return this.#state.kind === 'secured'
  }

  #take({ replies, events }: Received, now: number): void {
    // Not held back by `room`: the other side waits for them.
    for (const reply of replies) this.#send(reply)
    const keys = events.filter((event) => event.kind === 'extra-key')
    for (const event of events) if (event.kind !== 'extra-key') this.#tell(event, keys, now)
    for (const { key } of keys) wipe(key) // those that nobody took are nobody's
    if (this.#conversation.isExchanging) this.#link.holdKeys()
    else this.#link.releaseKeys()
  }

  #tell(event: Exclude<ConversationEvent, ExtraKeyEvent>, keys: readonly ExtraKey[], now: number): void {
    switch (event.kind) {
      case 'secured':
        this.#state = { kind: 'secured', fingerprint: event.fingerprint }
        this.#link.unlock()
        this.#emit({ kind: 'secured', fingerprint: event.fingerprint })
        this.#send(this.#conversation.encrypt({ text: '', tlvs: [runTlv(this.#run)] }, now))
        return
      case 'message': {
        if (isTooLong(event.text)) {
          this.#refuse({ why: 'unreadable' }, now)
          return
        }
        const payload = readPayload(event.text, event.tlvs)
        const key = payload.offer && keys.find(({ context }) => equal(context, keyContext))?.key.slice()
        this.#emit({ kind: 'received', payload, fingerprint: event.fingerprint, ...(key && { key }) })
        return
      }
      case 'expired':
        this.#state = { kind: 'renewing' }
        return
      case 'finished':
        this.#link.disconnect(now)
        this.#end('left', now)
        return
      case 'refused':
        this.#refuse(event.why === 'clock' ? { why: event.why, clocks: clocksOf(event) } : event, now)
        return
      case 'smp':
        this.#emit(event)
        return
      default:
        event satisfies never
    }
  }

  /**
   * Before the DAKE has ended it ends the link. After it one message was not
   * what it should be, and is dropped; each costs a step of the ratchet, so that
   * many end the link as well.
   */
  #refuse({ why, clocks }: Refusal, now: number): void {
    const isSecured = this.#state.kind === 'secured'
    if (isSecured) this.#emit({ kind: 'refused', why: 'unreadable' })
    else this.#emit({ kind: 'refused', why, ...(clocks && { clocks }) })
    if (!isSecured || ++this.#unreadable > maxUnreadable) this.close(now)
  }

  #flushReceipts(now: number): void {
    const ids = this.#receipts.splice(0)
    if (ids.length === 0) return
    this.#send(this.#conversation.encrypt({ text: '', tlvs: [receiptTlv(ids)] }, now))
    this.#receiptsFrom = now + receiptGap
  }

  #end(why: 'left' | 'timeout', now: number): void {
    if (this.#state.kind === 'ended') return
    this.#conversation.close(now)
    this.#state = { kind: 'ended' }
    this.#emit({ kind: 'ended', why })
  }

  #send(message: Uint8Array): void {
    this.#link.send(message, { channel: chat })
  }

  #emit(event: SessionEvent): void {
    this.#events.push(event)
  }
}

type ExtraKeyEvent = Extract<ConversationEvent, { kind: 'extra-key' }>

interface Refusal {
  readonly why: Refused
  readonly clocks?: Clocks
}

const clocksOf = (seen: { readonly expires: number; readonly wall: number }): Clocks => ({
  ours: Math.floor(seen.wall),
  theirs: seen.expires * 1_000,
})

const chat = 0 // bulk data has a channel of its own: a text is never behind it
const bulk = 1
const reserve = 65_536 // octets of the link's room that stay for texts

/** Messages; an honest peer sends none. */
const maxUnreadable = 32

/** ms between receipts: a hundred messages a second are confirmed by ten (D16). */
const receiptGap = 100
