import { describe, expect, test } from 'vitest'
import { ed25519, equal, randomBytes } from '../../src/crypto.ts'
import type { DiscoveryEvent, DiscoveryOptions } from '../../src/discovery/discovery.ts'
import {
  type Answer,
  decodeMessage,
  encodeMessage,
  type MutableItem,
  type Query,
} from '../../src/discovery/krpc.ts'
import { epochOf, type PairKeys, Place } from '../../src/discovery/place.ts'
import { markedPart, openRecord, type RendezvousRecord } from '../../src/discovery/record.ts'
import type { Address } from '../../src/machine.ts'
import { hostile, realMessages } from '../discovery/hostile.ts'
import {
  type Asked,
  idOf,
  isAt,
  itemAt,
  local,
  Solo,
  seqNow,
  signed,
  somebody,
  stranger,
  told,
} from '../discovery/solo.ts'
import { pairOf, seeded, wallStart } from '../discovery/swarm.ts'
import { address } from '../support/network.ts'

describe('the fuzz table, one datagram each into a live machine', () => {
  const modes = ['client', 'node'] as const
  test.each(modes)('%s: nothing is thrown, and it works on', (mode) => {
    const bench = new Solo({ mode })
    for (const [name, bytes, reading] of hostile) {
      bench.discovery.receive({ local, peer: stranger, bytes }, bench.now)
      const sent = bench.drain().filter(({ peer }) => peer === stranger)
      const answers = sent.filter(({ bytes }) => decodeMessage(bytes)?.kind !== 'query')
      // What is read as a question a node answers, once; a client nothing at all.
      expect([name, answers.length]).toEqual([name, mode === 'node' && reading === 'query' ? 1 : 0])
    }
    bench.serve(10_000, ({ to }) => (to === somebody ? {} : undefined))
    expect(bench.events.map(({ kind }) => kind)).toContain('joined')
    expect(bench.discovery.nodes()).toEqual([somebody])
  })

  test.each(modes)(
    '%s: 5,000 mutations of real messages, answers to our own questions among them',
    (mode) => {
      const bench = new Solo({ mode })
      const random = seeded(11)
      bench.discovery.announce([], 0)
      bench.discovery.seek('bob', pairOf('x', 0), 0)
      let transactions: Uint8Array[] = []
      for (let i = 0; i < 5_000; i++) {
        bench.now += random(1)[0]!
        for (const { transaction } of bench.queries()) transactions.push(transaction)
        const original = realMessages[i % realMessages.length]!
        const transaction = original.kind !== 'query' ? transactions.pop() : undefined
        transactions = transactions.slice(-20)
        const bytes = encodeMessage(transaction ? { ...original, transaction } : original)
        if (random(1)[0]! > 60) bytes[((random(1)[0]! << 8) | random(1)[0]!) % bytes.length] = random(1)[0]!
        bench.discovery.receive({ local, peer: somebody, bytes }, bench.now)
      }
      expect(bench.events.map(({ kind }) => kind)).toContain('joined')
      expect(bench.discovery.stored).toBeLessThan(10)
    },
  )
})

