/**
 * Finds buddies on the same link, without internet and without anything to
 * configure: announces ourselves by multicast, in octets that only buddies
 * understand, and listens for theirs. Nobody is answered but by the next
 * announcement to all. Spec: "LAN" in docs/Protocol.md.
 */
import { bytesToHex } from '@noble/hashes/utils.js'
import { type Random, sha256 } from '../crypto.ts'
import type { Address, Datagram, Local, Machine, Notice, Output, WallClock } from '../machine.ts'
import { Queue } from '../queue.ts'
import { formatAddress, parseAddress, splitAddress } from '../wire/address.ts'
import { type Announced, type LanPorts, readAnnouncement, writeAnnouncements } from './lantags.ts'
import { type LanPair, Neighbour } from './neighbour.ts'
import { Pace } from './pace.ts'
import { epochOf } from './place.ts'

/** A buddy's program is on this link. Whoever is on it, too, may show an old announcement as from himself. */
export interface LanEvent {
  readonly kind: 'near'
  readonly name: string
  /** Where the announcement came from, with the port that it tells. */
  readonly address: Address
  /** Of the buddy's clock, which may be wrong: what we send him has tags and keys of this hour. */
  readonly epoch: number
  /** 8 octets that name the run of his program. */
  readonly sessionId: Uint8Array
}

export interface LanOptions {
  /** Opened and kept here. */
  readonly locals: { readonly multicast4?: Local; readonly multicast6?: Local }
  readonly random: Random
  readonly wall: WallClock
  /** 8 octets that name this run of the program. */
  readonly sessionId: Uint8Array
}

/**
 * 239.255/16 is IPv4's local scope (RFC 2365, section 6.1). `ff12::` is IPv6's
 * link-local scope for groups that nobody registered (RFC 4291, section 2.7),
 * with a group ID from the range for those (RFC 3307, section 4.3). The port
 * is the letters "ot": not a registered one, and below those that systems give
 * to sockets of no matter which port.
 */
export const lanGroup4 = parseAddress('239.255.111.116:28532')!
export const lanGroup6 = parseAddress('[ff12::ef74:7274]:28532')!

interface Found {
  readonly neighbour: Neighbour
  readonly sessionId: Uint8Array
}

export class Lan implements Machine<LanEvent> {
  readonly #options: LanOptions
  readonly #outbox = new Queue<Output<LanEvent>>()
  readonly #neighbours = new Map<string, Neighbour>()
  readonly #ends: readonly End[]
  readonly #heard = new Map<string, readonly Found[]>() // by digest: the same comes by every interface
  readonly #own = new Pace({ rate: 2, burst: 10 })
  readonly #answers = new Pace({ rate: 1 / 120, burst: 3 })
  readonly #sources = new Pace({ rate: 4, burst: 32 }) // at once: one announcement for 1,024 buddies, twice
  readonly #all = new Pace({ rate: 50, burst: 64 })
  #ports: LanPorts = { port4: 0, port6: 0 }
  #step = 0
  #dueAt = -Infinity
  #answerAt = Infinity

