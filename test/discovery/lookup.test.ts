import { describe, expect, test } from 'vitest'
import { readCompact, writeCompact } from '../../src/discovery/compact.ts'
import type { Answer, NodeInfo } from '../../src/discovery/krpc.ts'
import { type Candidate, Lookup } from '../../src/discovery/lookup.ts'
import { Pace } from '../../src/discovery/pace.ts'
import { mayTell, networkOf, scopeOf } from '../../src/discovery/reach.ts'
import { Table } from '../../src/discovery/table.ts'
import { Votes } from '../../src/discovery/votes.ts'
import { address } from '../support/network.ts'

const id = (first: number, second = 0): Uint8Array => Uint8Array.of(first, second, ...new Uint8Array(18))
const target = id(0)
const node = (n: number, ip = `45.0.${n}.1`): NodeInfo => ({ id: id(n), address: address(`${ip}:6881`) })
const answer = (id: Uint8Array, nodes: readonly NodeInfo[] = []): Answer => ({
  kind: 'answer',
  transaction: id,
  id,
  nodes,
  token: id.slice(0, 1),
})
const soft = 200

/** Asks all it may at a time. */
function askAll(lookup: Lookup, sentAt: number): Candidate[] {
  const asked: Candidate[] = []
  for (let next = lookup.next(sentAt, soft); next; next = lookup.next(sentAt, soft)) {
    lookup.asked(next, { sentAt })
    asked.push(next)
  }
  return asked
}

describe('Lookup', () => {
  test('asks eight at a time, nearest first', () => {
    const lookup = new Lookup(
      target,
      Array.from({ length: 20 }, (_, i) => node(20 - i)),
    )
    expect(askAll(lookup, 0).map(({ id }) => id![0])).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(lookup.next(soft - 1, soft)).toBeUndefined()
    expect(lookup.deadline(0, soft)).toBe(soft)
  })

  test('a slow one gives its place to the next, and counts when it comes', () => {
    const lookup = new Lookup(
      target,
      Array.from({ length: 10 }, (_, i) => node(i + 1)),
    )
    const asked = askAll(lookup, 0)
    for (const one of asked.slice(1)) lookup.answered(one, answer(one.id!))
    expect(lookup.isDone(soft - 1, soft)).toBe(false)
    const [next] = askAll(lookup, soft)
    lookup.answered(next!, answer(next!.id!))
    expect(lookup.isDone(soft, soft)).toBe(true)
    expect(lookup.closest().map(({ id }) => id[0])).toEqual([2, 3, 4, 5, 6, 7, 8, 9])
    lookup.answered(asked[0]!, answer(id(1)))
    expect(lookup.closest().map(({ id }) => id[0])).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  })

  test('waits for the only node there is, however slow', () => {
    const lookup = new Lookup(target, [], { addresses: [node(1).address] })
    const [only] = askAll(lookup, 0)
    expect(lookup.isDone(soft * 5, soft)).toBe(false)
    lookup.answered(only!, answer(id(9)))
    expect(lookup.isDone(soft * 5, soft)).toBe(true)
    expect(lookup.closest()).toEqual([{ id: id(9), address: node(1).address, token: Uint8Array.of(9) }])
  })

  test('asks 100 at the most', () => {
    const lookup = new Lookup(target, [node(255)])
    let count = 0
    let far = 65_000
    for (let round = 0; round < 200; round++) {
      for (const candidate of askAll(lookup, 0)) {
        count++
        far -= 8 // each tells of one who is nearer: an endless lie
        const nearer = { id: id(far >> 8, far & 255), address: address(`${46 + round}.${count}.1.1:6881`) }
        lookup.answered(
          candidate,
          answer(candidate.id!, [nearer, { ...nearer, address: address(`${46 + round}.${count}.2.1:6881`) }]),
        )
      }
    }
    expect(count).toBe(100)
    expect(lookup.isDone(0, soft)).toBe(true)
  })

  test('of a /24 the two nearest stay, in any order of arrival', () => {
    for (const order of [
      [1, 2, 3, 4],
      [4, 3, 2, 1],
      [3, 1, 4, 2],
    ]) {
      const lookup = new Lookup(target, [...order.map((n) => node(n, `45.1.1.${n}`)), node(9)])
      expect(askAll(lookup, 0).map(({ id }) => id![0])).toEqual([1, 2, 9])
    }
  })

  test('a network of our own may be one /24', () => {
    for (const ip of ['127.0.0', '10.1.1', '192.168.1', '203.0.113', '100.64.0']) {
      const lookup = new Lookup(
        target,
        [1, 2, 3, 4].map((n) => node(n, `${ip}.${n}`)),
      )
      expect(askAll(lookup, 0)).toHaveLength(4)
    }
  })

  test('takes the id a node answers with, not the one others tell', () => {
    const lookup = new Lookup(target, [node(1), node(5)])
    const [liar, honest] = askAll(lookup, 0)
    lookup.answered(liar!, answer(id(200)))
    lookup.answered(honest!, answer(id(5)))
    expect(lookup.closest().map(({ id }) => id[0])).toEqual([5, 200])
  })

  test('is not led into our LAN by a node of the internet, nor to multicast by anybody', () => {
    const told = [
      '192.168.1.1',
      '10.0.0.1',
      '127.0.0.1',
      '224.0.0.1',
      '255.255.255.255',
      '0.0.0.0',
      '45.9.9.9',
    ]
    const nodes = told.map((ip, i) => node(i + 2, ip))
    const lookup = new Lookup(target, [node(1)])
    lookup.answered(askAll(lookup, 0)[0]!, answer(id(1), nodes))
    expect(askAll(lookup, 0).map(({ address }) => address)).toEqual(['45.9.9.9:6881'])
    const home = new Lookup(target, [node(1, '192.168.1.9')])
    home.answered(askAll(home, 0)[0]!, answer(id(1), nodes))
    expect(askAll(home, 0).map(({ address }) => address)).toEqual([
      '192.168.1.1:6881',
      '10.0.0.1:6881',
      '45.9.9.9:6881',
    ])
  })

  test('believes one node 16 others', () => {
    const lookup = new Lookup(target, [node(255)])
    const told = Array.from({ length: 60 }, (_, i) => node(i + 1))
    lookup.answered(askAll(lookup, 0)[0]!, answer(id(255), told))
    const asked = new Set<Candidate>()
    for (let round = 0; round < 10; round++) for (const one of askAll(lookup, round * soft)) asked.add(one)
    expect(asked.size).toBe(16)
  })
})

