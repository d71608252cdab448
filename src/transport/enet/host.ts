/**
 * ENet's host as a machine: slots for peers, the way from a datagram to its
 * peer, and who may connect. What it sends is what ENet 1.3.17 sends in the
 * same place; see `docs/Protocol.md` for what is left out.
 */
import type { Random } from '../../crypto.ts'
import type { Address, Datagram, Local, Machine, Output } from '../../machine.ts'
import { Queue } from '../../queue.ts'
import { splitAddress } from '../../wire/address.ts'
import { type Bandwidth, unlimited } from './bandwidth.ts'
import { bbr } from './bbr/sending.ts'
import { type Command, type Connect, commandSize, decodeCommand, u32 } from './command.ts'
import type { Sending } from './congestion.ts'
import { Connection } from './connection.ts'
import { decodeHeader, headerSize, noPeer } from './datagram.ts'
import type { Slot } from './handshake.ts'
import type { ConnectionOptions, Home } from './home.ts'
import {
  defaultLimits,
  defaultMtu,
  defaultTimeout,
  type Limits,
  maxChannels,
  maxCommands,
  maxMtu,
  maxPeers,
  minMtu,
  type Timeout,
  within,
} from './limits.ts'
import { type Envelope, Packer } from './packer.ts'
import type { HostEvent, Peer } from './peer.ts'
import { Shares } from './sharing.ts'
import { type Margin, Slab } from './slab.ts'
import type { Wrapping } from './wrapping.ts'

export interface HostOptions {
  readonly local: Local // the end it sends from; what it receives is handed to it
  readonly random: Random
  readonly peerCount: number // slots, 1..4095
  readonly channelLimit: number // 1..255
  readonly acceptsConnects: boolean
  readonly mtu?: number // what peers are offered: 576..4096, 1400 by default
  readonly pathMtu?: number // of each peer at first: as much by default
  readonly sending?: (random: Random) => Sending // for each peer; `bbr` by default
  readonly limits?: Limits
  readonly timeout?: Timeout
  readonly pingInterval?: number // ms
  readonly duplicatePeers?: number // peers from one IP address that connected to us
  readonly highWater?: number // octets queued, where `room` ends
  readonly bandwidth?: Bandwidth // no limits by default
  readonly wrapping?: Wrapping | undefined // for the bare mode only, as the other side's
  readonly margin?: Margin // around each datagram that it sends; none by default
}

export interface ConnectOptions {
  readonly channels: number
  readonly data?: number // u32, told to the other side
}

/** The last word of a connection that is gone. */
interface Farewell {
  readonly to: Address
  readonly envelope: Envelope
  readonly command: Command
}

export class Host implements Machine<HostEvent> {
  readonly #options: Required<HostOptions>
  readonly #slots: Slot[] = []
  readonly #connections: (Connection | undefined)[] = [] // by slot
  readonly #events = new Queue<HostEvent>()
  readonly #farewells = new Queue<Farewell>()
  readonly #wrapping: Wrapping | undefined
  readonly #packer: Packer
  readonly #home: Home
  readonly #shares: Shares
  #isAwake = true
  #deadline = Infinity

