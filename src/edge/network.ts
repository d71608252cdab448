/**
 * Which part of the network may be used: everything here, or with
 * `--interface` one interface and nothing else, or with `--lan` what is
 * reached without a router (docs/Security.md, "What is promised").
 */
import { UserError } from '../error.ts'
import type { Address } from '../machine.ts'
import { formatAddress, splitAddress } from '../wire/address.ts'
import { type BootstrapName, mainline } from './bootstrap.ts'
import { isLinkLocal, isOnLink, isV4, isV6, listInterfaces, type NetworkInterface } from './interfaces.ts'
import { meshPeers, meshPort } from './mesh.ts'
import type { Link } from './multicast.ts'
import { byInterface, bySystem, type Entry, literalOf } from './names.ts'
import { type RouteGuard, routeGuard, sourceFor } from './route.ts'
import type { RunOptions } from './run.ts'
import { type Bind, isFree } from './sockets.ts'
import { type KernelTables, readTables, strayCheck } from './stray.ts'
import { type Wake, watchNetwork } from './watch.ts'

/** `only`: nothing leaves the link; `off`: no multicast. */
export type Lan = 'also' | 'only' | 'off'

export interface NetworkChoice {
  readonly interface: string | undefined
  readonly port: number | undefined
  readonly bootstrap: readonly BootstrapName[]
  readonly dht: boolean
  readonly lan: Lan
  readonly portmap: boolean
  readonly stun: readonly BootstrapName[]
}

/** Our addresses as they are at the moment; where they may be used, and no others. */
export interface NetworkFacts {
  /** What a buddy may be told. */
  readonly hosts4: readonly string[]
  readonly hosts6: readonly string[] // none that is link-local
  /** Link-local ones of IPv6 with their zone, for multicast; none with `--no-lan`. */
  readonly links6: readonly string[]
  /** There is any of these. */
  readonly isUp: boolean
}

export interface Network {
  readonly run: Pick<RunOptions<unknown>, 'bind' | 'allows' | 'multicast'>
  /** A network on this machine alone. */
  readonly loopback: boolean
  /** Where the DHT begins; none: a node that waits to be found. */
  readonly bootstrap: readonly Entry[]
  readonly dht: boolean
  /** It is the public DHT, whose nodes are worth saving. */
  readonly isPublic: boolean
  readonly lan: Lan
  /** One interface was named: ends are bound to its addresses. */
  readonly isNamed: boolean
  /** Whether routers may be asked to map ports. */
  readonly portmap: boolean
  /** STUN servers to ask. */
  readonly stun: readonly Entry[]
  /** Those that an end can be opened for at the moment. */
  readonly families: readonly ('udp4' | 'udp6')[]
  facts(): NetworkFacts
  /** The interfaces where multicast may be sent and heard. */
  multicast(): readonly Link[]
  /** Whether a host is reached without a router. */
  isOnLink(host: string): boolean
  /** Whether anything may go to a host that is no multicast group: for datagrams and for streams. */
  allows(host: string): boolean
  /** Others in the mesh (WireGuard, Tailscale) that `--interface` names, where such a program waits. */
  mesh(): Promise<readonly Address[]>
  /** Looks every 2 s, until disposal. */
  watch(onChange: (facts: NetworkFacts, why: Wake) => void): Disposable
}

/** What is asked of the system. */
export interface World {
  readonly list: () => readonly NetworkInterface[]
  readonly ask: typeof sourceFor
  readonly tables: () => KernelTables
  readonly isFree: (host: string, port: number) => boolean
  readonly now: () => number
}

const system: World = {
  list: listInterfaces,
  ask: sourceFor,
  tables: readTables,
  isFree,
  now: () => performance.now(),
}

/** @throws UserError if the network cannot be used as asked for */
export function chooseNetwork(choice: NetworkChoice, world: World = system): Network {
  return new Chosen(choice, world)
}

