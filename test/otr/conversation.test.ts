import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DakeBudget } from '../../src/otr/budget.ts'
import { generateEcdh } from '../../src/otr/ed448.ts'
import { fingerprintOf } from '../../src/otr/identity.ts'
import { decodeMessage, encodeIdentity } from '../../src/otr/message.ts'
import { createClientProfile } from '../../src/otr/profile.ts'
import {
  alice,
  aliceWith,
  bob,
  bobWith,
  dakeOptions,
  exchange,
  type Person,
  person,
  securedPair,
  seeded,
  textsOf,
  wallTime,
} from './pair.ts'

describe('a conversation', () => {
  test('is secured on both sides, with the other’s fingerprint and one ssid', () => {
    const pair = { alice: aliceWith(), bob: bobWith() }
    const events = exchange(pair)
    expect(events).toEqual([
      { kind: 'secured', fingerprint: fingerprintOf(alice.identity), ssid: pair.alice.ssid },
      { kind: 'secured', fingerprint: fingerprintOf(bob.identity), ssid: pair.bob.ssid },
    ])
    expect(pair.alice.ssid).toEqual(pair.bob.ssid)
  })

  test('lets both send at once, in either order', () => {
    const { alice, bob } = securedPair()
    const [fromAlice, fromBob] = [alice.encrypt({ text: 'ah' }, 0), bob.encrypt({ text: 'bh' }, 0)]
    expect(textsOf(alice.receive(fromBob, 0).events)).toEqual(['bh'])
    expect(textsOf(bob.receive(fromAlice, 0).events)).toEqual(['ah'])
    expect(textsOf(bob.receive(alice.encrypt({ text: 'a2' }, 0), 0).events)).toEqual(['a2'])
    expect(textsOf(alice.receive(bob.encrypt({ text: 'b2' }, 0), 0).events)).toEqual(['b2'])
  })

  test('makes the same octets whether it was prepared or not', () => {
    const [one, two] = [securedPair(), securedPair()]
    for (const { alice, bob } of [one, two]) alice.receive(bob.encrypt({ text: 'hello' }, 0), 0)
    expect(one.alice.needsPreparation).toBe(true)
    one.alice.prepare(0)
    expect(one.alice.needsPreparation).toBe(false)
    expect(one.alice.encrypt({ text: 'yes' }, 0)).toEqual(two.alice.encrypt({ text: 'yes' }, 0))
  })

  test('passes records of unknown types up, and padding and endings not', () => {
    const { alice, bob } = securedPair()
    const record = { type: 0x0101, value: Uint8Array.of(1, 2) }
    const message = bob.encrypt({ text: '', tlvs: [{ type: 0, value: new Uint8Array(9) }, record] }, 0)
    expect(decodeMessage(message)).toMatchObject({ kind: 'data', flags: 1 })
    expect(alice.receive(message, 0).events).toMatchObject([{ kind: 'message', text: '', tlvs: [record] }])
  })

  test('ends for both with one message, and decrypts nothing after it', () => {
    const { alice, bob } = securedPair()
    const late = bob.encrypt({ text: 'late' }, 0)
    const last = bob.close(0)!
    expect(bob.isSecured).toBe(false)
    expect(() => bob.encrypt({ text: 'no' }, 0)).toThrow('not secured')
    expect(alice.receive(last, 0).events).toEqual([{ kind: 'finished' }])
    expect(alice.receive(late, 0).events).toEqual([{ kind: 'refused', why: 'failed' }])
    expect(alice.close(0)).toBeUndefined()
  })

  test('throws for text outside a secured conversation', () => {
    expect(() => bobWith().encrypt({ text: 'no' }, 0)).toThrow('not secured')
    const waiting = bobWith()
    waiting.start(0)
    expect(() => waiting.encrypt({ text: 'no' }, 0)).toThrow('not secured')
    expect(() => aliceWith().start(0)).toThrow('only the initiator')
  })
})

