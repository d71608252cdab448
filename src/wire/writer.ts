/** Writes octets one after another, big-endian unless a name says otherwise. Chainable. */
export class Writer {
  #bytes: Uint8Array
  #length = 0

  /** @param capacity - octets to begin with; grows when it must */
  constructor(capacity = 64) {
    this.#bytes = new Uint8Array(capacity)
  }

  get length(): number {
    return this.#length
  }

  u8(value: number): this {
    this.#room(1)
    this.#bytes[this.#length++] = value
    return this
  }

  u16(value: number): this {
    return this.u8(value >>> 8).u8(value)
  }

  u32(value: number): this {
    return this.u16(value >>> 16).u16(value)
  }

  u64(value: bigint): this {
    return this.u32(Number((value >> 32n) & 0xffff_ffffn)).u32(Number(value & 0xffff_ffffn))
  }

  u64le(value: bigint): this {
    this.#room(8)
    new DataView(this.#bytes.buffer).setBigUint64(this.#length, value, true)
    this.#length += 8
    return this
  }

  bytes(value: Uint8Array): this {
    this.#room(value.length)
    this.#bytes.set(value, this.#length)
    this.#length += value.length
    return this
  }

  zeros(size: number): this {
    this.#room(size)
    this.#length += size
    return this
  }

  /** OTRv4 "DATA": a 4-octet length, then the octets. */
  data(value: Uint8Array): this {
    return this.u32(value.length).bytes(value)
  }

  /** What was written: a copy of exactly its length. */
  done(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }

  #room(size: number): void {
    const needed = this.#length + size
    if (needed <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
    grown.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = grown
  }
}