describe('Discovery', () => {
  test('a client answers no question (BEP 43), and says that it is read-only', () => {
    const bench = new Solo()
    expect(bench.queries()).toMatchObject([
      { isReadOnly: true, to: somebody, question: { kind: 'find_node' } },
    ])
    for (const message of realMessages) if (message.kind === 'query') bench.hear(message, stranger)
    expect(bench.drain()).toEqual([])
  })

  test('a node answers, is not read-only, and asks back who is not, before it believes him', () => {
    const bench = new Solo({ mode: 'node', bootstrap: [] })
    const ping = {
      kind: 'query',
      transaction: Uint8Array.of(7),
      id: idOf(stranger),
      question: { kind: 'ping' },
    } as const
    bench.hear({ ...ping, isReadOnly: true }, stranger)
    expect(bench.drain()).toHaveLength(1)
    bench.hear({ ...ping, isReadOnly: false }, stranger)
    const [answer, back] = bench.drain().map(({ bytes }) => decodeMessage(bytes))
    expect(answer).toMatchObject({ kind: 'answer', transaction: Uint8Array.of(7), ip: stranger })
    expect(back).toMatchObject({ kind: 'query', isReadOnly: false, question: { kind: 'ping' } })
    expect(bench.discovery.nodes()).toEqual([])
    bench.answer(back as Query, {}, stranger)
    expect(bench.discovery.nodes()).toEqual([stranger])
  })

  test('an answer counts only from the address asked, once, with its transaction', () => {
    const bench = new Solo()
    const [query] = bench.queries()
    bench.answer(query!, {}, stranger)
    bench.answer(query!, {}, address('45.1.1.1:6882'))
    bench.hear({
      kind: 'answer',
      transaction: query!.transaction.map((byte) => byte ^ 1),
      id: idOf(somebody),
    })
    bench.hear({ kind: 'answer', transaction: Uint8Array.of(0, ...query!.transaction), id: idOf(somebody) })
    expect(bench.discovery.nodes()).toEqual([])
    bench.answer(query!)
    expect(bench.discovery.nodes()).toEqual([somebody])
  })

  test('200 unsolicited answers leave the table empty', () => {
    const bench = new Solo({ mode: 'node' })
    bench.drain()
    for (let n = 0; n < 200; n++) {
      const from = address(`45.2.${n}.1:1`)
      bench.hear({ kind: 'answer', transaction: randomBytes(4), id: randomBytes(20) }, from)
    }
    expect(bench.discovery.nodes()).toEqual([])
  })

  test('ignores what comes to another end', () => {
    const bench = new Solo()
    const [query] = bench.queries()
    const bytes = encodeMessage({ kind: 'answer', transaction: query!.transaction, id: idOf(somebody) })
    bench.discovery.receive({ local: { kind: 'udp4' }, peer: somebody, bytes }, 0)
    expect(bench.discovery.nodes()).toEqual([])
  })

  test('unreachable once, then tried again after 1, 2, 4 … 60 s, and at once when an address comes', () => {
    const bench = new Solo()
    const times: number[] = []
    bench.serve(200_000, () => {
      times.push(bench.now)
      return undefined
    })
    // Each attempt waits two seconds for an answer.
    expect(times).toEqual([0, 3_000, 7_000, 13_000, 23_000, 41_000, 75_000, 137_000, 199_000])
    expect(bench.events).toEqual([{ kind: 'unreachable' }])
    bench.serve(5_000, () => undefined)
    bench.discovery.addBootstrap([stranger], bench.now)
    const asked = bench.queries()
    expect(asked.map(({ to }) => to)).toContain(stranger)
    bench.answer(asked.find(({ to }) => to === stranger)!, {}, stranger)
    bench.drain()
    expect(bench.events.at(-1)).toEqual({ kind: 'joined' })
  })

  test('keeps its nodes while our own network is down, and forgets one that is silent while others answer', () => {
    const bench = new Solo({ bootstrap: [somebody, stranger] })
    bench.discovery.seek('bob', pairOf('x', 0), 0)
    bench.serve(3_000, () => ({}))
    bench.serve(120_000, () => undefined)
    expect([...bench.discovery.nodes()].sort()).toEqual([somebody, stranger].sort())
    bench.serve(120_000, ({ to }) => (to === somebody ? {} : undefined))
    expect(bench.discovery.nodes()).toEqual([somebody])
  })

  test('asks eight saved nodes first, then those given, then other saved ones', () => {
    const saved = Array.from({ length: 20 }, (_, n) => address(`45.3.${n}.1:1`))
    const bench = new Solo({ saved })
    const asked: Address[] = []
    bench.serve(5_000, ({ to }) => {
      asked.push(to)
      return undefined
    })
    expect(asked.slice(0, 21)).toEqual([...saved.slice(0, 8), somebody, ...saved.slice(8)])
  })

  test('says as whom it is seen, and takes the id BEP 42 wants; another with another network', () => {
    const bench = new Solo()
    const first = bench.discovery.id
    const [query] = bench.queries()
    bench.answer(query!, { ip: address('124.31.75.21:77') })
    bench.drain()
    expect(bench.events).toContainEqual({ kind: 'external', address: '124.31.75.21:77' })
    const second = bench.discovery.id
    expect(second).not.toEqual(first)
    bench.discovery.moved(bench.now)
    expect(bench.discovery.id).not.toEqual(second)
  })

  test('sends one node at most ten packets at once and two a second, whatever there is to ask', () => {
    const bench = new Solo()
    bench.discovery.announce([], 0)
    for (let n = 0; n < 40; n++) bench.discovery.seek(`buddy ${n}`, pairOf(`${n}`, 0), 0)
    const times: number[] = []
    bench.serve(60_000, () => {
      times.push(bench.now)
      return {}
    })
    for (const [i, time] of times.entries()) {
      const within = times.slice(i).filter((other) => other < time + 10_000).length
      expect(within).toBeLessThanOrEqual(30)
    }
    expect(times.length).toBeGreaterThan(100)
  })
})

