/**
 * The sending side of a connection: numbers commands, keeps reliable ones until
 * they are acknowledged, sends again what timed out (ENet 1.3.17, protocol.c:
 * check_outgoing_commands, check_timeouts, remove_sent_reliable_command).
 */
import { type Command, controlChannel } from './command.ts'
import type { Congestion, Echo, Recovery, Sending } from './congestion.ts'
import { Line, List, Outgoing } from './flight.ts'
import { type Beyond, Lane } from './lane.ts'
import type { Timeout } from './limits.ts'
import type { Numbers } from './message.ts'
import type { Packer } from './packer.ts'
import type { Order } from './packet.ts'
import type { RoundTrip } from './roundtrip.ts'
import { next } from './sequence.ts'

export class Outbox {
  readonly #congestion: Congestion
  readonly #recovery: Recovery
  readonly #order: Order
  readonly #estimate: RoundTrip
  #beyond: Beyond = { octets: 0 }
  readonly #control = new Lane({ octets: 0 })
  readonly #lanes: (Lane | undefined)[] = []
  #queued: Line
  #flying = new List()
  #group = 0 // of unsequenced messages
  #number = 0 // of the latest sending
  #waiting = 0
  #offered = 0
  #pacedUntil = Infinity
  #mustSettle = false

  constructor({ congestion, recovery, order }: Sending, estimate: RoundTrip) {
    this.#congestion = congestion
    this.#recovery = recovery
    this.#order = order
    this.#estimate = estimate
    this.#queued = new Line(order)
  }

  /** Octets of payload never sent so far. */
  get waiting(): number {
    return this.#waiting
  }

  /** Octets of all commands that were queued since `measured`. */
  get offered(): number {
    return this.#offered
  }

  get isIdle(): boolean {
    return this.#flying.first === undefined
  }

  get isEmpty(): boolean {
    return this.isIdle && this.#queued.isEmpty
  }

  /** When something in flight may be taken for lost; Infinity without anything. */
  get nextTimeout(): number {
    return this.#recovery.deadline(this.#flying)
  }

  /** When pacing lets the payload go that it held back. */
  get paced(): number {
    return this.#pacedUntil
  }

