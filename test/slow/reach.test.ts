import { describe, expect, test } from 'vitest'
import type { Address, Path } from '../../src/machine.ts'
import { Pair } from '../../src/profile/pair.ts'
import {
  cone,
  contactOf,
  counting,
  open,
  type Person,
  person,
  type Running,
  type Spot,
  symmetric,
  World,
} from '../session/people.ts'
import { address, type NatType } from '../support/network.ts'
import { Segment } from '../support/segment.ts'

const [ada, bob] = [person('ada', 1), person('bob', 2)]
const atInitiator = Pair.of(ada.identity, bob.identity.address)!.role === 'initiator' ? ada : bob
const restricted: NatType = { mapping: 'endpoint-independent', filtering: 'address-dependent' }

/** A link that nobody is on before it is up. */
class LateSegment extends Segment<Running['host']> {
  isUp = false

  override sourceOf(path: Path): Address | undefined {
    return this.isUp ? super.sourceOf(path) : undefined
  }
}

const nodes4 = [1, 2, 3, 4, 5].map((n) => `198.51.100.${n}`)
const nodes6 = [1, 2, 3].map((n) => `[2001:db8:${n}::1]`)

type Contact = ReturnType<typeof contactOf>

interface Two {
  readonly world: World
  readonly a: Running
  readonly b: Running
}

/** Both, each at a place of their own; nothing has happened yet. */
function two(atAda: NatType | Spot, atBob: NatType | Spot, { seed = 1, nodes = nodes4 } = {}): Two {
  const world = new World({ seed, latency: [20, 20] }, nodes)
  return { world, a: world.start(ada, [contactOf(bob)], atAda), b: world.start(bob, [contactOf(ada)], atBob) }
}

/** Milliseconds until both are secured; fails if that takes longer than `limit`. */
function secured({ world, a, b }: Two, limit: number): number {
  for (let ms = 0; ms <= limit; ms += 100) {
    if ([a, b].every((each) => each.events('secured').length > 0)) return ms
    world.network.run(100)
  }
  throw new Error(`not secured within ${limit} ms`)
}

/** What is said now arrives on both sides. */
function expectTalk({ world, a, b }: Two): void {
  a.say('bob', 'hello')
  b.say('ada', 'hi')
  world.network.run(2_000)
  expect([a.texts.at(-1), b.texts.at(-1)]).toEqual(['hi', 'hello'])
}

const pathOf = (running: Running): string | undefined =>
  (running.events('path').at(-1) ?? running.events('secured').at(-1))?.path

describe('two behind NATs of which', () => {
  test.each([
    ['both are open', open, open, 3_000, ['punched']],
    ['both are cones', cone, cone, 3_000, ['punched']],
    ['one is a cone, the other open', cone, open, 3_000, ['punched']],
    ['one gives any port, the other lets in whom it sent to', symmetric, restricted, 3_000, ['punched']],
    ['one gives any port, the other lets in that port only', symmetric, cone, 4_000, ['guessed']],
    ['one counts, the other lets in that port only', counting, cone, 4_000, ['predicted', 'punched']],
    ['both count', counting, counting, 6_000, ['predicted', 'punched']],
  ])('%s meet, whoever is behind which (%#)', (_, one, other, limit, ways) => {
    const orders: readonly (readonly [NatType, NatType])[] = [
      [one, other],
      [other, one],
    ]
    for (const [atAda, atBob] of one === other ? orders.slice(1) : orders) {
      const both = two(atAda, atBob)
      expect(secured(both, limit)).toBeLessThanOrEqual(limit)
      for (const each of [both.a, both.b]) expect(ways).toContain(pathOf(each))
      expectTalk(both)
    }
  })

  test('both give any port do not meet, and each is told that it is both', () => {
    const { world, a, b } = two(symmetric, symmetric)
    world.network.run(30_000)
    for (const each of [a, b]) {
      expect(each.events('secured')).toEqual([])
      expect(each.events('unreached').map(({ why }) => why)).toEqual(['both-change'])
    }
  })
})

