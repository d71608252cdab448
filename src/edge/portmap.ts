/**
 * Asks the router for a port that the world reaches us at: by PCP, NAT-PMP and
 * UPnP at once. What is asked, and what a router learns from it, stands in
 * docs/Protocol.md, "Port mapping".
 */
import { isDeepStrictEqual } from 'node:util'
import type { Endpoint } from '../wire/address.ts'
import { findGateway, isNeighbour, knownGateway } from './gateway.ts'
import { listen } from './portmap/announcements.ts'
import { NatPmpWay } from './portmap/natpmp.ts'
import { PcpWay } from './portmap/pcp.ts'
import { pause, type Stop, stopWith } from './portmap/stop.ts'
import { UpnpWay } from './portmap/upnp.ts'
import type { Failure, Grant, Outcome, Surroundings, Terms, Via, Way } from './portmap/way.ts'

export interface PortMapping {
  /**
   * As which the router is seen. Behind a second NAT, a carrier's or one's own, it is a private address, one of
   * 100.64.0.0/10, or 0.0.0.0: who gets it decides what it is worth.
   */
  readonly address: string
  readonly port: number
  readonly via: Via
}

export interface MapPortOptions {
  /** IPv4 address of an interface, and the UDP port bound there. All questions leave from this address. */
  readonly internal: Endpoint
  /** Whether anything may be sent to a host, also by multicast or TCP. To every one by default. */
  readonly allows?: ((host: string) => boolean) | undefined
  /** There is a mapping, another than before, or none any more. */
  readonly onMapped: (mapping: PortMapping | undefined) => void
  /** How one way went; those that were not needed in the end are not told. */
  readonly onTried?: ((via: Via, result: Outcome['kind'], detail: string) => void) | undefined
  /** s, to ask for: a mapping that nobody takes back is gone after it. */
  readonly lifetime?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Other than a home network: a test's. */
  readonly around?: Partial<Surroundings> | undefined
}

/**
 * Keeps a port mapped until it is disposed of, or the signal is aborted: then the mapping is taken back, for which
 * disposal waits at most a second. Dispose of it before the same port is mapped again.
 */
export function mapPort(options: MapPortOptions): AsyncDisposable {
  const portmap = new Portmap(options)
  const running = portmap.run()
  return {
    async [Symbol.asyncDispose]() {
      portmap.stop()
      await running
    },
  }
}

interface Held {
  readonly way: Way
  readonly grant: Grant
  readonly until: number // ms
}

class Portmap {
  readonly #options: MapPortOptions
  readonly #terms: Terms
  readonly #ways: readonly [Way, ...Way[]]
  readonly #stop: Stop
  #held: Held | undefined
  #told: PortMapping | undefined
  #lost = stopWith([])

  constructor(options: MapPortOptions) {
    const { internal, lifetime = 3_600, allows = () => true, signal } = options
    const { address } = internal
    const own = {
      gateway: () => findGateway(address),
      knownGateway: () => knownGateway(address),
      isNeighbour: (host: string) => isNeighbour(address, host),
    }
    const around = { ...home, ...own, ...options.around }
    this.#options = options
    this.#stop = stopWith(signal ? [signal] : [])
    this.#terms = { internal, lifetime, allows, around }
    this.#ways = [new PcpWay(this.#terms), new NatPmpWay(this.#terms), new UpnpWay(this.#terms)]
  }

  stop(): void {
    this.#stop.now()
  }

