import { describe, expect, test } from 'vitest'
import { splitAddress } from '../../src/wire/address.ts'
import { cone, contactOf, open, person, place, type Running, World, wall } from './people.ts'

// Made once: keys cost milliseconds. Ada's discovery key may be the smaller one or not; both orders are tested.
const ada = person('ada', 1)
const bob = person('bob', 2)
const eve = person('eve', 3)

interface Met {
  readonly world: World
  readonly a: Running
  readonly b: Running
}

function meet({
  seed = 1,
  loss = 0,
  latency = [20, 20] as const,
}: Partial<Parameters<typeof start>[0]> = {}): Met {
  const met = start({ seed, loss, latency })
  met.world.network.run(15_000)
  return met
}

function start(options: { seed: number; loss?: number; latency?: readonly [number, number] }): Met {
  const world = new World(options)
  return { world, a: world.start(ada, [contactOf(bob)]), b: world.start(bob, [contactOf(ada)]) }
}

describe('two people behind NATs who know nothing but each other’s address', () => {
  test('meet, and each is told the other’s whole fingerprint, once', () => {
    const { a, b } = meet()
    expect(a.events('secured')).toMatchObject([
      { buddy: 'bob', fingerprint: bob.identity.fingerprint, trust: 'unverified', path: 'punched' },
    ])
    expect(b.events('secured')).toMatchObject([{ buddy: 'ada', fingerprint: ada.identity.fingerprint }])
    expect([
      ...a.events('lost'),
      ...b.events('lost'),
      ...a.events('refused'),
      ...b.events('refused'),
    ]).toEqual([])
  })

  test('see the phases in order, with times', () => {
    const { a } = meet()
    const phases = a.events('phase').map(({ phase }) => phase)
    expect(phases).toEqual(['looking', 'punching', 'securing'])
    const times = a.events('phase').map(({ ms }) => ms)
    expect(times.toSorted((x, y) => x - y)).toEqual(times)
  })

  test('say what they said before they met, in order, and hear that it was decrypted', () => {
    const { world, a, b } = start({ seed: 2, latency: [20, 20] })
    const ids = ['one', 'two', 'three'].map((text) => a.say('bob', text))
    world.network.run(15_000)
    expect(b.texts).toEqual(['one', 'two', 'three'])
    expect(a.events('delivered').map(({ id }) => id)).toEqual(ids)
    const order = a.host.events.flatMap((event) =>
      event.kind === 'sent' || event.kind === 'delivered' ? [event.kind] : [],
    )
    expect(order.slice(0, 3)).toEqual(['sent', 'sent', 'sent'])
  })

  test('send large frames to whom they find on their own machine, and to nobody else', () => {
    const { world, a } = meet({ seed: 3 })
    const longest = (): number => {
      a.tap.sent.length = 0
      a.say('bob', 'x'.repeat(20_000))
      world.network.run(2_000)
      return Math.max(...a.tap.sent.map(({ bytes }) => bytes.length))
    }
    expect(longest()).toBe(1_232)
    const his = a.tap.sent.find(({ bytes }) => bytes.length === 1_232)!.peer
    a.talk.moved({ ...place, hosts: [splitAddress(his).address] }, { isBound: false }, world.network.now)
    expect(longest()).toBe(4_129)
    a.talk.moved(place, { isBound: false }, world.network.now)
    expect(longest()).toBe(1_232)
  })

  test('talk both ways through loss of a fifth of all datagrams: each text once, in order', () => {
    const { world, a, b } = meet({ seed: 5, loss: 0.2 })
    for (let i = 0; i < 20; i++) {
      a.say('bob', `a${i}`)
      b.say('ada', `b${i}`)
      world.network.run(200)
    }
    world.network.run(30_000)
    const numbers = Array.from({ length: 20 }, (_, i) => i)
    expect(b.texts).toEqual(numbers.map((i) => `a${i}`))
    expect(a.texts).toEqual(numbers.map((i) => `b${i}`))
    expect([a.events('delivered').length, b.events('delivered').length]).toEqual([20, 20])
  })

  test('every message carries the session and key it was decrypted under', () => {
    const { world, a, b } = meet()
    a.say('bob', 'hello')
    world.network.run(1_000)
    const [secured] = b.events('secured')
    expect(b.events('message')).toMatchObject([
      { session: secured!.session, fingerprint: ada.identity.fingerprint, trust: 'unverified' },
    ])
  })

  test('a buddy who leaves says so, and what was not confirmed is told to be undelivered', () => {
    const { world, a, b } = meet()
    b.quit()
    world.network.run(3_000)
    expect(a.events('lost')).toMatchObject([{ buddy: 'bob', why: 'left' }])
    expect(b.talk.isQuiet).toBe(true)
    const id = a.say('bob', 'are you there?')
    a.quit()
    world.network.run(3_000)
    expect(a.events('undelivered')).toMatchObject([{ id, why: 'closed' }])
  })
})

