/** What one buddy is told, and how soon; and what a change of network does. */
import { describe, expect, test } from 'vitest'
import { sha256 } from '../../src/crypto.ts'
import type { Candidate, DiscoveryOptions } from '../../src/discovery/discovery.ts'
import { epochOf, Place } from '../../src/discovery/place.ts'
import { openRecord } from '../../src/discovery/record.ts'
import type { Address } from '../../src/machine.ts'
import { address } from '../support/network.ts'
import { isAt, itemAt, Solo, seqNow, somebody, told } from './solo.ts'
import { found, pairOf, Swarm, wallStart } from './swarm.ts'

const pair = pairOf('x', 0)
const epoch = epochOf(wallStart)
const [ours, theirs] = [new Place(pair, 0, epoch), new Place(pair, 1, epoch)]
const saying = (port: number): { candidates: readonly Candidate[]; startAt: number } => ({
  candidates: [{ kind: 'reflexive', address: address(`45.5.5.5:${port}`) }],
  startAt: 0,
})

interface Put {
  readonly at: number // ms
  readonly told: readonly Address[]
}

/** One who seeks bob by a network of one node, and what that stores for him. */
class Sought extends Solo {
  readonly puts: Put[] = []
  readonly polls: number[] = []
  seq: number | undefined // of bob's record, if there is one

  constructor(options: Partial<DiscoveryOptions> = {}) {
    super(options)
    this.discovery.announce(told, 0)
    this.discovery.seek('bob', pair, 0)
  }

  pass(span: number): this {
    let stored: ReturnType<typeof itemAt> | undefined
    this.serve(span, (query) => {
      const { question } = query
      if (isAt(query, theirs)) {
        this.polls.push(this.now)
        return this.seq === undefined ? {} : { item: itemAt(theirs, this.seq) }
      }
      if (question.kind !== 'put' || question.item.kind !== 'mutable')
        return isAt(query, ours) && stored ? { item: stored } : {}
      const { key, seq, value } = question.item
      if (key.join() !== ours.publicKey.join()) return {}
      stored = question.item
      const record = openRecord(value as Uint8Array, { key: ours.aead, target: ours.target, seq })
      this.puts.push({ at: this.now, told: record!.candidates.map(({ address }) => address) })
      return {}
    })
    return this
  }

  /** Told after how many ms, since then. */
  toldAfter(start: number): number[] {
    return this.puts.filter(({ at }) => at >= start).map(({ at }) => at - start)
  }
}

describe('tell', () => {
  test('overrides what one buddy is told, and only his', () => {
    const solo = new Sought()
    const other = pairOf('y', 0)
    const at = new Place(other, 0, epoch)
    const others: number[] = []
    solo.discovery.seek('carol', other, 0)
    solo.pass(5_000)
    solo.discovery.tell('bob', saying(1), solo.now)
    solo.serve(20_000, (query) => {
      const { question } = query
      if (question.kind === 'put' && question.item.kind === 'mutable') {
        const { key, seq, value } = question.item
        const isOurs = key.join() === ours.publicKey.join()
        const place = isOurs ? ours : at
        const record = openRecord(value as Uint8Array, { key: place.aead, target: place.target, seq })
        if (isOurs) solo.puts.push({ at: solo.now, told: record!.candidates.map(({ address }) => address) })
        else others.push(solo.now)
      }
      return {}
    })
    expect(solo.puts.at(-1)!.told).toEqual(['45.5.5.5:1'])
    expect(others).toEqual([])
  })

  test('what all are told does not reach him until he is told nothing of his own', () => {
    const solo = new Sought().pass(20_000)
    const put = (): readonly Address[] => solo.puts.at(-1)!.told
    solo.discovery.tell('bob', saying(1), solo.now)
    solo.pass(20_000)
    const { length } = solo.puts
    solo.discovery.announce(saying(2).candidates, solo.now)
    solo.pass(20_000)
    expect([solo.puts.length, put()]).toEqual([length, ['45.5.5.5:1']])
    solo.discovery.tell('bob', undefined, solo.now)
    solo.pass(20_000)
    expect([solo.puts.length, put()]).toEqual([length + 1, ['45.5.5.5:2']])
    solo.discovery.tell('bob', undefined, solo.now)
    solo.discovery.tell('bob', saying(2), solo.now)
    solo.pass(20_000)
    expect(solo.puts.length).toBe(length + 1) // it says the same
  })

  test('alone is enough to be published, and stop forgets it', () => {
    const solo = new Solo()
    solo.discovery.tell('bob', saying(1), 0)
    let puts = 0
    const serve = (): void =>
      solo.serve(5_000, ({ question }) => {
        if (question.kind === 'put') puts++
        return {}
      })
    solo.discovery.seek('bob', pair, 0)
    serve()
    expect(puts).toBe(1)
    solo.discovery.stop('bob')
    solo.discovery.seek('bob', pair, solo.now)
    serve()
    expect(puts).toBe(1)
  })
})

