/**
 * The first datagrams of a link's handshake to one buddy: the Noise initiator's
 * init, the responder's knock; one for each hour whose keys somebody may need.
 * What is sent again is the same octets, so that any answer to any of them ends it.
 */
import { utf8ToBytes } from '@noble/hashes/utils.js'
import { hmacSha256, type Random } from '../crypto.ts'
import type { Address } from '../machine.ts'
import type { Pair } from '../profile/pair.ts'
import { knock, type LinkKeys } from '../transport/link/frames.ts'
import { Initiator } from '../transport/link/handshake.ts'
import type { Established } from '../transport/link/sealed.ts'

export interface FirstsOptions {
  readonly pair: Pair
  readonly random: Random
  /** Names this run of the program in knocks. */
  readonly sessionId: Uint8Array
  /** Draws a receiver index that this process does not use; it is ours until released. */
  readonly allocate: () => number
  readonly release: (index: number) => void
}

interface First {
  readonly bytes: Uint8Array
  readonly handshake: { readonly initiator: Initiator; readonly index: number } | undefined
}

export class Firsts {
  readonly #options: FirstsOptions
  readonly #firsts = new Map<number, First>() // by epoch
  readonly #goals = new Set<Address>() // the latest that one of them went to
  #foreign: number | undefined

  constructor(options: FirstsOptions) {
    this.#options = options
  }

  /** That of this hour. */
  of(epoch: number): Uint8Array {
    const first = this.#firsts.get(epoch) ?? this.#make(epoch)
    this.#firsts.set(epoch, first)
    return first.bytes
  }

  /** That of an hour that only somebody on the link named: of one such hour until `wipe`. */
  ofNeighbour(epoch: number): Uint8Array | undefined {
    this.#foreign ??= epoch
    return this.#foreign === epoch ? this.of(epoch) : undefined
  }

  /** One of them goes there. */
  goesTo(peer: Address): void {
    if (this.#goals.has(peer)) return
    const [oldest] = this.#goals
    if (oldest !== undefined && this.#goals.size >= maxGoals) this.#goals.delete(oldest)
    this.#goals.add(peer)
  }

  /** Whether we asked there. A response from elsewhere was carried, or a router changed ports. */
  wentTo(peer: Address): boolean {
    return this.#goals.has(peer)
  }

  /** A response: the first that is right ends all others, and its index is the link's. */
  receive(bytes: Uint8Array): Established | undefined {
    for (const [epoch, { handshake }] of this.#firsts) {
      const established = handshake?.initiator.receive(bytes)
      if (!established) continue
      this.#firsts.delete(epoch)
      this.wipe()
      return established
    }
    return undefined
  }

  /** Nothing is answered any more, and the indices are free. */
  wipe(): void {
    for (const { handshake } of this.#firsts.values()) {
      handshake?.initiator.wipe()
      if (handshake) this.#options.release(handshake.index)
    }
    this.#firsts.clear()
    this.#goals.clear()
    this.#foreign = undefined
  }

  #make(epoch: number): First {
    const { pair, random, sessionId, allocate } = this.#options
    const keys = linkKeys(pair, epoch)
    if (pair.role === 'responder')
      return { bytes: knock(keys, runName(keys, sessionId), random), handshake: undefined }
    const index = allocate()
    const initiator = new Initiator({ keys, index, random })
    return { bytes: initiator.init, handshake: { initiator, index } }
  }
}

const maxGoals = 4_096 // more than an attempt has

/** How a knock names a run: who watches two networks cannot tell in another hour that it is the same. */
export const runName = ({ mac1 }: LinkKeys, run: Uint8Array): Uint8Array =>
  hmacSha256(mac1, utf8ToBytes('run'), run).slice(0, run.length)

/** What the link needs of the pair's keys in one epoch. */
export function linkKeys(pair: Pair, epoch: number): LinkKeys {
  return {
    psk: pair.key('psk', 0, epoch),
    mac1: pair.key('mac1', 0, epoch),
    tags: { initiator: pair.tag('initiator', epoch), responder: pair.tag('responder', epoch) },
  }
}