describe('a buddy whose program was killed and started anew', () => {
  test.each([
    ['the Noise initiator', true],
    ['the responder', false],
  ])('as %s: the conversation goes on, and nothing said in between is lost or doubled', (_, initiator) => {
    const { world, a, b } = meet()
    const isAdaInitiator = ada.identity.address[1]! < bob.identity.address[1]!
    const [stays, dies, who, other] = isAdaInitiator === initiator ? [b, a, ada, bob] : [a, b, bob, ada]
    dies.say(other.alias, 'before')
    world.network.run(2_000)
    dies.kill()
    world.network.run(100)
    stays.say(who.alias, 'into the void')
    world.network.run(2_000)
    const again = world.start(who, [contactOf(other, { fingerprint: other.identity.fingerprint })])
    world.network.run(20_000)
    expect(stays.events('secured')).toHaveLength(2)
    expect(stays.events('lost')).toHaveLength(1)
    expect(again.texts).toEqual(['into the void'])
    expect(stays.events('delivered')).toHaveLength(1)
    again.say(other.alias, 'back')
    world.network.run(2_000)
    expect(stays.texts).toEqual(['before', 'back'])
    const [first, second] = stays.events('secured')
    expect(second!.session).not.toBe(first!.session)
  })

  test('the other side says that he no longer answers, within 45 s, and 15 s if something is unconfirmed', () => {
    for (const [says, limit] of [
      [false, 45_000],
      [true, 15_000],
    ] as const) {
      const { world, a, b } = meet()
      b.kill()
      if (says) a.say('bob', 'hello?')
      world.network.run(limit)
      expect(a.events('lost')).toMatchObject([{ buddy: 'bob', why: 'timeout' }])
    }
  })
})

test('a buddy is refused when his profile is out of date, with what both clocks say', () => {
  const expires = wall(0) / 1_000 - 2 * 86_400
  const world = new World({ seed: 7, latency: [20, 20] })
  const a = world.start(ada, [contactOf(bob)])
  world.start({ ...bob, expires }, [contactOf(ada)])
  world.network.run(15_000)
  const [refused] = a.events('refused')
  expect(refused).toMatchObject({ buddy: 'bob', why: 'clock', clocks: { theirs: expires * 1_000 } })
  expect(refused?.clocks?.ours).toBeGreaterThan(wall(0))
  expect(refused?.clocks?.ours).toBeLessThan(wall(15_000))
})

describe('whoever answers under another key than the address names', () => {
  /** Eve holds Bob's discovery secret, and her own identity: she can be found, and no more. */
  const thief = {
    alias: 'bob',
    identity: { ...bob.identity, keys: eve.identity.keys, fingerprint: eve.identity.fingerprint },
  }

  test('is refused in words before anything is said or shown', () => {
    const world = new World({ seed: 3, latency: [20, 20] })
    const a = world.start(ada, [contactOf(bob)])
    const e = world.start(thief, [contactOf(ada)])
    a.say('bob', 'for Bob alone')
    e.say('ada', 'I am Bob')
    world.network.run(20_000)
    expect(a.events('refused')).toMatchObject([{ buddy: 'bob', why: 'wrong-fingerprint' }])
    expect([...a.events('secured'), ...a.events('sent'), ...e.events('message')]).toEqual([])
    expect([a.texts, e.texts]).toEqual([[], []])
  })

  test('cannot end or take over a conversation there is', () => {
    const { world, a, b } = meet()
    const e = world.start(thief, [contactOf(ada)])
    world.network.run(30_000)
    a.say('bob', 'still there?')
    b.say('ada', 'yes')
    world.network.run(3_000)
    expect([a.texts, b.texts, e.texts]).toEqual([['yes'], ['still there?'], []])
    expect([...a.events('lost'), ...b.events('lost'), ...e.events('secured')]).toEqual([])
  })

  test('is refused too when the address would fit and the pinned key does not', () => {
    const world = new World({ seed: 4, latency: [20, 20] })
    const pinned = bob.identity.fingerprint.replace(/..$/, (end) => (end === '00' ? '11' : '00'))
    const contact = contactOf(bob)
    const a = world.start(ada, [{ ...contact, fingerprint: pinned as typeof bob.identity.fingerprint }])
    world.start(bob, [contactOf(ada)])
    world.network.run(20_000)
    expect(a.events('refused')[0]).toMatchObject({ why: 'wrong-fingerprint' })
    expect(a.events('secured')).toEqual([])
  })
})

