/**
 * SMP within one secured session: its states, and who may do what. One run at a
 * time; every error and every message out of turn ends it on both sides. OTRv4,
 * "The SMP State Machine".
 */
import { type Random, wipe } from '../crypto.ts'
import type { Attempts, Hurdle, Limits, ProofLimits, Refusals } from './attempts.ts'
import type { Fingerprint } from './identity.ts'
import { decodeSmp1, decodeSmp2, decodeSmp3, decodeSmp4, type Smp1 } from './smpmessage.ts'
import {
  begin,
  compare,
  conclude,
  type Expect2,
  type Expect3,
  type Expect4,
  finish,
  forget,
  isProven,
  reply,
  smpSecret,
} from './smpsteps.ts'
import { type Tlv, tlvType } from './tlv.ts'

/**
 * `by-peer`: the other side gave up. `out-of-turn`: a message that cannot come
 * now, as when both begin at once. `invalid`: a proof is wrong. `session`: its
 * session is over. The rest: this side does not take part in more runs.
 */
export type SmpEnd = 'by-peer' | 'out-of-turn' | 'invalid' | 'session' | Hurdle

/** `run` counts the runs of a conversation: what `answerSmp` answers. */
export type SmpEvent = {
  readonly kind: 'smp'
  readonly run: number
  readonly fingerprint: Fingerprint
} & (
  | { readonly state: 'asked'; readonly question: string } // foreign text; empty: without a question
  | { readonly state: 'running' } // the other side has answered
  /** `byQuestion`: we answered a question of the peer's, which shows that we are whom he takes us for, not who he is. */
  | { readonly state: 'succeeded'; readonly byQuestion: boolean }
  | { readonly state: 'failed' }
  | { readonly state: 'aborted'; readonly why: SmpEnd }
)

export interface SmpInput {
  /** What both are to know: octets, or a text, which is put in NFC and UTF-8. The caller's octets stay the caller's. */
  readonly secret: Uint8Array | string
  /** The secret is the program's, not the user's: the limits of the user's attempts do not count it (`ProofLimits`). */
  readonly isProof?: boolean
}

/** Why a run cannot be begun. */
export type SmpHurdle = 'running' | Hurdle

export interface SmpOptions {
  readonly own: Fingerprint
  readonly peer: Fingerprint
  readonly ssid: Uint8Array
  readonly attempts: Attempts
  readonly proofs: ProofLimits // of the conversation, as
  readonly refusals: Refusals
  readonly random: Random
  readonly nextRun: () => number
}

/** What a TLV of the peer leads to. */
export interface SmpHeard {
  readonly reply?: Tlv
  readonly event?: SmpEvent
}

/** SMPSTATE_EXPECT1 is `idle` and, until the user has answered, `asked`. */
type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'asked'; readonly message: Smp1 }
  | Expect2
  | Expect3
  | Expect4

export class Smp {
  readonly #options: SmpOptions
  #state: State = { kind: 'idle' }
  #run = 0
  #begunAt = 0 // ms
  #limits: Limits // of the run
  #question = '' // of the peer, in the run
  #expectsProof = false

  constructor(options: SmpOptions) {
    this.#options = options
    this.#limits = options.attempts
  }