describe('by IPv6', () => {
  const v6 = (n: number): Spot => {
    const host = `2001:db8:a${n}::7`
    return { place: { hosts: [host], families: ['udp6'] }, at6: `[${host}]` }
  }
  const dual = (n: number, nat: NatType): Spot => ({
    ...v6(n),
    nat,
    place: { hosts: [`2001:db8:a${n}::7`], families: ['udp4', 'udp6'] },
  })

  test('two who have nothing else meet', () => {
    const both = two(v6(1), v6(2), { nodes: nodes6 })
    secured(both, 3_000)
    expect([pathOf(both.a), pathOf(both.b)]).toEqual(['ipv6', 'ipv6'])
    expectTalk(both)
  })

  test('two meet of whom one has nothing else', () => {
    const both = two(dual(1, cone), v6(2), { nodes: [...nodes4, ...nodes6] })
    secured(both, 3_000)
    expect([pathOf(both.a), pathOf(both.b)]).toEqual(['ipv6', 'ipv6'])
  })

  test('two meet between whose NATs there is no way', () => {
    const both = two(dual(1, symmetric), dual(2, symmetric), { nodes: [...nodes4, ...nodes6] })
    secured(both, 4_000)
    expect([pathOf(both.a), pathOf(both.b)]).toEqual(['ipv6', 'ipv6'])
    expectTalk(both)
  })

  test('two do not meet of whom the other has IPv4 only, and he who learns of it is told', () => {
    const { world, a, b } = two(dual(1, cone), cone, { nodes: [...nodes4, ...nodes6] })
    world.network.run(1_000)
    const alone = two(v6(1), cone, { nodes: [...nodes4, ...nodes6] })
    alone.world.network.run(30_000)
    expect([alone.a.events('secured'), alone.b.events('secured')]).toEqual([[], []])
    world.network.run(5_000)
    expect([a.events('secured').length, b.events('secured').length]).toEqual([1, 1])
  })
})

describe('without a DHT', () => {
  const hosts = (n: number): Spot => ({
    place: { hosts: [`10.0.${n}.2`], families: ['udp4'] },
    isAlone: true,
  })

  test('two on one link meet, and say that they are on it', () => {
    const segment: NonNullable<Spot['segment']> = new Segment()
    const both = two({ ...hosts(1), segment }, { ...hosts(2), segment })
    expect(secured(both, 1_000)).toBeLessThanOrEqual(1_000)
    expect([pathOf(both.a), pathOf(both.b)]).toEqual(['lan', 'lan'])
    expectTalk(both)
  })

  test('two meet who were told where the other is', () => {
    const world = new World({ seed: 1, latency: [20, 20] })
    const at = (n: number): Contact['hints'] => [address(`203.0.113.${n}:40000`)]
    const a = world.start(ada, [contactOf(bob, { hints: at(2) })], { isAlone: true })
    const b = world.start(bob, [contactOf(ada, { hints: at(1) })], { isAlone: true })
    expect(secured({ world, a, b }, 1_000)).toBeLessThanOrEqual(1_000)
    expect([pathOf(a), pathOf(b)]).toEqual(['direct', 'direct'])
    expectTalk({ world, a, b })
  })
})

describe('a conversation', () => {
  test('takes the link when both come to be on one, without a break', () => {
    const segment = new LateSegment()
    const both = two({ segment }, { segment })
    secured(both, 3_000)
    expect([pathOf(both.a), pathOf(both.b)]).toEqual(['punched', 'punched'])
    segment.isUp = true
    for (const { talk } of [both.a, both.b]) talk.linksMoved(both.world.network.now)
    both.world.network.run(5_000)
    for (const each of [both.a, both.b]) {
      expect(each.events('path').map(({ path }) => path)).toEqual(['lan'])
      expect([each.events('lost').length, each.events('secured').length]).toEqual([0, 1])
    }
    expectTalk(both)
  })

  test.each(['ada', 'bob'])('goes on when the address of %s changes', (who) => {
    const both = two(cone, cone)
    secured(both, 3_000)
    both.world.network.run(2_000)
    const mover = who === 'ada' ? both.a : both.b
    mover.talk.moved({ hosts: ['10.9.9.9'], families: ['udp4'] }, { isBound: true }, both.world.network.now)
    both.world.network.run(5_000)
    expectTalk(both)
    expect([...both.a.events('lost'), ...both.b.events('lost')]).toEqual([])
    expect([both.a.events('secured').length, both.b.events('secured').length]).toEqual([1, 1])
  })
})

describe('strangers', () => {
  const hosts = Array.from({ length: 15 }, (_, i) => `192.0.2.${i + 1}`)

  /** 15, beside as whom others see him: what somebody sends to each of them in the first minutes after his buddy told that he was there, and left. */
  function sentTo(who: Person, minutes: number): readonly number[] {
    const other = who === ada ? bob : ada
    const world = new World({ seed: 1, latency: [20, 20] }, nodes4)
    const liar = world.start(other, [contactOf(who)], { place: { hosts, families: ['udp4'] } })
    world.network.run(3_000)
    liar.kill()
    const { tap } = world.start(who, [contactOf(other)])
    world.network.run(minutes * 60_000)
    return hosts.map((host) => tap.sent.filter(({ peer }) => peer.startsWith(`${host}:`)).length)
  }

  test.each([
    ['initiator', atInitiator],
    ['responder', atInitiator === ada ? bob : ada],
  ])(
    'whom a buddy’s record names get 105 datagrams of the %s in the first minute, 220 in the first ten, and no more',
    (_, who) => {
      for (const sent of sentTo(who, 1)) {
        expect(sent).toBeGreaterThan(20) // or nothing is tested
        expect(sent).toBeLessThanOrEqual(105)
      }
      for (const sent of sentTo(who, 10)) expect(sent).toBeLessThanOrEqual(220)
    },
  )
})
