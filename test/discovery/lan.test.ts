import { describe, expect, test } from 'vitest'
import { type Lan, type LanEvent, lanGroup4, lanGroup6 } from '../../src/discovery/lan.ts'
import { readAnnouncement, writeAnnouncements } from '../../src/discovery/lantags.ts'
import type { Datagram, Local, Output } from '../../src/machine.ts'
import { classify } from '../../src/wire/classify.ts'
import { address, Network } from '../support/network.ts'
import { attach, counting, hour, link, pairOf, program, seeded, thisEpoch } from './lanpeople.ts'

describe('two on one link', () => {
  test('know each other within 200 ms, both started at once: address, epoch, run', () => {
    const { network, ada, bob, hosts } = couple()
    const times = timesOf(network, hosts, 200)
    expect(Math.max(...times)).toBeLessThan(200)
    expect(hosts[0]!.events[0]).toEqual(near('bob', '10.0.2.2:7002', bob.sessionId))
    expect(hosts[1]!.events[0]).toEqual(near('ada', '10.0.1.2:7001', ada.sessionId))
  })

  test('know each other within 200 ms of the second’s start, an hour after the first', () => {
    const { network, bob, ada } = couple({ late: true })
    network.run(hour)
    const { hosts } = bob.enter()
    expect(Math.max(...timesOf(network, [ada.host, ...hosts], 200))).toBeLessThan(200)
  })

  test('know each other in spite of a clock 5 hours wrong; the event has the other’s epoch', () => {
    const { network, hosts } = couple({ ahead: 5 * hour })
    expect(Math.max(...timesOf(network, hosts, 200))).toBeLessThan(200)
    expect(hosts.map(({ events }) => events[0]!.epoch)).toEqual([thisEpoch + 5, thisEpoch])
  })

  test('know each other by IPv6 alone, with the zone, and by the port of that family', () => {
    const { network, hosts } = couple({ families: [6] })
    expect(Math.max(...timesOf(network, hosts, 200))).toBeLessThan(200)
    expect(hosts[0]!.events[0]!.address).toBe('[fe80::2%lan0]:7102')
  })

  test('with both families are told of by both', () => {
    const { network, hosts } = couple({ families: [4, 6] })
    network.run(200)
    const addresses = hosts[0]!.events.map((event) => event.address)
    expect(new Set(addresses)).toEqual(new Set(['10.0.2.2:7002', '[fe80::2%lan0]:7102']))
  })

  test.each([1, 2, 3, 4, 5])('find each other though 60 %% is lost, within 15 s (seed %i)', (seed) => {
    const { network, hosts } = couple({ loss: 0.6, seed })
    network.run(15_000)
    expect(hosts.map(({ events }) => events.length > 0)).toEqual([true, true])
  })

  test('say 12 announcements in the first minute at the most, once they know each other', () => {
    const { network, hosts } = couple()
    network.run(60_000)
    for (const { sent } of hosts) expect(sent).toBeLessThanOrEqual(12)
  })

  test('a program started anew is told of within 200 ms, as another run', () => {
    const { network, hosts, bob, ada } = couple()
    ada.lan.met('bob')
    network.run(10 * 60_000)
    const before = hosts[0]!.events.length
    const again = bob.enter({ seed: 99 })
    expect(Math.max(...timesOf(network, again.hosts, 200))).toBeLessThan(200)
    const fresh = hosts[0]!.events.slice(before)
    expect(fresh[0]!.sessionId).toEqual(again.sessionId)
  })

  test('on two links do not find each other', () => {
    const network = new Network<LanEvent>({ seed: 1 })
    const [ours, theirs] = pairOf(1)
    const [ada, bob] = [program({ seed: 1 }), program({ seed: 2 })]
    ada.lan.seek('bob', ours)
    bob.lan.seek('ada', theirs)
    const hosts = [ada, bob].map((each) => attach(network, link(), each))
    for (const { lan } of [ada, bob]) lan.announce({ port4: 7 })
    network.run(60_000)
    expect(hosts.flatMap(({ events }) => events)).toEqual([])
  })
})

