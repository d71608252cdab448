import { describe, expect, test } from 'vitest'
import type { Address } from '../../../src/machine.ts'
import { knock, type LinkKeys, readKnock, writeResponse } from '../../../src/transport/link/frames.ts'
import { Initiator, Responder } from '../../../src/transport/link/handshake.ts'
import { Knocks } from '../../../src/transport/link/knocks.ts'
import { address } from '../../support/network.ts'
import { bitFlips, establish, keysOf, octets, randomOf, truncations } from './pair.ts'

const keys = keysOf(40)
const peerOf = (number: number): Address => address(`10.0.0.1:${number + 1}`)

/** An initiator, and a responder that is asked with a new index each time. */
function start({ seed = 1, theirs = keys }: { seed?: number; theirs?: LinkKeys } = {}) {
  const random = randomOf(seed)
  const responder = new Responder()
  let index = 100
  return {
    responder,
    initiator: (own = keys) => new Initiator({ keys: own, index: 0x01020304, random }),
    ask: (init: Uint8Array, { peer = 0, now = 0, epoch = 7 } = {}) =>
      responder.receive(init, peerOf(peer), { keys: theirs, epoch, index: index++, random }, now),
  }
}

test('both sides agree on keys, indices and h, and no two handshakes share them', () => {
  const { initiator, responder } = establish(1)
  expect(initiator).toMatchObject({ role: 'initiator', index: 0x01020304, peerIndex: 0xfffefdfc })
  expect(responder).toMatchObject({ role: 'responder', index: 0xfffefdfc, peerIndex: 0x01020304 })
  expect([responder.h, responder.ck]).toEqual([initiator.h, initiator.ck])
  expect([initiator.h.length, initiator.ck.length]).toEqual([32, 32])
  const other = establish(2).initiator
  expect(other.h).not.toEqual(initiator.h)
  expect(other.ck).not.toEqual(initiator.ck)
})

test('no answer is longer than its question', () => {
  const { initiator, ask } = start()
  const { init } = initiator()
  expect(ask(init)!.response.length).toBeLessThanOrEqual(init.length)
  expect(knock(keys, octets(8, 1), randomOf(1)).length).toBeGreaterThanOrEqual(init.length)
})

test('another psk under a right mac1 gives no link, and takes no place', () => {
  const { initiator, ask } = start()
  const wrong = { ...keys, psk: octets(32, 1) }
  for (let i = 0; i < 3; i++) expect(ask(initiator(wrong).init)).toBeUndefined()
  expect(ask(initiator().init)).toBeDefined()
})

test('no damaged init gets an answer, and none spoils the true one', () => {
  const { initiator, ask } = start()
  const { init } = initiator()
  for (const damaged of [...bitFlips(init), ...truncations(init)]) expect(ask(damaged)).toBeUndefined()
  expect(ask(init)?.established).toBeDefined()
})

test('no damaged response makes a link, and none spoils the true one', () => {
  const { initiator, ask } = start()
  const first = initiator()
  const { response } = ask(first.init)!
  for (const damaged of [...bitFlips(response), ...truncations(response)])
    expect(first.receive(damaged)).toBeUndefined()
  expect(first.receive(first.init)).toBeUndefined()
  expect(first.receive(response)).toBeDefined()
  expect(first.receive(response)).toBeUndefined()
})

test('a response to another index or another init is nobody’s', () => {
  const { initiator, ask } = start()
  const [first, second] = [initiator(), initiator()]
  const [one, two] = [ask(first.init)!, ask(second.init)!]
  expect(first.receive(two.response)).toBeUndefined()
  const noise = one.response.slice(12, 60)
  expect(first.receive(writeResponse(keys, { index: 5, peerIndex: 0x01020305, noise }))).toBeUndefined()
  expect(first.receive(writeResponse(keys, { index: 5, peerIndex: 0x01020304, noise }))).toBeDefined()
})

test('an initiator that was given up takes no response', () => {
  const { initiator, ask } = start()
  const first = initiator()
  const { response } = ask(first.init)!
  first.wipe()
  expect(first.receive(response)).toBeUndefined()
})

describe('an init that comes again', () => {
  test('gets the same response at 8 addresses for 10 s, and makes no second link', () => {
    const { initiator, ask } = start()
    const { init } = initiator()
    const { response } = ask(init)!
    for (let peer = 0; peer < 8; peer++) expect(ask(init, { peer, now: 9_999 })).toEqual({ response })
    expect(ask(init, { peer: 8, now: 9_999 })).toBeUndefined()
    expect(ask(init, { peer: 7, now: 9_999 })).toEqual({ response })
    expect(ask(init, { peer: 7, now: 10_000 })).toBeUndefined()
    expect(ask(init, { now: 3_600_000, epoch: 8 })).toBeUndefined()
  })

  test('is known among 300 of a pair, also in the epochs beside its own', () => {
    const { initiator, ask, responder } = start()
    const inits = Array.from({ length: 300 }, () => initiator().init)
    for (const [i, init] of inits.entries()) {
      expect(ask(init, { now: i, epoch: 6 + Math.floor(i / 100) })?.established).toBeDefined()
      responder.settle(100 + i)
    }
    for (const init of inits) expect(ask(init, { now: 100_000, epoch: 8 })).toBeUndefined()
  })

  test('is kept no longer than an epoch that counts', () => {
    const { initiator, ask } = start()
    const { init } = initiator()
    ask(init, { epoch: 7 })
    ask(initiator().init, { epoch: 9, now: 20_000 })
    expect(ask(init, { epoch: 7, now: 20_000 })).toBeUndefined()
    ask(initiator().init, { epoch: 10, now: 40_000 })
    expect(ask(init, { epoch: 7, now: 60_000 })?.established).toBeDefined() // who calls this has another clock
  })
})