describe('hurry', () => {
  test('polls after 0.25, 0.5, 1, 1 … s for 10 s again, then every 5 s', () => {
    const solo = new Sought()
    solo.seq = seqNow
    solo.pass(300_000)
    solo.polls.length = 0
    const start = solo.now
    solo.discovery.hurry('bob', start)
    solo.pass(30_000)
    const gaps = solo.polls.map((at, i) => Math.round((at - (solo.polls[i - 1] ?? start)) / 10) * 10)
    expect(gaps.slice(0, 4)).toEqual([250, 500, 1_000, 1_000])
    expect(gaps.slice(12, 15)).toEqual([5_000, 5_000, 5_000])
  })

  test('also for one whom nobody waited for, all eight of his nodes', () => {
    const bootstrap = Array.from({ length: 9 }, (_, n) => address(`45.1.${n}.1:6881`))
    const solo = new Solo({ bootstrap })
    solo.discovery.announce(told, 0)
    solo.discovery.seek('bob', pair, 0, { eager: false })
    let polls = 0
    const pass = (span: number): number => {
      polls = 0
      solo.serve(span, (query) => {
        if (isAt(query, theirs)) polls++
        return {}
      })
      return polls
    }
    pass(200_000)
    expect(pass(60_000)).toBeLessThanOrEqual(6)
    solo.discovery.hurry('bob', solo.now)
    expect(pass(10_000)).toBeGreaterThanOrEqual(60)
    pass(60_000)
    expect(pass(60_000)).toBeLessThanOrEqual(6)
  })

  test('a record of an hour ahead is polled densely if that is where he was found', () => {
    const solo = new Solo()
    const place = new Place(pair, 1, epoch + 1)
    const polls: number[] = []
    solo.discovery.announce(told, 0)
    solo.discovery.seek('bob', pair, 0)
    const item = itemAt(place, seqNow + 3_600, { timestamp: wallStart + 3_600_000 })
    const pass = (span: number): void =>
      solo.serve(span, (query) => {
        if (isAt(query, place)) polls.push(solo.now)
        return isAt(query, place) ? { item } : {}
      })
    pass(200_000)
    polls.length = 0
    solo.discovery.hurry('bob', solo.now)
    pass(5_000)
    expect(polls.length).toBeGreaterThanOrEqual(5)
  })

  test('lets a change leave after 0.3 s, 2 s after the last put; without it, after 0.5 s, 10 s after', () => {
    const solo = new Sought().pass(60_000)
    const change = (port: number): number => {
      solo.discovery.tell('bob', saying(port), solo.now)
      return solo.now
    }
    const calm = change(1)
    solo.pass(1_000)
    expect(solo.toldAfter(calm)).toEqual([500])
    solo.discovery.hurry('bob', solo.now)
    const first = change(2)
    solo.pass(1_600)
    expect(solo.toldAfter(first)).toEqual([1_500]) // 2 s after that
    solo.pass(10_000)
    const second = change(3)
    solo.pass(1_000)
    expect(solo.toldAfter(second)).toEqual([300])
    solo.pass(10_000)
    const late = change(4) // more than 15 s after the attempt
    solo.pass(1_000)
    expect(solo.toldAfter(late)).toEqual([500])
  })

  test('lets a change leave that waits already', () => {
    const solo = new Sought().pass(60_000)
    solo.discovery.tell('bob', saying(1), solo.now)
    solo.pass(1_000)
    const start = solo.now
    solo.discovery.tell('bob', saying(2), start)
    solo.discovery.hurry('bob', start)
    solo.pass(3_000)
    expect(solo.toldAfter(start)).toEqual([1_500])
  })

  test('at most four times a minute; what is more goes by the common pace', () => {
    const solo = new Sought().pass(60_000)
    const start = solo.now
    for (let n = 0; n < 120; n++) {
      solo.discovery.hurry('bob', solo.now)
      solo.discovery.tell('bob', saying(1_000 + n), solo.now)
      solo.pass(500)
    }
    const times = solo.toldAfter(start)
    expect(times.slice(0, 4)).toEqual([300, 2_300, 4_300, 6_300])
    const gaps = times.slice(4).map((time, i) => time - times[3 + i]!)
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(10_000)
    expect(times.length).toBeLessThanOrEqual(4 + 6)
    expect(solo.puts.at(-1)!.told[0]! > '45.5.5.5:1100').toBe(true)
  })
})

