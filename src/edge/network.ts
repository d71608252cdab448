/**
 * Which part of the network may be used: everything here, or with
 * `--interface` one interface and nothing else (docs/Security.md, "What is promised").
 */
import { UserError } from '../error.ts'
import { parseAddress } from '../wire/address.ts'
import { type BootstrapName, mainline } from './bootstrap.ts'
import { listInterfaces } from './interfaces.ts'
import { routeGuard } from './route.ts'
import type { RunOptions } from './run.ts'

export interface NetworkChoice {
  readonly interface: string | undefined
  readonly port: number | undefined
  readonly bootstrap: readonly BootstrapName[]
  readonly dht: boolean
}

export interface Network {
  readonly run: Pick<RunOptions<unknown>, 'bind' | 'allows'>
  /** IPv4 addresses a buddy may be told. */
  readonly hosts: readonly string[]
  /** A network on this machine alone. */
  readonly loopback: boolean
  /** Where the DHT begins; none: a node that waits to be found. */
  readonly bootstrap: readonly BootstrapName[]
  readonly dht: boolean
  /** It is the public DHT, whose nodes are worth saving. */
  readonly isPublic: boolean
}

/** @throws UserError if the network cannot be used as asked for */
export function chooseNetwork(choice: NetworkChoice): Network {
  const { port, dht, bootstrap: named } = choice
  const isPublic = named.length === 0
  if (choice.interface === undefined) {
    const hosts = listInterfaces().flatMap(({ internal, addresses }) =>
      internal ? [] : addresses.filter(isV4),
    )
    const bootstrap = isPublic ? mainline : named
    return { run: { bind: { port } }, hosts, loopback: false, dht, bootstrap, isPublic }
  }
  const { addresses, internal } = findInterface(choice.interface)
  refuseNames(named)
  return {
    run: {
      bind: { udp4: addresses[0], port },
      allows: routeGuard(addresses, { now: () => performance.now() }),
    },
    hosts: addresses.slice(0, 1),
    loopback: internal,
    dht,
    bootstrap: named, // the public routers are names
    isPublic,
  }
}

function findInterface(name: string): { readonly addresses: readonly string[]; readonly internal: boolean } {
  const all = listInterfaces()
  const found = all.find((each) => each.name === name)
  const addresses = found?.addresses.filter(isV4) ?? []
  if (!found) {
    const names = all.map((each) => each.name).join(', ')
    throw new UserError(`no network interface named ${name}`, { hint: `there are: ${names}`, exit: 6 })
  }
  if (addresses.length === 0) {
    throw new UserError(`the network interface ${name} has no IPv4 address`, {
      hint: 'otrtalk interfaces lists what can be used',
      exit: 6,
    })
  }
  return { addresses, internal: found.internal }
}

/** A name would be looked up by the system, through whichever interface it likes. */
function refuseNames(named: readonly BootstrapName[]): void {
  for (const { host, port } of named) {
    if (parseAddress(`${host}:${port}`) !== undefined) continue
    throw new UserError(`with --interface a bootstrap node is given as an address, not as ${host}`, {
      hint: 'a name would be looked up through another interface',
      exit: 2,
    })
  }
}

const isV4 = (address: string): boolean => !address.includes(':')
