import { describe, expect, test } from 'vitest'
import { ed25519, randomBytes } from '../../src/crypto.ts'
import { signedPart, targetOf } from '../../src/discovery/item.ts'
import {
  type Answer,
  encodeMessage,
  type Failure,
  type Item,
  type MutableItem,
  type Question,
} from '../../src/discovery/krpc.ts'
import { Node } from '../../src/discovery/node.ts'
import { Store } from '../../src/discovery/store.ts'
import { Table } from '../../src/discovery/table.ts'
import type { Bencode } from '../../src/wire/bencode.ts'
import { address } from '../support/network.ts'

const own = new Uint8Array(20)
const signer = ed25519(randomBytes(32))
const asker = address('45.1.1.1:1024')

function mutable(
  seq: number,
  { value = new Uint8Array(512), salt = new Uint8Array(0) }: { value?: Bencode; salt?: Uint8Array } = {},
): MutableItem {
  const unsigned = { kind: 'mutable', key: signer.publicKey, salt, seq, value } as const
  return { ...unsigned, signature: signer.sign(signedPart(unsigned)) }
}

class Asker {
  readonly node: Node
  readonly table = new Table(own)
  readonly six = new Table(own)
  now = 1_000

  constructor() {
    this.node = new Node({
      random: randomBytes,
      id: () => own,
      tables: (family) => (family === 4 ? this.table : this.six),
    })
  }

  ask(question: Question, from = asker): Answer | Failure | undefined {
    const query = {
      kind: 'query',
      transaction: Uint8Array.of(1),
      id: randomBytes(20),
      isReadOnly: true,
      question,
    } as const
    return this.node.answer(query, from, this.now)
  }

  token(from = asker): Uint8Array {
    const answer = this.ask({ kind: 'get', target: own }, from)
    if (answer?.kind !== 'answer') throw new Error('no answer')
    return answer.token!
  }

  put(
    item: Item,
    { cas, token = this.token() }: { cas?: number; token?: Uint8Array } = {},
  ): number | undefined {
    const answer = this.ask({ kind: 'put', token, item, cas })
    return answer?.kind === 'failure' ? answer.code : undefined
  }

  get(target: Uint8Array, seq?: number): Answer {
    return this.ask({ kind: 'get', target, seq }) as Answer
  }
}

