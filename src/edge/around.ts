/**
 * What goes on around a running profile: names that are looked up, a router
 * that is asked for a port, others in a mesh, and changes of the network.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Address } from '../machine.ts'
import type { Place } from '../session/standing.ts'
import type { Talk } from '../session/talk.ts'
import { type Endpoint, formatAddress } from '../wire/address.ts'
import { resolveBootstrap } from './bootstrap.ts'
import { findGateway } from './gateway.ts'
import type { Network, NetworkFacts } from './network.ts'
import type { Outcome, Via } from './portmap/way.ts'
import { mapPort, type PortMapping } from './portmap.ts'
import type { Run } from './run.ts'
import type { Wake } from './watch.ts'

/** How asking a router went. */
export interface Tried {
  readonly via: Via
  readonly result: Outcome['kind']
  readonly detail: string
}

export interface Around extends AsyncDisposable {
  /** Our socket may be another one. */
  listening(): void
  /** Routers have answered, or were waited for. */
  readonly isSettled: boolean
  readonly mapping: PortMapping | undefined
  readonly tried: readonly Tried[]
}

export interface AroundOptions {
  readonly network: Network
  readonly running: Run<Talk>
  readonly onUnresolved: (hosts: readonly string[]) => void
  readonly onFault: (error: unknown) => void
}

/** Where the profile may stand at the moment. */
export function placeOf(network: Network, { hosts4, hosts6 }: NetworkFacts): Place {
  return { hosts: [...hosts4, ...hosts6], families: network.families }
}

/** Until disposal; a mapped port is given back then. */
export function lookAround(options: AroundOptions): Around {
  return new Looking(options)
}

class Looking implements Around {
  readonly #options: AroundOptions
  readonly #stopped = new AbortController()
  readonly #watch: Disposable
  readonly tried: Tried[] = []
  mapping: PortMapping | undefined
  #internal: Endpoint | undefined
  #asked: AsyncDisposable | undefined
  #following = Promise.resolve() // one after the other

  constructor(options: AroundOptions) {
    this.#options = options
    const { network, onUnresolved, onFault } = options
    const { signal } = this.#stopped
    if (network.dht) {
      const onFound = (found: Address[]): void => this.#act((talk, now) => talk.addBootstrap(found, now))
      resolveBootstrap(network.bootstrap, { onFound, onUnresolved, signal }).catch(onFault)
    }
    const onFound = (found: Address[]): void => this.#act((talk, now) => talk.addStun(found, now))
    resolveBootstrap(network.stun, { onFound, onUnresolved, signal }).catch(onFault)
    this.#lookForMesh().catch(onFault)
    this.#watch = network.watch((facts, why) => this.#changed(facts, why))
  }

  get isSettled(): boolean {
    return !this.#options.network.portmap || this.mapping !== undefined || this.tried.length >= ways
  }

  listening(): void {
    this.#following = this.#following.then(() => this.#followPort()).catch(this.#options.onFault)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort()
    this.#watch[Symbol.dispose]()
    await this.#following
    await this.#asked?.[Symbol.asyncDispose]()
  }

  #changed(facts: NetworkFacts, why: Wake): void {
    const { network, running } = this.#options
    running.refresh()
    if (why === 'links') {
      this.#act((talk, now) => talk.linksMoved(now))
      return
    }
    const place = placeOf(network, facts)
    this.#act((talk, now) => talk.moved(place, { isBound: network.isNamed }, now))
    this.listening()
  }

  async #lookForMesh(): Promise<void> {
    const { network } = this.#options
    const { signal } = this.#stopped
    while (network.isNamed && !signal.aborted) {
      const found = await network.mesh()
      if (signal.aborted) return
      if (found.length > 0) this.#act((talk, now) => talk.addMesh(found, now))
      await sleep(meshEvery, undefined, { signal, ref: false }).catch(() => {}) // aborted: the loop ends
    }
  }

  /** A port is mapped for one address of ours: the first that has a router. */
  async #followPort(): Promise<void> {
    const { network, running } = this.#options
    const { signal } = this.#stopped
    if (!network.portmap || signal.aborted) return
    let port: number | undefined
    running.act((talk) => {
      port = talk.port4
    })
    const address = port === undefined ? undefined : await firstWithRouter(network.facts().hosts4)
    if (signal.aborted) return
    const internal = port === undefined || address === undefined ? undefined : { address, port }
    if (internal?.address === this.#internal?.address && internal?.port === this.#internal?.port) return
    this.#internal = internal
    await this.#asked?.[Symbol.asyncDispose]()
    this.#asked = undefined
    this.tried.length = 0
    this.#mapped(undefined)
    if (internal === undefined || signal.aborted) return
    this.#asked = mapPort({
      internal,
      allows: (host) => network.allows(host),
      onMapped: (mapping) => this.#mapped(mapping),
      onTried: (via, result, detail) => {
        this.tried.push({ via, result, detail })
        this.tried.splice(0, this.tried.length - maxTried)
      },
    })
  }

  #mapped(mapping: PortMapping | undefined): void {
    if (mapping === undefined && this.mapping === undefined) return
    this.mapping = mapping
    const address = mapping && formatAddress(mapping)
    this.#act((talk, now) => talk.mapped(address, now))
  }

  #act(what: (talk: Talk, now: number) => void): void {
    this.#options.running.act((talk) => what(talk, performance.now()))
  }
}

async function firstWithRouter(hosts: readonly string[]): Promise<string | undefined> {
  for (const host of hosts) if ((await findGateway(host)) !== undefined) return host
  return hosts[0]
}

const meshEvery = 60_000 // ms
const ways = 3 // to ask a router
const maxTried = 16
