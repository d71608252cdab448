/** Whoever recorded what two people's programs sent earlier sends it again: nothing of it moves a conversation. */
import { describe, expect, test } from 'vitest'
import type { Datagram } from '../../src/machine.ts'
import { cone, contactOf, open, type Person, person, type Running, World } from '../session/people.ts'
import { address } from '../support/network.ts'

const [ada, bob] = [person('ada', 1), person('bob', 2)]
// The holder of the smaller discovery key initiates (docs/Protocol.md, "Handshake").
const isAdaFirst = ada.identity.address[1]! < bob.identity.address[1]!
const [initiator, responder] = isAdaFirst ? [ada, bob] : [bob, ada]
const attacker = address('203.0.113.250:9')

const start = (world: World, who: Person): Running =>
  world.start(who, [contactOf(who === initiator ? responder : initiator)])

const framesOf = (datagrams: readonly Datagram[], type: number): Datagram[] =>
  datagrams.filter(({ bytes }) => bytes[0] === type)

const sentTo = (running: Running, peer: string): Datagram[] =>
  running.tap.sent.filter((datagram) => datagram.peer === peer)

/** A recorded datagram, sent again from the attacker's address. */
function replay(to: Running, { local, bytes }: Datagram, world: World): void {
  to.talk.receive({ local, peer: attacker, bytes }, world.network.now)
}

describe('a knock of an earlier run of the buddy', () => {
  function talking(): { world: World; i: Running; r: Running; knocks: Datagram[] } {
    const world = new World({ seed: 21, latency: [20, 20] })
    const former = start(world, responder)
    world.network.run(5_000)
    const i = start(world, initiator)
    world.network.run(15_000)
    const knocks = framesOf(former.tap.sent, 0xf4)
    former.kill()
    world.network.run(100)
    const r = start(world, responder)
    world.network.run(60_000)
    expect(i.events('secured').length).toBeGreaterThan(1)
    return { world, i, r, knocks }
  }

  test('replaces no conversation, and gets nothing, once the conversation has outlived a doubt', () => {
    const { world, i, r, knocks } = talking()
    expect(knocks.length).toBeGreaterThan(0)
    const local = framesOf(i.tap.heard, 0xf3)[0]!.local
    const before = [...i.host.events, ...r.host.events].length
    for (let minute = 0; minute < 5; minute++) {
      for (const knock of knocks) replay(i, { ...knock, local }, world)
      world.network.run(60_000)
    }
    expect([...i.host.events, ...r.host.events].length).toBe(before)
    expect(sentTo(i, attacker)).toEqual([])
    i.say(responder.alias, 'still here')
    world.network.run(1_000)
    expect(r.texts.at(-1)).toBe('still here')
  })

  test('gets one init each while the buddy is away, and is not probed again', () => {
    const { world, i, r, knocks } = talking()
    r.kill()
    world.network.run(60_000)
    expect(i.events('lost').at(-1)).toMatchObject({ why: 'timeout' })
    const local = framesOf(i.tap.heard, 0xf3)[0]!.local
    for (let n = 0; n < 3; n++) {
      replay(i, { ...knocks[0]!, local }, world)
      world.network.run(10 * 60_000)
    }
    expect(sentTo(i, attacker)).toHaveLength(3)
  })
})

describe('an init that the buddy never heard', () => {
  /** How long a buddy who comes back after twenty minutes needs until he is secured, in ms. */
  function returning({ isAttacked }: { readonly isAttacked: boolean }): number {
    const world = new World({ seed: 22, latency: [20, 20] })
    const early = start(world, initiator)
    const heard = start(world, responder) // so that the initiator learns an address to call
    world.network.run(3_000)
    heard.kill()
    world.network.run(20 * 60_000)
    const inits = new Map(
      framesOf(early.tap.sent, 0xf0).map((datagram) => [String(datagram.bytes), datagram]),
    )
    const stock = [...inits.values()]
    expect(stock.length).toBeGreaterThan(10)
    const r = start(world, responder)
    world.network.run(500)
    const { local } = r.tap.sent[0]!
    for (let n = 0; n < 2_400 && r.events('secured').length === 0; n++) {
      if (isAttacked) replay(r, { ...stock[n % stock.length]!, local }, world)
      world.network.run(250)
    }
    world.network.run(5_000)
    expect(early.events('secured')).toHaveLength(2)
    expect(r.events('lost')).toEqual([])
    r.say(initiator.alias, 'hello')
    world.network.run(2_000)
    expect(early.texts).toEqual(['hello'])
    return r.events('secured')[0]!.ms
  }

  test('delays nobody who comes back by more than 5 s, four a second of them', () => {
    const calm = returning({ isAttacked: false })
    expect(returning({ isAttacked: true })).toBeLessThan(calm + 5_000)
  })

  test.each([40, 60, 80, 100, 120, 140, 160, 180, 200, 240])(
    'does not end a handshake under way, %d ms after it began',
    (ms) => {
      const world = new World({ seed: 23, latency: [20, 20] })
      const first = start(world, initiator)
      const heard = start(world, responder)
      world.network.run(3_000)
      heard.kill()
      first.kill()
      world.network.run(60_000)
      const stock = framesOf(first.tap.sent, 0xf0)
      const r = start(world, responder)
      const i = start(world, initiator)
      for (let n = 0; n < 5_000 && i.events('phase').at(-1)?.phase !== 'securing'; n++) world.network.run(5)
      world.network.run(ms - 40)
      const local = r.tap.sent[0]!.local
      for (const init of stock.slice(-4)) replay(r, { ...init, local }, world)
      world.network.run(5_000)
      expect([i.events('secured').length, r.events('secured').length]).toEqual([1, 1])
      expect([...i.events('lost'), ...r.events('lost')]).toEqual([])
    },
  )
})

describe('a buddy who was away for a minute', () => {
  test.each([
    ['open', open, 31],
    ['open', open, 32],
    ['cone', cone, 33],
  ] as const)('comes back once, not twice (NAT %s)', (_, nat, seed) => {
    for (const who of [initiator, responder]) {
      const other = who === initiator ? responder : initiator
      const world = new World({ seed, latency: [20, 20] })
      const stays = world.start(other, [contactOf(who)], nat)
      const leaves = world.start(who, [contactOf(other)], nat)
      world.network.run(15_000)
      leaves.kill()
      world.network.run(60_000)
      const back = world.start(who, [contactOf(other)], nat)
      world.network.run(5 * 60_000)
      expect(stays.events('secured')).toHaveLength(2)
      expect(stays.events('lost')).toMatchObject([{ why: 'timeout' }])
      expect([back.events('secured').length, back.events('lost').length]).toEqual([1, 0])
    }
  })
})
