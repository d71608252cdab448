/**
 * One connection: ENet's peer (1.3.17, peer.c and the handlers of protocol.c).
 * The host finds it by its slot and gives it commands; it fills datagrams.
 */
import type { Address } from '../../machine.ts'
import { Acknowledgements } from './acknowledgements.ts'
import { Agreement } from './agreement.ts'
import type { Bandwidth, Sharer } from './bandwidth.ts'
import {
  type Acknowledge,
  type Command,
  type Connect,
  controlChannel,
  type Disconnect,
  fragmentHeadSize,
  isUnsequenced,
  type VerifyConnect,
  wantsAck,
} from './command.ts'
import type { Congestion } from './congestion.ts'
import { noPeer } from './datagram.ts'
import type { ConnectionOptions, Home } from './home.ts'
import { Inbox } from './inbox.ts'
import { type Limits, maxFragments, maxMtu, minMtu, type Timeout, within } from './limits.ts'
import { commandsOf } from './message.ts'
import { Outbox } from './outbox.ts'
import type { Envelope, Packer } from './packer.ts'
import type { Peer, PeerState, SendOptions } from './peer.ts'
import { elapsed, RoundTrip } from './roundtrip.ts'
import type { Throttle } from './throttle.ts'

export class Connection implements Peer, Sharer {
  readonly address: Address
  readonly agreement: Agreement
  readonly #home: Home
  readonly #congestion: Congestion
  readonly #outbox: Outbox
  readonly #roundTrip = new RoundTrip()
  readonly #inbox = new Inbox((channel, bytes) =>
    this.#home.tell({ kind: 'message', peer: this, channel, bytes }),
  )
  readonly #acks: Acknowledgements
  readonly #highWater: number
  readonly #headerSize: number
  #state: PeerState
  #lastReceive: number | undefined // whole ms, of an acknowledgement
  #data = 0 // of CONNECT, or of the DISCONNECT that we got or shall send
  #isFull = false
  #lies = 0 // acknowledgements of what cannot have arrived
  #pathMtu: number
  #pingInterval: number
  #timeout: Timeout
  #limits: Limits

  constructor(state: 'connecting' | 'acknowledging-connect', options: ConnectionOptions) {
    this.#state = state
    const { home, slot, channels, mtu } = options
    this.#home = home
    this.agreement = new Agreement({ slot, channels, mtu, own: home.bandwidth() })
    this.address = options.address
    this.#congestion = options.sending.congestion
    this.#outbox = new Outbox(options.sending, this.#roundTrip)
    this.#acks = new Acknowledgements(options.sending.acknowledging)
    this.#headerSize = options.headerSize
    this.#pathMtu = options.pathMtu
    this.#pingInterval = options.pingInterval
    this.#timeout = options.timeout
    this.#limits = options.limits
    this.#highWater = options.highWater
    this.#configure()
  }

  get state(): PeerState {
    return this.#state
  }

  get channels(): number {
    return this.agreement.channels
  }

  get mtu(): number {
    return this.agreement.mtu
  }

  get pathMtu(): number {
    return this.#pathMtu
  }

  set pathMtu(octets: number) {
    within(octets, minMtu, maxMtu)
    this.#pathMtu = octets
    this.#configure()
  }

  get rtt(): number {
    return this.#roundTrip.smoothed
  }

  get rttVariance(): number {
    return this.#roundTrip.variance
  }

  get room(): number {
    return Math.max(0, this.#highWater - this.#outbox.waiting)
  }

  get pingInterval(): number {
    return this.#pingInterval
  }

  set pingInterval(ms: number) {
    this.#pingInterval = ms
    this.#home.wake()
  }

  get timeout(): Timeout {
    return this.#timeout
  }

  set timeout(timeout: Timeout) {
    this.#timeout = timeout
  }

  get limits(): Limits {
    return this.#limits
  }

  set limits(limits: Limits) {
    this.#limits = limits
  }

  get maxMessage(): number {
    return maxFragments * this.#pieceSize
  }

  get isOpen(): boolean {
    return this.#state === 'connected' || this.#state === 'disconnect-later'
  }

  /** For the host, which shares out its bandwidth. */
  get bandwidth(): Bandwidth {
    return this.agreement.bandwidth
  }

  /** Octets queued for the peer since `share`. */
  get offered(): number {
    return this.#outbox.offered + this.#acks.offered
  }

  /** Host.connect: the first command, number 1 of the control channel. */
  open(connectId: number, data: number): void {
    this.#control(this.agreement.ask(connectId, { data, own: this.#home.bandwidth() }))
  }

  /** CONNECT was taken: the answer. */
  accept(connect: Connect): void {
    this.#data = connect.data
    this.#control(this.agreement.accept(connect, this.#home.bandwidth()))
    this.#configure()
  }

  send(message: Uint8Array, { channel, delivery = 'reliable' }: SendOptions): void {
    const state = this.#state
    if (state === 'connecting' || state === 'acknowledging-connect')
      throw new Error('the peer is not connected yet')
    if (state !== 'connected') return
    if (!Number.isInteger(channel) || channel < 0 || channel >= this.channels)
      throw new RangeError(`channel ${channel} of ${this.channels}`)
    if (message.length > this.maxMessage) throw new RangeError(`a message of ${message.length} octets`)
    const [pieceSize, numbers] = [this.#pieceSize, this.#outbox.numbers(channel)]
    for (const command of commandsOf(message, { channel, delivery, pieceSize, numbers }))
      this.#outbox.push(command)
    if (this.room === 0) this.#isFull = true
    this.#home.wake()
  }

  hurry(now: number): void {
    this.#outbox.hurry(now)
    this.#home.wake()
  }

  rerouted(): void {
    this.#outbox.rerouted()
    this.#home.wake()
  }

  ping(): void {
    if (this.#state === 'connected') this.#control({ kind: 'ping' })
  }

  configureThrottle(throttle: Throttle): void {
    for (const value of Object.values(throttle)) within(value, 0, 0xffff_ffff)
    if (this.#state !== 'connected') return
    this.agreement.throttle = throttle
    this.#configure()
    this.#control({ kind: 'throttle-configure', ...throttle })
  }

  disconnect(data = 0): void {
    const state = this.#state
    if (state === 'connecting' || state === 'acknowledging-connect') this.disconnectNow(data)
    else if (this.isOpen) {
      this.#clear()
      this.#state = 'disconnecting'
      this.#home.recalculate()
      this.#control({ kind: 'disconnect', data: data >>> 0 })
    }
  }

  disconnectNow(data = 0): void {
    if (this.#state === 'disconnected') return
    if (this.#state !== 'disconnecting' && this.agreement.outgoingPeer !== noPeer) {
      const sequence = this.#outbox.nextSequence(controlChannel)
      const head = { flags: isUnsequenced, channel: controlChannel, sequence }
      this.#home.farewell(this.address, this.#envelope(0), { kind: 'disconnect', ...head, data: data >>> 0 })
    }
    this.reset()
  }

  disconnectLater(data = 0): void {
    if (!this.isOpen || this.#outbox.isEmpty) this.disconnect(data)
    else {
      this.#state = 'disconnect-later'
      this.#data = data >>> 0
    }
  }

  reset(): void {
    if (this.#state === 'disconnected') return
    this.#state = 'disconnected'
    this.#clear()
    this.#home.release(this.agreement.slot)
  }

  /** Our host's bandwidth, looked at once a second: what is left to this connection, of 32 parts. */
  share(limit: number): void {
    this.#congestion.throttle.limit(limit)
    this.#outbox.measured()
    this.#acks.measured()
  }

  /** BANDWIDTH_LIMIT. @param incoming - octets per second that the peer may send, 0: any */
  tellBandwidth(incoming: number): void {
    this.#control({ kind: 'bandwidth-limit', incoming, outgoing: this.#home.bandwidth().outgoing })
  }

  /** Takes a command; false: the rest of its datagram is dropped. */
  receive(command: Command, sentTime: number | undefined, now: number): boolean {
    if (!this.#handle(command, now)) return false
    if ((command.flags & wantsAck) === 0) return true
    if (sentTime === undefined) return false
    this.#acknowledge(command, sentTime)
    return true
  }

  /** The next datagram there is to send at `now`, if any. */
  flush(packer: Packer, now: number): Uint8Array | undefined {
    packer.begin(this.#datagramSize)
    const hasEnded = this.#acks.pack(packer, { now, rtt: this.rtt })
    if (!this.#outbox.expire(now, this.#timeout)) {
      this.#lose()
      return undefined
    }
    const mayPing = this.#outbox.fill(packer, now)
    if (mayPing && this.#outbox.isIdle && this.#pingDue <= now && packer.fits(pingSize)) {
      this.ping()
      this.#outbox.fill(packer, now)
    }
    this.#leaveIfDone(packer)
    this.#tellRoom()
    const bytes = packer.isEmpty ? undefined : packer.finish(this.#envelope(Math.floor(now)))
    if (hasEnded) this.#end(this.#data)
    return bytes
  }

  /** When `flush` is to be called though nothing else happens. */
  get deadline(): number {
    const outbox = this.#outbox
    return Math.min(outbox.nextTimeout, outbox.isIdle ? this.#pingDue : Infinity, outbox.paced)
  }

  get #pieceSize(): number {
    return this.#datagramSize - this.#headerSize - fragmentHeadSize
  }

  /** Octets at most. */
  get #datagramSize(): number {
    return Math.min(this.mtu, this.#pathMtu)
  }

  #envelope(time: number): Envelope {
    const { outgoingPeer: peer, slot, connectId } = this.agreement
    if (peer === noPeer) return { peer, session: 0, time, connectId: 0 }
    return { peer, session: slot.outgoingSession, time, connectId }
  }

  get #pingDue(): number {
    if (this.#state !== 'connected') return Infinity
    return this.#lastReceive === undefined ? -Infinity : this.#lastReceive + Math.ceil(this.#pingInterval)
  }

  /** Queues a command of the control channel. */
  #control(command: Unaddressed): void {
    const sequence = this.#outbox.nextSequence(controlChannel)
    this.#outbox.push({ flags: wantsAck, channel: controlChannel, sequence, ...command })
    this.#home.wake()
  }

  #handle(command: Command, now: number): boolean {
    switch (command.kind) {
      case 'acknowledge':
        return this.#handleAcknowledge(command, now)
      case 'connect':
        return false
      case 'verify-connect':
        return this.#handleVerify(command, now)
      case 'disconnect':
        this.#handleDisconnect(command)
        return true
      case 'ping':
        return this.isOpen
      case 'bandwidth-limit':
        if (!this.isOpen) return false
        this.agreement.limited(command, this.#home.bandwidth())
        this.#configure()
        return true
      case 'throttle-configure': {
        if (!this.isOpen) return false
        const { interval, acceleration, deceleration } = command
        this.agreement.throttle = { interval, acceleration, deceleration }
        this.#configure()
        return true
      }
      default:
        if (command.channel >= this.channels || !this.isOpen) return false
        return this.#state === 'disconnect-later' || this.#inbox.receive(command, this.#limits)
    }
  }

  #handleAcknowledge(command: Acknowledge, now: number): boolean {
    const sample = elapsed(command.receivedSentTime, Math.floor(now))
    if (sample === undefined) return true
    if (!this.#outbox.believes(command.channel, command.receivedSequence, command.receivedSentTime)) {
      if (++this.#lies >= mostLies) this.#lose()
      return true
    }
    if (this.#lastReceive !== undefined) this.#congestion.throttle.sampled(sample)
    this.#roundTrip.add(sample)
    this.#congestion.throttle.estimated(this.#roundTrip, now)
    this.#lastReceive = Math.floor(now)
    this.#outbox.heard()
    const { channel, receivedSequence, receivedSentTime: sentTime } = command
    const kind = this.#outbox.acknowledge(channel, receivedSequence, { sentTime, now })?.kind
    this.#home.wake() // the window may have opened
    if (this.#state === 'acknowledging-connect') {
      if (kind !== 'verify-connect') return false
      this.#connected()
    } else if (this.#state === 'disconnecting') {
      if (kind !== 'disconnect') return false
      this.#end(0)
    } else if (this.#state === 'disconnect-later' && this.#outbox.isEmpty) this.disconnect(this.#data)
    return true
  }

  #handleVerify(verify: VerifyConnect, now: number): boolean {
    if (this.#state !== 'connecting') return true
    if (!this.agreement.verify(verify)) {
      this.#end(0)
      return false
    }
    this.#outbox.acknowledge(controlChannel, 1, { sentTime: undefined, now })
    this.#configure()
    this.#connected()
    return true
  }

  /** A side may say it while the other does: both are then done. */
  #handleDisconnect({ flags, data }: Disconnect): void {
    const state = this.#state
    if (state === 'disconnected' || state === 'acknowledging-disconnect') return
    this.#clear()
    if (state === 'acknowledging-connect') this.reset()
    else if (!this.isOpen || (flags & wantsAck) === 0) this.#end(data)
    else {
      this.#state = 'acknowledging-disconnect'
      this.#data = data
      this.#home.recalculate()
    }
  }

  #acknowledge(command: Command, sentTime: number): void {
    const state = this.#state
    if (state === 'disconnecting' || state === 'acknowledging-connect' || state === 'disconnected') return
    if (state === 'acknowledging-disconnect' && command.kind !== 'disconnect') return
    const { channel, sequence } = command
    if (channel < this.channels && this.#inbox.place(channel, sequence) === 'just-ahead') return
    if (command.channel !== controlChannel && this.#inbox.isRepeated) this.#acks.repeated()
    this.#acks.add(command, sentTime)
    this.#home.wake()
  }

  /** What was unreliable needs no acknowledgement: it may have been the last before our leave. */
  #leaveIfDone(packer: Packer): void {
    if (this.#state !== 'disconnect-later' || !this.#outbox.isEmpty) return
    this.disconnect(this.#data)
    packer.isOverfull = true
  }

  #tellRoom(): void {
    if (!this.#isFull || this.#outbox.waiting * 2 > this.#highWater) return
    this.#isFull = false
    this.#home.tell({ kind: 'room', peer: this })
  }

  /** What both sides agreed on, or what the path carries, has changed. */
  #configure(): void {
    const { windowSize } = this.agreement
    this.#congestion.configure({ mtu: this.#datagramSize, windowSize })
    this.#congestion.throttle.configure(this.agreement.throttle)
  }

  #connected(): void {
    this.#state = 'connected'
    this.#home.recalculate()
    this.#home.tell({ kind: 'connected', peer: this, data: this.#data })
  }

  #end(data: number): void {
    this.reset()
    this.#home.tell({ kind: 'disconnected', peer: this, data })
  }

  /** Nobody above knows of a connection that was only half open. */
  #lose(): void {
    const isKnown = this.#state !== 'acknowledging-connect'
    this.reset()
    if (isKnown) this.#home.tell({ kind: 'lost', peer: this })
  }

  #clear(): void {
    this.#outbox.clear()
    this.#inbox.clear()
    this.#acks.clear()
    this.#isFull = false
  }
}

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never
type Unaddressed = Without<Command, 'flags' | 'channel' | 'sequence'>

const pingSize = 4
const mostLies = 64 // no honest peer tells one
