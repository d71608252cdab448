/**
 * ENet's compression (1.3.17, compress.c): a carry-less range coder over the
 * contexts of `contexts.ts`. For the bare mode only: what is sealed does not
 * shrink, and how much text shrinks would tell of it.
 */
import { Contexts, root } from './contexts.ts'

export class RangeCoder {
  readonly #contexts = new Contexts()

  /** The octets in fewer; `undefined` if they do not get fewer. */
  compress(bytes: Uint8Array): Uint8Array | undefined {
    const contexts = this.#contexts
    const writer = new RangeWriter(bytes.length - 1)
    contexts.clear()
    for (const octet of bytes) {
      let context = contexts.longest
      let { under, count } = contexts.find(context, octet)
      while (count === 0) {
        if (contexts.hasEscape(context)) writer.write(0, contexts.escapes(context), contexts.total(context))
        context = contexts.shorter(context)
        ;({ under, count } = contexts.find(context, octet))
      }
      writer.write(contexts.escapes(context) + under, count, contexts.total(context))
      contexts.learn(octet)
    }
    return writer.finish()
  }

  /** What was compressed; `undefined` if that is none, or longer than `limit`. */
  decompress(bytes: Uint8Array, limit: number): Uint8Array | undefined {
    const contexts = this.#contexts
    const reader = new RangeReader(bytes)
    const into = new Uint8Array(limit)
    contexts.clear()
    for (let size = 0; ; ) {
      const octet = this.#read(reader)
      if (octet === 'end') return into.subarray(0, size)
      if (octet === undefined || size === limit) return undefined
      into[size++] = octet
      contexts.learn(octet)
    }
  }

  /** From the longest context on, each either knows the octet or escapes; root's escape is the end. */
  #read(reader: RangeReader): number | 'end' | undefined {
    const contexts = this.#contexts
    for (let context = contexts.longest; ; context = contexts.shorter(context)) {
      if (context !== root && !contexts.hasEscape(context)) continue
      const escapes = contexts.escapes(context)
      const point = reader.point(contexts.total(context))
      if (point >= escapes) {
        const share = contexts.at(context, point - escapes)
        if (share) reader.take(escapes + share.under, share.count)
        return share?.octet
      }
      if (context === root) return 'end'
      reader.take(0, escapes)
    }
  }
}

/** The interval that both sides narrow: 32 bits, of which the highest eight leave once they cannot change any more. */
class Interval {
  readonly #settled: (octet: number) => void
  #low = 0
  #range = 0xffff_ffff

  constructor(settled: (octet: number) => void) {
    this.#settled = settled
  }

  get low(): number {
    return this.#low
  }

  /** The range in so many parts, and how long one is. */
  divide(total: number): number {
    this.#range = Math.floor(this.#range / total)
    return this.#range
  }

  /** Narrows to some of the parts. */
  narrow(under: number, count: number): void {
    this.#low = (this.#low + under * this.#range) >>> 0
    this.#range *= count
    for (;;) {
      if ((this.#low ^ (this.#low + this.#range)) >>> 0 >= top) {
        if (this.#range >= bottom) return
        this.#range = -this.#low & (bottom - 1) // cut, so that no carry can come
      }
      this.shift()
    }
  }

  shift(): void {
    this.#settled(this.#low >>> 24)
    this.#range = (this.#range << 8) >>> 0
    this.#low = (this.#low << 8) >>> 0
  }
}

class RangeWriter {
  readonly #into: Uint8Array
  readonly #interval: Interval
  #size = 0

  constructor(limit: number) {
    this.#into = new Uint8Array(Math.max(0, limit))
    this.#interval = new Interval((octet) => {
      this.#into[this.#size++] = octet // beyond the end nothing is written
    })
  }

  write(under: number, count: number, total: number): void {
    this.#interval.divide(total)
    this.#interval.narrow(under, count)
  }

  /** `undefined` if it did not fit. Zeros at the end are left out: a reader has as many as it wants. */
  finish(): Uint8Array | undefined {
    while (this.#interval.low !== 0) this.#interval.shift()
    return this.#size > 0 && this.#size <= this.#into.length ? this.#into.subarray(0, this.#size) : undefined
  }
}

class RangeReader {
  readonly #bytes: Uint8Array
  readonly #interval = new Interval(() => this.#next())
  #at = 0
  #code = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    for (let i = 0; i < 4; i++) this.#next()
  }

  /** Which point of a scale comes; beyond it when the octets are none of a writer's. */
  point(total: number): number {
    const part = this.#interval.divide(total)
    return Math.floor(((this.#code - this.#interval.low) >>> 0) / part)
  }

  take(under: number, count: number): void {
    this.#interval.narrow(under, count)
  }

  #next(): void {
    this.#code = ((this.#code << 8) | (this.#bytes[this.#at++] ?? 0)) >>> 0
  }
}

const top = 2 ** 24
const bottom = 2 ** 16
