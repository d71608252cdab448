/**
 * Round trip time as ENet 1.3.17 keeps it: whole milliseconds, integer
 * divisions (protocol.c, enet_protocol_handle_acknowledge). Every
 * acknowledgement carries the time that its datagram was sent, so a sample is
 * good for a packet sent twice as well.
 */
export class RoundTrip {
  #smoothed = 500
  #variance = 0
  #hasSample = false

  get smoothed(): number {
    return this.#smoothed
  }

  get variance(): number {
    return this.#variance
  }

  /** How long a packet sent for the first time may stay unacknowledged. */
  get timeout(): number {
    return this.#smoothed + 4 * this.#variance
  }

  add(sample: number): void {
    if (!this.#hasSample) {
      this.#hasSample = true
      this.#smoothed = sample
      this.#variance = (sample + 1) >> 1
      return
    }
    this.#variance -= this.#variance >> 2
    const difference = Math.abs(sample - this.#smoothed)
    this.#variance += difference >> 2
    this.#smoothed += sample >= this.#smoothed ? difference >> 3 : -(difference >> 3)
  }
}

/**
 * ms since a datagram left, from the low 16 bits of the time in it; at least 1.
 * `undefined` when it says it left later than now.
 */
export function elapsed(sentTime: number, now: number): number | undefined {
  const low = now & 0xffff
  const difference = low - sentTime
  if (difference >= 0) return Math.max(1, difference)
  const isBeforeWrap = (sentTime & 0x8000) > (low & 0x8000)
  return isBeforeWrap ? difference + 0x10000 : undefined
}
