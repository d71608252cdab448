/**
 * A message while its fragments arrive. Nothing is allocated for what a peer
 * only announces: the pieces that came are kept, and joined by one copy when
 * all are there. ENet allocates `total` at the first piece.
 */
import type { SendFragment, SendUnreliableFragment } from './command.ts'
import { maxFragments } from './limits.ts'

export type Piece = SendFragment | SendUnreliableFragment

export class Reassembly {
  readonly count: number
  readonly #total: number
  readonly #pieceSize: number
  readonly #pieces = new Map<number, Uint8Array>()
  #octets = 0

  constructor(first: Piece) {
    this.count = first.count
    this.#total = first.total
    this.#pieceSize = pieceSizeOf(first)
  }

  /** Octets of memory that the kept pieces take. */
  get cost(): number {
    return this.#octets + this.#pieces.size * overhead
  }

  get isComplete(): boolean {
    return this.#pieces.size === this.count
  }

  /** Is this a piece of the same message? */
  matches(piece: Piece): boolean {
    return piece.count === this.count && piece.total === this.#total && pieceSizeOf(piece) === this.#pieceSize
  }

  has(number: number): boolean {
    return this.#pieces.has(number)
  }

  add({ number, payload }: Piece): void {
    this.#pieces.set(number, kept(payload))
    this.#octets += payload.length
  }

  /** Once it is complete: `matches` saw to it that the pieces lie side by side. */
  join(): Uint8Array {
    const message = new Uint8Array(this.#total)
    for (const [number, piece] of this.#pieces) message.set(piece, number * this.#pieceSize)
    return message
  }
}

/**
 * May this be a piece of any message? Pieces are of one size but for the last;
 * ENet checks only that each lies within the message, and leaves gaps as they are.
 */
export function isSound(piece: Piece, maximumPacketSize: number): boolean {
  const { count, number, total, offset, payload } = piece
  if (count > maxFragments || number >= count || total > maximumPacketSize) return false
  if (payload.length === 0) return false
  const size = pieceSizeOf(piece)
  if (offset !== number * size || payload.length > size) return false
  return number < count - 1 ? offset + size < total : offset + payload.length === total
}

/** The size of every piece but the last; that one tells it by its offset. */
const pieceSizeOf = ({ number, count, offset, payload }: Piece): number =>
  number > 0 && number === count - 1 ? offset / number : payload.length

/** What is kept for long must not keep a much larger datagram with it. */
export function kept(payload: Uint8Array): Uint8Array {
  return payload.length * 2 < payload.buffer.byteLength ? payload.slice() : payload
}

export const overhead = 128 // octets of memory that each held piece costs beside its payload, roughly