describe('a stranger', () => {
  test('is told of to nobody, and answered by nobody', () => {
    const { lan, drain, hear } = solo()
    lan.seek('bob', pairOf(1)[0])
    lan.announce({ port4: 7 })
    drain(0)
    const stranger = writeAnnouncements(told(1), [new Uint8Array(32)], seeded(3))[0]!
    hear(stranger, 1)
    expect([drain(1), lan.deadline]).toEqual([[], 250])
  })

  test('who sends our own announcement back is no buddy', () => {
    const { lan, drain, hear } = solo()
    lan.seek('bob', pairOf(1)[0])
    lan.announce({ port4: 7 })
    const [own] = sends(drain(0))
    hear(own!.bytes, 1, '10.9.9.9:1')
    const forgotten = solo() // and not only because it is remembered
    forgotten.lan.seek('bob', pairOf(1)[0])
    forgotten.hear(own!.bytes, 1, '10.9.9.9:1')
    expect([...events(drain(1)), ...events(forgotten.drain(1))]).toEqual([])
  })

  test('costs 4 looks a second from one address, 50 from all, after a burst of 32 and 64', () => {
    const counted = counting(pairOf(1)[0])
    const flood = (source: (i: number) => string): number => {
      const { lan, hear } = solo()
      lan.seek('bob', counted)
      counted.looks = 0
      const random = seeded(4)
      for (let i = 0; i < 2_000; i++) {
        // An hour of its own each, so that no key is known.
        const [bytes] = writeAnnouncements(told(i), [], random)
        hear(bytes!, i * 5, source(i))
      }
      return counted.looks
    }
    expect(flood(() => '10.0.0.1:1')).toBe(32 + 4 * 10 - 1)
    expect(flood((i) => `10.0.${i >> 8}.${i & 255}:1`)).toBe(64 + 50 * 10 - 1)
  })

  test('who shows one announcement again and again costs one look, and is told of once a second', () => {
    const [ours, theirs] = pairOf(1)
    const counted = counting(ours)
    const { lan, drain, hear } = solo()
    lan.seek('bob', counted)
    const [bytes] = writeAnnouncements(told(thisEpoch), [theirs.key('lan', 1, thisEpoch)], seeded(4))
    for (let now = 0; now < 10_000; now += 10) hear(bytes!, now)
    expect(counted.looks).toBe(1)
    expect(events(drain(10_000))).toHaveLength(10)
  })

  test('who shows it as from everywhere has 16 addresses at once and 16 a minute; the true one goes on', () => {
    const [ours, theirs] = pairOf(1)
    const { lan, drain, hear } = solo()
    lan.seek('bob', ours)
    const [bytes] = writeAnnouncements(told(thisEpoch), [theirs.key('lan', 1, thisEpoch)], seeded(4))
    hear(bytes!, 0, '10.1.1.1:1')
    for (let i = 1; i < 6_000; i++) hear(bytes!, i * 10, `10.0.${i >> 8}.${i & 255}:1`)
    const addresses = events(drain(60_000)).map((event) => event.address)
    expect(new Set(addresses).size).toBe(16 + 15)
    hear(bytes!, 59_999, '10.1.1.1:1')
    expect(events(drain(60_000)).map((event) => event.address)).toEqual(['10.1.1.1:9'])
  })

  test('who shows it is answered by no announcement that would not have been', () => {
    const [ours, theirs] = pairOf(1)
    const { lan, drain, hear } = solo()
    lan.seek('bob', ours)
    lan.announce({ port4: 7 })
    drain(0)
    const [bytes] = writeAnnouncements(told(thisEpoch), [theirs.key('lan', 1, thisEpoch)], seeded(4))
    hear(bytes!, 1)
    expect(events(drain(1))).toHaveLength(1)
    expect(lan.deadline).toBeGreaterThanOrEqual(21)
    expect(lan.deadline).toBeLessThanOrEqual(121)
    drain(lan.deadline)
    for (let now = 125; now < 240; now++) hear(bytes!, now)
    expect(sends(drain(240))).toEqual([])
    expect(lan.deadline).toBe(250)
  })

  test('does not delay our answer to a buddy, nor do other buddies', () => {
    const { lan, drain, hear } = solo()
    for (let i = 0; i < 20; i++) lan.seek(`${i}`, pairOf(i)[0])
    lan.announce({ port4: 7 })
    drain(0)
    const hearFrom = (i: number, now: number): void => {
      const key = pairOf(i)[1].key('lan', 1, thisEpoch)
      hear(writeAnnouncements(told(thisEpoch), [key], seeded(i))[0]!, now, `10.0.1.${i}:1`)
      drain(now)
    }
    hearFrom(0, 1)
    const due = lan.deadline
    for (let i = 1; i < 20; i++) hearFrom(i, i)
    expect(lan.deadline).toBeLessThanOrEqual(due)
  })

  test('is forgotten when 64 others were heard; until then, as our own voice, costs nothing again', () => {
    const counted = counting(pairOf(1)[0])
    const { lan, drain, hear } = solo()
    lan.seek('bob', counted)
    lan.announce({ port4: 7 })
    const random = seeded(6)
    const strangers = Array.from({ length: 65 }, (_, i) => writeAnnouncements(told(i), [], random)[0]!)
    for (const [i, bytes] of strangers.entries()) hear(bytes, 1_000 * i)
    counted.looks = 0
    for (const bytes of strangers.slice(1)) hear(bytes, 70_000)
    expect(counted.looks).toBe(0)
    hear(strangers[0]!, 70_000)
    expect(counted.looks).toBe(1)
    const [own] = sends(drain(70_000))
    counted.looks = 0
    hear(own!.bytes, 70_001)
    expect(counted.looks).toBe(0)
  })

  test('who makes us announce again cannot do so more than twice a second', () => {
    const [ours, theirs] = pairOf(1)
    const { lan, drain, hear } = solo()
    lan.seek('bob', ours)
    lan.announce({ port4: 7 })
    const random = seeded(5)
    let sent = 0
    for (let now = 0; now < 60_000; now += 10) {
      const run = { ...told(thisEpoch), sessionId: random(8) } // as if he had a thousand runs of the buddy
      hear(writeAnnouncements(run, [theirs.key('lan', 1, thisEpoch)], random)[0]!, now)
      sent += sends(drain(now)).length
    }
    expect(sent).toBeLessThanOrEqual(10 + 2 * 60)
  })
})

