/**
 * One OTRv4 conversation over one link: the DAKE, then data messages. Sans-I/O,
 * but not a `Machine`: it answers at once, and its owner calls `expire` at the
 * `deadline`. OTRv4, "The Protocol State Machine", in the mode
 * OTRv4-interactive-only.
 *
 * A DAKE runs beside the secured session and replaces it only on success: no
 * Identity and no error takes anyone out of ENCRYPTED_MESSAGES (D11).
 */
import { equal, wipe } from '../crypto.ts'
import { Attempts, ProofLimits, Refusals } from './attempts.ts'
import { type DakeAllowance, DakeBudget } from './budget.ts'
import type { Established } from './dake.ts'
import { type ExtraKey, extraKeys, extraKeyTlv, type KeyUse, maxKeys } from './extrakey.ts'
import { Handshake, type HandshakeOptions, patience, type Refusal, refused } from './handshake.ts'
import { type Fingerprint, fingerprintOf } from './identity.ts'
import {
  type AuthI,
  type AuthR,
  type DataMessage,
  decodeMessage,
  type Identity,
  ignoreUnreadable,
} from './message.ts'
import { type Sealed, Secured } from './secured.ts'
import { isSmp, Smp, type SmpEvent, type SmpHurdle, type SmpInput, type SmpOptions } from './smp.ts'
import { decodePlaintext, type Plaintext, type Tlv, tlvType } from './tlv.ts'

export interface ConversationOptions extends Omit<HandshakeOptions, 'dakes'> {
  /** Whether plaintexts are filled up to size classes; the text leaves it to whoever sends. */
  readonly padding?: 'none' | 'classes'
  /** Of all conversations of this profile; a conversation without it counts for itself alone. */
  readonly attempts?: Attempts
  /** Of all conversations with this peer; a conversation without it counts for itself alone. */
  readonly dakes?: DakeAllowance
}

export type ConversationEvent =
  | { readonly kind: 'secured'; readonly fingerprint: Fingerprint; readonly ssid: Uint8Array }
  | {
      readonly kind: 'message'
      readonly text: string
      readonly tlvs: readonly Tlv[]
      readonly fingerprint: Fingerprint
    }
  | SmpEvent
  /** A key for another use ("Extra Symmetric Key"): now the listener's, to be overwritten after use. */
  | ({ readonly kind: 'extra-key'; readonly fingerprint: Fingerprint } & ExtraKey)
  /** The keys became too old and are gone: nothing is said or heard until `secured` comes again, which is under way. */
  | { readonly kind: 'expired' }
  /** The peer ended the conversation, or did not renew its keys: they are gone, and nothing more is decrypted. */
  | { readonly kind: 'finished' }
  /** `isSecured` is what it was. */
  | Refusal

export interface Received {
  readonly replies: readonly Uint8Array[]
  readonly events: readonly ConversationEvent[]
}

export interface Outgoing {
  readonly text: string
  readonly tlvs?: readonly Tlv[]
}

export class Conversation {
  readonly #options: ConversationOptions
  readonly #handshake: Handshake
  #session: Secured | undefined
  /** The initiator switches first: what the responder sent before it heard of that still comes. */
  #previous: Secured | undefined
  /** Whom it was first secured with: nobody else is accepted later. */
  #peer: Fingerprint | undefined
  #renewalEnds = Infinity // ms: expired, and to be secured again by then
  readonly #dakes: DakeAllowance
  readonly #smp: Omit<SmpOptions, 'peer' | 'ssid'> // of every session

