/** IPv6 beside IPv4 (BEP 32). */
import { describe, expect, test } from 'vitest'
import { randomBytes } from '../../src/crypto.ts'
import { targetOf } from '../../src/discovery/item.ts'
import { decodeMessage, encodeMessage, type Message, type Query } from '../../src/discovery/krpc.ts'
import { Lookup } from '../../src/discovery/lookup.ts'
import type { Address, Local } from '../../src/machine.ts'
import { decodeBencode, fromKey, isDictionary, isList, isOctets, toKey } from '../../src/wire/bencode.ts'
import { address } from '../support/network.ts'
import { idOf, Solo, somebody } from './solo.ts'
import { found, pairOf, Swarm } from './swarm.ts'

const six: Local = { kind: 'udp6' }
const somebody6 = address('[2a00:1::7]:6881')
const base = { transaction: fromKey('aaaa'), id: new Uint8Array(20) }

describe('messages', () => {
  const asks = (want?: (4 | 6)[]): Message => ({
    kind: 'query',
    ...base,
    isReadOnly: true,
    question: { kind: 'find_node', target: new Uint8Array(20), want },
  })

  test('want is a list of n4 and n6 among the arguments, as the BEP has it', () => {
    const text = toKey(encodeMessage(asks([4, 6])))
    expect(text).toContain(`6:target20:${'\0'.repeat(20)}4:wantl2:n42:n6ee1:q9:find_node`)
    expect(toKey(encodeMessage(asks()))).not.toContain('want')
  })

  test('families nobody knows are left out; what is no list makes the question none', () => {
    const read = (want: string): unknown => {
      const text = `d1:ad2:id20:${'i'.repeat(20)}9:info_hash20:${'t'.repeat(20)}4:want${want}e1:q9:get_peers1:t2:aa1:y1:qe`
      const message = decodeMessage(fromKey(text))
      return message?.kind === 'query' && message.question.kind === 'get_peers'
        ? message.question.want
        : message
    }
    expect(read('l2:n62:n8i5e2:n4e')).toEqual([4, 6])
    expect(read('le')).toEqual([])
    expect(read('2:n4')).toBeUndefined()
  })

  test('nodes6 holds 38 octets a node, and both families come back', () => {
    const nodes = [
      { id: idOf(somebody), address: somebody },
      { id: idOf(somebody6), address: somebody6 },
    ]
    const bytes = encodeMessage({ kind: 'answer', ...base, nodes })
    const top = decodeBencode(bytes)
    const body = isDictionary(top) ? top.get('r') : undefined
    const sizes = ['nodes', 'nodes6'].map((key) => {
      const octets = isDictionary(body) ? body.get(key) : undefined
      return isOctets(octets) ? octets.length : 0
    })
    expect(sizes).toEqual([26, 38])
    expect(decodeMessage(bytes)).toMatchObject({ nodes })
    expect(toKey(encodeMessage({ kind: 'answer', ...base, nodes: nodes.slice(1) }))).not.toContain('5:nodes')
    expect(toKey(encodeMessage({ kind: 'answer', ...base, nodes: [] }))).toContain('5:nodes0:')
    expect(isList(top)).toBe(false)
  })

  test('peers of 18 octets come back', () => {
    const message: Message = { kind: 'answer', ...base, values: [somebody6, somebody] }
    expect(decodeMessage(encodeMessage(message))).toMatchObject({ values: [somebody6, somebody] })
  })

  test('65 nodes6 make the answer none, and so does half a node', () => {
    const answer = (size: number): Message | undefined =>
      decodeMessage(
        fromKey(`d1:rd2:id20:${'i'.repeat(20)}6:nodes6${size}:${'n'.repeat(size)}e1:t4:aaaa1:y1:re`),
      )
    expect(answer(64 * 38)).toMatchObject({ kind: 'answer' })
    expect([answer(65 * 38), answer(19)]).toEqual([undefined, undefined])
  })
})