describe('the schedule', () => {
  test('is 0, 0.25, 1, 2, 4, 8 s, then every 30 s give or take a quarter', () => {
    const { lan, times } = solo()
    lan.seek('bob', pairOf(1)[0])
    lan.announce({ port4: 7 })
    const at = times(0, 300_000)
    expect(at.slice(0, 6)).toEqual([0, 250, 1_000, 2_000, 4_000, 8_000])
    for (const gap of gapsOf(at).slice(5)) {
      expect(gap).toBeGreaterThanOrEqual(22_500)
      expect(gap).toBeLessThanOrEqual(37_500)
    }
    expect(new Set(gapsOf(at).slice(5)).size).toBeGreaterThan(1)
  })

  test('is every 2 minutes when all are met, and begins anew when one is lost', () => {
    const { lan, times } = solo()
    lan.seek('bob', pairOf(1)[0])
    lan.seek('cleo', pairOf(2)[0])
    lan.announce({ port4: 7 })
    times(0, 8_000)
    lan.met('bob')
    lan.met('cleo')
    const calm = times(8_001, 1_000_000)
    for (const gap of gapsOf(calm).slice(1)) expect(gap).toBeGreaterThanOrEqual(90_000)
    expect(calm.length).toBeGreaterThan(5)
    lan.seek('bob', pairOf(1)[0])
    const [first, second] = times(1_000_000, 1_000_500)
    expect(second! - first!).toBe(250)
  })

  test.each([
    ['nobody is sought', (lan: Lan) => lan.stop('bob')],
    ['we have no port', (lan: Lan) => lan.announce({})],
  ])('is silence when %s', (_, act) => {
    const { lan, drain } = solo()
    lan.seek('bob', pairOf(1)[0])
    lan.announce({ port4: 7 })
    act(lan)
    expect([sends(drain(0)), lan.deadline]).toEqual([[], Infinity])
  })

  test.each([
    ['the network is another one', (lan: Lan, now: number) => lan.moved(now)],
    ['our port is another one', (lan: Lan) => lan.announce({ port4: 8 })],
    ['somebody else is sought', (lan: Lan) => lan.seek('cleo', pairOf(2)[0])],
    ['he is sought by another secret', (lan: Lan) => lan.seek('bob', pairOf(2)[0])],
  ])('begins anew when %s', (_, act) => {
    const { lan, times, drain } = solo()
    lan.seek('bob', pairOf(1)[0])
    lan.announce({ port4: 7 })
    times(0, 10_000)
    act(lan, 10_000)
    expect(sends(drain(10_000))).toHaveLength(1)
    expect(lan.deadline).toBe(10_250)
  })

  test('is not begun anew by what is known already', () => {
    const { lan, times } = solo()
    const [ours] = pairOf(1)
    lan.seek('bob', ours)
    lan.announce({ port4: 7 })
    times(0, 10_000)
    lan.seek('bob', ours)
    lan.announce({ port4: 7 })
    expect(lan.deadline).toBeGreaterThan(20_000)
  })
})