describe('strangers', () => {
  test('somebody who was not added back reaches nobody and gets no answer', () => {
    const world = new World({ seed: 6, latency: [20, 20] })
    const a = world.start(ada, [])
    const e = world.start(eve, [contactOf(ada)])
    world.network.run(20_000)
    expect(e.events('secured')).toEqual([])
    expect(a.host.events.filter(({ kind }) => kind !== 'listening' && kind !== 'network')).toEqual([])
  })

  test('ten thousand each of random, truncated, replayed and bit-flipped datagrams change nothing and get no answer', () => {
    const { world, a, b } = meet({ seed: 7 })
    a.say('bob', 'one')
    world.network.run(2_000)
    const recorded = b.tap.heard.filter(({ bytes }) => bytes[0]! >= 0xf0)
    expect(recorded.length).toBeGreaterThan(10)
    let state = 9
    const random = (below: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      return Math.floor((state / 2 ** 32) * below)
    }
    const now = world.network.now
    const settle = (): number => {
      let sends = 0
      while (b.talk.deadline <= now) for (const out of b.talk.drain(now)) if (out.kind === 'send') sends++
      return sends
    }
    settle()
    const { local } = recorded[0]!
    const peer = recorded[0]!.peer.replace(/:\d+$/, ':9') as (typeof recorded)[0]['peer']
    const before = JSON.stringify(b.host.events)
    let answers = 0
    for (let i = 0; i < 10_000; i++) {
      const { bytes } = recorded[random(recorded.length)]!
      const noise = Uint8Array.from({ length: random(200) }, () => random(256))
      const flipped = bytes.slice()
      flipped[random(flipped.length)]! ^= 1 << random(8)
      for (const octets of [noise, bytes.subarray(0, random(bytes.length)), bytes, flipped])
        b.talk.receive({ local, peer, bytes: octets }, now)
      if (i % 100 === 0) answers += settle()
    }
    answers += settle()
    expect(JSON.stringify(b.host.events)).toBe(before)
    expect(answers).toBe(0)
    a.say('bob', 'two')
    world.network.run(2_000)
    expect(b.texts).toEqual(['one', 'two'])
  })
})

test('an open NAT and a closed one make no difference to what is said', () => {
  const world = new World({ seed: 8, latency: [5, 150] })
  const a = world.start(ada, [contactOf(bob)], open)
  const b = world.start(bob, [contactOf(ada)], cone)
  a.say('bob', 'hello')
  world.network.run(15_000)
  expect(b.texts).toEqual(['hello'])
})

test('any text arrives, also one that no keyboard makes', () => {
  const { world, a, b } = meet()
  const texts = ['a\0b', '\ud800', '', '\u001b]0;x\u0007', 'é'.normalize('NFD'), '\n\n']
  for (const text of texts) a.say('bob', text)
  world.network.run(5_000)
  expect(b.texts).toEqual(['a␀b', '\ufffd', '', '\u001b]0;x\u0007', 'é'.normalize('NFD'), '\n\n'])
  expect(a.events('delivered')).toHaveLength(texts.length)
})

test('a text too long is told to be undelivered, at once, and the next one goes', () => {
  const { world, a, b } = meet()
  const id = a.say('bob', 'x'.repeat(32 * 1024 + 1))
  a.say('bob', 'x'.repeat(32 * 1024))
  world.network.run(5_000)
  expect(a.events('undelivered')).toMatchObject([{ id, why: 'too-long' }])
  expect(b.texts.map((text) => text.length)).toEqual([32 * 1024])
})

describe('whoever names his texts himself', () => {
  test('and begins anew with the same names, is not told that a text was delivered which nobody saw', () => {
    const { world, a, b } = meet()
    const say = (text: string): void =>
      a.talk.act({ kind: 'say', buddy: 'bob', id: '0000000000000001', text }, world.network.now)
    say('before')
    world.network.run(1_000)
    a.talk.act({ kind: 'close', buddy: 'bob' }, world.network.now)
    world.network.run(1_000)
    a.talk.act({ kind: 'open', buddy: 'bob' }, world.network.now)
    world.network.run(30_000)
    say('after')
    world.network.run(1_000)
    expect(a.events('delivered').map(({ id }) => id)).toEqual(['0000000000000001', '0000000000000001'])
    expect(b.texts).toEqual(['before', 'after'])
  })
})
