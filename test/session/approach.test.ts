import { bytesToHex } from '@noble/hashes/utils.js'
import { describe, expect, test } from 'vitest'
import { equal } from '../../src/crypto.ts'
import type { Address, Datagram, Local, Output } from '../../src/machine.ts'
import type { Candidate } from '../../src/nat/candidates.ts'
import type { Mapping } from '../../src/nat/mapping.ts'
import type { End } from '../../src/nat/punch.ts'
import type { Goal } from '../../src/nat/way.ts'
import { epochOf, Pair, type Role } from '../../src/profile/pair.ts'
import { Approach, type ApproachEvent, type ApproachOptions } from '../../src/session/approach.ts'
import { frameTag } from '../../src/transport/link/frames.ts'
import { address } from '../support/network.ts'
import { person, seeded, wall } from './people.ts'

const [ada, bob] = [person('ada', 1), person('bob', 2)]
const atAda = Pair.of(ada.identity, bob.identity.address)!
const atBob = Pair.of(bob.identity, ada.identity.address)!
const pairs: Record<Role, Pair> =
  atAda.role === 'initiator' ? { initiator: atAda, responder: atBob } : { initiator: atBob, responder: atAda }

const udp4: Local = { kind: 'udp4' }
const own = address('203.0.113.9:9')
const easy: End = { local: udp4, mapping: { kind: 'same', address: own } }
const sessionId = new Uint8Array(8).fill(5)
const candidate = (at: string, kind: Candidate['kind'] = 'reflexive'): Candidate => ({
  kind,
  address: address(at),
})
const first = candidate('198.51.100.1:4000')
const second = candidate('198.51.100.2:4000')
const epoch = epochOf(wall(0))

/** One side, whose datagrams lead nowhere unless a test carries them. */
class Side {
  readonly approach: Approach
  readonly sent: (Datagram & { readonly at: number })[] = []
  readonly events: (ApproachEvent & { readonly at: number })[] = []
  readonly opened: { readonly local: Local; readonly at: number }[] = []
  readonly closed: Local[] = []
  readonly pair: Pair
  readonly indices = new Set<number>()
  now = 0
  #last = 0

  constructor(role: Role, options: Partial<ApproachOptions> = {}) {
    this.pair = pairs[role]
    this.approach = new Approach({
      pair: this.pair,
      random: seeded(role === 'initiator' ? 7 : 8),
      wall,
      sessionId,
      allocate: () => {
        this.indices.add(++this.#last)
        return this.#last
      },
      release: (index) => this.indices.delete(index),
      ends: () => [easy],
      mayGuess: () => true,
      hints: [],
      loopback: false,
      ...options,
    })
  }

  found(
    candidates: readonly Candidate[],
    { startAt = 0, epoch }: { startAt?: number; epoch?: number } = {},
  ): this {
    this.approach.found({ sessionId, candidates, startAt, ...(epoch !== undefined && { epoch }) }, this.now)
    return this
  }

  /** Drains whenever it is due; ends open at once. */
  run(span: number): this {
    const until = this.now + span
    for (let turns = 0; turns < 10_000; turns++) {
      for (const out of [...this.approach.drain(this.now)]) this.#take(out)
      const next = Math.max(this.approach.deadline, this.now)
      this.now = Math.min(next, until)
      if (next > until) return this
    }
    throw new Error(`livelock: still busy at ${this.now} ms`)
  }

  of<Kind extends ApproachEvent['kind']>(kind: Kind): (ApproachEvent & { kind: Kind; at: number })[] {
    return this.events.filter(
      (event): event is ApproachEvent & { kind: Kind; at: number } => event.kind === kind,
    )
  }

  sentTo(peer: Address): readonly (Datagram & { readonly at: number })[] {
    return this.sent.filter((datagram) => datagram.peer === peer)
  }

  #take(out: Output<ApproachEvent>): void {
    if (out.kind === 'send') this.sent.push({ ...out.datagram, at: this.now })
    if (out.kind === 'event') this.events.push({ ...out.event, at: this.now })
    if (out.kind === 'close') this.closed.push(out.local)
    if (out.kind !== 'open') return
    this.opened.push({ local: out.local, at: this.now })
    this.approach.notice({ kind: 'opened', local: out.local, at: own }, this.now)
  }
}