describe('a Discovery over IPv6', () => {
  test('asks for n6 and one over IPv4 for n4, and takes no address of the other', () => {
    for (const [local, own, family] of [
      [six, somebody6, 6],
      [{ kind: 'udp4' }, somebody, 4],
    ] as const) {
      const bench = new Solo({ local, bootstrap: [somebody, somebody6], saved: [somebody, somebody6] })
      const [query, ...more] = bench.queries()
      expect([query, more]).toMatchObject([{ to: own, question: { want: [family] } }, []])
      bench.discovery.addBootstrap([address('45.9.9.9:9999'), address('[2a00:9::9]:9999')], 0)
      const added = bench.queries().map(({ to }) => to)
      expect(added).toEqual([own, family === 6 ? '[2a00:9::9]:9999' : '45.9.9.9:9999'])
    }
  })

  test('says so in every question that is answered with nodes', () => {
    const wants = new Map<string, unknown>()
    const bench = new Solo({ local: six, bootstrap: [somebody6] })
    bench.discovery.announce([], 0)
    bench.discovery.seek('bob', pairOf('x', 0), 0)
    bench.serve(20_000, ({ question }) => {
      wants.set(question.kind, 'want' in question ? question.want : undefined)
      return {}
    })
    for (const kind of ['find_node', 'get', 'get_peers']) expect([kind, wants.get(kind)]).toEqual([kind, [6]])
    expect(wants.get('put')).toBeUndefined()
  })

  test('asks nobody of the other family that it is told of', () => {
    const bench = new Solo({ local: six, bootstrap: [somebody6] })
    const [query] = bench.queries()
    const nodes = [somebody, address('[2a00:2::7]:6881')].map((at) => ({ id: idOf(at), address: at }))
    bench.answer(query!, { nodes }, somebody6)
    expect(bench.queries().map(({ to }) => to)).toEqual(['[2a00:2::7]:6881'])
  })

  test('a vote in the other family counts for nothing, and its id follows BEP 42', () => {
    const bench = new Solo({ local: six, bootstrap: [somebody6] })
    const before = bench.discovery.id
    const [query] = bench.queries()
    bench.answer(query!, { ip: somebody }, somebody6)
    bench.serve(3_000, () => ({ ip: somebody }))
    expect(bench.events.map(({ kind }) => kind)).toEqual(['joined'])
    expect(bench.discovery.id).toBe(before)
    const other = new Solo({ local: six, bootstrap: [somebody6] })
    other.serve(3_000, () => ({ ip: address('[2a02:8108:4c0:1f2a::1]:40000') }))
    expect(other.events).toContainEqual({ kind: 'external', address: '[2a02:8108:4c0:1f2a::1]:40000' })
    expect(other.discovery.id).not.toBe(before)
  })

  test('the session id is given', () => {
    const sessionId = randomBytes(8)
    expect(new Solo({ local: six, sessionId }).discovery.sessionId).toBe(sessionId)
  })
})

test('of a /64 the two nearest stay in a lookup', () => {
  const nodes = [1, 2, 3, 4].map((n) => ({
    id: Uint8Array.of(n, ...new Uint8Array(19)),
    address: address(`[2a00:5:6:7:${n}::1]:6881`),
  }))
  const lookup = new Lookup(new Uint8Array(20), [...nodes, { id: idOf(somebody6), address: somebody6 }])
  const asked: Address[] = []
  for (let next = lookup.next(0, 100); next; next = lookup.next(0, 100)) {
    lookup.asked(next, { sentAt: 0 })
    asked.push(next.address)
  }
  expect(asked).toEqual(['[2a00:5:6:7:1::1]:6881', '[2a00:5:6:7:2::1]:6881', somebody6])
})

test('two buddies meet within 1 s among 16 nodes of IPv6', () => {
  const swarm = new Swarm({ seed: 1, latency: [25, 25], nodes: 16, family: 6 }).settle(15_000)
  const [a, b] = [swarm.buddy(), swarm.buddy()]
  a.discovery.seek('b', pairOf('x', 0), swarm.network.now)
  b.discovery.seek('a', pairOf('x', 1), swarm.network.now)
  expect(swarm.until(() => found(a) && found(b))).toBeLessThanOrEqual(1_000)
  const records = a.host.events.flatMap((event) => (event.kind === 'found' ? [event.record.candidates] : []))
  expect(records[0]).toEqual([{ kind: 'host', address: b.at }])
  expect(a.host.events).toContainEqual({ kind: 'external', address: a.at })
})

/** Both families of one node, or of one client. */
function both(mode: 'client' | 'node', bootstrap: readonly Address[] = []): { four: Solo; six: Solo } {
  const pair: { four?: Solo; six?: Solo } = {}
  const options = { mode, bootstrap }
  pair.four = new Solo({ ...options, other: () => pair.six?.discovery })
  pair.six = new Solo({ ...options, local: six, other: () => pair.four?.discovery })
  return { four: pair.four, six: pair.six }
}

