/** Programs that look for each other on one link, in tests of it. */
import { hmacSha256, type Random } from '../../src/crypto.ts'
import { Lan, type LanEvent } from '../../src/discovery/lan.ts'
import type { LanPair } from '../../src/discovery/neighbour.ts'
import type { Local } from '../../src/machine.ts'
import type { Host, Network } from '../support/network.ts'
import { Segment } from '../support/segment.ts'

export const start = Date.UTC(2030, 0, 1, 12, 30) // unix ms, in the middle of an hour
export const hour = 3_600_000 // ms
export const thisEpoch = Math.floor(start / hour)

/** Pseudo-random octets: the same from the same seed. */
export function seeded(seed: number): Random {
  let state = seed + 1
  return (size) =>
    new Uint8Array(size).map(() => {
      // Park and Miller's: its top bits are good enough.
      state = (state * 48_271) % 2_147_483_647
      return state >>> 16
    })
}

/** The two sides of the pair `number`. */
export const pairOf = (number: number): readonly [LanPair, LanPair] => {
  const key: LanPair['key'] = (label, direction, epoch) =>
    hmacSha256(Uint8Array.of(number, number >> 8), new TextEncoder().encode(`${label} ${direction} ${epoch}`))
  return [
    { own: 0, key },
    { own: 1, key },
  ]
}

/** A pair that counts how often a key of it is made. */
export function counting(pair: LanPair): LanPair & { looks: number } {
  const counted = {
    own: pair.own,
    looks: 0,
    key(...of: Parameters<LanPair['key']>): Uint8Array {
      counted.looks++
      return pair.key(...of)
    },
  }
  return counted
}

export interface ProgramOptions {
  readonly seed: number
  /** How far its clock is ahead: ms. */
  readonly ahead?: number
  readonly families?: readonly (4 | 6)[]
}

export interface Program {
  readonly lan: Lan
  readonly sessionId: Uint8Array
  readonly locals: { readonly multicast4?: Local; readonly multicast6?: Local }
}

export function program({ seed, ahead = 0, families = [4] }: ProgramOptions): Program {
  const random = seeded(seed)
  const sessionId = random(8)
  const locals = {
    ...(families.includes(4) && { multicast4: { kind: 'multicast4' } as const }),
    ...(families.includes(6) && { multicast6: { kind: 'multicast6' } as const }),
  }
  const wall = (now: number): number => start + ahead + now
  return { lan: new Lan({ locals, random, wall, sessionId }), sessionId, locals }
}

/** Puts programs on one link. */
export const link = (): Segment<Host<LanEvent>> => new Segment()

export function attach(
  network: Network<LanEvent>,
  segment: Segment<Host<LanEvent>>,
  { lan }: Pick<Program, 'lan'>,
): Host<LanEvent> {
  const host = network.attach({ mapping: 'endpoint-independent', filtering: 'address-dependent' }, segment)
  host.machine = lan
  return host
}
