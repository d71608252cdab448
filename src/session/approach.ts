/**
 * Reaches one buddy: sends the first datagram of the link's handshake to all of
 * his addresses until one of them answers. The Noise initiator sends its init;
 * the responder knocks, which opens its own NAT and asks for that init.
 * Sans-I/O as `src/machine.ts` says, but that its owner has already looked up
 * whom a datagram is for. docs/Protocol.md, "The sealed link".
 */
import type { Random } from '../crypto.ts'
import type { Address, Datagram, Local, Output, Path, WallClock } from '../machine.ts'
import { mayProbe } from '../nat/candidates.ts'
import { Probes } from '../nat/probes.ts'
import { epochOf, type Pair } from '../profile/pair.ts'
import { Queue } from '../queue.ts'
import {
  type Established,
  Initiator,
  Knocks,
  knock,
  type LinkKeys,
  Responder,
  readKnock,
} from '../transport/link/handshake.ts'

export type ApproachEvent =
  /** The handshake is done: a link can be made of it. */
  | { readonly kind: 'reached'; readonly established: Established; readonly path: Path }
  /** An attempt begins, or ends in vain. */
  | { readonly kind: 'trying' }
  | { readonly kind: 'failed' }

export interface ApproachOptions {
  readonly pair: Pair
  readonly local: Local
  readonly random: Random
  readonly wall: WallClock
  /** Names this run of the program in knocks and records: 8 octets. */
  readonly sessionId: Uint8Array
  /** Draws a receiver index that this process does not use; it is ours until released. */
  readonly allocate: () => number
  readonly release: (index: number) => void
  readonly loopback: boolean
}

interface Attempt {
  readonly probes: Probes
  readonly bytes: Uint8Array
  readonly handshake: { readonly initiator: Initiator; readonly index: number } | undefined
}

export class Approach {
  readonly #options: ApproachOptions
  readonly #outbox = new Queue<Output<ApproachEvent>>()
  readonly #responder = new Responder()
  readonly #knocks = new Knocks()
  #peers: readonly Address[] = []
  #attempt: Attempt | undefined
  #failures = 0
  #retryAt = Infinity
  #isWanted = true

  constructor(options: ApproachOptions) {
    this.#options = options
  }

  get deadline(): number {
    if (this.#outbox.length > 0) return -Infinity
    return this.#attempt ? this.#attempt.probes.deadline : this.#retryAt
  }

  /** Where the buddy says that he can be reached, from a record that is new. */
  found(addresses: readonly Address[], now: number): void {
    this.#peers = addresses.filter((address) => mayProbe(address, this.#options))
    this.#failures = 0
    if (this.#peers.length > 0) this.#begin(this.#peers, now)
  }

  /** There is a conversation: no attempt of our own until `resume`. */
  rest(): void {
    this.#isWanted = false
    this.#retryAt = Infinity
    this.#abandon()
  }

  resume(now: number): void {
    this.#isWanted = true
    this.#failures = 0
    if (!this.#attempt && this.#peers.length > 0) this.#retryAt = now
  }

  /** Waits at least `pause` ms before the next attempt of our own. */
  backOff(pause: number, now: number): void {
    this.#abandon()
    if (this.#isWanted) this.#retryAt = now + pause
  }

  /** A frame whose tag is this pair's in `epoch`. */
  receiveTagged(datagram: Datagram, epoch: number, now: number): void {
    if (this.#options.pair.role === 'responder') this.#answer(datagram, epoch, now)
    else this.#hearKnock(datagram, epoch, now)
  }

  /** A response to the index of the attempt under way. */
  receiveResponse({ local, peer, bytes }: Datagram): void {
    const established = this.#attempt?.handshake?.initiator.receive(bytes)
    if (!established) return
    this.#attempt = undefined // its index is the link's
    this.#emit({ kind: 'reached', established, path: { local, peer } })
  }

  *drain(now: number): Generator<Output<ApproachEvent>> {
    if (!this.#attempt && now >= this.#retryAt) this.#begin(this.#peers, now)
    const { local } = this.#options
    const attempt = this.#attempt
    for (const peer of attempt?.probes.due(now) ?? [])
      yield { kind: 'send', datagram: { local, peer, bytes: attempt!.bytes } }
    if (attempt?.probes.isOver(now)) this.#fail(now)
    yield* this.#outbox.take()
  }

  /** Ends all; indices are free again. */
  close(): void {
    this.rest()
  }

  #begin(peers: readonly Address[], now: number): void {
    this.#abandon()
    const { pair, random, wall, sessionId, allocate } = this.#options
    const keys = linkKeys(pair, epochOf(wall(now)))
    const probes = new Probes({ peers, now })
    if (pair.role === 'initiator') {
      const index = allocate()
      const initiator = new Initiator({ keys, index, random })
      this.#attempt = { probes, bytes: initiator.init, handshake: { initiator, index } }
    } else {
      this.#attempt = { probes, bytes: knock(keys, sessionId, random), handshake: undefined }
    }
    this.#retryAt = Infinity
    this.#emit({ kind: 'trying' })
  }

  #fail(now: number): void {
    this.#abandon()
    const pause = pauses[this.#failures++] ?? steadyPause
    if (this.#isWanted) this.#retryAt = now + pause
    this.#emit({ kind: 'failed' })
  }

  #abandon(): void {
    const handshake = this.#attempt?.handshake
    if (handshake) this.#options.release(handshake.index)
    this.#attempt = undefined
  }

  #answer({ local, peer, bytes }: Datagram, epoch: number, now: number): void {
    const { pair, allocate, release, random } = this.#options
    const index = allocate()
    const keys = linkKeys(pair, epoch)
    const answer = this.#responder.receive(bytes, peer, { keys, epoch, index, random }, now)
    if (!answer?.established) release(index)
    if (!answer) return
    this.#outbox.push({ kind: 'send', datagram: { local, peer, bytes: answer.response } })
    if (answer.established)
      this.#emit({ kind: 'reached', established: answer.established, path: { local, peer } })
  }

  #hearKnock({ local, peer, bytes }: Datagram, epoch: number, now: number): void {
    const heard = readKnock(linkKeys(this.#options.pair, epoch), bytes)
    if (!heard || !mayProbe(peer, this.#options)) return
    if (!this.#knocks.mayAnswer(peer, heard.sessionId, now)) return
    if (!this.#attempt) {
      this.#begin([peer], now)
      return
    }
    this.#attempt.probes.learn(peer)
    this.#outbox.push({ kind: 'send', datagram: { local, peer, bytes: this.#attempt.bytes } })
  }

  #emit(event: ApproachEvent): void {
    this.#outbox.push({ kind: 'event', event })
  }
}

/** What the link needs of the pair's keys in one epoch. */
function linkKeys(pair: Pair, epoch: number): LinkKeys {
  return {
    psk: pair.key('psk', 0, epoch),
    mac1: pair.key('mac1', 0, epoch),
    tags: { initiator: pair.tag('initiator', epoch), responder: pair.tag('responder', epoch) },
  }
}

// The record may be old, and the buddy gone: ms between attempts.
const pauses = [1_000, 2_000, 5_000, 10_000, 30_000]
const steadyPause = 60_000
