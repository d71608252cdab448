/** Promises 3 and 7: either side dies at each step of a delivery, and nothing is lost, doubled or disordered. */
import { describe, expect, test } from 'vitest'
import { type Crash, Letters, type Line } from '../session/writers.ts'
import { Dice } from '../support/dice.ts'

/** Before they meet, as they meet, and while they talk. */
const script: readonly Line[] = [
  { by: 'ada', id: '00000000000000a1', at: 0 },
  { by: 'ada', id: '00000000000000a2', at: 0 },
  { by: 'bob', id: '00000000000000b1', at: 0 },
  { by: 'ada', id: '00000000000000a3', at: 600 },
  { by: 'bob', id: '00000000000000b2', at: 610 },
  { by: 'ada', id: '00000000000000a4', at: 615 },
]

const textsOf = (who: 'ada' | 'bob') => script.flatMap(({ by, id }) => (by === who ? [`text ${id}`] : []))

/** Each text was shown once, in the order it was said, and its writer knows. */
function expectAll({ ada, bob }: Letters, when: string): void {
  expect(bob.texts, when).toEqual(textsOf('ada'))
  expect(ada.texts, when).toEqual(textsOf('bob'))
  expect([...ada.broken, ...bob.broken], when).toEqual([])
  for (const { by, id } of script) expect((by === 'ada' ? ada : bob).delivered, when).toContain(id)
}

/** Steps of a run in which nobody dies. */
async function stepsOf(who: 'ada' | 'bob'): Promise<number> {
  const letters = new Letters(script)
  expect(await letters.run('kill')).toBe(true)
  expectAll(letters, 'nobody dies')
  return letters[who].steps
}

describe.each(['ada', 'bob'] as const)('%s dies at each step of it', (who) => {
  test.each<Crash>(['kill', 'power'])(
    'by %s: nothing is lost, nothing is twice, and in order',
    async (how) => {
      const steps = await stepsOf(who)
      expect(steps).toBeGreaterThan(50)
      for (let step = 1; step <= steps; step++) {
        const letters = new Letters(script)
        letters[who].doom([step])
        const when = `${who} dies by ${how} before step ${step}`
        expect(await letters.run(how), when).toBe(true)
        expectAll(letters, when)
      }
    },
  )
})

test.each<Crash>(['kill', 'power'])(
  'both die, each four times, by %s: likewise, for 8 seeds',
  async (how) => {
    for (let seed = 1; seed <= 8; seed++) {
      const dice = new Dice(seed)
      const letters = new Letters(script)
      for (const who of [letters.ada, letters.bob])
        who.doom(Array.from({ length: 4 }, () => 1 + dice.below(150)))
      const when = `seed ${seed}, by ${how}`
      expect(await letters.run(how), when).toBe(true)
      expectAll(letters, when)
    }
  },
)
