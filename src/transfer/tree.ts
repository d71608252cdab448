/**
 * The content is cut into pieces, and each has a hash: whatever comes is
 * checked piece by piece, and a transfer goes on behind the last good one.
 */
import { type Hash, sha256Hash } from '../crypto.ts'

export const hashSize = 32

/** 256 KiB x 2^k, for the smallest k with at most 65,536 pieces: their hashes are never more than 2 MiB. */
export function pieceSizeOf(octets: number): number {
  let size = smallestPiece
  while (octets > size * maxPieces) size *= 2
  return size
}

export const pieceCount = (octets: number): number => Math.ceil(octets / pieceSizeOf(octets))

/**
 * Hashes content that comes in order, whatever it is cut into.
 *
 *     hash of a piece = SHA-256(0x00 | its octets)
 */
export class PieceHasher {
  readonly #octets: number
  readonly #pieceSize: number
  #position: number
  #hash: Hash | undefined

  /** @param from - where it begins: at a piece's first octet, or behind the last one */
  constructor(octets: number, from: number) {
    this.#octets = octets
    this.#pieceSize = pieceSizeOf(octets)
    this.#position = from
  }

  get position(): number {
    return this.#position
  }

  /** Octets of content, no more than are left. Yields each piece that ends, once. */
  *push(octets: Uint8Array): Generator<HashedPiece> {
    for (let at = 0; at < octets.length; ) {
      const end = Math.min(this.#octets, this.#start + this.#pieceSize)
      const taken = octets.subarray(at, at + end - this.#position)
      this.#hash ??= begun()
      this.#hash.update(taken)
      at += taken.length
      this.#position += taken.length
      if (this.#position < end) continue
      const hash = this.#hash.digest()
      this.#hash = undefined
      yield { piece: Math.ceil(end / this.#pieceSize) - 1, end, hash }
    }
  }

  /** Where the piece begins that the position is in. */
  get #start(): number {
    return this.#position - (this.#position % this.#pieceSize)
  }
}

export interface HashedPiece {
  readonly piece: number
  readonly end: number // the position behind it
  readonly hash: Uint8Array
}

function begun(): Hash {
  const hash = sha256Hash()
  hash.update(leafMark)
  return hash
}

const leafMark = Uint8Array.of(0)
const smallestPiece = 256 << 10
const maxPieces = 65_536