describe('a buddy has at most 4 half-open links', () => {
  /** Indices 100 to 103, one every 100 ms. */
  const full = (seed = 1) => {
    const started = start({ seed })
    const inits = Array.from({ length: 4 }, () => started.initiator().init)
    for (const [i, init] of inits.entries())
      expect(started.ask(init, { now: 100 * i })?.displaced).toBeUndefined()
    return { ...started, inits }
  }

  test('a fifth within 2 s of the first is refused, and not spoilt by that; later it takes its place', () => {
    const { initiator, ask } = full()
    const fifth = initiator().init
    expect(ask(fifth, { now: 2_000 })).toBeUndefined()
    expect(ask(fifth, { now: 2_001 })).toMatchObject({ established: {}, displaced: 100 })
    expect(ask(initiator().init, { now: 2_100 })).toBeUndefined()
    expect(ask(initiator().init, { now: 2_101 })?.displaced).toBe(101)
  })

  test('which of those older than 2 s has to go is by lot', () => {
    const counts = new Map<number | undefined, number>()
    for (let seed = 1; seed <= 40; seed++) {
      const { initiator, ask } = full(seed)
      const { displaced } = ask(initiator().init, { now: 2_201 })! // 103 is not that old
      counts.set(displaced, (counts.get(displaced) ?? 0) + 1)
    }
    expect([...counts.keys()].toSorted()).toEqual([100, 101, 102])
    expect(Math.min(...counts.values())).toBeGreaterThan(5)
  })

  test('one that is settled, or 15 s old, makes room without that', () => {
    const { initiator, ask, responder } = full()
    responder.settle(102)
    const fifth = ask(initiator().init, { now: 1_000 })
    expect(fifth?.established).toBeDefined()
    expect(fifth).not.toHaveProperty('displaced')
    expect(ask(initiator().init, { now: 14_999 })).toHaveProperty('displaced')
    expect(ask(initiator().init, { now: 15_301 })).not.toHaveProperty('displaced')
  })

  test('the init of one that had to go leads nowhere any more', () => {
    const { initiator, ask, inits } = full()
    expect(ask(inits[0]!, { now: 2_001 })).toBeDefined()
    ask(initiator().init, { now: 2_001 })
    expect(ask(inits[0]!, { now: 2_001 })).toBeUndefined()
    expect(ask(inits[1]!, { now: 2_001 })).toEqual({ response: expect.any(Uint8Array) })
    expect(ask(inits[0]!, { now: 100_000 })).toBeUndefined()
  })

  test('a wrong init displaces nobody', () => {
    const { initiator, ask } = full()
    expect(ask(initiator({ ...keys, psk: octets(32, 1) }).init, { now: 2_001 })).toBeUndefined()
    expect(ask(initiator().init, { now: 2_001 })?.displaced).toBe(100)
  })

  test('recordings of earlier do not keep an honest buddy out: he has 2 s, whatever is played back', () => {
    const { initiator, ask } = start()
    const recorded = Array.from({ length: 60 }, () => initiator().init)
    const honest = initiator().init
    let own: number | undefined
    let heldFor = 0
    for (let now = 0; now < 12_000; now += 100) {
      const played = recorded.length > 0 ? ask(recorded.pop()!, { now }) : undefined
      if (own !== undefined && played?.displaced === own) break
      if (own !== undefined) heldFor += 100
      else if (now >= 3_000) own = ask(honest, { now })?.established?.index // he sends it again and again
    }
    expect(own).toBeDefined()
    expect(heldFor).toBeGreaterThanOrEqual(2_000)
  })
})

describe('a knock', () => {
  const [here, there] = [peerOf(0), peerOf(1)]
  const one = octets(8, 1)
  const stranger = { isKnown: false }

  test('is answered at most once a second an address', () => {
    const knocks = new Knocks()
    expect(knocks.mayAnswer(here, stranger, 0)).toBe(true)
    expect(knocks.mayAnswer(here, stranger, 999)).toBe(false)
    expect(knocks.mayAnswer(there, stranger, 999)).toBe(true)
    expect(knocks.mayAnswer(here, stranger, 1_000)).toBe(true)
    expect(knocks.mayAnswer(here, stranger, 1_001)).toBe(false)
  })

  test('is answered at no more than 64 addresses a second', () => {
    const knocks = new Knocks()
    const answers = Array.from({ length: 200 }, (_, i) => knocks.mayAnswer(peerOf(i), stranger, i))
    expect(answers.filter(Boolean)).toHaveLength(64)
    expect(knocks.mayAnswer(peerOf(300), stranger, 1_000)).toBe(true)
    expect(knocks.mayAnswer(peerOf(301), stranger, 1_000)).toBe(false)
    expect(knocks.mayAnswer(peerOf(301), { isKnown: true }, 1_000)).toBe(true)
  })

  test('names its session', () => {
    expect(readKnock(keys, knock(keys, one, randomOf(1)))?.sessionId).toEqual(one)
  })
})
