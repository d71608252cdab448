/**
 * CONNECT and its answer: what two hosts agree on (ENet 1.3.17, host.c and
 * protocol.c). Our host sets no bandwidth limit of its own.
 */
import type { Connect, VerifyConnect } from './command.ts'
import type { Throttle } from './congestion.ts'
import { maxMtu, maxWindow, minMtu, minWindow } from './limits.ts'

/** A slot's numbers: they outlive the connections in it (0xFF: none yet). */
export interface Slot {
  readonly number: number
  incomingSession: number
  outgoingSession: number
}

type Unaddressed<T> = Omit<T, 'flags' | 'channel' | 'sequence'>

interface Question {
  readonly slot: Slot
  readonly mtu: number
  readonly channels: number
  readonly throttle: Throttle
  readonly connectId: number
  readonly data: number
}

export function question({ slot, mtu, channels, throttle, connectId, data }: Question): Unaddressed<Connect> {
  return {
    kind: 'connect',
    outgoingPeer: slot.number,
    incomingSession: slot.incomingSession,
    outgoingSession: slot.outgoingSession,
    mtu,
    windowSize: maxWindow,
    channels,
    incomingBandwidth: 0,
    outgoingBandwidth: 0,
    throttleInterval: throttle.interval,
    throttleAcceleration: throttle.acceleration,
    throttleDeceleration: throttle.deceleration,
    connectId,
    data,
  }
}

/** The answer names the sessions from the side of the one who asked: our outgoing one is its incoming one. */
export function answer(
  connect: Connect,
  { slot, mtu, channels }: Pick<Question, 'slot' | 'mtu' | 'channels'>,
): Unaddressed<VerifyConnect> {
  return {
    kind: 'verify-connect',
    outgoingPeer: slot.number,
    incomingSession: slot.outgoingSession,
    outgoingSession: slot.incomingSession,
    mtu,
    windowSize: clampWindow(connect.windowSize),
    channels,
    incomingBandwidth: 0,
    outgoingBandwidth: 0,
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

/** The window for a peer that takes so many octets per second, as we send without a limit of our own. */
export const windowFor = (bandwidth: number): number =>
  bandwidth === 0 ? maxWindow : clampWindow(Math.floor(bandwidth / 65_536) * minWindow)

export const clampWindow = (octets: number): number => Math.min(maxWindow, Math.max(minWindow, octets))

export const clampMtu = (octets: number): number => Math.min(maxMtu, Math.max(minMtu, octets))
