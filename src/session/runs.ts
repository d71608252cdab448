/**
 * Which run of the buddy's program speaks with us, and whether what names
 * another one is worth a doubt: his program may have been started anew, or
 * somebody shows what he said earlier. Only the conversation itself can tell.
 */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { equal } from '../crypto.ts'

export class Runs {
  #run: Uint8Array | undefined
  readonly #former = new Set<string>() // what is left never comes back: whoever shows it replays
  readonly #doubted = new Map<string, number>() // until when the same casts none: ms

  /** The buddy says in the conversation which run of his program speaks. */
  ran(run: Uint8Array): void {
    const former = this.#run
    if (former && !equal(former, run)) this.#former.add(bytesToHex(former))
    if (this.#former.size > most) this.#former.delete(this.#former.values().next().value!)
    this.#run = run.slice()
  }

  /**
   * Whether this name casts a doubt; not again within a minute, for the conversation has answered it.
   *
   * @param shown - how a run is named where `name` was read
   */
  casts(name: Uint8Array, shown: (run: Uint8Array) => Uint8Array, now: number): boolean {
    if (this.#run && equal(name, shown(this.#run))) return false
    for (const former of this.#former) if (equal(name, shown(hexToBytes(former)))) return false
    for (const [known, until] of this.#doubted) if (now >= until) this.#doubted.delete(known)
    const key = bytesToHex(name)
    if (this.#doubted.has(key) || this.#doubted.size >= most) return false
    this.#doubted.set(key, now + doubtGap)
    return true
  }
}

const most = 16
const doubtGap = 60_000 // ms
