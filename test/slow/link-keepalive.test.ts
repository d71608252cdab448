import { describe, expect, test } from 'vitest'
import { KeepAlive, toldGap } from '../../src/transport/link/keepalive.ts'
import { content } from '../../src/transport/link/sealed.ts'
import { never } from '../../src/transport/link/silence.ts'
import { address, type NatType } from '../support/network.ts'
import { connect, type End, type Ends, openNat, portRestricted } from '../transport/link/ends.ts'
import { octets, randomOf } from '../transport/link/pair.ts'
import { Wire } from '../transport/link/wire.ts'

type Refreshed = 'outbound' | 'both'

const natOf = (seconds: number, refreshedBy: Refreshed): NatType => ({
  ...portRestricted,
  lifetime: { ms: seconds * 1_000, refreshedBy },
})

const octetsSent = ({ one, two }: Ends): number =>
  [one, two].reduce((sum, { link }) => sum + link!.sent.octets + 28 * link!.sent.frames, 0)

/** Octets a second of each side, with IPv4 and UDP, of an hour in which nobody speaks. */
function idleRate(ends: Ends): number {
  const before = octetsSent(ends)
  ends.network.run(3_600_000)
  return (octetsSent(ends) - before) / 3_600 / 2
}

describe('behind NATs that forget after', () => {
  test.each<[number, Refreshed, number]>([
    [10, 'outbound', 14],
    [10, 'both', 14],
    [30, 'outbound', 3.6],
    [30, 'both', 3.6],
    [100, 'outbound', 1.1],
    [100, 'both', 1.1],
    [300, 'outbound', 0.8],
    [300, 'both', 0.8],
  ])(
    '%i s (refreshed by %s) an idle link lives, and sends at most %f octets a second a side',
    (seconds, refreshed, limit) => {
      const nat = natOf(seconds, refreshed)
      const ends = connect({ seed: seconds, nats: [nat, nat], latency: [20, 60] })
      ends.network.run(1_800_000)
      const rate = idleRate(ends)
      expect(rate).toBeLessThan(limit)
      expect(rate).toBeGreaterThan(limit / 2)
      expect([ends.one.kinds(), ends.two.kinds()]).toEqual([['up'], ['up']])
    },
  )

  // At most what a silence that is tried is longer than one that is known to work, and 2 s.
  test.each([
    [10, 10, 10],
    [30, 30, 17],
    [100, 100, 32],
    [300, 300, 1],
    [10, 300, 10],
    [300, 30, 17],
    [40, 100, 22],
  ])(
    '%i and %i s, what is said at any time arrives once, in order, at most %i s later',
    (first, second, late) => {
      for (const seed of [1, 2, 3]) {
        const nats = [natOf(first, 'outbound'), natOf(second, 'outbound')] as const
        const { network, one, two } = connect({ seed: seed * 1_000 + first, nats, latency: [20, 60] })
        const random = randomOf(seed)
        const said: { readonly by: End; readonly text: string; readonly at: number }[] = []
        for (let i = 0; i < 60; i++) {
          network.run((5 + (random(1)[0]! * 85) / 255) * 1_000)
          const by = random(1)[0]! % 2 === 0 ? one : two
          said.push({ by, text: `${i}`, at: network.now })
          by.say(`${i}`)
        }
        network.run(60_000)
        for (const [from, to] of [
          [one, two],
          [two, one],
        ] as const) {
          const mine = said.filter(({ by }) => by === from)
          expect(to.texts).toEqual(mine.map(({ text }) => text))
          const delays = mine.map(({ at }, i) => to.heard[i]!.at - at)
          expect(Math.max(...delays)).toBeLessThan(late * 1_000)
        }
      }
    },
  )
})

test('what is said when a NAT has closed in a silence of 40 s arrives at its end, and ends no link', () => {
  const wire = Wire.open()
  const asks = (): number =>
    wire.sent.filter(({ from, bytes }) => from === 'initiator' && bytes.length === 43).length
  while (asks() < 5) wire.run(1_000) // 10 s, twice, 18, 25, 40
  wire.run(26_000)
  const { length } = wire.sent
  wire.passes = ({ from }) =>
    from === 'initiator' || wire.sent.slice(length).some((sent) => sent.from === 'initiator')
  wire.say('responder', 'anybody?')
  wire.run(13_000)
  expect(wire.texts('initiator')).toEqual([])
  while (!wire.sent.slice(length).some(({ from }) => from === 'initiator')) wire.run(10)
  wire.run(10) // at once, not when ENet would try again
  expect(wire.texts('initiator')).toEqual(['0 anybody?'])
  expect(wire.kinds('responder')).toEqual(['up'])
})

