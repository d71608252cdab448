/**
 * Our transport at one end of a socket of its own, bare or sealed: it opens the socket, connects or accepts, and then
 * carries messages. Bare is for measuring alone: the program cannot be told to use it. The keys of the sealed one are
 * known to everybody; the handshake and the frames are those of the program.
 */
import { randomBytes } from '../../src/crypto.ts'
import type { Address, Datagram, Local, Machine, Notice, Output, Path } from '../../src/machine.ts'
import { classic } from '../../src/transport/enet/classic.ts'
import type { Sending } from '../../src/transport/enet/congestion.ts'
import { Host } from '../../src/transport/enet/host.ts'
import type { HostEvent, Peer } from '../../src/transport/enet/peer.ts'
import { Initiator, Responder } from '../../src/transport/link/handshake.ts'
import { Link, type LinkEvent } from '../../src/transport/link/link.ts'
import type { Established } from '../../src/transport/link/sealed.ts'
import type { Manner } from './task.ts'

export type Told =
  | { readonly kind: 'opened'; readonly at: Address }
  | { readonly kind: 'up' } // messages may be sent
  | { readonly kind: 'message'; readonly channel: number; readonly bytes: Uint8Array }
  | { readonly kind: 'room' }
  | { readonly kind: 'gone' }

export interface EndOptions extends Pick<Manner, 'isSealed' | 'congestion'> {
  /** Whom to connect to; without, the first who comes is accepted. */
  readonly to?: Address
}

export class End implements Machine<Told> {
  readonly #local: Local = { kind: 'udp4' }
  readonly #shake: Shake | undefined
  #inner: Machine<HostEvent | LinkEvent> | undefined
  #carrier: Peer | Link | undefined
  readonly #told: Told[] = []
  #isAsked = false

  constructor({ to, isSealed, congestion }: EndOptions) {
    if (isSealed) {
      this.#shake = new Shake(this.#local, to)
      return
    }
    const host = new Host({
      local: this.#local,
      random: randomBytes,
      peerCount: 1,
      channelLimit: 2,
      acceptsConnects: to === undefined,
      ...controllerOf(congestion),
    })
    if (to !== undefined) host.connect(to, { channels: 2 })
    this.#inner = host
  }

  /** Octets that may be sent before it is time to wait for `room`; 0 before `up`. */
  get room(): number {
    return this.#carrier?.room ?? 0
  }

  /** From `up` on; its octets are not copied before they are sent. */
  send(message: Uint8Array, channel: number): void {
    this.#carrier?.send(message, { channel })
  }

  receive(datagram: Datagram, now: number): void {
    const established = this.#shake?.receive(datagram, now)
    if (!established) {
      this.#inner?.receive(datagram, now)
      return
    }
    const path: Path = { local: this.#local, peer: datagram.peer }
    const link = new Link({ established, path, random: randomBytes, now })
    this.#inner = link
    this.#carrier = link
  }

  notice(notice: Notice): void {
    this.#told.push(notice.kind === 'opened' ? { kind: 'opened', at: notice.at } : { kind: 'gone' })
  }

  get deadline(): number {
    if (!this.#isAsked || this.#told.length > 0) return -Infinity
    return Math.min(this.#shake?.deadline ?? Infinity, this.#inner?.deadline ?? Infinity)
  }

  *drain(now: number): Generator<Output<Told>> {
    if (!this.#isAsked) yield { kind: 'open', local: this.#local }
    this.#isAsked = true
    for (const event of this.#told.splice(0)) yield { kind: 'event', event }
    if (this.#shake) yield* this.#shake.drain(now)
    for (const out of this.#inner?.drain(now) ?? []) {
      const event = out.kind === 'event' ? this.#hear(out.event) : undefined
      if (out.kind !== 'event') yield out
      else if (event) yield { kind: 'event', event }
    }
  }

  #hear(event: HostEvent | LinkEvent): Told | undefined {
    switch (event.kind) {
      case 'connected':
        this.#carrier = event.peer
        return { kind: 'up' }
      case 'up':
        if (this.#carrier instanceof Link) this.#carrier.unlock()
        return { kind: 'up' }
      case 'message':
        return { kind: 'message', channel: event.channel, bytes: event.bytes }
      case 'room':
        return { kind: 'room' }
      case 'path':
        return undefined
      case 'disconnected':
      case 'ended':
      case 'lost':
        return { kind: 'gone' }
      default:
        return event satisfies never
    }
  }
}

/** The handshake of one link: the initiator asks until it is answered. */
class Shake {
  readonly #local: Local
  readonly #to: Address | undefined
  readonly #initiator = new Initiator({ keys, index: 1, random: randomBytes })
  readonly #responder = new Responder()
  readonly #answers: Datagram[] = []
  #askAt: number

  constructor(local: Local, to: Address | undefined) {
    this.#local = local
    this.#to = to
    this.#askAt = to === undefined ? Infinity : -Infinity
  }

  get deadline(): number {
    return this.#answers.length > 0 ? -Infinity : this.#askAt
  }

  /** What a link is made of, once. */
  receive({ peer, bytes }: Datagram, now: number): Established | undefined {
    if (bytes[0] === response && this.#to !== undefined) {
      const established = this.#initiator.receive(bytes)
      if (established) this.#askAt = Infinity
      return established
    }
    if (bytes[0] !== init || this.#to !== undefined) return undefined
    const options = { keys, epoch: 0, index: 2, random: randomBytes }
    const answer = this.#responder.receive(bytes, peer, options, now)
    if (answer) this.#answers.push({ local: this.#local, peer, bytes: answer.response })
    return answer?.established
  }

  *drain(now: number): Generator<Output<never>> {
    if (this.#to !== undefined && this.#askAt <= now) {
      this.#askAt = now + askAgain
      const bytes = this.#initiator.init
      yield { kind: 'send', datagram: { local: this.#local, peer: this.#to, bytes } }
    }
    for (const datagram of this.#answers.splice(0)) yield { kind: 'send', datagram }
  }
}

function controllerOf(congestion: string | undefined): { sending?: () => Sending } {
  if (congestion === undefined) return {}
  if (congestion === 'classic') return { sending: classic }
  throw new Error(`no controller ${congestion}`)
}

const tags = { initiator: new Uint8Array(8), responder: new Uint8Array(8).fill(1) }
const keys = { psk: new Uint8Array(32), mac1: new Uint8Array(32), tags }
const [init, response] = [0xf0, 0xf1] // first octets of frames
const askAgain = 500 // ms
