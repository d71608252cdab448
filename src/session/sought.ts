/**
 * Who is sought under which secrets: a name for each, and whose a tag is.
 * One look-up decides whether a frame is anybody's.
 */
import { bytesToHex } from '@noble/hashes/utils.js'
import type { PairKeys } from '../discovery/discovery.ts'
import { epochOf, type Pair } from '../profile/pair.ts'

export interface Sought {
  readonly name: string
  readonly alias: string
  readonly pair: Pair
  /** What discovery is given of the pair. */
  readonly keys: PairKeys & { readonly key: (label: 'lan', d: 0 | 1, e: number) => Uint8Array }
}

export interface Tagged {
  readonly alias: string
  readonly pair: Pair
  readonly epoch: number
}

export class SoughtNames {
  readonly #sought = new Map<string, Sought>()
  #names = 0
  #tags: { readonly epoch: number; readonly table: ReadonlyMap<string, Tagged> } | undefined

  get(name: string): Sought | undefined {
    return this.#sought.get(name)
  }

  nameOf(pair: Pair): string | undefined {
    for (const sought of this.#sought.values()) if (sought.pair === pair) return sought.name
    return undefined
  }

  of(alias: string): readonly Sought[] {
    return [...this.#sought.values()].filter((sought) => sought.alias === alias)
  }

  /** He is sought under these and no others. */
  change(alias: string, pairs: readonly Pair[]): { begun: readonly Sought[]; ended: readonly string[] } {
    const before = this.of(alias)
    const ended = before.filter(({ pair }) => !pairs.includes(pair)).map(({ name }) => name)
    const has = new Set(before.map(({ pair }) => pair))
    const begun = pairs.filter((pair) => !has.has(pair)).map((pair) => this.#begin(alias, pair))
    for (const name of ended) this.#sought.delete(name)
    if (ended.length + begun.length > 0) this.forgetTags()
    return { begun, ended }
  }

  /** The same secrets are another alias's. */
  rename(alias: string, to: string): void {
    for (const sought of this.of(alias)) this.#sought.set(sought.name, { ...sought, alias: to })
    this.forgetTags()
  }

  /** Whose the tag of a frame is. @param named - hours that a line between the two names, besides those around now */
  tagged(tag: Uint8Array, wall: number, named: (alias: string) => readonly number[]): Tagged | undefined {
    const epoch = epochOf(wall)
    if (this.#tags?.epoch !== epoch) this.#tags = { epoch, table: this.#table(epoch, named) }
    return this.#tags.table.get(bytesToHex(tag))
  }

  /** Other hours are named. */
  forgetTags(): void {
    this.#tags = undefined
  }

  #begin(alias: string, pair: Pair): Sought {
    const name = `${alias} ${++this.#names}`
    const keys: Sought['keys'] = {
      own: pair.direction,
      key: (...which) => pair.key(...which),
      ...(pair.mark && { mark: pair.mark }),
    }
    const sought = { name, alias, pair, keys }
    this.#sought.set(name, sought)
    return sought
  }

  /** Clocks may differ by an hour: the tags of three epochs are known. */
  #table(epoch: number, named: (alias: string) => readonly number[]): Map<string, Tagged> {
    const table = new Map<string, Tagged>()
    for (const { alias, pair } of this.#sought.values()) {
      const theirs = pair.role === 'initiator' ? 'responder' : 'initiator'
      for (const e of new Set([epoch - 1, epoch, epoch + 1, ...named(alias)]))
        table.set(bytesToHex(pair.tag(theirs, e)), { alias, pair, epoch: e })
    }
    return table
  }
}