describe('its ends', () => {
  test('are opened with their groups, and again 5 s after they failed, or at once on another network', () => {
    const { lan, locals } = program({ seed: 1, families: [4, 6] })
    const opens = (now: number) => [...lan.drain(now)].filter(({ kind }) => kind === 'open')
    const [local, other] = [locals.multicast4!, locals.multicast6!]
    const open = { kind: 'open', local, peer: lanGroup4 }
    expect(opens(0)).toEqual([open, { kind: 'open', local: other, peer: lanGroup6 }])
    lan.notice({ kind: 'opened', local: other, at: address('[::]:28532') }, 0)
    lan.notice({ kind: 'closed', local, reason: 'failed' }, 5)
    expect([lan.deadline, opens(5_005)]).toEqual([5_005, [open]])
    lan.notice({ kind: 'closed', local, reason: 'failed' }, 5_006)
    lan.moved(5_007)
    expect([lan.deadline, opens(5_007), opens(90_000)]).toEqual([5_007, [open], []])
  })

  test('speak at once when they open later than others', () => {
    const { lan, locals } = program({ seed: 1, families: [4, 6] })
    const [local, other] = [locals.multicast4!, locals.multicast6!]
    lan.seek('bob', pairOf(1)[0])
    lan.announce({ port4: 7, port6: 8 })
    drainOf(lan, 0)
    lan.notice({ kind: 'opened', local, at: address('0.0.0.0:28532') }, 0)
    drainOf(lan, 0)
    lan.notice({ kind: 'opened', local: other, at: address('[::]:28532') }, 100)
    expect(sends(drainOf(lan, 100)).map((datagram) => datagram.peer)).toEqual([lanGroup4, lanGroup6])
  })

  test('that are closed are neither spoken from nor listened to; the other family goes on', () => {
    const { lan, locals } = program({ seed: 1, families: [4, 6] })
    const [local, other] = [locals.multicast4!, locals.multicast6!]
    const [ours, theirs] = pairOf(1)
    lan.seek('bob', ours)
    lan.announce({ port4: 7, port6: 8 })
    drainOf(lan, 0)
    lan.notice({ kind: 'opened', local: other, at: address('[::]:28532') }, 0)
    expect(sends(drainOf(lan, 0)).map((datagram) => datagram.peer)).toEqual([lanGroup6])
    const [bytes] = writeAnnouncements(told(thisEpoch), [theirs.key('lan', 1, thisEpoch)], seeded(4))
    lan.receive({ local, peer: address('10.0.0.1:1'), bytes: bytes! }, 1)
    expect(events(drainOf(lan, 1))).toEqual([])
  })
})

