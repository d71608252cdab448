import { expect, test } from 'vitest'
import { contactOf, person, World } from './people.ts'

test('a profile that runs on two machines: the first one says so within five minutes, the later one goes on', () => {
  const [alice, bob] = [person('alice', 1), person('bob', 2)]
  const world = new World({ seed: 1 })
  const first = world.start(alice, [contactOf(bob)])
  world.network.run(20_000)
  const second = world.start(alice, [contactOf(bob)])
  world.network.run(310_000)
  expect(first.events('refused')).toEqual([{ kind: 'refused', buddy: 'bob', why: 'elsewhere' }])
  expect(second.events('refused')).toEqual([])
  first.talk.act({ kind: 'why', buddy: 'bob' }, world.network.now)
  world.network.run(1)
  expect(first.events('why')).toMatchObject([{ report: { buddy: { refused: 'elsewhere' } } }])
})
