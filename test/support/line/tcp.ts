/**
 * A TCP that always has something to send, as other traffic on a line: CUBIC
 * (RFC 9438) or Reno (RFC 5681). Its receiver acknowledges segments by
 * their numbers, one datagram a turn, as selective acknowledgements would; what
 * is lost is not sent again, for nobody reads it.
 */
import type { Datagram, Machine, Output } from '../../../src/machine.ts'
import type { End, Line } from './line.ts'

export type Control = 'cubic' | 'reno'

/** Begins at once. @returns the octets that were acknowledged so far */
export function tcp(line: Line, control: Control = 'cubic'): { readonly delivered: number } {
  const [a, b] = line.ends()
  const sender = new Sender(a, b, control)
  line.attach(a, sender)
  line.attach(b, new Receiver(b, a))
  return sender
}

class Sender implements Machine<never> {
  delivered = 0 // octets
  readonly #ends: readonly [End, End]
  readonly #window: Window
  readonly #flying = new Map<number, number>() // number -> when sent; in the order of numbers
  #next = 0
  #highest = -1 // number that was acknowledged
  #recovery = 0 // losses before this number belong to a round that has had its cut
  #heardAt = 0
  #smoothed = 0
  #variance = 0
  #backoff = 1

  constructor(from: End, to: End, control: Control) {
    this.#ends = [from, to]
    this.#window = control === 'cubic' ? new Cubic() : new Reno()
  }

  get deadline(): number {
    return this.#flying.size < Math.floor(this.#window.size) ? -Infinity : this.#heardAt + this.#timeout
  }

  receive({ bytes }: Datagram, now: number): void {
    for (const number of numbersOf(bytes)) {
      const sentAt = this.#flying.get(number)
      if (sentAt === undefined) continue
      this.#flying.delete(number)
      this.#heardAt = now
      this.#backoff = 1
      this.delivered += segment
      this.#highest = Math.max(this.#highest, number)
      this.#sample(now - sentAt)
      this.#window.acknowledged(now, this.#smoothed)
    }
    this.#detectLoss(now)
  }

  *drain(now: number): Generator<Output<never>> {
    if (this.#flying.size > 0 && now >= this.#heardAt + this.#timeout) this.#giveUp(now)
    const [{ local }, { address }] = this.#ends
    while (this.#flying.size < Math.floor(this.#window.size)) {
      if (this.#flying.size === 0) this.#heardAt = now
      const bytes = new Uint8Array(segment + 24) // options of TCP, and its header beyond UDP's
      new DataView(bytes.buffer).setUint32(0, this.#next)
      this.#flying.set(this.#next++, now)
      yield { kind: 'send', datagram: { local, peer: address, bytes } }
    }
  }

  /** RFC 6298 */
  get #timeout(): number {
    return Math.max(200, this.#smoothed === 0 ? 1_000 : this.#smoothed + 4 * this.#variance) * this.#backoff
  }

  #sample(rtt: number): void {
    if (this.#smoothed === 0) [this.#smoothed, this.#variance] = [rtt, rtt / 2]
    this.#variance += (Math.abs(this.#smoothed - rtt) - this.#variance) / 4
    this.#smoothed += (rtt - this.#smoothed) / 8
  }

  /** Three that were sent later have come: RFC 6675. */
  #detectLoss(now: number): void {
    for (const number of this.#flying.keys()) {
      if (number > this.#highest - 3) return
      this.#flying.delete(number)
      if (number < this.#recovery) continue
      this.#recovery = this.#next
      this.#window.lost(now)
    }
  }

  #giveUp(now: number): void {
    this.#flying.clear()
    this.#window.timedOut(now)
    this.#recovery = this.#next
    this.#backoff *= 2
    this.#heardAt = now
  }
}

class Receiver implements Machine<never> {
  readonly deadline = Infinity
  readonly #ends: readonly [End, End]
  #new: number[] = []
  #told: number[] = []

  constructor(from: End, to: End) {
    this.#ends = [from, to]
  }

  receive({ bytes }: Datagram): void {
    this.#new.push(new DataView(bytes.buffer).getUint32(0))
  }

  *drain(): Generator<Output<never>> {
    const [{ local }, { address }] = this.#ends
    const bytes = new Uint8Array(Uint32Array.from([...this.#new, ...this.#told]).buffer)
    this.#told = [...this.#new, ...this.#told].slice(0, repeated)
    this.#new = []
    yield { kind: 'send', datagram: { local, peer: address, bytes } }
  }
}

/** In segments. */
interface Window {
  readonly size: number
  acknowledged(now: number, rtt: number): void
  lost(now: number): void
  timedOut(now: number): void
}

class Reno implements Window {
  size = 10
  #threshold = Infinity

  acknowledged(): void {
    this.size += this.size < this.#threshold ? 1 : 1 / this.size
  }

  lost(): void {
    this.size = this.#threshold = Math.max(2, this.size / 2)
  }

  timedOut(): void {
    this.#threshold = Math.max(2, this.size / 2)
    this.size = 1
  }
}

class Cubic implements Window {
  size = 10
  #threshold = Infinity
  #wMax = 0
  #prior = 0 // size before the last cut
  #epoch: { readonly at: number; readonly k: number } | undefined // s
  #estimate = 0

  acknowledged(now: number, rtt: number): void {
    if (this.size < this.#threshold) {
      this.size++
      return
    }
    if (!this.#epoch) {
      this.#wMax = Math.max(this.#wMax, this.size)
      this.#epoch = { at: now, k: Math.cbrt((this.#wMax - this.size) / c) } // section 4.2
      this.#estimate = this.size
    }
    const { at, k } = this.#epoch
    const t = (now - at) / 1_000
    const w = (time: number): number => c * (time - k) ** 3 + this.#wMax
    const alpha = this.#estimate >= this.#prior ? 1 : (3 * (1 - beta)) / (1 + beta)
    this.#estimate += alpha / this.size // section 4.3
    if (w(t) < this.#estimate) {
      this.size = Math.max(this.size, this.#estimate)
      return
    }
    const target = Math.min(Math.max(w(t + rtt / 1_000), this.size), this.size * 1.5)
    this.size += (target - this.size) / this.size // sections 4.4, 4.5
  }

  lost(): void {
    this.#cut()
    this.size = this.#threshold
  }

  timedOut(): void {
    this.#cut()
    this.size = 1
  }

  #cut(): void {
    this.#prior = this.size
    this.#wMax = this.size < this.#wMax ? (this.size * (1 + beta)) / 2 : this.size // section 4.7
    this.#threshold = Math.max(2, this.size * beta) // section 4.6
    this.#epoch = undefined
  }
}

function numbersOf(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(bytes.buffer)
}

const repeated = 32 // numbers that an acknowledgement tells again, so that the loss of one harms nobody
const segment = 1_448 // octets
const c = 0.4 // section 5.1
const beta = 0.7
