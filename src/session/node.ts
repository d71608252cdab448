/**
 * A node of the DHT and nothing else: the seed of a private network. It keeps
 * records for others, and knows no profile. Sans-I/O: see `src/machine.ts`.
 */
import type { Random } from '../crypto.ts'
import { Discovery, type DiscoveryEvent } from '../discovery/discovery.ts'
import type { Address, Datagram, Machine, Notice, Output, WallClock } from '../machine.ts'
import { Queue } from '../queue.ts'
import { classify } from '../wire/classify.ts'
import type { NetworkState } from './command.ts'
import { type Family, type Place, Standing } from './standing.ts'

export type NodeEvent =
  | { readonly kind: 'listening'; readonly port: number; readonly addresses: readonly Address[] }
  | { readonly kind: 'network'; readonly state: NetworkState }

export interface NodeOptions {
  readonly random: Random
  readonly wall: WallClock
  readonly place: Place
  readonly loopback: boolean
  /** There is a network to join; the first node of one has nobody to ask. */
  readonly hasBootstrap: boolean
  readonly now: number
}

export class Node implements Machine<NodeEvent> {
  readonly #events = new Queue<NodeEvent>()
  readonly #options: NodeOptions
  readonly #standing: Standing
  readonly #discoveries: ReadonlyMap<Family, Discovery>
  readonly #reach = new Map<Family, 'joined' | 'unreachable'>()
  #network: NetworkState | undefined
  #told: string | undefined // of where we listen

  constructor(options: NodeOptions) {
    const { random, wall, place, loopback, now } = options
    this.#options = options
    this.#standing = new Standing(place, { loopback, now })
    const sessionId = random(8).slice()
    const discoveryOf = (family: Family): Discovery => {
      const local = this.#standing.localOf(family)
      const other = (): Discovery | undefined => this.#discoveries.get(family === 'udp4' ? 'udp6' : 'udp4')
      return new Discovery({ local, sessionId, other, random, wall, mode: 'node', bootstrap: [], now })
    }
    this.#discoveries = new Map((['udp4', 'udp6'] as const).map((family) => [family, discoveryOf(family)]))
  }

  get deadline(): number {
    if (this.#events.length > 0) return -Infinity
    return Math.min(this.#standing.deadline, ...this.#open().map(([, { deadline }]) => deadline))
  }

  addBootstrap(addresses: readonly Address[], now: number): void {
    for (const discovery of this.#discoveries.values()) discovery.addBootstrap(addresses, now)
  }

  /** Our network is another one. */
  moved(place: Place, { isBound }: { readonly isBound: boolean }, now: number): void {
    this.#standing.moved(place, { isBound }, now)
    for (const discovery of this.#discoveries.values()) discovery.moved(now)
    this.#reach.clear()
    if (place.families.length === 0) this.#enter('gone')
  }

  receive(datagram: Datagram, now: number): void {
    if (classify(datagram.bytes) !== 'dht') return
    this.#discoveries.get(datagram.local.kind === 'udp6' ? 'udp6' : 'udp4')?.receive(datagram, now)
  }

  notice(notice: Notice, now: number): void {
    this.#standing.notice(notice, now)
    if (this.#standing.ends.length > 0) this.#reached()
    else if (this.#network !== 'gone') this.#enter('no-socket')
  }

  *drain(now: number): Generator<Output<NodeEvent>> {
    for (const out of this.#standing.drain(now)) {
      if (out.kind !== 'event') yield out
      else if (out.event.kind === 'settled') this.#listening()
    }
    for (const [family, discovery] of this.#open()) {
      for (const out of discovery.drain(now)) {
        if (out.kind !== 'event') yield out
        else this.#hear(out.event, family)
      }
    }
    for (const event of this.#events.take()) yield { kind: 'event', event }
  }

  #open(): readonly (readonly [Family, Discovery])[] {
    return [...this.#discoveries].filter(([family]) => this.#standing.isOpen(family))
  }

  #hear(event: DiscoveryEvent, family: Family): void {
    if (event.kind !== 'joined' && event.kind !== 'unreachable') return
    this.#reach.set(family, event.kind)
    this.#reached()
  }

  #reached(): void {
    const states = [...this.#reach.values()]
    if (!this.#options.hasBootstrap) this.#network = undefined
    else if (states.includes('joined')) this.#enter('joined')
    else if (states.length > 0) this.#enter('unreachable')
  }

  #listening(): void {
    const { ports, candidates } = this.#standing
    const port = ports.udp4 ?? ports.udp6
    const addresses = candidates.map(({ address }) => address)
    const said = JSON.stringify([port, addresses])
    if (port === undefined || said === this.#told) return
    this.#told = said
    this.#events.push({ kind: 'listening', port, addresses })
  }

  #enter(state: NetworkState): void {
    if (this.#network === state) return
    this.#network = state
    this.#events.push({ kind: 'network', state })
  }
}
