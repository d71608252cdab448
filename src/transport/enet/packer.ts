/**
 * A datagram while it fills up. Four octets are kept for the header from the
 * start, as ENet counts them: without a time the datagram begins two later.
 */
import { type Command, commandSize, encodeCommand } from './command.ts'
import { encodeHeader } from './datagram.ts'
import { maxCommands } from './limits.ts'
import type { Slab } from './slab.ts'

export class Packer {
  /** Something did not fit and wants a datagram of its own. */
  isOverfull = false
  /** A command wants to be acknowledged: the datagram carries its time. */
  isTimed = false
  #into: Uint8Array = none
  #at = timedHeaderSize
  #count = 0

  get isEmpty(): boolean {
    return this.#count === 0
  }

  /** @param mtu - octets of the whole datagram at most */
  begin(slab: Slab, mtu: number): void {
    this.#into = slab.open(mtu)
    this.#at = timedHeaderSize
    this.#count = 0
    this.isOverfull = this.isTimed = false
  }

  fits(size: number): boolean {
    return this.#count < maxCommands && this.#at + size <= this.#into.length
  }

  /** Adds a command if it fits; the datagram is `isOverfull` otherwise. */
  add(command: Command): boolean {
    if (!this.fits(commandSize(command))) {
      this.isOverfull = true
      return false
    }
    this.#at = encodeCommand(command, this.#into, this.#at)
    this.#count++
    return true
  }

  finish(
    slab: Slab,
    header: { readonly peer: number; readonly session: number; readonly time: number },
  ): Uint8Array {
    const { peer, session, time } = header
    const begin = this.isTimed ? 0 : 2
    const sentTime = this.isTimed ? time & 0xffff : undefined
    encodeHeader({ peer, session, sentTime, checksum: undefined }, this.#into, begin)
    return slab.take(this.#at).subarray(begin)
  }
}

const timedHeaderSize = 4
const none = new Uint8Array(0)
