/** Round trips, one after the other, as every peer counts them. */
import { type Ping, say } from './task.ts'

export class Rounds {
  readonly #task: Pick<Ping, 'count' | 'interval'>
  readonly #send: () => void
  readonly #rtts: number[] = [] // µs
  #start = 0

  /** @param send - the next message */
  constructor(task: Pick<Ping, 'count' | 'interval'>, send: () => void) {
    this.#task = task
    this.#send = send
  }

  next(): void {
    this.#start = performance.now()
    this.#send()
  }

  /** The message has come back. After the last one the process ends. */
  came(): void {
    const { count, interval } = this.#task
    const rtt = performance.now() - this.#start
    this.#rtts.push(Math.round(rtt * 10_000) / 10)
    if (this.#rtts.length === count) {
      say({ rtts_us: this.#rtts })
      process.exit()
    }
    if (interval <= rtt) this.next()
    else setTimeout(() => this.next(), interval - rtt)
  }
}
