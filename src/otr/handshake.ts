/**
 * The DAKE that is under way in a conversation, if one is: WAITING_AUTH_R and
 * WAITING_AUTH_I of OTRv4, "The Protocol State Machine". It touches no session
 * there is: what it establishes is its owner's to use.
 */
import type { Random } from '../crypto.ts'
import type { WallClock } from '../machine.ts'
import type { DakeAllowance } from './budget.ts'
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
import type { AuthI, AuthR, Identity } from './message.ts'
import { ownClientProfile } from './profile.ts'
import { retire } from './ratchet.ts'

export interface HandshakeOptions {
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
   * only what is established proves it.
   */
  readonly accepts: (fingerprint: Fingerprint) => boolean
  readonly dakes: DakeAllowance
  readonly random: Random
  readonly wall: WallClock
}

/** Something of the peer's was not accepted, and changed nothing. */
export type Refusal =
  | { readonly kind: 'refused'; readonly why: 'wrong-fingerprint' | 'wrong-version' | 'failed' }
  /** By our clock the peer's profile has expired: one of the two clocks is wrong, or both (D14). */
  | {
      readonly kind: 'refused'
      readonly why: 'clock'
      readonly expires: number // theirs, unix seconds
      readonly wall: number // ours, unix ms
    }

/** What comes of a message; `undefined` for one that is not to be heeded. */
export type Step =
  | { readonly kind: 'reply'; readonly reply: Uint8Array }
  | { readonly kind: 'established'; readonly established: Established; readonly reply?: Uint8Array }
  | Refusal
  | undefined

export class Handshake {
  readonly #options: HandshakeOptions
  #state: { readonly kind: 'none' } | WaitingAuthR | WaitingAuthI = idle
  #ends = Infinity // ms

  constructor(options: HandshakeOptions) {
    this.#options = options
  }

  get isUnderWay(): boolean {
    return this.#state.kind !== 'none'
  }

  /** When `expire` has work, ms; Infinity: never. */
  get deadline(): number {
    return this.#ends
  }

  expire(now: number): void {
    if (now >= this.#ends) this.leave()
  }

  /** The Identity message. @throws RangeError if our profile is none, or for another tag */
  start(now: number): Uint8Array {
    if (this.#options.role !== 'initiator') throw new Error('conversation: only the initiator starts')
    const { state, message } = start(this.#selfAt(now))
    this.#enter(state, now)
    return message
  }

  receive(message: Identity | AuthR | AuthI, now: number): Step {
    switch (message.kind) {
      case 'identity':
        return this.#receiveIdentity(message, now)
      case 'auth-r':
        return this.#receiveAuthR(message, now)
      case 'auth-i':
        return this.#receiveAuthI(message)
      default:
        return message satisfies never
    }
  }

  /** Overwrites what it has. */
  leave(): void {
    if (this.#state.kind !== 'none') abandon(this.#state)
    this.#end()
  }

  /** "Receiving an Identity Message"; only a responder heeds one. */
  #receiveIdentity(message: Identity, now: number): Step {
    // A DAKE is the dearest thing a peer can ask for.
    if (this.#options.role !== 'responder' || !this.#options.dakes.take(now)) return undefined
    const wall = this.#options.wall(now)
    const party = validate(message, { own: this.#options.identity.publicKey, wall })
    if ('kind' in party) return refusedFor(party, wall)
    if (!this.#options.accepts(party.profile.fingerprint)) return refused('wrong-fingerprint')
    const { state, message: reply } = answer(this.#selfAt(now), party)
    this.#enter(state, now)
    return { kind: 'reply', reply }
  }

  /** "Receiving an Auth-R Message" */
  #receiveAuthR(message: AuthR, now: number): Step {
    const state = this.#state
    if (state.kind !== 'waiting-auth-r') return undefined
    const wall = this.#options.wall(now)
    const party = validate(message, { own: this.#options.identity.publicKey, wall })
    if ('kind' in party) return refusedFor(party, wall)
    if (!verifyAuthR(state, party, message.sigma)) return refused('failed')
    if (!this.#options.accepts(party.profile.fingerprint)) return refused('wrong-fingerprint')
    const { established, message: reply } = finish(state, party)
    this.#end()
    return { kind: 'established', established, reply }
  }

  /** "Receiving an Auth-I Message" */
  #receiveAuthI(message: AuthI): Step {
    if (this.#state.kind !== 'waiting-auth-i') return undefined
    const established = conclude(this.#state, message)
    if (!established) return refused('failed')
    // Asked at the Identity, too: meanwhile the answer may have become another.
    if (this.#options.accepts(established.peer.fingerprint)) {
      this.#end()
      return { kind: 'established', established }
    }
    retire(established.ratchet)
    this.leave()
    return refused('wrong-fingerprint')
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
    this.leave()
    this.#state = state
    this.#ends = now + patience
  }

  /** What it held is in a ratchet, or overwritten. */
  #end(): void {
    this.#state = idle
    this.#ends = Infinity
  }
}

function refusedFor(fault: DakeFault, wall: number): Refusal {
  if (fault.kind === 'clock') return { kind: 'refused', why: 'clock', expires: fault.expires, wall }
  return refused(fault.kind === 'version' ? 'wrong-version' : 'failed')
}

export const refused = (why: 'wrong-fingerprint' | 'wrong-version' | 'failed'): Refusal => ({
  kind: 'refused',
  why,
})

const idle = { kind: 'none' } as const

/** ms: a DAKE takes three messages and 0.1 s. */
export const patience = 30_000