describe('a stranger', () => {
  test('gets no Auth-R when the responder does not accept the fingerprint', () => {
    const asked: string[] = []
    const alice = aliceWith({ accepts: (fingerprint) => asked.push(fingerprint) === 0 })
    const { replies, events } = alice.receive(bobWith().start(0), 0)
    expect(replies).toEqual([])
    expect(events).toEqual([{ kind: 'refused', why: 'wrong-fingerprint' }])
    expect(asked).toEqual([fingerprintOf(bob.identity)])
  })

  test('is not secured if the answer has become another between Identity and Auth-I', () => {
    let answer = true
    const alice = aliceWith({ accepts: () => answer })
    const bob = bobWith()
    const authI = bob.receive(alice.receive(bob.start(0), 0).replies[0]!, 0).replies[0]!
    answer = false
    expect(alice.receive(authI, 0)).toEqual({
      replies: [],
      events: [{ kind: 'refused', why: 'wrong-fingerprint' }],
    })
    expect([alice.isSecured, alice.isExchanging]).toEqual([false, false])
    answer = true
    expect(alice.receive(authI, 0).events).toEqual([])
  })

  test('gets no Auth-I when the initiator does not accept the fingerprint', () => {
    const bob = bobWith({ accepts: () => false })
    const authR = aliceWith().receive(bob.start(0), 0).replies[0]!
    expect(bob.receive(authR, 0)).toEqual({
      replies: [],
      events: [{ kind: 'refused', why: 'wrong-fingerprint' }],
    })
    expect(bob.isSecured).toBe(false)
  })

  test('is refused under another link: phi carries the ids (D2)', () => {
    const [alice, bob] = [
      aliceWith({ ids: { own: Uint8Array.of(1, 2, 3), peer: Uint8Array.of(4, 6) } }),
      bobWith(),
    ]
    const authR = alice.receive(bob.start(0), 0).replies[0]!
    expect(bob.receive(authR, 0).events).toEqual([{ kind: 'refused', why: 'failed' }])
  })

  test('with an expired profile is refused by the clock, after a day of grace and not before', () => {
    const expires = wallTime / 1000
    const profile = createClientProfile({ ...bob, expires })
    const identity = bobWith({ profile: () => profile }).start(0)
    const at = (ms: number) => aliceWith({ wall: () => wallTime + ms }).receive(identity, 0)
    expect(at(86_399_999).replies).toHaveLength(1)
    const wall = wallTime + 86_400_000
    expect(at(86_400_000).events).toEqual([{ kind: 'refused', why: 'clock', expires, wall }])
  })

  test('of another version is refused with that reason', () => {
    const identity = bobWith().start(0)
    identity[1] = 5
    expect(aliceWith().receive(identity, 0).events).toEqual([{ kind: 'refused', why: 'wrong-version' }])
  })

  test('who sends the Auth-I of someone else under another tag is refused', () => {
    const [alice, bob] = [aliceWith(), bobWith()]
    const authI = bob.receive(alice.receive(bob.start(0), 0).replies[0]!, 0).replies[0]!
    const other = authI.slice()
    other[6]! ^= 1
    expect(alice.receive(other, 0).events).toEqual([{ kind: 'refused', why: 'failed' }])
    expect(alice.receive(authI, 0).events).toMatchObject([{ kind: 'secured' }])
  })

  test('on the wrong side gets nothing for an Identity (D8)', () => {
    const other = person('eve', 0x303)
    const identity = bobWith({ ...dakeOptions(other), role: 'initiator' }).start(0)
    expect(bobWith().receive(identity, 0)).toEqual({ replies: [], events: [] })
  })

  test('is answered six times a minute at the most', () => {
    const alice = aliceWith()
    const identity = bobWith().start(0)
    const answered = Array.from({ length: 7 }, () => alice.receive(identity, 1_000).replies.length)
    expect(answered).toEqual([1, 1, 1, 1, 1, 1, 0])
    expect(alice.receive(identity, 61_000).replies).toHaveLength(1)
  })

  test('is answered six times a minute by all conversations that share a budget', () => {
    const dakes = new DakeBudget()
    const several = Array.from({ length: 4 }, () => aliceWith({ dakes }))
    const identity = bobWith().start(0)
    const answered = (now: number): number =>
      [...several, ...several].filter((alice) => alice.receive(identity, now).replies.length > 0).length
    expect([answered(1_000), answered(60_999), answered(61_000)]).toEqual([6, 0, 6])
  })
})

test('a DAKE that ended well does not count among the six in vain, but among sixty in all', () => {
  const dakes = new DakeBudget()
  const taken = (count: number, now: number): number =>
    Array.from({ length: count }, () => dakes.take(now)).filter(Boolean).length
  for (let i = 0; i < 20; i++) {
    expect(dakes.take(0)).toBe(true)
    dakes.succeeded()
  }
  expect(taken(10, 0)).toBe(6)
  expect(taken(1, 59_999)).toBe(0)
  for (let i = 0; i < 60; i++) {
    expect(dakes.take(60_000)).toBe(true)
    dakes.succeeded()
  }
  expect([dakes.take(60_000), dakes.take(119_999), dakes.take(120_000)]).toEqual([false, false, true])
})