test('a late echo that comes from another address leads the way there', () => {
  const wire = Wire.open()
  wire.run(8_000) // the initiator measures
  wire.from.responder = address('10.9.9.9:9')
  wire.run(9_500)
  expect(wire.events.initiator.at(-1)).toMatchObject({ kind: 'path', path: { peer: '10.9.9.9:9' } })
})

test('a link whose buddy never agrees keeps 15 to 25 s, and asks twice in a quarter of an hour', () => {
  const ends = connect({ seed: 4, nats: [openNat, openNat], mayMeasure: [true, false], latency: [20, 60] })
  ends.network.run(60_000)
  const { frames } = ends.one.link!.sent
  ends.network.run(900_000)
  expect(ends.one.link!.sent.frames - frames).toBeGreaterThanOrEqual(900 / 25)
  expect(ends.one.link!.sent.frames - frames).toBeLessThanOrEqual(900 / 15 + 2)
})

test('a dead buddy is lost 15 s after the longest silence he announced', () => {
  const { network, one, two } = connect({ seed: 5, nats: [openNat, openNat] })
  network.run(1_800_000)
  two.host.machine = undefined
  network.run(115_000 - 72_000)
  expect(one.kinds()).toEqual(['up'])
  network.run(135_200)
  expect(one.kinds()).toEqual(['up', 'lost'])
})

