/** What nodes that lie, fail or overdo it can do to one Discovery. */
import { describe, expect, test } from 'vitest'
import { sha256 } from '../../src/crypto.ts'
import { compareDistance } from '../../src/discovery/id.ts'
import { type Answer, encodeMessage, type Item } from '../../src/discovery/krpc.ts'
import { epochOf, Place } from '../../src/discovery/place.ts'
import { mayTell } from '../../src/discovery/reach.ts'
import type { Address } from '../../src/machine.ts'
import {
  type Asked,
  idOf,
  isAt,
  itemAt,
  local,
  Solo,
  seqNow,
  somebody,
  stranger,
  told,
} from '../discovery/solo.ts'
import { pairOf, wallStart } from '../discovery/swarm.ts'
import { address } from '../support/network.ts'

const pair = pairOf('x', 0)
const epoch = epochOf(wallStart)
const [ours, theirs] = [new Place(pair, 0, epoch), new Place(pair, 1, epoch)]
const nodes = Array.from({ length: 30 }, (_, n) => address(`45.1.${n}.1:6881`))
const scattered = (at: Address): Uint8Array => sha256(new TextEncoder().encode(at)).slice(0, 20)
/** Nearest to where our record is kept first. */
const near = [...nodes].sort((a, b) => compareDistance(ours.target, scattered(a), scattered(b)))

describe('what was put is asked for', () => {
  /** One who puts a record at nodes that keep it or not; returns who was asked to. */
  function put(keeps: (at: Address) => boolean, forge?: (item: Item) => Item) {
    const solo = new Solo({ bootstrap: nodes })
    solo.discovery.announce(told, 0)
    solo.discovery.seek('bob', pair, 0)
    const kept = new Map<Address, Item>()
    const puts: Address[] = []
    const reads: { at: number; from: Address }[] = []
    const serve = (span: number): void =>
      solo.serve(span, (query): Partial<Answer> => {
        const { question, to } = query
        const around = [...nodes, ...nodes].slice(nodes.indexOf(to), nodes.indexOf(to) + 16)
        const told = around.map((address) => ({ id: scattered(address), address }))
        const base = { id: scattered(to), nodes: told }
        if (question.kind === 'put') {
          puts.push(to)
          if (keeps(to)) kept.set(to, question.item)
          else if (forge) kept.set(to, forge(question.item))
          return base
        }
        if (!isAt(query, ours)) return base
        if (puts.length > 0) reads.push({ at: solo.now, from: to })
        return { ...base, item: kept.get(to) }
      })
    serve(5_000)
    return { solo, puts, reads, serve }
  }

  test('of two of them, a second later, and once', () => {
    const { puts, reads, serve } = put(() => true)
    expect(puts).toHaveLength(8)
    expect(reads.map(({ at }) => at)).toEqual([1_000, 1_000])
    expect(new Set(reads.map(({ from }) => from)).size).toBe(2)
    for (const { from } of reads) expect(near.slice(0, 8)).toContain(from)
    serve(200_000)
    expect([puts.length, reads.length]).toEqual([8, 2])
  })

  test('one that has it is enough', () => {
    const asked = put(() => true).reads[0]!.from
    expect(put((at) => at === asked).puts).toHaveLength(8)
  })

  test('nobody has it: the farthest sixteen of a wider circle get it, too, and nobody twice', () => {
    const { solo, puts, serve } = put(() => false)
    expect(puts).toHaveLength(24)
    expect(new Set(puts).size).toBe(24)
    expect([...puts.slice(0, 8)].sort()).toEqual(near.slice(0, 8).sort())
    expect([...puts.slice(8)].sort()).toEqual(near.slice(-16).sort())
    serve(200_000)
    expect(puts).toHaveLength(24)
    // From then on all of them get what changes, and nobody is looked for again because of it.
    const { lookups } = solo.discovery.counters
    solo.discovery.announce([], solo.now)
    serve(20_000)
    expect([puts.length, solo.discovery.counters.lookups]).toEqual([48, lookups])
  })

  test.each<[string, (item: Item) => Item]>([
    ['another key', (item) => ({ ...item, kind: 'mutable', key: new Uint8Array(32) }) as Item],
    ['a bent value', (item) => ({ ...item, value: new Uint8Array(512) }) as Item],
    ['a higher seq that nobody signed', (item) => ({ ...item, seq: 2 ** 50 }) as Item],
    ['the item of before', () => itemAt(ours, seqNow - 100)],
  ])('%s is not what was put', (_, forge) => {
    expect(put(() => false, forge).puts).toHaveLength(24)
  })
})

