/**
 * When a host's bandwidth is shared out among its open connections: once a
 * second, where there is a limit, or a peer came or went (ENet 1.3.17, host.c,
 * enet_host_bandwidth_throttle).
 */
import { type Bandwidth, incomingShares, type Sharer, throttleLimits } from './bandwidth.ts'
import { throttleScale } from './throttle.ts'

/** A connection, as its host's bandwidth sees it. */
export interface Sharing extends Sharer {
  readonly isOpen: boolean
  /** @param limit - of 32 parts, what is left to it */
  share(limit: number): void
  /** @param incoming - octets per second that the peer may send, 0: any */
  tellBandwidth(incoming: number): void
}

export class Shares {
  #bandwidth: Bandwidth
  #beat: number | undefined // whole ms, from the first look on
  #lookedAt = 0
  #mustTell = false
  #isThrottled = false

  constructor(bandwidth: Bandwidth) {
    this.#bandwidth = bandwidth
  }

  get bandwidth(): Bandwidth {
    return this.#bandwidth
  }

  /** The peers are told at the next look. */
  set bandwidth(bandwidth: Bandwidth) {
    this.#bandwidth = bandwidth
    this.recalculate()
  }

  /** There is one peer more, or one less: the others are told at the next look. */
  recalculate(): void {
    this.#mustTell = true
  }

  /** Shares out, if a second is over. @param time - whole ms */
  look(connections: readonly (Sharing | undefined)[], time: number): void {
    this.#beat ??= this.#lookedAt = time
    const seconds = Math.floor((time - this.#beat) / interval)
    if (seconds < 1) return
    this.#beat += seconds * interval
    const open = connections.filter((connection): connection is Sharing => connection?.isOpen === true)
    const limits = throttleLimits(open, this.#bandwidth, time - this.#lookedAt)
    for (const [i, connection] of open.entries()) connection.share(limits[i]!)
    this.#isThrottled = limits.some((limit) => limit < throttleScale)
    this.#lookedAt = time
    if (!this.#mustTell || open.length === 0) return
    this.#mustTell = false
    const shares = incomingShares(open, this.#bandwidth)
    for (const [i, connection] of open.entries()) connection.tellBandwidth(shares[i]!)
  }

  /** When the next look has something to do; Infinity for never. */
  nextLook(connections: readonly (Sharing | undefined)[]): number {
    if (this.#beat === undefined) return Infinity
    let isAnyOpen = false
    let isDue = this.#mustTell || this.#isThrottled || this.#bandwidth.outgoing !== 0
    for (const connection of connections) {
      if (!connection?.isOpen) continue
      isAnyOpen = true
      isDue ||= connection.bandwidth.incoming !== 0
    }
    return isDue && isAnyOpen ? this.#beat + interval : Infinity
  }
}

const interval = 1_000 // ms