describe('two instances beside each other', () => {
  test('a node tells of the families that are wanted, of one by default', () => {
    const node = both('node', [somebody, somebody6])
    node.four.serve(1_000, () => ({}))
    node.six.serve(1_000, () => ({}))
    const asker = address('45.7.7.7:7777')
    const told = (want: (4 | 6)[] | undefined): unknown => {
      const question = { kind: 'find_node', target: new Uint8Array(20), want } as const
      node.four.hear({ kind: 'query', ...base, isReadOnly: true, question }, asker)
      const bytes = node.four.drain().find(({ peer }) => peer === asker)!.bytes
      const answer = decodeMessage(bytes)
      return answer?.kind === 'answer' && answer.nodes?.map(({ address }) => address)
    }
    expect([undefined, [], [4], [6], [4, 6]].map((want) => told(want as (4 | 6)[] | undefined))).toEqual([
      [somebody],
      [somebody],
      [somebody],
      [somebody6],
      [somebody, somebody6],
    ])
  })

  test('IPv6 begins with nodes that those of IPv4 tell of, and asks no more of them once it has joined', () => {
    const client = both('client', [somebody])
    expect(client.six.queries()).toEqual([])
    const [query] = client.four.queries()
    expect(query).toMatchObject({ question: { want: [4, 6] } })
    client.four.answer(query!, { nodes: [{ id: idOf(somebody6), address: somebody6 }] })
    client.four.drain()
    const [first] = client.six.queries()
    expect(first).toMatchObject({ to: somebody6, question: { want: [6] } })
    client.six.answer(first!, {}, somebody6)
    client.six.drain()
    expect(client.six.discovery.isJoined).toBe(true)
    const wants: unknown[] = []
    client.four.discovery.moved(client.four.now)
    client.four.serve(3_000, ({ question }) => {
      if (question.kind === 'find_node') wants.push(question.want)
      return {}
    })
    expect(wants[0]).toEqual([4])
  })

  test('where nobody of IPv6 answers, what IPv4 tells does not make it ask more often', () => {
    const client = both('client', [somebody])
    const times = new Map<Address, number[]>()
    for (let second = 0; second < 60; second++) {
      client.four.discovery.moved(client.four.now)
      const at = address(`[2a00:${second + 1}::7]:6881`)
      client.four.serve(1_000, () => ({ nodes: [{ id: idOf(at), address: at }] }))
      client.six.serve(1_000, ({ to }) => {
        times.set(to, [...(times.get(to) ?? []), client.six.now])
        return undefined
      })
    }
    const counts = [...times.values()].map((asked) => asked.length)
    expect(Math.max(...counts)).toBeLessThanOrEqual(6)
    expect(times.size).toBeGreaterThan(16)
  })

  test('what a node of the internet tells of a LAN is not learnt', () => {
    const client = both('client', [somebody])
    const [query] = client.four.queries()
    client.four.answer(query!, { nodes: [{ id: idOf(somebody6), address: address('[fd00::1]:6881') }] })
    client.four.drain()
    expect(client.six.queries()).toEqual([])
  })
})

test('no answer over IPv6 is larger than 1,232 octets, and one of two families none than 1,472', () => {
  const node = both('node')
  for (let n = 1; n <= 9; n++) {
    for (const [solo, at] of [
      [node.four, address(`45.2.${n}.1:6881`)],
      [node.six, address(`[2a00:2:${n}::1]:6881`)],
    ] as const) {
      const ping: Query = {
        kind: 'query',
        ...base,
        id: idOf(at),
        isReadOnly: false,
        question: { kind: 'ping' },
      }
      solo.hear(ping, at)
      for (const query of solo.queries()) if (query.to === at) solo.answer(query, {}, at)
    }
  }
  const value = new Uint8Array(995)
  for (const [solo, asker, most] of [
    [node.six, address('[2a00:7::7]:7777'), 1_232],
    [node.four, address('45.7.7.7:7777'), 1_472],
  ] as const) {
    const ask = (question: Query['question']): Message | undefined => {
      solo.hear({ kind: 'query', ...base, isReadOnly: true, question }, asker)
      const { bytes } = solo.drain().find(({ peer }) => peer === asker)!
      expect(bytes.length).toBeLessThanOrEqual(most)
      return decodeMessage(bytes)
    }
    const first = ask({ kind: 'get', target: new Uint8Array(20), want: [4, 6] })
    const token = first?.kind === 'answer' ? first.token! : value
    expect(ask({ kind: 'put', token, item: { kind: 'immutable', value } })).toMatchObject({ kind: 'answer' })
    const target = targetOf({ kind: 'immutable', value })
    const answer = ask({ kind: 'get', target, want: [4, 6] })
    expect(answer).toMatchObject({ kind: 'answer', item: { value } })
    expect(answer?.kind === 'answer' && answer.nodes!.length).toBeGreaterThan(0)
  }
})
