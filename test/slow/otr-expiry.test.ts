import { describe, expect, test } from 'vitest'
import type { ConversationEvent } from '../../src/otr/conversation.ts'
import { fingerprintOf } from '../../src/otr/identity.ts'
import { decodeMessage } from '../../src/otr/message.ts'
import { createClientProfile, needsRenewal, profileExpiry } from '../../src/otr/profile.ts'
import {
  alice,
  aliceWith,
  bob,
  bobWith,
  exchange,
  type Pair,
  person,
  securedPair,
  textsOf,
  wallTime,
} from '../otr/pair.ts'

const life = 2 * 3_600_000
const kindsOf = (events: readonly ConversationEvent[]) => events.map(({ kind }) => kind)

/** Carries what there is between two, in order, until there is nothing more. */
function carry({ alice, bob }: Pair, toAlice: readonly Uint8Array[], now: number): ConversationEvent[] {
  const events: ConversationEvent[] = []
  let [forAlice, forBob] = [toAlice, [] as readonly Uint8Array[]]
  while (forAlice.length + forBob.length > 0) {
    const received = [
      ...forAlice.map((m) => alice.receive(m, now)),
      ...forBob.map((m) => bob.receive(m, now)),
    ]
    const half = received.slice(0, forAlice.length)
    events.push(...received.flatMap((r) => r.events))
    forBob = half.flatMap((r) => r.replies)
    forAlice = received.slice(half.length).flatMap((r) => r.replies)
  }
  return events
}