describe('as whom we are seen', () => {
  const me = address('93.184.216.34:40000')
  const lie = address('6.6.6.6:6666')
  const externals = ({ events }: Solo): Address[] =>
    events.flatMap((event) => (event.kind === 'external' ? [event.address] : []))

  test.each([
    ['first', 0],
    ['fifth', 4],
    ['last', 29],
  ])('one liar never moves us, be he the %s to answer', (_, place) => {
    const solo = new Solo({ bootstrap: nodes })
    let answered = 0
    solo.discovery.seek('bob', pair, 0)
    solo.serve(60_000, () => ({ ip: answered++ === place ? lie : me }))
    expect(externals(solo)).toEqual([me])
  })

  test('thirty liars of one /24 are one', () => {
    const liars = Array.from({ length: 30 }, (_, n) => address(`46.6.6.${n + 1}:6881`))
    const solo = new Solo({ bootstrap: [...liars, ...nodes.slice(0, 2)] })
    solo.serve(60_000, ({ to }) => ({ ip: liars.includes(to) ? lie : me }))
    expect(externals(solo)).toEqual([me])
  })

  test('the port of a majority is followed when it changes', () => {
    const solo = new Solo({ bootstrap: nodes })
    const next = address('93.184.216.34:40001')
    solo.discovery.seek('bob', pair, 0)
    solo.serve(20_000, () => ({ ip: me }))
    const id = solo.discovery.id
    solo.serve(400_000, () => ({ ip: next }))
    expect(externals(solo)).toEqual([me, next])
    expect(solo.discovery.id).toBe(id) // BEP 42 minds the IP alone
  })
})

describe('what nodes tell of others', () => {
  const listed = (told: readonly string[], teller = somebody): Address[] => {
    const solo = new Solo({ bootstrap: [teller] })
    const asked: Address[] = []
    const all = told.map((at) => ({ id: idOf(address(at)), address: address(at) }))
    solo.serve(3_000, ({ to }) => {
      asked.push(to)
      return to === teller ? { nodes: all } : undefined
    })
    return [...new Set(asked)].filter((at) => at !== teller)
  }

  test('a port below 1024 on the internet is asked of nobody’s word, a given one is', () => {
    expect(listed(['46.1.1.1:53', '46.1.2.1:123', '46.1.3.1:1023', '46.1.4.1:1024'])).toEqual([
      '46.1.4.1:1024',
    ])
    expect(listed(['192.168.1.5:53'], address('192.168.1.1:6881'))).toEqual(['192.168.1.5:53'])
    const given = new Solo({ bootstrap: [address('46.1.1.1:53')] })
    expect(given.queries().map(({ to }) => to)).toEqual(['46.1.1.1:53'])
    expect(mayTell(somebody, address('[2a00::1]:443'))).toBe(false)
  })

  test('an answer full of garbage leads nowhere', () => {
    const garbage = ['10.0.0.1:6881', '127.0.0.1:6881', '224.0.0.1:6881', '255.255.255.255:1', '0.0.0.1:6881']
    expect(listed(garbage)).toEqual([])
  })

  test('64 nodes, 16 of which are believed; 65 make it no answer', () => {
    const at = (n: number): string => `46.${n}.1.1:6881`
    expect(listed(Array.from({ length: 64 }, (_, n) => at(n)))).toHaveLength(16)
    const solo = new Solo()
    const [query] = solo.queries()
    const many = Array.from({ length: 65 }, (_, n) => ({ id: idOf(address(at(n))), address: address(at(n)) }))
    solo.answer(query!, { nodes: many })
    expect(solo.discovery.nodes()).toEqual([])
    solo.answer(query!, {})
    expect(solo.discovery.nodes()).toEqual([somebody])
  })

  test('nodes and peers in an answer to a put or a ping are nothing', () => {
    const solo = new Solo({ bootstrap: [somebody] })
    solo.serve(3_000, () => ({}))
    solo.discovery.moved(solo.now)
    solo.discovery.announce(told, 0)
    solo.discovery.seek('bob', pair, solo.now)
    const asked = new Set<Address>()
    solo.serve(20_000, ({ to, question }) => {
      asked.add(to)
      const isSurplus = question.kind === 'put' || question.kind === 'ping'
      const more = { nodes: [{ id: idOf(stranger), address: stranger }], values: [stranger] }
      return isSurplus ? { ...more, item: itemAt(theirs, seqNow) } : { values: [stranger] }
    })
    expect(asked).toEqual(new Set([somebody]))
    expect(solo.events.map(({ kind }) => kind)).not.toContain('found')
  })

  test('an answer of more than 4,096 octets is not read', () => {
    const solo = new Solo()
    const [query] = solo.queries()
    const values = Array.from({ length: 600 }, (_, n) => address(`46.${n >> 8}.${n & 255}.1:5000`))
    const bytes = encodeMessage({
      kind: 'answer',
      transaction: query!.transaction,
      id: idOf(somebody),
      values,
    })
    expect(bytes.length).toBeGreaterThan(4_096)
    solo.discovery.receive({ local, peer: somebody, bytes }, 0)
    expect(solo.discovery.nodes()).toEqual([])
  })
})

