/**
 * Reads octets from the front of an array, big-endian unless a name says
 * otherwise. Nothing throws: once an octet is missing the reader has failed,
 * every later read yields zeros, and `isComplete` stays false. A decoder reads
 * all its fields, then asks once.
 */
export class Reader {
  readonly #bytes: Uint8Array
  #at = 0
  #failed = false

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Octets read so far. */
  get at(): number {
    return this.#at
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  /** No octet was missing so far. */
  get isSound(): boolean {
    return !this.#failed
  }

  /** No octet was missing and none is left. */
  get isComplete(): boolean {
    return !this.#failed && this.left === 0
  }

  /** Marks the input as wrong: for a field whose value is refused. */
  fail(): void {
    this.#failed = true
  }

  u8(): number {
    return this.#take(1)?.[0] ?? 0
  }

  u16(): number {
    const b = this.#take(2)
    return b ? (b[0]! << 8) | b[1]! : 0
  }

  u32(): number {
    const b = this.#take(4)
    return b ? ((b[0]! << 24) | (b[1]! << 16) | (b[2]! << 8) | b[3]!) >>> 0 : 0
  }

  u64(): bigint {
    return (BigInt(this.u32()) << 32n) | BigInt(this.u32())
  }

  u64le(): bigint {
    const b = this.#take(8)
    return b ? new DataView(b.buffer, b.byteOffset, 8).getBigUint64(0, true) : 0n
  }

  /** The next `size` octets: a view, not a copy; an empty one when they are missing. */
  bytes(size: number): Uint8Array {
    return this.#take(size) ?? none
  }

  rest(): Uint8Array {
    return this.bytes(this.left)
  }

  /** OTRv4 "DATA": a 4-octet length, then that many octets. */
  data(): Uint8Array {
    return this.bytes(this.u32())
  }

  #take(size: number): Uint8Array | undefined {
    if (this.#failed || size > this.left) {
      this.#failed = true
      return undefined
    }
    this.#at += size
    return this.#bytes.subarray(this.#at - size, this.#at)
  }
}

const none = new Uint8Array(0)
