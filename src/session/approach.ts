/**
 * Reaches one buddy: sends the first datagram of the link's handshake to all of
 * his addresses until one of them answers. The Noise initiator sends its init;
 * the responder knocks, which opens its own NAT and asks for that init.
 * Sans-I/O as `src/machine.ts` says, but that its owner has already looked up
 * whom a datagram is for. docs/Protocol.md, "The sealed link".
 */
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { equal, hmacSha256, type Random } from '../crypto.ts'
import type { Address, Datagram, Local, Output, Path, WallClock } from '../machine.ts'
import { mayProbe } from '../nat/candidates.ts'
import { Probes } from '../nat/probes.ts'
import { epochOf, type Pair } from '../profile/pair.ts'
import { Queue } from '../queue.ts'
import { knock, type LinkKeys, readKnock } from '../transport/link/frames.ts'
import { Initiator, Responder } from '../transport/link/handshake.ts'
import { Knocks } from '../transport/link/knocks.ts'
import type { Established } from '../transport/link/sealed.ts'

export type ApproachEvent =
  /** The handshake is done: a link can be made of it. */
  | { readonly kind: 'reached'; readonly established: Established; readonly path: Path }
  /** An attempt begins, or ends in vain. */
  | { readonly kind: 'trying' }
  | { readonly kind: 'failed' }
  /** There is a conversation, and something says that the buddy's program was started anew. */
  | { readonly kind: 'doubt' }
  /** A half-open link of this index had to make room for a newer one. */
  | { readonly kind: 'displaced'; readonly index: number }

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

/** What of a record matters here. */
export interface Found {
  readonly sessionId: Uint8Array
  readonly addresses: readonly Address[]
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
  #peers: readonly Address[] = [] // of the buddy's record
  #attempt: Attempt | undefined
  #run: Uint8Array | undefined // of the buddy, told in a conversation
  readonly #formerRuns = new Set<string>() // what is left never comes back: whoever shows it replays
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

  /** What a new record of the buddy's says. */
  found({ sessionId, addresses }: Found, now: number): void {
    this.#peers = addresses.filter((address) => mayProbe(address, this.#options))
    this.#failures = 0
    if (!this.#isWanted) this.#compare(sessionId, (run) => run)
    else if (this.#peers.length > 0) this.#begin(this.#peers, now)
  }

  /** The buddy says in the conversation which run of his program speaks. */
  ran(run: Uint8Array): void {
    const former = this.#run
    if (former && !equal(former, run)) this.#formerRuns.add(bytesToHex(former))
    if (this.#formerRuns.size > maxFormerRuns)
      this.#formerRuns.delete(this.#formerRuns.values().next().value!)
    this.#run = run.slice()
  }

  /** There is a conversation, or one is tried: no attempt until `resume`. */
  rest(): void {
    this.#isWanted = false
    this.#retryAt = Infinity
    this.#abandon()
  }

  /** There is none: try, after `pause` ms. */
  resume(pause: number, now: number): void {
    this.#isWanted = true
    this.#failures = 0
    if (!this.#attempt) this.#retryAt = now + pause
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
    this.rest()
    this.#emit({ kind: 'reached', established, path: { local, peer } })
  }

  *drain(now: number): Generator<Output<ApproachEvent>> {
    if (!this.#attempt && now >= this.#retryAt) this.#retry(now)
    const { local } = this.#options
    const attempt = this.#attempt
    for (const peer of attempt?.probes.due(now) ?? [])
      yield { kind: 'send', datagram: { local, peer, bytes: attempt!.bytes } }
    if (attempt?.probes.isOver(now)) this.#fail(now)
    yield* this.#outbox.take()
  }

  /** The link of this index is secured or gone: another may be half-open. */
  settle(index: number): void {
    this.#responder.settle(index)
  }

  /** Ends all; indices are free again. */
  close(): void {
    this.rest()
  }

  /**
   * What names a run is not the one we talk with: it may be that the buddy's
   * program was started anew, or a replay of what it said earlier. Only the
   * conversation itself can tell.
   *
   * @param shown - how a run is named where `name` was read
   */
  #compare(name: Uint8Array, shown: (run: Uint8Array) => Uint8Array): void {
    if (this.#run && equal(name, shown(this.#run))) return
    for (const former of this.#formerRuns) if (equal(name, shown(hexToBytes(former)))) return
    this.#emit({ kind: 'doubt' })
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
      this.#attempt = { probes, bytes: knock(keys, runName(keys, sessionId), random), handshake: undefined }
    }
    this.#retryAt = Infinity
    this.#emit({ kind: 'trying' })
  }

  /** Without an address there is nothing to try: a record or a knock will bring one. */
  #retry(now: number): void {
    this.#retryAt = Infinity
    if (this.#peers.length > 0) this.#begin(this.#peers, now)
  }

  #fail(now: number): void {
    this.#abandon()
    const pause = pauses[this.#failures++] ?? steadyPause
    if (this.#isWanted) this.#retryAt = now + pause
    this.#emit({ kind: 'failed' })
  }

  #abandon(): void {
    const handshake = this.#attempt?.handshake
    handshake?.initiator.wipe()
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
    if (answer.displaced !== undefined) this.#emit({ kind: 'displaced', index: answer.displaced })
    // It may be a replay: only when something opens on the link is anybody there.
    if (!answer.established) return
    this.#emit({ kind: 'reached', established: answer.established, path: { local, peer } })
  }

  /** One init for a knock, and nothing else: whoever it came from is not probed again. */
  #hearKnock({ local, peer, bytes }: Datagram, epoch: number, now: number): void {
    const keys = linkKeys(this.#options.pair, epoch)
    const heard = readKnock(keys, bytes)
    if (!heard || !mayProbe(peer, this.#options) || !this.#knocks.mayAnswer(peer, now)) return
    if (!this.#isWanted) {
      this.#compare(heard.sessionId, (run) => runName(keys, run))
      return
    }
    if (!this.#attempt) this.#begin([], now)
    const { bytes: init } = this.#attempt!
    this.#outbox.push({ kind: 'send', datagram: { local, peer, bytes: init } })
  }

  #emit(event: ApproachEvent): void {
    this.#outbox.push({ kind: 'event', event })
  }
}

/** How a knock names a run: who watches two networks cannot tell that it is the same. */
const runName = ({ mac1 }: LinkKeys, run: Uint8Array): Uint8Array =>
  hmacSha256(mac1, utf8ToBytes('run'), run).slice(0, run.length)

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

const maxFormerRuns = 16
