/**
 * Two people whose programs keep their mail in a log, on the virtual network,
 * each of which can be killed at any step: before any datagram leaves, before
 * any record is written, before any event is shown, before a sync is done. What
 * survives is the log: all of it after a kill, what was synced after a power cut.
 */
import type { Journal } from '../../src/edge/kept/journal.ts'
import { Mail } from '../../src/edge/kept/mail.ts'
import type { Datagram, Machine, Notice, Output } from '../../src/machine.ts'
import type { TalkEvent } from '../../src/session/command.ts'
import { Mailbox } from '../../src/session/mailbox.ts'
import { readRecord } from '../../src/session/mailrecord.ts'
import { Talk } from '../../src/session/talk.ts'
import type { Work } from '../../src/transfer/work.ts'
import { address, type Host, Network } from '../support/network.ts'
import { contactOf, nothingSpecial, ownOf, type Person, person, seeded, wall } from './people.ts'

/** What a crash leaves: `kill` all that was written, `power` what was synced. */
export type Crash = 'kill' | 'power'

class Killed extends Error {}

/** A log in memory. */
class Disk {
  records: Uint8Array[] = []
  synced = 0

  /** What is left of it. */
  crash(how: Crash): void {
    if (how === 'power') this.records = this.records.slice(0, this.synced)
    this.synced = this.records.length
  }

  holds(isWanted: (record: NonNullable<ReturnType<typeof readRecord>>) => boolean): boolean {
    return this.records.some((octets) => {
      const record = readRecord(octets)
      return record !== undefined && isWanted(record)
    })
  }
}

/** One process of a writer's: it is dead once it was killed. */
class Process implements Machine<TalkEvent, Work>, Journal {
  readonly #writer: Writer
  readonly #talk: Talk
  readonly #mail: Mail
  readonly #syncs: (() => void)[] = []
  readonly #disk: Disk
  isDead = false

  constructor(writer: Writer, network: Network<TalkEvent>) {
    const { who, other, at, disk } = writer
    this.#writer = writer
    this.#disk = disk
    const mailbox = Mailbox.of(disk.records)
    const talk = new Talk({
      name: who.alias,
      own: ownOf(who, wall),
      random: seeded(writer.nextSeed()),
      wall,
      dht: { mode: 'off', bootstrap: [], saved: [] },
      place: { hosts: [at], families: ['udp4'] },
      ...{ lan: false, stun: false, loopback: false, known: mailbox.known, now: network.now },
    })
    const hints = [address(`${other.at}:6881`)]
    const contact = contactOf(other.who, { hints, fingerprint: other.who.identity.fingerprint })
    talk.know({ whom: { kind: 'known', contact }, ...nothingSpecial })
    this.#talk = talk
    const buddy = other.who.alias
    this.#mail = new Mail({
      ...{ journal: this, mailbox },
      standing: () => ({ kind: 'key', key: other.who.identity.fingerprint }),
      talk: {
        knows: (name) => talk.knows(name),
        act: (command) => this.#alive(() => talk.act(command, network.now)),
        kept: (message) => this.#alive(() => talk.kept(message)),
        withdraw: (ids) => this.#alive(() => talk.withdraw(ids)),
      },
      shown: { isHeard: () => true, tell: (event) => this.#show(event) },
      onFault: (error) => {
        if (!(error instanceof Killed)) throw error
      },
    })
    this.act(() => this.#mail.act({ kind: 'open', buddy }))
  }

  get size(): number {
    return this.#disk.records.reduce((sum, { length }) => sum + length, 0)
  }

  say(id: string, text: string): void {
    this.act(() => this.#mail.act({ kind: 'say', buddy: this.#writer.other.who.alias, id, text }))
  }

  append(record: Uint8Array): void {
    this.#step()
    this.#disk.records.push(record)
  }

  synced(): Promise<void> {
    const upTo = this.#disk.records.length
    return new Promise((resolve) =>
      this.#syncs.push(() => {
        this.#disk.synced = Math.max(this.#disk.synced, upTo)
        resolve()
      }),
    )
  }

  async rewrite(records: () => Iterable<Uint8Array>): Promise<void> {
    this.#disk.records = [...records()]
    this.#disk.synced = this.#disk.records.length
  }

  /** The disk has done what it was asked for. */
  sync(): void {
    for (const done of this.#syncs.splice(0))
      this.act(() => {
        this.#step()
        done()
      })
  }

  get deadline(): number {
    return this.isDead ? Infinity : this.#talk.deadline
  }

  receive(datagram: Datagram, now: number): void {
    if (!this.isDead) this.#talk.receive(datagram, now)
  }

  notice(notice: Notice, now: number): void {
    if (!this.isDead) this.#talk.notice(notice, now)
  }

  /** Events are heard when the machine is through, as src/edge/run.ts does. */
  *drain(now: number): Generator<Output<TalkEvent, Work>> {
    const events: TalkEvent[] = []
    for (const out of this.#talk.drain(now)) {
      if (out.kind === 'event') events.push(out.event)
      else if (out.kind !== 'send') yield out
      else if (this.act(() => this.#step())) yield out
      if (this.isDead) return
    }
    for (const event of events) this.act(() => this.#mail.hear(event))
  }

  /** @returns whether it has survived that */
  act(step: () => void): boolean {
    if (this.isDead) return false
    try {
      step()
    } catch (error) {
      if (!(error instanceof Killed)) throw error
    }
    return !this.isDead
  }

  #show(event: TalkEvent): void {
    this.#step()
    this.#writer.shown.push(event)
  }

  #alive(step: () => void): void {
    if (!this.isDead) step()
  }

  /** Nothing of a dead process goes on. */
  #step(): void {
    if (this.isDead || this.#writer.isDoomed()) {
      this.isDead = true
      throw new Killed()
    }
  }
}

