/** Who offers or accepts files once need not do it again: either side dies at each step, and it goes on by itself. */
import { bytesToHex } from '@noble/hashes/utils.js'
import { expect, test } from 'vitest'
import type { Journal } from '../../src/edge/kept/journal.ts'
import { Unfinished } from '../../src/edge/kept/unfinished.ts'
import type { Datagram, Machine, Notice, Output } from '../../src/machine.ts'
import type { TalkEvent, TransferCommand } from '../../src/session/command.ts'
import { Talk } from '../../src/session/talk.ts'
import { TransferLog } from '../../src/session/transferlog.ts'
import type { Work } from '../../src/transfer/work.ts'
import { contactOf, nothingSpecial, ownOf, type Person, person, seeded, wall } from '../session/people.ts'
import { address, type Host, Network } from '../support/network.ts'
import { content } from '../transfer/content.ts'
import { listing, Sink, Source, type Tree } from '../transfer/disk.ts'
import { keptOf } from '../transfer/manifests.ts'

const [ada, bob] = [person('ada', 1), person('bob', 2)]
const transfer = '07'.repeat(16)
const tree: Tree = new Map([
  ['first', content(400_000)],
  ['second', content(200_000)],
])
const size = 600_000

class Killed extends Error {}

/** One process: dead once it was killed. */
class Process implements Machine<TalkEvent, Work>, Journal {
  readonly #side: Side
  readonly #talk: Talk
  readonly #unfinished: Unfinished
  readonly #source: Source
  readonly #network: Network<TalkEvent>
  readonly works: Work[] = []
  isDead = false

