/** Chance that repeats: the same seed, the same fuzzing. */
export class Dice {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** 0..count-1 (mulberry32) */
  below(count: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) % count
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!
  }

  bytes(size: number): Uint8Array {
    return Uint8Array.from({ length: size }, () => this.below(256))
  }

  /** One to four changes: flipped, cut, doubled, joined with another, or a length that is none. */
  mutated(honest: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
    let bytes = honest.slice()
    for (let i = this.below(4); i >= 0; i--) {
      const at = this.below(bytes.length + 1)
      switch (this.below(6)) {
        case 0:
          bytes = bytes.slice(0, at)
          break
        case 1:
          bytes = Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(this.below(at + 1))])
          break
        case 2:
          bytes = Uint8Array.from([...bytes.subarray(0, at), ...this.pick(others).subarray(at)])
          break
        case 3:
          bytes.set(
            this.pick([
              [0xff, 0xff, 0xff, 0xff],
              [0, 0, 0, 0],
              [0x7f, 0xff, 0xff, 0xff],
              [0, 0, 0, 1],
            ]).slice(0, bytes.length - at),
            at,
          )
          break
        default:
          if (at < bytes.length) bytes[at]! ^= 1 << this.below(8)
      }
    }
    return bytes
  }
}
