/**
 * One OTRv4 conversation over one link: the DAKE, then data messages. Sans-I/O,
 * but not a `Machine`: it answers at once, and its owner calls `expire` at the
 * `deadline`. OTRv4, "The Protocol State Machine", in the mode
 * OTRv4-interactive-only.
 *
 * A DAKE runs beside the secured session and replaces it only on success: no
 * Identity and no error takes anyone out of ENCRYPTED_MESSAGES (D11).
 */
import type { Random } from '../crypto.ts'
import { equal, wipe } from '../crypto.ts'
import type { WallClock } from '../machine.ts'
import { Attempts, ProofLimits, Refusals } from './attempts.ts'
import { type DakeAllowance, DakeBudget } from './budget.ts'
import {
  abandon,
  answer,
  conclude,
  type DakeFault,
  type Established,
  finish,
  type Self,
  start,
  validate,
  verifyAuthR,
  type WaitingAuthI,
  type WaitingAuthR,
} from './dake.ts'
import { type ExtraKey, extraKeys, extraKeyTlv, type KeyUse, maxKeys } from './extrakey.ts'
import { type Fingerprint, fingerprintOf, type IdentityKeys } from './identity.ts'
import {
  type AuthI,
  type AuthR,
  type DataMessage,
  decodeMessage,
  type Identity,
  ignoreUnreadable,
} from './message.ts'
import { ownClientProfile } from './profile.ts'
import { retire } from './ratchet.ts'
import { type Sealed, Secured } from './secured.ts'
import { isSmp, Smp, type SmpEvent, type SmpHurdle, type SmpInput } from './smp.ts'
import { decodePlaintext, type Plaintext, type Tlv, tlvType } from './tlv.ts'

export interface ConversationOptions {
  /** Only the initiator sends Identity; one from the other side is dropped (D8). */
  readonly role: 'initiator' | 'responder'
  readonly identity: IdentityKeys
  readonly instanceTag: number
  /** Ours at this time, made by createClientProfile for this tag: asked at each DAKE, as it is to be renewed. */
  readonly profile: (now: number) => Uint8Array
  readonly ids: { readonly own: Uint8Array; readonly peer: Uint8Array } // of phi (D2)
  /**
   * Whether to go on with who claims this fingerprint. Asked before anything of
   * ours is signed for them. The responder is asked before the claim is proven:
   * only `secured` proves it.
   */
  readonly accepts: (fingerprint: Fingerprint) => boolean
  readonly random: Random
  readonly wall: WallClock
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
  /** Something of the peer's was not accepted, and changed nothing: `isSecured` is what it was. */
  | { readonly kind: 'refused'; readonly why: 'wrong-fingerprint' | 'wrong-version' | 'failed' }
  /** By our clock the peer's profile has expired: one of the two clocks is wrong, or both (D14). */
  | {
      readonly kind: 'refused'
      readonly why: 'clock'
      readonly expires: number // theirs, unix seconds
      readonly wall: number // ours, unix ms
    }

export interface Received {
  readonly replies: readonly Uint8Array[]
  readonly events: readonly ConversationEvent[]
}

export interface Outgoing {
  readonly text: string
  readonly tlvs?: readonly Tlv[]
}

type Exchange = { readonly kind: 'none' } | WaitingAuthR | WaitingAuthI

export class Conversation {
  readonly #options: ConversationOptions
  #exchange: Exchange = { kind: 'none' }
  #exchangeEnds = Infinity // ms
  #session: Secured | undefined
  /** The initiator switches first: what the responder sent before it heard of that still comes. */
  #previous: Secured | undefined
  /** Whom it was first secured with: nobody else is accepted later. */
  #peer: Fingerprint | undefined
  #renewalEnds = Infinity // ms: expired, and to be secured again by then
  readonly #fingerprint: Fingerprint // our own
  readonly #attempts: Attempts
  readonly #proofs = new ProofLimits()
  readonly #refusals = new Refusals()
  readonly #dakes: DakeAllowance
  #runs = 0 // of SMP

  constructor(options: ConversationOptions) {
    this.#options = options
    this.#fingerprint = fingerprintOf(options.identity)
    this.#attempts = options.attempts ?? new Attempts()
    this.#dakes = options.dakes ?? new DakeBudget()
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
    return this.#exchange.kind !== 'none'
  }