const different = (datagrams: readonly Datagram[]): number =>
  new Set(datagrams.map(({ bytes }) => String(bytes))).size
const at = (datagrams: readonly { readonly at: number }[]): number[] => datagrams.map(({ at }) => at)

describe('the first datagram', () => {
  test.each(['initiator', 'responder'] as const)(
    'of the %s is one and the same to all addresses and at all times',
    (role) => {
      const side = new Side(role).found([first, second]).run(9_000)
      expect(side.sentTo(first.address).length).toBeGreaterThan(5)
      expect(side.sentTo(second.address).length).toBe(side.sentTo(first.address).length)
      expect(different(side.sent)).toBe(1)
      expect(frameTag(side.sent[0]!.bytes)).toEqual(side.pair.tag(role, epoch))
    },
  )

  test('goes to addresses that come while it is under way: that begins no other handshake', () => {
    const side = new Side('initiator').found([first]).run(1_000).found([first, second]).run(500)
    expect(at(side.sentTo(second.address))).toEqual([1_000, 1_100, 1_300])
    expect(different(side.sent)).toBe(1)
    expect(side.indices.size).toBe(1)
  })

  test('does not leave more often for a record that says the same again', () => {
    const [calm, told] = [
      new Side('initiator').found([first]).run(9_000),
      new Side('initiator').found([first]),
    ]
    for (let i = 0; i < 90; i++) told.run(100).found([first])
    expect(told.sent.length).toBe(calm.sent.length)
  })

  test('does not leave all the while for who publishes all the while: 2 s lie between two schedules', () => {
    const side = new Side('initiator').found([first])
    for (let i = 0; i < 95; i++) {
      side.run(100)
      side.found([candidate(`198.51.100.3:${i + 1}`), first])
    }
    expect(side.sentTo(first.address).length).toBeLessThanOrEqual(6 * 5)
  })

  test('goes nowhere it must not, whatever his record says', () => {
    const bad = ['127.0.0.1:1', '224.0.0.1:1', '255.255.255.255:1', '0.0.0.0:1'].map((at) =>
      candidate(at, 'host'),
    )
    expect(new Side('initiator').found(bad).run(60_000).sent).toEqual([])
  })

  test('stops after ten seconds, and its index is free; another is made 1, 2, 5 s later, ever more seldom', () => {
    const side = new Side('initiator', { ends: () => [{ local: udp4, mapping: { kind: 'unknown' } }] })
    side.found([first]).run(10_000)
    expect(side.of('failed')).toMatchObject([{ at: 10_000, why: 'silent' }])
    expect(side.indices.size).toBe(0)
    side.run(300_000)
    const begun = at(side.of('trying'))
    expect(begun.slice(0, 6)).toEqual([0, 11_000, 23_000, 38_000, 58_000, 98_000])
    expect(begun.slice(6)).toEqual([168_000, 238_000, 308_000])
    expect(different(side.sent)).toBe(begun.length)
  })
})

describe('a stranger whose addresses a record names', () => {
  test('gets the schedule’s 13 datagrams an attempt and address, 50 in the first minute', () => {
    const strangers = Array.from({ length: 16 }, (_, i) => candidate(`192.0.2.${i + 1}:53`))
    const side = new Side('initiator', { ends: () => [{ local: udp4, mapping: { kind: 'unknown' } }] })
    side.found(strangers).run(10_000)
    for (const { address } of strangers) expect(side.sentTo(address)).toHaveLength(13)
    side.run(50_000)
    for (const { address } of strangers) expect(side.sentTo(address).length).toBeLessThanOrEqual(60)
  })

  test('gets at most twelve datagrams an hour and host for what somebody says in the DHT', () => {
    let shift = 0
    const side = new Side('initiator', { wall: (now) => wall(now) + shift })
    const goals = [1, 2, 3, 4].map((port): Goal => ({ address: address(`192.0.2.1:${port}`), way: 'rumour' }))
    side.approach.hear(goals, 0)
    side.run(900_000)
    expect(side.sent).toHaveLength(12)
    shift = 3_600_000
    side.run(900_000)
    expect(side.sent).toHaveLength(24)
  })

  test('is one of at most 256 an hour for that', () => {
    const side = new Side('initiator')
    for (let i = 0; i < 600; i++) {
      const goal: Goal = { address: address(`192.0.${i >> 8}.${i & 255}:1`), way: 'rumour' }
      side.approach.moved(side.now)
      side.approach.hear([goal], side.now)
      side.run(10)
    }
    const hosts = new Set(side.sent.map(({ peer }) => peer))
    expect(hosts.size).toBeLessThanOrEqual(256)
    expect(side.approach.goals).toHaveLength(32)
  })
})