describe('a ring has three keys', () => {
  /** Somebody whose profile names this as the forging key. */
  const forging = (forgingKey: Uint8Array): Person => {
    const { identity, instanceTag } = person('mallory', 0x303)
    const forged = { ...identity, forgingKey }
    const expires = wallTime / 1000 + 86_400
    return {
      identity: forged,
      instanceTag,
      profile: createClientProfile({ identity: forged, instanceTag, expires }),
    }
  }
  const answerTo = (bytes: Uint8Array): Uint8Array => aliceWith().receive(bytes, 0).replies[0]!
  const refused = { replies: [], events: [{ kind: 'refused', why: 'failed' }] }

  test('with our own H as the peer’s F it has two: neither side goes on', () => {
    const initiator = bobWith(dakeOptions(forging(alice.identity.publicKey)))
    expect(aliceWith().receive(initiator.start(0), 0)).toEqual(refused)
    const waiting = bobWith()
    const responder = aliceWith(dakeOptions(forging(bob.identity.publicKey)))
    expect(waiting.receive(responder.receive(waiting.start(0), 0).replies[0]!, 0)).toEqual(refused)
    waiting.receive(answerTo(waiting.start(0)), 0)
    expect(waiting.isSecured).toBe(true)
  })

  test('so it has with the peer’s first ECDH key as its F', () => {
    const ephemeral = generateEcdh(seeded('ephemeral')).public
    const options = () => ({ ...dakeOptions(forging(ephemeral)), random: seeded('ephemeral') })
    expect(aliceWith().receive(bobWith(options()).start(0), 0)).toEqual(refused)
    const waiting = bobWith()
    const authR = aliceWith(options()).receive(waiting.start(0), 0).replies[0]!
    expect(waiting.receive(authR, 0)).toEqual(refused)
  })

  test('and with our own H as the peer’s ECDH key', () => {
    const identity = decodeMessage(bobWith().start(0))
    if (identity.kind !== 'identity') throw new Error('no Identity')
    const keys = { ...identity.keys, ecdh: alice.identity.publicKey }
    expect(aliceWith().receive(encodeIdentity({ ...identity, keys }), 0)).toEqual(refused)
  })
})

describe('a second DAKE', () => {
  test('leaves the session as it is until it succeeds (D11)', () => {
    const { alice, bob } = securedPair()
    const { ssid } = alice
    alice.receive(bob.start(0), 0)
    expect(alice.ssid).toBe(ssid)
    expect(textsOf(alice.receive(bob.encrypt({ text: 'still here' }, 0), 0).events)).toEqual(['still here'])
    alice.receive(new Uint8Array(40), 0)
    expect(alice.isSecured).toBe(true)
  })

  test('loses nothing that the responder had sent before it heard of the end', () => {
    const { alice, bob } = securedPair()
    const authR = alice.receive(bob.start(0), 0).replies[0]!
    const before = alice.encrypt({ text: 'before' }, 0)
    const authI = bob.receive(authR, 0).replies[0]!
    expect(textsOf(bob.receive(before, 0).events)).toEqual(['before'])
    alice.receive(authI, 0)
    expect(alice.ssid).toEqual(bob.ssid)
    expect(textsOf(bob.receive(alice.encrypt({ text: 'after' }, 0), 0).events)).toEqual(['after'])
    expect(textsOf(alice.receive(bob.encrypt({ text: 'reply' }, 0), 0).events)).toEqual(['reply'])
  })

  test('ends what came before: its messages open no more once the new keys were used', () => {
    const { alice, bob } = securedPair()
    const old = alice.encrypt({ text: 'old' }, 0)
    exchange({ alice, bob })
    bob.receive(alice.encrypt({ text: 'new' }, 0), 0)
    expect(bob.receive(old, 0).events).toEqual([{ kind: 'refused', why: 'failed' }])
  })
})

describe('any octets', () => {
  test('change nothing and never throw', () => {
    const { alice, bob } = securedPair()
    const honest = bob.encrypt({ text: 'honest' }, 0)
    const identity = bobWith().start(0)
    const cut = fc.record({
      from: fc.constantFrom(honest, identity),
      at: fc.nat(),
      flip: fc.nat({ max: 254 }),
    })
    const mutated = cut.map(({ from, at, flip }) => {
      const bytes = from.slice()
      bytes[at % bytes.length]! ^= flip + 1
      return flip % 3 === 0 ? bytes.subarray(0, at % bytes.length) : bytes
    })
    // MAC keys that are revealed are not authenticated: theirs is the only place where octets do not count.
    const covered = honest.length - 4
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated), (bytes) => {
        fc.pre(bytes.length < covered || bytes.some((octet, i) => i < covered && octet !== honest[i]))
        const { ssid } = alice
        const { events } = alice.receive(bytes, 0) // an Identity of other keys is one: only Auth-I proves it
        expect(alice.ssid).toBe(ssid)
        expect(events.every(({ kind }) => kind === 'refused')).toBe(true)
      }),
      { numRuns: 150 },
    )
    expect(textsOf(alice.receive(honest, 0).events)).toEqual(['honest'])
  })
})
