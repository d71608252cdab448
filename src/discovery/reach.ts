/**
 * Where an address lies, and who may tell us of it. The DHT is full of lies: a
 * stranger on the internet must not make us send into our own LAN, and one who
 * owns a /24 must not own a lookup. Networks of our own (a demo on loopback, a
 * LAN, a VPN, a lab) are small and stay usable.
 */
import type { Address } from '../machine.ts'
import { splitAddress } from '../wire/address.ts'

/** `local`: private, shared, link-local, documentation and benchmark ranges (RFC 6890): routed by nobody. */
export type Scope = 'loopback' | 'local' | 'public' | 'none'

export function scopeOf(address: Address): Scope {
  const { address: host } = splitAddress(address)
  return host.includes(':') ? scopeOf6(host) : scopeOf4(host)
}

/**
 * What a node tells of is asked only if it lies no nearer to us than the node itself. On the internet it has no
 * port below 1024: name servers and clocks live there, who are no nodes and must not hear from us on a liar's word.
 */
export function mayTell(teller: Address, told: Address): boolean {
  const scope = scopeOf(told)
  if (scope === 'public' && splitAddress(told).port < firstFreePort) return false
  return depths[scope] > 0 && depths[scope] <= depths[scopeOf(teller)]
}

/** The address family; a DHT has one (BEP 32). */
export type Family = 4 | 6

export const familyOf = (address: Address): Family => (address.startsWith('[') ? 6 : 4)

/**
 * The network two of whose nodes a lookup may use at the most: /24, or /64 for
 * IPv6. `undefined`: no limit, because the whole DHT may be that network, and
 * as no stranger on the internet may tell of such addresses.
 */
export function networkOf(address: Address): string | undefined {
  if (scopeOf(address) !== 'public') return undefined
  const { address: host } = splitAddress(address)
  if (!host.includes(':')) return host.slice(0, host.lastIndexOf('.'))
  return groupsOf(host).slice(0, 4).join(':')
}

/** The host without the port. */
export const hostOf = (address: Address): string => splitAddress(address).address

/** Who counts as one when something is limited: a host, and with IPv6 its /64, of which it has every address. */
export function sourceOf(address: Address): string {
  const host = hostOf(address)
  return host.includes(':') ? groupsOf(host).slice(0, 4).join(':') : host
}

function scopeOf4(host: string): Scope {
  const [a, b, c] = host.split('.').map(Number) as [number, number, number]
  if (a === 127) return 'loopback'
  if (a === 0 || a >= 224) return 'none' // "this network", multicast, reserved, broadcast
  if (a === 10 || (a === 172 && b >> 4 === 1) || (a === 192 && b === 168)) return 'local'
  if ((a === 100 && b >> 6 === 1) || (a === 169 && b === 254)) return 'local'
  if ((a === 192 && b === 0 && c === 2) || (a === 198 && b === 51 && c === 100)) return 'local'
  if ((a === 203 && b === 0 && c === 113) || (a === 198 && b >> 1 === 9)) return 'local'
  return 'public'
}

function scopeOf6(host: string): Scope {
  if (host === '::1') return 'loopback'
  const [first, second] = groupsOf(host) as [number, number]
  if (first >> 8 === 0xff || first === 0) return 'none' // multicast, unspecified
  if (first >> 9 === 0x7e || (first & 0xffc0) === 0xfe80) return 'local' // fc00::/7, fe80::/10
  return first === 0x2001 && second === 0xdb8 ? 'local' : 'public'
}

/** Eight groups of 16 bits of a canonical IPv6 address. */
export function groupsOf(host: string): number[] {
  const [head, tail] = host
    .replace(/%.*$/, '')
    .split('::')
    .map((side) => (side === '' ? [] : side.split(':').map((group) => Number.parseInt(group, 16))))
  if (!head || !tail) return head ?? []
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail]
}

/** A node on this machine may tell of anything; one in the LAN of the LAN and the internet. */
const depths = { none: 0, public: 1, local: 2, loopback: 3 } as const
const firstFreePort = 1_024