describe('after an attempt in vain', () => {
  test('another address begins one, but not within 5 s', () => {
    const goal = (n: number): Goal => ({ address: address(`192.168.1.${n}:1`), way: 'hint' })
    const side = new Side('initiator').found([first]).run(110_000)
    const { at: failedAt } = side.of('failed').at(-1)!
    const before = side.of('trying').length
    side.approach.hear([goal(1)], side.now)
    side.run(20_000)
    const { at: begunAt } = side.of('trying')[before]!
    expect(begunAt).toBe(Math.max(110_000, failedAt + 5_000))
    expect(failedAt).toBeGreaterThan(105_000) // or nothing is tested
  })
})

describe('without a record', () => {
  test('hints are tried at once, and again', () => {
    const hint: Goal = { address: first.address, way: 'hint' }
    const side = new Side('responder', { hints: [hint] }).run(12_000)
    expect(at(side.sentTo(first.address)).slice(0, 4)).toEqual([0, 100, 300, 700])
    expect(at(side.of('trying'))).toEqual([0, 11_000])
  })

  test('nothing is tried', () => {
    expect(new Side('initiator').run(60_000).sent).toEqual([])
  })

  test('who is heard on the link is tried at once, by his clock’s keys too if it differs by more than an hour', () => {
    for (const [told, used] of [
      [epoch, []],
      [epoch + 1, []],
      [epoch - 1, []],
      [epoch + 400, [epoch + 400]],
      [epoch - 2, [epoch - 2]],
    ] as const) {
      const side = new Side('initiator')
      side.approach.near({ address: address('192.168.1.7:1'), epoch: told, sessionId }, 0)
      side.run(0)
      expect(side.sent.map(({ peer, bytes }) => [peer, frameTag(bytes)])).toEqual(
        [epoch, ...used].map((each) => ['192.168.1.7:1', side.pair.tag('initiator', each)]),
      )
    }
  })

  test('old announcements that are shown all the while keep no other way from being tried', () => {
    const side = new Side('initiator').found([first])
    for (let i = 0; i < 100; i++) {
      const spoofed = address(`192.168.1.${1 + (i % 40)}:1`)
      side.approach.near({ address: spoofed, epoch: epoch - 30 - i, sessionId }, side.now)
      side.run(100)
    }
    const ours = side.pair.tag('initiator', epoch)
    const toFirst = side.sent.filter(({ peer }) => peer === first.address)
    expect(toFirst.length).toBeGreaterThanOrEqual(10)
    for (const { bytes } of toFirst) expect(frameTag(bytes)).toEqual(ours)
    const others = side.sent.filter(({ bytes }) => !equal(frameTag(bytes)!, ours))
    expect(new Set(others.map(({ bytes }) => bytesToHex(frameTag(bytes)!))).size).toBeLessThanOrEqual(2)
  })

  test('who was not heard again on the link for 2.5 minutes is not tried there any more, and the latest comes first', () => {
    const side = new Side('initiator')
    const near = (host: number): void =>
      side.approach.near({ address: address(`192.168.1.${host}:1`), epoch, sessionId }, side.now)
    for (let host = 1; host <= 20; host++) near(host)
    near(3)
    expect(side.approach.goals.slice(0, 2).map(({ address }) => address)).toEqual([
      '192.168.1.3:1',
      '192.168.1.20:1',
    ])
    side.run(140_000)
    near(5)
    side.run(20_000)
    expect(side.approach.goals.map(({ address }) => address)).toEqual(['192.168.1.5:1'])
  })
})

