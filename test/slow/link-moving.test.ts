import { describe, expect, test } from 'vitest'
import type { Path } from '../../src/machine.ts'
import { isSame } from '../../src/transport/link/paths.ts'
import { address } from '../support/network.ts'
import { connect, type End, type Ends, openNat, portRestricted } from '../transport/link/ends.ts'
import { randomOf } from '../transport/link/pair.ts'

const open: [typeof openNat, typeof openNat] = [openNat, openNat]
const behindNats: [typeof openNat, typeof openNat] = [portRestricted, portRestricted]

/** From a socket of ours to one of theirs. */
const path = (from: End, to: End, [ours, theirs]: readonly [number, number]): Path => ({
  local: from.locals[ours]!,
  peer: to.at(theirs),
})

const moves = (end: End): number => end.kinds().filter((kind) => kind === 'path').length

/** Whether each side sends to where the other one listens and sends from. */
const agree = ({ one, two }: Ends): boolean => {
  const [a, b] = [one.link!.path, two.link!.path]
  return isSame(b, {
    local: two.locals[two.locals.findIndex((_, i) => two.at(i) === a.peer)]!,
    peer: one.at(one.locals.indexOf(a.local)),
  })
}

describe('a better path that the owner offers', () => {
  test('is taken by both sides, whoever offers it', () => {
    for (const who of ['one', 'two'] as const) {
      const ends = connect({ seed: 1, nats: open, sockets: 2 })
      const { network, one, two } = ends
      const [from, to] = who === 'one' ? [one, two] : [two, one]
      const better = path(from, to, [1, 1])
      from.link!.offerPaths([better], network.now)
      network.run(2_000)
      expect(from.link!.path).toEqual(better)
      expect(agree(ends)).toBe(true)
      expect([moves(one), moves(two)]).toEqual([1, 1])
    }
  })

  test('works through two NATs that mind the port, once both sides sent there, up to 4 s apart', () => {
    for (const apart of [0, 500, 1_500, 4_000]) {
      const ends = connect({ seed: 2, nats: behindNats, sockets: 2, latency: [20, 60] })
      const { network, one, two } = ends
      one.link!.offerPaths([path(one, two, [1, 1])], network.now)
      network.run(apart)
      expect(moves(one)).toBe(0)
      two.link!.offerPaths([path(two, one, [1, 1])], network.now)
      network.run(2_000)
      expect(one.link!.path).toEqual(path(one, two, [1, 1]))
      expect(two.link!.path).toEqual(path(two, one, [1, 1]))
      expect([moves(one), moves(two)]).toEqual([1, 1])
    }
  })

  test('gets four challenges of 41 octets in 1 s if nobody echoes, however often it is offered; eight paths do', () => {
    const { network, one } = connect({ seed: 3, nats: open })
    network.run(5_000)
    const before = one.link!.path
    const nobody = Array.from({ length: 20 }, (_, i) => ({
      local: one.locals[0]!,
      peer: address(`198.51.100.7:${i + 1}`),
    }))
    const sent = new Map<string, number>()
    const { egress } = one.host
    one.host.egress = (path) => {
      if (path.peer.startsWith('198.')) sent.set(path.peer, (sent.get(path.peer) ?? 0) + 1)
      return egress.call(one.host, path)
    }
    for (let i = 0; i < 10; i++) {
      one.link!.offerPaths(nobody, network.now)
      network.run(450)
    }
    network.run(10_000)
    expect(sent.size).toBe(8)
    expect(new Set(sent.values())).toEqual(new Set([4]))
    expect(one.link!.path).toBe(before)
  })
})

describe('when both sides offer different paths at once', () => {
  test('they end on one, after a few moves, and stay there', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const ends = connect({
        seed,
        nats: open,
        sockets: 4,
        latency: [5, 150],
        loss: seed % 2 === 0 ? 0.1 : 0,
      })
      const { network, one, two } = ends
      const random = randomOf(seed)
      const some = (from: End, to: End): Path[] =>
        Array.from({ length: 1 + (random(1)[0]! % 4) }, () =>
          path(from, to, [random(1)[0]! % 4, random(1)[0]! % 4]),
        )
      one.link!.offerPaths(some(one, two), network.now)
      network.run(random(1)[0]!)
      two.link!.offerPaths(some(two, one), network.now)
      network.run(8_000)
      const settled = [moves(one), moves(two)]
      network.run(120_000)
      expect([seed, agree(ends)]).toEqual([seed, true])
      expect([seed, moves(one), moves(two)]).toEqual([seed, ...settled])
      expect(Math.max(...settled)).toBeLessThanOrEqual(5)
    }
  })

  test('nothing is lost, doubled or out of order while they do so every 500 ms and a tenth of all is lost', () => {
    for (let seed = 1; seed <= 4; seed++) {
      const ends = connect({ seed, nats: open, sockets: 4, latency: [5, 150], loss: 0.1 })
      const { network, one, two } = ends
      const random = randomOf(seed)
      const any = (from: End, to: End): Path => path(from, to, [random(1)[0]! % 4, random(1)[0]! % 4])
      const expected = Array.from({ length: 600 }, (_, i) => `${i}`)
      for (const [i, text] of expected.entries()) {
        one.say(text)
        two.say(text)
        if (i % 10 === 0) {
          one.link!.offerPaths([any(one, two), any(one, two)], network.now)
          two.link!.offerPaths([any(two, one), any(two, one)], network.now)
        }
        network.run(50)
      }
      network.run(20_000)
      expect(one.texts).toEqual(expected)
      expect(two.texts).toEqual(expected)
      expect(moves(one)).toBeGreaterThan(20)
    }
  })
})