  constructor(options: LanOptions) {
    const { multicast4, multicast6 } = options.locals
    this.#options = options
    this.#ends = [
      ...(multicast4 ? [end(multicast4, lanGroup4)] : []),
      ...(multicast6 ? [end(multicast6, lanGroup6)] : []),
    ]
  }

  get deadline(): number {
    if (this.#outbox.length > 0) return -Infinity
    const openAt = Math.min(Infinity, ...this.#ends.map((each) => each.openAt))
    return this.#mayAnnounce ? Math.min(openAt, this.#dueAt, this.#answerAt) : openAt
  }

  /** Announces us to this buddy and listens for him; again: he is no longer met. At most 1,024 are sought. */
  seek(name: string, pair: LanPair): void {
    const known = this.#neighbours.get(name)
    if (known?.pair === pair && !known.isMet) return
    if (known?.pair === pair) known.isMet = false
    else {
      this.stop(name)
      if (this.#neighbours.size >= maxNeighbours) return
      this.#neighbours.set(name, new Neighbour(name, pair))
      this.#heard.clear()
    }
    this.#hurry()
  }

  /** There is a conversation with him: he is still announced to, as he may have to find us again, but rarely. */
  met(name: string): void {
    const neighbour = this.#neighbours.get(name)
    if (neighbour) neighbour.isMet = true
  }

  stop(name: string): void {
    const neighbour = this.#neighbours.get(name)
    if (!neighbour) return
    this.#neighbours.delete(name)
    neighbour[Symbol.dispose]()
    this.#heard.clear()
  }

  /** The UDP ports of our main ends; 0 or none: we are not reached by that family. */
  announce({ port4 = 0, port6 = 0 }: { readonly port4?: number; readonly port6?: number }): void {
    if (port4 === this.#ports.port4 && port6 === this.#ports.port6) return
    this.#ports = { port4, port6 }
    this.#hurry()
  }

  /** The network is another one, or has other interfaces. */
  moved(now: number): void {
    for (const each of this.#ends) if (each.openAt < Infinity) each.openAt = now
    for (const neighbour of this.#neighbours.values()) neighbour.forget()
    this.#hurry()
  }

  notice(notice: Notice, now: number): void {
    const known = this.#ends.find(({ local }) => local === notice.local)
    if (!known) return
    known.isOpen = notice.kind === 'opened'
    if (known.isOpen) this.#hurry()
    else known.openAt = now + reopenPause
  }

  receive({ local, peer, bytes }: Datagram, now: number): void {
    if (!this.#ends.some((each) => each.local === local && each.isOpen)) return
    const announced = readAnnouncement(bytes)
    if (!announced) return
    const digest = bytesToHex(sha256(bytes))
    const known = this.#heard.get(digest)
    const found = known ?? this.#find(announced, splitAddress(peer).address, now)
    if (!known && found) this.#remember(digest, found)
    for (const each of found ?? []) {
      this.#tell(each, announced, peer, now)
      if (!known) this.#answer(each, now)
    }
  }

  *drain(now: number): Generator<Output<LanEvent>> {
    for (const each of this.#ends) {
      if (now < each.openAt) continue
      each.openAt = Infinity
      yield { kind: 'open', local: each.local, peer: each.group }
    }
    if (this.#mayAnnounce && now >= Math.min(this.#dueAt, this.#answerAt)) this.#speak(now)
    yield* this.#outbox.take()
  }

  get #mayAnnounce(): boolean {
    const { port4, port6 } = this.#ports
    return this.#neighbours.size > 0 && port4 + port6 > 0 && this.#ends.some(({ isOpen }) => isOpen)
  }

  /** Begins the schedule again. */
  #hurry(): void {
    this.#step = 0
    this.#dueAt = -Infinity
  }

  #speak(now: number): void {
    if (!this.#own.take('', now)) {
      this.#dueAt = this.#own.readyAt('', now)
      this.#answerAt = Infinity
      return
    }
    if (now >= this.#dueAt) this.#dueAt = now + this.#nextGap()
    this.#answerAt = Infinity
    const { random, sessionId, wall } = this.#options
    const epoch = epochOf(wall(now))
    const keys = [...this.#neighbours.values()].map((neighbour) => neighbour.ownKey(epoch))
    for (const bytes of writeAnnouncements({ ...this.#ports, epoch, sessionId }, keys, random)) {
      this.#remember(bytesToHex(sha256(bytes)), []) // ours comes back by every interface
      for (const { local, group, isOpen } of this.#ends)
        if (isOpen) this.#outbox.push({ kind: 'send', datagram: { local, peer: group, bytes } })
    }
  }

  #nextGap(): number {
    const early = earlyGaps[this.#step++]
    if (early !== undefined) return early
    const isEager = [...this.#neighbours.values()].some(({ isMet }) => !isMet)
    return (isEager ? eagerGap : calmGap) * (0.75 + this.#chance() / 2)
  }

  /** The buddies whose tags are in it; `undefined` if there is no time for this one. */
  #find(announced: Announced, source: string, now: number): readonly Found[] | undefined {
    if (!this.#sources.take(source, now) || !this.#all.take('', now)) return undefined
    const found: Found[] = []
    for (const neighbour of this.#neighbours.values()) {
      const sessionId = announced.opens(neighbour.theirKey(announced.epoch))
      if (sessionId) found.push({ neighbour, sessionId })
    }
    return found
  }

  #remember(digest: string, found: readonly Found[]): void {
    this.#heard.set(digest, found)
    if (this.#heard.size > maxHeard) this.#heard.delete(this.#heard.keys().next().value!)
  }

  #tell(
    { neighbour, sessionId }: Found,
    { port4, port6, epoch }: Announced,
    peer: Address,
    now: number,
  ): void {
    const { address: host } = splitAddress(peer)
    const address = formatAddress({ address: host, port: host.includes(':') ? port6 : port4 })
    if (address === undefined || !neighbour.tell(address, now)) return
    const event = { kind: 'near', name: neighbour.name, address, epoch, sessionId } as const
    this.#outbox.push({ kind: 'event', event })
  }

  /** He may have missed what we said before he came; three times, as what we say now may be lost. */
  #answer({ neighbour, sessionId }: Found, now: number): void {
    if (!this.#answers.take(`${bytesToHex(sessionId)} ${neighbour.name}`, now)) return
    this.#answerAt = Math.min(this.#answerAt, now + minAnswer + this.#chance() * answerSpread)
  }

  /** 0 to 1 */
  #chance(): number {
    return this.#options.random(1)[0]! / 256
  }
}

/** One of our multicast ends, and where it speaks. */
interface End {
  readonly local: Local
  readonly group: Address
  isOpen: boolean
  openAt: number // ms
}

const end = (local: Local, group: Address): End => ({ local, group, isOpen: false, openAt: -Infinity })

const earlyGaps = [250, 750, 1_000, 2_000, 4_000] // ms: multicast over Wi-Fi is lost more often than not
const eagerGap = 30_000 // ms
const calmGap = 120_000 // ms
const minAnswer = 20 // ms
const answerSpread = 100 // ms: all on a link hear the same at the same time
const reopenPause = 5_000 // ms; an interface may come back
const maxNeighbours = 1_024 // HMACs for each announcement of a stranger: 2 ms
const maxHeard = 64
