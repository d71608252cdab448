/**
 * Promise 3 with real processes: two programs talk, and each is killed ten
 * times (SIGKILL) as something was just told, or at moments that a seed picks.
 * What each had printed in the end is what the other said: each text once, in
 * order; twice only what says so itself.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { coupleOfFile } from '../support/couple.ts'
import { Dice } from '../support/dice.ts'
import { execute, Program, patience, type Started } from '../support/program.ts'

const { ada, bob } = coupleOfFile()

interface Told {
  readonly event: string
  readonly id?: string
  readonly again?: true
}

/** One of the two, whatever process is his now. */
class Side implements AsyncDisposable {
  readonly #at: Started
  readonly #buddy: string
  readonly #before: Told[] = [] // of processes that are dead
  readonly said: string[] = []
  process: Program

  constructor(at: Started, buddy: string) {
    this.#at = at
    this.#buddy = buddy
    this.process = this.#start()
  }

  #start(): Program {
    return new Program(['chat', this.#buddy, '--json'], this.#at)
  }

  get told(): readonly Told[] {
    return [...this.#before, ...this.process.lines.map((line): Told => JSON.parse(line))]
  }

  /** Says it, and once more if the process died before it told anything of it. */
  say(id: string): void {
    if (!this.said.includes(id)) this.said.push(id)
    this.process.write(`${JSON.stringify({ say: `text ${id}`, id })}\n`)
  }

  /** Until `event` of this id was told. */
  async hears(event: string, id: string): Promise<void> {
    if (this.#before.some((told) => told.event === event && told.id === id)) return
    await this.process.line((line) => line.includes(`"event":"${event}"`) && line.includes(`"id":"${id}"`))
  }

  /** Dies and begins again; what nothing was told of is said again. */
  async die(): Promise<void> {
    this.process.signal('SIGKILL')
    await this.process.ended()
    this.#before.push(...this.process.lines.map((line): Told => JSON.parse(line)))
    this.process = this.#start()
    const known = new Set(this.told.filter(({ event }) => event !== 'message').map(({ id }) => id))
    await this.process.event('listening')
    for (const id of this.said) if (!known.has(id) && !this.#waits(id)) this.say(id)
  }

  /** The log had it. */
  #waits(id: string): boolean {
    return this.process.lines.some((line) => line.includes('"event":"waiting"') && line.includes(id))
  }

  /** Ids of what came, in order. */
  get heard(): readonly (string | undefined)[] {
    const before = new Set<string | undefined>()
    return this.told.flatMap(({ event, id, again }) => {
      if (event !== 'message' || (again && before.has(id))) return []
      before.add(id)
      return [id]
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]()
  }
}

const rounds = 20
const boundaries = ['written', 'sent', 'delivered', 'message'] as const

test('each side is killed ten times, and both have all in the end, once and in order', async () => {
  const dice = new Dice(40)
  await using a = new Side(ada, 'bob')
  await using b = new Side(bob, 'ada')
  await Promise.all([a.process.event('listening'), b.process.event('listening')])
  for (let round = 0; round < rounds; round++) {
    const [victim, other] = round % 2 === 0 ? [a, b] : [b, a]
    const [mine, theirs] = [idOf(2 * round), idOf(2 * round + 1)]
    victim.say(mine)
    other.say(theirs)
    const at = dice.below(boundaries.length * 2)
    const boundary = boundaries[at]
    if (boundary === undefined) await sleep(dice.below(600))
    else if (boundary === 'message') await victim.hears('message', theirs)
    else if (boundary === 'written')
      await Promise.race([victim.hears('written', mine), victim.hears('sent', mine)])
    else await victim.hears(boundary, mine)
    await victim.die()
  }
  for (const side of [a, b]) for (const id of side.said) await side.hears('delivered', id)
  expect(b.heard).toEqual(a.said)
  expect(a.heard).toEqual(b.said)
  for (const at of [ada, bob]) {
    const outbox = async (): Promise<string> => (await execute(['outbox', '--json'], at)).stdout
    // Who died as soon as he told that it was delivered asks once more: nothing is told of that.
    await expect.poll(outbox, { timeout: patience, interval: 200 }).toBe('[]\n')
  }
}, 180_000)

const idOf = (number: number): string => number.toString(16).padStart(16, '0')
