/**
 * What ENet's range coder expects (1.3.17, compress.c): how often each octet
 * followed the last two, the last one, and at all. A symbol is an octet in a
 * context, and the context of what follows it there; symbol 0 is the context of
 * nothing. The symbols of a context are a binary tree by octet, in which each
 * knows how much it and all to its left count. Both sides learn alike.
 */

/** Where an octet lies on the scale of a context, 0 to its total; the escape lies before all octets. */
export interface Share {
  readonly octet: number
  readonly under: number
  readonly count: number // 0: not in the context
}

export class Contexts {
  readonly #octet = new Uint8Array(maxSymbols)
  readonly #count = new Uint8Array(maxSymbols)
  readonly #under = new Uint16Array(maxSymbols) // its count and those of all to its left
  readonly #left = new Uint16Array(maxSymbols)
  readonly #right = new Uint16Array(maxSymbols)
  // As a context:
  readonly #tree = new Uint16Array(maxSymbols)
  readonly #escapes = new Uint16Array(maxSymbols)
  readonly #total = new Uint16Array(maxSymbols)
  readonly #parent = new Uint16Array(maxSymbols) // the same after one octet less
  #used = 0
  #order = 0
  #longest = 0

  /** Forgets everything: each datagram begins anew. */
  clear(): void {
    this.#used = this.#order = this.#longest = 0
    this.#create(0, 0)
    this.#escapes[root] = rootEscapes
    this.#total[root] = rootEscapes + octets
  }

  /** The longest context that the octets so far are in. */
  get longest(): number {
    return this.#longest
  }

  /** The context of one octet less; of the longest one finally `root`. */
  shorter(context: number): number {
    return this.#parent[context]!
  }

  escapes(context: number): number {
    return this.#escapes[context]!
  }

  total(context: number): number {
    return this.#total[context]!
  }

  /** Does the context say anything, and can it also say that it does not know? */
  hasEscape(context: number): boolean {
    return this.#escapes[context]! > 0 && this.#escapes[context]! < this.#total[context]!
  }

  /** The share of an octet. Root knows every octet: each counts one more there. */
  find(context: number, octet: number): Share {
    const each = context === root ? 1 : 0
    let under = octet * each
    for (let node = this.#tree[context]!; node !== 0; ) {
      if (octet === this.#octet[node]!) {
        const count = this.#count[node]!
        return { octet, under: under + this.#under[node]! - count, count: count + each }
      }
      if (octet > this.#octet[node]!) under += this.#under[node]!
      node = octet < this.#octet[node]! ? this.#left[node]! : this.#right[node]!
    }
    return { octet, under, count: each }
  }

  /** The octet whose share holds this point of the scale behind the escape; `undefined` if there is none. */
  at(context: number, point: number): Share | undefined {
    const each = context === root ? 1 : 0
    let below = 0 // what counts of all smaller octets
    for (let node = this.#tree[context]!; node !== 0; ) {
      const octet = this.#octet[node]!
      const count = this.#count[node]! + each
      const end = below + this.#under[node]! + (octet + 1) * each
      if (point >= end) {
        below += this.#under[node]!
        node = this.#right[node]!
      } else if (point < end - count) node = this.#left[node]!
      else return { octet, under: end - count, count }
    }
    const octet = point - below
    return each === 1 && octet < octets ? { octet, under: point, count: 1 } : undefined
  }

  /** Counts an octet in all contexts down to the first that knew it, and makes it the last one. */
  learn(octet: number): void {
    let context = this.#longest
    let longer = none
    for (;;) {
      const [known, symbol] = this.#add(context, octet)
      if (longer === none) this.#longest = symbol
      else this.#parent[longer] = symbol
      longer = symbol
      if (known > 0 || context === root) break
      context = this.#parent[context]!
    }
    if (this.#order < maxOrder) this.#order++
    else this.#longest = this.#parent[this.#longest]!
    if (this.#used >= maxSymbols - maxOrder) this.clear()
  }

  /** Counts an octet in one context: how it counted before, and its symbol. */
  #add(context: number, octet: number): [known: number, symbol: number] {
    const isRoot = context === root
    const more = isRoot ? rootStep : step
    const symbol = this.#visit(context, octet, more)
    const known = this.#count[symbol]! - more
    if (!isRoot && known === 0) {
      this.#escapes[context]! += escapeStep
      this.#total[context]! += escapeStep
    }
    this.#total[context]! += more
    if (known > 0xff - 2 * more || this.#total[context]! > maxTotal) this.#halve(context)
    return [known, symbol]
  }

  /** Finds or makes the symbol of an octet, and counts it on the way down. */
  #visit(context: number, octet: number, more: number): number {
    let node = this.#tree[context]!
    if (node === 0) {
      this.#tree[context] = this.#used
      return this.#create(octet, more)
    }
    for (;;) {
      if (octet === this.#octet[node]!) {
        this.#under[node]! += more
        this.#count[node]! += more
        return node
      }
      const isLeft = octet < this.#octet[node]!
      if (isLeft) this.#under[node]! += more
      const side = isLeft ? this.#left : this.#right
      if (side[node] === 0) {
        side[node] = this.#used
        return this.#create(octet, more)
      }
      node = side[node]!
    }
  }

  #create(octet: number, count: number): number {
    const symbol = this.#used++
    this.#octet[symbol] = octet
    this.#count[symbol] = this.#under[symbol] = count
    this.#left[symbol] = this.#right[symbol] = this.#tree[symbol] = 0
    this.#escapes[symbol] = this.#total[symbol] = this.#parent[symbol] = 0
    return symbol
  }

  /** The past counts half. */
  #halve(context: number): void {
    this.#escapes[context]! -= this.#escapes[context]! >> 1
    const sum = this.#halveTree(this.#tree[context]!)
    this.#total[context] = sum + this.#escapes[context]! + (context === root ? octets : 0)
  }

  #halveTree(node: number): number {
    if (node === 0) return 0
    this.#count[node]! -= this.#count[node]! >> 1
    this.#under[node] = this.#count[node]! + this.#halveTree(this.#left[node]!)
    return this.#under[node]! + this.#halveTree(this.#right[node]!)
  }
}

/** The context of nothing: it knows all octets. */
export const root = 0

const none = -1
const octets = 256
const maxSymbols = 4_096
const maxOrder = 2
const maxTotal = 0xff00
const rootEscapes = 1
const rootStep = 3
const step = 2
const escapeStep = 5
