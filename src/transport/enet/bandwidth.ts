/**
 * How the bandwidth of a host is shared out among its peers, once a second
 * (ENet 1.3.17, host.c, enet_host_bandwidth_throttle). Octets per second; 0: no limit.
 */
import { throttleScale } from './throttle.ts'

export interface Bandwidth {
  readonly incoming: number
  readonly outgoing: number
}

export const unlimited: Bandwidth = { incoming: 0, outgoing: 0 }

/** A peer, as it is looked at. */
export interface Sharer {
  readonly bandwidth: Bandwidth // what it announced
  readonly offered: number // octets that were queued for it since the last look
}

/**
 * The throttle limits of all peers, 0 to 32: first those of whom more would go
 * out than they take, each by its own limit; what is left, evenly. (What such a
 * peer takes, not what it was offered, is taken off the total: libenet's rule.)
 *
 * @param elapsed - ms since the last look, more than 0
 */
export function throttleLimits(sharers: readonly Sharer[], own: Bandwidth, elapsed: number): number[] {
  const limits = new Array<number | undefined>(sharers.length)
  let bandwidth = own.outgoing === 0 ? Infinity : Math.floor((own.outgoing * elapsed) / 1_000)
  let total = own.outgoing === 0 ? 0 : sharers.reduce((sum, { offered }) => sum + offered, 0)
  const even = (): number =>
    total <= bandwidth ? throttleScale : Math.floor((bandwidth * throttleScale) / total)
  for (let isSettled = false; !isSettled; ) {
    isSettled = true
    const throttle = even()
    for (const [i, { bandwidth: its, offered }] of sharers.entries()) {
      if (limits[i] !== undefined || its.incoming === 0) continue
      const takes = Math.floor((its.incoming * elapsed) / 1_000)
      if (Math.floor((throttle * offered) / throttleScale) <= takes) continue
      limits[i] = Math.max(1, Math.floor((takes * throttleScale) / offered))
      bandwidth -= takes
      total -= takes
      isSettled = false
    }
  }
  const throttle = even()
  return Array.from(limits, (limit) => limit ?? throttle)
}

/**
 * What each peer is told that it may send to us: who sends less than its even
 * share keeps to what it sends, and the others share what that leaves. (So who
 * named no limit of its sending gets none told: libenet's rule.)
 */
export function incomingShares(sharers: readonly Sharer[], own: Bandwidth): number[] {
  if (own.incoming === 0) return sharers.map(() => 0)
  const shares = new Array<number | undefined>(sharers.length)
  let left = own.incoming
  let remaining = sharers.length
  let even = left
  for (let isSettled = false; !isSettled && remaining > 0; ) {
    isSettled = true
    even = Math.floor(left / remaining)
    for (const [i, { bandwidth }] of sharers.entries()) {
      if (shares[i] !== undefined || (bandwidth.outgoing > 0 && bandwidth.outgoing >= even)) continue
      shares[i] = bandwidth.outgoing
      left -= bandwidth.outgoing
      remaining--
      isSettled = false
    }
  }
  return Array.from(shares, (share) => share ?? even)
}
