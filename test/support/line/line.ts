/**
 * A line in virtual time between machines at its left and its right end, as
 * many on each side as a test wants: they share the link and its queue.
 *
 *     const line = new Line({ seed: 1, delay: 50, rate: 100, queue: 256, loss: 0.01 })
 *     const [a, b] = line.ends()
 *     line.attach(a, new Host({ local: a.local, … }), (event) => …)
 *     line.attach(b, new Host({ local: b.local, … }))
 *     line.run(10_000)
 *
 * It takes turns as `src/edge/run.ts` does: what arrives within one turn of the
 * event loop is handed over together, then the machine is drained until nothing
 * is due; timers are whole milliseconds, and one at the least.
 */
import type { Address, Datagram, Local, Machine } from '../../../src/machine.ts'
import { address } from '../network.ts'
import { Agenda } from './agenda.ts'
import { type Conditions, type Tally, Way } from './way.ts'

export type Side = 'left' | 'right'

/** A socket at one side. */
export interface End {
  readonly side: Side
  readonly local: Local
  readonly address: Address
}

/** At a time, in ms from the start, the conditions of one direction or both change. */
export interface Change extends Partial<Conditions> {
  readonly at: number
  readonly from?: Side // what is sent from there
}

export interface LineOptions extends Partial<Conditions> {
  readonly seed?: number
  /** Where the two directions differ: what is sent from there. */
  readonly left?: Partial<Conditions>
  readonly right?: Partial<Conditions>
  readonly changes?: readonly Change[]
  /** From when to when all is lost, in ms from the start. */
  readonly outages?: readonly (readonly [from: number, until: number])[]
  readonly turn?: number // ms that a turn of the event loop takes, at most 1
}

/** A machine, and what it did. */
export interface Station {
  readonly turns: number // in which it was drained
  readonly sent: number // datagrams
  readonly received: number
}

export class Line {
  readonly #start = 70_000.25 // past 16 bits, and no whole number
  now = this.#start
  /** What is sent from each side. */
  readonly ways: Readonly<Record<Side, Way>>
  /** Sees each datagram that is sent, whatever becomes of it; false: it is lost. */
  passes: (datagram: Datagram, from: Side) => boolean = () => true
  readonly #turn: number
  readonly #agenda = new Agenda<() => void>()
  readonly #ends = new Map<Address, Attached>()
  readonly #addresses = new Map<Local, Attached>()
  readonly #stations: Driver[] = []
  #vain = 0 // turns in succession in which nothing happened

  constructor({ seed = 1, left, right, changes = [], outages = [], turn = 1, ...both }: LineOptions = {}) {
    this.#turn = turn
    this.ways = {
      left: new Way({ ...perfect, ...both, ...left }, seed * 2),
      right: new Way({ ...perfect, ...both, ...right }, seed * 2 + 1),
    }
    for (const { at, from, ...conditions } of changes) this.#plan(at, conditions, from)
    for (const [from, until] of outages) {
      this.#plan(from, { isDown: true })
      this.#plan(until, { isDown: false })
    }
    this.measure()
  }

  /** One more end on each side. */
  ends(): [left: End, right: End] {
    return [this.end('left'), this.end('right')]
  }

  end(side: Side): End {
    const number = this.#ends.size
    const local: Local = { kind: 'udp4' }
    const end = { side, local, address: address(`192.0.2.${side === 'left' ? 1 : 2}:${1_000 + number}`) }
    const attached = { end, station: undefined }
    this.#ends.set(end.address, attached)
    this.#addresses.set(local, attached)
    return end
  }

  /** Puts a machine behind one end or several. */
  attach<Event>(
    ends: End | readonly End[],
    machine: Machine<Event>,
    onEvent: (event: Event, now: number) => void = () => {},
  ): Station {
    const driver: Driver = {
      turns: 0,
      sent: 0,
      received: 0,
      inbox: [],
      wakesAt: Infinity,
      turn: () => {},
      machine,
    }
    driver.turn = () => this.#pump(driver, machine, onEvent)
    for (const { address } of 'side' in ends ? [ends] : ends) this.#ends.get(address)!.station = driver
    this.#stations.push(driver)
    return driver
  }

  /** Nothing goes in or out there any more. */
  close(end: End): void {
    this.#ends.delete(end.address)
    this.#addresses.delete(end.local)
  }

