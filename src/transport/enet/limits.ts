/** Numbers of ENet 1.3.17 that both ends rely on, and our own bounds (`docs/Protocol.md`). */

export const minMtu = 576
export const maxMtu = 4_096
export const defaultMtu = 1_400
export const minWindow = 4_096 // octets
export const maxWindow = 65_536
export const maxPeers = 4_095
export const maxChannels = 255
export const maxCommands = 32 // a datagram

/** The receiver takes 28,672 numbers ahead: more fragments than this can never be delivered. ENet allows 2^20. */
export const maxFragments = 28_000

/**
 * Octets that a receiver may have to hold: of each channel, what was sent beyond
 * the first command that is not acknowledged. Ours holds 4 MiB, C ENet 32 MiB.
 */
export const maxSpan = 4_000_000

/** What a message in one piece costs it beside its octets. */
export const wholeCost = 128

/** The same of each piece: a message of two costs 128 octets for each and 128 for itself. */
export const pieceCost = 192

/** enet.h, enet_peer_timeout: doublings of the first timeout, and ms. */
export interface Timeout {
  readonly limit: number
  readonly minimum: number
  readonly maximum: number
}

export const defaultTimeout: Timeout = { limit: 32, minimum: 5_000, maximum: 30_000 }

/** What a peer may make us hold. Set low before authentication, raised after it. */
export interface Limits {
  readonly maximumPacketSize: number // octets of one message
  readonly maximumWaitingData: number // octets held because something before them is missing
}

export const defaultLimits: Limits = { maximumPacketSize: 1 << 20, maximumWaitingData: 4 << 20 }

/** @throws RangeError for what only we can do wrong */
export function within(value: number, low: number, high: number): void {
  if (!Number.isInteger(value) || value < low || value > high)
    throw new RangeError(`${value} is not ${low} to ${high}`)
}
