/**
 * A node of the DHT and nothing else: the seed of a private network. It keeps
 * records for others, and knows no profile. Sans-I/O: see `src/machine.ts`.
 */
import type { Random } from '../crypto.ts'
import { Discovery, type DiscoveryEvent } from '../discovery/discovery.ts'
import type { Address, Datagram, Local, Machine, Notice, Output, WallClock } from '../machine.ts'
import { ownCandidates } from '../nat/candidates.ts'
import { Queue } from '../queue.ts'
import { splitAddress } from '../wire/address.ts'
import { classify } from '../wire/classify.ts'
import type { NetworkState } from './command.ts'

export type NodeEvent =
  | { readonly kind: 'listening'; readonly port: number; readonly addresses: readonly Address[] }
  | { readonly kind: 'network'; readonly state: NetworkState }

export interface NodeOptions {
  readonly random: Random
  readonly wall: WallClock
  /** IPv4 addresses of the interfaces that may be used. */
  readonly hosts: readonly string[]
  readonly loopback: boolean
  /** There is a network to join; the first node of one has nobody to ask. */
  readonly hasBootstrap: boolean
  readonly now: number
}

export class Node implements Machine<NodeEvent> {
  readonly #local: Local = { kind: 'udp4' }
  readonly #outbox = new Queue<Output<NodeEvent>>()
  readonly #options: NodeOptions
  readonly #discovery: Discovery
  #isOpen = false

  constructor(options: NodeOptions) {
    const { random, wall, now } = options
    const local = this.#local
    this.#options = options
    this.#discovery = new Discovery({ local, random, wall, mode: 'node', bootstrap: [], saved: [], now })
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
    if (notice.kind === 'opened') this.#listening(notice.at)
    else this.#emit({ kind: 'network', state: 'no-socket' })
  }

  *drain(now: number): Generator<Output<NodeEvent>> {
    if (this.#isOpen) {
      for (const out of this.#discovery.drain(now)) {
        if (out.kind !== 'event') yield out
        else if (isNetwork(out.event) && this.#options.hasBootstrap)
          this.#emit({ kind: 'network', state: out.event.kind })
      }
    }
    yield* this.#outbox.take()
  }

  #listening(at: Address): void {
    const { hosts, loopback } = this.#options
    const { port } = splitAddress(at)
    const addresses = ownCandidates({ hosts, port, loopback }).map(({ address }) => address)
    this.#emit({ kind: 'listening', port, addresses })
  }

  #emit(event: NodeEvent): void {
    this.#outbox.push({ kind: 'event', event })
  }
}

const isNetwork = (event: DiscoveryEvent): event is DiscoveryEvent & { kind: 'joined' | 'unreachable' } =>
  event.kind === 'joined' || event.kind === 'unreachable'
