/** A transfer between two programs whose networks change, on a virtual network. */
import { expect, test } from 'vitest'
import { transferId } from '../../src/transfer/offer.ts'
import { contactOf, person, type Running, World } from '../session/people.ts'
import { content } from '../transfer/content.ts'
import { listing, Sink, Source } from '../transfer/disk.ts'

const [ada, bob] = [person('ada', 1), person('bob', 2)]
const transfer = transferId(new Uint8Array(16).fill(7))
const tree = new Map([
  ['first', content(2_000_000)],
  ['second', content(700_000)],
])
const size = 2_700_000

/** Two who are secured, with a disk in memory each, and 20 ms from each other. */
class Couple {
  readonly world = new World({ seed: 5, latency: [20, 20] })
  readonly sender: Running
  readonly receiver: Running
  readonly sink = new Sink()
  readonly #source = new Source(tree)

  constructor() {
    this.sender = this.world.start(ada, [contactOf(bob)])
    this.receiver = this.world.start(bob, [contactOf(ada)])
    this.world.network.run(15_000)
    const { now } = this.world.network
    const about = { kind: 'send', buddy: 'bob', transfer, form: 'files', name: 'gift' } as const
    this.sender.talk.act({ ...about, paths: ['/gift'] }, now)
    this.run(1_000)
    this.receiver.talk.act({ kind: 'accept', buddy: 'ada', transfer, into: '/' }, this.world.network.now)
  }

  /** The disks do each work within 5 ms. */
  run(ms: number): void {
    const { network } = this.world
    for (const end = network.now + ms; network.now < end; network.run(5)) {
      for (const [who, disk] of [
        [this.sender, this.#source],
        [this.receiver, this.sink],
      ] as const) {
        for (const work of who.host.work.splice(0)) {
          const result = disk.do(work as Parameters<Sink['do']>[0])
          if (result) who.talk.worked(result, network.now)
        }
      }
    }
  }

  get state(): string | undefined {
    return this.receiver.events('transfer').at(-1)?.state
  }
}

test('goes on when either side has another address in the middle of it: nothing is written twice, in one conversation', () => {
  const couple = new Couple()
  const { sender, receiver, sink } = couple
  const moved: number[] = []
  for (const [who, at] of [
    [sender, 400_000],
    [receiver, 1_300_000],
    [sender, 2_100_000],
  ] as const) {
    while (sink.octets < at && couple.world.network.now < 120_000) couple.run(5)
    moved.push(sink.octets)
    who.host.rebind()
  }
  while (couple.state !== 'done' && couple.world.network.now < 300_000) couple.run(100)
  expect(moved.every((octets) => octets < size)).toBe(true)
  expect(listing(sink.tree)).toEqual(listing(tree))
  expect(sink.octets).toBe(size)
  expect(sender.events('secured')).toHaveLength(1)
  expect(sender.events('transfer').at(-1)).toMatchObject({ state: 'done' })
})

test('a line said in the middle of it is shown before what was sent earlier is through', () => {
  const couple = new Couple()
  const { sender, receiver, sink, world } = couple
  while (sink.octets < 500_000) couple.run(5)
  const said = world.network.now
  sender.talk.act({ kind: 'say', buddy: 'bob', id: '00000000000000aa', text: 'meanwhile' }, said)
  while (receiver.events('message').length === 0 && world.network.now < said + 5_000) couple.run(5)
  expect(world.network.now - said).toBeLessThan(100)
  expect(sink.octets).toBeLessThan(size)
})
