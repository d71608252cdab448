/**
 * ENCRYPTED_MESSAGES: the keys that one DAKE made, and what is sealed and
 * opened with them until they are overwritten. OTRv4, "Data Exchange".
 */
import { type Random, wipe } from '../crypto.ts'
import type { Established } from './dake.ts'
import { type ExtraKey, extraKeys } from './extrakey.ts'
import type { Fingerprint } from './identity.ts'
import { type DataMessage, ignoreUnreadable } from './message.ts'
import { pad } from './padding.ts'
import { beginSending, type Opened, open, type Ratchet, retire, seal } from './ratchet.ts'
import type { Smp } from './smp.ts'
import { encodePlaintext, type Plaintext } from './tlv.ts'

export interface SecuredOptions {
  readonly established: Established
  readonly smp: Smp
  readonly instanceTag: number
  /** Whether plaintexts are filled up to size classes. */
  readonly padding: 'none' | 'classes'
  readonly random: Random
  readonly now: number
}

/** The keys are the caller's, to be overwritten after use. */
export interface Sealed {
  readonly message: Uint8Array
  readonly keys: readonly ExtraKey[]
}

export class Secured {
  readonly ssid: Uint8Array
  readonly fingerprint: Fingerprint
  readonly smp: Smp
  readonly since: number // ms
  readonly #options: SecuredOptions
  readonly #peerTag: number
  #ratchet: Ratchet
  #expires: number

  constructor(options: SecuredOptions) {
    const { established, smp, now } = options
    this.#options = options
    this.smp = smp
    this.ssid = established.ssid
    this.fingerprint = established.peer.fingerprint
    this.#peerTag = established.peer.instanceTag
    this.#ratchet = established.ratchet
    this.since = now
    this.#expires = now + life
  }

  /** ms: so long after our newest ECDH key. */
  get expires(): number {
    return this.#expires
  }

  /** Whether the keys come from ML-KEM-768, too. */
  get isPostQuantum(): boolean {
    return this.#ratchet.kem !== undefined
  }

  get needsPreparation(): boolean {
    return this.#ratchet.sending.kind === 'due'
  }

  /** The step to a ratchet of ours, if it is due: a session lives by its ECDH key. */
  prepare(now: number): void {
    const ratchet = beginSending(this.#ratchet, this.#options.random)
    if (ratchet === this.#ratchet) return
    this.#commit(ratchet)
    this.#expires = now + life
  }

  /** @param reveal - the MAC keys that are not needed any more, or, at the end, all */
  seal({ text, tlvs }: Plaintext, now: number, reveal: 'turn' | 'all'): Sealed {
    const { padding, instanceTag: senderTag } = this.#options
    const bare = encodePlaintext({ text, tlvs })
    const plaintext = padding === 'classes' ? pad(bare) : bare
    this.prepare(now)
    const flags = text === '' ? ignoreUnreadable : 0
    const tags = { senderTag, receiverTag: this.#peerTag }
    const sealed = seal(this.#ratchet, { ...tags, flags, plaintext, reveal })
    this.#commit(sealed.ratchet)
    wipe(bare, plaintext)
    return { message: sealed.message, keys: extraKeys(sealed.extraKey, tlvs) }
  }

  /** `undefined`, and nothing has changed, for what was not sealed with these keys. */
  open(message: DataMessage, now: number): Omit<Opened, 'ratchet'> | undefined {
    if (message.senderTag !== this.#peerTag) return undefined
    const opened = open(this.#ratchet, message, now)
    if (!opened) return undefined
    this.#commit(opened.ratchet)
    return opened
  }

  /** Overwrites all keys. */
  wipe(): void {
    retire(this.#ratchet)
  }

  #commit(ratchet: Ratchet): void {
    retire(this.#ratchet, ratchet)
    this.#ratchet = ratchet
  }
}

const life = 7_200_000 // ms, D15: as in the example of the text