  /** When `expire` has work, ms; Infinity: never. */
  get deadline(): number {
    const sessions = [this.#session, this.#previous].map((session) => session?.expires ?? Infinity)
    return Math.min(...sessions, this.#exchangeEnds, this.#renewalEnds)
  }

  /**
   * "Session Expiration" (D15): a session without a new ECDH key of ours for two
   * hours is over. Its last message reveals all MAC keys, its keys are
   * overwritten, and the initiator starts another DAKE at once.
   */
  expire(now: number): Received {
    if (this.#previous && now >= this.#previous.expires) this.#forgetPrevious()
    if (now >= this.#exchangeEnds) this.#leaveExchange()
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
    if (this.#options.role !== 'initiator') throw new Error('conversation: only the initiator starts')
    const { state, message } = start(this.#selfAt(now))
    this.#enter(state, now)
    return message
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
        return refused('wrong-version')
      case 'malformed':
        return refused('failed')
      case 'identity':
        return this.#isForUs(message) ? this.#receiveIdentity(message, now) : nothing
      case 'auth-r':
        return this.#isForUs(message) ? this.#receiveAuthR(message, now) : nothing
      case 'auth-i':
        return this.#isForUs(message) ? this.#receiveAuthI(message, now) : nothing
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
    if (this.#session) this.#attempts.allow(this.#session.fingerprint)
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

  /** "Receiving an Identity Message"; only a responder heeds one. */
  #receiveIdentity(message: Identity, now: number): Received {
    // A DAKE is the dearest thing a peer can ask for.
    if (this.#options.role !== 'responder' || !this.#dakes.take(now)) return nothing
    const wall = this.#options.wall(now)
    const party = validate(message, { own: this.#options.identity.publicKey, wall })
    if ('kind' in party) return refusedFor(party, wall)
    if (!this.#accepts(party.profile.fingerprint)) return refused('wrong-fingerprint')
    const { state, message: reply } = answer(this.#selfAt(now), party)
    this.#enter(state, now)
    return { replies: [reply], events: [] }
  }

  /** "Receiving an Auth-R Message" */
  #receiveAuthR(message: AuthR, now: number): Received {
    const exchange = this.#exchange
    if (exchange.kind !== 'waiting-auth-r') return nothing
    const wall = this.#options.wall(now)
    const party = validate(message, { own: this.#options.identity.publicKey, wall })
    if ('kind' in party) return refusedFor(party, wall)
    if (!verifyAuthR(exchange, party, message.sigma)) return refused('failed')
    if (!this.#accepts(party.profile.fingerprint)) return refused('wrong-fingerprint')
    const { established, message: reply } = finish(exchange, party)
    return { replies: [reply], events: this.#secure(established, now) }
  }

  /** "Receiving an Auth-I Message" */
  #receiveAuthI(message: AuthI, now: number): Received {
    if (this.#exchange.kind !== 'waiting-auth-i') return nothing
    const established = conclude(this.#exchange, message)
    if (!established) return refused('failed')
    // Asked at the Identity, too: meanwhile the answer may have become another.
    if (this.#accepts(established.peer.fingerprint)) {
      return { replies: [], events: this.#secure(established, now) }
    }
    retire(established.ratchet)
    this.#leaveExchange()
    return refused('wrong-fingerprint')
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
      return refused('failed')
    }
    if (this.#renewalEnds < Infinity) return nothing // sent before the keys were gone here
    return message.flags & ignoreUnreadable ? nothing : refused('failed')
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

  #selfAt(now: number): Self {
    const { identity, instanceTag: tag, ids, random } = this.#options
    const profile = this.#options.profile(now)
    const own = ownClientProfile(profile)
    if (own?.instanceTag !== tag) throw new RangeError('conversation: the profile is not of this tag')
    const { isPostQuantum } = own
    return { identity, tag, profile, isPostQuantum, id: ids.own, peerId: ids.peer, random }
  }

  #enter(state: WaitingAuthR | WaitingAuthI, now: number): void {
    this.#leaveExchange()
    this.#exchange = state
    this.#exchangeEnds = now + patience
  }

  #leaveExchange(): void {
    if (this.#exchange.kind !== 'none') abandon(this.#exchange)
    this.#exchange = { kind: 'none' }
    this.#exchangeEnds = Infinity
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
    this.#exchange = { kind: 'none' } // what it held is in the ratchet, or overwritten
    this.#exchangeEnds = Infinity
    this.#renewalEnds = Infinity
    this.#peer = fingerprint
    this.#forgetPrevious()
    const ended = this.#session?.smp.leave()
    this.#previous = this.#session
    const { role, instanceTag, random, padding = 'none' } = this.#options
    const smp = this.#smpWith(established)
    this.#session = new Secured({ established, smp, instanceTag, padding, random, now })
    if (role === 'responder') this.#forgetPrevious()
    return [...(ended ? [ended] : []), { kind: 'secured', fingerprint, ssid }]
  }

  #smpWith({ ssid, peer }: Established): Smp {
    return new Smp({
      own: this.#fingerprint,
      peer: peer.fingerprint,
      ssid,
      attempts: this.#attempts,
      proofs: this.#proofs,
      refusals: this.#refusals,
      random: this.#options.random,
      nextRun: () => ++this.#runs,
    })
  }

  #forgetPrevious(): void {
    this.#previous?.wipe()
    this.#previous = undefined
  }

  #wipe(): ConversationEvent[] {
    this.#leaveExchange()
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

const refused = (why: 'wrong-fingerprint' | 'wrong-version' | 'failed'): Received => ({
  replies: [],
  events: [{ kind: 'refused', why }],
})

function refusedFor(fault: DakeFault, wall: number): Received {
  if (fault.kind === 'clock') {
    return { replies: [], events: [{ kind: 'refused', why: 'clock', expires: fault.expires, wall }] }
  }
  return refused(fault.kind === 'version' ? 'wrong-version' : 'failed')
}

/** Records that OTR itself sends, and hears. */
const isOwn = ({ type }: Tlv): boolean => type >= tlvType.disconnected && type <= tlvType.extraKey

/** "Disconnected", but a DAKE follows: the text leaves the value empty, and who knows only the text ends here. */
const expired: Tlv = { type: tlvType.disconnected, value: Uint8Array.of(1) }

const none = new Uint8Array(0)
const disconnected: Tlv = { type: tlvType.disconnected, value: none }
const nothing: Received = { replies: [], events: [] }
const leastLife = 300_000 // ms: no honest peer's keys are too old by then; each renewal costs us a DAKE
const patience = 30_000 // ms: a DAKE takes three messages and 0.1 s
