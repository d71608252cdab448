/**
 * When to probe which of a buddy's addresses. What is sent is the link's own
 * first datagram (an init or a knock): the handshake is the probe, and the
 * first path on which it is answered wins.
 */
import type { Address } from '../machine.ts'

export class Probes {
  readonly #peers: Address[] = []
  readonly #endsAt: number
  #round = 0
  #nextAt: number

  constructor({ peers, now }: { readonly peers: readonly Address[]; readonly now: number }) {
    for (const peer of peers) this.learn(peer)
    this.#endsAt = now + patience
    this.#nextAt = now
  }

  /** When `due` next has somebody to probe, or `isOver` turns true. */
  get deadline(): number {
    return Math.min(this.#nextAt, this.#endsAt)
  }

  /** Nobody answered in time: a new attempt with a new handshake is needed. */
  isOver(now: number): boolean {
    return now >= this.#endsAt
  }

  /** Also probe this one: a NAT may give the peer a port that nobody could announce. Bounded. */
  learn(peer: Address): void {
    if (this.#peers.length < maxPeers && !this.#peers.includes(peer)) this.#peers.push(peer)
  }

  /** Who is to be probed at `now`. */
  due(now: number): readonly Address[] {
    if (now < this.#nextAt || this.isOver(now)) return []
    this.#nextAt = now + (gaps[this.#round++] ?? steadyGap)
    return this.#peers
  }
}

const maxPeers = 32 // 16 of a record, 16 learnt: a peer that hops ports must not make us spray

// Dense at first: the peer's hole may open a moment after our first try. ms.
const gaps = [100, 200, 400]
const steadyGap = 1_000
const patience = 10_000