  constructor(options: HostOptions) {
    const { peerCount, channelLimit, mtu = defaultMtu, pathMtu = mtu } = options
    within(peerCount, 1, maxPeers)
    within(channelLimit, 1, maxChannels)
    within(mtu, minMtu, maxMtu)
    within(pathMtu, minMtu, maxMtu)
    for (const value of Object.values(options.bandwidth ?? unlimited)) within(value, 0, 0xffff_ffff)
    this.#options = { ...defaults, pathMtu, ...options }
    this.#shares = new Shares(this.#options.bandwidth)
    this.#wrapping = options.wrapping
    this.#packer = new Packer(new Slab(this.#options.margin), this.#wrapping)
    this.#home = {
      bandwidth: () => this.#shares.bandwidth,
      wake: () => {
        this.#isAwake = true
      },
      tell: (event) => {
        this.#events.push(event)
        this.#isAwake = true
      },
      farewell: (to, envelope, command) => {
        this.#farewells.push({ to, envelope, command })
        this.#isAwake = true
      },
      recalculate: () => this.#shares.recalculate(),
      release: ({ number }) => {
        this.#connections[number] = undefined
      },
    }
  }

  /** @throws RangeError without a free slot, or for a wrong number of channels */
  connect(address: Address, { channels, data = 0 }: ConnectOptions): Peer {
    within(channels, 1, maxChannels)
    const slot = this.#freeSlot()
    if (!slot) throw new RangeError(`all ${this.#options.peerCount} slots are taken`)
    const connection = new Connection('connecting', this.#connection(slot, address, channels))
    this.#connections[slot.number] = connection
    connection.open(u32(this.#options.random(4), 0), data >>> 0)
    return connection
  }

  /** Sets the bandwidth of the host; the peers are told within a second. */
  limitBandwidth(bandwidth: Bandwidth): void {
    for (const value of Object.values(bandwidth)) within(value, 0, 0xffff_ffff)
    this.#shares.bandwidth = bandwidth
    this.#isAwake = true
  }

  /** The peers there are, also half open ones. */
  get peers(): readonly Peer[] {
    return this.#connections.filter((connection) => connection !== undefined)
  }

  receive({ peer: from, bytes }: Datagram, now: number): void {
    const header = this.#wrapping ? this.#wrapping.decodeHeader(bytes) : decodeHeader(bytes)
    if (!header) return
    let connection: Connection | undefined
    if (header.peer !== noPeer) {
      connection = this.#connections[header.peer]
      if (connection?.address !== from || !connection.agreement.hasSession(header.session)) return
    }
    let octets = bytes
    let at = headerSize(header)
    if (this.#wrapping) {
      const commands = this.#wrapping.open(bytes, { header, connectId: connection?.agreement.connectId ?? 0 })
      if (!commands) return
      octets = commands
      at = 0
    }
    for (let count = 0; at < octets.length && count < maxCommands; count++) {
      const command = decodeCommand(octets, at)
      if (!command) return
      if (connection) {
        if (!connection.receive(command, header.sentTime, now)) return
        if (connection.state === 'disconnected') return
      } else {
        connection = command.kind === 'connect' ? this.#accept(command, from) : undefined
        if (!connection) return
      }
      at += commandSize(command)
    }
  }

  *drain(now: number): Generator<Output<HostEvent>> {
    if (this.#events.length > 0) {
      // What is told may be answered at once: then the acknowledgement leaves with the answer, in the next drain.
      yield* this.#tellAll()
      return
    }
    this.#shares.look(this.#connections, Math.floor(now))
    const { local } = this.#options
    for (const { to, envelope, command } of this.#farewells.take()) {
      this.#packer.begin(minMtu)
      this.#packer.add(command)
      const bytes = this.#packer.finish(envelope)
      yield { kind: 'send', datagram: { local, peer: to, bytes } }
    }
    let isMore = true
    let hasSent = false
    while (isMore) {
      isMore = false
      for (const connection of this.#connections) {
        if (!connection) continue
        const bytes = connection.flush(this.#packer, now)
        isMore ||= this.#packer.isOverfull
        if (!bytes) continue
        hasSent = true
        yield { kind: 'send', datagram: { local, peer: connection.address, bytes } }
      }
    }
    if (this.#hasNothingQueued) this.#packer.rest(hasSent ? talkMemory : 0)
    this.#deadline = this.#nextDeadline()
    this.#isAwake = false // before the events: what they lead to may be due at once
    yield* this.#tellAll()
  }

  *#tellAll(): Generator<Output<HostEvent>> {
    for (const event of this.#events.take()) yield { kind: 'event', event }
  }

  get deadline(): number {
    return this.#isAwake ? -Infinity : this.#deadline
  }

  get #hasNothingQueued(): boolean {
    return this.#connections.every((connection) => !connection || connection.room === this.#options.highWater)
  }

  #accept(connect: Connect, from: Address): Connection | undefined {
    const { acceptsConnects, channelLimit, duplicatePeers } = this.#options
    if (!acceptsConnects || connect.channels < 1 || connect.channels > maxChannels) return undefined
    const { address } = splitAddress(from)
    let duplicates = 0
    for (const other of this.#connections) {
      if (!other || other.state === 'connecting' || splitAddress(other.address).address !== address) continue
      if (other.address === from && other.agreement.connectId === connect.connectId) return undefined
      duplicates++
    }
    const slot = duplicates < duplicatePeers ? this.#freeSlot() : undefined
    if (!slot) return undefined
    const channels = Math.min(connect.channels, channelLimit)
    const connection = new Connection('acknowledging-connect', this.#connection(slot, from, channels))
    this.#connections[slot.number] = connection
    connection.accept(connect)
    return connection
  }

  #freeSlot(): Slot | undefined {
    for (let number = 0; number < this.#options.peerCount; number++) {
      if (this.#connections[number]) continue
      this.#slots[number] ??= { number, incomingSession: 0xff, outgoingSession: 0xff }
      return this.#slots[number]
    }
    return undefined
  }

  #connection(slot: Slot, address: Address, channels: number): ConnectionOptions {
    const { sending, random, mtu, pathMtu, pingInterval, timeout, limits, highWater } = this.#options
    const home = this.#home
    return {
      home,
      slot,
      address,
      channels,
      sending: sending(random),
      mtu,
      pathMtu,
      headerSize: this.#packer.headerRoom,
      pingInterval,
      timeout,
      limits,
      highWater,
    }
  }

  #nextDeadline(): number {
    let deadline = this.#shares.nextLook(this.#connections)
    for (const connection of this.#connections) {
      if (connection) deadline = Math.min(deadline, connection.deadline)
    }
    return deadline
  }
}

const talkMemory = 4_096 // octets: a talk of short lines needs no new block for each

const defaults = {
  mtu: defaultMtu,
  sending: bbr,
  limits: defaultLimits,
  timeout: defaultTimeout,
  pingInterval: 500,
  duplicatePeers: 4, // a NAT may hold a few; more are an attack on the slots
  bandwidth: unlimited,
  wrapping: undefined,
  margin: { before: 0, after: 0 },
  highWater: 262_144, // some 200 datagrams: a few turns of the event loop at full speed
}