  async run(): Promise<void> {
    const { signal } = this.#stop
    const { leastRenewal } = this.#terms.around
    using _listening = listen(this.#terms, (bytes, from) => {
      if (this.#held?.way.isLost?.(bytes, from)) this.#lost.now()
    })
    while (!signal.aborted) {
      using lost = stopWith([signal])
      this.#lost = lost
      const held = (await this.#renew()) ?? (await this.#search())
      if (signal.aborted) break
      this.#hold(held)
      const rest = this.#rest(held)
      await pause(Math.min(leastRenewal, rest), signal)
      await pause(rest - leastRenewal, this.#lost.signal)
    }
    await this.#end()
  }

  async #renew(): Promise<Held | undefined> {
    const way = this.#held?.way
    const outcome = await way?.map(this.#stop.signal)
    return way && outcome && !this.#stop.signal.aborted ? this.#take(way, outcome) : undefined
  }

  /**
   * All ways find out at the same time whom to ask, for that changes nothing in a router. PCP asks for its mapping at
   * once, the others after its head start and one after the other: so mostly a single mapping is made. Two of one port
   * may be one in the router's table, and taking back the second would take away the first.
   */
  async #search(): Promise<Held | undefined> {
    using stop = stopWith([this.#stop.signal])
    const { signal } = stop
    let found: Held | undefined
    const map = async (way: Way, failure: Failure | undefined): Promise<void> => {
      if (signal.aborted) return
      const outcome = failure ?? (await way.map(signal))
      if (signal.aborted && outcome.kind !== 'mapped') return // it was not let finish
      found ??= this.#take(way, outcome)
      if (found) stop.now()
    }
    const [first, ...others] = this.#ways
    const ahead = first.prepare(signal).then((failure) => map(first, failure))
    let turn = Promise.race([ahead, pause(this.#terms.around.headStart, signal)])
    const attempts = others.map(async (way) => {
      const failure = await way.prepare(signal)
      if (failure) return map(way, failure)
      turn = turn.then(() => map(way, undefined))
      return turn
    })
    await Promise.all([ahead, ...attempts])
    return found
  }

  /** Tells how it went, and what is held from here if it went well. */
  #take(way: Way, outcome: Outcome): Held | undefined {
    const isSound = outcome.kind !== 'mapped' || (outcome.grant.port > 0 && outcome.grant.lifetime > 0)
    const result = isSound ? outcome : ({ kind: 'malformed', detail: 'no mapping' } as const)
    this.#options.onTried?.(way.via, result.kind, 'detail' in result ? result.detail : '')
    if (result.kind !== 'mapped') return undefined
    return { way, grant: result.grant, until: now() + result.grant.lifetime * 1_000 }
  }

  /** A mapping that nobody renewed lives on until its time is over: the router may be starting. */
  #hold(held: Held | undefined): void {
    const former = this.#held && now() < this.#held.until ? this.#held : undefined
    this.#held = held ?? former
    const { way, grant } = this.#held ?? {}
    const mapping = way && grant && { address: grant.address, port: grant.port, via: way.via }
    if (isDeepStrictEqual(mapping, this.#told)) return
    this.#told = mapping
    this.#options.onMapped(mapping)
  }

  /** ms until the next request: half of the lifetime, but no longer than half of what was asked for. */
  #rest(renewed: Held | undefined): number {
    const { lifetime, around } = this.#terms
    if (renewed) return Math.max(around.leastRenewal, Math.min(renewed.grant.lifetime, lifetime) * 500)
    const left = this.#held ? this.#held.until - now() : Infinity
    return Math.max(around.leastRenewal, Math.min(around.retry, left / 2))
  }

  async #end(): Promise<void> {
    using second = stopWith([], goodbye)
    await Promise.all(this.#ways.map((way) => way.unmap(second.signal)))
  }
}

const now = (): number => performance.now()

const goodbye = 1_000 // ms: a router that has not answered by then forgets by itself

/** Times in ms. */
const home: Omit<Surroundings, 'gateway' | 'knownGateway' | 'isNeighbour'> = {
  port: 5_351,
  search: { address: '239.255.255.250', port: 1_900 },
  announcements: { address: '224.0.0.1', port: 5_350 },
  patience: 3_000,
  headStart: 250,
  retry: 300_000,
  leastRenewal: 4_000,
}