class Chosen implements Network {
  readonly run: Network['run']
  readonly loopback: boolean
  readonly bootstrap: readonly Entry[]
  readonly dht: boolean
  readonly isPublic: boolean
  readonly lan: Lan
  readonly isNamed: boolean
  readonly portmap: boolean
  readonly stun: readonly Entry[]
  readonly #choice: NetworkChoice
  readonly #world: World
  readonly #guard: RouteGuard | undefined
  #interfaces: readonly NetworkInterface[] = []
  #lookedAt = -Infinity
  #stray: ReturnType<typeof strayCheck> | undefined

  constructor(choice: NetworkChoice, world: World) {
    const { lan, bootstrap, stun } = choice
    this.#choice = choice
    this.#world = world
    if (choice.interface !== undefined || lan === 'only')
      this.#guard = routeGuard({
        interfaces: () => this.#usable(),
        onLink: lan === 'only',
        now: world.now,
        ask: world.ask,
        strays: (host, names) => this.#strays(host, names),
      })
    this.lan = lan
    this.isNamed = choice.interface !== undefined
    this.loopback = choice.interface !== undefined && this.#find(choice.interface).internal
    const isPublic = bootstrap.length === 0
    this.isPublic = isPublic && lan !== 'only' && !this.loopback
    this.dht = choice.dht && (lan !== 'only' || !isPublic)
    this.portmap = choice.portmap && lan !== 'only' && !this.loopback
    if (lan === 'only') this.#refuseFar(bootstrap)
    this.bootstrap = (this.isPublic ? mainline : bootstrap).map((name) => this.#entry(name))
    this.stun = lan === 'only' ? [] : stun.map((name) => this.#entry(name))
    this.run = {
      bind: (family) => this.#bind(family),
      multicast: () => this.multicast(),
      ...(this.#guard && { allows: this.#guard.allows }),
    }
  }

  get families(): readonly ('udp4' | 'udp6')[] {
    const { hosts4, hosts6, links6 } = this.facts()
    const has6 = hosts6.length > 0 || links6.length > 0
    if (hosts4.length === 0) return has6 ? ['udp6'] : []
    return has6 ? ['udp4', 'udp6'] : ['udp4']
  }

  facts(): NetworkFacts {
    const addresses = this.#usable()
      .filter(({ internal }) => !internal || this.#choice.interface !== undefined)
      .flatMap((own) => own.addresses)
    const far6 = addresses.filter((address) => isV6(address) && !isLinkLocal(address))
    const links6 = this.lan === 'off' ? [] : addresses.filter((address) => isLinkLocal(address))
    const all4 = addresses.filter(isV4)
    const isOne = this.#choice.interface !== undefined // its ends are bound to one address each
    const [hosts4, hosts6] = isOne ? [all4.slice(0, 1), this.#preferred(far6)] : [all4, far6]
    return { hosts4, hosts6, links6, isUp: hosts4.length + hosts6.length + links6.length > 0 }
  }

  multicast(): readonly Link[] {
    if (this.lan === 'off') return []
    const isNamed = this.#choice.interface !== undefined
    const among = this.#usable().filter(({ kind }) => isNamed || kind === 'link')
    return among.map(({ name, addresses }) => {
      const address4 = addresses.find(isV4)
      const address6 = addresses.find(isLinkLocal)
      return {
        name,
        ...(address4 !== undefined && { address4 }),
        ...(address6 !== undefined && { address6 }),
      }
    })
  }

  allows(host: string): boolean {
    return this.#guard?.allows(host) ?? true
  }

  isOnLink(host: string): boolean {
    return this.#usable().some((own) => isOnLink(own, host))
  }

  async mesh(): Promise<readonly Address[]> {
    const port = this.#choice.port ?? meshPort
    const hosts = this.#choice.interface === undefined ? [] : await meshPeers(this.#usable()[0])
    const addresses = hosts.map((address) => formatAddress({ address, port }))
    return addresses.filter((address) => address !== undefined)
  }

  watch(onChange: (facts: NetworkFacts, why: Wake) => void): Disposable {
    return watchNetwork(() => {
      this.#look()
      return this.facts()
    }, onChange)
  }

  /** Fresh enough: a second old at the most. */
  #usable(): readonly NetworkInterface[] {
    if (this.#world.now() >= this.#lookedAt + freshness) this.#look()
    return this.#interfaces
  }

  #strays(host: string, names: readonly string[]): boolean {
    this.#stray ??= strayCheck(this.#world.tables(), this.#world.list())
    return this.#stray(host, names)
  }

  #look(): void {
    const { interface: name, lan } = this.#choice
    const all = this.#world.list()
    this.#stray = undefined
    const found = all
      // The other end of a tunnel is on no link of ours, unless that is what is asked for.
      .filter((own) => (name === undefined ? lan !== 'only' || own.kind !== 'tunnel' : own.name === name))
    if (JSON.stringify(found) !== JSON.stringify(this.#interfaces)) this.#guard?.flush()
    this.#interfaces = found
    this.#lookedAt = this.#world.now()
  }

  /** @throws UserError if it is not there, or nothing can be bound to it */
  #find(name: string): NetworkInterface {
    const [found] = this.#usable()
    if (found && this.facts().isUp) return found
    const names = this.#world.list().map((own) => own.name)
    throw found
      ? new UserError(`the network interface ${name} has no address that can be used`, {
          hint: 'otrtalk interfaces lists what can be used',
          exit: 6,
        })
      : new UserError(`no network interface named ${name}`, {
          hint: `there are: ${names.join(', ')}`,
          exit: 6,
        })
  }

  /** Of several, what the kernel would use: with privacy extensions that is the temporary one (RFC 8981). */
  #preferred(addresses: readonly string[]): readonly string[] {
    const source = addresses.length > 1 ? this.#world.ask(anyone) : undefined
    const first = source !== undefined && addresses.includes(source) ? source : addresses[0]
    return first === undefined ? [] : [first]
  }

  #bind(family: 'udp4' | 'udp6'): Bind {
    const { interface: name, port, lan } = this.#choice
    const hops = lan === 'only' ? 1 : undefined // the kernel's own word that nothing passes a router
    if (name === undefined) return { port, hops }
    const { hosts4, hosts6, links6 } = this.facts()
    const [udp4, udp6] = [hosts4[0] ?? null, hosts6[0] ?? links6[0] ?? null]
    const host = family === 'udp4' ? udp4 : udp6
    return { udp4, udp6, port: port ?? (host === null ? undefined : this.#meshPort(host)), hops }
  }

  /** Whoever is in a mesh waits where the others knock, if nobody else does. */
  #meshPort(host: string): number | undefined {
    const isMesh = this.#usable()[0]?.kind === 'tunnel'
    return isMesh && this.#world.isFree(host, meshPort) ? meshPort : undefined
  }

  #entry(name: BootstrapName): Entry {
    if (this.#guard === undefined) return bySystem(name)
    const sources = () => {
      const { hosts4, hosts6 } = this.facts()
      return { udp4: hosts4[0], udp6: hosts6[0] }
    }
    return byInterface(name, { sources, allows: this.#guard.allows })
  }

  /** Who asks for a name asks beyond the link; and so does who sends to a far address. */
  #refuseFar(bootstrap: readonly BootstrapName[]): void {
    for (const name of bootstrap) {
      const literal = literalOf(name)
      if (literal === undefined)
        throw new UserError(`with --lan a bootstrap node is given as an address, not as ${name.host}`, {
          hint: 'a name would be looked up beyond the local network',
          exit: 2,
        })
      if (this.facts().isUp && !this.allows(splitAddress(literal).address))
        throw new UserError(`the bootstrap node ${name.host} is not on the local network`, {
          hint: 'leave out --lan, or name a node that is reached without a router',
          exit: 2,
        })
    }
  }
}

const freshness = 1_000 // ms
const anyone = '2001:db8::1' // of RFC 3849: the way to everybody who is not here