describe('Table', () => {
  const own = id(0)
  const far = (n: number, ip = `45.0.${n}.1`): NodeInfo => ({
    id: id(0x80 | (n >> 8), n & 255),
    address: address(`${ip}:1`),
  })

  test('keeps 16 of a bucket, the first ones, until one fails', () => {
    const table = new Table(own)
    for (let n = 1; n <= 20; n++) table.heard(far(n), 0)
    expect(table.size).toBe(16)
    expect(table.wants(far(20))).toBe(false)
    table.missed(far(3).address)
    expect(table.good()).toHaveLength(15)
    expect(table.wants(far(20))).toBe(true)
    table.heard(far(20), 1)
    expect([table.size, table.has(far(3).address), table.has(far(20).address)]).toEqual([16, false, true])
  })

  test('forgets a node after two misses in a row', () => {
    const table = new Table(own)
    table.heard(far(1), 0)
    table.missed(far(1).address)
    table.heard(far(1), 1)
    table.missed(far(1).address)
    expect(table.size).toBe(1)
    table.missed(far(1).address)
    expect(table.size).toBe(0)
  })

  test('two of a /24 in a bucket, any number of a LAN', () => {
    const table = new Table(own)
    for (let n = 1; n <= 5; n++) table.heard(far(n, `45.1.1.${n}`), 0)
    expect(table.size).toBe(2)
    for (let n = 11; n <= 15; n++) table.heard(far(n, `192.168.1.${n}`), 0)
    expect(table.size).toBe(7)
  })

  test('throws out who changes his id, and takes nobody who has ours', () => {
    const table = new Table(own)
    table.heard(far(1), 0)
    table.heard({ ...far(2), address: far(1).address }, 1)
    table.heard({ ...far(2), id: own }, 1)
    expect(table.wants({ ...far(2), id: own })).toBe(false)
    expect(table.size).toBe(0)
  })

  test('knows the nearest to any target, also after its own id changed', () => {
    const table = new Table(own)
    const all = Array.from({ length: 60 }, (_, i) => ({
      id: id((i * 37) & 255, i),
      address: address(`45.3.${i}.1:1`),
    }))
    for (const one of all) table.heard(one, 0)
    for (const table2 of [own, id(0xf0)]) {
      table.rekey(table2)
      const kept = all.filter(({ address }) => table.has(address))
      expect(kept.length).toBeGreaterThan(24)
      for (const target of [id(0), id(0x81), id(0x55, 3), id(0xff)]) {
        const distance = ({ id }: NodeInfo): number => ((id[0]! ^ target[0]!) << 8) | (id[1]! ^ target[1]!)
        const nearest = kept.map(distance).sort((a, b) => a - b)
        expect(table.closest(target, 8).map(distance)).toEqual(nearest.slice(0, 8))
      }
    }
  })

  test('names the node not heard of for longest after 15 minutes', () => {
    const table = new Table(own)
    table.heard(far(1), 0)
    table.heard(far(2), 5)
    expect(table.questionable(899_999)).toBeUndefined()
    expect(table.questionable(900_000)).toBe(far(1).address)
    table.heard(far(1), 900_001)
    expect(table.questionable(900_005)).toBe(far(2).address)
  })
})

