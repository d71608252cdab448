/** What the three ways of mapping a port have in common. */
import type { Endpoint } from '../../wire/address.ts'

/** In the order in which they are preferred. */
export type Via = 'pcp' | 'nat-pmp' | 'upnp'

export interface Grant {
  /** As which the router is seen: perhaps a private address, or 0.0.0.0, if it stands behind another. */
  readonly address: string
  readonly port: number
  /** s; Infinity: until it is taken back. */
  readonly lifetime: number
}

/**
 * `silent`: nobody answered. `refused`: the router said no. `malformed`: it said what makes no sense. `barred`: not
 * asked, because no router is known or the route guard refuses it. The detail is in our words: no router's text.
 */
export interface Failure {
  readonly kind: 'silent' | 'refused' | 'malformed' | 'barred'
  readonly detail: string
}

export type Outcome = { readonly kind: 'mapped'; readonly grant: Grant } | Failure

export interface Way {
  readonly via: Via

  /** Finds out whom to ask. Nothing in the router changes. */
  prepare(signal: AbortSignal): Promise<Failure | undefined>

  /** Asks for the mapping, or to keep it. */
  map(signal: AbortSignal): Promise<Outcome>

  /** Takes back what was asked for: at once where it was granted. */
  unmap(signal: AbortSignal): Promise<void>

  /** Reads what a router said to everybody: true if it has lost its state, and with it the mapping. */
  isLost?(announcement: Uint8Array, from: string): boolean
}

/** Where and how patiently routers are asked; a test has its own. Times in ms. */
export interface Surroundings {
  /** The default gateway of the interface, or a guess. */
  readonly gateway: () => Promise<string | undefined>
  /** The same, `undefined` if it would be a guess. */
  readonly knownGateway: () => Promise<string | undefined>
  /** Whether a host is in the subnet of the interface. */
  readonly isNeighbour: (host: string) => boolean
  /** Where it listens for NAT-PMP and PCP: RFC 6886, section 3.1; RFC 6887, section 19.5. */
  readonly port: number
  /** Where UPnP devices listen (Device Architecture 1.1, section 1.3.2). */
  readonly search: Endpoint
  /** Where gateways announce that they were started anew: RFC 6886, section 3.2.1; RFC 6887, section 14.1.1. */
  readonly announcements: Endpoint
  /** For each question and its answer. */
  readonly patience: number
  /** What PCP is ahead of the others. */
  readonly headStart: number
  /** Until all is tried again. */
  readonly retry: number
  /** Between two requests to keep a mapping (RFC 6887, section 11.2.1). */
  readonly leastRenewal: number
}

/** What every way is given. */
export interface Terms {
  readonly internal: Endpoint
  readonly lifetime: number // s, as asked for
  readonly allows: (host: string) => boolean
  readonly around: Surroundings
}
