/**
 * The link's handshake. The initiator's one init goes to all of the buddy's
 * candidates, octet for octet the same: the first path on which the response
 * comes is the path. No answer is longer than its question, and a stranger, a
 * replay or a damaged frame gets none. When and where to send is the owner's.
 */
import { equal, type Random } from '../../crypto.ts'
import type { Address } from '../../machine.ts'
import { type LinkKeys, readInit, readResponse, writeInit, writeResponse } from './frames.ts'
import { NoiseInitiator, respond } from './noise.ts'
import type { Established } from './sealed.ts'

export interface InitiatorOptions {
  readonly keys: LinkKeys
  /** 32 bits that no other link or handshake of ours has: the response comes under it. */
  readonly index: number
  readonly random: Random
}

export class Initiator {
  /** 192 octets. */
  readonly init: Uint8Array
  readonly #keys: LinkKeys
  readonly #index: number
  readonly #noise: NoiseInitiator
  #isOver = false

  constructor({ keys, index, random }: InitiatorOptions) {
    this.#keys = keys
    this.#index = index
    this.#noise = new NoiseInitiator({ prologue, psk: keys.psk, secret: random(32) })
    this.init = writeInit(keys, { index, noise: this.#noise.message })
  }

  /** The link, for the first response to this init; never more than once. */
  receive(bytes: Uint8Array): Established | undefined {
    if (this.#isOver) return undefined
    const response = readResponse(this.#keys, bytes)
    if (response?.peerIndex !== this.#index) return undefined
    const agreed = this.#noise.read(response.noise)
    if (!agreed) return undefined
    this.wipe()
    const { h, ck } = agreed
    return { role: 'initiator', h, ck, index: this.#index, peerIndex: response.index }
  }

  /** Ends the handshake: nothing that comes later is its response. */
  wipe(): void {
    this.#isOver = true
    this.#noise.wipe()
  }
}

export interface ResponderOptions {
  /** Of the epoch whose tag the init carries. */
  readonly keys: LinkKeys
  readonly epoch: number
  /** 32 bits that no link of ours has; used only if there is a new link. */
  readonly index: number
  readonly random: Random
}

export interface Answer {
  readonly response: Uint8Array // 76 octets, to where the init came from
  /** With the first response only. */
  readonly established?: Established
  /** The index of a half-open link that made room for this one: its owner drops it. */
  readonly displaced?: number
}

/** One for a buddy: makes one link of each ephemeral key, and remembers what replays need. */
export class Responder {
  readonly #ephemerals = new Map<string, number>() // oldest first -> epoch
  #recent: Recent[] = []
  #halfOpen: readonly HalfOpen[] = [] // oldest first

  receive(init: Uint8Array, peer: Address, options: ResponderOptions, now: number): Answer | undefined {
    const { keys, epoch, index, random } = options
    this.#expire(now)
    const read = readInit(keys, init)
    if (!read) return undefined
    const ephemeral = latin1(read.noise.subarray(0, 32))
    if (this.#ephemerals.has(ephemeral)) return this.#repeat(init, peer)
    const isFull = this.#halfOpen.length >= maxHalfOpen
    const displaceables = this.#halfOpen.filter(({ since }) => now - since > displaceable)
    if (isFull && displaceables.length === 0) return undefined
    const agreed = respond(read.noise, { prologue, psk: keys.psk, secret: random(32) })
    if (!agreed) return undefined
    const { h, ck, message } = agreed
    const response = writeResponse(keys, { index, peerIndex: read.index, noise: message })
    this.#remember(ephemeral, epoch)
    const displaced = isFull ? oneOf(displaceables, random) : undefined
    if (displaced) this.#displace(displaced)
    this.#recent.push({ index, init, response, peers: new Set([peer]), until: now + repeatsFor })
    this.#halfOpen = [...this.#halfOpen, { index, since: now }]
    const established = { role: 'responder', h, ck, index, peerIndex: read.index } as const
    return { response, established, ...(displaced && { displaced: displaced.index }) }
  }

  /** The link of this index is up, or gone: it is half-open no more. Without it, it is after 15 s. */
  settle(index: number): void {
    this.#halfOpen = this.#halfOpen.filter((each) => each.index !== index)
  }

  /** Nobody is led to a link that is gone; that there was one stays known. */
  #displace({ index }: HalfOpen): void {
    this.settle(index)
    this.#recent = this.#recent.filter((each) => each.index !== index)
  }

  #repeat(init: Uint8Array, peer: Address): Answer | undefined {
    const recent = this.#recent.find((each) => equal(each.init, init))
    if (!recent || (recent.peers.size >= maxPeers && !recent.peers.has(peer))) return undefined
    recent.peers.add(peer)
    return { response: recent.response }
  }

  #remember(ephemeral: string, epoch: number): void {
    // Nobody's clock takes an init older than two epochs before the newest.
    for (const [each, of] of this.#ephemerals) if (of < epoch - 2) this.#ephemerals.delete(each)
    const [oldest] = this.#ephemerals.keys()
    if (this.#ephemerals.size >= maxEphemerals && oldest !== undefined) this.#ephemerals.delete(oldest)
    this.#ephemerals.set(ephemeral, epoch)
  }

  #expire(now: number): void {
    this.#recent = this.#recent.filter(({ until }) => now < until)
    this.#halfOpen = this.#halfOpen.filter(({ since }) => now < since + halfOpenFor)
  }
}

interface HalfOpen {
  readonly index: number
  readonly since: number // ms
}

interface Recent {
  readonly index: number
  readonly init: Uint8Array
  readonly response: Uint8Array
  readonly peers: Set<Address>
  readonly until: number // ms
}

/** One by lot: the bias of a modulo of 32 bits is nothing for four. */
function oneOf<Item>(items: readonly Item[], random: Random): Item | undefined {
  return items[new DataView(random(4).slice().buffer).getUint32(0) % items.length]
}

const latin1 = (bytes: Uint8Array): string => String.fromCharCode(...bytes)

/** Noise, section 6: another version of the link shares no handshake with this one. */
const prologue = new TextEncoder().encode('otrtalk link v1')
// An init that was recorded while we were off is new to us. Whoever plays such back takes a place from nobody
// for longer than `displaceable`, and an honest link has that long to come up; beyond that the lot decides, so
// that nobody can time his recordings to a certain link's turn.
const maxHalfOpen = 4
const displaceable = 2_000 // ms: a DAKE's three messages and its work, at 500 ms RTT
const halfOpenFor = 15_000 // ms: a link that is not up by then is lost
const repeatsFor = 10_000 // ms
const maxPeers = 8
// 160 kB a buddy at most, and three epochs. The oldest is forgotten, not the newest refused, which would lock an
// honest buddy out; a replay of what is forgotten gains half a link for 15 s.
const maxEphemerals = 4_096