describe('Votes', () => {
  const [a, b] = [address('9.9.9.9:1'), address('8.8.8.8:2')]

  test('the majority of distinct nodes wins, and one voter has one vote', () => {
    const votes = new Votes()
    for (const port of [2, 3, 4]) expect(votes.cast(address(`1.1.1.9:${port}`), b)).toBe(false)
    expect(votes.cast(address('1.1.2.1:1'), b)).toBe(true) // 2 of 2
    expect(votes.cast(address('1.1.2.9:1'), a)).toBe(false) // 1 of 2: the last one of a network has its vote
    expect(votes.winner).toBe(b)
    expect(votes.cast(address('1.1.3.1:1'), a)).toBe(true) // 2 of 3
    expect(votes.winner).toBe(a)
  })

  test('one node of the internet decides nothing, unless there is no other; one of our own network does', () => {
    const votes = new Votes()
    expect([votes.settle(), votes.winner]).toEqual([false, undefined])
    expect([votes.cast(address('1.1.1.1:1'), a), votes.winner]).toEqual([false, undefined])
    expect([votes.settle(), votes.winner]).toEqual([true, a])
    const split = new Votes()
    split.cast(address('1.1.1.1:1'), a)
    expect([split.cast(address('1.1.2.1:1'), b), split.settle(), split.winner]).toEqual([
      false,
      false,
      undefined,
    ])
    expect(new Votes().cast(address('192.168.1.1:1'), b)).toBe(true)
  })

  test('remembers 31 voters', () => {
    const votes = new Votes()
    for (let n = 0; n < 31; n++) votes.cast(address(`1.1.${n}.1:1`), a)
    for (let n = 0; n < 15; n++) expect(votes.cast(address(`1.2.${n}.1:1`), b)).toBe(false)
    expect(votes.cast(address('1.2.15.1:1'), b)).toBe(true)
  })
})

test('Pace: a burst, then a rate, per key; the key unused for longest is forgotten', () => {
  const pace = new Pace({ rate: 2, burst: 3, most: 2 })
  expect([1, 2, 3, 4].map(() => pace.take('a', 0))).toEqual([true, true, true, false])
  expect([pace.left('a', 0), pace.left('a', 999), pace.left('a', 1_000), pace.left('b', 0)]).toEqual([
    0, 1, 2, 3,
  ])
  expect(pace.readyAt('a', 0)).toBe(501)
  expect([pace.take('a', 490), pace.take('a', 501), pace.take('a', 502)]).toEqual([false, true, false])
  expect([pace.take('b', 502), pace.take('c', 502), pace.take('a', 502)]).toEqual([true, true, true])
})

test('scopes', () => {
  const scopes = {
    none: ['0.1.2.3', '224.0.0.1', '240.0.0.1', '255.255.255.255', '[ff02::1]', '[::]'],
    loopback: ['127.9.9.9', '[::1]'],
    local: [
      '10.0.0.1',
      '172.16.0.1',
      '172.31.9.9',
      '192.168.0.1',
      '169.254.1.1',
      '100.64.0.1',
      '100.127.0.1',
      '198.18.0.1',
      '198.19.0.1',
      '203.0.113.5',
      '192.0.2.1',
      '198.51.100.1',
      '[fe80::1]',
      '[fd00::1]',
      '[2001:db8::1]',
    ],
    public: [
      '1.1.1.1',
      '172.32.0.1',
      '100.128.0.1',
      '100.63.0.1',
      '198.20.0.1',
      '192.0.3.1',
      '[2001:4860::1]',
    ],
  }
  for (const [scope, ips] of Object.entries(scopes))
    for (const ip of ips) expect([ip, scopeOf(address(`${ip}:1`))]).toEqual([ip, scope])
  expect(networkOf(address('[2001:4860:0:1::1]:1'))).toBe(networkOf(address('[2001:4860:0:1:2::9]:1')))
  expect(mayTell(address('127.0.0.1:1'), address('127.0.0.2:1'))).toBe(true)
})

test('compact addresses come back; port 0, other sizes and mapped ones are nothing', () => {
  for (const at of ['1.2.3.4:5', '255.1.0.9:65535', '[2001:db8::5]:77'])
    expect(readCompact(writeCompact(address(at)))).toBe(at)
  for (const bytes of [[1, 2, 3, 4, 0, 0], [1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 6, 7], []])
    expect(readCompact(Uint8Array.from(bytes))).toBeUndefined()
  expect(readCompact(Uint8Array.of(...new Uint8Array(10), 255, 255, 1, 2, 3, 4, 0, 5))).toBeUndefined()
})
