/**
 * One OTRv4 conversation over one link: the DAKE, then data messages. Sans-I/O,
 * but not a `Machine`: it answers at once and has no timers. OTRv4, "The
 * Protocol State Machine", in the mode OTRv4-interactive-only.
 *
 * A DAKE runs beside the secured session and replaces it only on success: no
 * Identity and no error takes anyone out of ENCRYPTED_MESSAGES (D11).
 */
import type { Random } from '../crypto.ts'
import { wipe } from '../crypto.ts'
import type { WallClock } from '../machine.ts'
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
import type { Fingerprint, IdentityKeys } from './identity.ts'
import {
  type AuthI,
  type AuthR,
  type DataMessage,
  decodeMessage,
  type Identity,
  ignoreUnreadable,
} from './message.ts'
import { clientProfileTag } from './profile.ts'
import { beginSending, open, type Ratchet, retire, seal } from './ratchet.ts'
import { decodePlaintext, encodePlaintext, type Tlv, tlvType } from './tlv.ts'

export interface ConversationOptions {
  /** Only the initiator sends Identity; one from the other side is dropped (D8). */
  readonly role: 'initiator' | 'responder'
  readonly identity: IdentityKeys
  readonly instanceTag: number
  readonly profile: Uint8Array // made by createClientProfile, for this tag
  readonly ids: { readonly own: Uint8Array; readonly peer: Uint8Array } // of phi (D2)
  /**
   * Whether to go on with who claims this fingerprint. Asked before anything of
   * ours is signed for them. The responder is asked before the claim is proven:
   * only `secured` proves it.
   */
  readonly accepts: (fingerprint: Fingerprint) => boolean
  readonly random: Random
  readonly wall: WallClock
}

export type ConversationEvent =
  | { readonly kind: 'secured'; readonly fingerprint: Fingerprint; readonly ssid: Uint8Array }
  | {
      readonly kind: 'message'
      readonly text: string
      readonly tlvs: readonly Tlv[]
      readonly fingerprint: Fingerprint
    }
  /** The peer ended the conversation: its keys are gone, and nothing more is decrypted. */
  | { readonly kind: 'finished' }
  /** Something of the peer's was not accepted, and changed nothing: `isSecured` is what it was. */
  | { readonly kind: 'refused'; readonly why: 'wrong-fingerprint' | 'wrong-version' | 'failed' }
  /** By our clock the peer's profile has expired. */
  | { readonly kind: 'refused'; readonly why: 'clock'; readonly expires: number } // unix seconds

export interface Received {
  readonly replies: readonly Uint8Array[]
  readonly events: readonly ConversationEvent[]
}

export interface Outgoing {
  readonly text: string
  readonly tlvs?: readonly Tlv[]
}

type Exchange = { readonly kind: 'none' } | WaitingAuthR | WaitingAuthI

/** ENCRYPTED_MESSAGES: one DAKE's keys. */
interface Session {
  ratchet: Ratchet
  readonly ssid: Uint8Array
  readonly fingerprint: Fingerprint
  readonly peerTag: number
}

export class Conversation {
  readonly #options: ConversationOptions
  readonly #self: Self
  #exchange: Exchange = { kind: 'none' }
  #session: Session | undefined
  /** The initiator switches first: what the responder sent before it heard of that still comes. */
  #previous: Session | undefined
  readonly #answered: number[] = [] // when, ms

