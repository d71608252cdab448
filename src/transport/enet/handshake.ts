/**
 * CONNECT and its answer: what two hosts agree on (ENet 1.3.17, host.c and
 * protocol.c).
 */
import type { Bandwidth } from './bandwidth.ts'
import type { Connect, VerifyConnect } from './command.ts'
import { maxMtu, maxWindow, minMtu, minWindow } from './limits.ts'
import type { Throttle } from './throttle.ts'

/** A slot's numbers: they outlive the connections in it (0xFF: none yet). */
export interface Slot {
  readonly number: number
  incomingSession: number
  outgoingSession: number
}

type Unaddressed<T> = Omit<T, 'flags' | 'channel' | 'sequence'>

/** What a side puts in either. */
interface Proposal {
  readonly slot: Slot
  readonly mtu: number
  readonly channels: number
  readonly own: Bandwidth
}

interface Question extends Proposal {
  readonly windowSize: number
  readonly throttle: Throttle
  readonly connectId: number
  readonly data: number
}

export function question(asked: Question): Unaddressed<Connect> {
  const { slot, mtu, windowSize, channels, own, throttle, connectId, data } = asked
  return {
    kind: 'connect',
    outgoingPeer: slot.number,
    incomingSession: slot.incomingSession,
    outgoingSession: slot.outgoingSession,
    mtu,
    windowSize,
    channels,
    incomingBandwidth: own.incoming,
    outgoingBandwidth: own.outgoing,
    throttleInterval: throttle.interval,
    throttleAcceleration: throttle.acceleration,
    throttleDeceleration: throttle.deceleration,
    connectId,
    data,
  }
}

/** The answer names the sessions from the side of the one who asked: our outgoing one is its incoming one. */
export function answer(connect: Connect, { slot, mtu, channels, own }: Proposal): Unaddressed<VerifyConnect> {
  return {
    kind: 'verify-connect',
    outgoingPeer: slot.number,
    incomingSession: slot.outgoingSession,
    outgoingSession: slot.incomingSession,
    mtu,
    windowSize: clampWindow(Math.min(windowFor(own.incoming, 0), connect.windowSize)),
    channels,
    incomingBandwidth: own.incoming,
    outgoingBandwidth: own.outgoing,
    throttleInterval: connect.throttleInterval,
    throttleAcceleration: connect.throttleAcceleration,
    throttleDeceleration: connect.throttleDeceleration,
    connectId: connect.connectId,
  }
}

/** Gives the slot the sessions that follow those that the peer, or the slot, had. */
export function renew(slot: Slot, { incomingSession, outgoingSession }: Connect): void {
  slot.outgoingSession = successor(incomingSession, slot.outgoingSession)
  slot.incomingSession = successor(outgoingSession, slot.incomingSession)
}

/** Two bits, and never the number that the slot had. */
function successor(proposed: number, own: number): number {
  const session = ((proposed === 0xff ? own : proposed) + 1) & 3
  return session === own ? (session + 1) & 3 : session
}

export const throttleOf = (terms: Unaddressed<VerifyConnect> | Connect): Throttle => ({
  interval: terms.throttleInterval,
  acceleration: terms.throttleAcceleration,
  deceleration: terms.throttleDeceleration,
})

/** The window between a side that sends so many octets per second and one that takes so many; 0: no limit. */
export function windowFor(sent: number, taken: number): number {
  const least = sent === 0 || taken === 0 ? Math.max(sent, taken) : Math.min(sent, taken)
  return least === 0 ? maxWindow : clampWindow(Math.floor(least / 65_536) * minWindow)
}

export const clampWindow = (octets: number): number => Math.min(maxWindow, Math.max(minWindow, octets))

export const clampMtu = (octets: number): number => Math.min(maxMtu, Math.max(minMtu, octets))
