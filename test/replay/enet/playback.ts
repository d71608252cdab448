/**
 * Two hosts on a virtual clock do what a recording says, and must send what it
 * shows, octet for octet, and tell the same.
 *
 * The recording does not say in which millisecond a host read a datagram: its
 * program looked every 0.25 ms or so, and later when the machine was busy. Nor
 * does it say when a timer was looked at, but for the time in the datagram. So
 * the playback looks for a schedule: every batch is read in one of the four
 * milliseconds from the one in which it was relayed, and a timer may fire up to
 * `lag` ms late, never early. There must be one schedule that explains all.
 */
import { classic } from '../../../src/transport/enet/classic.ts'
import { decodeDatagram, decodeHeader } from '../../../src/transport/enet/datagram.ts'
import { Host } from '../../../src/transport/enet/host.ts'
import type { Delivery } from '../../../src/transport/enet/message.ts'
import type { HostEvent, Peer } from '../../../src/transport/enet/peer.ts'
import { Wrapping } from '../../../src/transport/enet/wrapping.ts'
import { address } from '../../support/network.ts'
import { unpacked } from './packed.ts'
import { type Entry, type Fields, number, type Recording, type Sent, type Side } from './recording.ts'

export type Played =
  | { readonly kind: 'same'; readonly checks: number }
  | { readonly kind: 'different'; readonly why: string }

/** Tries schedules, the likeliest first, by going back to the last batch that could have been read later. */
export function play(recording: Recording): Played {
  const choices: number[] = []
  let furthest = { at: -1, why: '' }
  for (let tries = 0; tries < maxTries; tries++) {
    const attempt = new Playback(recording, choices)
    const fault = attempt.run()
    if (fault === undefined) return { kind: 'same', checks: attempt.checks }
    if (attempt.at > furthest.at) furthest = { at: attempt.at, why: fault }
    choices.length = attempt.batches
    for (let i = 0; i < choices.length; i++) choices[i] ??= 0
    while (choices.length > 0 && choices.at(-1) === delays - 1) choices.pop()
    if (choices.length === 0) break
    choices[choices.length - 1]!++
  }
  return { kind: 'different', why: furthest.why }
}

const maxTries = 1_000
const delays = 4 // ms in which a batch may have been read
const lag = 5 // ms that the recording program may have slept over a timer
const batchGap = 0.2 // ms; the relay hands on what it has at once, its next turn is 0.25 ms later

class Player {
  readonly host: Host
  readonly events: HostEvent[] = []
  readonly sent: Uint8Array[] = []
  readonly inbox: { readonly at: number; readonly readAt: number; readonly batch: Uint8Array[] }[] = []
  peer: Peer | undefined
  clock = 0

  constructor(host: Host) {
    this.host = host
  }

  drain(time: number): void {
    this.clock = Math.max(this.clock, time)
    for (const out of this.host.drain(this.clock)) {
      if (out.kind === 'send') this.sent.push(out.datagram.bytes)
      if (out.kind !== 'event') continue
      this.events.push(out.event)
      if (out.event.kind === 'connected') this.peer = out.event.peer
    }
  }

  /** As enet_host_service does: sends, reads all there is, sends. */
  read(time: number): void {
    const next = this.inbox.shift()
    if (!next) return
    this.drain(time)
    for (const bytes of next.batch) this.host.receive({ local: udp, peer: relay, bytes }, this.clock)
    this.drain(time)
  }
}

const udp = { kind: 'udp4' } as const
const relay = address('127.0.0.1:40000')

class Playback {
  checks = 0
  /** The entry at which it ended. */
  at = 0
  /** Batches whose time of reading was chosen. */
  batches = 0
  readonly #recording: Recording
  readonly #choices: readonly number[]
  readonly #players: Readonly<Record<Side, Player>>
  readonly #phase: number
  #last: { readonly side: Side; readonly at: number } | undefined