test('40 buddies are 64 tags, and each of them is told', () => {
  const { lan, drain } = solo()
  for (let i = 0; i < 40; i++) lan.seek(`${i}`, pairOf(i)[0])
  lan.announce({ port4: 7 })
  const [{ bytes } = { bytes: new Uint8Array() }] = sends(drain(0))
  expect(bytes).toHaveLength(38 + 64 * 16)
  const announced = readAnnouncement(bytes)!
  const opened = Array.from({ length: 50 }, (_, i) => announced.opens(pairOf(i)[1].key('lan', 0, thisEpoch)))
  expect(opened.filter((sessionId) => sessionId !== undefined)).toHaveLength(40)
})

test('the 1,025th buddy is not sought, and one who was may be stopped', () => {
  const { lan, drain } = solo()
  for (let i = 0; i < 1_025; i++) lan.seek(`${i}`, pairOf(i)[0])
  lan.announce({ port4: 7 })
  const opens = (i: number, sent: readonly Datagram[]): boolean =>
    sent.some(({ bytes }) => readAnnouncement(bytes)!.opens(pairOf(i)[1].key('lan', 0, thisEpoch)))
  const all = sends(drain(0))
  expect([all.length, opens(1_023, all), opens(1_024, all)]).toEqual([16, true, false])
  for (let i = 0; i < 1_024; i++) lan.stop(`${i}`)
  lan.seek('1024', pairOf(1_024)[0])
  const few = sends(drain(5_000))
  expect([few.length, opens(1_024, few), opens(0, few)]).toEqual([1, true, false])
})

test('who was a stranger when heard is a buddy when sought', () => {
  const [ours, theirs] = pairOf(1)
  const { lan, drain, hear } = solo()
  lan.seek('cleo', pairOf(2)[0])
  const [bytes] = writeAnnouncements(told(thisEpoch), [theirs.key('lan', 1, thisEpoch)], seeded(4))
  hear(bytes!, 0)
  lan.seek('bob', ours)
  hear(bytes!, 1)
  expect(events(drain(1)).map(({ name }) => name)).toEqual(['bob'])
})

test('where he was told to be is told again on another network', () => {
  const [ours, theirs] = pairOf(1)
  const { lan, drain, hear } = solo()
  lan.seek('bob', ours)
  const [bytes] = writeAnnouncements(told(thisEpoch), [theirs.key('lan', 1, thisEpoch)], seeded(4))
  hear(bytes!, 0)
  lan.moved(1)
  hear(bytes!, 2)
  expect(events(drain(2))).toHaveLength(2)
})

test('who is stopped is heard no more', () => {
  const [ours, theirs] = pairOf(1)
  const { lan, drain, hear } = solo()
  lan.seek('bob', ours)
  const [bytes] = writeAnnouncements(told(thisEpoch), [theirs.key('lan', 1, thisEpoch)], seeded(4))
  hear(bytes!, 0)
  expect(events(drain(0))).toHaveLength(1)
  lan.stop('bob')
  hear(bytes!, 5_000)
  expect(events(drain(5_000))).toEqual([])
})

test('a port that the buddy does not have is not told', () => {
  const [ours, theirs] = pairOf(1)
  const { lan, drain, hear } = solo()
  lan.seek('bob', ours)
  const only6 = { ...told(thisEpoch), port4: 0, port6: 5 }
  hear(writeAnnouncements(only6, [theirs.key('lan', 1, thisEpoch)], seeded(4))[0]!, 0)
  expect(events(drain(0))).toEqual([])
})

