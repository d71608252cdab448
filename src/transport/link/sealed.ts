/**
 * Seals and opens the data frames of one link, with keys that step.
 *
 *     (key of the initiator, key of the responder) = HKDF(ck, "")
 *     ck' = first of HKDF(ck, "step")
 *
 * HKDF is Noise's, so generation 0 is Noise's Split. Only the Noise initiator
 * steps; the other side follows at the first frame that opens. A step keeps
 * neither ck nor the old sending key.
 */
import { type Aead, aead, wipe } from '../../crypto.ts'
import { headerSize, margin, overhead, readHeader, writeHeader } from './frames.ts'
import { hkdf } from './noise.ts'
import { ReplayWindow } from './window.ts'

export type Role = 'initiator' | 'responder'

/** What a handshake gives to one side. */
export interface Established {
  readonly role: Role
  /** The handshake hash: 32 octets that name this link; they go into the DAKE's phi. */
  readonly h: Uint8Array
  readonly ck: Uint8Array // 32 octets; taken over, and wiped, by `Sealed`
  readonly index: number // ours: in each frame we receive
  readonly peerIndex: number // in each frame we send
}

/** What a data frame holds: its octet `kind`. */
export const content = { enet: 0, challenge: 1, echo: 2, keepAlive: 3, echoLater: 4 } as const

export interface Opened {
  readonly kind: number // any octet: the sender's choice
  readonly content: Uint8Array
  /** No later frame came before it: the sender's address is where this one came from. */
  readonly isNewest: boolean
}

export class Sealed {
  readonly #established: Established
  #current: Generation
  #previous: Previous | undefined
  #next: Generation | undefined // a responder's, made when a frame claims it
  #isFollowed = true // initiator: the other side has sent a frame of the current generation
  #isHeld = false
  #isWiped = false

  constructor(established: Established, now: number) {
    this.#established = established
    this.#current = generation(established.ck, { role: established.role, number: 0, now })
  }

  /** Steps taken so far. */
  get generation(): number {
    return this.#current.number
  }

  /** When a key is to be erased; `expire` does it. */
  get deadline(): number {
    return this.#previous?.until ?? Infinity
  }