  constructor(recording: Recording, choices: readonly number[]) {
    this.#recording = recording
    this.#choices = choices
    this.#phase = phaseOf(recording)
    const ids = { A: connectIds(recording, 'A'), B: connectIds(recording, 'B') }
    const host = (side: Side, peerCount: number, mtu: number): Host => {
      const random = () => ids[side].shift() ?? new Uint8Array(4)
      const limits = { maximumPacketSize: 1 << 25, maximumWaitingData: 1 << 25 }
      const { bandwidth, checksums, compression } = recording
      const isPlain = checksums === 'plain' && compression === 'plain'
      const wrapping = isPlain ? undefined : new Wrapping(checksums, compression)
      const set = { limits, bandwidth, wrapping }
      const options = { local: udp, random, peerCount, channelLimit: 4, mtu, ...set }
      return new Host({ sending: classic, ...options, acceptsConnects: side === 'B', duplicatePeers: 4_095 })
    }
    this.#players = { A: new Player(host('A', 2, recording.mtuOfA)), B: new Player(host('B', 4, 1_400)) }
    for (const player of Object.values(this.#players)) player.drain(clockStart)
  }

  /** What differed, if anything. */
  run(): string | undefined {
    const { log } = this.#recording
    for (; this.at < log.length; this.at++) {
      const entry = log[this.at]!
      this.#pass(this.#tick(entry.at))
      const fault = this.#enter(entry)
      if (fault !== undefined) return `${fault} at entry ${this.at}, ${entry.at} ms`
      this.checks++
    }
    this.#pass(this.#tick(log.at(-1)?.at ?? 0))
    for (const [side, { sent, events }] of Object.entries(this.#players)) {
      if (sent.length > 0) return `${side} sends ${sent.length} datagrams more`
      if (events.length > 0) return `${side} tells ${events.length} events more`
    }
    return undefined
  }

  /** Milliseconds of both hosts' clock when the recorder's showed `at`. */
  #tick(at: number): number {
    return Math.floor(at + this.#phase) + clockStart
  }

  /** Reads what was read before `tick`, and lets pass the timers that are long due. */
  #pass(tick: number): void {
    for (const player of Object.values(this.#players)) {
      while ((player.inbox[0]?.readAt ?? Infinity) < tick) player.read(player.inbox[0]!.readAt)
      const { deadline } = player.host
      if (deadline !== -Infinity && deadline < tick - lag) player.drain(deadline)
    }
  }

  #enter(entry: Entry): string | undefined {
    if (entry.kind === 'call') return this.#call(entry.side, entry.name, entry.fields)
    const player = this.#players[entry.side]
    const found = entry.kind === 'event' ? player.events : player.sent
    if (found.length === 0) this.#force(player, found, this.#timeOf(entry))
    if (entry.kind === 'event') return differsEvent(player.events.shift(), entry.name, entry.fields)
    const bytes = player.sent.shift()
    if (!bytes) return `${entry.side} does not send n=${entry.n}`
    if (Buffer.compare(bytes, entry.bytes) !== 0) return `${entry.side} sends ${hex(bytes)} for n=${entry.n}`
    if (!entry.isDropped) this.#relay(entry)
    this.#last = entry
    return undefined
  }

  /** Nothing is there yet: a timer, or what the host has not read so far, must bring it. */
  #force(player: Player, found: readonly unknown[], time: number): void {
    while (found.length === 0 && (player.inbox[0]?.readAt ?? Infinity) <= time)
      player.read(player.inbox[0]!.readAt)
    if (found.length === 0) player.drain(time)
    while (found.length === 0 && player.inbox.length > 0) player.read(time)
  }

  /** The sender's clock, written in the datagram if it is timed. */
  #timeOf(entry: Entry): number {
    const tick = this.#tick(entry.at)
    // The answer to what an event tells is sent at a later look at the clock.
    if (entry.kind === 'event') return tick + 1
    const sentTime = entry.kind === 'datagram' ? sentTimeOf(entry.bytes) : undefined
    return sentTime === undefined ? tick : tick - ((tick - sentTime) & 0xffff)
  }

