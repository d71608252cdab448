/**
 * How often SMP may be run with someone: three runs a minute, and after three
 * that did not succeed only when the user allows more. Each run is one guess at
 * the secret, so this outlives the conversation: one for all conversations of
 * a profile (docs/Protocol.md, "Sessions").
 */
import type { Fingerprint } from './identity.ts'

/** Why no run may begin. */
export type Hurdle = 'too-often' | 'too-many-failures'

export class Attempts {
  readonly #begun = new Map<Fingerprint, number[]>() // when, ms: of the last minute
  readonly #failures: Map<Fingerprint, number>

  /** @param failures - of earlier processes, by fingerprint */
  constructor(failures: Iterable<readonly [Fingerprint, number]> = []) {
    this.#failures = new Map(failures)
  }

  hurdle(fingerprint: Fingerprint, now: number): Hurdle | undefined {
    if (this.failures(fingerprint) >= maxFailures) return 'too-many-failures'
    const begun = this.#begun.get(fingerprint)?.filter((at) => now - at < minute) ?? []
    return begun.length >= runsPerMinute ? 'too-often' : undefined
  }

  /** A run begins, whoever begins it. */
  begin(fingerprint: Fingerprint, now: number): void {
    const begun = this.#begun.get(fingerprint)?.filter((at) => now - at < minute) ?? []
    this.#begun.set(fingerprint, [...begun, now])
  }

  failures(fingerprint: Fingerprint): number {
    return this.#failures.get(fingerprint) ?? 0
  }

  fail(fingerprint: Fingerprint): void {
    this.#failures.set(fingerprint, this.failures(fingerprint) + 1)
  }

  /** After a success, or when the user says so. */
  allow(fingerprint: Fingerprint): void {
    this.#failures.delete(fingerprint)
  }
}

const minute = 60_000 // ms
const runsPerMinute = 3 // each costs either side about what a DAKE does
const maxFailures = 3
