/**
 * Which addresses we tell a buddy, and which of his we probe. A record is
 * signed by a key that the buddy holds, but its addresses may be anybody's:
 * see spec "Candidates and paths" in docs/Protocol.md.
 */
import type { Address } from '../machine.ts'
import { formatAddress, splitAddress } from '../wire/address.ts'
import type { Mapping } from './mapping.ts'

/**
 * `host`: an interface of the machine; `reflexive`: what others see us as; `mapped`: a port that the router keeps
 * for us; `changing`: seen once, by a NAT that gives each destination a port of its own; `predicted`: the port that
 * such a NAT should give next.
 */
export interface Candidate {
  readonly kind: 'host' | 'reflexive' | 'mapped' | 'loopback' | 'changing' | 'predicted'
  readonly address: Address
}

export interface CandidateOptions {
  /** Addresses of the interfaces that may be used. */
  readonly hosts: readonly string[]
  /** The ports our sockets are bound to; none where there is no socket. */
  readonly ports: { readonly udp4?: number | undefined; readonly udp6?: number | undefined }
  /** What is known of the NATs before them. */
  readonly mappings: readonly Mapping[]
  readonly mapped?: readonly Address[] | undefined
  /** Loopback is told and probed in a private network on this machine only. */
  readonly loopback: boolean
}

/** Own candidates, at most `maxCandidates`: first what strangers to our network need. */
export function ownCandidates({
  hosts,
  ports,
  mappings,
  mapped = [],
  loopback,
}: CandidateOptions): Candidate[] {
  const found: Candidate[] = []
  const add = (kind: Candidate['kind'], address: Address | undefined): void => {
    if (address === undefined || address.includes('%') || !mayProbe(address, { loopback })) return
    if (!found.some((other) => other.address === address)) found.push({ kind, address })
  }
  const own = hosts.map((host) => {
    const port = host.includes(':') ? ports.udp6 : ports.udp4
    return port === undefined ? undefined : formatAddress({ address: host, port })
  })
  for (const address of mapped) add('mapped', address)
  for (const mapping of mappings) {
    // Seen as what an interface has: no NAT.
    if (mapping.kind === 'same' && !own.includes(mapping.address)) add('reflexive', mapping.address)
    if (mapping.kind === 'counting') for (const address of mapping.next) add('predicted', address)
    if (mapping.kind === 'counting' || mapping.kind === 'changing') add('changing', mapping.address)
  }
  for (const address of own) add('host', address)
  return found.slice(0, maxCandidates)
}

/**
 * Whether a datagram may be sent there on a buddy's word: never to multicast,
 * broadcast, reserved or unspecified addresses, and to loopback only in a
 * private network on this machine. (The own subnet's directed broadcast is the
 * kernel's to refuse: sockets here never ask for SO_BROADCAST.)
 */
export function mayProbe(address: Address, { loopback }: { readonly loopback: boolean }): boolean {
  const scope = scopeOf(address)
  return scope === 'loopback' ? loopback : scope !== 'none'
}

/** How near an address is: what is never probed is `none`. */
export function scopeOf(address: Address): 'loopback' | 'lan' | 'public' | 'none' {
  const { address: host } = splitAddress(address)
  return host.includes(':') ? scopeOf6(host) : scopeOf4(host)
}

function scopeOf4(host: string): ReturnType<typeof scopeOf> {
  const [a = 0, b = 0] = host.split('.').map(Number)
  if (a === 127) return 'loopback'
  if (a === 0 || a >= 224) return 'none' // 224/4 is multicast, 240/4 reserved, with 255.255.255.255
  const isPrivate = a === 10 || (a === 172 && b >> 4 === 1) || (a === 192 && b === 168)
  const isShared = a === 100 && b >> 6 === 1 // a carrier's network, or a mesh
  return isPrivate || isShared || (a === 169 && b === 254) ? 'lan' : 'public'
}

/** RFC 4291: ::1, ::, ff00::/8; fe80::/10 means something with a zone only; fc00::/7 is routed by nobody. */
function scopeOf6(host: string): ReturnType<typeof scopeOf> {
  if (host === '::1') return 'loopback'
  const first = Number.parseInt(host.split(':')[0] || '0', 16)
  if (first === 0 || first >> 8 === 0xff) return 'none'
  if ((first & 0xffc0) === 0xfe80) return host.includes('%') ? 'lan' : 'none'
  return first >> 9 === 0x7e ? 'lan' : 'public'
}

export const isV6 = (address: Address): boolean => address.startsWith('[')

/** As many as a rendezvous record holds (docs/Protocol.md, "Record"). */
export const maxCandidates = 16
