/** Known failures of other programs, replayed where a conversation is begun, goes on and ends. */
import { expect, test } from 'vitest'
import { contactOf, person, type Running, World } from '../session/people.ts'

const ada = person('ada', 1)
const bob = person('bob', 2)
const eve = person('eve', 3)

/** Eve holds Bob's discovery secret, and her own identity: she can be found in his place. */
const thief = {
  alias: 'bob',
  identity: { ...bob.identity, keys: eve.identity.keys, fingerprint: eve.identity.fingerprint },
}

function meet(seed: number): { world: World; a: Running; b: Running } {
  const world = new World({ seed, latency: [20, 20] })
  const a = world.start(ada, [contactOf(bob)])
  const b = world.start(bob, [contactOf(ada)])
  world.network.run(15_000)
  return { world, a, b }
}

const isOnTheWire = (text: string, { tap }: Running): boolean =>
  tap.sent.some(({ bytes }) => Buffer.from(bytes).includes(text))

test('what was not confirmed is not sent again to another key that takes the buddy’s place, but to the buddy', () => {
  const { world, a, b } = meet(21)
  b.kill()
  const id = a.say('bob', 'for Bob alone')
  world.network.run(40_000)
  expect(a.events('lost')).toHaveLength(1)
  const e = world.start(thief, [contactOf(ada)])
  world.network.run(60_000)
  expect(a.events('refused')).toMatchObject([{ buddy: 'bob', why: 'wrong-fingerprint' }])
  expect(a.events('sent').filter((sent) => sent.id === id)).toHaveLength(1) // to Bob, before he was gone
  expect([...e.texts, ...e.events('secured')]).toEqual([])
  e.kill()
  const again = world.start(bob, [contactOf(ada)])
  world.network.run(150_000)
  expect(again.events('message')).toMatchObject([{ id, text: 'for Bob alone' }])
  expect(a.events('delivered')).toMatchObject([{ id }])
})

test('nothing is sent when the conversation has ended, in clear or otherwise, until it is secured anew', () => {
  const { world, a, b } = meet(22)
  b.quit()
  world.network.run(2_000)
  expect(a.events('lost')).toMatchObject([{ why: 'left' }])
  a.say('bob', 'said after the end')
  world.network.run(30_000)
  expect(a.events('sent')).toEqual([])
  const again = world.start(bob, [contactOf(ada)])
  world.network.run(20_000)
  expect(again.events('message')).toMatchObject([{ text: 'said after the end' }])
  expect(isOnTheWire('said after the end', a)).toBe(false)
})

test('nothing is sent by keys that have expired: it waits for new ones', () => {
  const { world, a, b } = meet(23)
  world.network.run(life - 5_000 - world.network.now)
  b.kill()
  world.network.run(20_000) // they expire, and nobody is there to renew them
  a.say('bob', 'said after they expired')
  world.network.run(60_000)
  expect(a.events('sent')).toEqual([])
  expect(a.events('lost')).toHaveLength(1)
  const again = world.start(bob, [contactOf(ada)])
  world.network.run(60_000)
  expect(again.texts).toEqual(['said after they expired'])
  expect(isOnTheWire('said after they expired', a)).toBe(false)
})

test('a message that arrives after the conversation was closed is not shown', () => {
  const { world, a, b } = meet(24)
  b.say('ada', 'in time')
  world.network.run(1_000)
  b.say('ada', 'too late')
  a.talk.act({ kind: 'close', buddy: 'bob' }, world.network.now)
  world.network.run(10_000)
  for (const datagram of [...a.tap.heard, ...b.tap.sent]) a.talk.receive(datagram, world.network.now)
  world.network.run(2_000)
  expect(a.texts).toEqual(['in time'])
  expect(b.events('delivered')).toHaveLength(1)
})

test('a verification raises trust in the session and key it ran under, and in nothing that is told of another', () => {
  const { world, a, b } = meet(25)
  a.talk.act({ kind: 'verify', buddy: 'bob', secret: 'x' }, world.network.now)
  world.network.run(1_000)
  const { session, fingerprint } = a.events('secured')[0]!
  b.talk.act({ kind: 'answer', buddy: 'ada', secret: 'x' }, world.network.now)
  const e = world.start(thief, [contactOf(ada)]) // in the middle of it
  world.network.run(30_000)
  expect(a.events('verified')).toEqual([
    { kind: 'verified', buddy: 'bob', session, fingerprint, trust: 'verified' },
  ])
  expect(e.events('verified')).toEqual([])
})

const life = 2 * 3_600_000 // ms
