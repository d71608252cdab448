/**
 * Finds losses by time: RACK-TLP (RFC 8985). A command is lost when one that
 * left later was acknowledged and a reordering window has passed; when nothing
 * is acknowledged any more, the oldest command is sent again as a probe, with
 * the timeout of RFC 9002, section 6.2, as our acknowledgements never wait.
 * There is no other timeout: what a probe's acknowledgement leaves is lost.
 */
import type { Echo, Recovery } from './congestion.ts'
import type { List, Outgoing } from './flight.ts'
import type { Timeout } from './limits.ts'

export class Rack implements Recovery {
  // Of the command that left last, of those that arrived (RFC 8985, section 5.3).
  #newest = -1
  #rtt = 0
  #minRtt = Infinity
  #smoothed = initialRtt
  #variance = initialRtt / 2
  #hasSample = false
  #reordering = 1 // quarters of the shortest round trip
  #reorderingAt = -1 // the number of the first command after the last widening
  #last = 0 // the number of the latest sending
  #sentAt = -Infinity // ms, of the latest sending
  #probes = 0 // in a row
  #isProbing = false // one is to be sent
  #reroutedAt = 0 // the number of the latest sending on the path before
  #silentSince: number | undefined // ms: when the first command left that had to be probed for

  deadline({ first }: List): number {
    if (!first) return Infinity
    return Math.min(this.#lostAt(first), this.#probeAt)
  }

  due(flying: List, now: number, { limit, minimum, maximum }: Timeout): readonly Outgoing[] | 'gone' {
    const { first } = flying
    if (!first || now < this.deadline(flying)) return none
    const lost: Outgoing[] = []
    for (let item: Outgoing | undefined = first; item && this.#lostAt(item) <= now; item = item.after) {
      item.isProbe = false
      lost.push(item)
    }
    if (lost.length > 0) return lost
    this.#silentSince = Math.min(this.#silentSince ?? Infinity, first.sentAt)
    const silence = now - this.#silentSince
    if (silence >= maximum || (2 ** this.#probes >= limit && silence >= minimum)) return 'gone'
    this.#probes++
    this.#isProbing = first.isProbe = true
    return [first]
  }

  sent(item: Outgoing, _: unknown, now: number): void {
    this.#last = item.number
    this.#sentAt = now
    this.#isProbing = false
  }

  heard(): void {
    this.#probes = 0
    this.#isProbing = false
    this.#silentSince = undefined
  }

  /**
   * The echoed time is what a receiver cannot know of a datagram that it did not get (RFC 9000, section 21.4): who
   * acknowledges in advance to be sent more has to guess it.
   */
  believes({ firstTime, sentTime: latest }: Outgoing, sentTime: number): boolean {
    return ((sentTime - firstTime) & 0xffff) <= ((latest - firstTime) & 0xffff)
  }

  acknowledged(item: Outgoing, echo: Echo, now: number): void {
    if (echo === 'earlier') {
      // RFC 8985, section 6.2, step 4: what was sent again had arrived.
      if (item.number > this.#reorderingAt) {
        this.#reordering = Math.min(this.#reordering + 1, mostReordering)
        this.#reorderingAt = this.#last
      }
      return
    }
    const rtt = now - item.sentAt
    if (item.number > this.#reroutedAt) this.#estimate(rtt)
    if (item.number < this.#newest) return
    this.#newest = item.number
    this.#rtt = rtt
  }

  /** One probe tells what became of the rest. */
  hurried({ first }: List): readonly Outgoing[] {
    this.#probes = 0 // but the peer's silence goes on
    if (!first) return none
    first.isProbe = true
    return [first]
  }

  rerouted(): void {
    this.#reroutedAt = this.#last
    this.#minRtt = Infinity
    this.#smoothed = initialRtt
    this.#variance = initialRtt / 2
    this.#hasSample = false
    this.#reordering = 1
  }

  /** RFC 6298, section 2. */
  #estimate(rtt: number): void {
    this.#minRtt = Math.min(this.#minRtt, rtt)
    if (!this.#hasSample) {
      this.#hasSample = true
      this.#smoothed = rtt
      this.#variance = rtt / 2
      return
    }
    this.#variance += (Math.abs(this.#smoothed - rtt) - this.#variance) / 4
    this.#smoothed += (rtt - this.#smoothed) / 8
  }

  /** RFC 8985, section 6.2, step 5. */
  #lostAt({ number, sentAt }: Outgoing): number {
    if (number >= this.#newest) return Infinity
    const window = Math.min((this.#reordering * this.#minRtt) / 4, this.#smoothed)
    return sentAt + this.#rtt + Math.max(window, granularity)
  }

  get #probeAt(): number {
    if (this.#isProbing) return Infinity
    const timeout = this.#smoothed + Math.max(4 * this.#variance, turn)
    // RFC 9002, section 6.2.4, allows two datagrams: ours go one timeout apart, for the tail of lone messages.
    const wait = timeout * 2 ** Math.max(0, this.#probes - 1)
    return this.#sentAt + Math.min(wait, Math.max(longest, timeout))
  }
}

const none: readonly Outgoing[] = []
const initialRtt = 333 // ms; RFC 9002, section 6.2.2
const granularity = 1 // ms: timers know no less
const turn = 25 // ms: what a busy event loop may take to acknowledge
const longest = 1_000 // ms between probes: a network that is back is noticed
const mostReordering = 8 // quarters
