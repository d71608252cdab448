/**
 * Where a buddy was heard on our link. Whoever is on it, too, may show what he
 * said earlier, as from any address there: what is heard last comes first, and
 * what is not heard again is forgotten.
 */
import type { Address } from '../machine.ts'
import { epochOf } from '../profile/pair.ts'

export class Neighbours {
  readonly #heard = new Map<Address, { readonly epoch: number | undefined; readonly at: number }>() // the latest last

  /** True if it was not known. */
  hear(
    address: Address,
    { epoch, wall }: { readonly epoch: number; readonly wall: number },
    now: number,
  ): boolean {
    const isNew = !this.#heard.delete(address)
    const isOther = Math.abs(epoch - epochOf(wall)) > 1 // else he takes ours
    this.#heard.set(address, { epoch: isOther ? epoch : undefined, at: now })
    if (this.#heard.size > most) this.#heard.delete(this.#heard.keys().next().value!)
    return isNew
  }

  /** The latest first. */
  get addresses(): readonly Address[] {
    return [...this.#heard.keys()].reverse()
  }

  expire(now: number): void {
    for (const [address, { at }] of this.#heard) if (now >= at + keptFor) this.#heard.delete(address)
  }

  /** The hour by the clock of who spoke there, where that is another than ours. */
  epochAt(address: Address): number | undefined {
    return this.#heard.get(address)?.epoch
  }

  clear(): void {
    this.#heard.clear()
  }
}

const most = 32
const keptFor = 150_000 // ms: who is there speaks each two minutes at least
