/**
 * What the two sides of a connection agreed on, from CONNECT and its answer on,
 * and who they are to each other (ENet 1.3.17: fields of the peer).
 */
import { type Bandwidth, unlimited } from './bandwidth.ts'
import type { BandwidthLimit, Connect, VerifyConnect } from './command.ts'
import type { Terms } from './congestion.ts'
import { noPeer } from './datagram.ts'
import {
  answer,
  clampMtu,
  clampWindow,
  question,
  renew,
  type Slot,
  throttleOf,
  windowFor,
} from './handshake.ts'
import { maxChannels } from './limits.ts'
import { defaultThrottle, type Throttle } from './throttle.ts'

export class Agreement implements Terms {
  readonly slot: Slot
  throttle: Throttle = defaultThrottle
  #connectId = 0
  #outgoingPeer = noPeer
  #channels: number
  #mtu: number
  #windowSize: number
  #bandwidth = unlimited

  /** @param own - the host's bandwidth */
  constructor({ slot, channels, mtu, own }: { slot: Slot; channels: number; mtu: number; own: Bandwidth }) {
    this.slot = slot
    this.#channels = channels
    this.#mtu = mtu
    this.#windowSize = windowFor(own.outgoing, 0)
  }

  get connectId(): number {
    return this.#connectId
  }

  /** The other side's slot for us; `noPeer` until we know it. */
  get outgoingPeer(): number {
    return this.#outgoingPeer
  }

  get channels(): number {
    return this.#channels
  }

  get mtu(): number {
    return this.#mtu
  }

  get windowSize(): number {
    return this.#windowSize
  }

  /** The other side's. */
  get bandwidth(): Bandwidth {
    return this.#bandwidth
  }

  /** Does a datagram with these session bits belong here? */
  hasSession(session: number): boolean {
    return this.#outgoingPeer === noPeer || session === this.slot.incomingSession
  }

  /** What we ask for. */
  ask(connectId: number, { data, own }: { data: number; own: Bandwidth }): ReturnType<typeof question> {
    this.#connectId = connectId
    return question({ ...this.#terms, own, connectId, data, windowSize: this.#windowSize })
  }

  /** Takes the other side's CONNECT, and gives our answer. */
  accept(connect: Connect, own: Bandwidth): ReturnType<typeof answer> {
    this.#connectId = connect.connectId
    this.#outgoingPeer = connect.outgoingPeer & noPeer
    this.#bandwidth = { incoming: connect.incomingBandwidth, outgoing: connect.outgoingBandwidth }
    this.#windowSize = windowFor(own.outgoing, connect.incomingBandwidth)
    this.#mtu = Math.min(this.#mtu, clampMtu(connect.mtu))
    this.throttle = throttleOf(connect)
    renew(this.slot, connect)
    return answer(connect, { ...this.#terms, own })
  }

  /** Takes the answer to our CONNECT; false: it is none. */
  verify(verify: VerifyConnect): boolean {
    const [ours, theirs] = [this.throttle, throttleOf(verify)]
    const isOurs =
      verify.connectId === this.#connectId &&
      theirs.interval === ours.interval &&
      theirs.acceleration === ours.acceleration &&
      theirs.deceleration === ours.deceleration
    if (!isOurs || verify.channels < 1 || verify.channels > maxChannels) return false
    this.#channels = Math.min(this.#channels, verify.channels)
    this.#outgoingPeer = verify.outgoingPeer & noPeer
    this.slot.incomingSession = verify.incomingSession & 3
    this.slot.outgoingSession = verify.outgoingSession & 3
    this.#mtu = Math.min(this.#mtu, clampMtu(verify.mtu))
    this.#windowSize = Math.min(this.#windowSize, clampWindow(verify.windowSize))
    this.#bandwidth = { incoming: verify.incomingBandwidth, outgoing: verify.outgoingBandwidth }
    return true
  }

  limited({ incoming, outgoing }: BandwidthLimit, own: Bandwidth): void {
    this.#bandwidth = { incoming, outgoing }
    this.#windowSize = windowFor(own.outgoing, incoming)
  }

  get #terms(): Pick<Parameters<typeof question>[0], 'slot' | 'mtu' | 'channels' | 'throttle'> {
    return { slot: this.slot, mtu: this.#mtu, channels: this.#channels, throttle: this.throttle }
  }
}
