import { expect, test } from 'vitest'
import { contactOf, person, World, wall } from '../session/people.ts'

const ada = person('ada', 1)
const bob = person('bob', 2)
const life = 2 * 3_600_000 // ms

// Whose keys are two hours old first, and what is on its way then, depends on the millisecond.
test.each([-100, -60, -40, -20, -10, 0, 10, 20, 40, 60, 60_000])(
  'what is said %i ms from when the keys are two hours old arrives once, in the same conversation',
  (offset) => {
    const world = new World({ seed: 3, latency: [20, 20] })
    const [a, b] = [world.start(ada, [contactOf(bob)]), world.start(bob, [contactOf(ada)])]
    world.network.run(15_000)
    const secured = a.events('secured')[0]!
    a.say('bob', 'before')
    world.network.run(15_000)
    // Bob begins a ratchet as soon as this has come, and Ada as soon as its receipt has.
    const at = b.events('message')[0]!.at - wall(0)
    world.network.run(at + life + offset - world.network.now)
    for (const n of [1, 2, 3, 4]) {
      a.say('bob', `a${n}`)
      b.say('ada', `b${n}`)
      world.network.run(25)
    }
    world.network.run(5_000)
    expect(b.texts).toEqual(['before', 'a1', 'a2', 'a3', 'a4'])
    expect(a.texts).toEqual(['b1', 'b2', 'b3', 'b4'])
    expect([a.events('delivered').length, b.events('delivered').length]).toEqual([5, 4])
    for (const running of [a, b]) {
      expect(running.events('secured')).toHaveLength(1)
      expect([...running.events('lost'), ...running.events('refused')]).toEqual([])
    }
    expect(a.events('message').map(({ session }) => session)).toEqual(Array(4).fill(secured.session))
  },
)
