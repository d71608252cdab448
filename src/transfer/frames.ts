/**
 * What goes over the channel of bulk data: a frame is sealed for one transfer,
 * one session and one direction (docs/Protocol.md, "File transfer").
 *
 *     frame = stream number u32 (top bit: from the receiver) | AEAD(kind u8 | body)
 *
 * The channel is reliable and in order, so the nonce is counted and not sent.
 */
import { type Aead, aead, hmacSha256, sha256, wipe } from '../crypto.ts'
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'
import { chunkSize } from './limits.ts'
import { encodeOffer, type Offer } from './offer.ts'
import { hashSize } from './tree.ts'

/** From him who offered. */
export type SenderFrame =
  | { readonly kind: 'manifest'; readonly octets: Uint8Array } // its next part
  | { readonly kind: 'data'; readonly position: number; readonly octets: Uint8Array }
  | { readonly kind: 'hole'; readonly position: number; readonly size: number } // so many zeros
  | { readonly kind: 'end'; readonly position: number; readonly hash: Uint8Array } // of a stream

/** From him who accepted. */
export type ReceiverFrame =
  | { readonly kind: 'start'; readonly manifest: number; readonly position: number } // where to begin in both
  | { readonly kind: 'got'; readonly position: number } // written up to here

/** Which transfer of the session a frame belongs to, and whose it is; unauthenticated. */
export interface FrameHead {
  readonly stream: number
  readonly from: 'sender' | 'receiver' // sender: of the transfer, who offered it
}

export function frameHead(frame: Uint8Array): FrameHead | undefined {
  const reader = new Reader(frame)
  const head = reader.u32()
  if (!reader.isSound) return undefined
  return head >= receiverBit
    ? { stream: head - receiverBit, from: 'receiver' }
    : { stream: head, from: 'sender' }
}

/** Both directions of one transfer in one session, as one of the two sides has them. */
export class Line {
  readonly #out: Direction
  readonly #in: Direction
  readonly #keys: readonly Uint8Array[]

  /** @param extraKey - 64 octets, of the message that took the offer; they are wiped */
  constructor(offer: Offer, extraKey: Uint8Array, side: 'sender' | 'receiver') {
    const bound = sha256(encodeOffer(offer))
    this.#keys = [0, 1].map((way) => hmacSha256(extraKey, label, Uint8Array.of(way), bound))
    wipe(extraKey)
    const ways = [
      new Direction(this.#keys[0]!, offer.stream),
      new Direction(this.#keys[1]!, offer.stream + receiverBit),
    ] as const
    this.#out = ways[side === 'sender' ? 0 : 1]
    this.#in = ways[side === 'sender' ? 1 : 0]
  }

  /** `data`, its octets given in parts. */
  data(position: number, parts: readonly Uint8Array[]): Uint8Array {
    return this.#out.seal(kinds.data, BigInt(position), parts)
  }

  seal(frame: Exclude<SenderFrame, { kind: 'data' }> | ReceiverFrame): Uint8Array {
    switch (frame.kind) {
      case 'manifest':
        return this.#out.seal(kinds.manifest, undefined, [frame.octets])
      case 'hole':
        return this.#out.seal(kinds.hole, BigInt(frame.position), [new Writer(4).u32(frame.size).done()])
      case 'end':
        return this.#out.seal(kinds.end, BigInt(frame.position), [frame.hash])
      case 'start':
        return this.#out.seal(kinds.start, BigInt(frame.position), [new Writer(4).u32(frame.manifest).done()])
      case 'got':
        return this.#out.seal(kinds.got, BigInt(frame.position), [])
      default:
        return frame satisfies never
    }
  }

  /** The content of the next frame of the other side; `undefined` for anything else. */
  open(frame: Uint8Array): Uint8Array | undefined {
    return this.#in.open(frame)
  }

  wipe(): void {
    wipe(...this.#keys)
  }
}

/** One way: a key, and how many frames it has sealed. */
class Direction {
  readonly #aead: Aead
  readonly #head: Uint8Array
  readonly #nonce = new Uint8Array(12)
  readonly #counter = new DataView(this.#nonce.buffer)
  #count = 0n

  constructor(key: Uint8Array, head: number) {
    this.#aead = aead(key)
    this.#head = new Writer(headSize).u32(head).done()
  }

  seal(kind: number, position: bigint | undefined, parts: readonly Uint8Array[]): Uint8Array {
    const size = parts.reduce((sum, part) => sum + part.length, position === undefined ? 1 : 9)
    const frame = new Uint8Array(headSize + size + tagSize)
    frame.set(this.#head)
    frame[headSize] = kind
    let at = headSize + 1
    if (position !== undefined) {
      new DataView(frame.buffer).setBigUint64(at, position)
      at += 8
    }
    for (const part of parts) {
      frame.set(part, at)
      at += part.length
    }
    this.#aead.seal(this.#next(), this.#head, frame.subarray(headSize, at), frame.subarray(headSize))
    return frame
  }

  open(frame: Uint8Array): Uint8Array | undefined {
    if (frame.length > maxFrame || this.#head.some((octet, i) => frame[i] !== octet)) return undefined
    return this.#aead.open(this.#next(), this.#head, frame.subarray(headSize))
  }

  #next(): Uint8Array {
    this.#counter.setBigUint64(4, this.#count++)
    return this.#nonce
  }
}

export function readSenderFrame(bytes: Uint8Array): SenderFrame | undefined {
  const reader = new Reader(bytes)
  const kind = reader.u8()
  if (kind === kinds.manifest) {
    const octets = reader.rest()
    return reader.isSound && fits(octets) ? { kind: 'manifest', octets } : undefined
  }
  const position = readPosition(reader)
  if (position === undefined) return undefined
  switch (kind) {
    case kinds.data: {
      const octets = reader.rest()
      return fits(octets) ? { kind: 'data', position, octets } : undefined
    }
    case kinds.hole: {
      const size = reader.u32()
      return reader.isComplete && size > 0 && size <= chunkSize ? { kind: 'hole', position, size } : undefined
    }
    case kinds.end: {
      const hash = reader.bytes(hashSize)
      return reader.isComplete ? { kind: 'end', position, hash } : undefined
    }
    default:
      return undefined
  }
}

export function readReceiverFrame(bytes: Uint8Array): ReceiverFrame | undefined {
  const reader = new Reader(bytes)
  const kind = reader.u8()
  const position = readPosition(reader)
  if (position === undefined) return undefined
  if (kind === kinds.start) {
    const manifest = reader.u32()
    return reader.isComplete ? { kind: 'start', manifest, position } : undefined
  }
  return kind === kinds.got && reader.isComplete ? { kind: 'got', position } : undefined
}

/** A u64 that is a number of JavaScript. */
function readPosition(reader: Reader): number | undefined {
  const position = Number(reader.u64())
  return reader.isSound && Number.isSafeInteger(position) ? position : undefined
}

const fits = (octets: Uint8Array): boolean => octets.length > 0 && octets.length <= chunkSize

const kinds = { manifest: 1, data: 2, hole: 3, end: 4, start: 16, got: 17 } as const
const label = new TextEncoder().encode('otrtalk file v1')
const receiverBit = 0x8000_0000
const headSize = 4
const tagSize = 16
const maxFrame = headSize + 1 + 8 + chunkSize + tagSize
