/**
 * The sending side of a connection: numbers commands, keeps reliable ones until
 * they are acknowledged, sends again what timed out (ENet 1.3.17, protocol.c:
 * check_outgoing_commands, check_timeouts, remove_sent_reliable_command).
 */
import { type Command, controlChannel } from './command.ts'
import type { Congestion } from './congestion.ts'
import { Line, List, Outgoing } from './flight.ts'
import { Lane } from './lane.ts'
import type { Timeout } from './limits.ts'
import type { Numbers } from './message.ts'
import type { Packer } from './packer.ts'
import { next } from './sequence.ts'

export class Outbox {
  readonly #congestion: Congestion
  readonly #control = new Lane()
  readonly #lanes: (Lane | undefined)[] = []
  #queued = new Line()
  #flying = new List()
  #group = 0 // of unsequenced messages
  #inFlight = 0
  #waiting = 0
  #offered = 0
  #pacedUntil = Infinity
  #earliestTimeout: number | undefined

  constructor(congestion: Congestion) {
    this.#congestion = congestion
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

  /** When the oldest command in flight times out; Infinity without one. */
  get nextTimeout(): number {
    const first = this.#flying.first
    return first ? first.sentTime + first.timeout : Infinity
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
    this.#earliestTimeout = undefined
  }

  /** What the peer acknowledged, if that was sent and still waited for it. */
  acknowledge(channel: number, sequence: number, now: number): Command | undefined {
    const lane = channel === controlChannel ? this.#control : this.#lanes[channel]
    const item = lane?.sent.get(sequence)
    if (!lane || !item) return undefined
    lane.sent.delete(sequence)
    lane.windows.acknowledged(sequence)
    if (item.list === this.#flying) this.#inFlight -= item.size
    item.list?.remove(item) // it may wait to be sent again
    if (item.isBound) this.#congestion.acknowledged(item, now)
    return item.command
  }

  /** Queues again, in front, what timed out. False: too much did for too long, the peer is lost. */
  expire(now: number, limits: Timeout): boolean {
    const time = Math.floor(now)
    if (time < this.nextTimeout) return true
    const late: Outgoing[] = []
    for (let item = this.#flying.first; item; item = item.after) {
      if (time - item.sentTime < item.timeout) continue
      this.#earliestTimeout = Math.min(this.#earliestTimeout ?? Infinity, item.sentTime)
      const silence = time - this.#earliestTimeout
      const isOften = 2 ** (item.attempts - 1) >= limits.limit
      if (silence >= limits.maximum || (isOften && silence >= limits.minimum)) return false
      item.timeout *= 2
      late.push(item)
    }
    this.#sendAgain(late, now)
    return true
  }

  /** Queues again, in front, all that is in flight: the way it took was closed, and is open. */
  hurry(now: number, timeout: number): void {
    const all: Outgoing[] = []
    for (let item = this.#flying.first; item; item = item.after) {
      item.timeout = timeout
      all.push(item)
    }
    this.#sendAgain(all, now)
  }

  /** Moves into the datagram what may go. True: nothing reliable could, so a ping may follow. */
  fill(packer: Packer, now: number, timeout: number): boolean {
    this.#pacedUntil = Infinity
    let mayPing = true
    let isBlocked = false
    for (;;) {
      const item = isBlocked ? this.#queued.firstFree : this.#queued.first
      if (!item) return mayPing
      if (item.isBound && this.#mustWait(item, now)) {
        isBlocked = true
        continue
      }
      if (item.isReliable) mayPing = false
      if (!packer.takes(item.octets)) return mayPing
      if (item.isReliable) this.#depart(item, now, timeout)
      else if (isDroppable(item.command) && !this.#congestion.admits()) {
        this.#drop(item)
        continue
      } else this.#forget(item)
      packer.add(item.command)
      packer.isTimed ||= item.isReliable
    }
  }

  /** Forgets everything but the numbers of the control channel. */
  clear(): void {
    this.#queued = new Line()
    this.#flying = new List()
    this.#lanes.length = 0
    this.#inFlight = this.#waiting = 0
  }

  #mustWait(item: Outgoing, now: number): boolean {
    const { channel, sequence } = item.command
    if (item.attempts === 0 && this.#lane(channel).windows.mustWait(sequence)) return true
    const { window, paced } = this.#congestion
    if (this.#inFlight + item.size > window) return true
    if (paced <= now) return false
    this.#pacedUntil = paced
    return true
  }

  #depart(item: Outgoing, now: number, timeout: number): void {
    item.list?.remove(item)
    if (item.attempts++ === 0) {
      const lane = this.#lane(item.command.channel)
      lane.windows.sent(item.command.sequence)
      lane.sent.set(item)
      item.timeout = timeout
      this.#waiting -= item.size
    }
    item.sentAt = now
    item.sentTime = Math.floor(now)
    this.#inFlight += item.size
    this.#flying.insert(item)
    if (item.isBound) this.#congestion.sent(item, now)
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
      this.#inFlight -= item.size
      this.#flying.remove(item)
      if (item.isBound) this.#congestion.lost(item, now)
    }
    this.#queued.pushFront(items)
  }

  #lane(channel: number): Lane {
    if (channel === controlChannel) return this.#control
    let lane = this.#lanes[channel]
    if (!lane) this.#lanes[channel] = lane = new Lane()
    return lane
  }
}

/** An unreliable message, or the first piece of one: of the others the throttle is not asked. */
const isDroppable = (command: Command): boolean =>
  command.kind !== 'send-unreliable-fragment' || command.number === 0