describe('Node', () => {
  test('stores an item and gives it back, also under a salt', () => {
    const node = new Asker()
    for (const item of [
      mutable(1),
      mutable(1, { salt: Uint8Array.of(1) }),
      { kind: 'immutable', value: [1] } as const,
    ]) {
      expect(node.put(item)).toBeUndefined()
      expect(node.get(targetOf(item)).item).toEqual(item)
    }
    expect(node.node.store.size).toBe(3)
  })

  test('sends what is newer than the seq the asker has, else the seq alone', () => {
    const node = new Asker()
    node.put(mutable(5))
    const target = targetOf(mutable(5))
    expect(node.get(target, 4).item).toMatchObject({ seq: 5 })
    expect([node.get(target, 5).item, node.get(target, 5).seq]).toEqual([undefined, 5])
  })

  test.each<[string, number, Item, { cas?: number }]>([
    ['a value of 1001 octets', 205, mutable(9, { value: new Uint8Array(997) }), {}],
    ['an immutable one of 1001', 205, { kind: 'immutable', value: new Uint8Array(997) }, {}],
    ['a salt of 65', 207, mutable(9, { salt: new Uint8Array(65) }), {}],
    ['a wrong signature', 206, { ...mutable(9), seq: 10 }, {}],
    ['a lower seq', 302, mutable(4), {}],
    ['the same seq with another value', 302, mutable(5, { value: 1 }), {}],
    ['a wrong cas', 301, mutable(9), { cas: 4 }],
  ])('refuses %s with %d', (_, code, item, options) => {
    const node = new Asker()
    expect(node.put(mutable(5))).toBeUndefined()
    expect(node.put(item, options)).toBe(code)
    expect(node.get(targetOf(mutable(5))).item).toMatchObject({ seq: 5 })
    expect(node.node.store.size).toBe(1)
  })

  test('accepts a value of 1000 octets, a salt of 64, the same item again, the right cas', () => {
    const node = new Asker()
    const value = new Uint8Array(996) // and "996:"
    expect(node.put(mutable(1, { value, salt: new Uint8Array(64) }))).toBeUndefined()
    const item = mutable(5, { value })
    expect([node.put(item), node.put(item), node.put(mutable(6), { cas: 5 })]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })

  test('a token is good for its address only, for five to ten minutes', () => {
    const node = new Asker()
    const token = node.token()
    expect(node.put(mutable(1), { token: node.token(address('45.1.1.2:1000')) })).toBe(203)
    expect(node.put(mutable(1), { token: new Uint8Array(8) })).toBe(203)
    expect(node.put(mutable(1), { token: new Uint8Array(0) })).toBe(203)
    expect(node.put(mutable(1), { token: node.token(address('45.1.1.1:9')) })).toBeUndefined()
    node.now += 299_999
    node.token()
    expect(node.put(mutable(1), { token })).toBeUndefined()
    node.now = 599_999
    expect(node.put(mutable(1), { token })).toBeUndefined()
    node.now = 600_000
    expect(node.put(mutable(1), { token })).toBe(203)
    const later = node.token()
    node.now += 3_600_000
    expect(node.put(mutable(1), { token: later })).toBe(203)
  })

  test('keeps an item for two hours after the last put', () => {
    const node = new Asker()
    node.put(mutable(1))
    node.now += 7_199_999
    expect(node.get(targetOf(mutable(1))).item).toBeDefined()
    node.now += 1
    expect(node.get(targetOf(mutable(1))).item).toBeUndefined()
    node.now += 60_000
    node.token()
    expect(node.node.store.size).toBe(0)
  })

  test('tells peers: the port given, or the one it comes from', () => {
    const node = new Asker()
    const announce = { kind: 'announce_peer', target: own, port: 5_000, token: node.token() } as const
    node.ask({ ...announce, isImplied: false })
    node.ask({ ...announce, isImplied: true })
    const answer = node.ask({ kind: 'get_peers', target: own }) as Answer
    expect(answer.values).toEqual(['45.1.1.1:5000', '45.1.1.1:1024'])
    expect((node.ask({ ...announce, token: Uint8Array.of(1), isImplied: true }) as Failure).code).toBe(203)
    node.now += 45 * 60_000
    expect((node.ask({ kind: 'get_peers', target: own }) as Answer).values).toBeUndefined()
    node.now += 60_000
    node.token()
    expect(node.node.store.size).toBe(0)
  })

  test('a peer of the LAN is told in the LAN alone', () => {
    const node = new Asker()
    const peer = address('192.168.1.2:5000')
    const announce = {
      kind: 'announce_peer',
      target: own,
      port: 1,
      isImplied: true,
      token: node.token(peer),
    } as const
    node.ask(announce, peer)
    const told = (from: typeof peer): unknown =>
      (node.ask({ kind: 'get_peers', target: own }, from) as Answer).values
    expect([told(address('192.168.1.3:5000')), told(asker)]).toEqual([[peer], undefined])
  })

  test('tells who asks as whom it sees him, and 204 to a method nobody knows', () => {
    const node = new Asker()
    expect(node.ask({ kind: 'ping' })).toMatchObject({ id: own, ip: asker })
    expect(node.ask({ kind: 'unknown' })).toMatchObject({ code: 204 })
  })

  test('answers one source 60 times at once, then ten times a second', () => {
    const node = new Asker()
    const answered = (): number =>
      Array.from({ length: 100 }, () => node.ask({ kind: 'ping' }, address('45.1.1.1:7'))).filter(Boolean)
        .length
    expect(answered()).toBe(60)
    node.now += 1_000
    expect(answered()).toBe(10)
    expect(node.ask({ kind: 'ping' }, address('45.1.1.2:7'))).toBeDefined()
  })

  test('no answer is larger than an unfragmented datagram, 1,472 octets', () => {
    const node = new Asker()
    for (let n = 1; n < 200; n++)
      node.table.heard({ id: randomBytes(20), address: address(`45.2.${n}.1:6881`) }, 0)
    const item = mutable(1, { value: new Uint8Array(995) })
    node.put(item)
    for (let n = 1; n < 100; n++) {
      const from = address(`45.3.${n}.1:6881`)
      node.ask(
        { kind: 'announce_peer', target: own, port: 1, isImplied: true, token: node.token(from) },
        from,
      )
    }
    const sizes = [node.get(targetOf(item)), node.ask({ kind: 'get_peers', target: own }) as Answer].map(
      (answer) => encodeMessage(answer).length,
    )
    expect(sizes[0]).toBeGreaterThan(1_300)
    expect((node.ask({ kind: 'get_peers', target: own }) as Answer).values).toHaveLength(50)
    for (const size of sizes) expect(size).toBeLessThanOrEqual(1_472)
  })

  test('an asker on the internet is not told of our LAN', () => {
    const node = new Asker()
    const [home, world] = [address('192.168.1.2:1'), address('45.2.1.1:6881')]
    for (const address of [home, world]) node.table.heard({ id: randomBytes(20), address }, 0)
    const told = (from: typeof home): unknown[] =>
      (node.ask({ kind: 'find_node', target: own }, from) as Answer)
        .nodes!.map(({ address }) => address)
        .sort()
    expect(told(asker)).toEqual([world])
    expect(told(address('192.168.1.3:1'))).toEqual([home, world])
  })
})

describe('Store', () => {
  const limits = { items: 40, peers: 40, perSource: 10, perTarget: 4 }
  const item = (n: number): Item => ({ kind: 'immutable', value: n })

  test('10,000 items from 1,000 sources leave 40', () => {
    const store = new Store(() => own, limits)
    for (let n = 0; n < 10_000; n++) {
      expect(
        store.put(item(n), { cas: undefined, from: address(`45.${n % 4}.${n % 250}.1:1`), now: n }),
      ).toBeUndefined()
    }
    expect(store.size).toBe(40)
  })

  test('one source fills its ten places, its oldest first to go, and touches nobody else', () => {
    const store = new Store(() => own, limits)
    store.put(item(-1), { cas: undefined, from: address('45.9.9.9:1'), now: 0 })
    for (let n = 0; n < 100; n++)
      store.put(item(n), { cas: undefined, from: address(`45.1.1.1:${n + 1}`), now: 1 })
    expect(store.size).toBe(11)
    const kept = [-1, ...Array.from({ length: 100 }, (_, n) => n)].filter((n) =>
      store.item(targetOf(item(n)), 1),
    )
    expect(kept).toEqual([-1, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99])
  })

  test('of the sixteen oldest the farthest goes', () => {
    const store = new Store(() => own, { ...limits, perSource: 100 })
    const from = address('45.1.1.1:1')
    for (let n = 0; n < 41; n++) store.put(item(n), { cas: undefined, from, now: n })
    const oldest = Array.from({ length: 16 }, (_, n) => n)
    const farthest = oldest.reduce((a, b) => (targetOf(item(a)).join('.') && compare(a, b) > 0 ? a : b))
    expect(Array.from({ length: 41 }, (_, n) => n).filter((n) => !store.item(targetOf(item(n)), 41))).toEqual(
      [farthest],
    )
    function compare(a: number, b: number): number {
      const [x, y] = [targetOf(item(a)), targetOf(item(b))]
      const at = x.findIndex((byte, i) => byte !== y[i])
      return x[at]! - y[at]!
    }
  })

  test('an announcer of 1,000 targets holds ten; a target four peers, the latest', () => {
    const store = new Store(() => own, limits)
    const target = (n: number): Uint8Array => targetOf(item(n))
    for (let n = 0; n < 1_000; n++)
      store.announce(target(n), address('45.1.1.1:5'), { from: address('45.1.1.1:5'), now: n })
    expect(store.size).toBe(10)
    expect([store.peers(target(989), 1_000), store.peers(target(990), 1_000)]).toEqual([[], ['45.1.1.1:5']])
    for (let n = 1; n <= 9; n++)
      store.announce(target(5), address(`45.2.${n}.1:5`), { from: address(`45.2.${n}.1:5`), now: n })
    expect(store.peers(target(5), 10)).toEqual([6, 7, 8, 9].map((n) => `45.2.${n}.1:5`))
    expect(store.size).toBe(14)
  })

  test('keeps octets of its own: a datagram is not held for a part of it', () => {
    const store = new Store(() => own, limits)
    const datagram = new Uint8Array(60_000)
    store.put({ kind: 'immutable', value: datagram.subarray(0, 5) }, { cas: undefined, from: asker, now: 0 })
    const kept = store.item(targetOf({ kind: 'immutable', value: new Uint8Array(5) }), 0)!
    expect((kept.value as Uint8Array).buffer.byteLength).toBeLessThan(100)
  })
})
