/**
 * The sealed link: one ENet connection whose datagrams travel as sealed frames.
 * The Noise initiator connects, the other side accepts; ENet sees one address
 * that never changes, whatever path the frames take. Until the DAKE has ended
 * the other side is nobody: one channel, 64 KiB waiting, 15 s.
 */
import { equal, type Random } from '../../crypto.ts'
import type { Address, Datagram, Local, Machine, Output, Path } from '../../machine.ts'
import { Queue } from '../../queue.ts'
import { parseAddress } from '../../wire/address.ts'
import { Host } from '../enet/host.ts'
import { defaultLimits, type Limits, type Timeout } from '../enet/limits.ts'
import type { HostEvent, Peer } from '../enet/peer.ts'
import { hereMtu, initSize, margin, overhead, pathMtu, responseSize } from './frames.ts'
import { type Duty, KeepAlive, longestAgreed, toldGap } from './keepalive.ts'
import { isSame, Paths } from './paths.ts'
import { content, type Established, type Opened, type Role, Sealed } from './sealed.ts'
import { Silence } from './silence.ts'
import { wireSize } from './trial.ts'

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
  /**
   * Whether silences longer than the usual are tried, to send fewer keep-alives.
   * False for a path that no new datagram could open once it is closed: between
   * a NAT that draws a port at each mapping and one that minds the port.
   */
  readonly mayMeasure?: boolean
  /**
   * Of an initiator: whether its init went to where the response came from.
   * That proves nothing: the same init went elsewhere too, and whoever got it
   * there can name any sender. But we chose to ask there, and may once more.
   */
  readonly isAsked?: boolean
  /** Asked whenever the path is another: frames that leave the machine are smaller. */
  readonly isHere?: IsHere
}