  /** The number that the channel's next reliable command gets. */
  nextSequence(channel: number): number {
    return next(this.#lane(channel).sequence)
  }

  /** What the numbers of the channel's next message follow. */
  numbers(channel: number): Numbers {
    const { sequence, unreliable } = this.#lane(channel)
    return { sequence, unreliable, group: this.#group }
  }

  /** Queues a command that has the next number of its kind. */
  push(command: Command): void {
    this.#lane(command.channel).given(command)
    if (command.kind === 'send-unsequenced') this.#group = command.group
    const item = new Outgoing(command)
    this.#waiting += item.size
    this.#offered += item.octets
    this.#queued.push(item)
  }

  /** A new second of the host's bandwidth begins. */
  measured(): void {
    this.#offered = 0
  }

  /** Any acknowledgement shows that the peer lives. */
  heard(): void {
    this.#recovery.heard()
  }

  /** Can the acknowledgement be of a datagram that left? Always, where nothing waits for it any more. */
  believes(channel: number, sequence: number, sentTime: number): boolean {
    const item = this.#laneAt(channel)?.sent.get(sequence)
    return !item || this.#recovery.believes(item, sentTime)
  }

  /**
   * What the peer acknowledged, if that was sent and still waited for it.
   *
   * @param sentTime - the low 16 bits of the ms at which the datagram left that arrived
   */
  acknowledge(channel: number, sequence: number, { sentTime, now }: Acknowledged): Command | undefined {
    const lane = this.#laneAt(channel)
    const item = lane?.sent.get(sequence)
    if (!lane || !item) return undefined
    const isLatest = item.isInFlight && sentTime === (item.sentTime & 0xffff)
    const echo: Echo = isLatest ? 'latest' : 'earlier'
    if (sentTime !== undefined) this.#recovery.acknowledged(item, echo, now)
    if (item.isBound) {
      if (echo === 'earlier') this.#congestion.spurious(now)
      if (echo === 'earlier' && item.isInFlight) item.snapshot = undefined // of another sending
      this.#congestion.acknowledged(item, now)
      this.#mustSettle = true
    }
    lane.acknowledged(sequence)
    item.list?.remove(item) // it may wait to be sent again
    return item.command
  }

  /** Queues again, in front, what is lost. False: too much was for too long, the peer is lost. */
  expire(now: number, limits: Timeout): boolean {
    const due = this.#recovery.due(this.#flying, now, limits)
    if (due === 'gone') return false
    if (due.length > 0) this.#sendAgain(due, now)
    if (this.#mustSettle) this.#congestion.settled(now)
    this.#mustSettle = false
    return true
  }

  /** The way was closed, and is open: what is in flight is not waited for any longer. */
  hurry(now: number): void {
    this.#sendAgain(this.#recovery.hurried(this.#flying, this.#estimate), now)
  }

  /** The path is another. */
  rerouted(): void {
    for (let item = this.#flying.first; item; item = item.after) item.snapshot = undefined
    this.#recovery.rerouted()
    this.#congestion.rerouted()
  }

  /** Moves into the datagram what may go. True: nothing reliable could, so a ping may follow. */
  fill(packer: Packer, now: number): boolean {
    this.#pacedUntil = Infinity
    let mayPing = true
    let isBlocked = false
    for (;;) {
      const item = isBlocked ? this.#queued.firstFree : this.#queued.first
      if (!item) {
        if (!isBlocked) this.#congestion.stopped('nothing-to-send', now)
        return mayPing
      }
      if (item.isBound && this.#mustWait(item, now)) {
        isBlocked = true
        continue
      }
      if (item.isReliable) mayPing = false
      if (!packer.takes(item.octets)) return mayPing
      if (item.isReliable) this.#depart(item, now)
      else if (isDroppable(item.command) && !this.#congestion.throttle.admits()) {
        this.#drop(item)
        continue
      } else this.#forget(item)
      packer.add(item.command)
      packer.isTimed ||= item.isReliable
    }
  }

  /** Forgets everything but the numbers of the control channel. */
  clear(): void {
    this.#queued = new Line(this.#order)
    this.#flying = new List()
    this.#lanes.length = 0
    this.#beyond = { octets: 0 }
    this.#waiting = 0
    this.#congestion.cleared()
  }

  #mustWait(item: Outgoing, now: number): boolean {
    if (item.isProbe) return false
    if (item.attempts === 0 && this.#lane(item.command.channel).mustWait(item)) return true
    if (!this.#congestion.allows(item)) {
      this.#congestion.stopped('window', now)
      return true
    }
    const { paced } = this.#congestion
    if (paced <= now) return false
    this.#pacedUntil = paced
    return true
  }

  #depart(item: Outgoing, now: number): void {
    item.list?.remove(item)
    if (item.attempts++ === 0) {
      this.#lane(item.command.channel).sends(item)
      this.#waiting -= item.size
    }
    item.number = ++this.#number
    item.sentAt = now
    item.sentTime = Math.floor(now)
    if (item.attempts === 1) item.firstTime = item.sentTime
    this.#flying.insert(item)
    this.#recovery.sent(item, this.#estimate, now)
    if (item.isBound) this.#congestion.sent(item, now)
    item.isInFlight = true
    item.isProbe = false
  }

  /** What is unreliable is never asked for again. */
  #forget(item: Outgoing): void {
    item.list?.remove(item)
    this.#waiting -= item.size
  }

  /** The throttle drops a message whole: the other pieces stand behind the first. */
  #drop(first: Outgoing): void {
    for (let item: Outgoing | undefined = first; item; ) {
      this.#forget(item)
      item = this.#queued.firstFree
      if (item?.command.kind !== 'send-unreliable-fragment' || item.command.number === 0) return
    }
  }

  #sendAgain(items: readonly Outgoing[], now: number): void {
    for (const item of items) {
      this.#flying.remove(item)
      item.isInFlight = false
      if (!item.isBound) continue
      if (item.isProbe) this.#congestion.recalled(item)
      else this.#congestion.lost(item, now)
    }
    this.#queued.pushFront(items)
  }

  #laneAt(channel: number): Lane | undefined {
    return channel === controlChannel ? this.#control : this.#lanes[channel]
  }

  #lane(channel: number): Lane {
    if (channel === controlChannel) return this.#control
    let lane = this.#lanes[channel]
    if (!lane) this.#lanes[channel] = lane = new Lane(this.#beyond)
    return lane
  }
}

interface Acknowledged {
  readonly sentTime: number | undefined // of a CONNECT, whose answer does not tell it
  readonly now: number
}

/** An unreliable message, or the first piece of one: of the others the throttle is not asked. */
const isDroppable = (command: Command): boolean =>
  command.kind !== 'send-unreliable-fragment' || command.number === 0