describe('the rendezvous', () => {
  const pair = pairOf('x', 0)
  const epoch = epochOf(wallStart)
  const zeros = new Uint8Array(8) // the session id of another run
  const theirs = new Place(pair, 1, epoch)
  const ours = new Place(pair, 0, epoch)
  const candidates = told

  /** As only we can write it, on whatever machine. */
  const ownItem = (
    seq: number,
    { sessionId = zeros, timestamp = wallStart }: Partial<RendezvousRecord> = {},
  ): MutableItem => itemAt(ours, seq, { sessionId, timestamp, mark: markOf(pair, seq, timestamp, sessionId) })
  const markOf = (
    { mark }: PairKeys,
    seq: number,
    timestamp = wallStart,
    sessionId: Uint8Array = zeros,
  ): Uint8Array => mark!(markedPart({ target: ours.target, seq }, { sessionId, timestamp }))

  /** A network of one node that answers with this. */
  const start = (options: Partial<DiscoveryOptions> = {}): Solo => {
    const bench = new Solo(options)
    bench.discovery.announce(candidates, 0)
    bench.discovery.seek('bob', pair, 0)
    return bench
  }

  test('a record is told once, a newer one again, an older one never', () => {
    const bench = start()
    let seq = seqNow
    const serve = (span: number): void =>
      bench.serve(span, (query) => (isAt(query, theirs) ? { item: itemAt(theirs, seq) } : {}))
    serve(5_000)
    const found = (): DiscoveryEvent[] => bench.events.filter(({ kind }) => kind === 'found')
    expect(found()).toMatchObject([{ name: 'bob', record: { candidates, timestamp: wallStart } }])
    seq = seqNow - 5
    serve(5_000)
    expect(found()).toHaveLength(1)
    seq = seqNow + 5
    serve(5_000)
    expect(found()).toHaveLength(2)
  })

  test('a record of the highest seq hinders for its hour, and no longer', () => {
    const bench = start()
    const forged = itemAt(theirs, 2 ** 53 - 1, { candidates: [] })
    const found: number[] = []
    for (let minute = 1; minute < 90; minute++) {
      const now = wallStart + bench.now
      const place = new Place(pair, 1, epochOf(now))
      const item = itemAt(place, Math.floor(now / 1_000), { timestamp: now })
      bench.serve(60_000, (query) => {
        if (isAt(query, theirs)) return { item: forged }
        return isAt(query, place) ? { item } : {}
      })
      const records = bench.events.splice(0).filter(({ kind }) => kind === 'found')
      found.push(...records.map(() => minute))
    }
    expect(found[0]).toBe(1) // the forged one
    expect(found[1]).toBeGreaterThan(30) // wallStart is half an hour before the next
    expect(found[1]).toBeLessThan(33)
    expect(found.length).toBeGreaterThan(40)
  })

  test('a record that stands in two hours is told once, an older one in another hour never', () => {
    const bench = start()
    const places = [-1, 0, 1].map((hour) => new Place(pair, 1, epoch + hour))
    const ages = [60_000, 5_000, 5_000] // ms
    const asked = places.map(() => new Set<number | undefined>())
    bench.serve(60_000, (query) => {
      const i = places.findIndex((place) => isAt(query, place))
      if (i < 0) return {}
      if (query.question.kind === 'get') asked[i]!.add(query.question.seq)
      const timestamp = wallStart - ages[i]!
      return { item: itemAt(places[i]!, Math.floor(timestamp / 1_000), { timestamp }) }
    })
    const found = bench.events.filter(({ kind }) => kind === 'found')
    expect(found).toMatchObject([{ record: { timestamp: wallStart - 5_000 } }])
    // Nodes are asked for what is newer than what was heard at this very place.
    expect(asked.map((seqs) => [...seqs])).toEqual(
      ages.map((age) => [undefined, Math.floor((wallStart - age) / 1_000)]),
    )
  })

  test.each([
    ['older than two hours', -7_200_001],
    ['two hours ahead', 7_210_000],
  ])('a record %s is ignored', (_, offset) => {
    const bench = start()
    const item = itemAt(theirs, seqNow, { timestamp: wallStart + offset })
    bench.serve(5_000, (query) => (isAt(query, theirs) ? { item } : {}))
    expect(bench.events.filter(({ kind }) => kind === 'found')).toEqual([])
  })

  test('a record of another place, or of a stranger under the same target, is nothing', () => {
    const bench = start()
    const other = new Place(pairOf('y', 0), 1, epoch)
    const strange = itemAt(other, seqNow)
    const mirrored = itemAt(ours, seqNow)
    let n = 0
    bench.serve(5_000, (query) => (isAt(query, theirs) ? { item: n++ % 2 ? strange : mirrored } : {}))
    expect(bench.events.map(({ kind }) => kind)).toEqual(['joined'])
  })

  test('a buddy whose clock is an hour ahead or behind is found', () => {
    for (const hour of [-1, 1]) {
      const bench = start()
      const place = new Place(pair, 1, epoch + hour)
      const item = itemAt(place, seqNow + hour * 3_600, { timestamp: wallStart + hour * 3_600_000 })
      bench.serve(5_000, (query) => (isAt(query, place) ? { item } : {}))
      expect(bench.events.map(({ kind }) => kind)).toContain('found')
    }
  })

  test('the record of our last run is superseded, even if its clock was ahead', () => {
    const bench = start()
    const puts: number[] = []
    bench.serve(5_000, (query) => {
      if (query.question.kind === 'put' && query.question.item.kind === 'mutable')
        puts.push(query.question.item.seq)
      return isAt(query, ours) ? { item: itemAt(ours, seqNow + 1_000) } : {}
    })
    expect(puts[0]).toBe(seqNow + 1_001)
    expect(bench.events.map(({ kind }) => kind)).not.toContain('elsewhere')
  })

  test('a newer record of another session means that we run elsewhere: said once, and no put follows', () => {
    const bench = start()
    let puts = 0
    let item: Answer['item']
    const serve = (span: number): void =>
      bench.serve(span, (query) => {
        if (query.question.kind === 'put') puts++
        return isAt(query, ours) ? { item } : {}
      })
    serve(5_000)
    expect(puts).toBe(1)
    item = ownItem(seqNow + 100)
    serve(310_000) // the next lookup
    expect(bench.events.filter(({ kind }) => kind === 'elsewhere')).toEqual([
      { kind: 'elsewhere', name: 'bob' },
    ])
    bench.discovery.announce([], bench.now)
    serve(6_890_000)
    expect(puts).toBe(1)
    item = undefined
    serve(400_000) // two hours later the other machine may be gone
    expect(puts).toBe(2)
  })

  /** What is put, when, by somebody whose place another overwrites with this. */
  const overwritten = (
    forge: (seq: number, bench: Solo) => MutableItem | undefined,
    keys: PairKeys = pair,
  ): { bench: Solo; puts: { seq: number; at: number }[] } => {
    const bench = new Solo()
    bench.discovery.announce(candidates, 0)
    bench.discovery.seek('bob', keys, 0)
    const puts: { seq: number; at: number }[] = []
    let stored: MutableItem | undefined
    bench.serve(60_000, (query) => {
      const { question } = query
      if (question.kind === 'put' && question.item.kind === 'mutable') {
        const { seq } = question.item
        puts.push({ seq, at: bench.now })
        if (stored && seq <= stored.seq) return 302
        stored = forge(seq, bench)
        return 302
      }
      return isAt(query, ours) && stored ? { item: stored } : {}
    })
    return { bench, puts }
  }

  test.each<[string, Parameters<typeof overwritten>[0], boolean]>([
    ['without our mark', (seq) => itemAt(ours, seq + 100), true],
    ['with the mark of another seq', (seq) => itemAt(ours, seq + 100, { mark: markOf(pair, seq) }), true],
    [
      'with the buddy’s mark',
      (seq) => itemAt(ours, seq + 100, { mark: markOf(pairOf('x', 1), seq + 100) }),
      true,
    ],
    [
      'with our session id',
      (seq, { discovery }) => itemAt(ours, seq + 100, { sessionId: discovery.sessionId }),
      true,
    ],
    [
      'with our session id and our mark, from before he was sought again,',
      (seq, { discovery }) => ownItem(seq + 100, { sessionId: discovery.sessionId }),
      true,
    ],
    ['of an earlier run, played back,', (seq) => ownItem(seq + 100, { timestamp: wallStart - 1 }), true],
    [
      'of an earlier run with another timestamp',
      (seq) => itemAt(ours, seq + 100, { mark: markOf(pair, seq + 100, wallStart - 1) }),
      true,
    ],
    ['that does not open', (seq) => signed(ours, seq + 100, new Uint8Array(512)), true],
    [
      'that neither opens nor is signed',
      (seq) => ({ ...signed(ours, seq + 100, new Uint8Array(512)), signature: new Uint8Array(64) }),
      false,
    ],
    ['of a seq that leaves no room', (seq) => itemAt(ours, 2 ** 52 + seq), false],
  ])('a record in our direction %s does not silence us', (_, forge, isFollowed) => {
    const { bench, puts } = overwritten(forge)
    expect(bench.events.map(({ kind }) => kind)).not.toContain('elsewhere')
    const seqs = puts.map(({ seq }) => seq)
    if (isFollowed) expect(seqs.slice(0, 3)).toEqual([seqNow, seqNow + 101, seqNow + 202])
    else expect(Math.max(...seqs)).toBeLessThan(seqNow + 61)
    const gaps = puts.slice(1).map(({ at }, i) => at - puts[i]!.at)
    expect(puts.length).toBeGreaterThan(2)
    expect(puts.length).toBeLessThanOrEqual(7)
    if (isFollowed) expect(Math.min(...gaps)).toBeGreaterThanOrEqual(5_000)
  })

  test('what overwrites our record is superseded, and then when we look there the next time, not half an hour later', () => {
    const bench = start()
    const puts: { seq: number; at: number }[] = []
    let stored: MutableItem | undefined
    bench.serve(700_000, (query) => {
      if (query.question.kind !== 'put') return isAt(query, ours) && stored ? { item: stored } : {}
      if (query.question.item.kind !== 'mutable') return {}
      const { seq } = query.question.item
      puts.push({ seq, at: Math.round(bench.now / 1_000) })
      stored = itemAt(ours, seq + 1_000)
      return {}
    })
    expect(puts).toEqual([
      { seq: seqNow, at: 0 },
      { seq: seqNow + 1_001, at: 10 }, // the first one is checked a second later,
      { seq: seqNow + 2_002, at: 301 }, // what supersedes another is not: two would chase each other
      { seq: seqNow + 3_003, at: 601 },
    ])
  })

  test('without a mark nobody is believed to be us', () => {
    const { bench, puts } = overwritten((seq) => ownItem(seq + 100), {
      own: pair.own,
      key: (...which) => pair.key(...which),
    })
    expect(bench.events.map(({ kind }) => kind)).not.toContain('elsewhere')
    expect(puts.length).toBeGreaterThan(2)
  })

  test('two records of earlier, heard before our first, are superseded', () => {
    const bench = start({ bootstrap: [somebody, stranger] })
    const puts: number[] = []
    bench.serve(5_000, (query) => {
      if (query.question.kind === 'put' && query.question.item.kind === 'mutable')
        puts.push(query.question.item.seq)
      return isAt(query, ours) ? { item: ownItem(seqNow + (query.to === somebody ? 10 : 20)) } : {}
    })
    expect(bench.events.map(({ kind }) => kind)).not.toContain('elsewhere')
    expect(puts[0]).toBe(seqNow + 21)
  })

  test('a node that refuses our seq is asked for the newer record at once', () => {
    const bench = start()
    let refused = false
    bench.serve(2_000, (query) => {
      if (query.question.kind !== 'put')
        return isAt(query, ours) && refused ? { item: ownItem(seqNow + 100) } : {}
      refused = true
      return 302
    })
    expect(bench.events.map(({ kind }) => kind)).toContain('elsewhere')
  })

  test('puts at once, after a change 0.5 s later but 10 s apart, and every half hour', () => {
    const bench = start()
    const puts: number[] = []
    const serve = (until: number): void =>
      bench.serve(until - bench.now, ({ question }) => {
        if (question.kind === 'put') puts.push(bench.now)
        return {}
      })
    serve(3_000)
    bench.discovery.announce([], bench.now)
    serve(4_000)
    bench.discovery.announce(candidates, bench.now)
    serve(60_000)
    bench.discovery.announce([], bench.now)
    bench.discovery.announce([], bench.now)
    serve(70_000)
    expect(puts.map((time) => Math.round(time / 100) / 10)).toEqual([0, 10, 60.5])
    serve(1_000_000)
    expect(puts).toHaveLength(3)
  })

  test('nodes that store nothing are tried again after 5, 10, 20 … s, not for ever at one pace', () => {
    const bench = start()
    const puts: number[] = []
    bench.serve(300_000, ({ question }) => {
      if (question.kind !== 'put') return {}
      puts.push(Math.round(bench.now / 1_000))
      return 202
    })
    expect(puts).toEqual([0, 5, 15, 35, 75, 155])
  })

  test('polls after 0.25, 0.5, 1, 1 … s, from 10 s on every 5 s, after a minute every 60 s or so', () => {
    const bench = start()
    const polls: number[] = []
    bench.serve(400_000, (query) => {
      if (isAt(query, theirs)) polls.push(bench.now)
      return {}
    })
    const gaps = polls.slice(1).map((time, i) => Math.round((time - polls[i]!) / 10) * 10)
    expect(gaps.slice(0, 4)).toEqual([250, 500, 1_000, 1_000])
    // The first lookup of a wider circle is after 6 s.
    expect(gaps.slice(13, 19)).toEqual([5_000, 5_000, 5_000, 5_000, 5_000, 5_000])
    const last = polls.slice(-4)
    for (const [i, time] of last.slice(1).entries()) expect(time - last[i]!).toBeLessThanOrEqual(75_000)
    expect(polls.length).toBeLessThan(35)
  })

  test('the last of an hour: both hours are written, with one seq', () => {
    const late = wallStart + 25 * 60_000
    const bench = start({ wall: (now) => late + now })
    const puts = new Map<string, number>()
    bench.serve(5_000, ({ question }) => {
      if (question.kind === 'put' && question.item.kind === 'mutable')
        puts.set(question.item.key.join(), question.item.seq)
      return {}
    })
    const keys = [epoch, epoch + 1].map((epoch) => new Place(pair, 0, epoch).publicKey.join())
    expect([...puts.keys()].sort()).toEqual(keys.sort())
    expect(new Set(puts.values()).size).toBe(1)
  })

  test('both hours’ copies are one record, also where one is stored a moment later', () => {
    const late = wallStart + 25 * 60_000
    const bench = start({ wall: (now) => late + now })
    const [now, next] = [ours, new Place(pair, 0, epoch + 1)]
    const said: RendezvousRecord[] = []
    const held: Asked[] = []
    const pass = (): void => {
      for (let queries = bench.queries(); queries.length > 0; queries = bench.queries())
        for (const query of queries) {
          const { question, to, from } = query
          if (question.kind === 'put' && question.item.kind === 'mutable') {
            const { seq, value, key } = question.item
            const { aead, target } = [now, next].find(({ publicKey }) => equal(publicKey, key))!
            said.push(openRecord(value as Uint8Array, { key: aead, target, seq })!)
          }
          if (isAt(query, next) && bench.now === 0) held.push(query)
          else bench.answer(query, {}, to, from)
        }
    }
    pass()
    bench.now = 300
    for (const query of held) bench.answer(query, {}, query.to, query.from)
    pass()
    expect(held).toHaveLength(1)
    expect(said.map(({ timestamp }) => timestamp)).toEqual([late, late])
  })

  test('a new hour is written and read in its turn, and the old one is left', () => {
    const bench = start()
    const read = new Set<string>()
    bench.serve(30 * 60_000 + 601_000, () => ({}))
    bench.serve(3_600_000 - 1_300_000, (query) => {
      if ('target' in query.question) read.add(query.question.target.join())
      return {}
    })
    const target = (direction: 0 | 1, hour: number): string =>
      new Place(pair, direction, epoch + hour).target.join()
    expect([target(1, 1), target(1, 0), target(1, 2), target(0, 1)].every((target) => read.has(target))).toBe(
      true,
    )
    expect([target(1, -1), target(0, 0)].some((target) => read.has(target))).toBe(false)
  })

  test('after stop nothing is read or written for him', () => {
    const bench = start()
    bench.serve(5_000, () => ({}))
    bench.discovery.stop('bob')
    const kinds = new Set<string>()
    bench.serve(100_000, ({ question }) => {
      kinds.add(question.kind)
      return {}
    })
    expect(kinds.has('get') || kinds.has('put')).toBe(false)
  })

  test('a buddy nobody waits for is polled once a minute', () => {
    const bench = new Solo()
    bench.discovery.announce(candidates, 0)
    bench.discovery.seek('bob', pair, 0, { eager: false })
    let [polls, puts] = [0, 0]
    bench.serve(600_000, (query) => {
      if (isAt(query, theirs)) polls++
      if (query.question.kind === 'put') puts++
      return {}
    })
    expect(polls).toBeGreaterThanOrEqual(8)
    expect(polls).toBeLessThanOrEqual(15)
    expect(puts).toBe(1)
  })

  test('nothing is put before there is something to announce', () => {
    const bench = new Solo()
    bench.discovery.seek('bob', pair, 0)
    const kinds = new Set<string>()
    const serve = (): void =>
      bench.serve(3_000, ({ question }) => {
        kinds.add(question.kind)
        return {}
      })
    serve()
    expect([...kinds].sort()).toEqual(['find_node', 'get'])
    bench.discovery.announce(candidates, bench.now)
    serve()
    expect(kinds.has('put')).toBe(true)
  })
})

test('ed25519 and places agree on what is signed', () => {
  const secret = pairOf('x', 0).key('ed25519', 1, 5)
  expect(new Place(pairOf('x', 0), 1, 5).publicKey).toEqual(ed25519(secret).publicKey)
})
