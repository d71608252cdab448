/**
 * Which addresses we tell a buddy, and which of his we probe. A record is
 * signed by a key that the buddy holds, but its addresses may be anybody's:
 * see spec "Candidates and paths" in docs/Protocol.md.
 */
import type { Address } from '../machine.ts'
import { parseAddress, splitAddress } from '../wire/address.ts'

/** `host`: an interface of the machine; `reflexive`: what others see us as. */
export interface Candidate {
  readonly kind: 'host' | 'reflexive'
  readonly address: Address
}

export interface CandidateOptions {
  /** IPv4 addresses of the interfaces that may be used. */
  readonly hosts: readonly string[]
  /** The port our socket is bound to. */
  readonly port: number
  /** Where nodes of the DHT see us, once most of them agree. */
  readonly reflexive?: Address | undefined
  /** Loopback is told and probed in a private network on this machine only. */
  readonly loopback: boolean
}

/** Own candidates, best first, at most `maxCandidates`. */
export function ownCandidates({ hosts, port, reflexive, loopback }: CandidateOptions): Candidate[] {
  const found: Candidate[] = []
  for (const host of hosts) {
    const address = parseAddress(`${host}:${port}`)
    if (address !== undefined && mayProbe(address, { loopback })) found.push({ kind: 'host', address })
  }
  const isNew = reflexive !== undefined && !found.some(({ address }) => address === reflexive)
  if (isNew && mayProbe(reflexive, { loopback })) found.push({ kind: 'reflexive', address: reflexive })
  return found.slice(-maxCandidates) // the reflexive one is last, and must be told
}

/**
 * Whether a datagram may be sent there on a buddy's word: never to multicast,
 * broadcast, reserved or unspecified addresses, and to loopback only in a
 * private network on this machine. (The own subnet's directed broadcast is the
 * kernel's to refuse: sockets here never ask for SO_BROADCAST.)
 */
export function mayProbe(address: Address, { loopback }: { readonly loopback: boolean }): boolean {
  const octets = v4(address)
  if (!octets) return false
  const [a] = octets
  if (a === 127) return loopback
  return a > 0 && a < 224 // 224/4 is multicast, 240/4 reserved, with 255.255.255.255
}

/** How a path reads to a person. */
export function pathKind(address: Address): 'loopback' | 'lan' | 'direct' {
  const [a, b] = v4(address) ?? [0, 0]
  if (a === 127) return 'loopback'
  const isPrivate = a === 10 || (a === 172 && b >= 16 && b < 32) || (a === 192 && b === 168)
  const isLinkLocal = a === 169 && b === 254
  return isPrivate || isLinkLocal ? 'lan' : 'direct'
}

function v4(address: Address): readonly [number, number, number, number] | undefined {
  const [a, b, c, d, ...more] = splitAddress(address).address.split('.').map(Number)
  if (a === undefined || b === undefined || c === undefined || d === undefined) return undefined
  return more.length === 0 ? [a, b, c, d] : undefined
}

/** As many as a rendezvous record holds (docs/Protocol.md, "Record"). */
const maxCandidates = 16
