/**
 * What is on its way to the peer: a command with its history, the lists that
 * keep commands in order, and the ring that finds one by number.
 */

import { type Command, commandSize, wantsAck } from './command.ts'
import type { Order, Packet, Snapshot } from './packet.ts'

/** A command from the moment it is queued until it is acknowledged. */
export class Outgoing implements Packet {
  readonly command: Command
  readonly octets: number // of the whole command
  readonly size: number // of its payload
  readonly isBound: boolean // by the window: control commands and what is unreliable are not
  position = 0 // octets of the receiver's memory, for all that its channel sent before
  turn = 0 // place in the queue
  number = 0 // of the latest sending
  isInFlight = false
  isProbe = false // sent again to provoke an acknowledgement: no window holds it
  snapshot: Snapshot | undefined
  sentAt = 0 // ms with fractions: for the controller
  sentTime = 0 // whole ms, as in the datagram: for the timeout
  firstTime = 0 // the same, of the first sending
  timeout = 0 // ms, doubled at each resending
  attempts = 0
  list: List | undefined
  before: Outgoing | undefined
  after: Outgoing | undefined

  constructor(command: Command) {
    this.command = command
    this.octets = commandSize(command)
    const hasPayload = 'payload' in command
    this.size = hasPayload ? command.payload.length : 0
    this.isBound = hasPayload && (command.flags & wantsAck) !== 0
  }

  get isReliable(): boolean {
    return this.isBound || (this.command.flags & wantsAck) !== 0
  }
}

/** A doubly linked list: an acknowledgement takes from the middle. An item is in one list at most. */
export class List {
  #first: Outgoing | undefined
  #last: Outgoing | undefined

  get first(): Outgoing | undefined {
    return this.#first
  }

  /** Puts an item before another of this list; at the end without one. */
  insert(item: Outgoing, after?: Outgoing): void {
    const before = after ? after.before : this.#last
    item.list = this
    item.before = before
    item.after = after
    if (before) before.after = item
    else this.#first = item
    if (after) after.before = item
    else this.#last = item
  }

  remove(item: Outgoing): void {
    const { before, after } = item
    if (before) before.after = after
    else this.#first = after
    if (after) after.before = before
    else this.#last = before
    item.list = item.before = item.after = undefined
  }
}

/**
 * What waits to be sent, in turn. Commands that the window binds stand apart,
 * so that those it does not bind are found behind a thousand that have to wait.
 */
export class Line {
  readonly #order: Order
  readonly #bound: List[] = [] // by channel, or one for all
  readonly #free = new List()
  readonly #probes = new List() // before all else, whatever holds the others
  #firstTurn = 0
  #nextTurn = 1

  constructor(order: Order) {
    this.#order = order
  }

  get isEmpty(): boolean {
    return !this.#probes.first && !this.#firstBound && !this.#free.first
  }

  /** The first of all. */
  get first(): Outgoing | undefined {
    if (this.#probes.first) return this.#probes.first
    const bound = this.#firstBound
    const free = this.#free.first
    if (!bound || !free) return bound ?? free
    return bound.turn < free.turn ? bound : free
  }

  /** The first that no window binds. */
  get firstFree(): Outgoing | undefined {
    return this.#probes.first ?? this.#free.first
  }

  push(item: Outgoing): void {
    item.turn = this.#nextTurn++
    this.#of(item).insert(item)
  }

  /** Puts items before all others of their list, in their order: they are sent again. */
  pushFront(items: readonly Outgoing[]): void {
    for (let i = items.length - 1; i >= 0; i--) {
      const item = items[i]!
      const list = this.#of(item)
      item.turn = this.#firstTurn--
      list.insert(item, list.first)
    }
  }

  get #firstBound(): Outgoing | undefined {
    for (const list of this.#bound) if (list.first) return list.first
    return undefined
  }

  #of({ isBound, isProbe, command }: Outgoing): List {
    if (isProbe) return this.#probes
    if (!isBound) return this.#free
    const at = this.#order === 'first-queued' ? 0 : command.channel
    while (this.#bound.length <= at) this.#bound.push(new List())
    return this.#bound[at]!
  }
}

/** Commands of one channel by sequence number. Numbers in use at once are near each other, so a small ring does. */
export class Ring {
  #items: (Outgoing | undefined)[] = new Array(8).fill(undefined)

  /** How many it has room for. */
  get slots(): number {
    return this.#items.length
  }

  get(sequence: number): Outgoing | undefined {
    const item = this.#items[sequence & (this.#items.length - 1)]
    return item?.command.sequence === sequence ? item : undefined
  }

  set(item: Outgoing): void {
    while (this.#items[item.command.sequence & (this.#items.length - 1)]) this.#grow()
    this.#items[item.command.sequence & (this.#items.length - 1)] = item
  }

  delete(sequence: number): void {
    this.#items[sequence & (this.#items.length - 1)] = undefined
  }

  /** Nothing is in it: gives up what a long flight took. */
  shrink(): void {
    if (this.#items.length > large) this.#items = new Array<Outgoing | undefined>(8).fill(undefined)
  }

  #grow(): void {
    const items = new Array<Outgoing | undefined>(this.#items.length * 2).fill(undefined)
    for (const item of this.#items) if (item) items[item.command.sequence & (items.length - 1)] = item
    this.#items = items
  }
}

const large = 256 // slots, 2 kB