export class Writer {
  readonly who: Person
  readonly at: string
  readonly disk = new Disk()
  other!: Writer
  /** All that was shown, by whatever process. */
  shown: TalkEvent[] = []
  /** Ids of what was told to be written, and is not. */
  readonly broken: string[] = []
  /** Steps so far. */
  steps = 0
  #doom: ReadonlySet<number> = new Set()
  #seed: number
  process: Process | undefined
  readonly #host: () => Host<TalkEvent>
  readonly #network: Network<TalkEvent>

  constructor(who: Person, at: string, network: Network<TalkEvent>) {
    this.who = who
    this.at = at
    this.#network = network
    this.#seed = who.identity.instanceTag
    this.#host = () => network.attachAt(at)
  }

  nextSeed(): number {
    return this.#seed++
  }

  /** Killed before its steps of these numbers. */
  doom(steps: readonly number[]): void {
    this.#doom = new Set(steps)
  }

  isDoomed(): boolean {
    return this.#doom.has(++this.steps)
  }

  start(): void {
    const process = new Process(this, this.#network)
    this.process = process
    this.#host().machine = process
  }

  /** Whether it is on disk, or delivered. */
  has(id: string): boolean {
    const isWritten = this.disk.holds((record) => record.kind === 'written' && record.message.id === id)
    return isWritten || this.delivered.has(id)
  }

  /** It died: what was shown and is on no disk went with the screen, if the machine lost its power. */
  bury(how: Crash): void {
    this.process = undefined
    this.disk.crash(how)
    for (const event of this.shown)
      if (event.kind === 'written' && !this.has(event.id)) this.broken.push(event.id)
    if (how === 'power') this.shown = this.shown.filter((event) => this.#survives(event))
  }

  #survives(event: TalkEvent): boolean {
    if (event.kind !== 'message') return true
    const { id, fingerprint } = event
    const { known, unshown } = Mailbox.of(this.disk.records)
    const isLeft = unshown.some((message) => message.id === id && !message.isShowing)
    return known.of(fingerprint).hasId(id) && !isLeft
  }

  /** Texts as they were shown, but for those that say themselves that they may have been shown before, and were. */
  get texts(): readonly string[] {
    const before = new Set<string>()
    return this.shown.flatMap((event) => {
      if (event.kind !== 'message' || (event.again && before.has(event.id))) return []
      before.add(event.id)
      return [event.text]
    })
  }

  /** Ids of what was told to be delivered. */
  get delivered(): ReadonlySet<string> {
    return new Set(this.shown.flatMap((event) => (event.kind === 'delivered' ? [event.id] : [])))
  }

  get waiting(): number {
    return [...Mailbox.of(this.disk.records).waiting].length
  }
}

/** What is said, by whom and when. */
export interface Line {
  readonly by: 'ada' | 'bob'
  readonly id: string
  readonly at: number // ms
}

export class Letters {
  readonly ada: Writer
  readonly bob: Writer
  readonly #network = new Network<TalkEvent>({ seed: 7, latency: [20, 20] })
  readonly #script: readonly Line[]
  readonly #said = new Set<string>()

  constructor(script: readonly Line[]) {
    this.#script = script
    this.ada = new Writer(ada, '198.51.100.7', this.#network)
    this.bob = new Writer(bob, '203.0.113.9', this.#network)
    this.ada.other = this.bob
    this.bob.other = this.ada
    this.ada.start()
    this.bob.start()
  }

  /**
   * Runs until all is said and delivered. Who died is started again after a moment.
   *
   * @returns whether it came to that
   */
  async run(how: Crash, within = 120_000): Promise<boolean> {
    const began = this.#network.now
    for (let now = 0; now < within; now += pace) {
      for (const line of this.#script) if (now >= line.at) this.#say(line)
      this.#network.run(pace)
      for (const writer of [this.ada, this.bob]) {
        writer.process?.sync()
        await Promise.resolve()
        await Promise.resolve()
        if (!writer.process?.isDead) continue
        writer.bury(how)
        for (const { by, id } of this.#script)
          if (this[by] === writer && !writer.has(id)) this.#said.delete(id)
        this.#network.run(pace)
        writer.start()
      }
      if (this.isDone && this.#network.now > began + 2_000) return true
    }
    return false
  }

  get isDone(): boolean {
    const isSaid = this.#script.every(({ id }) => this.#said.has(id))
    return isSaid && this.ada.waiting === 0 && this.bob.waiting === 0
  }

  /** Once it is in the log it was said; until then its user says it again. */
  #say({ by, id }: Line): void {
    const writer = this[by]
    if (this.#said.has(id) || !writer.process) return
    writer.process.say(id, `text ${id}`)
    if (writer.has(id)) this.#said.add(id)
  }
}

const [ada, bob] = [person('ada', 1), person('bob', 2)]
const pace = 5 // ms
