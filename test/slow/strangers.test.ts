/** A hundred thousand forged datagrams from ten thousand addresses: no answer, no memory, and the two talk on. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import type { Address, Local } from '../../src/machine.ts'
import { Pair } from '../../src/profile/pair.ts'
import { linkKeys } from '../../src/session/firsts.ts'
import { contactOf, person, type Running, seeded, World, wall } from '../session/people.ts'
import { address } from '../support/network.ts'

const [ada, bob] = [person('ada', 1), person('bob', 2)]
// The holder of the smaller discovery key initiates (docs/Protocol.md, "Handshake").
const [initiator, responder] = ada.identity.address[1]! < bob.identity.address[1]! ? [ada, bob] : [bob, ada]
const pair = Pair.of(initiator.identity, responder.identity.address)!
const strangers: readonly Address[] = Array.from({ length: 10_000 }, (_, i) =>
  address(`198.18.${i >> 8}.${i & 255}:${1_024 + i}`),
)
const isStranger = new Set(strangers)
const count = 100_000

interface Scene {
  readonly world: World
  readonly i: Running
  readonly r: Running
  readonly ends: ReadonlyMap<Running, Local>
}

/** Two who talk, or the first of them alone, who waits for the other. */
function scene(isTalking: boolean): Scene {
  const world = new World({ seed: 31, latency: [20, 20] })
  const r = world.start(responder, [contactOf(initiator)])
  const i = world.start(initiator, [contactOf(responder)])
  world.network.run(15_000)
  expect([i, r].map((each) => each.events('secured').length)).toEqual([1, 1])
  const ends = new Map([i, r].map((each) => [each, each.tap.heard[0]!.local]))
  if (!isTalking) {
    i.kill()
    world.network.run(60_000)
  }
  return { world, i, r, ends }
}

const now = ({ world }: Scene): number => world.network.now
const answers = ({ tap }: Running): number => tap.sent.filter(({ peer }) => isStranger.has(peer)).length

/** What can be forged by who saw all that went over the wire. */
function forgeries(scene: Scene, seed: number): (() => Uint8Array)[] {
  const random = seeded(seed)
  const { tags } = linkKeys(pair, Math.floor(wall(now(scene)) / 3_600_000))
  const frames = [...scene.i.tap.sent, ...scene.r.tap.sent].map(({ bytes }) => bytes)
  const data = frames.filter((bytes) => bytes[0] === 0xf3)
  const made = (size: number, head: readonly number[], tag?: readonly [Uint8Array, number]): Uint8Array => {
    const bytes = random(size)
    bytes.set(head)
    if (tag) bytes.set(...tag)
    return bytes
  }
  const padded = (bytes: Uint8Array, from: number): Uint8Array => bytes.fill(0, from, 176)
  return [
    () => made(192, [0xf0, 0, 0, 0]),
    () => padded(made(192, [0xf0, 0, 0, 0], [tags.initiator, 8]), 64),
    () => padded(made(192, [0xf4, 0, 0, 0], [tags.responder, 4]), 36),
    () => made(76, [0xf1, 0, 0, 0]),
    () => {
      const bytes = data[random(1)[0]! % data.length]!.slice()
      bytes.set(random(8), 8) // another counter
      bytes.fill(0, 14, 16)
      return bytes
    },
    () => made(41 + (random(1)[0]! % 100), [0xf3, 0, 0, 0]),
    () => data[random(1)[0]! % data.length]!, // a replay
    () => made(1 + random(1)[0]!, [0xf0 | (random(1)[0]! & 7)]),
  ]
}

/** Octets in use once what can be collected is. */
function heap(): number {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect !== 'function') throw new Error('no gc')
  collect()
  return process.memoryUsage().heapUsed
}

describe.each([
  ['who talk', true],
  ['of whom one waits for the other', false],
] as const)('100,000 forged datagrams from 10,000 addresses to two %s', (_, isTalking) => {
  test('get no answer, leave no memory, tell nothing, and cost some microseconds each', () => {
    const all = scene(isTalking)
    const { world, i, r, ends } = all
    const both = isTalking ? [i, r] : [r]
    const forge = forgeries(all, 5)
    // Who waits says from time to time what is tried.
    const told = (): unknown[] => both.map(({ host }) => host.events.filter(({ kind }) => kind !== 'phase'))
    const toldBefore = told()
    const flood = (from: number, until: number): void => {
      for (let n = from; n < until; n++) {
        const to = both[n % both.length]!
        const datagram = {
          local: ends.get(to)!,
          peer: strangers[n % 10_000]!,
          bytes: forge[n % forge.length]!(),
        }
        to.talk.receive(datagram, now(all))
        if (n % 1_000 === 0) world.network.run(10)
      }
    }
    flood(0, 2_000)
    const before = heap()
    const start = process.cpuUsage()
    flood(2_000, count + 2_000)
    const { user, system } = process.cpuUsage(start)
    const grown = heap() - before
    expect(both.map(answers)).toEqual(both.map(() => 0))
    expect(told()).toEqual(toldBefore)
    expect(grown).toBeLessThan(250_000)
    console.log(
      `${((user + system) / count).toFixed(1)} µs each, made included; the heap grew by ${grown} octets`,
    )
    if (!isTalking) return
    i.say(responder.alias, 'still here')
    world.network.run(1_000)
    expect(r.texts.at(-1)).toBe('still here')
  })
})

describe('inits that were recorded', () => {
  test('get 8 addresses an answer each of fewer octets, for 10 s, and nobody one after that', () => {
    const world = new World({ seed: 32, latency: [20, 20] })
    const r = world.start(responder, [contactOf(initiator)])
    const i = world.start(initiator, [contactOf(responder)])
    world.network.run(15_000)
    const inits = new Map(
      i.tap.sent.filter(({ bytes }) => bytes[0] === 0xf0).map(({ bytes }) => [String(bytes), bytes]),
    )
    expect(inits.size).toBe(1)
    const [init] = inits.values()
    const { local } = r.tap.heard[0]!
    r.kill()
    // The same person's program, started anew: it has never heard this init.
    const again = world.start(responder, [contactOf(initiator)])
    world.network.run(1)
    i.kill()
    world.network.run(2_000)
    const main = again.tap.sent.find((each) => each.local.kind === local.kind)!.local
    const play = (): void => {
      for (const peer of strangers.slice(0, 1_000))
        again.talk.receive({ local: main, peer, bytes: init! }, world.network.now)
      world.network.run(100)
    }
    for (let n = 0; n < 20; n++) play()
    const sent = again.tap.sent.filter(({ peer }) => isStranger.has(peer))
    expect(new Set(sent.map(({ peer }) => peer)).size).toBe(8)
    expect(new Set(sent.map(({ bytes }) => bytes.length))).toEqual(new Set([76]))
    expect(sent).toHaveLength(8 * 20)
    world.network.run(10_000)
    play()
    expect(answers(again)).toBe(8 * 20)
  })
})