describe('a line that people carried', () => {
  test('is tried by the hour that it names, at least each ten seconds for ten minutes, and seldom afterwards', () => {
    const side = new Side('initiator').found([first], { epoch: epoch - 7 }).run(599_000)
    for (const { bytes } of side.sent) expect(frameTag(bytes)).toEqual(side.pair.tag('initiator', epoch - 7))
    const begun = at(side.of('trying'))
    for (const [i, time] of begun.slice(1).entries()) expect(time - begun[i]!).toBeLessThanOrEqual(20_000)
    expect(begun.length).toBeGreaterThanOrEqual(29)
    const before = side.of('trying').length
    side.run(600_000)
    expect(side.of('trying').length - before).toBeLessThanOrEqual(10)
    expect(frameTag(side.sent.at(-1)!.bytes)).toEqual(side.pair.tag('initiator', epochOf(wall(side.now))))
  })
})

describe('a fresh end', () => {
  const mapping: Mapping = { kind: 'same', address: address('203.0.113.9:7777') }

  /** Until it is measured. */
  function measured(side: Side): Side {
    side.run(2_000)
    side.approach.measured(side.opened[0]!.local, mapping, side.now)
    return side.run(0)
  }

  test('is opened after 1.8 s, and is to be measured; the buddy is told where it is, and that both begin 2 s later', () => {
    const side = measured(new Side('initiator').found([first]))
    const { local } = side.opened[0]!
    expect(side.opened).toEqual([{ local: { kind: 'udp4', isExtra: true }, at: 1_800 }])
    expect(side.of('measure')).toMatchObject([{ local, at: 1_800 }])
    const startAt = wall(4_000)
    expect(side.of('tell')).toMatchObject([{ fresh: { address: mapping.address, startAt }, at: 2_000 }])
    expect(side.approach.owns(local)).toBe(true)
    side.run(10_000)
    const fromThere = side.sent.filter((datagram) => datagram.local === local)
    expect(at(fromThere).slice(0, 4)).toEqual([4_000, 4_100, 4_300, 4_700])
    expect(different(side.sent.filter(({ at }) => at < 9_000))).toBe(1)
  })

  test('is closed when the attempt is over, and what was told is taken back', () => {
    const side = measured(new Side('initiator').found([first])).run(7_000)
    expect(side.of('failed')).toMatchObject([{ at: 9_000 }])
    expect(side.closed).toEqual([side.opened[0]!.local])
    expect(side.of('tell').map(({ fresh }) => fresh?.address)).toEqual([mapping.address, undefined])
    expect(side.approach.owns(side.opened[0]!.local)).toBe(false)
  })

  test('is used when the buddy says when to begin, if that is at least a second away', () => {
    const side = new Side('responder').found([first]).run(1_900)
    side.found([second], { startAt: wall(3_500) }).run(100)
    side.approach.measured(side.opened[0]!.local, mapping, side.now)
    side.run(3_000)
    expect(side.of('tell')[0]?.fresh?.startAt).toBe(wall(3_500))
    expect(at(side.sent.filter(({ local }) => local.isExtra))[0]).toBe(3_500)
  })

  test('that nobody sees is closed after 1.5 s', () => {
    const side = new Side('initiator').found([first]).run(9_000)
    expect([side.opened.length, side.closed.length, side.of('tell').length]).toEqual([1, 1, 0])
  })

  test.each([
    ['our NAT gives each destination its own port', { kind: 'changing', address: own }, first],
    ['nothing is known of our NAT', { kind: 'unknown' }, first],
    ['his NAT gives each destination its own port', easy.mapping, candidate('198.51.100.1:4000', 'changing')],
  ] as const)('is not opened where %s', (_, mapping, his) => {
    const side = new Side('initiator', { ends: () => [{ local: udp4, mapping }] }).found([his]).run(9_000)
    expect(side.of('measure')).toEqual([])
  })

  test('that is seen as another one by each is of no use', () => {
    const side = new Side('initiator').found([first]).run(2_000)
    side.approach.measured(side.opened[0]!.local, { kind: 'changing', address: own }, side.now)
    expect(side.run(2_000).of('tell')).toEqual([])
  })

  test('is tried in four attempts, and no more for a record that nobody stands behind', () => {
    const side = new Side('initiator').found([first]).run(600_000)
    expect(side.opened).toHaveLength(4)
    side.found([second]).run(5_000)
    expect(side.opened).toHaveLength(5)
  })
})

