/**
 * The unreliable messages of one channel: delivered at most once, never after a
 * newer one, and never before the reliable message that they follow: those that
 * came before it are held (ENet 1.3.17, dispatch_incoming_unreliable_commands).
 */
import type { SendUnreliable, SendUnreliableFragment } from './command.ts'
import type { Limits } from './limits.ts'
import { kept, overhead, Reassembly } from './reassembly.ts'
import { placeOf } from './sequence.ts'

/** What all channels of a peer have in common. */
export interface Waiting {
  octets: number // held
  /** The last reliable command had come before. */
  isRepeated: boolean
}

/** A whole message, or its pieces so far. */
type Held = Uint8Array | Reassembly

export class Unreliable {
  readonly #waiting: Waiting
  readonly #deliver: (message: Uint8Array) => void
  /** By reliable and unreliable number; oldest first. */
  readonly #held = new Map<number, Held>()
  #current: number // the last reliable number delivered
  #last = 0 // the last unreliable one since

  constructor(current: number, options: { waiting: Waiting; deliver: (message: Uint8Array) => void }) {
    this.#current = current
    this.#waiting = options.waiting
    this.#deliver = options.deliver
  }

  /** A message whose reliable number is not behind `current`. */
  receive({ sequence, unreliableSequence, payload }: SendUnreliable, limits: Limits): void {
    if (this.#isOver(sequence, unreliableSequence)) return
    if (sequence === this.#current) this.#pass(payload, unreliableSequence)
    else {
      const key = keyOf(sequence, unreliableSequence)
      if (!this.#held.has(key) && this.#hasRoom(limits, key)) this.#hold(key, kept(payload))
    }
  }

  /** A sound piece of such a message. False: it does not fit to the others of it. */
  fragment(piece: SendUnreliableFragment, limits: Limits): boolean {
    const { sequence, start, number } = piece
    if (this.#isOver(sequence, start)) return true
    const key = keyOf(sequence, start)
    const held = this.#held.get(key)
    if (held && !(held instanceof Reassembly && held.matches(piece))) return false
    if (held?.has(number) || !this.#hasRoom(limits, key)) return true
    const message = held ?? new Reassembly(piece)
    if (!held) this.#hold(key, message)
    this.#waiting.octets -= message.cost
    message.add(piece)
    this.#waiting.octets += message.cost
    if (message.isComplete && sequence === this.#current) this.#pass(message.join(), start)
    return true
  }

  /** A reliable message was delivered: those that followed it are due, those before it are too late. */
  advance(current: number): void {
    this.#current = current
    this.#last = 0
    if (this.#held.size === 0) return
    const due: number[] = []
    for (const [key, held] of this.#held) {
      const sequence = key >>> 16
      if (placeOf(sequence, current) !== 'inside') this.#drop(key)
      else if (sequence === current && isWhole(held)) due.push(key)
    }
    for (const key of due.sort((a, b) => a - b)) {
      const held = this.#held.get(key)!
      this.#pass(held instanceof Reassembly ? held.join() : held, key & 0xffff)
    }
  }

  #isOver(sequence: number, unreliable: number): boolean {
    return sequence === this.#current && unreliable <= this.#last
  }

  /** What is not whole when a newer one is delivered never will be. */
  #pass(message: Uint8Array, unreliable: number): void {
    this.#last = unreliable
    if (this.#held.size > 0)
      for (const key of this.#held.keys())
        if (key >>> 16 === this.#current && (key & 0xffff) <= unreliable) this.#drop(key)
    this.#deliver(message)
  }

  /** Where too much is held the oldest goes, as the network might have dropped it: else none would ever be whole. */
  #hasRoom({ maximumWaitingData }: Limits, except: number): boolean {
    for (const key of this.#held.keys()) {
      if (this.#waiting.octets < maximumWaitingData) return true
      if (key !== except) this.#drop(key)
    }
    return this.#waiting.octets < maximumWaitingData
  }

  #hold(key: number, held: Held): void {
    this.#held.set(key, held)
    this.#waiting.octets += costOf(held)
  }

  #drop(key: number): void {
    const held = this.#held.get(key)
    if (!held) return
    this.#held.delete(key)
    this.#waiting.octets -= costOf(held)
  }
}

const keyOf = (sequence: number, unreliable: number): number => ((sequence << 16) | unreliable) >>> 0
const isWhole = (held: Held): boolean => !(held instanceof Reassembly) || held.isComplete
const costOf = (held: Held): number => overhead + (held instanceof Reassembly ? held.cost : held.length)
