/** The network interfaces of this machine: what `--interface` takes. */
import { BlockList } from 'node:net'
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os'

export interface NetworkInterface {
  readonly name: string
  /** Of both families; link-local ones of IPv6 with their zone. */
  readonly addresses: readonly string[]
  /** Reaches this machine only. */
  readonly internal: boolean
  readonly kind: 'loopback' | 'link' | 'tunnel'
  /** The subnets of its addresses: `192.168.1.2/24`, `fe80::1/64`. */
  readonly subnets: readonly string[]
}

/** What node's `os.networkInterfaces` yields. */
export type SystemInterfaces = NodeJS.Dict<readonly NetworkInterfaceInfo[]>

/** Those that are up and have an address, in the system's order. */
export function listInterfaces(system: SystemInterfaces = networkInterfaces()): readonly NetworkInterface[] {
  return Object.entries(system).flatMap(([name, infos]) => {
    if (!infos?.length) return []
    const internal = infos.every((info) => info.internal)
    // A VPN's device has no hardware address: WireGuard, Tailscale, OpenVPN (tun), PPP.
    const isBare = infos.every(({ mac }) => mac === '00:00:00:00:00:00')
    const kind = internal ? 'loopback' : isBare ? 'tunnel' : 'link'
    const addresses = infos.map((info) => withZone(info, name))
    return [{ name, addresses, internal, kind, subnets: infos.flatMap(({ cidr }) => cidr ?? []) }]
  })
}

/** RFC 4007: a link-local address means nothing without its zone, on Windows the number of the interface. */
function withZone(info: NetworkInterfaceInfo, name: string): string {
  if (info.family !== 'IPv6' || !isLinkLocal(info.address)) return info.address
  return `${info.address}%${process.platform === 'win32' ? info.scopeid : name}`
}

export const isV6 = (address: string): boolean => address.includes(':')
export const isV4 = (address: string): boolean => !isV6(address)

/** fe80::/10 */
export const isLinkLocal = (address: string): boolean => /^fe[89ab]/i.test(address)

/** Whether a literal address is in one of the subnets; its zone is for others to judge. */
export function isOnLink({ subnets }: NetworkInterface, host: string): boolean {
  return listOf(subnets).check(host.replace(/%.*$/, ''), isV6(host) ? 'ipv6' : 'ipv4')
}

/** Made once for each state of an interface. */
function listOf(subnets: readonly string[]): BlockList {
  let list = lists.get(subnets)
  if (!list) {
    list = new BlockList()
    for (const subnet of subnets) {
      const [address = '', bits] = subnet.split('/')
      list.addSubnet(address, Number(bits), isV6(address) ? 'ipv6' : 'ipv4')
    }
    lists.set(subnets, list)
  }
  return list
}

const lists = new WeakMap<readonly string[], BlockList>()
