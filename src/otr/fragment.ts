/**
 * Messages in pieces, for networks that carry only short ones. OTRv4,
 * "Fragmentation". Inside a link nothing is fragmented (D12): this is for the
 * text form, on paper or by other means.
 *
 * Nothing here is authenticated. Whoever can send fragments can spoil a message
 * that is under way, and no more: what comes out is a message like any other.
 */
import type { Tags } from './message.ts'

export interface Fragmenting extends Tags {
  readonly identifier: number // 4 octets, random, another one for each message
  readonly maxSize: number // characters of a fragment
}

/**
 * The fragments of a message in its text form; itself if it is short enough.
 *
 * @throws RangeError if the fragments are too small for a piece, or would be more than 65,535
 */
export function fragment(
  text: string,
  { identifier, senderTag, receiverTag, maxSize }: Fragmenting,
): string[] {
  if (text.length <= maxSize) return [text]
  const tags = [identifier, senderTag, receiverTag].map((value) => value.toString(16).padStart(8, '0'))
  const head = `${prefix}${tags.join('|')}`
  const room = maxSize - `${head},00000,00000,,`.length
  const total = Math.ceil(text.length / room)
  if (room < 1 || total > maxTotal) throw new RangeError('fragment: the fragments are too small')
  const count = (value: number): string => String(value).padStart(5, '0')
  return Array.from({ length: total }, (_, i) => {
    const piece = text.slice(i * room, (i + 1) * room)
    return `${head},${count(i + 1)},${count(total)},${piece},`
  })
}

/** Before it is taken for any other message: whether a text is a fragment. */
export const isFragment = (text: string): boolean => text.startsWith(prefix)

interface Fragment extends Tags {
  readonly identifier: number
  readonly index: number // 1..total
  readonly total: number // 1..65535
  readonly piece: string // not empty
  readonly size: number // of the fragment: a piece keeps the text it was cut from
}

/** A message of which not all has come: as large as what has, whatever its total. */
interface Unfinished {
  readonly total: number
  readonly pieces: Map<number, string>
  readonly since: number // ms
  size: number // characters, as they came
}

export interface ReassemblyLimits {
  readonly messages: number
  readonly size: number // characters, of all together
  readonly age: number // ms
}

/** Puts fragments together, in any order, of several messages at once. */
export class Reassembly {
  readonly #ownTag: number
  readonly #limits: ReassemblyLimits
  readonly #partials = new Map<string, Unfinished>() // the oldest first
  #size = 0

  constructor(ownTag: number, limits: Partial<ReassemblyLimits> = {}) {
    this.#ownTag = ownTag
    this.#limits = { ...defaultLimits, ...limits }
  }

  /** Messages of which something is kept. */
  get waiting(): number {
    return this.#partials.size
  }

  /** Characters that are kept. */
  get size(): number {
    return this.#size
  }

  /** The message in its text form, with the fragment that completes it. */
  receive(text: string, now: number): string | undefined {
    this.#expire(now)
    const fragment = parse(text)
    if (!fragment) return undefined
    const { receiverTag, total } = fragment
    if (receiverTag !== 0 && receiverTag !== this.#ownTag) return undefined
    const name = `${fragment.identifier} ${fragment.senderTag} ${receiverTag}`
    const known = this.#partials.get(name)
    if (known && known.total !== total) {
      this.#drop(name, known)
      return undefined
    }
    const partial = known ?? { total, pieces: new Map<number, string>(), since: now, size: 0 }
    this.#partials.set(name, partial)
    this.#insert(partial, fragment)
    if (partial.pieces.size < total) {
      this.#makeRoom()
      return undefined
    }
    this.#drop(name, partial)
    const message = Array.from({ length: total }, (_, i) => partial.pieces.get(i + 1)).join('')
    return isFragment(message) ? undefined : message // "you can't fragment a fragment"
  }

  /** The first piece at a place stays. */
  #insert(partial: Unfinished, { index, piece, size }: Fragment): void {
    if (partial.pieces.has(index)) return
    partial.pieces.set(index, piece)
    partial.size += size
    this.#size += size
  }

  #expire(now: number): void {
    for (const [name, partial] of this.#partials) {
      if (now - partial.since < this.#limits.age) return
      this.#drop(name, partial)
    }
  }

  /** What has waited longest goes first. */
  #makeRoom(): void {
    for (const [name, partial] of this.#partials) {
      if (this.#partials.size <= this.#limits.messages && this.#size <= this.#limits.size) return
      this.#drop(name, partial)
    }
  }

  #drop(name: string, partial: Unfinished): void {
    this.#partials.delete(name)
    this.#size -= partial.size
  }
}

/** `undefined` for what is no fragment, or an illegal one. */
function parse(text: string): Fragment | undefined {
  const fields = shape.exec(text)
  if (!fields) return undefined
  const [identifier, senderTag, receiverTag] = fields.slice(1, 4).map((digits) => Number.parseInt(digits, 16))
  const [index, total] = fields.slice(4, 6).map(Number)
  const piece = fields[6]
  if (identifier === undefined || senderTag === undefined || receiverTag === undefined) return undefined
  if (index === undefined || total === undefined || piece === undefined) return undefined
  if (index < 1 || index > total || total > maxTotal) return undefined
  if (senderTag < minTag || (receiverTag !== 0 && receiverTag < minTag)) return undefined
  return { identifier, senderTag, receiverTag, index, total, piece, size: text.length }
}

const prefix = '?OTR|'
// All numbers may have leading zeros; a piece has no comma.
const hex = '0{0,16}([\\da-fA-F]{1,8})'
const decimal = '0{0,16}(\\d{1,5})'
const shape = new RegExp(`^\\?OTR\\|${hex}\\|${hex}\\|${hex},${decimal},${decimal},([^,]+),$`)
const maxTotal = 65_535
const minTag = 0x100
/** A message has at most some 200 kB in text form; who types or scans one has an hour. */
const defaultLimits: ReassemblyLimits = { messages: 100, size: 1 << 20, age: 3_600_000 }
