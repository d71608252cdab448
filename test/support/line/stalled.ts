/**
 * A machine in a process that does not always run, as on a busy computer: it is
 * awake and asleep by turns, each for a time drawn at random. What comes
 * meanwhile waits in the socket, and timers fire when it awakes.
 */
import type { Datagram, Machine, Notice, Output } from '../../../src/machine.ts'
import { mulberry32 } from '../network.ts'

export interface Sleep {
  readonly awake: number // ms, on average
  readonly asleep: number // ms, on average
  readonly seed: number
}

export class Stalled<Event> implements Machine<Event> {
  readonly #inner: Machine<Event>
  readonly #sleep: Sleep
  readonly #random: () => number
  readonly #waiting: Datagram[] = []
  // The sleep there is, or the next one.
  #from = 0
  #until = 0
  #isAsleep = false

  constructor(inner: Machine<Event>, sleep: Sleep) {
    this.#inner = inner
    this.#sleep = sleep
    this.#random = mulberry32(sleep.seed)
  }

  get deadline(): number {
    const { deadline } = this.#inner
    if (!this.#isAsleep) return deadline
    return this.#waiting.length > 0 ? this.#until : Math.max(deadline, this.#until)
  }

  receive(datagram: Datagram, now: number): void {
    this.#look(now)
    if (this.#isAsleep) this.#waiting.push(datagram)
    else this.#inner.receive(datagram, now)
  }

  notice(notice: Notice, now: number): void {
    this.#inner.notice?.(notice, now)
  }

  *drain(now: number): Generator<Output<Event>> {
    this.#look(now)
    if (!this.#isAsleep) yield* this.#inner.drain(now)
  }

  #look(now: number): void {
    if (this.#until === 0) this.#until = now
    while (now >= this.#until) {
      this.#from = this.#until + this.#draw(this.#sleep.awake)
      this.#until = this.#from + this.#draw(this.#sleep.asleep)
    }
    this.#isAsleep = now >= this.#from
    if (!this.#isAsleep) for (const datagram of this.#waiting.splice(0)) this.#inner.receive(datagram, now)
  }

  /** ms of this average: many short ones, some long ones. */
  #draw(average: number): number {
    return -Math.log(1 - this.#random()) * average
  }
}
