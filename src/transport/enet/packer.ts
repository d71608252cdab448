/**
 * A datagram while it fills up. Four octets are kept for the header from the
 * start, as ENet counts them: without a time the datagram begins two later.
 */
import { type Command, encodeCommand } from './command.ts'
import { encodeHeader } from './datagram.ts'
import { maxCommands } from './limits.ts'
import type { Slab } from './slab.ts'

/** Octets kept for the header. */
export const headerRoom = 4

/** What a datagram is headed with. */
export interface Envelope {
  readonly peer: number // the receiver's slot
  readonly session: number
  readonly time: number // whole ms
}

export class Packer {
  /** Something did not fit and wants a datagram of its own. */
  isOverfull = false
  /** A command wants to be acknowledged: the datagram carries its time. */
  isTimed = false
  #into: Uint8Array = none
  #at = headerRoom
  #count = 0

  get isEmpty(): boolean {
    return this.#count === 0
  }

  /** @param mtu - octets of the whole datagram at most */
  begin(slab: Slab, mtu: number): void {
    this.#into = slab.open(mtu)
    this.#at = headerRoom
    this.#count = 0
    this.isOverfull = this.isTimed = false
  }

  fits(size: number): boolean {
    return this.#count < maxCommands && this.#at + size <= this.#into.length
  }

  /** Does a command of this size fit? The datagram is `isOverfull` otherwise. */
  takes(size: number): boolean {
    if (this.fits(size)) return true
    this.isOverfull = true
    return false
  }

  /** Adds a command that fits. */
  add(command: Command): void {
    this.#at = encodeCommand(command, this.#into, this.#at)
    this.#count++
  }

  finish(slab: Slab, header: Envelope): Uint8Array {
    const { peer, session, time } = header
    const begin = this.isTimed ? 0 : 2
    const sentTime = this.isTimed ? time & 0xffff : undefined
    encodeHeader({ peer, session, sentTime, checksum: undefined }, this.#into, begin)
    return slab.take(this.#at).subarray(begin)
  }
}

const none = new Uint8Array(0)