describe('a time that he names', () => {
  test('is waited for, but no longer than 15 s', () => {
    const side = new Side('initiator').found([first], { startAt: wall(14_000) }).run(20_000)
    expect(at(side.sent)[0]).toBe(14_000)
    const late = new Side('initiator').found([first], { startAt: wall(15_001) }).run(100)
    expect(at(late.sent)[0]).toBe(0)
    const past = new Side('initiator').found([first], { startAt: wall(-5_000) }).run(100)
    expect(at(past.sent)[0]).toBe(0)
  })
})

describe('between two', () => {
  /** Takes what `from` sends to `to`, from then on. */
  function carry(from: Side, to: Side, peer: Address): void {
    for (const datagram of from.sent.splice(0)) {
      const tag = frameTag(datagram.bytes)
      if (tag) to.approach.receiveTagged({ ...datagram, local: udp4, peer }, epoch, to.now)
      else to.approach.receiveResponse({ ...datagram, local: udp4, peer })
    }
  }

  test('one knock and one init are enough; both are at rest, or wait for who opens the link', () => {
    const [i, r] = [new Side('initiator'), new Side('responder')]
    r.found([first]).run(10)
    carry(r, i, second.address)
    i.run(10)
    expect(i.sent.map(({ peer }) => peer)).toEqual([second.address]) // without any record of his
    carry(i, r, first.address)
    r.run(0)
    expect(r.of('reached')).toMatchObject([{ path: { local: udp4, peer: first.address }, way: 'punched' }])
    carry(r, i, second.address)
    i.run(60_000)
    expect(i.of('reached')).toMatchObject([{ path: { local: udp4, peer: second.address }, way: 'learnt' }])
    expect([i.sent, i.approach.deadline]).toEqual([[], Infinity])
    expect(i.of('reached')).toMatchObject([{ isAsked: true }]) // his knock had its init
  })

  test('a response from where no init went is taken, and proves nothing about the address', () => {
    const [i, r] = [new Side('initiator'), new Side('responder')]
    i.found([first]).run(10)
    carry(i, r, second.address)
    r.run(0)
    carry(r, i, second.address)
    i.run(0)
    expect(i.of('reached')).toMatchObject([{ path: { peer: second.address }, isAsked: false }])
  })

  test('a knock is answered where it came from, and nowhere again', () => {
    const [i, r] = [new Side('initiator'), new Side('responder')]
    r.found([first]).run(0)
    carry(r, i, second.address)
    i.run(60_000)
    expect(i.sentTo(second.address)).toHaveLength(1)
  })

  test('what a knock was answered with is what goes to a record that comes a moment later', () => {
    const [i, r] = [new Side('initiator'), new Side('responder').found([first]).run(0)]
    i.approach.receiveTagged({ ...r.sent[0]!, peer: second.address }, epoch, i.now)
    i.run(30).found([first]).run(500)
    expect(i.sent.length).toBeGreaterThan(2)
    expect(different(i.sent)).toBe(1)
    expect(i.indices.size).toBe(1)
  })

  test('what a knock was answered with is of use for ten seconds, then its index is free', () => {
    const [i, r] = [new Side('initiator'), new Side('responder')]
    r.found([first]).run(0)
    carry(r, i, second.address)
    expect(i.run(9_999).indices.size).toBe(1)
    expect(i.run(1).indices.size).toBe(0)
  })

  test('a knock is answered once a second at an address', () => {
    const [i, r] = [new Side('initiator'), new Side('responder')]
    r.found([first]).run(0)
    const [knock] = r.sent
    for (let ms = 0; ms < 2_000; ms += 100) {
      i.approach.receiveTagged({ ...knock!, peer: second.address }, epoch, i.now)
      i.run(100)
    }
    expect(i.sentTo(second.address).map(({ at }) => at)).toEqual([0, 1_000])
  })

  test('a knock from where nothing may be sent is not answered', () => {
    const [i, r] = [new Side('initiator'), new Side('responder')]
    r.found([first]).run(0)
    for (const peer of ['127.0.0.1:9', '255.255.255.255:9', '224.0.0.1:9'].map(address))
      i.approach.receiveTagged({ ...r.sent[0]!, peer }, epoch, i.now)
    expect(i.run(1_000).sent).toEqual([])
  })
})