test('saved nodes are used when they have answered, and saved again only then', () => {
  const solo = new Solo({ bootstrap: [], saved: nodes })
  solo.discovery.announce(told, 0)
  solo.discovery.seek('bob', pair, 0)
  const alive = new Set(nodes.slice(20))
  const asked = new Map<Address, string[]>()
  solo.serve(30_000, ({ to, question }) => {
    asked.set(to, [...(asked.get(to) ?? []), question.kind])
    return alive.has(to) ? {} : undefined
  })
  expect([...solo.discovery.nodes()].sort()).toEqual([...alive].sort())
  for (const at of nodes.slice(0, 20)) expect(asked.get(at) ?? []).not.toContain('get')
})

test('names that resolve late, saved nodes and given ones all lead in: any one of them is enough', () => {
  const ways: ((solo: () => Solo) => Solo)[] = [
    () => new Solo({ bootstrap: [somebody] }),
    () => new Solo({ bootstrap: [], saved: [somebody] }),
    () => new Solo({ bootstrap: [stranger], saved: [stranger, somebody] }),
    () => {
      const solo = new Solo({ bootstrap: [stranger] })
      solo.serve(20_000, () => undefined)
      solo.discovery.addBootstrap([somebody], solo.now)
      return solo
    },
    () => {
      const solo = new Solo({ bootstrap: [] })
      solo.discovery.learn([somebody])
      return solo
    },
  ]
  for (const way of ways) {
    const solo = way(() => new Solo())
    solo.serve(3_000, ({ to }) => (to === somebody ? {} : undefined))
    expect(solo.events.map(({ kind }) => kind)).toContain('joined')
  }
})

test('at rest, with twenty buddies nobody waits for, less than 20 packets a second leave, 2 to a node', () => {
  const solo = new Solo({ bootstrap: nodes })
  solo.discovery.announce(told, 0)
  for (let n = 0; n < 20; n++) solo.discovery.seek(`${n}`, pairOf(`${n}`, 0), 0, { eager: false })
  const sent: { at: number; to: Address }[] = []
  const serve = (span: number): void =>
    solo.serve(span, ({ to }: Asked) => {
      sent.push({ at: solo.now, to })
      return {}
    })
  serve(120_000)
  sent.length = 0
  serve(600_000)
  const busiest = (times: readonly number[], span: number): number =>
    times.reduce((most, time, i) => Math.max(most, times.slice(i).filter((at) => at < time + span).length), 0)
  expect(sent.length / 600).toBeLessThan(20)
  for (const node of nodes) {
    const times = sent.filter(({ to }) => to === node).map(({ at }) => at)
    expect(busiest(times, 10_000)).toBeLessThanOrEqual(30)
  }
})
