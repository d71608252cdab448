/** Acknowledgements until the next datagram: they go first, and as many as fit (ENet 1.3.17, send_acknowledgements). */
import { acknowledgeSize, type Command } from './command.ts'
import type { Packer } from './packer.ts'

export class Acknowledgements {
  /** Pairs of numbers, as there may be hundreds a turn: channel with sequence number and mark, then the time. */
  #waiting: number[] = []
  #offered = 0

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
    this.#waiting.push((kind === 'disconnect' ? disconnectMark : 0) | (channel << 16) | sequence, sentTime)
    this.#offered += acknowledgeSize
  }

  /** Moves into the datagram what fits. True: with that the peer knows that we took its DISCONNECT. */
  pack(packer: Packer): boolean {
    const waiting = this.#waiting
    let hasEnded = false
    let at = 0
    for (; at < waiting.length; at += 2) {
      if (!packer.takes(acknowledgeSize)) break
      const first = waiting[at]!
      const sequence = first & 0xffff
      packer.add({
        kind: 'acknowledge',
        flags: 0,
        channel: (first >> 16) & 0xff,
        sequence,
        receivedSequence: sequence,
        receivedSentTime: waiting[at + 1]!,
      })
      hasEnded ||= (first & disconnectMark) !== 0
    }
    if (at > 0) this.#waiting = waiting.slice(at)
    return hasEnded
  }

  clear(): void {
    this.#waiting = []
  }
}

const disconnectMark = 1 << 24
