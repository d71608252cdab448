/** Token buckets by key: how often something may happen for a node, a source, or in all. */
export interface PaceOptions {
  readonly rate: number // a second, in the long run
  readonly burst: number // at once, after a rest
  readonly most?: number // keys remembered; the one unused for longest is forgotten, and rested
}

export class Pace {
  readonly #options: Required<PaceOptions>
  readonly #buckets = new Map<string, { level: number; at: number }>()

  constructor({ most = 1_024, ...options }: PaceOptions) {
    this.#options = { ...options, most }
  }

  /** Takes one if there is one. */
  take(key: string, now: number): boolean {
    const level = this.#level(key, now)
    if (level < 1) return false
    this.#buckets.delete(key)
    this.#buckets.set(key, { level: level - 1, at: now })
    if (this.#buckets.size > this.#options.most) this.#buckets.delete(this.#buckets.keys().next().value!)
    return true
  }

  /** How often `take` would succeed at once. */
  left(key: string, now: number): number {
    return Math.floor(this.#level(key, now))
  }

  /** When `take` next succeeds. */
  readyAt(key: string, now: number): number {
    const missing = 1 - this.#level(key, now)
    // Rounded up: at the time named, floating-point dust must not leave 0.999.
    return missing <= 0 ? now : now + Math.ceil((missing / this.#options.rate) * 1_000) + 1
  }

  #level(key: string, now: number): number {
    const { rate, burst } = this.#options
    const bucket = this.#buckets.get(key)
    return bucket ? Math.min(burst, bucket.level + ((now - bucket.at) * rate) / 1_000) : burst
  }
}
