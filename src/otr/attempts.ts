/**
 * How often SMP may be run with someone: three runs a minute, and after three
 * that did not succeed only when the user allows more. Each run is one guess at
 * the secret, so this outlives the conversation: one for all conversations of
 * a profile (docs/Protocol.md, "Sessions").
 */
import type { Fingerprint } from './identity.ts'

/** Why no run may begin. */
export type Hurdle = 'too-often' | 'too-many-failures'

/** What bounds a run. */
export interface Limits {
  hurdle(fingerprint: Fingerprint, now: number): Hurdle | undefined
  /** A run begins, whoever begins it. */
  begin(fingerprint: Fingerprint, now: number): void
  /** It ended, and the secrets were not equal, or may not have been. */
  fail(fingerprint: Fingerprint): void
  /** It ended well. */
  allow(fingerprint: Fingerprint): void
}

export class Attempts implements Limits {
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

  begin(fingerprint: Fingerprint, now: number): void {
    const begun = this.#begun.get(fingerprint)?.filter((at) => now - at < minute) ?? []
    this.#begun.set(fingerprint, [...begun, now])
  }

  /** The newest run turned out to be another's to count. */
  takeBack(fingerprint: Fingerprint): void {
    this.#begun.set(fingerprint, this.#begun.get(fingerprint)?.slice(0, -1) ?? [])
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

/**
 * Of the runs of one conversation that prove a secret the program holds, as
 * that of an invite: they neither use up what the user has nor give it back.
 * Whoever holds the secret decides what a failure means.
 */
export class ProofLimits implements Limits {
  #begun: readonly number[] = [] // ms: of the last minute

  hurdle(_: Fingerprint, now: number): Hurdle | undefined {
    this.#begun = this.#begun.filter((at) => now - at < minute)
    return this.#begun.length >= proofsPerMinute ? 'too-often' : undefined
  }

  begin(_: Fingerprint, now: number): void {
    this.#begun = [...this.#begun, now]
  }

  fail(): void {}

  allow(): void {}
}

/** How often a conversation says that it takes part in no more runs: a peer can ask as often as it likes. */
export class Refusals {
  #toldAt = -Infinity // ms
  #answeredAt = -Infinity // ms

  /** To the user; true counts it. */
  mayTell(now: number): boolean {
    if (now - this.#toldAt < minute) return false
    this.#toldAt = now
    return true
  }

  /** To the peer; true counts it. */
  mayAnswer(now: number): boolean {
    if (now - this.#answeredAt < second) return false
    this.#answeredAt = now
    return true
  }
}

const second = 1_000 // ms
const minute = 60_000 // ms
const runsPerMinute = 3 // each costs either side about what a DAKE does
const proofsPerMinute = 6
const maxFailures = 3