  expire(now: number): void {
    if (this.#previous === undefined || now < this.#previous.until) return
    wipe(this.#previous.key)
    this.#previous = undefined
  }

  /** No step while held: a DAKE runs. */
  hold(): void {
    this.#isHeld = true
  }

  release(): void {
    this.#isHeld = false
  }

  /** A frame with a copy of this content, of at most 1,199 octets. */
  seal(kind: number, content: Uint8Array, now: number): Uint8Array {
    const frame = new Uint8Array(overhead + content.length)
    frame.set(content, margin.before)
    this.sealAround(kind, frame, now)
    return frame
  }

  /**
   * header 16 | AEAD(kind 1, content) | tag 16; AAD = header, nonce = zero 4, counter 8.
   *
   * @param frame - with its content in place, and `margin` around that: sealed where it lies
   */
  sealAround(kind: number, frame: Uint8Array, now: number): void {
    if (this.#isWiped) throw new Error('sealed with the keys of a link that ended')
    if (this.#isStepDue(now)) this.#step(now)
    const { number, sealing } = this.#current
    const { peerIndex } = this.#established
    writeHeader({ generation: number & 0xff, index: peerIndex, counter: this.#current.counter++ }, frame)
    frame[headerSize] = kind
    const header = frame.subarray(0, headerSize)
    const plaintext = frame.subarray(headerSize, frame.length - margin.after)
    sealing.cipher.seal(nonceOf(header), header, plaintext, frame.subarray(headerSize))
  }

  /** `undefined` for whatever is not a new frame of this link's other side; nothing has changed then. */
  open(frame: Uint8Array, now: number): Opened | undefined {
    const header = readHeader(frame)
    if (this.#isWiped || !header || header.index !== this.#established.index) return undefined
    this.expire(now)
    const opening = this.#openingOf(header.generation)
    if (!opening?.window.isFresh(header.counter)) return undefined
    const aad = frame.subarray(0, headerSize)
    const plaintext = opening.cipher.open(nonceOf(aad), aad, frame.subarray(headerSize))
    if (!plaintext) return undefined
    if (opening === this.#next?.opening) this.#follow(this.#next, now)
    if (opening === this.#current.opening) this.#confirm(now)
    const isNewest = header.counter > opening.window.highest && this.#isLatest(opening)
    opening.window.mark(header.counter)
    return { kind: plaintext[0]!, content: plaintext.subarray(1), isNewest }
  }

  wipe(): void {
    this.#isWiped = true
    if (this.#next) wipeGeneration(this.#next)
    wipeGeneration(this.#current)
    if (this.#previous) wipe(this.#previous.key)
    this.#previous = undefined
    this.#next = undefined
  }

  /** At 2^20 frames either way, or 120 s; once the other side has followed the last one. */
  #isStepDue(now: number): boolean {
    if (this.#established.role !== 'initiator' || this.#isHeld || !this.#isFollowed) return false
    const { since, counter, opening } = this.#current
    return now - since >= maxAge || counter >= maxFrames || opening.window.highest >= maxFrames - 1
  }

  /** The old key opens until 10 s after the other side's first new frame: it has not heard of the step yet. */
  #step(now: number): void {
    const next = stepped(this.#current, this.#established.role, now)
    this.#replaceBy(next, Infinity)
    this.#isFollowed = false
  }

  #follow(next: Generation, now: number): void {
    this.#next = undefined
    this.#replaceBy({ ...next, since: now }, now + keptFor)
  }

  #confirm(now: number): void {
    if (this.#isFollowed) return
    this.#isFollowed = true
    if (this.#previous) this.#previous.until = now + keptFor
  }

  #replaceBy(next: Generation, until: number): void {
    const { ck, sealing, opening, number } = this.#current
    wipe(ck, sealing.key)
    if (this.#previous) wipe(this.#previous.key)
    this.#previous = { ...opening, number, until }
    this.#current = next
  }

  #openingOf(octet: number): Opening | undefined {
    const { number, opening } = this.#current
    if (octet === (number & 0xff)) return opening
    if (this.#previous && octet === (this.#previous.number & 0xff)) return this.#previous
    if (this.#established.role === 'initiator' || octet !== ((number + 1) & 0xff)) return undefined
    this.#next ??= stepped(this.#current, this.#established.role, 0)
    return this.#next.opening
  }

  #isLatest(opening: Opening): boolean {
    return opening === this.#current.opening || this.#current.opening.window.highest < 0
  }
}

interface Generation {
  readonly number: number
  readonly since: number // ms
  readonly ck: Uint8Array
  readonly sealing: Keyed
  readonly opening: Opening
  counter: number // of the next frame we send
}

interface Keyed {
  readonly key: Uint8Array
  readonly cipher: Aead
}

interface Opening extends Keyed {
  readonly window: ReplayWindow
}

interface Previous extends Opening {
  readonly number: number
  until: number // ms
}

function generation(
  ck: Uint8Array,
  { role, number, now }: { readonly role: Role; readonly number: number; readonly now: number },
): Generation {
  const [initiator, responder] = hkdf(ck)
  const [ours, theirs] = role === 'initiator' ? [initiator, responder] : [responder, initiator]
  const opening = { key: theirs, cipher: aead(theirs), window: new ReplayWindow() }
  return { number, since: now, ck, sealing: { key: ours, cipher: aead(ours) }, opening, counter: 0 }
}

/** The generation after this one, which stays as it is. */
function stepped({ ck, number }: Generation, role: Role, now: number): Generation {
  const [next, unused] = hkdf(ck, stepLabel)
  wipe(unused)
  return generation(next, { role, number: number + 1, now })
}

function wipeGeneration({ ck, sealing, opening }: Generation): void {
  wipe(ck, sealing.key, opening.key)
}

function nonceOf(header: Uint8Array): Uint8Array {
  const nonce = new Uint8Array(12)
  nonce.set(header.subarray(8, headerSize), 4)
  return nonce
}

const stepLabel = Uint8Array.of(0x73, 0x74, 0x65, 0x70) // "step"
const maxAge = 120_000 // ms, of one generation
const maxFrames = 2 ** 20 // of one generation, in one direction
const keptFor = 10_000 // ms: longer than any datagram wanders
