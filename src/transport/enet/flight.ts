/**
 * What is on its way to the peer: a command with its history, the list that
 * keeps commands in order of sending, and the ring that finds one by number.
 */
import type { Command } from './command.ts'
import type { Packet } from './congestion.ts'

/** A command from the moment it is queued until it is acknowledged. */
export class Outgoing implements Packet {
  readonly command: Command
  readonly size: number
  sentAt = 0 // ms with fractions: for the controller
  sentTime = 0 // whole ms, as in the datagram: for the timeout
  timeout = 0 // ms, doubled at each resending
  attempts = 0
  list: List | undefined
  before: Outgoing | undefined
  after: Outgoing | undefined

  constructor(command: Command) {
    this.command = command
    this.size = 'payload' in command ? command.payload.length : 0
  }

  get hasPayload(): boolean {
    return 'payload' in this.command
  }
}

/** A doubly linked list: an acknowledgement takes from the middle. An item is in one list at most. */
export class List {
  #first: Outgoing | undefined
  #last: Outgoing | undefined
  #controls = 0

  get first(): Outgoing | undefined {
    return this.#first
  }

  /** Items without a payload, which no window holds back. */
  get controls(): number {
    return this.#controls
  }

  /** Puts an item before another of this list, or at the end. */
  insert(item: Outgoing, after?: Outgoing): void {
    const before = after ? after.before : this.#last
    item.list = this
    item.before = before
    item.after = after
    if (before) before.after = item
    else this.#first = item
    if (after) after.before = item
    else this.#last = item
    if (!item.hasPayload) this.#controls++
  }

  remove(item: Outgoing): void {
    const { before, after } = item
    if (before) before.after = after
    else this.#first = after
    if (after) after.before = before
    else this.#last = before
    item.list = item.before = item.after = undefined
    if (!item.hasPayload) this.#controls--
  }
}

/** Commands of one channel by sequence number. Numbers in use at once are near each other, so a small ring does. */
export class Ring {
  #items: (Outgoing | undefined)[] = new Array(8).fill(undefined)

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

  #grow(): void {
    const items = new Array<Outgoing | undefined>(this.#items.length * 2).fill(undefined)
    for (const item of this.#items) if (item) items[item.command.sequence & (items.length - 1)] = item
    this.#items = items
  }
}
