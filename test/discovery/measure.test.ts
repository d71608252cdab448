/** As whom nodes see each of our ends. */
import { describe, expect, test } from 'vitest'
import type { DiscoveryEvent } from '../../src/discovery/discovery.ts'
import { encodeMessage } from '../../src/discovery/krpc.ts'
import type { Address, Local } from '../../src/machine.ts'
import { address } from '../support/network.ts'
import { type Asked, idOf, local, Solo, somebody, stranger } from './solo.ts'
import { pairOf } from './swarm.ts'

const many = Array.from({ length: 12 }, (_, n) => address(`45.1.${n}.1:6881`))
const me = address('93.184.216.34:40000')
const extra: Local = { kind: 'udp4', isExtra: true }

const seenOf = ({ events }: Solo): (DiscoveryEvent & { kind: 'seen' })[] =>
  events.filter((event) => event.kind === 'seen')

/** Joined, with these nodes. */
function joined(bootstrap: readonly Address[] = many, tells: (at: Address) => boolean = () => true): Solo {
  const solo = new Solo({ bootstrap })
  solo.serve(3_000, ({ to }) => ({ ip: tells(to) ? me : undefined }))
  solo.events.length = 0
  return solo
}

const fromExtra = (queries: readonly Asked[]): Asked[] => queries.filter(({ from }) => from === extra)

describe('seen', () => {
  test('is told for every answer with an ip, with the time of the question', () => {
    const solo = new Solo({ bootstrap: [somebody] })
    solo.now = 7
    const [query] = solo.queries()
    solo.now = 57
    solo.answer(query!, { ip: me })
    solo.drain()
    expect(seenOf(solo)).toEqual([{ kind: 'seen', local, voter: somebody, as: me, sentAt: 7 }])
    solo.serve(70_000, () => ({ ip: address('93.184.216.34:40001') }))
    expect(seenOf(solo).length).toBeGreaterThan(1)
  })

  test.each([
    ['none', undefined],
    ['one of multicast', address('224.0.0.1:5')],
    ['one of IPv6', address('[2a00::1]:5')],
  ])('is not told of an answer with %s', (_, ip) => {
    const solo = new Solo({ bootstrap: [somebody] })
    solo.serve(3_000, () => ({ ip }))
    expect(solo.events.map(({ kind }) => kind)).toEqual(['joined'])
  })
})

