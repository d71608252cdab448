/**
 * Acknowledgements until the next datagram: they go first, and as many as fit
 * (ENet 1.3.17, send_acknowledgements). Where the way back loses them each one
 * may go out again with the next datagram, so that nothing is sent twice in
 * vain: ENet has no cumulative acknowledgement that would make up for a lost one.
 */
import { acknowledgeSize, type Command } from './command.ts'
import type { Acknowledging } from './congestion.ts'
import type { Packer } from './packer.ts'

export class Acknowledgements {
  readonly #policy: Acknowledging
  /** Pairs of numbers, as there may be hundreds a turn: channel with sequence number and mark, then the time. */
  #waiting: number[] = []
  #at = 0 // of the first that waits
  #previous: number[] = [] // of the datagram before, as far as they go out again
  #previousAt = 0 // ms
  #again = 0 // how many more are to go out again
  #offered = 0

  constructor(policy: Acknowledging) {
    this.#policy = policy
  }

  /** Octets of all that were added since `measured`. */
  get offered(): number {
    return this.#offered
  }

  /** A new second of the host's bandwidth begins. */
  measured(): void {
    this.#offered = 0
  }

  /** @param sentTime - of the datagram that brought the command */
  add({ kind, channel, sequence }: Command, sentTime: number): void {
    if (this.#waiting.length - this.#at >= mostWaiting * 2) return // as if it had been lost
    this.#waiting.push((kind === 'disconnect' ? disconnectMark : 0) | (channel << 16) | sequence, sentTime)
    this.#offered += acknowledgeSize
  }

  /** A command came that was acknowledged before: the way back may lose acknowledgements. */
  repeated(): void {
    if (this.#policy === 'again-after-loss') this.#again = Math.min(this.#again + againFor, mostAgain)
  }

  /**
   * Moves into the datagram what fits. True: with that the peer knows that we took its DISCONNECT.
   *
   * @param rtt - ms: what is repeated much later would make the peer believe in a longer round trip
   */
  pack(packer: Packer, { now, rtt }: { readonly now: number; readonly rtt: number }): boolean {
    const waiting = this.#waiting
    const begin = this.#at
    if (waiting.length === begin) return false
    const end = this.#again > 0 ? Math.min(waiting.length, begin + mostWithRepeats * 2) : waiting.length
    let hasEnded = false
    let at = begin
    for (; at < end; at += 2) {
      if (!packer.takes(acknowledgeSize)) break
      hasEnded ||= this.#add(packer, waiting, at)
    }
    if (at === end && end < waiting.length) packer.isOverfull = true
    if (now - this.#previousAt > Math.max(soon, rtt / 8)) this.#previous = none
    for (let i = 0; i < this.#previous.length && packer.fits(acknowledgeSize); i += 2)
      this.#add(packer, this.#previous, i)
    this.#previous = this.#again > 0 ? waiting.slice(begin, at) : none
    this.#previousAt = now
    this.#again = Math.max(0, this.#again - (at - begin) / 2)
    this.#taken(at)
    return hasEnded
  }

  clear(): void {
    this.#waiting = []
    this.#at = 0
    this.#previous = []
  }

  /** Each move of what waits pays for as many taken: constant for each. */
  #taken(at: number): void {
    this.#at = at
    if (at * 2 < this.#waiting.length) return
    this.#waiting = this.#waiting.slice(at)
    this.#at = 0
  }

  #add(packer: Packer, from: readonly number[], at: number): boolean {
    const first = from[at]!
    const sequence = first & 0xffff
    packer.add({
      kind: 'acknowledge',
      flags: 0,
      channel: (first >> 16) & 0xff,
      sequence,
      receivedSequence: sequence,
      receivedSentTime: from[at + 1]!,
    })
    return (first & disconnectMark) !== 0
  }
}

const disconnectMark = 1 << 24
const againFor = 256 // acknowledgements, for each command that came again
const mostAgain = 4_096
const soon = 10 // ms
const mostWaiting = 8_192 // more than any flight that arrives in one turn
const mostWithRepeats = 16 // new ones of a datagram: as many of the one before fit beside them
const none: number[] = []
