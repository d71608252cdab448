/** Two hosts and what lies between them, in virtual time: one seed decides what is lost, doubled and overtaken. */
import type { Address, Machine } from '../../../src/machine.ts'
import { Host, type HostOptions } from '../../../src/transport/enet/host.ts'
import type { HostEvent, Peer } from '../../../src/transport/enet/peer.ts'
import { address, mulberry32 } from '../../support/network.ts'

export interface WireOptions {
  readonly seed?: number
  readonly latency?: readonly [min: number, max: number] // ms, one way
  readonly loss?: number // 0..1
  readonly duplication?: number // 0..1
  readonly a?: Partial<HostOptions>
  readonly b?: Partial<HostOptions>
}

export const udp = { kind: 'udp4' } as const

export class End {
  readonly host: Host
  readonly address: Address
  readonly events: HostEvent[] = []
  readonly sent: Uint8Array[] = []
  onEvent: (event: HostEvent) => void = () => {}

  constructor(host: Host, at: Address) {
    this.host = host
    this.address = at
  }

  /** The messages it got, per channel. */
  messages(channel = 0): Uint8Array[] {
    return this.events.flatMap((event) =>
      event.kind === 'message' && event.channel === channel ? [event.bytes] : [],
    )
  }

  kinds(): string[] {
    return this.events.map(({ kind }) => kind)
  }

  get peer(): Peer {
    const connected = this.events.findLast((event) => event.kind === 'connected')
    if (!connected) throw new Error('never connected')
    return connected.peer
  }
}

export class Wire {
  now = 70_000.25 // past 16 bits, and no whole number
  readonly a: End
  readonly b: End
  /** Turned off, everything is lost. */
  isUp = true
  /** What may pass; everything by default. */
  passes: (from: End, bytes: Uint8Array) => boolean = () => true
  readonly random: () => number
  readonly #options: Required<Pick<WireOptions, 'latency' | 'loss' | 'duplication'>>
  #flying: { at: number; to: End; from: End; bytes: Uint8Array }[] = []

  constructor({ seed = 1, latency = [5, 5], loss = 0, duplication = 0, a, b }: WireOptions = {}) {
    this.random = mulberry32(seed)
    this.#options = { latency, loss, duplication }
    this.a = new End(this.#host({ peerCount: 2, acceptsConnects: false, ...a }), address('192.0.2.1:1111'))
    this.b = new End(this.#host({ peerCount: 4, acceptsConnects: true, ...b }), address('192.0.2.2:2222'))
  }

  connect(channels = 2, data = 7): Peer {
    return this.a.host.connect(this.b.address, { channels, data })
  }

  connected(channels = 2): Peer {
    const peer = this.connect(channels)
    this.run(100)
    return peer
  }

  /** Until `span` ms are over, or nothing can happen any more. */
  run(span: number): void {
    const until = this.now + span
    for (let turns = 0; turns < maxTurns; turns++) {
      for (const end of [this.a, this.b]) if (end.host.deadline <= this.now) this.#drain(end)
      const wakes = [this.a, this.b].map((end) => end.host.deadline)
      const next = Math.min(...wakes, ...this.#flying.map(({ at }) => at))
      if (next > until) {
        this.now = until
        return
      }
      this.now = Math.max(this.now, next)
      this.#deliver()
    }
    throw new Error(`livelock: still busy at ${this.now} ms`)
  }

  /** Hands octets to an end, as if they came from the other or a stranger. */
  inject(to: End, bytes: Uint8Array, from: Address = to === this.a ? this.b.address : this.a.address): void {
    to.host.receive({ local: udp, peer: from, bytes }, this.now)
  }

  #host(options: Pick<HostOptions, 'peerCount' | 'acceptsConnects'> & Partial<HostOptions>): Host {
    const random = (size: number) => Uint8Array.from({ length: size }, () => Math.floor(this.random() * 256))
    return new Host({ local: udp, random, channelLimit: 4, ...options })
  }

  #drain(from: End): void {
    const machine: Machine<HostEvent> = from.host
    const events: HostEvent[] = []
    for (const out of machine.drain(this.now)) {
      if (out.kind === 'event') events.push(out.event)
      if (out.kind === 'send') this.#send(from, out.datagram.bytes)
    }
    for (const event of events) {
      from.events.push(event)
      from.onEvent(event)
    }
  }

  #send(from: End, bytes: Uint8Array): void {
    from.sent.push(bytes)
    const { loss, duplication, latency } = this.#options
    const to = from === this.a ? this.b : this.a
    const copies = this.random() < duplication ? 2 : 1
    for (let i = 0; i < copies; i++) {
      const at = this.now + latency[0] + this.random() * (latency[1] - latency[0])
      if (this.random() >= loss && this.isUp && this.passes(from, bytes))
        this.#flying.push({ at, to, from, bytes })
    }
  }

  #deliver(): void {
    const due = this.#flying.filter(({ at }) => at <= this.now).sort((x, y) => x.at - y.at)
    if (due.length === 0) return
    this.#flying = this.#flying.filter(({ at }) => at > this.now)
    for (const { to, from, bytes } of due) this.inject(to, bytes, from.address)
  }
}

const maxTurns = 200_000

/** Octets that tell their place, and the message they are of. */
export function message(size: number, mark = 0): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (i * 7 + (i >> 8) + mark * 13) & 255)
}

/** Messages in a form that a failing test can show. */
export const digests = (messages: readonly Uint8Array[]): string[] =>
  messages.map(
    (bytes) => `${bytes.length}: ${bytes.reduce((hash, octet) => (Math.imul(hash, 31) + octet) | 0, 7)}`,
  )