describe('a change of our own network', () => {
  test.each([1, 3_000, 9_000])('costs a conversation %i ms of outage and no message', (outage) => {
    for (const who of ['one', 'two'] as const) {
      const ends = connect({ seed: 5, nats: open, sockets: 2, loss: 0.1 })
      const { network, one, two } = ends
      const [mover, other] = who === 'one' ? [one, two] : [two, one]
      network.run(5_000) // nothing sent before waits for an answer
      mover.host.close(mover.locals[0]!)
      mover.link!.localGone(mover.locals[0]!, network.now)
      mover.say('first')
      other.say('first')
      network.run(outage)
      mover.say('second')
      mover.link!.moved([path(mover, other, [1, 0])], network.now)
      const start = network.now
      network.run(1_500)
      expect(mover.link!.path).toEqual(path(mover, other, [1, 0]))
      expect(agree(ends)).toBe(true)
      network.run(2_000)
      expect([mover.texts, other.texts]).toEqual([['first'], ['first', 'second']])
      expect(other.heard[0]!.at).toBeLessThan(start + 1_500)
    }
  })

  test('may last 35 s when the other side is silent; without a new end the link is lost after 40 s', () => {
    for (const comesBack of [true, false]) {
      const { network, one, two } = connect({ seed: 6, nats: open, sockets: 2, mayMeasure: [false, false] })
      network.run(5_000)
      one.host.close(one.locals[0]!)
      one.link!.localGone(one.locals[0]!, network.now)
      one.say('written meanwhile')
      network.run(35_000)
      expect(one.kinds()).toEqual(['up'])
      if (comesBack) one.link!.moved([path(one, two, [1, 0])], network.now)
      network.run(5_100)
      expect(one.kinds()).toEqual(['up', comesBack ? 'path' : 'lost'])
      expect(two.texts).toEqual(comesBack ? ['written meanwhile'] : [])
    }
  })

  test('is over when a path was found: the next line that nobody answers is the end in 10 s, as ever', () => {
    const { network, one, two } = connect({ seed: 12, nats: open, sockets: 2, mayMeasure: [false, false] })
    one.host.close(one.locals[0]!)
    one.link!.localGone(one.locals[0]!, network.now)
    one.link!.moved([path(one, two, [1, 0])], network.now)
    network.run(5_000)
    two.host.machine = undefined
    one.say('anybody?')
    network.run(10_100)
    expect(one.kinds()).toEqual(['up', 'path', 'lost'])
  })

  test('has 30 s: who is silent for longer is lost', () => {
    const { network, one, two } = connect({ seed: 7, nats: open, sockets: 2 })
    two.host.close(two.locals[0]!)
    two.link!.localGone(two.locals[0]!, network.now)
    one.say('anybody?')
    one.link!.moved([path(one, two, [1, 0])], network.now)
    network.run(29_900)
    expect(one.kinds()).toEqual(['up'])
    network.run(200)
    expect(one.kinds()).toEqual(['up', 'lost'])
  })

  test('behind a NAT that the other side does not know is healed when that side offers the new address', () => {
    const { network, one, two } = connect({ seed: 8, nats: behindNats, sockets: 2, latency: [20, 60] })
    one.host.close(one.locals[0]!)
    one.link!.localGone(one.locals[0]!, network.now)
    one.link!.moved([path(one, two, [1, 0])], network.now)
    network.run(6_000) // until a record tells where one is
    expect(moves(one)).toBe(0)
    one.say('still here')
    two.link!.offerPaths([path(two, one, [0, 1])], network.now)
    network.run(2_000)
    expect([moves(one), moves(two)]).toEqual([1, 1])
    expect(two.texts).toEqual(['still here'])
  })

  test('that breaks nothing is seen to: the path stays, and nothing is told', () => {
    const { network, one, two } = connect({ seed: 9, nats: open, sockets: 2 })
    one.link!.moved([one.link!.path], network.now)
    one.say('on')
    network.run(60_000)
    expect([one.kinds(), two.kinds()]).toEqual([['up'], ['up', 'message']])
  })

  test('is supposed by a machine that wakes late: the other side is asked at once, and has 30 s', () => {
    const { network, one, two } = connect({ seed: 10, nats: open, latency: [20, 60] })
    network.run(20_000)
    two.host.machine = undefined
    one.host.machine = undefined
    network.now += 60_000
    one.host.machine = one
    const { frames } = one.link!.sent
    network.run(1_200)
    expect(one.link!.sent.frames - frames).toBeGreaterThanOrEqual(4)
    network.run(28_700)
    expect(one.kinds()).toEqual(['up'])
    two.host.machine = two
    network.run(10_000)
    expect([one.kinds(), two.kinds()]).toEqual([['up'], ['up']])
  })
})