describe('moved', () => {
  const nodes = Array.from({ length: 12 }, (_, n) => address(`45.1.${n}.1:6881`))

  test('what was asked before is answered in vain', () => {
    const solo = new Solo()
    const [query] = solo.queries()
    solo.discovery.moved(0)
    solo.answer(query!)
    solo.drain()
    expect([solo.discovery.nodes(), solo.events]).toEqual([[], []])
  })

  test('nodes that no lookup asks must answer, too, within 10 s', () => {
    const many = Array.from({ length: 30 }, (_, n) => address(`45.1.${n}.1:6881`))
    const solo = new Solo({ bootstrap: many.slice(0, 1) })
    const idAt = (at: Address): Uint8Array => sha256(new TextEncoder().encode(at)).slice(0, 20)
    const around = (at: Address): Address[] =>
      [...many, ...many].slice(many.indexOf(at), many.indexOf(at) + 16)
    const asked = new Set<Address>()
    const pass = (span: number): void =>
      solo.serve(span, ({ to }) => {
        asked.add(to)
        return { id: idAt(to), nodes: around(to).map((address) => ({ id: idAt(address), address })) }
      })
    pass(60_000)
    const known = solo.discovery.nodes()
    expect(known.length).toBeGreaterThan(12)
    asked.clear()
    solo.discovery.moved(solo.now)
    pass(10_000)
    expect(known.filter((at) => !asked.has(at))).toEqual([])
  })

  test('a new id, no token of before, every node asked again, dense polls, a put at once', () => {
    const solo = new Solo({ bootstrap: nodes })
    solo.discovery.announce(told, 0)
    solo.discovery.seek('bob', pair, 0)
    let round = 1
    const asked = new Set<Address>()
    const polls: number[] = []
    const puts: { at: number; token: number }[] = []
    const pass = (span: number): void =>
      solo.serve(span, (query) => {
        asked.add(query.to)
        if (isAt(query, theirs) && query.to === nodes[0]) polls.push(solo.now)
        if (query.question.kind === 'put') puts.push({ at: solo.now, token: query.question.token[0]! })
        return { token: Uint8Array.of(round) }
      })
    pass(100_000)
    const id = solo.discovery.id
    round = 2
    solo.now += 3_600_000 - 1_000 // it slept; another hour of the wall clock may begin in between
    for (const list of [polls, puts]) list.length = 0
    asked.clear()
    const start = solo.now
    solo.discovery.moved(start)
    pass(10_000)
    expect(solo.discovery.id).not.toEqual(id)
    expect([...asked].sort()).toEqual([...nodes].sort())
    expect(new Set(puts.map(({ token }) => token))).toEqual(new Set([2]))
    expect(puts[0]!.at - start).toBeLessThanOrEqual(500)
    expect(solo.events.filter(({ kind }) => kind === 'joined')).toHaveLength(2)
  })

  test('polls as at the start', () => {
    const solo = new Sought().pass(300_000)
    solo.polls.length = 0
    solo.discovery.moved(solo.now)
    solo.pass(4_000)
    const gaps = solo.polls.slice(1).map((at, i) => Math.round((at - solo.polls[i]!) / 10) * 10)
    expect(gaps.slice(0, 4)).toEqual([250, 500, 1_000, 1_000])
  })

  test('questions that were under way when we slept are nobody’s fault', () => {
    const solo = new Solo({ bootstrap: nodes })
    solo.serve(3_000, () => ({}))
    for (let n = 0; n < 3; n++) {
      // All are asked; some answer, then we sleep.
      solo.discovery.moved(solo.now)
      for (const query of solo.queries().slice(0, 2)) solo.answer(query, {}, query.to)
      solo.drain()
      solo.now += 3_600_000
    }
    solo.discovery.moved(solo.now)
    solo.drain()
    expect(solo.discovery.nodes()).toHaveLength(nodes.length)
  })

  test('whoever does not answer in the new network is forgotten in a minute, and those given are asked again', () => {
    const solo = new Solo({ bootstrap: [somebody], saved: nodes })
    solo.serve(10_000, () => ({}))
    solo.discovery.moved(solo.now)
    let isGivenAsked = false
    solo.serve(60_000, ({ to }) => {
      isGivenAsked ||= to === somebody
      return to === somebody || to === nodes[0] ? {} : undefined
    })
    expect(isGivenAsked).toBe(true)
    expect([...solo.discovery.nodes()].sort()).toEqual([nodes[0], somebody].sort())
  })

  test('offline afterwards, it says so and goes on trying', () => {
    const solo = new Solo({ bootstrap: nodes })
    solo.serve(10_000, () => ({}))
    solo.events.length = 0
    solo.discovery.moved(solo.now)
    solo.serve(30_000, () => undefined)
    expect(solo.events).toEqual([{ kind: 'unreachable' }])
    solo.serve(60_000, () => ({}))
    expect(solo.events.at(-1)).toEqual({ kind: 'joined' })
  })
})

test('one who slept for an hour is found again within 2 s, at another address', () => {
  const swarm = new Swarm({ seed: 5, latency: [25, 25], nodes: 10 }).settle(15_000)
  const [a, b] = [swarm.buddy(), swarm.buddy()]
  a.discovery.seek('b', pairOf('x', 0), swarm.network.now)
  b.discovery.seek('a', pairOf('x', 1), swarm.network.now)
  expect(swarm.until(() => found(a) && found(b))).toBeLessThanOrEqual(1_000)
  const machine = a.host.machine
  a.host.machine = undefined
  for (let minutes = 0; minutes < 60; minutes += 10) swarm.network.run(600_000)
  a.host.machine = machine
  const moved = address('10.0.99.2:50001')
  a.discovery.announce([{ kind: 'host', address: moved }], swarm.network.now)
  a.discovery.moved(swarm.network.now)
  b.discovery.hurry('a', swarm.network.now) // the path between them is dead
  const isFound = (): boolean =>
    b.host.events.some((event) => event.kind === 'found' && event.record.candidates[0]?.address === moved)
  expect(swarm.until(isFound)).toBeLessThanOrEqual(2_000)
})