describe('measure', () => {
  test('asks four nodes at distinct IPs from that end, and tells how each saw it', () => {
    const ports = many.slice(0, 3).map((at) => address(at.replace('6881', '6999')))
    const solo = joined([...many.slice(0, 4), ...ports])
    solo.discovery.measure(extra, solo.now)
    const asked = fromExtra(solo.queries())
    expect(asked.map(({ question }) => question.kind)).toEqual(['ping', 'ping', 'ping', 'ping'])
    expect(new Set(asked.map(({ to }) => to.split(':')[0])).size).toBe(4)
    const as = asked.map((query, n) => {
      const port = address(`93.184.216.34:${41_000 + n}`)
      solo.answer(query, { ip: port }, query.to, extra)
      return port
    })
    solo.drain()
    expect(seenOf(solo)).toEqual(
      asked.map(({ to }, n) => ({ kind: 'seen', local: extra, voter: to, as: as[n], sentAt: solo.now })),
    )
    solo.serve(10_000, () => ({}))
    expect(fromExtra(solo.queries())).toEqual([])
  })

  test('what another end is seen as does not count as ours', () => {
    const solo = joined(many.slice(0, 5))
    solo.discovery.measure(extra, solo.now)
    const id = solo.discovery.id
    const other = address('93.184.216.99:1')
    solo.serve(3_000, ({ from }) => ({ ip: from === extra ? other : me }))
    expect(seenOf(solo).filter(({ as }) => as === other)).toHaveLength(4)
    expect(solo.events.filter(({ kind }) => kind === 'external')).toEqual([])
    expect(solo.discovery.id).toBe(id)
  })

  test('an answer counts only on the end asked from', () => {
    const solo = joined()
    solo.discovery.measure(extra, solo.now)
    const [query] = fromExtra(solo.queries())
    solo.answer(query!, { ip: me }, query!.to, local)
    solo.answer(query!, { ip: me }, stranger, extra)
    solo.drain()
    expect(seenOf(solo)).toEqual([])
    solo.answer(query!, { ip: me }, query!.to, extra)
    solo.drain()
    expect(seenOf(solo)).toHaveLength(1)
  })

  test('those come first who say as whom they see us; for one who does not, or is silent, another is asked, eight in all', () => {
    const tellers = many.slice(5, 8)
    const solo = joined(many, (at) => tellers.includes(at))
    solo.discovery.measure(extra, solo.now)
    const asked: Address[] = []
    solo.serve(20_000, ({ from, to }) => {
      if (from !== extra) return {}
      asked.push(to)
      return tellers.includes(to) ? { ip: me } : asked.length % 2 ? {} : undefined
    })
    expect([...asked.slice(0, 3)].sort()).toEqual(tellers)
    expect(asked).toHaveLength(8)
    expect(new Set(asked).size).toBe(8)
    expect(seenOf(solo).filter(({ local }) => local === extra)).toHaveLength(3)
  })

  test('waits until nodes are known', () => {
    const solo = new Solo({ bootstrap: many })
    solo.discovery.measure(extra, 0)
    expect(fromExtra(solo.queries())).toEqual([])
    let count = 0
    solo.serve(3_000, ({ from }) => {
      if (from === extra) count++
      return { ip: me }
    })
    expect(count).toBe(4)
  })

  test('again: asks again', () => {
    const solo = joined()
    for (const _ of [1, 2]) {
      solo.discovery.measure(extra, solo.now)
      expect(fromExtra(solo.queries())).toHaveLength(4)
      solo.serve(5_000, () => ({ ip: me }))
    }
  })

  test('after forget nothing is sent from that end, and nothing taken', () => {
    const solo = joined()
    solo.discovery.measure(extra, solo.now)
    const [query] = fromExtra(solo.queries())
    solo.discovery.forget(extra)
    solo.answer(query!, { ip: me }, query!.to, extra)
    solo.drain()
    expect(seenOf(solo)).toEqual([])
    for (let n = 0; n < 12; n++) {
      // More than may leave at once: some wait for their turn.
      solo.discovery.measure(extra, solo.now)
      solo.drain()
    }
    solo.discovery.forget(extra)
    let count = 0
    solo.serve(10_000, ({ from }) => {
      if (from === extra) count++
      return undefined
    })
    expect(count).toBe(0)
  })

  test('another end answers nobody, not even that of a full node', () => {
    const solo = new Solo({ mode: 'node', bootstrap: many })
    solo.serve(3_000, () => ({}))
    solo.discovery.measure(extra, solo.now)
    solo.queries()
    const ping = encodeMessage({
      kind: 'query',
      transaction: Uint8Array.of(1),
      id: idOf(stranger),
      isReadOnly: true,
      question: { kind: 'ping' },
    })
    for (const [at, count] of [
      [extra, 0],
      [local, 1],
    ] as const) {
      solo.discovery.receive({ local: at, peer: stranger, bytes: ping }, solo.now)
      expect(solo.drain().filter(({ peer }) => peer === stranger)).toHaveLength(count)
    }
  })
})

test('counters: what was sent and received, and for what', () => {
  const solo = joined()
  const before = solo.discovery.counters
  expect(before).toMatchObject({ puts: 0, lookups: 1 })
  expect([before.sent, before.received]).toEqual([before.received, before.sent])
  solo.discovery.measure(extra, solo.now)
  const queries = solo.queries()
  expect(solo.discovery.counters).toEqual({ ...before, sent: before.sent + queries.length })
  solo.discovery.receive({ local, peer: somebody, bytes: new Uint8Array(30) }, solo.now)
  expect(solo.discovery.counters.received).toBe(before.received)
  solo.discovery.announce([], solo.now)
  solo.discovery.seek('bob', pairOf('x', 0), solo.now)
  solo.serve(3_000, () => ({}))
  expect(solo.discovery.counters).toMatchObject({ puts: 12, lookups: 7 }) // nobody has what was put: all get it
})
