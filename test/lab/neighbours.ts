/** Two people who know each other, on one LAN without internet and without a DHT. */
import { introduce, type Person } from '../support/people.ts'
import { entry, freshHome, Program } from '../support/program.ts'
import { Lab } from './lab.ts'

export class Neighbours implements AsyncDisposable {
  readonly #lab = new Lab('lan')
  readonly #homes: Awaited<ReturnType<typeof freshHome>>[] = []

  static async up(): Promise<Neighbours> {
    const neighbours = new Neighbours()
    try {
      neighbours.#homes.push(await freshHome(), await freshHome())
      await introduce(neighbours.#person(0), neighbours.#person(1))
      return neighbours
    } catch (error) {
      await neighbours[Symbol.asyncDispose]()
      throw error
    }
  }

  /** Ms from when both run until both are secured, or undefined if that takes longer than `patience`. */
  async meet(options: readonly string[], patience: number): Promise<number | undefined> {
    await using first = new Program(['chat', 'bob', '--json', ...options], this.#person(0).at)
    await using second = new Program(['chat', 'alice', '--json', ...options], this.#person(1).at)
    const both = [first, second]
    await Promise.all(both.map((program) => program.event('listening')))
    const before = performance.now()
    const secured = Promise.all(both.map((program) => program.event('secured', patience)))
    const ms = await secured.then(
      () => performance.now() - before,
      () => undefined,
    )
    for (const program of both) program.signal('SIGTERM')
    await Promise.all(both.map((program) => program.ended()))
    return ms
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const home of this.#homes) await home[Symbol.asyncDispose]()
    this.#lab[Symbol.dispose]()
  }

  #person(which: 0 | 1): Person {
    const name = which === 0 ? 'alice' : 'bob'
    const command = [...this.#lab.on(name), process.execPath, entry]
    return { name, at: { home: this.#homes[which]!.path, command } }
  }
}
