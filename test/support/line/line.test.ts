import { expect, test } from 'vitest'
import type { Address, Datagram, Local, Machine, Output } from '../../../src/machine.ts'
import { classic } from '../../../src/transport/enet/classic.ts'
import { bulk } from './bulk.ts'
import { type End, Line, type LineOptions } from './line.ts'

/** Sends what it is told when its time comes, and notes what comes. */
class Probe implements Machine<never> {
  deadline = Infinity
  readonly heard: { readonly at: number; readonly first: number }[] = []
  readonly drained: number[] = []
  #waiting: Uint8Array[] = []
  readonly #local: Local
  readonly #peer: Address

  constructor({ local }: End, { address }: End) {
    this.#local = local
    this.#peer = address
  }

  send(count: number, { size = 1_222, at = -Infinity } = {}): void {
    for (let i = 0; i < count; i++) this.#waiting.push(new Uint8Array(size).fill(i))
    this.deadline = at
  }

  receive({ bytes }: Datagram, now: number): void {
    this.heard.push({ at: now, first: bytes[0]! })
  }

  drain(now: number): Iterable<Output<never>> {
    this.drained.push(now)
    if (this.deadline > now) return []
    this.deadline = Infinity
    const [local, peer] = [this.#local, this.#peer]
    return this.#waiting.splice(0).map((bytes) => ({ kind: 'send', datagram: { local, peer, bytes } }))
  }
}

function between(options: LineOptions) {
  const line = new Line(options)
  const [a, b] = line.ends()
  const [left, right] = [new Probe(a, b), new Probe(b, a)]
  line.attach(a, left)
  line.attach(b, right)
  return { line, left, right, start: line.now }
}

/** ms from the start to each arrival, and what came. */
const times = ({ heard }: Probe, start: number): number[] => heard.map(({ at }) => at - start)
const firsts = ({ heard }: Probe): number[] => heard.map(({ first }) => first)

test('1,250 octets on a link of 10 Mbit/s take 1 ms each, and of a burst stay as many as the queue holds', () => {
  const { line, left, right, start } = between({ delay: 20, rate: 10, queue: 4 })
  left.send(20)
  line.run(100)
  expect(times(right, start)).toEqual([21, 22, 23, 24, 25])
  const { dropped, queue, wait, utilisation, carried } = line.tally('left')
  expect({ dropped, queue, wait, utilisation, carried }).toEqual({
    dropped: 15,
    queue: { max: 4, mean: 2 },
    wait: { max: 4, mean: 2 },
    utilisation: 0.05,
    carried: 6_250,
  })
})

test('all pairs share one link and its queue', () => {
  const { line, left, right, start } = between({ rate: 10, queue: 4 })
  const [c, d] = line.ends()
  const [other, its] = [new Probe(c, d), new Probe(d, c)]
  line.attach(c, other)
  line.attach(d, its)
  left.send(3)
  other.send(3)
  line.run(100)
  expect([times(right, start), times(its, start)]).toEqual([
    [1, 2, 3],
    [4, 5],
  ])
})

test('what arrives within 1 ms is handed over together, and the machine drained once', () => {
  const { line, left, right, start } = between({ delay: 10, rate: 80 })
  left.send(16)
  line.run(100)
  expect(times(right, start)).toEqual([...new Array(8).fill(11), ...new Array(8).fill(12)])
  expect(right.drained.map((at) => at - start)).toEqual([11, 12])
})

test('timers are whole milliseconds, rounded up', () => {
  const { line, left, start } = between({})
  left.send(1, { at: start + 5.01 })
  line.run(100)
  expect(left.drained.map((at) => at - start)).toEqual([6])
})

test('of 20,000 datagrams 5 % are lost and 3 % doubled, the same ones with the same seed', () => {
  const heard = [1, 1, 2].map((seed) => {
    const { line, left, right } = between({ seed, delay: 1, loss: 0.05, duplication: 0.03, reorder: 0.02 })
    left.send(20_000, { size: 2 })
    line.run(100)
    expect(line.tally('left').lost).toBeCloseTo(1_000, -2)
    expect(right.heard.length).toBeCloseTo(19_000 * 1.03, -2.3)
    return firsts(right).join()
  })
  expect(heard[0]).toBe(heard[1])
  expect(heard[0]).not.toBe(heard[2])
})

test('jitter lets nobody overtake; reordering does', () => {
  const orders = [{ jitter: 50 }, { reorder: 0.1, late: 30 }].map((way) => {
    const { line, left, right } = between({ delay: 10, ...way })
    left.send(200, { size: 2 })
    line.run(200)
    return firsts(right)
  })
  const inOrder = Array.from({ length: 200 }, (_, i) => i)
  expect(orders[0]).toEqual(inOrder)
  expect(orders[1]).not.toEqual(inOrder)
  expect(orders[1]!.toSorted((a, b) => a - b)).toEqual(inOrder)
})

test('conditions change at their time, of one direction or both, and an outage loses all that is sent in it', () => {
  const changes = [{ at: 100, delay: 50 }, { at: 100, from: 'right', delay: 3 } as const]
  const { line, left, right, start } = between({ delay: 10, changes, outages: [[200, 300]] })
  for (const at of [50, 150, 250, 350]) {
    line.in(at, () => {
      left.send(1)
      right.send(1)
    })
  }
  line.run(1_000)
  expect([times(right, start), times(left, start)]).toEqual([
    [60, 200, 400],
    [60, 153, 353],
  ])
})

test('who always has something due, or wakes for ever in vain, is a livelock', () => {
  const [busy, idle] = [between({}), between({})]
  busy.left.drain = () => []
  busy.left.deadline = 0
  expect(() => busy.line.run(1)).toThrow('livelock: always something due at 0 ms')
  idle.left.drain = (now) => {
    idle.left.deadline = now + 0.1
    return []
  }
  idle.left.deadline = 0
  expect(() => idle.line.run(3_600_000)).toThrow('livelock: woken in vain for ever at 10000 ms')
})

test('a host with a window of 64 KiB gets 0.65 MB/s over 100 ms there and back, all of it in order', () => {
  const { isWhole, goodput, retransmitted } = bulk({
    delay: 50,
    rate: 100,
    queue: 256,
    megabytes: 1,
    sending: classic,
  })
  expect([isWhole, retransmitted]).toEqual([true, 0])
  expect(goodput).toBeCloseTo(0.65, 1)
})
