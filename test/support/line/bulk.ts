/**
 * One host sends another a number of large messages over a line, as long as
 * there is `room`: how fast, what was sent twice, what stood in the queue.
 *
 *     bulk({ delay: 50, rate: 100, queue: 256, loss: 0.01, megabytes: 10, sending: classic })
 */
import type { Machine } from '../../../src/machine.ts'
import { commandSize, decodeCommand } from '../../../src/transport/enet/command.ts'
import type { Sending } from '../../../src/transport/enet/congestion.ts'
import { decodeHeader, headerSize } from '../../../src/transport/enet/datagram.ts'
import { Host, type HostOptions } from '../../../src/transport/enet/host.ts'
import type { HostEvent, Peer } from '../../../src/transport/enet/peer.ts'
import { next } from '../../../src/transport/enet/sequence.ts'
import { mulberry32 } from '../network.ts'
import { Line, type LineOptions, type Station } from './line.ts'
import { type Sleep, Stalled } from './stalled.ts'
import type { Tally } from './way.ts'

/** A line as many have it. */
export const broadband = { rate: 100, queue: 256, seed: 5 }
/** What goes over it at most, MB/s. */
export const full = 12.5

export interface BulkOptions extends LineOptions, FlowOptions {
  readonly megabytes: number // 10^6 octets
  readonly within?: number // ms, an hour
}

export interface BulkResult {
  readonly isWhole: boolean // every message arrived once, in order, equal
  readonly ms: number // from the first octet handed over until the last one delivered
  readonly goodput: number // MB/s of messages
  readonly retransmitted: number // of all payload octets sent, 0..1
  readonly waiting: number // octets that were handed over and not sent so far, at most
  readonly rtt: number // ms, smoothed, at the end
  readonly data: Tally // from the sender
  readonly acknowledgements: Tally // from the receiver
}

export function bulk(options: BulkOptions): BulkResult {
  const { megabytes, within = 3_600_000 } = options
  const line = new Line(options)
  const flow = new Flow(line, options)
  flow.octets = megabytes * 1e6
  if (!line.run(within, () => flow.peer !== undefined)) throw new Error('never connected')
  const began = line.now
  line.measure()
  line.run(within, () => flow.delivered >= flow.octets)
  const ms = line.now - began
  return {
    isWhole: flow.isRight && flow.delivered >= flow.octets,
    ms,
    goodput: flow.delivered / ms / 1_000,
    retransmitted: flow.sent === 0 ? 0 : 1 - flow.distinct / flow.sent,
    waiting: flow.waiting,
    rtt: flow.peer?.rtt ?? Infinity,
    data: line.tally('left'),
    acknowledgements: line.tally('right'),
  }
}

export interface FlowOptions {
  readonly seed?: number
  readonly messageSize?: number // octets, 64 KiB
  readonly sending?: () => Sending // of the sender; the host's default
  readonly sender?: Partial<HostOptions>
  readonly receiver?: Partial<HostOptions>
  readonly watch?: (receiver: Machine<HostEvent>) => Machine<HostEvent>
  /** Both processes run only by turns. */
  readonly sleep?: Omit<Sleep, 'seed'>
}

/** Two hosts, the left one of which sends to the other whenever there is room. */
export class Flow {
  /** How many octets are to be sent; those of the last message may be more. */
  octets = 0
  delivered = 0 // octets
  waiting = 0 // octets, see `BulkResult`
  isRight = true // whatever was delivered so far is what was sent, in order
  peer: Peer | undefined // of the sender, once connected
  readonly station: Station // of the sender
  /** What arrives on channel 0: the bulk is on 1. */
  onTalk: (bytes: Uint8Array, now: number) => void = () => {}
  sent = 0 // octets of payload, first time or again
  distinct = 0 // octets of payload that were sent a first time
  readonly #messageSize: number
  readonly #pattern: Buffer
  #handedOver = 0
  #told = 0 // messages
  #heard = 0
  #newest = 0 // number of a command

  constructor(line: Line, options: FlowOptions) {
    const {
      messageSize = 65_536,
      sending,
      sender,
      receiver,
      seed = 1,
      watch = (machine: Machine<HostEvent>) => machine,
      sleep,
    } = options
    const inProcess = (machine: Machine<HostEvent>, seed: number) =>
      sleep ? new Stalled(machine, { ...sleep, seed }) : machine
    const random = mulberry32(seed)
    const octets = (size: number) => Uint8Array.from({ length: size }, () => Math.floor(random() * 256))
    const [a, b] = line.ends()
    const common = { random: octets, peerCount: 1, channelLimit: 2 }
    this.#messageSize = messageSize
    this.#pattern = Buffer.from(octets(Math.min(messageSize, 65_536)))
    const left = new Host({
      ...{ ...common, local: a.local, acceptsConnects: false },
      ...(sending && { sending }),
      ...sender,
    })
    const right = new Host({ ...common, local: b.local, acceptsConnects: true, ...receiver })
    this.station = line.attach(a, inProcess(left, 2 * seed), (event) => this.#left(event))
    line.attach(b, inProcess(watch(right), 2 * seed + 1), (event, now) => this.#right(event, now))
    const { passes } = line
    line.passes = (datagram, from) => {
      if (datagram.local === a.local) this.#count(datagram.bytes)
      return passes(datagram, from)
    }
    left.connect(b.address, { channels: 2 })
  }

  #left(event: HostEvent): void {
    if (event.kind === 'connected') this.peer = event.peer
    if (event.kind === 'connected' || event.kind === 'room') this.#fill(event.peer)
    if (event.kind === 'lost') this.isRight = false
  }

  /** More is to be sent. */
  refill(): void {
    if (this.peer) this.#fill(this.peer)
  }

  #fill(peer: Peer): void {
    for (; this.#handedOver < this.octets && peer.room > 0; this.#handedOver += this.#messageSize)
      peer.send(this.#message(this.#told++), { channel: 1 })
    this.waiting = Math.max(this.waiting, this.#handedOver - this.distinct)
  }

  #right(event: HostEvent, now: number): void {
    if (event.kind !== 'message') return
    if (event.channel === 0) {
      this.onTalk(event.bytes, now)
      return
    }
    this.isRight &&= Buffer.compare(event.bytes, this.#message(this.#heard++)) === 0
    this.delivered += event.bytes.length
  }

  /** Tells its number, and is otherwise always the same. */
  #message(number: number): Uint8Array {
    const bytes = Buffer.alloc(this.#messageSize, this.#pattern)
    for (let at = 0, rest = number; at < Math.min(4, bytes.length); at++, rest >>>= 8) bytes[at] = rest & 0xff
    return bytes
  }

  /** What is sent a first time has the channel's next number. */
  #count(bytes: Uint8Array): void {
    const header = decodeHeader(bytes)
    if (!header) return
    for (let at = headerSize(header); at < bytes.length; ) {
      const command = decodeCommand(bytes, at)
      if (!command) return
      at += commandSize(command)
      if (!('payload' in command) || command.channel !== 1) continue
      this.sent += command.payload.length
      if (command.sequence !== next(this.#newest)) continue
      this.#newest = command.sequence
      this.distinct += command.payload.length
    }
  }
}