describe('a measurement', () => {
  const alone = (role: 'initiator' | 'responder' = 'initiator', mayMeasure = true): KeepAlive =>
    new KeepAlive({ role, random: (size) => octets(size, 255), now: 0, mayMeasure })
  const eight = octets(8, 255)
  const ask = (seconds: number): Uint8Array => Uint8Array.of(seconds >> 8, seconds & 255, ...eight)
  const told = (seconds: number): Uint8Array => Uint8Array.of(seconds >> 8, seconds & 255, ...octets(6, 0))

  /** What is due next, sent: when, the kind, the content. */
  const next = (keepAlive: KeepAlive, from = 0, isIdle = true): [number, number, number[]] | undefined => {
    const now = Math.max(keepAlive.deadline, from)
    const duty = keepAlive.due(isIdle, now)
    if (duty) keepAlive.sent(duty.kind, now)
    return duty && [now, duty.kind, [...duty.octets]]
  }

  const agreed = (keepAlive: KeepAlive): void => {
    expect(next(keepAlive)).toEqual([5_000, content.echoLater, [...ask(10)]])
    keepAlive.heard({ kind: content.keepAlive, octets: told(10) }, 5_100)
  }

  test('is asked for after 5 s in which nothing went either way: u16 seconds, 8 octets', () => {
    expect(next(alone())).toEqual([5_000, 4, [0, 10, ...eight]])
    const talking = alone()
    talking.heard({ kind: content.enet, octets: eight }, 2_000)
    talking.sent(content.enet, 3_000)
    expect(next(talking)).toEqual([8_000, 4, [0, 10, ...eight]])
  })

  test('is not begun while something is on its way, nor if it must not be', () => {
    const busy = alone()
    expect([next(busy, 0, false), next(busy)]).toEqual([
      undefined,
      [10_000, content.keepAlive, [...told(10)]],
    ])
    expect(next(alone('initiator', false))).toEqual([25_000, content.keepAlive, [...told(25)]])
  })

  test('succeeds at the echo: the longer gap is told at once', () => {
    const keepAlive = alone()
    agreed(keepAlive)
    expect(keepAlive.deadline).toBe(5_100 + 11_500)
    keepAlive.heard({ kind: content.echo, octets: eight }, 15_200)
    keepAlive.echoed(eight, 'current', 15_200)
    expect(next(keepAlive)).toEqual([15_200, content.keepAlive, [...told(10)]])
    keepAlive.heard({ kind: content.keepAlive, octets: told(10) }, 15_300)
    expect(next(keepAlive)).toEqual([20_300, content.echoLater, [...ask(18)]])
  })

  test.each<[string, (keepAlive: KeepAlive) => void]>([
    ['without the echo', () => {}],
    ['with an echo of other octets', (it) => it.echoed(octets(8, 1), 'current', 15_200)],
    ['at an echo from elsewhere', (it) => it.echoed(eight, 'another', 15_200)],
    ['at an echo that is not late', (it) => it.echoed(eight, 'current', 7_000)],
  ])('fails %s: a keep-alive at once, and a smaller gap', (_, happens) => {
    const keepAlive = alone()
    agreed(keepAlive)
    happens(keepAlive)
    expect(next(keepAlive, 16_600)?.slice(1)).toEqual([content.keepAlive, [...told(5)]])
  })

  test.each<[string, (keepAlive: KeepAlive) => void]>([
    ['we send a message', (it) => it.sent(content.enet, 8_000)],
    ['we ask for a sign of life', (it) => it.sent(content.challenge, 8_000)],
    ['the other side sends a message', (it) => it.heard({ kind: content.enet, octets: eight }, 8_000)],
    [
      'the other side speaks too early',
      (it) => it.heard({ kind: content.keepAlive, octets: told(10) }, 8_000),
    ],
  ])('says nothing when %s: it is begun anew, and the gap stays', (_, happens) => {
    const keepAlive = alone()
    agreed(keepAlive)
    happens(keepAlive)
    keepAlive.echoed(eight, 'current', 15_200)
    expect(keepAlive.gap).toBe(10_000)
    expect(next(keepAlive)?.[2].slice(0, 2)).toEqual([0, 10])
  })

  test('that the other side asks for is agreed to by telling the silence, and answered when it is over', () => {
    const keepAlive = alone()
    expect(keepAlive.asked(ask(10), true, 1_000)).toBe(10_000)
    expect(next(keepAlive)).toEqual([1_000, content.keepAlive, [...told(10)]])
    expect(next(keepAlive)).toEqual([11_000, content.echo, [...eight]])
  })

  test('that the other side asks for is not agreed to when', () => {
    const refuses = (octets: Uint8Array, isIdle = true, keepAlive = alone()): void =>
      expect(keepAlive.asked(octets, isIdle, 1_000)).toBe(undefined)
    refuses(ask(10), false) // something is on its way
    refuses(ask(10), true, alone('responder', false)) // it must not be
    refuses(ask(25)) // it is longer than one step above what we know
    for (const seconds of [0, 121, 65_535]) refuses(ask(seconds))
    for (const size of [0, 2, 9, 11]) refuses(octets(size, 0))
    const asking = alone()
    next(asking)
    refuses(ask(10), true, asking) // the initiator's own goes first
  })

  test('of both at once is the initiator’s', () => {
    const responder = alone('responder')
    next(responder)
    expect(responder.asked(ask(10), true, 5_050)).toBe(10_000)
  })

  test('of a gap that failed twice is neither asked for nor agreed to', () => {
    const keepAlive = alone()
    const asked: number[] = []
    for (let i = 0; i < 40; i++) {
      const [at, kind, [, seconds]] = next(keepAlive) ?? [0, 0, []]
      if (kind !== content.echoLater) continue
      asked.push(seconds!)
      keepAlive.heard({ kind: content.keepAlive, octets: told(seconds!) }, at + 50)
    }
    expect(asked).toEqual([10, 5, 5])
    expect(keepAlive.gap).toBe(5_000)
    expect(keepAlive.asked(ask(10), true, 1e6)).toBe(undefined)
    expect(keepAlive.asked(ask(5), true, 1e6)).toBe(undefined)
  })

  /** A keep-alive that has measured this gap. */
  const proven = (seconds: number): KeepAlive => {
    const keepAlive = alone()
    while (keepAlive.gap < seconds * 1_000 || keepAlive.gap === 10_000) {
      const [at, kind, [, asked]] = next(keepAlive) ?? [0, 0, []]
      if (kind !== content.echoLater) continue
      keepAlive.heard({ kind: content.keepAlive, octets: told(asked!) }, at + 50)
      keepAlive.heard({ kind: content.echo, octets: eight }, at + asked! * 1_000 + 100)
      keepAlive.echoed(eight, 'current', at + asked! * 1_000 + 100)
      keepAlive.heard({ kind: content.keepAlive, octets: told(asked!) }, at + asked! * 1_000 + 150)
    }
    return keepAlive
  }

  test('of more than 25 s says from when on an answer may be missing, until something is heard', () => {
    const keepAlive = proven(25)
    expect(keepAlive.asked(ask(25), true, 1e6)).toBe(25_000)
    expect(keepAlive.agreed).toEqual(never)
    keepAlive.heard({ kind: content.enet, octets: eight }, 2e6)
    expect(keepAlive.asked(ask(40), true, 2e6)).toBe(40_000)
    expect(keepAlive.agreed).toEqual({ from: 2e6 + 25_000, until: 2e6 + 41_500 })
    keepAlive.heard({ kind: content.enet, octets: eight }, 2e6 + 10)
    expect(keepAlive.agreed).toEqual(never)
  })

  test('that is broken off leaves nothing late: nobody takes its silence for sleep', () => {
    const keepAlive = proven(60)
    keepAlive.heard({ kind: content.keepAlive, octets: told(60) }, keepAlive.deadline)
    let duty = next(keepAlive)
    while (duty?.[1] !== content.echoLater) duty = next(keepAlive)
    const [at, , [, asked]] = duty
    keepAlive.heard({ kind: content.keepAlive, octets: told(asked!) }, at + 50)
    keepAlive.heard({ kind: content.enet, octets: eight }, at + 80_000)
    expect([asked, keepAlive.deadline]).toEqual([90, at + 80_000])
  })

  test('that failed explains why keep-alives were missing', () => {
    const keepAlive = proven(18)
    let duty = next(keepAlive)
    while (duty?.[1] !== content.echoLater) duty = next(keepAlive)
    const [at, , [, asked]] = duty
    keepAlive.heard({ kind: content.keepAlive, octets: told(asked!) }, at + 50)
    next(keepAlive)
    for (let i = 0; i < 4; i++) keepAlive.missed(at + asked! * 1_000 + 5_000)
    expect(keepAlive.gap).toBe(18_000)
  })

  test('is forgotten on another path, where the gap is told at once and up to three times again', () => {
    const keepAlive = alone()
    agreed(keepAlive)
    keepAlive.moved(9_000)
    const times = [next(keepAlive), next(keepAlive), next(keepAlive), next(keepAlive)]
    expect(times.map((duty) => duty?.slice(0, 2))).toEqual(
      [9_000, 9_250, 9_500, 10_000].map((at) => [at, content.keepAlive]),
    )
    expect(next(keepAlive)).toEqual([15_000, content.echoLater, [...ask(10)]])
    keepAlive.moved(20_000)
    next(keepAlive)
    keepAlive.heard({ kind: content.challenge, octets: eight }, 20_100)
    expect(keepAlive.deadline).toBe(20_250)
    keepAlive.heard({ kind: content.keepAlive, octets: told(10) }, 20_200)
    expect(keepAlive.deadline).toBe(25_200)
  })
})

