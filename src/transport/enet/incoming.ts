/**
 * The receiving side of one channel: reliable messages are delivered once and
 * in order; what came too early is held (ENet 1.3.17, peer.c).
 */
import type { SendFragment, SendReliable, SendUnreliable, SendUnreliableFragment } from './command.ts'
import type { Limits } from './limits.ts'
import { isSound, kept, overhead, Reassembly } from './reassembly.ts'
import { next, type Place, placeOf } from './sequence.ts'
import { Unreliable, type Waiting } from './unreliable.ts'

type Held = Uint8Array | Reassembly

export class Incoming {
  readonly #waiting: Waiting
  readonly #deliver: (message: Uint8Array) => void
  readonly #held = new Map<number, Held>()
  #current = 0 // the last number delivered
  #unreliable: Unreliable | undefined // most channels never have one

  constructor(waiting: Waiting, deliver: (message: Uint8Array) => void) {
    this.#waiting = waiting
    this.#deliver = deliver
  }

  place(sequence: number): Place {
    return placeOf(sequence, this.#current)
  }

  /** False: refused, and must not be acknowledged. */
  reliable({ sequence, payload }: SendReliable, limits: Limits): boolean {
    if (payload.length > limits.maximumPacketSize) return false
    if (this.#isOver(sequence) || this.#held.has(sequence)) return this.#repeated()
    if (sequence === next(this.#current)) {
      this.#pass(payload, sequence)
      this.#advance()
      return true
    }
    if (this.#waiting.octets >= limits.maximumWaitingData) return false
    this.#hold(sequence, kept(payload), payload.length)
    return true
  }

  /** False: refused, and must not be acknowledged. */
  fragment(piece: SendFragment, limits: Limits): boolean {
    const { sequence, start, number, payload } = piece
    if (sequence !== ((start + number) & 0xffff)) return false
    if (!isSound(piece, limits.maximumPacketSize)) return false
    if (this.#isOver(start)) return this.#repeated()
    const held = this.#held.get(start)
    if (held && !(held instanceof Reassembly && held.matches(piece))) return false
    if (held?.has(number)) return this.#repeated()
    if (this.#waiting.octets >= this.#bound(start, limits)) return false
    const message = held ?? new Reassembly(piece)
    if (!held) this.#hold(start, message, 0)
    message.add(piece)
    this.#waiting.octets += payload.length + overhead
    if (message.isComplete) this.#advance()
    return true
  }

  unreliable(command: SendUnreliable, limits: Limits): void {
    if (this.place(command.sequence) === 'inside') this.#unreliables().receive(command, limits)
  }

  /** False: no piece of any message, or of none that is held. */
  unreliableFragment(piece: SendUnreliableFragment, limits: Limits): boolean {
    if (this.place(piece.sequence) !== 'inside') return true
    return isSound(piece, limits.maximumPacketSize) && this.#unreliables().fragment(piece, limits)
  }

  #repeated(): true {
    this.#waiting.isRepeated = true
    return true
  }

  /** Delivered already, or too far ahead. */
  #isOver(sequence: number): boolean {
    return sequence === this.#current || this.place(sequence) !== 'inside'
  }

  /** The message that all others wait for may always come in: else what is held would never leave. */
  #bound(start: number, { maximumWaitingData, maximumPacketSize }: Limits): number {
    return start === next(this.#current) ? maximumWaitingData + maximumPacketSize * 2 : maximumWaitingData
  }

  #hold(sequence: number, held: Held, octets: number): void {
    this.#held.set(sequence, held)
    this.#waiting.octets += octets + overhead
  }

  #pass(message: Uint8Array, last: number): void {
    this.#current = last
    this.#deliver(message)
    this.#unreliable?.advance(last)
  }

  #unreliables(): Unreliable {
    this.#unreliable ??= new Unreliable(this.#current, {
      waiting: this.#waiting,
      deliver: this.#deliver,
    })
    return this.#unreliable
  }

  #advance(): void {
    for (;;) {
      const sequence = next(this.#current)
      const held = this.#held.get(sequence)
      if (!held) return
      if (held instanceof Reassembly) {
        if (!held.isComplete) return
        this.#waiting.octets -= held.cost + overhead
        this.#pass(held.join(), (sequence + held.count - 1) & 0xffff)
      } else {
        this.#waiting.octets -= held.length + overhead
        this.#pass(held, sequence)
      }
      this.#held.delete(sequence)
    }
  }
}
