/**
 * The sealed link: one ENet connection whose datagrams travel as sealed frames.
 * The Noise initiator connects, the other side accepts; ENet sees one address
 * that never changes, whatever path the frames take. Until the DAKE has ended
 * the other side is nobody: one channel, 64 KiB waiting, 15 s.
 */
import type { Random } from '../../crypto.ts'
import type { Datagram, Local, Machine, Output, Path } from '../../machine.ts'
import { Queue } from '../../queue.ts'
import { parseAddress } from '../../wire/address.ts'
import { Host } from '../enet/host.ts'
import { defaultLimits, type Limits, type Timeout } from '../enet/limits.ts'
import type { HostEvent, Peer } from '../enet/peer.ts'
import { maxFrameSize, overhead } from './frames.ts'
import { Paths } from './paths.ts'
import { content, type Established, type Opened, type Role, Sealed } from './sealed.ts'
import { Silence } from './silence.ts'

export type LinkEvent =
  | { readonly kind: 'up' } // messages may be sent
  | { readonly kind: 'message'; readonly channel: number; readonly bytes: Uint8Array }
  | { readonly kind: 'room' } // there is room again after there was none
  | { readonly kind: 'path'; readonly path: Path } // the link has moved to it
  | { readonly kind: 'ended' } // in order, by either side; the last event
  | { readonly kind: 'lost' } // the last event

export interface LinkOptions {
  /** Its keys are the link's from here: wiped when it ends. */
  readonly established: Established
  /** Where the response came from, or the init. */
  readonly path: Path
  readonly random: Random
  readonly now: number
}

/** What went over the wire. */
export interface Traffic {
  frames: number
  octets: number // of the frames: without UDP's and IP's
}

type State =
  | { readonly kind: 'opening'; readonly until: number }
  | { readonly kind: 'locked'; readonly peer: Peer; readonly until: number } // the DAKE runs
  | { readonly kind: 'open'; readonly peer: Peer; readonly until: number }
  | { readonly kind: 'closing'; readonly until: number } // ENet flushes and says goodbye
  | { readonly kind: 'over'; readonly until: number }

export class Link implements Machine<LinkEvent> {
  /** The handshake hash that names this link: 32 octets. */
  readonly h: Uint8Array
  readonly role: Role
  /** The receiver index of the frames that are for this link. */
  readonly index: number
  readonly sent: Traffic = { frames: 0, octets: 0 }
  readonly received: Traffic = { frames: 0, octets: 0 }
  /** Datagrams that were no frame of this link, or one that came before. */
  dropped = 0
  readonly #sealed: Sealed
  readonly #paths: Paths
  readonly #silence: Silence
  readonly #host: Host
  readonly #outbox = new Queue<Output<LinkEvent>>()
  #held: (LinkEvent & { readonly kind: 'message' })[] = [] // for other channels, until unlocked
  #state: State

