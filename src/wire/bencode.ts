/**
 * Bencode (BEP 3), the one encoding a value has and no other: no leading
 * zeros, keys sorted and single, nothing behind the end. Decoding takes time
 * linear in the input, within bounds the caller may tighten; any octets give a
 * value or `undefined`. As decoding is strict, encoding again gives the very
 * octets: signatures over a part of a message need no copy of it.
 */

/** Strings are octets. Integers beyond 2^53 - 1 are refused: BEP 44's `seq` is the largest in use. */
export type Bencode = number | Uint8Array | readonly Bencode[] | Dictionary

/** Keys are octets too, one character for each (0-255). A Map: `__proto__` is a key like any other. */
export type Dictionary = ReadonlyMap<string, Bencode>

export interface BencodeLimits {
  readonly length?: number // octets in all
  readonly depth?: number // lists and dictionaries within each other
  readonly count?: number // values in all, keys not counted
}

export function decodeBencode(bytes: Uint8Array, limits: BencodeLimits = {}): Bencode | undefined {
  const { length = 65_536, depth = 32, count = 4_096 } = limits
  if (bytes.length > length) return undefined
  const parser = new Parser(bytes, count)
  const value = parser.value(depth)
  return parser.isAtEnd ? value : undefined
}

export function encodeBencode(value: Bencode): Uint8Array {
  const bytes = new Uint8Array(sizeOf(value))
  write(value, bytes, 0)
  return bytes
}

/** A dictionary from what is there: `undefined` members are left out. */
export function dictionary(members: Readonly<Record<string, Bencode | undefined>>): Dictionary {
  const map = new Map<string, Bencode>()
  for (const [key, value] of Object.entries(members)) if (value !== undefined) map.set(key, value)
  return map
}

export const isDictionary = (value: Bencode | undefined): value is Dictionary => value instanceof Map

export const isList = (value: Bencode | undefined): value is readonly Bencode[] => Array.isArray(value)

export const isOctets = (value: Bencode | undefined): value is Uint8Array => value instanceof Uint8Array

/** Octets as a key, and the way back: one character for each. */
export function toKey(bytes: Uint8Array): string {
  let key = ''
  for (const byte of bytes) key += String.fromCharCode(byte)
  return key
}

export const fromKey = (key: string): Uint8Array => Uint8Array.from(key, (char) => char.charCodeAt(0))

class Parser {
  readonly #bytes: Uint8Array
  #at = 0
  #left: number // values that may still come

  constructor(bytes: Uint8Array, count: number) {
    this.#bytes = bytes
    this.#left = count
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length
  }

  value(depth: number): Bencode | undefined {
    if (this.#left-- <= 0) return undefined
    const first = this.#bytes[this.#at]
    if (first === letter.i) return this.#integer()
    if (first === letter.l) return depth > 0 ? this.#list(depth - 1) : undefined
    if (first === letter.d) return depth > 0 ? this.#dictionary(depth - 1) : undefined
    return this.#string()
  }

  #integer(): number | undefined {
    this.#at++
    const isNegative = this.#take(letter.minus)
    const size = this.#digits()
    if (size === undefined || !this.#take(letter.e) || (isNegative && size === 0)) return undefined
    return isNegative ? -size : size
  }

  #list(depth: number): Bencode[] | undefined {
    this.#at++
    const list: Bencode[] = []
    while (!this.#take(letter.e)) {
      const value = this.value(depth)
      if (value === undefined) return undefined
      list.push(value)
    }
    return list
  }

  #dictionary(depth: number): Dictionary | undefined {
    this.#at++
    const map = new Map<string, Bencode>()
    let last: string | undefined
    while (!this.#take(letter.e)) {
      const octets = this.#string()
      if (!octets) return undefined
      const key = toKey(octets)
      const value = last === undefined || last < key ? this.value(depth) : undefined
      if (value === undefined) return undefined
      map.set(key, value)
      last = key
    }
    return map
  }

  #string(): Uint8Array | undefined {
    const size = this.#digits()
    if (size === undefined || !this.#take(letter.colon)) return undefined
    if (size > this.#bytes.length - this.#at) return undefined
    this.#at += size
    return this.#bytes.subarray(this.#at - size, this.#at)
  }

  /** One to sixteen digits, without a leading zero. */
  #digits(): number | undefined {
    const start = this.#at
    let value = 0
    for (; this.#at - start <= maxDigits; this.#at++) {
      const digit = (this.#bytes[this.#at] ?? 0) - letter.zero
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
    }
    const size = this.#at - start
    const isCanonical = size === 1 || (size > 1 && this.#bytes[start] !== letter.zero)
    return isCanonical && Number.isSafeInteger(value) ? value : undefined
  }

  #take(byte: number): boolean {
    if (this.#bytes[this.#at] !== byte) return false
    this.#at++
    return true
  }
}

function sizeOf(value: Bencode): number {
  if (typeof value === 'number') return integerText(value).length
  if (isOctets(value)) return `${value.length}:`.length + value.length
  let size = 2
  if (isList(value)) for (const member of value) size += sizeOf(member)
  else for (const [key, member] of value) size += `${key.length}:`.length + key.length + sizeOf(member)
  return size
}

/** Writes at `at` and returns where it ended. */
function write(value: Bencode, into: Uint8Array, at: number): number {
  if (typeof value === 'number') return writeText(integerText(value), into, at)
  if (isOctets(value)) {
    const start = writeText(`${value.length}:`, into, at)
    into.set(value, start)
    return start + value.length
  }
  let end = at + 1
  if (isList(value)) {
    into[at] = letter.l
    for (const member of value) end = write(member, into, end)
  } else {
    into[at] = letter.d
    for (const key of [...value.keys()].sort(byOctets)) {
      end = write(value.get(key)!, into, writeText(`${key.length}:${key}`, into, end))
    }
  }
  into[end] = letter.e
  return end + 1
}

function writeText(text: string, into: Uint8Array, at: number): number {
  for (let i = 0; i < text.length; i++) into[at + i] = text.charCodeAt(i)
  return at + text.length
}

function integerText(value: number): string {
  if (!Number.isSafeInteger(value)) throw new TypeError(`bencode knows no number ${value}`)
  return `i${value}e`
}

const byOctets = (a: string, b: string): number => (a < b ? -1 : 1)

const maxDigits = 16 // of 2^53 - 1
const letter = { zero: 0x30, colon: 0x3a, minus: 0x2d, d: 0x64, e: 0x65, i: 0x69, l: 0x6c } as const