test('who was never agreed with keeps 25 s, on another path too', () => {
  const keepAlive = new KeepAlive({
    role: 'initiator',
    random: (size) => octets(size, 9),
    now: 0,
    mayMeasure: true,
  })
  const asked: number[] = []
  for (let now = 0; asked.length < 2 || now < 30_000; now = keepAlive.deadline) {
    const duty = keepAlive.due(true, now)
    if (duty) keepAlive.sent(duty.kind, now)
    if (duty?.kind === content.echoLater) asked.push(now)
  }
  expect(keepAlive.gap).toBe(25_000)
  keepAlive.moved(60_000)
  expect(keepAlive.gap).toBe(25_000)
})

test('keep-alives of the other side that are missing twice in a row make the gap smaller', () => {
  const keepAlive = new KeepAlive({
    role: 'initiator',
    random: (size) => octets(size, 9),
    now: 0,
    mayMeasure: false,
  })
  keepAlive.missed(30_000)
  keepAlive.kept()
  keepAlive.missed(60_000)
  expect(keepAlive.gap).toBe(25_000)
  keepAlive.missed(90_000)
  expect([keepAlive.gap, keepAlive.deadline]).toEqual([18_000, 90_000])
  for (let i = 0; i < 20; i++) keepAlive.missed(100_000)
  expect(keepAlive.gap).toBe(5_000)
})

test('the gap that a keep-alive tells is two octets of seconds, 1 to 120, and six more or, of older versions, none', () => {
  expect(
    [
      [0, 1],
      [0, 120],
      [0, 9, 0, 0, 0, 0, 0, 0],
    ].map((each) => toldGap(Uint8Array.from(each))),
  ).toEqual([1_000, 120_000, 9_000])
  for (const each of [[0, 0], [0, 121], [255, 255], [], [1], [0, 9, 0]])
    expect(toldGap(Uint8Array.from(each))).toBe(undefined)
})