  constructor(side: Side, network: Network<TalkEvent>) {
    const { who, other, at } = side
    this.#side = side
    this.#network = network
    this.#source = new Source(side.tree)
    this.#talk = new Talk({
      ...{ name: who.alias, own: ownOf(who, wall), random: seeded(side.nextSeed()), wall },
      dht: { mode: 'off', bootstrap: [], saved: [] },
      place: { hosts: [at], families: ['udp4'] },
      ...{ lan: false, stun: false, loopback: false, now: network.now },
    })
    const hints = [address(`${other.at}:6881`)]
    const contact = contactOf(other.who, { hints, fingerprint: other.who.identity.fingerprint })
    this.#talk.know({ whom: { kind: 'known', contact }, ...nothingSpecial })
    this.#unfinished = new Unfinished({
      ...{ journal: this, log: TransferLog.of(side.records) },
      standing: () => ({ kind: 'key', key: other.who.identity.fingerprint }),
      rootOf: (buddy, id) => rootIn(this.#talk, buddy, id),
      act: (command) => this.act(() => this.#do(command)),
      tell: (event) => this.#show(event),
      discard: () => {
        this.#side.sink = new Sink()
      },
      onFault: (error) => {
        if (!(error instanceof Killed)) throw error
      },
    })
    this.act(() => this.#talk.act({ kind: 'open', buddy: other.who.alias }, network.now))
    this.act(() => this.#unfinished.begin(other.who.alias))
  }

  ask(command: TransferCommand): void {
    this.act(() => this.#unfinished.act(command))
  }

  quit(): void {
    this.act(() => this.#talk.quit(this.#network.now))
  }

  get size(): number {
    return this.#side.records.length
  }

  append(record: Uint8Array): void {
    this.#step()
    this.#side.records.push(record)
  }

  async synced(): Promise<void> {}

  async rewrite(records: () => Iterable<Uint8Array>): Promise<void> {
    if (!this.isDead) this.#side.records = [...records()]
  }

  /** The disk does what it was asked for. */
  work(): void {
    for (const work of this.works.splice(0))
      this.act(() => {
        this.#step()
        const result = this.#side.isSender ? this.#source.do(work) : this.#side.sink.do(work)
        if (result?.kind === 'finished') this.#unfinished.finished(transfer)
        if (result) this.#talk.worked(result, this.#network.now)
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

  *drain(now: number): Generator<Output<TalkEvent, Work>> {
    const events: TalkEvent[] = []
    for (const out of this.#talk.drain(now)) {
      if (out.kind === 'event') events.push(out.event)
      else if (out.kind === 'work') this.works.push(out.work)
      else yield out
    }
    for (const event of events) this.act(() => this.#unfinished.hear(event))
  }

  act(step: () => void): void {
    if (this.isDead) return
    try {
      step()
    } catch (error) {
      if (!(error instanceof Killed)) throw error
    }
  }

  #show(event: TalkEvent): void {
    if (event.kind === 'progress') return
    if (event.kind === 'offered') this.#side.worksAtOffer.push(this.works.map(({ kind }) => kind))
    this.#step()
    this.#side.shown.push(event)
    if (event.kind === 'offered') this.ask({ kind: 'accept', buddy: 'ada', transfer, into: '/' })
  }

  #do(command: TransferCommand): void {
    if (command.kind === 'accept') this.#accept(command)
    else this.#talk.act(command, this.#network.now)
  }

  #accept({ buddy, into }: TransferCommand & { kind: 'accept' }): void {
    const offer = this.#talk.offered(buddy, transfer)?.offer
    if (offer?.form !== 'files') return
    const root = bytesToHex(offer.root)
    const side = this.#side
    if (side.sink.state === 'finished') side.renew()
    const kept = keptOf(offer, side.sink.manifest, side.sink.cursor)
    if (!kept) side.sink = new Sink()
    if (!this.#talk.accept(buddy, transfer, kept)) return
    const fingerprint = side.other.who.identity.fingerprint
    this.#unfinished.accepted({ transfer, fingerprint, root, buddy, name: 'gift', into })
  }

  /** Nothing of a dead process goes on. */
  #step(): void {
    if (this.isDead || this.#side.isDoomed()) {
      this.isDead = true
      throw new Killed()
    }
  }
}

function rootIn(talk: Talk, buddy: string, id: string): string | undefined {
  const offer = talk.offered(buddy, id)?.offer
  return offer?.form === 'files' ? bytesToHex(offer.root) : undefined
}

class Side {
  readonly who: Person
  readonly at: string
  readonly isSender: boolean
  records: Uint8Array[] = []
  sink = new Sink()
  tree = tree
  other!: Side
  process!: Process
  readonly shown: TalkEvent[] = []
  /** What the disk was asked for when the user was asked. */
  readonly worksAtOffer: (readonly Work['kind'][])[] = []
  steps = 0
  copies = 0
  #doom = Infinity
  #seed: number
  readonly #host: () => Host<TalkEvent>
  readonly #network: Network<TalkEvent>

  constructor(who: Person, at: string, network: Network<TalkEvent>) {
    this.who = who
    this.at = at
    this.isSender = who === ada
    this.#network = network
    this.#seed = who.identity.instanceTag
    this.#host = () => network.attachAt(at)
  }

  nextSeed(): number {
    return this.#seed++
  }

  doom(step: number): void {
    this.#doom = step
  }

  isDoomed(): boolean {
    return ++this.steps === this.#doom
  }

  start(): void {
    this.process = new Process(this, this.#network)
    this.#host().machine = this.process
  }

  /** What is in its place is received once more. */
  renew(): void {
    this.sink = new Sink()
    this.copies++
  }

  restart(): void {
    if (this.sink.state !== 'finished') this.sink.crash()
    this.start()
  }

  get states(): readonly string[] {
    return this.shown.flatMap((event) => (event.kind === 'transfer' ? [event.state] : []))
  }

  get isRemembered(): boolean {
    return this.records.length > 0
  }
}

class Gift {
  readonly network = new Network<TalkEvent>({ seed: 7, latency: [20, 20] })
  readonly ada = new Side(ada, '198.51.100.7', this.network)
  readonly bob = new Side(bob, '203.0.113.9', this.network)

  constructor() {
    this.ada.other = this.bob
    this.bob.other = this.ada
    for (const side of [this.ada, this.bob]) side.start()
  }

  send(id = transfer): void {
    const about = { kind: 'send', buddy: 'bob', transfer: id, name: 'gift', form: 'files' } as const
    this.ada.process.ask({ ...about, paths: ['/gift'] })
  }

  /** Whoever died is started again at once. @returns whether it came to that */
  async until(isEnough: () => boolean, within = 120_000): Promise<boolean> {
    for (const end = this.network.now + within; this.network.now < end; ) {
      await this.turn()
      if (isEnough()) return true
    }
    return false
  }

  async turn(): Promise<void> {
    this.network.run(5)
    for (const side of [this.ada, this.bob]) {
      side.process.work()
      for (let i = 0; i < 4; i++) await Promise.resolve()
      if (side.process.isDead) side.restart()
    }
  }

  /** Told to both, or, where the receiver died in the moment of it, in its place and told to the sender. */
  get isDone(): boolean {
    const isThere = this.bob.sink.state === 'finished' && !this.bob.isRemembered
    return this.ada.states.at(-1) === 'done' && isThere
  }

  /** Offers it, and again only where the first time was not written. */
  async play(): Promise<boolean> {
    this.send()
    await this.turn()
    if (!this.ada.isRemembered) this.send()
    return this.until(() => this.isDone)
  }
}

async function stepsOf(who: 'ada' | 'bob'): Promise<number> {
  const gift = new Gift()
  expect(await gift.play()).toBe(true)
  expect([gift.ada.isRemembered, gift.bob.isRemembered]).toEqual([false, false])
  return gift[who].steps
}

test.each(['ada', 'bob'] as const)('%s dies at each step: all is there, asked for once', async (who) => {
  const steps = await stepsOf(who)
  expect(steps).toBeGreaterThan(15)
  let copies = 0
  for (let step = 1; step <= steps; step++) {
    const gift = new Gift()
    gift[who].doom(step)
    const when = `${who} dies before step ${step}`
    expect(await gift.play(), when).toBe(true)
    expect(listing(gift.bob.sink.tree), when).toEqual(listing(tree))
    const accepted = gift.bob.shown.findIndex(
      (event) => event.kind === 'transfer' && event.state === 'running',
    )
    const asked = gift.bob.shown.filter(
      ({ kind }, at) => kind === 'offered' && at > accepted && accepted >= 0,
    )
    if (gift.bob.copies === 0) expect(asked, when).toEqual([])
    else copies++
    await gift.turn()
    expect([gift.ada.isRemembered, gift.bob.isRemembered], when).toEqual([false, false])
  }
  // Between the moment that it is in its place and that in which its sender knows: decision 43.
  expect(copies).toBeLessThanOrEqual(who === 'bob' ? 1 : 0)
})

test('both leave in the midst of it, and come again: nothing is written twice, and nobody is asked', async () => {
  const gift = new Gift()
  gift.send()
  expect(await gift.until(() => gift.bob.sink.octets > size / 3)).toBe(true)
  for (const side of [gift.ada, gift.bob]) {
    side.process.quit()
    expect(await gift.until(() => side.states.at(-1) === 'waiting')).toBe(true)
  }
  for (const side of [gift.ada, gift.bob]) side.restart()
  expect(await gift.until(() => gift.isDone)).toBe(true)
  expect(gift.bob.shown.filter(({ kind }) => kind === 'offered')).toHaveLength(1)
  expect(gift.ada.states).not.toContain('failed')
  expect(gift.bob.states).not.toContain('failed')
  expect(listing(gift.bob.sink.tree)).toEqual(listing(tree))
})

test.each([
  ['is another one', new Map([['first', content(5)]])],
  ['is gone', new Map()],
])('when what was offered %s by then, both are told, whoever was started anew', async (_, changed) => {
  for (const anew of [['ada'], ['ada', 'bob']] as const) {
    const gift = new Gift()
    gift.send()
    expect(await gift.until(() => gift.bob.sink.octets > size / 3)).toBe(true)
    gift.ada.tree = changed
    for (const who of anew) gift[who].process.isDead = true
    const isOver = (): boolean => [gift.ada, gift.bob].every(({ states }) => states.at(-1) === 'failed')
    expect(await gift.until(isOver)).toBe(true)
    await gift.turn()
    expect([gift.ada.isRemembered, gift.bob.isRemembered]).toEqual([false, false])
    const end = gift.bob.shown.at(-1)
    expect(end).toMatchObject({ name: 'gift', by: 'them' })
  }
})

test('what is cancelled before the two are connected again is over for both', async () => {
  const gift = new Gift()
  gift.send()
  expect(await gift.until(() => gift.bob.sink.octets > size / 3)).toBe(true)
  gift.ada.process.quit()
  expect(await gift.until(() => gift.bob.states.at(-1) === 'waiting')).toBe(true)
  gift.ada.restart()
  await gift.turn()
  gift.ada.process.ask({ kind: 'withdraw', buddy: 'bob', transfer })
  expect(await gift.until(() => gift.bob.states.at(-1) === 'cancelled')).toBe(true)
  expect(gift.ada.states.at(-1)).toBe('cancelled')
  expect([gift.ada.isRemembered, gift.bob.isRemembered]).toEqual([false, false])
})

test('who takes the place of another is shown when that one has let go of its folder', async () => {
  const gift = new Gift()
  gift.send()
  expect(await gift.until(() => gift.bob.sink.octets > size / 3)).toBe(true)
  gift.ada.records = [] // as a script, that remembers nothing
  gift.ada.process.isDead = true
  await gift.turn()
  gift.send('08'.repeat(16))
  expect(await gift.until(() => gift.bob.worksAtOffer.length === 2)).toBe(true)
  expect(gift.bob.worksAtOffer[1]).toEqual(['abandon'])
  expect(gift.bob.states.at(-1)).toBe('failed')
})