  constructor({ established, path, random, now }: LinkOptions) {
    const { h, role, index } = established
    this.h = h
    this.role = role
    this.index = index
    this.#sealed = new Sealed(established, now)
    this.#sealed.hold()
    this.#paths = new Paths(path, { random, isProven: role === 'initiator' })
    this.#silence = new Silence(random, now)
    this.#host = new Host({
      local: inside,
      random,
      peerCount: 1,
      channelLimit: channels,
      acceptsConnects: role === 'responder',
      mtu: maxFrameSize - overhead,
      limits: lockedLimits,
      pingInterval: never,
      timeout,
    })
    if (role === 'initiator') this.#host.connect(otherSide, { channels })
    this.#state = { kind: 'opening', until: now + patience }
  }

  get path(): Path {
    return this.#paths.current
  }

  /** Octets that may be sent before it is time to wait for `room`; 0: wait. */
  get room(): number {
    return this.#peer?.room ?? 0
  }

  /** Smoothed round trip time in ms; `undefined` before `up`. */
  get rtt(): number | undefined {
    return this.#peer?.rtt
  }

  get deadline(): number {
    if (this.#outbox.length > 0) return -Infinity
    if (this.#state.kind === 'over') return Infinity
    const timers = Math.min(this.#paths.deadline, this.#silence.deadline, this.#sealed.deadline)
    return Math.min(timers, this.#host.deadline, this.#state.until)
  }

  /**
   * Takes a message whatever `room` says; its octets are the link's from here.
   * Lost like the link when that is about to end or has ended.
   *
   * @param channel - 0, or 1 for bulk data, which the other side hears once unlocked
   * @throws Error before `up`
   */
  send(message: Uint8Array, { channel }: { readonly channel: number }): void {
    if (this.#state.kind === 'opening') throw new Error('a message is sent before the link is up')
    this.#peer?.send(message, { channel })
  }

  /** The DAKE has ended well: its limits are lifted, and the keys may step. */
  unlock(): void {
    if (this.#state.kind !== 'locked') return
    const { peer } = this.#state
    peer.limits = defaultLimits
    this.#state = { kind: 'open', peer, until: Infinity }
    this.#sealed.release()
    for (const event of this.#held.splice(0)) this.#emit(event)
  }

  /** Something says that the other side was started anew: whoever is there answers within 4 s, or the link is lost. */
  doubt(now: number): void {
    this.#silence.doubt(now)
  }

  /** Another DAKE begins in this link: no step of the keys until `releaseKeys`. */
  holdKeys(): void {
    this.#sealed.hold()
  }

  releaseKeys(): void {
    if (this.#state.kind === 'open') this.#sealed.release()
  }

  /** In order: what is queued is still delivered, then the other side is told; `ended` within 5 s. */
  disconnect(now: number): void {
    if (this.#state.kind === 'opening') this.#end('ended')
    if (!this.#peer) return
    this.#peer.disconnectLater()
    this.#state = { kind: 'closing', until: now + flushTime }
  }

  receive({ local, peer, bytes }: Datagram, now: number): void {
    const opened = this.#state.kind === 'over' ? undefined : this.#sealed.open(bytes, now)
    if (!opened) {
      this.dropped++
      return
    }
    this.received.frames++
    this.received.octets += bytes.length
    this.#silence.heard(now)
    const path = { local, peer }
    this.#paths.heard({ path, size: bytes.length, isNewest: opened.isNewest }, now)
    this.#take(opened, path, now)
  }

  *drain(now: number): Generator<Output<LinkEvent>> {
    if (this.#state.kind !== 'over') this.#work(now)
    yield* this.#outbox.take()
  }

  get #peer(): Peer | undefined {
    return this.#state.kind === 'locked' || this.#state.kind === 'open' ? this.#state.peer : undefined
  }

  #take({ kind, content: octets }: Opened, path: Path, now: number): void {
    switch (kind) {
      case content.enet:
        this.#host.receive({ local: inside, peer: otherSide, bytes: octets }, now)
        return
      case content.challenge:
        if (octets.length === challengeSize) this.#transmit(content.echo, octets, path, now)
        return
      case content.echo:
        if (this.#paths.echoed(path, octets)) this.#emit({ kind: 'path', path })
        return
      default: // a keep-alive, or a kind of a later version: it was heard
    }
  }

  #work(now: number): void {
    this.#sealed.expire(now)
    for (const out of this.#host.drain(now)) {
      if (out.kind === 'event') this.#hear(out.event, now)
      else if (out.kind === 'send') {
        this.#transmit(content.enet, out.datagram.bytes, this.#paths.current, now)
        this.#silence.asked(now)
      }
    }
    for (const { path, octets } of this.#paths.due(now)) this.#transmit(content.challenge, octets, path, now)
    this.#beat(now)
    if (now >= this.#state.until) this.#end('lost')
  }

  #beat(now: number): void {
    for (let beat = this.#silence.beat(now); beat; beat = this.#silence.beat(now)) {
      const { current } = this.#paths
      if (beat === 'keep-alive') this.#transmit(content.keepAlive, none, current, now)
      else if (beat === 'challenge') this.#transmit(content.challenge, unasked, current, now)
      else {
        this.#end('lost')
        return
      }
    }
  }

  #hear(event: HostEvent, now: number): void {
    switch (event.kind) {
      case 'connected':
        if (event.peer.channels === channels) this.#up(event.peer, now)
        else this.#end('lost')
        return
      case 'message':
        this.#deliver({ kind: 'message', channel: event.channel, bytes: event.bytes })
        return
      case 'room':
        if (this.#peer) this.#emit({ kind: 'room' })
        return
      case 'disconnected':
        this.#end('ended')
        return
      case 'lost':
        this.#end('lost')
        return
      default:
        event satisfies never
    }
  }

  #up(peer: Peer, now: number): void {
    if (this.#state.kind !== 'opening') return
    this.#state = { kind: 'locked', peer, until: now + patience }
    this.#emit({ kind: 'up' })
  }

  /** The other side may have ended its DAKE before us, and use a channel that we do not hear yet. */
  #deliver(message: LinkEvent & { readonly kind: 'message' }): void {
    if (!this.#peer) return
    if (this.#state.kind === 'open' || message.channel === 0) {
      this.#emit(message)
      return
    }
    this.#held.push(message)
    const waiting = this.#held.reduce((octets, { bytes }) => octets + bytes.length + heldCost, 0)
    if (waiting > lockedLimits.maximumWaitingData) this.#end('lost')
  }

  #transmit(kind: number, octets: Uint8Array, path: Path, now: number): void {
    const size = overhead + octets.length
    if (this.#state.kind === 'over' || !this.#paths.spend(path, size)) return
    const bytes = this.#sealed.seal(kind, octets, now)
    this.sent.frames++
    this.sent.octets += size
    if (path === this.#paths.current) this.#silence.sent(now)
    this.#outbox.push({ kind: 'send', datagram: { local: path.local, peer: path.peer, bytes } })
  }

  /** The keys are gone with it. Who closed it wants no more: it ended. */
  #end(kind: 'ended' | 'lost'): void {
    const isWanted = this.#state.kind !== 'closing'
    if (this.#state.kind === 'over') return
    this.#state = { kind: 'over', until: Infinity }
    this.#sealed.wipe()
    this.#held = []
    this.#emit({ kind: isWanted ? kind : 'ended' })
  }

  #emit(event: LinkEvent): void {
    this.#outbox.push({ kind: 'event', event })
  }
}

const channels = 2 // talk; bulk data later

/** Before the DAKE has ended. */
const lockedLimits: Limits = { maximumPacketSize: 65_536, maximumWaitingData: 65_536 }
const heldCost = 64 // octets that an empty message costs as well
const patience = 15_000 // ms: to be up, and from then to the end of the DAKE
const flushTime = 5_000 // ms
// The link itself asks whether somebody is there: ENet pings nobody, and gives up only on an
// other side that sends frames and acknowledges nothing. ENet's own 5 s end a bad line's talk.
const never = 2 ** 31 // ms
const timeout: Timeout = { limit: 32, minimum: 30_000, maximum: 30_000 }
const challengeSize = 8

const inside: Local = { kind: 'udp4' } // no socket: what goes there is sealed
const otherSide = parseAddress('192.0.2.1:1')! // RFC 5737: nobody's
const none = new Uint8Array(0)
const unasked = new Uint8Array(challengeSize) // asks for any sign of life; no address is tried with zeros
