/**
 * Where we are and where others say that they are: our ends in the network, the
 * DHT of both address families, the LAN, STUN. Knows secrets by name only, and
 * nothing of buddies. Sans-I/O: see `src/machine.ts`.
 */
import type { Random } from '../crypto.ts'
import { Discovery, type DiscoveryEvent, type PairKeys } from '../discovery/discovery.ts'
import { Lan, type LanEvent } from '../discovery/lan.ts'
import type { LanPair } from '../discovery/neighbour.ts'
import type { Address, Datagram, Local, Machine, Notice, Output, WallClock } from '../machine.ts'
import { type Candidate, maxCandidates } from '../nat/candidates.ts'
import type { Mapping } from '../nat/mapping.ts'
import type { End } from '../nat/punch.ts'
import { Stun } from '../nat/stun.ts'
import { Queue } from '../queue.ts'
import { splitAddress } from '../wire/address.ts'
import { classify } from '../wire/classify.ts'
import type { Fresh } from './approach.ts'
import type { NetworkState } from './command.ts'
import { type DhtReport, type NetworkReport, networkReport } from './report.ts'
import { type Family, type Place, Standing } from './standing.ts'
import type { Found, Near } from './whereabouts.ts'

export interface PresenceOptions {
  readonly random: Random
  readonly wall: WallClock
  readonly dht: DhtOptions
  readonly place: Place
  /** Others are looked for on the link, too. */
  readonly lan: boolean
  /** Whether a host is on the link: who is not cannot have been heard there. */
  readonly isOnLink?: ((host: string) => boolean) | undefined
  /** Others than nodes of the DHT shall say as whom they see us: `addStun` names them. */
  readonly stun: boolean
  /** Loopback is told and probed: in a private network on this machine. */
  readonly loopback: boolean
  readonly now: number
}

export interface DhtOptions {
  readonly mode: 'client' | 'node' | 'off'
  readonly bootstrap: readonly Address[]
  readonly saved: readonly Address[]
}

export type PresenceEvent =
  /** Where we can be reached, whenever an end is another one. */
  | { readonly kind: 'listening'; readonly port: number; readonly addresses: readonly Address[] }
  | { readonly kind: 'network'; readonly state: NetworkState }
  /** A main end is open. */
  | { readonly kind: 'opened' }
  /** As whom an end is seen that was to be measured. */
  | { readonly kind: 'measured'; readonly local: Local; readonly mapping: Mapping }
  /** What is sought by this name published something, */
  | { readonly kind: 'found'; readonly name: string; readonly found: Found }
  /** was heard on the link, */
  | { readonly kind: 'near'; readonly name: string; readonly near: Near }
  /** or is there by somebody's word. */
  | { readonly kind: 'rumour'; readonly name: string; readonly addresses: readonly Address[] }
  /** Our own record under this name is another machine's. */
  | { readonly kind: 'elsewhere'; readonly name: string }

export class Presence implements Machine<PresenceEvent> {
  /** 8 octets in records and announcements: names this run of the program. */
  readonly sessionId: Uint8Array
  readonly #options: PresenceOptions
  readonly #events = new Queue<PresenceEvent>()
  readonly #standing: Standing
  readonly #discoveries = new Map<Family, Discovery>()
  readonly #reach = new Map<Family, 'joined' | 'unreachable'>()
  readonly #newest = new Map<string, number>() // time of the newest record by name, whichever family it came by
  readonly #lan: Lan | undefined
  readonly #stun: Stun
  #network: NetworkState | undefined
  #told: string | undefined // of where we listen

