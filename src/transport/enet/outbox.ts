/**
 * The sending side of a connection: numbers commands, keeps them until they are
 * acknowledged, sends again what timed out (ENet 1.3.17, protocol.c:
 * check_outgoing_commands, check_timeouts, remove_sent_reliable_command).
 */
import { type Command, controlChannel, wantsAck } from './command.ts'
import type { Congestion } from './congestion.ts'
import { List, Outgoing, Ring } from './flight.ts'
import type { Timeout } from './limits.ts'
import type { Packer } from './packer.ts'
import { next, SendWindows } from './sequence.ts'

/** The sending side of one channel. */
class Lane {
  sequence = 0
  readonly windows = new SendWindows()
  readonly sent = new Ring()
}

export class Outbox {
  readonly #congestion: Congestion
  readonly #control = new Lane()
  readonly #lanes: (Lane | undefined)[] = []
  #queued = new List()
  #flying = new List()
  #inFlight = 0
  #waiting = 0
  #pacedUntil = Infinity
  #earliestTimeout: number | undefined

  constructor(congestion: Congestion) {
    this.#congestion = congestion
  }

  /** Octets of payload never sent so far. */
  get waiting(): number {
    return this.#waiting
  }

  get isIdle(): boolean {
    return this.#flying.first === undefined
  }

  get isEmpty(): boolean {
    return this.isIdle && this.#queued.first === undefined
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

  /** The number that the channel's next command gets. */
  nextSequence(channel: number): number {
    return next(this.#lane(channel).sequence)
  }

  /** Queues a command that has the channel's next number. */
  push(command: Command): void {
    this.#lane(command.channel).sequence = command.sequence
    const item = new Outgoing(command)
    this.#waiting += item.size
    this.#queued.insert(item)
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
    item.list?.remove(item)
    if (item.hasPayload) this.#congestion.acknowledged(item, now)
    return item.command
  }

  /** Queues again, in front, what timed out. False: too much did for too long, the peer is lost. */
  expire(now: number, limits: Timeout): boolean {
    const time = Math.floor(now)
    if (time < this.nextTimeout) return true
    const front = this.#queued.first
    for (let item = this.#flying.first, after: Outgoing | undefined; item; item = after) {
      after = item.after
      if (time - item.sentTime < item.timeout) continue
      this.#earliestTimeout = Math.min(this.#earliestTimeout ?? Infinity, item.sentTime)
      const silence = time - this.#earliestTimeout
      const isOften = 2 ** (item.attempts - 1) >= limits.limit
      if (silence >= limits.maximum || (isOften && silence >= limits.minimum)) return false
      this.#inFlight -= item.size
      item.timeout *= 2
      this.#flying.remove(item)
      this.#queued.insert(item, front)
      if (item.hasPayload) this.#congestion.lost(item, now)
    }
    return true
  }

  /** Queues again, in front, all that is in flight: the way it took was closed, and is open. */
  hurry(now: number, timeout: number): void {
    const front = this.#queued.first
    for (let item = this.#flying.first; item; item = this.#flying.first) {
      this.#inFlight -= item.size
      item.timeout = timeout
      this.#flying.remove(item)
      this.#queued.insert(item, front)
      if (item.hasPayload) this.#congestion.lost(item, now)
    }
  }

  /** Moves into the datagram what may go. True: nothing reliable could, so a ping may follow. */
  fill(packer: Packer, now: number, timeout: number): boolean {
    this.#pacedUntil = Infinity
    let mayPing = true
    let isBlocked = false
    for (let item = this.#queued.first, after: Outgoing | undefined; item; item = after) {
      after = item.after
      if (item.hasPayload) {
        isBlocked ||= this.#mustWait(item, now)
        if (isBlocked && this.#queued.controls === 0) break
        if (isBlocked) continue
      }
      const isReliable = (item.command.flags & wantsAck) !== 0
      if (isReliable) mayPing = false
      if (!packer.add(item.command)) break
      this.#queued.remove(item)
      if (isReliable) this.#depart(item, now, timeout)
      packer.isTimed ||= isReliable
    }
    return mayPing
  }

  /** Forgets everything but the numbers of the control channel. */
  clear(): void {
    this.#queued = new List()
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
    if (item.hasPayload) this.#congestion.sent(item, now)
  }

  #lane(channel: number): Lane {
    if (channel === controlChannel) return this.#control
    let lane = this.#lanes[channel]
    if (!lane) this.#lanes[channel] = lane = new Lane()
    return lane
  }
}