  /** @throws RangeError if the profile is none, or for another tag */
  constructor(options: ConversationOptions) {
    const { identity, instanceTag: tag, profile, ids, random } = options
    if (clientProfileTag(profile) !== tag)
      throw new RangeError('conversation: the profile is not of this tag')
    this.#options = options
    this.#self = { identity, tag, profile, id: ids.own, peerId: ids.peer, random }
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

  /** The next `encrypt` begins a ratchet, about 5 ms of work that `prepare` can do ahead. */
  get needsPreparation(): boolean {
    return this.#session?.ratchet.sending.kind === 'due'
  }

  /** Does ahead what the next `encrypt` would have to do; the octets it makes are the same. */
  prepare(_now: number): void {
    const session = this.#session
    if (session) commit(session, beginSending(session.ratchet, this.#options.random))
  }

  /** The Identity message; begins a DAKE beside whatever there is. */
  start(_now: number): Uint8Array {
    if (this.#options.role !== 'initiator') throw new Error('conversation: only the initiator starts')
    const { state, message } = start(this.#self)
    this.#enter(state)
    return message
  }

  /** Takes one message, whatever its octets. */
  receive(bytes: Uint8Array, now: number): Received {
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
        return this.#isForUs(message) ? this.#receiveAuthI(message) : nothing
      case 'data':
        return this.#isForUs(message) ? this.#receiveData(message, now) : nothing
      default:
        return message satisfies never
    }
  }

  /**
   * A data message. An empty text is a message of records alone ("heartbeat").
   *
   * @throws Error unless secured
   */
  encrypt({ text, tlvs = [] }: Outgoing, now: number): Uint8Array {
    return this.#seal({ text, tlvs }, now, 'turn')
  }

  /** The message that ends a secured conversation ("Disconnected"), with every MAC key; overwrites all keys. */
  close(now: number): Uint8Array | undefined {
    const disconnected = { type: tlvType.disconnected, value: new Uint8Array(0) }
    const last = this.#session && this.#seal({ text: '', tlvs: [disconnected] }, now, 'all')
    this.#wipe()
    return last
  }

  /** "Receiving an Identity Message"; only a responder heeds one. */
  #receiveIdentity(message: Identity, now: number): Received {
    if (this.#options.role !== 'responder' || !this.#mayAnswer(now)) return nothing
    const party = validate(message, this.#options.wall(now))
    if ('kind' in party) return refusedFor(party)
    if (!this.#options.accepts(party.profile.fingerprint)) return refused('wrong-fingerprint')
    const { state, message: reply } = answer(this.#self, party)
    this.#enter(state)
    return { replies: [reply], events: [] }
  }

  /** "Receiving an Auth-R Message" */
  #receiveAuthR(message: AuthR, now: number): Received {
    const exchange = this.#exchange
    if (exchange.kind !== 'waiting-auth-r') return nothing
    const party = validate(message, this.#options.wall(now))
    if ('kind' in party) return refusedFor(party)
    if (!verifyAuthR(this.#self, exchange, party, message.sigma)) return refusedFor({ kind: 'sigma' })
    if (!this.#options.accepts(party.profile.fingerprint)) return refused('wrong-fingerprint')
    const { established, message: reply } = finish(this.#self, exchange, party)
    return { replies: [reply], events: [this.#secure(established)] }
  }

  /** "Receiving an Auth-I Message" */
  #receiveAuthI(message: AuthI): Received {
    if (this.#exchange.kind !== 'waiting-auth-i') return nothing
    const established = conclude(this.#exchange, message)
    return established ? { replies: [], events: [this.#secure(established)] } : refusedFor({ kind: 'sigma' })
  }

  /** "Receiving a Data Message" */
  #receiveData(message: DataMessage, now: number): Received {
    for (const session of [this.#session, this.#previous]) {
      if (!session || message.senderTag !== session.peerTag) continue
      const opened = open(session.ratchet, message, now)
      if (!opened) continue
      commit(session, opened.ratchet)
      wipe(opened.extraKey)
      if (session === this.#session) this.#forgetPrevious()
      const plaintext = decodePlaintext(opened.plaintext)
      return plaintext ? this.#tell(plaintext, session) : refused('failed')
    }
    return message.flags & ignoreUnreadable ? nothing : refused('failed')
  }

  #tell({ text, tlvs }: { text: string; tlvs: readonly Tlv[] }, session: Session): Received {
    const isLast = tlvs.some(({ type }) => type === tlvType.disconnected)
    const heard = tlvs.filter(({ type }) => type !== tlvType.disconnected && type !== tlvType.padding)
    const events: ConversationEvent[] = []
    if (text !== '' || heard.length > 0 || !isLast) {
      events.push({ kind: 'message', text, tlvs: heard, fingerprint: session.fingerprint })
    }
    if (isLast) {
      this.#wipe()
      events.push({ kind: 'finished' })
    }
    return { replies: [], events }
  }

  #seal(message: { text: string; tlvs: readonly Tlv[] }, now: number, reveal: 'turn' | 'all'): Uint8Array {
    const session = this.#session
    if (!session) throw new Error('conversation: not secured')
    const plaintext = encodePlaintext(message)
    this.prepare(now)
    const tags = { senderTag: this.#self.tag, receiverTag: session.peerTag }
    const flags = message.text === '' ? ignoreUnreadable : 0
    const sealed = seal(session.ratchet, { ...tags, flags, plaintext, reveal })
    commit(session, sealed.ratchet)
    wipe(plaintext, sealed.extraKey)
    return sealed.message
  }

  #isForUs({ kind, receiverTag }: Identity | AuthR | AuthI | DataMessage): boolean {
    return receiverTag === this.#self.tag || (kind === 'identity' && receiverTag === 0)
  }

  /** A DAKE is the dearest thing a peer can ask for. */
  #mayAnswer(now: number): boolean {
    while (this.#answered[0] !== undefined && now - this.#answered[0] >= minute) this.#answered.shift()
    if (this.#answered.length >= answersPerMinute) return false
    this.#answered.push(now)
    return true
  }

  #enter(state: WaitingAuthR | WaitingAuthI): void {
    if (this.#exchange.kind !== 'none') abandon(this.#exchange)
    this.#exchange = state
  }

  #secure({ ratchet, ssid, peer }: Established): ConversationEvent {
    const { fingerprint, instanceTag: peerTag } = peer
    this.#exchange = { kind: 'none' } // what it held is in the ratchet, or overwritten
    this.#forgetPrevious()
    this.#previous = this.#session
    this.#session = { ratchet, ssid, fingerprint, peerTag }
    if (this.#options.role === 'responder') this.#forgetPrevious()
    return { kind: 'secured', fingerprint, ssid }
  }

  #forgetPrevious(): void {
    if (this.#previous) retire(this.#previous.ratchet)
    this.#previous = undefined
  }

  #wipe(): void {
    if (this.#exchange.kind !== 'none') abandon(this.#exchange)
    this.#exchange = { kind: 'none' }
    this.#forgetPrevious()
    if (this.#session) retire(this.#session.ratchet)
    this.#session = undefined
  }
}

function commit(session: Session, ratchet: Ratchet): void {
  retire(session.ratchet, ratchet)
  session.ratchet = ratchet
}

const refused = (why: 'wrong-fingerprint' | 'wrong-version' | 'failed'): Received => ({
  replies: [],
  events: [{ kind: 'refused', why }],
})

function refusedFor(fault: DakeFault): Received {
  if (fault.kind === 'clock') {
    return { replies: [], events: [{ kind: 'refused', why: 'clock', expires: fault.expires }] }
  }
  return refused(fault.kind === 'version' ? 'wrong-version' : 'failed')
}

const nothing: Received = { replies: [], events: [] }
const minute = 60_000 // ms
const answersPerMinute = 6 // 40 ms each; an honest peer needs one in two hours (D15)
