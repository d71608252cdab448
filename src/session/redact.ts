/** A report that can be shown to anybody: no address of anybody's is left in it. */
import { scopeOf } from '../nat/candidates.ts'
import { parseAddress, splitAddress } from '../wire/address.ts'
import type { FamilyReport, Report, Told } from './report.ts'

/** Each address and each port has a stand-in, the same one everywhere, that keeps family and scope. */
export function redacted({ network, buddy }: Report): Report {
  const standIns = new StandIns()
  const told = (addresses: readonly Told[]): readonly Told[] => addresses.map((each) => standIns.within(each))
  const family = (of: FamilyReport): FamilyReport =>
    of.port === undefined ? of : { ...of, port: standIns.ofPort(of.port) }
  const { portmap } = network
  return {
    network: {
      ...network,
      addresses: told(network.addresses),
      ipv4: family(network.ipv4),
      ipv6: family(network.ipv6),
      ...(portmap?.mapping && { portmap: { ...portmap, mapping: standIns.within(portmap.mapping) } }),
    },
    buddy: {
      ...buddy,
      ...(buddy.path && { path: standIns.within(buddy.path) }),
      ...(buddy.record && { record: { ...buddy.record, addresses: told(buddy.record.addresses) } }),
      ladder: buddy.ladder.map((rung) => ({
        ...rung,
        addresses: rung.addresses.map((address) => standIns.of(address)),
      })),
    },
  }
}

class StandIns {
  readonly #hosts = new Map<string, string>()
  readonly #kinds = new Map<string, number>() // how many of each there are
  readonly #ports = new Map<number, number>()

  within<Each extends { readonly address: string }>(each: Each): Each {
    return { ...each, address: this.of(each.address) }
  }

  /** `public IPv4 #1, port #2` */
  of(text: string): string {
    const address = parseAddress(text)
    if (address === undefined) return 'an address'
    const { address: host, port } = splitAddress(address)
    const scope = scopeOf(address)
    const kind = `${scopes[scope]} ${host.includes(':') ? 'IPv6' : 'IPv4'}`
    return `${this.#host(host, kind)}, port #${this.ofPort(port)}`
  }

  ofPort(port: number): number {
    const known = this.#ports.get(port) ?? this.#ports.size + 1
    this.#ports.set(port, known)
    return known
  }

  #host(host: string, kind: string): string {
    const known = this.#hosts.get(host)
    if (known !== undefined) return known
    const count = (this.#kinds.get(kind) ?? 0) + 1
    this.#kinds.set(kind, count)
    this.#hosts.set(host, `${kind} #${count}`)
    return `${kind} #${count}`
  }
}

const scopes = { public: 'public', lan: 'private', loopback: 'loopback', none: 'unusable' } as const
