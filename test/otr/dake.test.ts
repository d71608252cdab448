import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Conversation } from '../../src/otr/conversation.ts'
import { deed, Middle } from './middle.ts'
import { aliceWith, bobWith, exchange, type Pair, seeded, textsOf } from './pair.ts'

/** All get what is newest, in turn. */
const relayed = Array.from({ length: 14 }, (_, to) => ({ to: to % 6, pick: 0, mixed: null }))

test('whatever is relayed, repeated, mixed or answered in another name, who is secured is so with whom it says', () => {
  let secured = 0
  fc.assert(
    fc.property(
      fc.constantFrom('4', '4q'),
      fc.array(deed, { minLength: 8, maxLength: 14 }),
      (versions, deeds) => {
        const middle = new Middle(versions)
        for (const deed of deeds) middle.do(deed)
        secured += middle.secured
      },
    ),
    { numRuns: 4, examples: [['4q', relayed]] },
  )
  expect(secured).toBeGreaterThan(0)
}, 30_000)

describe('a side that starts anew', () => {
  /** One message after another, up to where the restart comes. */
  const states = [
    'before Identity',
    'Identity sent',
    'Auth-R sent',
    'Auth-I sent',
    'both secured',
    'both have spoken',
  ]

  function upTo(state: number, { alice, bob }: Pair): Uint8Array[] {
    const steps = [
      () => [bob.start(0)],
      (last: Uint8Array) => alice.receive(last, 0).replies,
      (last: Uint8Array) => bob.receive(last, 0).replies,
      (last: Uint8Array) => alice.receive(last, 0).replies,
      () => talk({ alice, bob }),
    ]
    const sent: Uint8Array[] = []
    for (const step of steps.slice(0, state)) sent.push(...step(sent.at(-1)!))
    return sent
  }

  const talk = ({ alice, bob }: Pair): Uint8Array[] => {
    const [a, b] = [alice.encrypt({ text: 'a' }, 0), bob.encrypt({ text: 'b' }, 0)]
    expect([...textsOf(bob.receive(a, 0).events), ...textsOf(alice.receive(b, 0).events)]).toEqual(['a', 'b'])
    return [a, b]
  }

  const again = (side: 'alice' | 'bob'): Conversation =>
    (side === 'alice' ? aliceWith : bobWith)({ random: seeded(`${side} again`) })

  test.each(
    states.flatMap((name, state) => (['alice', 'bob'] as const).map((side) => ({ name, state, side }))),
  )('is secured by a new DAKE, and not by what was said before: $side, $name', ({ state, side }) => {
    const pair = { alice: aliceWith(), bob: bobWith() }
    const sent = upTo(state, pair)
    const after = { ...pair, [side]: again(side) }
    for (const message of sent) after[side].receive(message, 0)
    expect(after[side].isSecured).toBe(false)
    exchange(after)
    expect(after.alice.ssid).toEqual(after.bob.ssid)
    talk(after)
  })
})

test('starts that cross are one DAKE: the last Identity counts, and an answer to the first is refused', () => {
  const [alice, bob] = [aliceWith(), bobWith()]
  const [first, second] = [bob.start(0), bob.start(0)]
  const [one, two] = [alice.receive(first, 0).replies[0]!, alice.receive(second, 0).replies[0]!]
  expect(bob.receive(one, 0).events).toEqual([{ kind: 'refused', why: 'failed' }])
  alice.receive(bob.receive(two, 0).replies[0]!, 0)
  expect(alice.ssid).toEqual(bob.ssid)
})