test('an announcement is nobody’s on the main socket, its groups are of the link and its port no system’s', () => {
  const [bytes] = writeAnnouncements(told(thisEpoch), [], seeded(1))
  expect(classify(bytes!)).toBeUndefined()
  expect([lanGroup4, lanGroup6]).toEqual(['239.255.111.116:28532', '[ff12::ef74:7274]:28532'])
})

const sessionId = Uint8Array.of(8, 7, 6, 5, 4, 3, 2, 1)
const told = (epoch: number) => ({ epoch, port4: 9, port6: 0, sessionId })

const near = (name: string, at: string, run: Uint8Array): LanEvent => ({
  kind: 'near',
  name,
  address: address(at),
  epoch: thisEpoch,
  sessionId: run,
})

const drainOf = (lan: Lan, now: number): Output<LanEvent>[] => [...lan.drain(now)]

const events = (outputs: readonly Output<LanEvent>[]): LanEvent[] =>
  outputs.flatMap((out) => (out.kind === 'event' ? [out.event] : []))

const sends = (outputs: readonly Output<LanEvent>[]): Datagram[] =>
  outputs.flatMap((out) => (out.kind === 'send' ? [out.datagram] : []))

const gapsOf = (times: readonly number[]): number[] => times.slice(1).map((at, i) => at - times[i]!)

/** One program, whose IPv4 end is open. */
function solo() {
  const { lan, locals } = program({ seed: 1 })
  const local: Local = locals.multicast4!
  drainOf(lan, 0)
  lan.notice({ kind: 'opened', local, at: address('0.0.0.0:28532') }, 0)
  return {
    lan,
    drain: (at: number) => drainOf(lan, at),
    hear: (bytes: Uint8Array, at: number, from = '10.0.0.2:1') =>
      lan.receive({ local, peer: address(from), bytes }, at),
    /** When it announces. */
    times(from: number, until: number): number[] {
      const times: number[] = []
      for (let now = from; now <= until; now = Math.max(now, lan.deadline))
        times.push(...sends(drainOf(lan, now)).map(() => now))
      return times
    },
  }
}

interface CoupleOptions {
  readonly seed?: number
  readonly loss?: number
  readonly ahead?: number
  readonly families?: readonly (4 | 6)[]
  readonly late?: boolean
}

/** Ada and Bob on one link; late: Bob is there when he enters. */
function couple({ seed = 1, loss = 0, ahead = 0, families = [4], late = false }: CoupleOptions = {}) {
  const network = new Network<LanEvent>({ seed, loss })
  const segment = link()
  const [ours, theirs] = pairOf(1)
  const ada = program({ seed: 1, families })
  ada.lan.seek('bob', ours)
  ada.lan.announce({ port4: 7_001, port6: 7_101 })
  const host = attach(network, segment, ada)
  const enter = ({ seed: own = 2 } = {}) => {
    const bob = program({ seed: own, ahead, families })
    bob.lan.seek('ada', theirs)
    bob.lan.announce({ port4: 7_002, port6: 7_102 })
    return { sessionId: bob.sessionId, hosts: [attach(network, segment, bob)] }
  }
  const first = late ? { hosts: [], sessionId: new Uint8Array(8) } : enter()
  const hosts = [host, ...first.hosts]
  return { network, hosts, ada: { ...ada, host }, bob: { sessionId: first.sessionId, enter } }
}

/** When each of them hears of the other: ms from here. */
function timesOf(
  network: Network<LanEvent>,
  hosts: readonly { events: LanEvent[] }[],
  span: number,
): number[] {
  const start = network.now
  const before = hosts.map(({ events }) => events.length)
  const times = hosts.map(() => Infinity)
  while (network.now < start + span) {
    network.run(1)
    for (const [i, { events }] of hosts.entries())
      if (events.length > before[i]!) times[i] = Math.min(times[i]!, network.now - start)
  }
  return times
}
