/** By which kind of address a buddy is tried, and which of two paths to him is the better one. */
import type { Address } from '../machine.ts'
import { type Candidate, isV6, scopeOf } from './candidates.ts'

export type Way =
  | 'lan' // told by multicast
  | 'hint' // given by the user
  | 'mesh' // of a machine in the same VPN, as that tells
  | 'host' // of an interface of his
  | 'ipv6' // the same, of the other family: no NAT, perhaps firewalls
  | 'mapped' // a port that his router keeps for him
  | 'punched' // as others see him
  | 'predicted' // the port his NAT should give next
  | 'guessed' // one of many ports, tried at random
  | 'learnt' // he was heard from there
  | 'rumour' // somebody's word in the DHT

/** Where to probe, and why there. */
export interface Goal {
  readonly address: Address
  readonly way: Way
}

/** What a candidate of his record stands for. */
export function wayTo({ kind, address }: Candidate): Way {
  switch (kind) {
    case 'host':
    case 'loopback':
      return isV6(address) ? 'ipv6' : 'host'
    case 'mapped':
      return 'mapped'
    case 'reflexive':
      return isV6(address) ? 'ipv6' : 'punched'
    case 'predicted':
      return 'predicted'
    case 'changing':
      return 'punched' // not his port for us, but a NAT may let in whoever was sent anything
    default:
      return kind satisfies never
  }
}

/** Small is better: what stays in the house before what needs no NAT, and that before what a NAT may forget. */
export function rankOf({ address, way }: Goal): number {
  const scope = scopeOf(address)
  if (scope === 'loopback') return 0
  if (way === 'lan') return 1
  if (scope === 'lan' && way !== 'mapped') return way === 'mesh' || way === 'hint' ? 2 : 1
  if (isV6(address)) return 3
  return way === 'host' || way === 'hint' || way === 'mapped' ? 4 : 5
}

/** How a path reads to a person. */
export type PathKind = 'loopback' | 'lan' | 'ipv6' | 'direct' | 'mapped' | 'punched' | 'predicted' | 'guessed'

export function pathKind({ address, way }: Goal): PathKind {
  const scope = scopeOf(address)
  if (scope === 'loopback') return scope
  if (way === 'lan' || (scope === 'lan' && way !== 'mapped')) return 'lan' // a mapped one: of a router behind another
  if (isV6(address)) return 'ipv6'
  if (way === 'mapped' || way === 'predicted' || way === 'guessed') return way
  return way === 'host' || way === 'hint' ? 'direct' : 'punched'
}
