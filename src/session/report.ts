/**
 * How a buddy is being reached, or why not: what `why` tells. Plain JSON;
 * durations in milliseconds. docs/Protocol.md, "JSON lines".
 */
import type { Counters } from '../discovery/discovery.ts'
import { type Candidate, scopeOf } from '../nat/candidates.ts'
import type { Mapping } from '../nat/mapping.ts'
import type { Unreached } from '../nat/verdict.ts'
import type { PathKind, Way } from '../nat/way.ts'
import { splitAddress } from '../wire/address.ts'
import type { Phase, Refused } from './command.ts'
import type { Family, Standing } from './standing.ts'

export type { Way } from '../nat/way.ts'

export interface Report {
  readonly network: NetworkReport
  readonly buddy: BuddyReport
}

export interface NetworkReport {
  readonly ipv4: FamilyReport
  readonly ipv6: FamilyReport
  /** Where buddies are told that we are. */
  readonly addresses: readonly Told[]
  readonly lan: 'off' | 'listening'
  /** Servers that say as whom they see us. */
  readonly stun: 'off' | 'asked'
  /** Missing where routers are not asked. */
  readonly portmap?: PortmapReport
}

/** An address that one of the two tells the other. */
export interface Told {
  readonly kind: Candidate['kind']
  readonly address: string
}

export interface FamilyReport {
  /** Of our socket; missing while there is none. */
  readonly port?: number
  readonly nat: NatKind
  readonly dht: DhtReport
}

/** A mapping as docs/Protocol.md, "Candidates and paths", has it; `none`: others see us as an interface of ours. */
export type NatKind = 'none' | Mapping['kind']

export interface DhtReport extends Counters {
  /** `alone`: no node is known that could be asked. */
  readonly state: 'off' | 'alone' | 'joining' | 'joined' | 'unreachable'
}

export interface PortmapReport {
  /** How asking a router went, in the order of the answers. */
  readonly tried: readonly { readonly via: string; readonly result: string; readonly detail: string }[]
  /** What it keeps for us. */
  readonly mapping?: { readonly via: string; readonly address: string }
}

export interface BuddyReport {
  readonly state: 'not looking' | Phase | 'secured'
  /** An invite code leads to him: he is no buddy yet. */
  readonly isInvited: boolean
  /** Since looking began; once secured, how long that took. */
  readonly ms: number
  /** Of the conversation. */
  readonly path?: { readonly kind: PathKind; readonly address: string }
  /** What he published, if it was found. */
  readonly record?: RecordReport
  readonly isOnLan: boolean
  /** Each for some ten seconds, to all addresses known. */
  readonly attempts: number
  /** In the order in which they are preferred. */
  readonly ladder: readonly Rung[]
  readonly verdict?: Unreached
  /** Somebody answered, and was refused. */
  readonly refused?: Refused
}

/** Of somebody who is not looked for. */
export const withoutBuddy: BuddyReport = {
  ...{ state: 'not looking', isInvited: false, ms: 0, isOnLan: false, attempts: 0, ladder: [] },
}

export interface RecordReport {
  /** Since it was found. */
  readonly ms: number
  /** Since he made it, by his clock and ours; missing if people carried it. */
  readonly age?: number
  /** Of his router for IPv4, as far as his addresses show it. */
  readonly nat: NatKind
  readonly addresses: readonly Told[]
}

/** One way to him. */
export interface Rung {
  readonly way: Way
  /** `absent`: there is nothing to try, and `why` says the reason. */
  readonly state: 'absent' | 'waiting' | 'trying' | 'failed' | 'worked'
  readonly addresses: readonly string[]
  /** For how long, pauses included. */
  readonly ms: number
  readonly why?: RungWhy
}

export type RungWhy =
  | 'switched-off' // by an option
  | 'not-heard' // on the local network
  | 'none-given' // by the user
  | 'no-mesh'
  | 'nothing-found' // he has not published anything, as far as is known
  | 'not-told' // he has, but nothing of this kind
  | 'no-ipv6-here'
  | 'no-ipv4-here'
  | 'barred' // by --interface or --lan
  | 'not-needed' // there is no router to guess ports of
  | 'both-change' // guessing is hopeless
  | 'too-often' // the same ports were guessed a moment ago
  | 'no-hearsay'
  | 'no-answer'
  | 'not-secured' // he was reached, and nothing came of it so far
  | 'another-first' // another way worked

export interface NetworkParts {
  readonly standing: Standing
  readonly dht: (family: Family) => DhtReport
  readonly lan: boolean
  readonly stun: boolean
}

export function networkReport({ standing, dht, lan, stun }: NetworkParts): NetworkReport {
  const family = (which: Family): FamilyReport => {
    const port = standing.ports[which]
    const nat = ownNat(standing.mapping(which), standing.hosts)
    return { ...(port !== undefined && { port }), nat, dht: dht(which) }
  }
  return {
    ipv4: family('udp4'),
    ipv6: family('udp6'),
    addresses: standing.candidates.map(({ kind, address }) => ({ kind, address })),
    lan: lan ? 'listening' : 'off',
    stun: stun ? 'asked' : 'off',
  }
}

const ownNat = (mapping: Mapping, hosts: readonly string[]): NatKind =>
  mapping.kind === 'same' && hosts.includes(splitAddress(mapping.address).address) ? 'none' : mapping.kind

/** What his router does, by what he tells of himself. */
export function natOf(candidates: readonly Candidate[]): NatKind {
  const outside = candidates.filter(
    ({ address }) => scopeOf(address) === 'public' && !address.startsWith('['),
  )
  const has = (kind: Candidate['kind']): boolean => outside.some((candidate) => candidate.kind === kind)
  if (has('predicted')) return 'counting'
  if (has('changing')) return 'changing'
  if (has('reflexive')) return 'same'
  return has('host') ? 'none' : 'unknown'
}
