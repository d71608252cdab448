/**
 * Reliable sequence numbers: 16 bits, in 16 windows of 4,096. A number is
 * compared by its window alone, counted from the window of the last one
 * delivered; numbers behind it count as a whole turn ahead (ENet 1.3.17, peer.c).
 */
export type Place = 'inside' | 'just-ahead' | 'outside'

export const windowSize = 4_096
export const windowCount = 16
const freeWindows = 8

/** Windows from that of `current` on: 0 for its own. */
function windowsAhead(sequence: number, current: number): number {
  const window = (sequence >> 12) + (sequence < current ? windowCount : 0)
  return window - (current >> 12)
}

/** `inside`: may be accepted. `just-ahead`: not even acknowledged. `outside`: old or far ahead, acknowledged and dropped. */
export function placeOf(sequence: number, current: number): Place {
  const ahead = windowsAhead(sequence, current)
  if (ahead < freeWindows - 1) return 'inside'
  return ahead <= freeWindows ? 'just-ahead' : 'outside'
}

export const next = (sequence: number): number => (sequence + 1) & 0xffff

/**
 * The sender's side: how many numbers of each window are not acknowledged.
 * The first number of a window waits while the window before is full or one
 * of ten windows from it on is still in use.
 */
export class SendWindows {
  readonly #used = new Uint16Array(windowCount)
  #bits = 0

  sent(sequence: number): void {
    const window = sequence >> 12
    this.#used[window]!++
    this.#bits |= 1 << window
  }

  acknowledged(sequence: number): void {
    const window = sequence >> 12
    if (this.#used[window] === 0) return
    if (--this.#used[window]! === 0) this.#bits &= ~(1 << window)
  }

  mustWait(sequence: number): boolean {
    if (sequence % windowSize !== 0) return false
    const window = sequence >> 12
    if (this.#used[(window + windowCount - 1) % windowCount]! >= windowSize) return true
    const wrapped = (guarded << window) | (guarded >> (windowCount - window))
    return (this.#bits & wrapped) !== 0
  }
}

const guarded = (1 << (freeWindows + 2)) - 1