describe('a session', () => {
  test('neither sends nor shows anything two hours after our newest ECDH key, whoever asks first', () => {
    const { alice, bob } = securedPair()
    const [early, late] = [
      alice.encrypt({ text: 'early' }, life - 1),
      alice.encrypt({ text: 'late' }, life - 1),
    ]
    expect(bob.deadline).toBe(life)
    expect(textsOf(bob.receive(early, life - 1).events)).toEqual(['early'])

    const other = securedPair()
    const unseen = other.alice.encrypt({ text: 'late' }, life - 1)
    expect(() => other.bob.encrypt({ text: 'x' }, life)).toThrow('expired')
    expect(() => other.bob.startSmp({ secret: new Uint8Array(1) }, life)).toThrow()
    expect(kindsOf(other.bob.receive(unseen, life).events)).toEqual(['expired'])
    expect(other.bob.isSecured).toBe(false)
    expect(late.length).toBeGreaterThan(0)
  })

  test('lives on by a new ECDH key of ours, and not by theirs alone', () => {
    const { alice, bob } = securedPair()
    alice.receive(bob.encrypt({ text: 'one' }, 1_000), 1_000)
    expect(alice.deadline).toBe(life)
    alice.prepare(2_000)
    expect(alice.deadline).toBe(life + 2_000)
    alice.prepare(3_000) // there is nothing to do
    expect(alice.deadline).toBe(life + 2_000)
    const late = securedPair()
    late.alice.receive(late.bob.encrypt({ text: 'one' }, 0), 0)
    late.alice.prepare(life) // too late to live on by it
    expect(late.alice.needsPreparation).toBe(true)
    expect(kindsOf(late.alice.expire(life).events)).toEqual(['expired'])
  })

  test('that expires reveals the MAC keys of what came and of what may still come', () => {
    const { alice, bob } = securedPair()
    const [lost, came] = [alice.encrypt({ text: 'lost' }, 0), alice.encrypt({ text: 'came' }, 0)]
    bob.receive(came, 0)
    const now = bob.deadline
    const [last, identity] = bob.expire(now).replies
    expect(decodeMessage(last!)).toMatchObject({ kind: 'data', flags: 1, revealed: { length: 2 * 64 } })
    expect(decodeMessage(identity!).kind).toBe('identity')
    expect(bob.receive(lost, now)).toEqual({ replies: [], events: [] })
    expect(bob.deadline).toBe(now + 30_000)
  })

  test('of the initiator is replaced at once, in the same conversation', () => {
    const pair = securedPair()
    const { alice, bob } = pair
    const { ssid } = bob
    const now = bob.deadline
    expect(alice.isSecured).toBe(true)
    const { replies, events } = bob.expire(now)
    expect(events).toEqual([{ kind: 'expired' }])
    expect(kindsOf(carry(pair, replies, now))).toEqual(['expired', 'secured', 'secured'])
    expect(alice.ssid).toEqual(bob.ssid)
    expect(alice.ssid).not.toEqual(ssid)
    expect([alice.deadline, bob.deadline]).toEqual([now + life, now + life])
    expect(textsOf(bob.receive(alice.encrypt({ text: 'on' }, now), now).events)).toEqual(['on'])
  })

  test('of the responder is replaced as soon as the initiator hears of its end', () => {
    const pair = securedPair()
    const { alice, bob } = pair
    alice.receive(bob.encrypt({ text: 'x' }, 10), 10)
    bob.receive(alice.encrypt({ text: 'y' }, 10), 10)
    bob.prepare(20_000)
    const now = alice.deadline
    expect(now).toBe(life + 10)
    const [last, ...none] = alice.expire(now).replies
    expect(none).toEqual([])
    const { replies, events } = bob.receive(last!, now)
    expect(events).toEqual([{ kind: 'expired' }])
    expect(kindsOf(carry(pair, replies, now))).toEqual(['secured', 'secured'])
  })

  test('less than 5 minutes old does not expire at the peer’s word: that is the end of the conversation', () => {
    for (const [now, kinds] of [
      [299_999, ['finished']],
      [300_000, ['expired']],
    ] as const) {
      const { alice, bob } = securedPair()
      const [last] = alice.expire(life).replies
      const { replies, events } = bob.receive(last!, now)
      expect(kindsOf(events)).toEqual(kinds)
      expect(replies).toHaveLength(now < 300_000 ? 0 : 1)
      expect([bob.isSecured, bob.isExchanging]).toEqual([false, replies.length > 0])
    }
  })

  test('is replaced within the allowance only, whoever’s keys were too old: else it is the end of all', () => {
    const refusing = () => securedPair({ bob: { dakes: { take: () => false } } })
    const theirs = refusing()
    const [last] = theirs.alice.expire(life).replies
    expect(theirs.bob.receive(last!, life - 1)).toEqual({ replies: [], events: [{ kind: 'finished' }] })
    const ours = refusing()
    const { replies, events } = ours.bob.expire(life)
    expect(events).toEqual([{ kind: 'finished' }])
    expect(replies).toHaveLength(1)
    expect(kindsOf(ours.alice.receive(replies[0]!, life - 1).events)).toEqual(['finished'])
    for (const { bob } of [theirs, ours]) {
      expect([bob.isSecured, bob.isExchanging, bob.deadline]).toEqual([false, false, Infinity])
    }
  })

  test('that is not replaced within half a minute ends the conversation', () => {
    const { alice, bob } = securedPair()
    for (const side of [alice, bob]) {
      side.expire(life)
      expect(side.expire(life + 29_999).events).toEqual([])
      expect(side.expire(life + 30_000).events).toEqual([{ kind: 'finished' }])
      expect(side.deadline).toBe(Infinity)
      expect(side.isExchanging).toBe(false)
    }
  })

  test('is replaced by nobody but its peer, whomever else we would accept', () => {
    const eve = person('eve', 0x202)
    const pair = securedPair()
    const alone = bobWith({ identity: eve.identity, profile: () => eve.profile }).start(0)
    expect(pair.alice.receive(alone, 0)).toEqual({
      replies: [],
      events: [{ kind: 'refused', why: 'wrong-fingerprint' }],
    })
  })

  test('beside which a DAKE comes to nothing stays, and the keys of that are given up', () => {
    const { alice, bob } = securedPair()
    const authR = alice.receive(bob.start(0), 0).replies[0]!
    expect([alice.deadline, bob.deadline]).toEqual([30_000, 30_000])
    for (const side of [alice, bob]) {
      expect(side.isExchanging).toBe(true)
      expect(side.expire(30_000)).toEqual({ replies: [], events: [] })
      expect([side.isExchanging, side.isSecured]).toEqual([false, true])
    }
    expect(bob.receive(authR, 30_000)).toEqual({ replies: [], events: [] })
  })

  test('that another has replaced here may expire there: the DAKE that replaced it goes on', () => {
    const { alice, bob } = securedPair()
    const authR = alice.receive(bob.start(life - 2), life - 2).replies[0]!
    const authI = bob.receive(authR, life - 2).replies[0]!
    const { ssid } = bob
    const [last, ...none] = alice.expire(life).replies
    expect(none).toEqual([])
    expect(bob.receive(last!, life - 1)).toEqual({ replies: [], events: [] })
    expect(bob.ssid).toBe(ssid)
    expect(kindsOf(alice.receive(authI, life).events)).toEqual(['secured'])
    expect(alice.ssid).toEqual(ssid)
  })

  test('that another has replaced is not kept for longer than its own two hours', () => {
    const { alice, bob } = securedPair()
    const old = alice.encrypt({ text: 'old' }, 0)
    bob.receive(alice.receive(bob.start(life - 1), life - 1).replies[0]!, life - 1)
    expect(bob.deadline).toBe(life)
    expect(bob.receive(old, life).events).toEqual([{ kind: 'refused', why: 'failed' }])
    expect(bob.isSecured).toBe(true)
  })
})

