/**
 * Datagrams that leave by one device with the address of another. A device
 * without a usable address of its own does that (Linux, RFC 6724 section 4:
 * candidates are those of all interfaces), and then the source address, which
 * is all that src/edge/route.ts asks for, says nothing of the device. Which
 * routes lead to such devices stands in /proc/net; where there is none,
 * nothing is known of them.
 */
import { readFileSync } from 'node:fs'
import { BlockList } from 'node:net'
import { endianness } from 'node:os'
import { isV4, isV6, type NetworkInterface } from './interfaces.ts'

/** Files of /proc/net; empty where there is none. */
export interface KernelTables {
  readonly route: string // the main table of IPv4
  readonly ipv6Route: string // all tables of IPv6
  readonly ifInet6: string
}

export const readTables = (): KernelTables => ({
  route: read('route'),
  ipv6Route: read('ipv6_route'),
  ifInet6: read('if_inet6'),
})

function read(name: string): string {
  try {
    return readFileSync(`/proc/net/${name}`, 'latin1')
  } catch {
    return ''
  }
}

/**
 * Says of a host whether a datagram that the kernel gives an address of the
 * named interfaces may leave by another device: one without an address, with a
 * route at least as narrow as any by the named ones.
 *
 * @param all - the interfaces of the machine
 */
export function strayCheck(
  tables: KernelTables,
  all: readonly NetworkInterface[],
): (host: string, names: readonly string[]) => boolean {
  const numbered4 = new Set(all.filter((own) => own.addresses.some(isUsable4)).map(({ name }) => name))
  const numbered6 = usable6(tables.ifInet6)
  const [routes4, routes6] = [readRoutes4(tables.route), readRoutes6(tables.ipv6Route)]
  return (host, names) => {
    const [routes, numbered] = isV6(host) ? [routes6, numbered6] : [routes4, numbered4]
    const bare = host.replace(/%.*$/, '')
    const fitting = routes.filter(({ net }) => net.check(bare, isV6(host) ? 'ipv6' : 'ipv4'))
    const best = Math.max(
      -1,
      ...fitting.filter(({ device }) => names.includes(device)).map(({ bits }) => bits),
    )
    return fitting.some(
      ({ device, bits }) => bits >= best && !names.includes(device) && !numbered.has(device),
    )
  }
}

interface Route {
  readonly device: string
  readonly net: BlockList
  readonly bits: number
}

const lines = (table: string): readonly (readonly string[])[] =>
  table.split('\n').map((line) => line.trim().split(/\s+/))

/** interface, destination, gateway, flags, 3 more, mask: in the order of octets that the machine has. */
function readRoutes4(table: string): readonly Route[] {
  return lines(table).flatMap(([device = '', to = '', , flags = '', , , , mask = '']) => {
    if (![to, flags, mask].every((text) => /^[\dA-F]+$/.test(text)) || to.length !== 8) return []
    if (Number.parseInt(flags, 16) & reject) return []
    const bits = [...BigInt(`0x${mask}`).toString(2)].filter((bit) => bit === '1').length
    const octets = (to.match(/../g) ?? []).map((octet) => Number.parseInt(octet, 16))
    if (endianness() === 'LE') octets.reverse()
    return [routeTo(octets.join('.'), bits, device)]
  })
}

/** destination, its bits, 6 more, flags, interface */
function readRoutes6(table: string): readonly Route[] {
  return lines(table).flatMap(([to = '', bits = '', , , , , , , flags = '', device = '']) => {
    if (!/^[\da-f]{32}$/.test(to) || Number.parseInt(flags, 16) & reject) return []
    // To ourselves; to a link or a group, which is chosen by its zone.
    if (device === 'lo' || /^f(?:f|e[89ab])/.test(to)) return []
    return [routeTo(to.replace(/.{4}(?=.)/g, '$&:'), Number.parseInt(bits, 16), device)]
  })
}

function routeTo(address: string, bits: number, device: string): Route {
  const net = new BlockList()
  net.addSubnet(address, bits, isV6(address) ? 'ipv6' : 'ipv4')
  return { device, net, bits }
}

/** Others are valid on their link only: not taken for anything further away. */
const isUsable4 = (address: string): boolean => isV4(address) && !address.startsWith('169.254.')

/** Devices with an address (address, index, bits, scope, flags, device) of global scope that is to be used. */
const usable6 = (table: string): ReadonlySet<string> =>
  new Set(
    lines(table).flatMap(([, , , scope, flags = '', device = '']) =>
      scope === '00' && (Number.parseInt(flags, 16) & unusable) === 0 ? [device] : [],
    ),
  )

const reject = 0x200 // RTF_REJECT
const unusable = 0x08 | 0x20 | 0x40 // IFA_F_DADFAILED, _DEPRECATED, _TENTATIVE
