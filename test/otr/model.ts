/** What may happen to two conversations, as commands of fast-check; `World` says what must not come of it. */
import fc from 'fast-check'
import { type Edit, type Name, names, World } from './world.ts'

class Step implements fc.Command<object, World> {
  readonly #label: string
  readonly #run: (world: World) => void

  constructor(label: string, run: (world: World) => void) {
    this.#label = label
    this.#run = run
  }

  check(): boolean {
    return true
  }

  run(_: object, world: World): void {
    this.#run(world)
  }

  toString(): string {
    return this.#label
  }
}

const name = fc.constantFrom(...names)
const step = <T>(label: string, argument: fc.Arbitrary<T>, run: (world: World, argument: T) => void) =>
  argument.map((value) => new Step(`${label}(${JSON.stringify(value)})`, (world) => run(world, value)))

const edit: fc.Arbitrary<Edit> = fc.record({
  kind: fc.constantFrom('flip', 'truncate', 'extend', 'splice'),
  at: fc.nat({ max: 4_096 }),
  with: fc.nat({ max: 4_096 }),
})
const injection = fc.record({ name, index: fc.nat({ max: 64 }), edit })
const time = fc.constantFrom(1, 20_000, 60_000, 3_600_000, 7_199_999, 7_200_000)

const next = step('next', name, (world, to) => world.next(to))
const say = step('say', name, (world, from) => world.say(from))
const inject = step('inject', injection, (world, i) => world.inject(i.name, i.index, i.edit))

/** Often enough what an honest channel does that there is something to disturb. */
const steps = [
  ...[next, next, next, next, say, say, say, inject, inject],
  step('start', fc.constant(null), (world) => world.start()),
  step('pick', fc.nat({ max: 64 }), (world, index) => world.pick(index)),
  step('pick', fc.nat({ max: 64 }), (world, index) => world.pick(index)),
  step('drop', fc.nat({ max: 8 }), (world, index) => world.drop(index)),
  step('advance', time, (world, ms) => world.advance(ms)),
  step<Name>('close', name, (world, who) => world.close(who)),
  step<Name>('restart', name, (world, who) => world.restart(who)),
]

/** A sequence of any length up to `maxCommands`, from two who are secured, or who never met. */
export const sequence = (maxCommands: number) =>
  fc.tuple(
    fc.constantFrom<'4' | '4q'>('4', '4q'),
    fc.boolean(),
    fc.commands(steps, { maxCommands, size: 'max' }),
  )

export function play([versions, areSecured, commands]: [
  '4' | '4q',
  boolean,
  Iterable<fc.Command<object, World>>,
]): void {
  const world = new World(versions)
  if (areSecured) world.settle()
  fc.modelRun(() => ({ model: {}, real: world }), commands)
  world.settle()
}