/** Whether what is sent to this address stays on this machine. */
export type IsHere = (peer: Address) => boolean

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
  readonly #keepAlive: KeepAlive
  readonly #host: Host
  readonly #isHere: IsHere
  #fitted: Path | undefined // the path whose frames are sized for it
  readonly #outbox = new Queue<Output<LinkEvent>>()
  readonly #waiting = new Queue<Uint8Array>() // frames of ENet's, not sealed, that an unproven address is not sent yet
  #held: (LinkEvent & { readonly kind: 'message' })[] = [] // for other channels, until unlocked
  #state: State

  constructor(options: LinkOptions) {
    const { established, path, random, now } = options
    const { mayMeasure = true, isAsked = true, isHere = () => false } = options
    const { h, role, index } = established
    this.#isHere = isHere
    this.h = h
    this.role = role
    this.index = index
    this.#sealed = new Sealed(established, now)
    this.#sealed.hold()
    const credit = role === 'responder' ? initCredit : isAsked ? askedCredit : responseCredit
    this.#paths = new Paths(path, { random, role, credit, now })
    this.#silence = new Silence(now)
    this.#keepAlive = new KeepAlive({ role, random, now, mayMeasure })
    this.#host = new Host({
      local: inside,
      random,
      peerCount: 1,
      channelLimit: channels,
      acceptsConnects: role === 'responder',
      mtu: hereMtu,
      pathMtu: this.#mtu,
      margin,
      limits: lockedLimits,
      pingInterval: never,
      timeout,
    })
    if (role === 'initiator') this.#host.connect(otherSide, { channels })
    this.#state = { kind: 'opening', until: now + patience }
  }

  /** Where frames go. */
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

  /** The other side should have been heard by now, and is asked. */
  get isOverdue(): boolean {
    return this.#silence.isAsking
  }

  get deadline(): number {
    if (this.#outbox.length > 0) return -Infinity
    if (this.#state.kind === 'over') return Infinity
    const timers = Math.min(this.#paths.deadline, this.#sealed.deadline, this.#enetAt)
    return Math.min(timers, this.#beatAt, this.#state.until)
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
    this.#fit()
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

  /**
   * Tries paths that are better than the current one, best first, at most 8:
   * each gets four challenges. The link moves, and says so by `path`, to the
   * best that echoes. Those offered before are withdrawn. Both sides may offer;
   * where they disagree the initiator's choice stands.
   */
  offerPaths(paths: readonly Path[], now: number): void {
    if (this.#state.kind !== 'over') this.#paths.offer(paths, now)
  }

  /**
   * Our end or address changed, or the machine slept: all of these are tried at
   * once, at most 8, and the first that echoes is taken. Until then frames go to
   * the current peer's address from the new end, if `paths` names that path.
   * The other side has 30 s from `now` to be heard.
   */
  moved(paths: readonly Path[], now: number): void {
    if (this.#state.kind === 'over') return
    this.#paths.moved(paths, now)
    this.#fitted = undefined // an address that was ours may be another's by now
    this.#silence.spare(movedPatience, now)
  }

  /** This end of ours is closed: nothing is sent to it. If it was in use, `moved` must name another within 40 s. */
  localGone(local: Local, now: number): void {
    if (this.#state.kind === 'over') return
    this.#paths.localGone(local)
    if (this.#paths.isCut) this.#silence.spare(cutPatience, now)
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
    const path = { local, peer }
    const isProbing = this.#isProbing(opened)
    this.#paths.heard({ path, size: bytes.length, isNewest: opened.isNewest, isProbing }, now)
    this.#hearSomething(opened, path, now)
    this.#take(opened, path, now)
    this.#silence.agreed = this.#keepAlive.agreed
  }

  *drain(now: number): Generator<Output<LinkEvent>> {
    if (this.#state.kind !== 'over') this.#work(now)
    yield* this.#outbox.take()
  }

  get #peer(): Peer | undefined {
    return this.#state.kind === 'locked' || this.#state.kind === 'open' ? this.#state.peer : undefined
  }

  get #beatAt(): number {
    return Math.min(this.#silence.deadline, this.#keepAlive.deadline)
  }

  /** What only asks about a path, or answers, does not say that its sender has moved there. */
  #isProbing({ kind, content: octets }: Opened): boolean {
    if (kind === content.challenge) return octets.some((octet) => octet !== 0)
    return kind === content.echo && !this.#keepAlive.awaits(octets)
  }

  /**
   * Any frame that opens on the current path is a sign of life, whatever it says. One from elsewhere says nothing about
   * where ours go: that may be somebody else's by now.
   */
  #hearSomething({ kind, content: octets }: Opened, path: Path, now: number): void {
    if (!isSame(path, this.#paths.current)) return
    const ended = this.#silence.heard(now)
    if (ended === 'overdue') this.#keepAlive.missed(now)
    else this.#keepAlive.kept()
    // ENet doubles its patience at each attempt; after a silence it would let the open way wait.
    if (ended === 'unanswered') this.#peer?.hurry(now)
    this.#keepAlive.heard({ kind, octets }, now)
  }

  #take({ kind, content: octets }: Opened, path: Path, now: number): void {
    switch (kind) {
      case content.enet:
        this.#host.receive({ local: inside, peer: otherSide, bytes: octets }, now)
        return
      case content.challenge:
        if (octets.length === challengeSize) this.#echo(octets, path, now)
        return
      case content.echo:
        this.#keepAlive.echoed(octets, isSame(path, this.#paths.current) ? 'current' : 'another', now)
        this.#takeEcho(octets, path, now)
        return
      case content.keepAlive:
        this.#silence.expected = toldGap(octets) ?? this.#silence.expected
        return
      case content.echoLater:
        this.#agree(octets, now)
        return
      default: // a kind of a later version: it was heard
    }
  }

  /** To who only wants a sign of life, from where nobody is proven to be, our own challenge is one. */
  #echo(octets: Uint8Array, path: Path, now: number): void {
    if (equal(octets, unasked) && this.#paths.isDoubted(path)) return
    this.#transmit(content.echo, octets, path, now)
  }

  #takeEcho(octets: Uint8Array, path: Path, now: number): void {
    const wasLost = this.#paths.isLost
    if (this.#paths.echoed(path, octets, now)) this.#hasMoved(now)
    if (wasLost && !this.#paths.isLost) this.#silence.settled()
  }

  /** The other side wants to know how long its NAT keeps a way: it will be silent, and so are we. */
  #agree(octets: Uint8Array, now: number): void {
    const gap = this.#keepAlive.asked(octets, this.#isIdle, now)
    if (gap !== undefined) this.#silence.expected = gap + longestAgreed
  }

  get #isIdle(): boolean {
    return this.#state.kind === 'open' && this.#silence.isAnswered && !this.#paths.isCut
  }

  /** Octets inside of a frame on the current path. */
  get #mtu(): number {
    return this.#isHere(this.path.peer) ? hereMtu : pathMtu
  }

  #fit(): void {
    if (!this.#peer || this.#fitted === this.path) return
    this.#fitted = this.path
    this.#peer.pathMtu = this.#mtu
  }

  #hasMoved(now: number): void {
    this.#silence.heard(now) // its echo
    this.#keepAlive.moved(now)
    this.#peer?.rerouted()
    this.#emit({ kind: 'path', path: this.#paths.current })
  }

  #work(now: number): void {
    if (now - this.#beatAt > overslept) this.moved([this.#paths.current], now)
    this.#sealed.expire(now)
    if (this.#paths.decide(now)) this.#hasMoved(now)
    for (const { path, octets } of this.#paths.due(now)) this.#transmit(content.challenge, octets, path, now)
    while (this.#mayCarryOn) this.#carry(this.#waiting.shift()!, now)
    if (this.#waiting.length === 0) this.#workInside(now)
    this.#beat(now)
    if (now >= this.#state.until) this.#end('lost')
  }

  #workInside(now: number): void {
    this.#fit()
    for (const out of this.#host.drain(now)) {
      if (out.kind === 'event') this.#hear(out.event, now)
      else if (out.kind === 'send') {
        const frame = frameAround(out.datagram.bytes)
        if (this.#waiting.length === 0 && this.#mayCarry(frame)) this.#carry(frame, now)
        else this.#waiting.push(frame)
      }
    }
  }

  /** What the address may not be sent yet waits, and ENet with it: it would take it for lost. */
  #mayCarry(frame: Uint8Array): boolean {
    return this.#paths.affords(this.#paths.current, frame.length)
  }

  #carry(frame: Uint8Array, now: number): void {
    if (wantsAnswer(frame)) this.#silence.asked(now)
    this.#dispatch(content.enet, frame, this.#paths.current, now)
  }

  get #mayCarryOn(): boolean {
    const next = this.#waiting.peek()
    return next !== undefined && this.#mayCarry(next)
  }

  /** When ENet has something to do; while it waits, not before its next datagram may leave. */
  get #enetAt(): number {
    if (this.#waiting.length === 0) return this.#host.deadline
    return this.#mayCarryOn ? -Infinity : Infinity
  }

  #beat(now: number): void {
    for (let beat = this.#silence.beat(now); beat; beat = this.#silence.beat(now)) {
      if (beat === 'lost') {
        this.#end('lost')
        return
      }
      this.#transmit(content.challenge, unasked, this.#paths.current, now)
    }
    for (let duty = this.#duty(now); duty; duty = this.#duty(now))
      this.#transmit(duty.kind, duty.octets, this.#paths.current, now)
  }

  #duty(now: number): Duty | undefined {
    return this.#keepAlive.due(this.#isIdle, now)
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
    const frame = new Uint8Array(overhead + octets.length)
    frame.set(octets, margin.before)
    this.#dispatch(kind, frame, path, now)
  }

  /** @param frame - with its content in place */
  #dispatch(kind: number, frame: Uint8Array, path: Path, now: number): void {
    if (this.#state.kind === 'over' || !this.#paths.spend(path, frame.length)) return
    this.#sealed.sealAround(kind, frame, now)
    this.sent.frames++
    this.sent.octets += frame.length
    if (isSame(path, this.#paths.current)) this.#keepAlive.sent(kind, now)
    this.#outbox.push({ kind: 'send', datagram: { local: path.local, peer: path.peer, bytes: frame } })
  }

  /** The keys are gone with it. Who closed it wants no more: it ended. */
  #end(kind: 'ended' | 'lost'): void {
    const isWanted = this.#state.kind !== 'closing'
    if (this.#state.kind === 'over') return
    this.#state = { kind: 'over', until: Infinity }
    this.#sealed.wipe()
    this.#waiting.clear()
    this.#held = []
    this.#emit({ kind: isWanted ? kind : 'ended' })
  }

  #emit(event: LinkEvent): void {
    this.#outbox.push({ kind: 'event', event })
  }
}

/** The frame of a datagram that the host has left the margin around. */
const frameAround = ({ buffer, byteOffset, length }: Uint8Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset - margin.before, overhead + length)

/** ENet tells the time exactly when it wants an acknowledgement; one of these wants none. @param frame - before it is sealed */
const wantsAnswer = (frame: Uint8Array): boolean => (frame[margin.before]! & 0x80) !== 0

const channels = 2 // talk; bulk data later

/** Before the DAKE has ended. */
const lockedLimits: Limits = { maximumPacketSize: 65_536, maximumWaitingData: 65_536 }
const heldCost = 64 // octets that an empty message costs as well
const patience = 15_000 // ms: to be up, and from then to the end of the DAKE
const flushTime = 5_000 // ms
// The link itself asks whether somebody is there: ENet pings nobody, and gives up only on an
// other side that sends frames and acknowledges nothing. ENet's own 5 s end a bad line's talk.
const never = 2 ** 31 // ms
const timeout: Timeout = { limit: 32, minimum: 90_000, maximum: 90_000 }
const movedPatience = 30_000 // ms
const cutPatience = 40_000 // ms
const overslept = 5_000 // ms
const challengeSize = 8
const connectSize = 52 // ENet's datagram

const initCredit = initSize - responseSize // what the response left of the init's octets
const responseCredit = wireSize(responseSize)
// A challenge and CONNECT in one flight, so that ENet takes no round trip more, and one challenge again: were both lost,
// neither side could speak. That is 311 octets for the response's 124; RFC 9000, section 8.1, would allow 372.
const askedCredit = 2 * wireSize(overhead + challengeSize) + wireSize(overhead + connectSize)

const inside: Local = { kind: 'udp4' } // no socket: what goes there is sealed
const otherSide = parseAddress('192.0.2.1:1')! // RFC 5737: nobody's
const unasked = new Uint8Array(challengeSize) // asks for any sign of life; no address is tried with zeros