describe('a client profile', () => {
  const day = 86_400_000

  /** As the program makes it: kept until less than a day is left. */
  function renewed(who: typeof alice, wall: (now: number) => number) {
    let made = { bytes: who.profile, expires: 0 }
    const profile = (now: number) => {
      if (!needsRenewal(made.expires, wall(now))) return made.bytes
      const expires = profileExpiry(wall(now))
      made = { bytes: createClientProfile({ ...who, expires }), expires }
      return made.bytes
    }
    return { profile, wall }
  }

  test('is asked for at each DAKE, so that a conversation outlives it', () => {
    const wall = (now: number) => wallTime + now
    const pair = { alice: aliceWith(renewed(alice, wall)), bob: bobWith(renewed(bob, wall)) }
    const profiles = [0, 1, 10, 20].map((days) => {
      const now = days * day
      for (const side of [pair.alice, pair.bob]) side.expire(now)
      const identity = pair.bob.start(now)
      expect(kindsOf(carry(pair, [identity], now))).toEqual(['secured', 'secured'])
      const message = decodeMessage(identity)
      return message.kind === 'identity' ? Buffer.from(message.profile).toString('hex') : ''
    })
    expect(profiles[0]).toBe(profiles[1])
    expect(new Set(profiles).size).toBe(3)
  })

  test('is accepted by a clock a day before or after its owner’s, at every time of its life', () => {
    for (const off of [-day, day]) {
      const options = [
        renewed(alice, (now) => wallTime + now + off),
        renewed(bob, (now) => wallTime + now),
      ] as const
      for (const hours of [0, 6 * 24, 7 * 24 - 1]) {
        const pair = { alice: aliceWith(options[0]), bob: bobWith(options[1]) }
        exchange(pair, hours * 3_600_000)
        expect(pair.alice.isSecured).toBe(true)
      }
    }
  })

  test('that is too old by our clock is refused with what names both clocks', () => {
    const expires = wallTime / 1_000
    const profile = createClientProfile({ ...alice, expires })
    const wall = wallTime + 9 * day
    const initiator = bobWith({ wall: () => wall })
    const authR = aliceWith({ profile: () => profile }).receive(initiator.start(0), 0).replies[0]!
    expect(initiator.receive(authR, 0).events).toEqual([{ kind: 'refused', why: 'clock', expires, wall }])
  })

  test('for another tag is a fault of the program', () => {
    expect(() => bobWith({ profile: () => alice.profile }).start(0)).toThrow('not of this tag')
    expect(fingerprintOf(alice.identity)).not.toBe(fingerprintOf(bob.identity))
  })
})
