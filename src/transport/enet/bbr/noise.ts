/**
 * What the line itself loses, of all that is sent: measured in round trips
 * without a queue, where no router can have been too full. Radio does that.
 */
export class LineLoss {
  #share = 0
  #rounds = 0

  /** 0..1 of the octets sent. */
  get share(): number {
    return this.#share
  }

  /** A round trip without a queue is over. */
  add(lost: number, delivered: number): void {
    if (lost + delivered === 0) return
    this.#rounds = Math.min(this.#rounds + 1, memory)
    this.#share += (lost / (lost + delivered) - this.#share) / this.#rounds
  }
}

const memory = 16 // rounds that count
