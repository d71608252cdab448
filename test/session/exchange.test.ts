import { describe, expect, test } from 'vitest'
import type { WallClock } from '../../src/machine.ts'
import type { TalkEvent } from '../../src/session/command.ts'
import { Talk } from '../../src/session/talk.ts'
import { Network } from '../support/network.ts'
import { contactOf, nothingSpecial, ownOf, type Person, person, seeded, wall } from './people.ts'

const [ada, bob] = [person('ada', 1), person('bob', 2)]

/** A program without a DHT, whose clock is `skew` ms ahead. */
function start(
  network: Network<TalkEvent>,
  who: Person,
  other: Person,
  { at, skew }: { at: string; skew: number },
) {
  const host = network.attachAt(at)
  const clock: WallClock = (now) => wall(now) + skew
  const talk = new Talk({
    name: who.alias,
    own: ownOf(who, clock),
    random: seeded(who === ada ? 11 : 12),
    wall: clock,
    dht: { mode: 'off', bootstrap: [], saved: [] },
    place: { hosts: [at], families: ['udp4'] },
    lan: false,
    stun: false,
    loopback: false,
    now: network.now,
  })
  talk.know({ whom: { kind: 'known', contact: contactOf(other) }, ...nothingSpecial })
  talk.act({ kind: 'open', buddy: other.alias }, network.now)
  host.machine = talk
  const isSecured = () => host.events.some(({ kind }) => kind === 'secured')
  return { host, talk, isSecured }
}

describe('two without a DHT, who give each other a line', () => {
  test.each([
    [36_000_000, 0],
    [-36_000_000, 5_400_000],
  ])('talk, with clocks %i ms apart, when the lines are %i ms on their way', (skew, delay) => {
    for (const [one, other] of [
      [ada, bob],
      [bob, ada],
    ] as const) {
      const network = new Network<TalkEvent>({ seed: 5 })
      const a = start(network, one, other, { at: '198.51.100.7', skew: 0 })
      const b = start(network, other, one, { at: '203.0.113.9', skew })
      network.run(10)
      const offer = a.talk.offer(other.alias, 'offer', network.now)!
      network.run(delay)
      expect(b.talk.take(one.alias, offer, network.now)).toBe('taken')
      const answer = b.talk.offer(one.alias, 'answer', network.now)!
      network.run(delay / 2)
      expect(a.talk.take(other.alias, answer, network.now)).toBe('taken')
      network.run(60_000)
      expect([a.isSecured(), b.isSecured()]).toEqual([true, true])
    }
  })
})
