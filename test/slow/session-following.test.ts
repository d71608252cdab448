/** Conversations follow what their user changes while they run. */
import { describe, expect, test } from 'vitest'
import { selfWith } from '../../src/profile/identity.ts'
import { cone, contactOf, person, type Running, seeded, World } from '../session/people.ts'

const ada = person('ada', 1)
const bob = person('bob', 2)

function meet(): { readonly world: World; readonly a: Running; readonly b: Running } {
  const world = new World({ seed: 4, latency: [20, 20] })
  const a = world.start(ada, [contactOf(bob)], cone)
  const b = world.start(bob, [contactOf(ada)], cone)
  world.network.run(5_000)
  expect(a.events('secured')).toHaveLength(1)
  return { world, a, b }
}

describe('a buddy who is renamed', () => {
  test('keeps his conversation: texts go on both ways, under the new name, and are confirmed', () => {
    const { world, a, b } = meet()
    const early = a.say('bob', 'early')
    a.talk.rename('bob', 'rob')
    const late = a.say('rob', 'late')
    b.say('ada', 'hello')
    world.network.run(1_000)
    expect(a.events('renamed')).toEqual([{ kind: 'renamed', buddy: 'bob', to: 'rob' }])
    expect(b.texts).toEqual(['early', 'late'])
    expect(a.events('delivered').map(({ id, buddy }) => [id, buddy])).toEqual([
      ...[
        [early, 'rob'],
        [late, 'rob'],
      ],
    ])
    expect(a.events('message')).toMatchObject([{ buddy: 'rob', text: 'hello' }])
    expect([a.events('lost'), b.events('lost')]).toEqual([[], []])
    expect([a.talk.knows('bob'), a.talk.knows('rob')]).toEqual([false, true])
    const named = a.host.events.flatMap((event) => ('buddy' in event ? [event] : []))
    const turn = named.findIndex(({ kind }) => kind === 'renamed')
    expect(new Set(named.slice(0, turn + 1).map(({ buddy }) => buddy))).toEqual(new Set(['bob']))
    expect(new Set(named.slice(turn + 1).map(({ buddy }) => buddy))).toEqual(new Set(['rob']))
  })

  test('and closed meanwhile, is found by the new name', () => {
    const { world, a } = meet()
    a.talk.act({ kind: 'close', buddy: 'bob' }, world.network.now)
    a.talk.rename('bob', 'rob')
    world.network.run(100)
    a.talk.act({ kind: 'open', buddy: 'rob' }, world.network.now)
    world.network.run(10_000)
    expect(a.events('secured').map(({ buddy }) => buddy)).toEqual(['bob', 'rob'])
  })
})

describe('trust that is changed', () => {
  const verified = contactOf(bob, { trust: 'verified', fingerprint: bob.identity.fingerprint })

  test('shows at once, and under every message from then on', () => {
    const { world, a, b } = meet()
    a.talk.revise(verified, world.network.now)
    b.say('ada', 'hello')
    world.network.run(1_000)
    const { session, fingerprint } = a.events('secured')[0]!
    expect(a.events('trust')).toEqual([
      { kind: 'trust', buddy: 'bob', trust: 'verified', session, fingerprint },
    ])
    expect(a.events('message')).toMatchObject([{ trust: 'verified' }])
    a.talk.revise({ ...verified, trust: 'unverified' }, world.network.now)
    b.say('ada', 'again')
    world.network.run(1_000)
    expect(a.events('message').at(-1)).toMatchObject({ trust: 'unverified' })
    expect(a.events('lost')).toEqual([])
  })

  test('is told once, and not without a conversation', () => {
    const world = new World({ seed: 4, latency: [20, 20] })
    const a = world.start(ada, [contactOf(bob)], cone)
    a.talk.revise(verified, world.network.now)
    a.talk.revise(verified, world.network.now)
    world.network.run(100)
    expect(a.events('trust')).toEqual([])
  })

  test('in another key ends a conversation under this one', () => {
    const { world, a } = meet()
    const eve = person('eve', 3)
    const other = contactOf(bob, { fingerprint: eve.identity.fingerprint })
    a.talk.revise(other, world.network.now)
    world.network.run(1_000)
    expect(a.events('lost')).toHaveLength(1)
  })
})

test('who is removed is left, saying goodbye, and that he was removed is the last of it', () => {
  const { world, a, b } = meet()
  a.talk.remove('bob', 'removed', world.network.now)
  world.network.run(5_000)
  expect(a.host.events.slice(-2)).toMatchObject([
    { kind: 'lost', why: 'closed' },
    { kind: 'removed', buddy: 'bob' },
  ])
  expect(b.events('lost')).toMatchObject([{ why: 'left' }])
  a.talk.act({ kind: 'open', buddy: 'bob' }, world.network.now)
  world.network.run(5_000)
  expect(a.events('secured')).toHaveLength(1)
})

test('a new address is told in the conversation there is, and confirmed', () => {
  const { world, a, b } = meet()
  const fresh = selfWith(ada.identity, seeded(99)(32))
  a.talk.renew([fresh, ada.identity])
  world.network.run(2_000)
  const moved = b.events('moved')
  expect(moved).toHaveLength(1)
  expect(a.events('introduced')).toEqual([])
  b.saved(moved[0]!)
  world.network.run(2_000)
  expect(a.events('introduced')).toMatchObject([{ buddy: 'bob' }])
  expect([a.events('lost'), b.events('lost')]).toEqual([[], []])
})

test('a text that is for one key goes to the holder of another one never', () => {
  const { world, a, b } = meet()
  const say = (id: string, text: string, fingerprint: string): void =>
    a.talk.act({ kind: 'say', buddy: 'bob', id, text, fingerprint }, world.network.now)
  say('00000000000000aa', 'not yours', ada.identity.fingerprint)
  say('00000000000000ab', 'yours', bob.identity.fingerprint)
  world.network.run(2_000)
  expect(b.texts).toEqual(['yours'])
  expect(a.events('sent').map(({ id }) => id)).toEqual(['00000000000000ab'])
})