  /** Does something in so many ms. */
  in(wait: number, act: () => void): void {
    this.#agenda.enter(this.now + wait, () => {
      act()
      this.#lookAround()
    })
  }

  /** Runs for `span` ms, or until `isDone`, which is asked after each thing that happens. @returns whether it was */
  run(span: number, isDone: () => boolean = () => false): boolean {
    const until = this.now + span
    this.#lookAround() // the test may have told a machine something
    while (!isDone()) {
      if (this.#agenda.next > until) {
        this.now = until
        return false
      }
      this.now = Math.max(this.now, this.#agenda.next)
      this.#agenda.take()()
    }
    return true
  }

  /** ms since it was made. */
  get elapsed(): number {
    return this.now - this.#start
  }

  /** Counts anew. */
  measure(): void {
    for (const way of [this.ways.left, this.ways.right]) way.measure(this.now)
  }

  /** Of what was sent from a side. */
  tally(from: Side): Tally {
    return this.ways[from].tally(this.now)
  }

  #plan(at: number, conditions: Partial<Conditions>, from?: Side): void {
    this.#agenda.enter(this.#start + at, () => {
      for (const side of from ? [from] : (['left', 'right'] as const)) this.ways[side].change(conditions)
    })
  }

  #lookAround(): void {
    for (const driver of this.#stations) this.#arm(driver)
  }

  #arm(driver: Driver): void {
    const { deadline } = driver.machine
    if (deadline <= this.now) this.#wake(driver, this.now)
    else if (deadline < Infinity) this.#wake(driver, this.now + Math.ceil(deadline - this.now))
  }

  #wake(driver: Driver, at: number): void {
    if (driver.wakesAt <= at) return
    driver.wakesAt = at
    this.#agenda.enter(at, () => {
      if (driver.wakesAt !== at) return // it was sooner
      driver.wakesAt = Infinity
      driver.turn()
    })
  }

  #pump<Event>(driver: Driver, machine: Machine<Event>, onEvent: (event: Event, now: number) => void): void {
    const { inbox } = driver
    driver.inbox = []
    driver.turns++
    driver.received += inbox.length
    let happened = inbox.length
    for (const datagram of inbox) machine.receive(datagram, this.now)
    let rounds = 0
    do {
      if (++rounds > maxRounds) throw new Error(`livelock: always something due at ${this.elapsed} ms`)
      const events: Event[] = []
      for (const out of machine.drain(this.now)) {
        if (out.kind === 'event') events.push(out.event)
        else if (out.kind === 'send') this.#send(driver, out.datagram)
        else throw new TypeError('ends are made by the test')
        happened++
      }
      for (const event of events) onEvent(event, this.now)
    } while (machine.deadline <= this.now)
    this.#vain = happened > 0 ? 0 : this.#vain + 1
    if (this.#vain > maxVain) throw new Error(`livelock: woken in vain for ever at ${this.elapsed} ms`)
    this.#arm(driver)
  }

  #send(driver: Driver, datagram: Datagram): void {
    driver.sent++
    const from = this.#addresses.get(datagram.local)?.end
    if (!from || !this.passes(datagram, from.side)) return
    for (const at of this.ways[from.side].carry(datagram.bytes.length, this.now))
      this.#agenda.enter(at, () => this.#arrive(datagram, from))
  }

  #arrive({ peer, bytes }: Datagram, from: End): void {
    const to = this.#ends.get(peer)
    if (!to?.station || to.end.side === from.side) return
    to.station.inbox.push({ local: to.end.local, peer: from.address, bytes })
    this.#wake(to.station, this.#start + Math.ceil((this.now - this.#start) / this.#turn) * this.#turn)
  }
}

interface Attached {
  readonly end: End
  station: Driver | undefined
}

interface Driver extends Station {
  turns: number
  sent: number
  received: number
  inbox: Datagram[]
  wakesAt: number
  turn: () => void
  readonly machine: Machine<unknown>
}

const perfect: Conditions = {
  delay: 0,
  jitter: 0,
  rate: 0,
  queue: Infinity,
  loss: 0,
  reorder: 0,
  late: 10,
  duplication: 0,
  isDown: false,
}

const maxRounds = 1_000 // a machine is drained at one time
const maxVain = 10_000 // turns: 10 s of timers that do nothing