  constructor(options: PresenceOptions) {
    this.#options = options
    const { dht, random, wall, place, lan, loopback, now } = options
    const sessionId = random(8).slice()
    this.sessionId = sessionId
    this.#standing = new Standing(place, { loopback, now })
    this.#stun = new Stun({ servers: [], random })
    if (lan) {
      const locals = { multicast4: { kind: 'multicast4' }, multicast6: { kind: 'multicast6' } } as const
      this.#lan = new Lan({ locals, random, wall, sessionId })
    }
    if (place.families.length === 0) this.#enter('gone')
    if (dht.mode === 'off') return
    const { mode, bootstrap, saved } = dht
    for (const family of ['udp4', 'udp6'] as const) {
      const local = this.#standing.localOf(family)
      const other = (): Discovery | undefined => this.#discoveries.get(family === 'udp4' ? 'udp6' : 'udp4')
      const discovery = new Discovery({ local, sessionId, other, random, wall, mode, bootstrap, saved, now })
      this.#discoveries.set(family, discovery)
    }
  }

  get deadline(): number {
    if (this.#events.length > 0) return -Infinity
    let deadline = Math.min(this.#standing.deadline, this.#stun.deadline)
    if (this.#lan) deadline = Math.min(deadline, this.#lan.deadline)
    for (const [, discovery] of this.#open()) deadline = Math.min(deadline, discovery.deadline)
    return deadline
  }

  /** Nodes of the DHT that answered, to begin with the next time. */
  get nodes(): readonly Address[] {
    const all = [...this.#discoveries.values()].map((discovery) => discovery.nodes())
    const most = all.every((nodes) => nodes.length > 0) ? maxSaved / all.length : maxSaved
    return all.flatMap((nodes) => nodes.slice(0, most))
  }

  /** Our socket for IPv4 is bound to it. */
  get port4(): number | undefined {
    return this.#standing.ports.udp4
  }

  /** The main ends that are open. */
  get ends(): readonly End[] {
    return this.#standing.ends
  }

  /** Where we can be reached, as far as is known. */
  get candidates(): readonly Candidate[] {
    return this.#standing.candidates
  }

  /** Whether what is sent to this address stays on this machine. */
  isHere(address: Address): boolean {
    return this.#standing.isHere(address)
  }

  /** Nothing more is being learnt about that: what is open, and what STUN servers say. */
  get isGathered(): boolean {
    const { families } = this.#standing
    const isSeen = (family: Family): boolean => this.#standing.mapping(family).kind !== 'unknown'
    if (!families.some((family) => this.#standing.isOpen(family))) return false
    return !this.#options.stun || families.some(isSeen)
  }

  get report(): NetworkReport {
    const { lan, stun } = this.#options
    const dht = (family: Family): DhtReport => this.#dhtReport(family)
    return networkReport({ standing: this.#standing, dht, lan, stun })
  }

  /** When the newest record under this name was made: unix ms, by the clock of who made it. */
  madeAt(name: string): number | undefined {
    return this.#newest.get(name)
  }

  addBootstrap(addresses: readonly Address[], now: number): void {
    for (const discovery of this.#discoveries.values()) discovery.addBootstrap(addresses, now)
  }

  addStun(addresses: readonly Address[], now: number): void {
    this.#stun.add(addresses)
    this.askStun(now)
  }

  /** Also keeps our NAT from forgetting us. */
  askStun(now: number): void {
    for (const { local } of this.#standing.ends) this.#stun.ask(local, now)
  }

  /** A router keeps this port for us, or none any more. */
  mapped(address: Address | undefined, now: number): void {
    this.#standing.mapped = address
    this.#announce(now)
  }

  /** Publishes where we are, and looks, until `stop`. */
  seek(name: string, keys: PairKeys & LanPair, now: number): void {
    for (const discovery of this.#discoveries.values()) discovery.seek(name, keys, now)
    this.#lan?.seek(name, keys)
  }

  stop(name: string): void {
    for (const discovery of this.#discoveries.values()) discovery.stop(name)
    this.#lan?.stop(name)
    this.#newest.delete(name)
  }

  /** There is a conversation with him who is sought by this name, */
  met(name: string): void {
    this.#lan?.met(name)
  }

  /** or none any more. */
  lost(name: string, keys: LanPair): void {
    this.#lan?.seek(name, keys)
  }

  /** He alone is told the fresh address, before all others; `undefined`: the same as everybody. */
  tell(name: string, fresh: Fresh | undefined, now: number): void {
    const { candidates } = this.#standing
    const said = fresh && {
      candidates: [{ kind: 'reflexive', address: fresh.address } as const, ...candidates],
      startAt: fresh.startAt,
    }
    for (const discovery of this.#discoveries.values())
      discovery.tell(name, said && { ...said, candidates: said.candidates.slice(0, maxCandidates) }, now)
  }

  /** What is published next is needed soon, and what we tell has to be true: a NAT that counts has gone on. */
  hurry(name: string, now: number): void {
    for (const [family, discovery] of this.#discoveries) {
      discovery.hurry(name, now)
      const { kind } = this.#standing.mapping(family)
      if (kind === 'counting' && this.#standing.isOpen(family))
        discovery.measure(this.#standing.localOf(family), now)
    }
  }

  /** This end of ours is open: as whom it is seen is told by `measured`, until `forget`. */
  measure(local: Local, now: number): void {
    this.#standing.measure(local)
    this.#discoveries.get(familyOf(local))?.measure(local, now)
    this.#stun.ask(local, now)
  }

  /** That end is closed, or about to be. */
  forget(local: Local): void {
    if (this.#standing.isMain(local)) return
    for (const discovery of this.#discoveries.values()) discovery.forget(local)
    this.#stun.notice({ kind: 'closed', local, reason: 'ended' })
  }

  /**
   * Our network is another one, or the machine slept.
   *
   * @param isBound - our ends are bound to addresses that may be gone
   */
  moved(place: Place, { isBound }: { readonly isBound: boolean }, now: number): void {
    this.#standing.moved(place, { isBound }, now)
    for (const discovery of this.#discoveries.values()) discovery.moved(now)
    this.#lan?.moved(now)
    this.#reach.clear()
    if (place.families.length === 0) this.#enter('gone')
    this.#announce(now)
    this.askStun(now)
  }

  /** Interfaces came or went that only the link sees. */
  linksMoved(now: number): void {
    this.#lan?.moved(now)
  }

  /** No end is opened any more. */
  close(): void {
    this.#standing.close()
  }

  /** Frames of links are not for us. */
  receive(datagram: Datagram, now: number): void {
    const { local, bytes } = datagram
    if (isMulticast(local)) {
      this.#lan?.receive(datagram, now)
      return
    }
    const owner = classify(bytes)
    if (owner === 'dht') this.#discoveries.get(familyOf(local))?.receive(datagram, now)
    if (owner === 'stun') this.#stun.receive(datagram, now)
  }

  notice(notice: Notice, now: number): void {
    this.#lan?.notice(notice, now)
    if (notice.kind === 'closed') this.forget(notice.local)
    const family = this.#standing.notice(notice, now)
    if (family === undefined) return
    this.#announce(now)
    if (notice.kind === 'opened') this.#opened(notice.local, now)
    else if (this.#standing.ends.length === 0 && this.#network !== 'gone') this.#enter('no-socket')
  }

  *drain(now: number): Generator<Output<PresenceEvent>> {
    for (const out of this.#standing.drain(now)) {
      if (out.kind !== 'event') yield out
      else if (out.event.kind === 'settled') this.#listening()
      else this.#emit(out.event)
    }
    for (const [family, discovery] of this.#open()) {
      for (const out of discovery.drain(now)) {
        if (out.kind === 'event') this.#hear(out.event, family, now)
        else yield out
      }
    }
    for (const out of this.#lan?.drain(now) ?? []) {
      if (out.kind === 'event') this.#hearNear(out.event)
      else yield out
    }
    for (const out of this.#stun.drain(now)) {
      if (out.kind !== 'event') yield out
      else if (out.event.kind === 'seen') this.#see({ ...out.event, isTrusted: true }, now)
    }
    for (const event of this.#events.take()) yield { kind: 'event', event }
  }

  /** Without a socket nothing of the DHT is due: its answers could not come. */
  #open(): readonly (readonly [Family, Discovery])[] {
    return [...this.#discoveries].filter(([family]) => this.#standing.isOpen(family))
  }

  #opened(local: Local, now: number): void {
    if (this.#discoveries.size > 0) this.#enter(this.#isJoined ? 'joined' : 'joining')
    this.#stun.ask(local, now)
    this.#emit({ kind: 'opened' })
  }

  #listening(): void {
    const { ports, candidates } = this.#standing
    const port = ports.udp4 ?? ports.udp6
    const addresses = candidates.map(({ address }) => address)
    const said = JSON.stringify([port, addresses])
    if (port === undefined || said === this.#told) return
    this.#told = said
    this.#emit({ kind: 'listening', port, addresses })
  }

  #announce(now: number): void {
    const { candidates, ports } = this.#standing
    for (const discovery of this.#discoveries.values()) discovery.announce(candidates, now)
    this.#lan?.announce({ port4: ports.udp4 ?? 0, port6: ports.udp6 ?? 0 })
  }

  #hear(event: DiscoveryEvent, family: Family, now: number): void {
    switch (event.kind) {
      case 'joined':
      case 'unreachable':
        this.#reach.set(family, event.kind)
        // One of the two is enough; a family without a node to ask says nothing.
        this.#enter(this.#isJoined ? 'joined' : 'unreachable')
        return
      case 'external': {
        const before = JSON.stringify(this.#standing.candidates)
        this.#standing.trust(family)
        if (JSON.stringify(this.#standing.candidates) !== before) this.#announce(now)
        return
      }
      case 'seen':
        this.#see({ ...event, isTrusted: false }, now)
        return
      case 'found': {
        const { name, record } = event
        const { sessionId, candidates, startAt, timestamp } = record
        if (timestamp < (this.#newest.get(name) ?? 0)) return
        this.#newest.set(name, timestamp)
        this.#emit({ kind: 'found', name, found: { sessionId, candidates, startAt } })
        return
      }
      case 'rumour':
      case 'elsewhere':
        this.#emit(event)
        return
      default:
        event satisfies never
    }
  }

  #hearNear({ name, address, epoch, sessionId }: LanEvent): void {
    const isOnLink = this.#options.isOnLink?.(splitAddress(address).address) ?? true
    if (isOnLink) this.#emit({ kind: 'near', name, near: { address, epoch, sessionId } })
  }

  #see(sighting: Parameters<Standing['see']>[0], now: number): void {
    if (this.#standing.see(sighting, now)) this.#announce(now)
  }

  get #isJoined(): boolean {
    return [...this.#reach.values()].includes('joined')
  }

  #dhtReport(family: Family): DhtReport {
    const discovery = this.#discoveries.get(family)
    if (!discovery || !this.#standing.families.includes(family)) return { state: 'off', ...nothingSent }
    const { counters } = discovery
    const told = this.#reach.get(family)
    return { state: told ?? (counters.sent === 0 ? 'alone' : 'joining'), ...counters }
  }

  #enter(state: NetworkState): void {
    if (this.#network === state) return
    this.#network = state
    this.#emit({ kind: 'network', state })
  }

  #emit(event: PresenceEvent): void {
    this.#events.push(event)
  }
}

export const isMulticast = ({ kind }: Local): boolean => kind === 'multicast4' || kind === 'multicast6'

const familyOf = ({ kind }: Local): Family => (kind === 'udp6' ? 'udp6' : 'udp4')

const nothingSent = { sent: 0, received: 0, puts: 0, lookups: 0 }
const maxSaved = 200 // nodes
