/**
 * A node of the DHT and nothing else: the seed of a private network. It keeps
 * records for others, and knows no profile. Sans-I/O: see `src/machine.ts`.
 */
import type { Random } from '../crypto.ts'
import { Discovery } from '../discovery/discovery.ts'
import type { Address, Datagram, Local, Machine, Notice, Output, WallClock } from '../machine.ts'
import { Queue } from '../queue.ts'
import { classify } from '../wire/classify.ts'
import type { NetworkState } from './command.ts'

export type NodeEvent =
  | { readonly kind: 'listening'; readonly at: Address }
  | { readonly kind: 'network'; readonly state: NetworkState }

export interface NodeOptions {
  readonly random: Random
  readonly wall: WallClock
  readonly bootstrap: readonly Address[]
  readonly now: number
}

export class Node implements Machine<NodeEvent> {
  readonly #local: Local = { kind: 'udp4' }
  readonly #outbox = new Queue<Output<NodeEvent>>()
  readonly #discovery: Discovery
  readonly #hasBootstrap: boolean
  #isOpen = false

  constructor({ random, wall, bootstrap, now }: NodeOptions) {
    const local = this.#local
    this.#hasBootstrap = bootstrap.length > 0
    this.#discovery = new Discovery({ local, random, wall, mode: 'node', bootstrap, saved: [], now })
    this.#outbox.push({ kind: 'open', local })
  }

  get deadline(): number {
    if (this.#outbox.length > 0) return -Infinity
    return this.#isOpen ? this.#discovery.deadline : Infinity
  }

  addBootstrap(addresses: readonly Address[], now: number): void {
    this.#discovery.addBootstrap(addresses, now)
  }

  receive(datagram: Datagram, now: number): void {
    if (classify(datagram.bytes) === 'dht') this.#discovery.receive(datagram, now)
  }

  notice(notice: Notice): void {
    this.#isOpen = notice.kind === 'opened'
    if (notice.kind === 'opened') this.#emit({ kind: 'listening', at: notice.at })
    else this.#emit({ kind: 'network', state: 'no-socket' })
  }

  *drain(now: number): Generator<Output<NodeEvent>> {
    if (this.#isOpen) {
      for (const out of this.#discovery.drain(now)) {
        if (out.kind !== 'event') yield out
        // The first node of a network has nobody to join.
        else if (out.event.kind === 'joined' || (out.event.kind === 'unreachable' && this.#hasBootstrap))
          this.#emit({ kind: 'network', state: out.event.kind })
      }
    }
    yield* this.#outbox.take()
  }

  #emit(event: NodeEvent): void {
    this.#outbox.push({ kind: 'event', event })
  }
}
