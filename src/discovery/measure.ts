/**
 * One end of ours, and the nodes that are asked to say as whom they see it: four at a time at distinct hosts, and
 * another one for each that does not say, eight in all.
 */
import type { Address, Local } from '../machine.ts'
import type { Table } from './table.ts'

export class Measure {
  readonly local: Local
  readonly #asked = new Set<Address>()
  #missing = wanted

  constructor(local: Local) {
    this.local = local
  }

  /** Whom to ask at once. */
  next(table: Table): Address[] {
    const count = Math.min(this.#missing, maxAsked - this.#asked.size)
    if (count <= 0) return []
    const next = table.witnesses().filter((address) => !this.#asked.has(address))
    const asked = next.slice(0, count)
    for (const address of asked) this.#asked.add(address)
    this.#missing -= asked.length
    return asked
  }

  /** @param said - whether the answer told as whom we are seen */
  answered(said: boolean): void {
    if (!said) this.#missing++
  }
}

const wanted = 4
const maxAsked = 8