  constructor(options: ConversationOptions) {
    const { identity, attempts = new Attempts(), dakes = new DakeBudget(), random } = options
    this.#options = options
    this.#dakes = dakes
    this.#handshake = new Handshake({ ...options, dakes, accepts: (claimed) => this.#accepts(claimed) })
    let runs = 0
    this.#smp = {
      ...{ own: fingerprintOf(identity), attempts, random, nextRun: () => ++runs },
      ...{ proofs: new ProofLimits(), refusals: new Refusals() },
    }
  }

  get isSecured(): boolean {
    return this.#session !== undefined
  }

  /** Of the secured session's peer. */
  get fingerprint(): Fingerprint | undefined {
    return this.#session?.fingerprint
  }

  /** 8 octets that both sides share, of the secured session. */
  get ssid(): Uint8Array | undefined {
    return this.#session?.ssid
  }

  /** Whether the keys of the secured session come from ML-KEM-768, too. */
  get isPostQuantum(): boolean | undefined {
    return this.#session?.isPostQuantum
  }

  /** A DAKE is under way. */
  get isExchanging(): boolean {
    return this.#handshake.isUnderWay
  }

  /** When `expire` has work, ms; Infinity: never. */
  get deadline(): number {
    const sessions = [this.#session, this.#previous].map((session) => session?.expires ?? Infinity)
    return Math.min(...sessions, this.#handshake.deadline, this.#renewalEnds)
  }

  /**
   * "Session Expiration" (D15): a session without a new ECDH key of ours for two
   * hours is over. Its last message reveals all MAC keys, its keys are
   * overwritten, and the initiator starts another DAKE at once.
   */
  expire(now: number): Received {
    if (this.#previous && now >= this.#previous.expires) this.#forgetPrevious()
    this.#handshake.expire(now)
    if (this.#session && now >= this.#session.expires) {
      const renewal = this.#renewal(now)
      const tlvs = [renewal === 'refused' ? disconnected : expired]
      return this.#renew(renewal, [this.#seal({ text: '', tlvs }, now, 'all').message], now)
    }
    if (now < this.#renewalEnds) return nothing
    return this.#finish([])
  }

  /** The next `encrypt` begins a ratchet, about 5 ms of work that `prepare` can do ahead. */
  get needsPreparation(): boolean {
    return this.#session?.needsPreparation === true
  }

  /** Does ahead what the next `encrypt` would have to do; the octets it makes are the same. */
  prepare(now: number): void {
    this.#live(now)?.prepare(now)
  }

  /**
   * The Identity message; begins a DAKE beside whatever there is.
   *
   * @throws RangeError if our profile is none, or for another tag
   */
  start(now: number): Uint8Array {
    return this.#handshake.start(now)
  }

  /** Takes one message, whatever its octets. */
  receive(bytes: Uint8Array, now: number): Received {
    const due = this.expire(now)
    const { replies, events } = this.#take(bytes, now)
    return { replies: [...due.replies, ...replies], events: [...due.events, ...events] }
  }

  #take(bytes: Uint8Array, now: number): Received {
    const message = decodeMessage(bytes)
    switch (message.kind) {
      case 'version':
        return telling(refused('wrong-version'))
      case 'malformed':
        return telling(refused('failed'))
      case 'identity':
      case 'auth-r':
      case 'auth-i':
        return this.#isForUs(message) ? this.#receiveDake(message, now) : nothing
      case 'data':
        return this.#isForUs(message) ? this.#receiveData(message, now) : nothing
      default:
        return message satisfies never
    }
  }

  /**
   * A data message. An empty text is a message of records alone ("heartbeat").
   *
   * @throws Error unless secured by keys that have not expired, RangeError if a record is one of OTR's own (types 1 to 7)
   */
  encrypt({ text, tlvs = [] }: Outgoing, now: number): Uint8Array {
    if (tlvs.some(isOwn)) throw new RangeError('conversation: this record is not to be sent so')
    return this.#seal({ text, tlvs }, now, 'turn').message
  }

  /**
   * A data message that names extra symmetric keys, a record of `extraKeyTlv`
   * each, and those keys: the caller's, to be overwritten after use.
   *
   * @throws Error unless secured, RangeError if it names more keys than one message has
   */
  encryptWithKeys({ text, tlvs = [] }: Outgoing, now: number): Sealed {
    const named = tlvs.filter(({ type }) => type === tlvType.extraKey)
    if (named.length > maxKeys) throw new RangeError('conversation: too many extra keys')
    if (tlvs.some((tlv) => isOwn(tlv) && tlv.type !== tlvType.extraKey))
      throw new RangeError('conversation: this record is not to be sent so')
    return this.#seal({ text, tlvs }, now, 'turn')
  }

  /** A message of records alone for one extra symmetric key, and the key. @throws Error unless secured */
  extraSymmetricKey(use: KeyUse, now: number): { readonly message: Uint8Array; readonly key: Uint8Array } {
    const { message, keys } = this.encryptWithKeys({ text: '', tlvs: [extraKeyTlv(use)] }, now)
    return { message, key: keys[0]!.key }
  }

  /** Why `startSmp` cannot be called. */
  smpHurdle(now: number, input: Pick<SmpInput, 'isProof'> = {}): SmpHurdle | 'not-secured' | undefined {
    const session = this.#live(now)
    return session ? session.smp.hurdle(now, input) : 'not-secured'
  }

  /** The peer's next run in the secured session is a proof: to be answered with `isProof`. */
  expectProof(): void {
    this.#session?.smp.expectProof()
  }

  /**
   * Begins to compare secrets with the peer of the secured session: the message to send.
   *
   * @throws Error if there is a hurdle, RangeError if the question is too long
   */
  startSmp(input: SmpInput & { readonly question?: string }, now: number): Uint8Array {
    const session = this.#live(now)
    if (!session) throw new Error('conversation: not secured')
    return this.#seal({ text: '', tlvs: [session.smp.start(input, now)] }, now, 'turn').message
  }

  /** Answers the run that an `asked` named; `undefined` if that is over, and with it the question. */
  answerSmp(input: SmpInput & { readonly run: number }, now: number): Uint8Array | undefined {
    return this.#sendSmp(this.#live(now)?.smp.answer(input), now)
  }

  /** Ends the run, whoever began it; `undefined` if there is none. */
  abortSmp(now: number): Uint8Array | undefined {
    return this.#sendSmp(this.#live(now)?.smp.abort(), now)
  }

  /** The user wants to go on after too many failures with the peer of the secured session. */
  allowSmp(): void {
    if (this.#session) this.#smp.attempts.allow(this.#session.fingerprint)
  }

  #sendSmp(tlv: Tlv | undefined, now: number): Uint8Array | undefined {
    return tlv && this.#seal({ text: '', tlvs: [tlv] }, now, 'turn').message
  }

  /** The message that ends a secured conversation ("Disconnected"), with every MAC key; overwrites all keys. */
  close(now: number): Uint8Array | undefined {
    const last = this.#session && this.#seal({ text: '', tlvs: [disconnected] }, now, 'all').message
    this.#wipe()
    return last
  }

  #receiveDake(message: Identity | AuthR | AuthI, now: number): Received {
    const step = this.#handshake.receive(message, now)
    if (step?.kind === 'refused') return telling(step)
    const events = step?.kind === 'established' ? this.#secure(step.established, now) : []
    return { replies: step?.reply ? [step.reply] : [], events }
  }

  /** "Receiving a Data Message" */
  #receiveData(message: DataMessage, now: number): Received {
    for (const session of [this.#session, this.#previous]) {
      const opened = session?.open(message, now)
      if (!session || !opened) continue
      if (session === this.#session) this.#forgetPrevious()
      const plaintext = decodePlaintext(opened.plaintext)
      if (plaintext) return this.#tell(plaintext, { session, extraKey: opened.extraKey, now })
      wipe(opened.extraKey)
      return telling(refused('failed'))
    }
    if (this.#renewalEnds < Infinity) return nothing // sent before the keys were gone here
    return message.flags & ignoreUnreadable ? nothing : telling(refused('failed'))
  }

  #tell(
    { text, tlvs }: Plaintext,
    {
      session,
      extraKey,
      now,
    }: { readonly session: Secured; readonly extraKey: Uint8Array; readonly now: number },
  ): Received {
    const last = tlvs.find(({ type }) => type === tlvType.disconnected)
    const heard = tlvs.filter((tlv) => !isOwn(tlv) && tlv.type !== tlvType.padding)
    const { fingerprint } = session
    const events: ConversationEvent[] = []
    if (text !== '' || heard.length > 0 || !tlvs.some(isOwn)) {
      events.push({ kind: 'message', text, tlvs: heard, fingerprint })
    }
    for (const key of extraKeys(extraKey, tlvs)) events.push({ kind: 'extra-key', fingerprint, ...key })
    if (last && equal(last.value, expired.value)) return this.#hearExpired(session, events, now)
    if (last) return { replies: [], events: [...events, ...this.#wipe(), { kind: 'finished' }] }
    const smp = this.#hearSmp(tlvs, session, now)
    return { replies: smp.replies, events: [...events, ...smp.events] }
  }

  /** The peer's keys became too old before ours: neither side has any more. So soon after `secured` that is not so. */
  #hearExpired(session: Secured, heard: readonly ConversationEvent[], now: number): Received {
    if (session !== this.#session) return { replies: [], events: heard } // another has replaced it here
    const isYoung = now - session.since < leastLife
    const { replies, events } = this.#renew(isYoung ? 'refused' : this.#renewal(now), [], now)
    return { replies, events: [...heard, ...events] }
  }

  /** Only in the session it began in: what comes late under former keys is dropped. An abort of ours ends the list. */
  #hearSmp(tlvs: readonly Tlv[], session: Secured, now: number): Received {
    if (session !== this.#session) return nothing
    const answers: Tlv[] = []
    const events: ConversationEvent[] = []
    for (const tlv of tlvs.filter(isSmp)) {
      const { reply, event } = session.smp.receive(tlv, now)
      if (event) events.push(event)
      if (reply) answers.push(reply)
      if (reply?.type === tlvType.smpAbort) break
    }
    if (answers.length === 0) return { replies: [], events }
    return { replies: [this.#seal({ text: '', tlvs: answers }, now, 'turn').message], events }
  }

  #seal(plaintext: Plaintext, now: number, reveal: 'turn' | 'all'): Sealed {
    const session = this.#session
    if (!session) throw new Error('conversation: not secured')
    if (reveal === 'turn' && !this.#live(now)) throw new Error('conversation: its keys have expired')
    return session.seal(plaintext, now, reveal)
  }

  #isForUs({ kind, receiverTag }: Identity | AuthR | AuthI | DataMessage): boolean {
    return receiverTag === this.#options.instanceTag || (kind === 'identity' && receiverTag === 0)
  }

  /** One conversation, one peer: renewed keys are of who had the first ones. */
  #accepts(fingerprint: Fingerprint): boolean {
    return (this.#peer ?? fingerprint) === fingerprint && this.#options.accepts(fingerprint)
  }

  /** The session whose keys may be used. */
  #live(now: number): Secured | undefined {
    return this.#session && now < this.#session.expires ? this.#session : undefined
  }

  /** Who begins the DAKE that renews: it counts as one that a peer asks for, as a peer can make it come. */
  #renewal(now: number): 'own' | 'peer' | 'refused' {
    if (this.#options.role === 'responder' || this.isExchanging) return 'peer'
    return this.#dakes.take(now) ? 'own' : 'refused'
  }

  /** The session is over, the conversation is not: another DAKE has to bring new keys, and soon. */
  #renew(renewal: 'own' | 'peer' | 'refused', replies: readonly Uint8Array[], now: number): Received {
    if (renewal === 'refused') return this.#finish(replies)
    const events = [...this.#forgetSession(), { kind: 'expired' } as const]
    this.#renewalEnds = now + patience
    return { replies: renewal === 'own' ? [...replies, this.start(now)] : replies, events }
  }

  #finish(replies: readonly Uint8Array[]): Received {
    return { replies, events: [...this.#wipe(), { kind: 'finished' }] }
  }

  #secure(established: Established, now: number): ConversationEvent[] {
    const { ssid, peer } = established
    const { fingerprint } = peer
    this.#renewalEnds = Infinity
    this.#peer = fingerprint
    this.#forgetPrevious()
    const ended = this.#session?.smp.leave()
    this.#previous = this.#session
    const { role, instanceTag, random, padding = 'none' } = this.#options
    const smp = new Smp({ ...this.#smp, peer: fingerprint, ssid })
    this.#session = new Secured({ established, smp, instanceTag, padding, random, now })
    if (role === 'responder') this.#forgetPrevious()
    return [...(ended ? [ended] : []), { kind: 'secured', fingerprint, ssid }]
  }

  #forgetPrevious(): void {
    this.#previous?.wipe()
    this.#previous = undefined
  }

  #wipe(): ConversationEvent[] {
    this.#handshake.leave()
    this.#renewalEnds = Infinity
    return this.#forgetSession()
  }

  #forgetSession(): ConversationEvent[] {
    const ended = this.#session?.smp.leave()
    this.#forgetPrevious()
    this.#session?.wipe()
    this.#session = undefined
    return ended ? [ended] : []
  }
}

const telling = (refusal: Refusal): Received => ({ replies: [], events: [refusal] })

/** Records that OTR itself sends, and hears. */
const isOwn = ({ type }: Tlv): boolean => type >= tlvType.disconnected && type <= tlvType.extraKey

/** "Disconnected", but a DAKE follows: the text leaves the value empty, and who knows only the text ends here. */
const expired: Tlv = { type: tlvType.disconnected, value: Uint8Array.of(1) }

const none = new Uint8Array(0)
const disconnected: Tlv = { type: tlvType.disconnected, value: none }
const nothing: Received = { replies: [], events: [] }
const leastLife = 300_000 // ms: no honest peer's keys are too old by then; each renewal costs us a DAKE