  #relay({ side, at, bytes }: Sent): void {
    const { inbox } = this.#players[side === 'A' ? 'B' : 'A']
    const last = inbox.at(-1)
    if (last && this.#last?.side === side && at - this.#last.at < batchGap) {
      last.batch.push(bytes)
      return
    }
    const delay = this.#choices[this.batches++] ?? 0
    // The relay is followed by B's turn at once, by A's after a sleep.
    const likely = this.#tick(at + (side === 'A' ? 0.01 : 0.28))
    const first = this.#tick(at)
    inbox.push({ at, readAt: first + ((likely - first + delay) % delays), batch: [bytes] })
  }

  #call(side: Side, name: string, fields: Fields): string | undefined {
    const player = this.#players[side]
    if (name === 'connect') {
      const options = { channels: number(fields, 'channels'), data: number(fields, 'data') }
      player.peer = player.host.connect(relay, options)
      return undefined
    }
    if (name === 'bandwidthLimit') {
      player.host.limitBandwidth({
        incoming: number(fields, 'incoming'),
        outgoing: number(fields, 'outgoing'),
      })
      return undefined
    }
    const { peer } = player
    if (!peer) return `${side} has no peer to ${name}`
    const delivery = deliveryOf(fields) ?? 'reliable'
    if (name === 'send') peer.send(payloadOf(fields), { channel: number(fields, 'channel'), delivery })
    else if (name === 'ping') peer.ping()
    else if (name === 'disconnect') peer.disconnect(number(fields, 'data'))
    else if (name === 'disconnectNow') peer.disconnectNow(number(fields, 'data'))
    else if (name === 'disconnectLater') peer.disconnectLater(number(fields, 'data'))
    else if (name === 'reset') peer.reset()
    else if (name === 'throttleConfigure') {
      const [interval, acceleration] = [number(fields, 'interval'), number(fields, 'acceleration')]
      peer.configureThrottle({ interval, acceleration, deceleration: number(fields, 'deceleration') })
    } else if (name === 'timeout') {
      const [limit, minimum, maximum] = ['limit', 'minimum', 'maximum'].map((field) => number(fields, field))
      peer.timeout = { limit: limit!, minimum: minimum!, maximum: maximum! }
    } else return `${side}.${name} is not known`
    return undefined
  }
}

const clockStart = 1_000

/** How far the hosts' clock is ahead of the recorder's within a millisecond: at least what the times in the datagrams need. */
function phaseOf({ log }: Recording): number {
  let phase = 0
  for (const entry of log) {
    if (entry.kind !== 'datagram') continue
    const sentTime = sentTimeOf(entry.bytes)
    if (sentTime === undefined) continue
    const about = Math.floor(entry.at) + clockStart
    const since = ((sentTime - about) << 16) >> 16 // the wire has 16 bits of it
    phase = Math.max(phase, about + since - clockStart - entry.at)
  }
  return Math.min(phase + 0.005, 1)
}

const sentTimeOf = (bytes: Uint8Array): number | undefined =>
  decodeHeader(bytes, 'plain', 'range-coder')?.sentTime // it stands before a checksum

/** The random numbers that a side drew: one for each connection it opened. */
function connectIds({ log, checksums }: Recording, side: Side): Uint8Array[] {
  const ids = new Set<number>()
  for (const entry of log) {
    if (entry.kind !== 'datagram' || entry.side !== side) continue
    for (const command of decodeDatagram(unpacked(entry.bytes, checksums), checksums)?.commands ?? [])
      if (command.kind === 'connect') ids.add(command.connectId)
  }
  return [...ids].map((id) => new Uint8Array([id >>> 24, id >>> 16, id >>> 8, id]))
}

/** ENet's flags of a packet, as we name them. */
export const deliveryOf = (fields: Fields): Delivery | undefined => deliveries.get(number(fields, 'flags'))

const deliveries = new Map<number, Delivery>([
  [0, 'unreliable'],
  [1, 'reliable'],
  [2, 'unsequenced'],
  [8, 'unreliable-fragments'],
])

export function payloadOf(fields: Fields): Uint8Array {
  const bytes = new Uint8Array(number(fields, 'length'))
  const repeated = / times 0x([\da-f]{2})$/.exec(String(fields['payload']))
  if (repeated) return bytes.fill(Number.parseInt(repeated[1]!, 16))
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 7 + (i >> 8)) & 255
  return bytes
}

function differsEvent(event: HostEvent | undefined, name: string, fields: Fields): string | undefined {
  if (!event) return `the event ${name} does not come`
  if (name === 'connect' && event.kind === 'connected') {
    const { channels, mtu } = event.peer
    const told = [event.data, channels, mtu].join()
    const wanted = ['data', 'channels', 'mtu'].map((field) => number(fields, field)).join()
    return told === wanted ? undefined : `connected with ${told}, not ${wanted}`
  }
  if (name === 'disconnect' && (event.kind === 'disconnected' || event.kind === 'lost')) {
    const data = event.kind === 'lost' ? 0 : event.data // ENet has one event for both
    return data === number(fields, 'data') ? undefined : `disconnected with ${data}`
  }
  if (name === 'receive' && event.kind === 'message') {
    const told = [event.channel, event.bytes.length, fnv1a32(event.bytes)].join()
    const wanted = ['channel', 'length', 'fnv1a32'].map((field) => number(fields, field)).join()
    return told === wanted ? undefined : `a message ${told}, not ${wanted}`
  }
  return `the event ${event.kind}, not ${name}`
}

function fnv1a32(bytes: Uint8Array): number {
  let hash = 0x811c9dc5
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes.subarray(0, 60)).toString('hex')