  hurdle(now: number, { isProof = false }: Pick<SmpInput, 'isProof'> = {}): SmpHurdle | undefined {
    if (this.#state.kind !== 'idle') return 'running'
    return this.#limitsOf(isProof).hurdle(this.#options.peer, now)
  }

  /** The peer's next run is a proof: its message 1 is not held against the user's limits. */
  expectProof(): void {
    this.#expectsProof = true
  }

  /** "User requests to begin SMP". @throws Error if there is a hurdle, RangeError if the question is too long */
  start(
    { secret, question = '', isProof = false }: SmpInput & { readonly question?: string },
    now: number,
  ): Tlv {
    const hurdle = this.hurdle(now, { isProof })
    if (hurdle) throw new Error(`smp: ${hurdle}`)
    const { own, peer, random } = this.#options
    const { state, message } = begin(this.#secret(secret, own, peer), question, random)
    this.#limits = this.#limitsOf(isProof)
    this.#question = ''
    this.#enter(state, now)
    return { type: tlvType.smp1, value: message }
  }

  /** `undefined` if that question is no longer open; an abort if it is one proof too many. */
  answer({ secret, run, isProof = false }: SmpInput & { readonly run: number }): Tlv | undefined {
    if (this.#state.kind !== 'asked' || run !== this.#run) return undefined
    if (isProof && !this.#countAsProof()) return this.abort()
    const { own, peer, random } = this.#options
    const { state, message } = reply(this.#secret(secret, peer, own), this.#state.message, random)
    this.#state = state
    return { type: tlvType.smp2, value: message }
  }

  /** "User requests to abort SMP"; `undefined` if nothing runs. */
  abort(): Tlv | undefined {
    return this.#stop() ? abortTlv : undefined
  }

  /** The session is over, and any run in it. */
  leave(): SmpEvent | undefined {
    return this.#stop() ? this.#aborted('session') : undefined
  }

  /** @param tlv - of type 2 to 6 */
  receive({ type, value }: Tlv, now: number): SmpHeard {
    switch (type) {
      case tlvType.smp1:
        return this.#receive1(value, now)
      case tlvType.smp2:
        return this.#receive2(value)
      case tlvType.smp3:
        return this.#receive3(value)
      case tlvType.smp4:
        return this.#receive4(value)
      default:
        return this.#stop() ? { event: this.#aborted('by-peer') } : {}
    }
  }

  /** "Receiving a SMP Message 1". Nobody is asked what is not proven. */
  #receive1(value: Uint8Array, now: number): SmpHeard {
    if (this.#state.kind !== 'idle') return this.#refuse('out-of-turn')
    const limits = this.#limitsOf(this.#expectsProof)
    const hurdle = limits.hurdle(this.#options.peer, now)
    if (hurdle) return this.#refuseFor(hurdle, now)
    this.#limits = limits
    this.#expectsProof = false
    const message = this.#enterIfProven(decodeSmp1(value), now)
    return message
      ? { event: this.#event({ state: 'asked', question: message.question }) }
      : this.#refuse('invalid')
  }

  #enterIfProven(message: Smp1 | undefined, now: number): Smp1 | undefined {
    this.#enter({ kind: 'idle' }, now) // one of three a minute, whatever it holds
    if (!message || !isProven(message)) return undefined
    this.#question = message.question
    this.#state = { kind: 'asked', message }
    return message
  }

  /** "Receiving a SMP Message 2" */
  #receive2(value: Uint8Array): SmpHeard {
    const state = this.#state
    if (state.kind !== 'expect-2') return this.#refuse('out-of-turn')
    const message = decodeSmp2(value)
    const step = message && compare(state, message, this.#options.random)
    if (!step) return this.#refuse('invalid')
    this.#state = step.state
    const reply = { type: tlvType.smp3, value: step.message }
    return { reply, event: this.#event({ state: 'running' }) }
  }

  /** "Receiving a SMP Message 3" */
  #receive3(value: Uint8Array): SmpHeard {
    const state = this.#state
    if (state.kind !== 'expect-3') return this.#refuse('out-of-turn')
    const message = decodeSmp3(value)
    const end = message && conclude(state, message, this.#options.random)
    if (!end) return this.#refuse('invalid')
    return { reply: { type: tlvType.smp4, value: end.message }, event: this.#settle(end.isEqual) }
  }

  /** "Receiving a SMP Message 4" */
  #receive4(value: Uint8Array): SmpHeard {
    const state = this.#state
    if (state.kind !== 'expect-4') return this.#refuse('out-of-turn')
    const message = decodeSmp4(value)
    const isEqual = message && finish(state, message)
    return isEqual === undefined ? this.#refuse('invalid') : { event: this.#settle(isEqual) }
  }

  #settle(isEqual: boolean): SmpEvent {
    const { peer } = this.#options
    this.#state = { kind: 'idle' }
    if (isEqual) this.#limits.allow(peer)
    else this.#limits.fail(peer)
    return this.#event(
      isEqual ? { state: 'succeeded', byQuestion: this.#question !== '' } : { state: 'failed' },
    )
  }

  #limitsOf(isProof: boolean): Limits {
    return isProof ? this.#options.proofs : this.#options.attempts
  }

  /** The peer's run is a proof, though its message 1 was not expected as one. */
  #countAsProof(): boolean {
    const { attempts, proofs, peer } = this.#options
    if (this.#limits === proofs) return true
    attempts.takeBack(peer)
    this.#limits = proofs
    if (proofs.hurdle(peer, this.#begunAt)) return false
    proofs.begin(peer, this.#begunAt)
    return true
  }

  #enter(state: State, now: number): void {
    this.#run = this.#options.nextRun()
    this.#begunAt = now
    this.#limits.begin(this.#options.peer, now)
    this.#state = state
  }

  /** A run that is not taken part in: a peer who asks without end fills neither the line nor the screen. */
  #refuseFor(hurdle: Hurdle, now: number): SmpHeard {
    const { refusals, nextRun } = this.#options
    const reply = refusals.mayAnswer(now) ? { reply: abortTlv } : {}
    if (!refusals.mayTell(now)) return reply
    this.#run = nextRun()
    return { ...reply, event: this.#aborted(hurdle) }
  }

  /** The text answers every message out of turn or in error with an abort. */
  #refuse(why: 'out-of-turn' | 'invalid'): SmpHeard {
    const wasRunning = this.#stop()
    return { reply: abortTlv, ...((wasRunning || why === 'invalid') && { event: this.#aborted(why) }) }
  }

  /**
   * Whether something ran. Message 3 tells its receiver whether the secrets are
   * equal: a peer who stops there has had its guess.
   */
  #stop(): boolean {
    const state = this.#state
    this.#state = { kind: 'idle' }
    if (state.kind === 'idle') return false
    if (state.kind !== 'asked') forget(state)
    if (state.kind === 'expect-4') this.#limits.fail(this.#options.peer)
    return true
  }

  #aborted(why: SmpEnd): SmpEvent {
    return this.#event({ state: 'aborted', why })
  }

  #event<E extends { readonly state: SmpEvent['state'] }>(
    event: E,
  ): { kind: 'smp'; run: number; fingerprint: Fingerprint } & E {
    return { kind: 'smp', run: this.#run, fingerprint: this.#options.peer, ...event }
  }

  #secret(secret: Uint8Array | string, initiator: Fingerprint, responder: Fingerprint) {
    const user =
      typeof secret === 'string' ? new TextEncoder().encode(secret.normalize('NFC')) : secret.slice()
    const x = smpSecret(user, { initiator, responder, ssid: this.#options.ssid })
    wipe(user)
    return x
  }
}

/** TLVs 2 to 6. */
export const isSmp = ({ type }: Tlv): boolean => type >= tlvType.smp1 && type <= tlvType.smpAbort

const abortTlv: Tlv = { type: tlvType.smpAbort, value: new Uint8Array(0) }
