/**
 * A datagram while it fills up. The longest header's octets are kept from the
 * start, as ENet counts them: without a time the datagram begins two later.
 */
import { type Command, commandSize, encodeCommand } from './command.ts'
import { encodeHeader } from './datagram.ts'
import { maxCommands, maxMtu } from './limits.ts'
import type { Slab } from './slab.ts'
import type { Wrapping } from './wrapping.ts'

/** What a datagram is headed with. */
export interface Envelope {
  readonly peer: number // the receiver's slot
  readonly session: number
  readonly time: number // whole ms
  readonly connectId: number // 0 as long as the receiver's slot is not known
}

export class Packer {
  /** Something did not fit and wants a datagram of its own. */
  isOverfull = false
  /** A command wants to be acknowledged: the datagram carries its time. */
  isTimed = false
  readonly #headerRoom: number
  readonly #slab: Slab
  readonly #wrapping: Wrapping | undefined
  #into: Uint8Array = none // from the first command on
  #mtu = 0
  #at = 0
  #count = 0

  constructor(slab: Slab, wrapping: Wrapping | undefined) {
    this.#slab = slab
    this.#wrapping = wrapping
    this.#headerRoom = wrapping?.headerRoom ?? plainHeaderRoom
  }

  /** Octets kept for the header. */
  get headerRoom(): number {
    return this.#headerRoom
  }

  get isEmpty(): boolean {
    return this.#count === 0
  }

  /** @param mtu - octets of the whole datagram at most */
  begin(mtu: number): void {
    this.#mtu = mtu
    this.#at = this.#headerRoom
    this.#count = 0
    this.isOverfull = this.isTimed = false
  }

  fits(size: number): boolean {
    return this.#count < maxCommands && this.#at + size <= this.#mtu
  }

  /** Does a command of this size fit, or has it the datagram for itself, as it was cut for a larger path? `isOverfull` otherwise. */
  takes(size: number): boolean {
    const isAlone = this.#count === 0 && this.#at + size <= maxMtu
    if (isAlone || this.fits(size)) return true
    this.isOverfull = true
    return false
  }

  /** Adds a command that fits. */
  add(command: Command): void {
    if (this.#count++ === 0)
      this.#into = this.#slab.open(Math.max(this.#mtu, this.#at + commandSize(command)))
    this.#at = encodeCommand(command, this.#into, this.#at)
  }

  finish(envelope: Envelope): Uint8Array {
    const { peer, session, time, connectId } = envelope
    const sentTime = this.isTimed ? time & 0xffff : undefined
    const header = { peer, session, sentTime, checksum: undefined }
    if (this.#wrapping) {
      const [begin, end] = this.#wrapping.close(this.#into, this.#at, { header, connectId })
      return this.#slab.take(end).subarray(begin)
    }
    const begin = this.isTimed ? 0 : 2
    encodeHeader(header, this.#into, begin)
    return this.#slab.take(this.#at).subarray(begin)
  }

  /** Nothing is queued: memory for more than so many octets is given up. */
  rest(kept: number): void {
    this.#into = none
    this.#slab.rest(kept)
  }
}

const plainHeaderRoom = 4
const none = new Uint8Array(0)
