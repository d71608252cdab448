/**
 * All of one profile: one socket, the DHT, every buddy. Commands go in, plain
 * JSON events come out; see `command.ts`. Sans-I/O: see `src/machine.ts`.
 */
import { bytesToHex } from '@noble/hashes/utils.js'
import type { Random } from '../crypto.ts'
import { Discovery, type DiscoveryEvent, type PairKeys } from '../discovery/discovery.ts'
import type { Address, Datagram, Local, Machine, Notice, Output, WallClock } from '../machine.ts'
import { ownCandidates } from '../nat/candidates.ts'
import { Attempts } from '../otr/attempts.ts'
import { epochOf, type Pair } from '../profile/pair.ts'
import { Queue } from '../queue.ts'
import { frameReceiver, frameTag } from '../transport/link/frames.ts'
import { splitAddress } from '../wire/address.ts'
import { classify } from '../wire/classify.ts'
import { Buddy, type BuddyOptions, type Own } from './buddy.ts'
import type { Command, NetworkState, TalkEvent } from './command.ts'

export interface TalkOptions {
  /** The profile's name. */
  readonly name: string
  readonly own: Own
  readonly random: Random
  readonly wall: WallClock
  readonly dht: DhtOptions
  /** IPv4 addresses of the interfaces that may be used. */
  readonly hosts: readonly string[]
  /** Loopback is told and probed: in a private network on this machine. */
  readonly loopback: boolean
  readonly now: number
}

export interface DhtOptions {
  readonly mode: 'client' | 'node' | 'off'
  readonly bootstrap: readonly Address[]
  readonly saved: readonly Address[]
}

/** Whom there is to talk with. */
export type Known = Pick<BuddyOptions, 'whom' | 'invite' | 'isStrange'>

export class Talk implements Machine<TalkEvent> {
  readonly #options: TalkOptions
  readonly #events = new Queue<TalkEvent>()
  readonly #outputs = new Queue<Output<TalkEvent>>()
  readonly #whoms = new Map<string, Known>()
  readonly #sought = new Map<string, { readonly alias: string; readonly pair: Pair }>() // by the name the DHT has for it
  readonly #buddies = new Map<string, Buddy>()
  readonly #owners = new Map<number, string>() // receiver index -> alias
  readonly #discovery: Discovery | undefined
  readonly #sessionId: Uint8Array
  readonly #attempts = new Attempts()
  #leaving: Buddy[] = []
  #local: Local = { kind: 'udp4' }
  #at: Address | undefined // where our socket is bound
  #reflexive: Address | undefined
  #reopenAt = Infinity
  #sessions = 0
  #names = 0
  #tags: { readonly epoch: number; readonly table: ReadonlyMap<string, Tagged> } | undefined
  #network: NetworkState | undefined
  #isClosing = false

  constructor(options: TalkOptions) {
    this.#options = options
    const { dht, random, wall, now } = options
    if (dht.mode !== 'off') {
      const { mode, bootstrap, saved } = dht
      this.#discovery = new Discovery({ local: this.#local, random, wall, mode, bootstrap, saved, now })
    }
    this.#sessionId = this.#discovery?.sessionId ?? random(8)
    this.#outputs.push({ kind: 'open', local: this.#local })
  }

  get deadline(): number {
    if (this.#events.length > 0 || this.#outputs.length > 0) return -Infinity
    // Without a socket nothing of the DHT is due: its answers could not come.
    const dht = this.#at === undefined ? Infinity : (this.#discovery?.deadline ?? Infinity)
    return Math.min(this.#reopenAt, dht, ...this.#everybody().map(({ deadline }) => deadline))
  }

  /** Everything closed has said goodbye. */
  get isQuiet(): boolean {
    return this.#buddies.size === 0 && this.#leaving.every(({ isQuiet }) => isQuiet)
  }

  /** Nodes of the DHT that answered, to begin with the next time. */
  get nodes(): readonly Address[] {
    return this.#discovery?.nodes() ?? []
  }

  /** Makes a buddy known, or who has the other half of an invite code. */
  know(known: Known): void {
    const { whom } = known
    this.#whoms.set(whom.kind === 'known' ? whom.contact.alias : whom.alias, known)
  }

  /** This address, that he told, is in the vault: he is the buddy, and may know. */
  saved(alias: string, address: string, now: number): void {
    this.#buddies.get(alias)?.saved(address, now)
  }

  act(command: Command, now: number): void {
    if (this.#isClosing) return
    const { buddy: alias } = command
    switch (command.kind) {
      case 'open':
        this.#open(alias, now)
        return
      case 'close':
        this.#close(alias, now)
        return
      case 'say': {
        const buddy = this.#buddies.get(alias)
        if (buddy) buddy.say(command.text, command.id, now)
        else
          this.#emit({
            kind: 'undelivered',
            buddy: alias,
            id: command.id,
            why: this.#whoms.has(alias) ? 'closed' : 'unknown-buddy',
          })
        return
      }
      case 'verify': {
        const { question, secret } = command
        this.#buddies.get(alias)?.verify({ secret, ...(question !== undefined && { question }) }, now)
        return
      }
      case 'answer':
        this.#buddies.get(alias)?.answer(command.secret, now)
        return
      case 'cancel':
        this.#buddies.get(alias)?.cancel(now)
        return
      default:
        command satisfies never
    }
  }

  /** Ends every conversation, saying so; done when `isQuiet`. */
  quit(now: number): void {
    this.#isClosing = true
    for (const alias of [...this.#buddies.keys()]) this.#close(alias, now)
  }

  addBootstrap(addresses: readonly Address[], now: number): void {
    this.#discovery?.addBootstrap(addresses, now)
  }

  receive(datagram: Datagram, now: number): void {
    if (datagram.local !== this.#local) return
    const owner = classify(datagram.bytes)
    if (owner === 'dht') this.#discovery?.receive(datagram, now)
    if (owner === 'link') this.#receiveFrame(datagram, now)
  }

  notice(notice: Notice, now: number): void {
    if (notice.local !== this.#local) return
    if (notice.kind === 'opened') {
      this.#opened(notice.at, now)
      return
    }
    this.#at = undefined
    this.#enter('no-socket')
    this.#reopenAt = this.#isClosing ? Infinity : now + reopenPause
  }

  *drain(now: number): Generator<Output<TalkEvent>> {
    if (now >= this.#reopenAt) {
      this.#reopenAt = Infinity
      this.#outputs.push({ kind: 'open', local: this.#local })
    }
    yield* this.#outputs.take()
    if (this.#at !== undefined) {
      for (const out of this.#discovery?.drain(now) ?? []) {
        if (out.kind === 'event') this.#hear(out.event, now)
        else yield out
      }
    }
    for (const buddy of this.#everybody()) {
      yield* buddy.drain(now)
      this.#seek(buddy, now)
    }
    this.#leaving = this.#leaving.filter(({ isQuiet }) => !isQuiet)
    for (const event of this.#events.take()) yield { kind: 'event', event }
  }

  #everybody(): readonly Buddy[] {
    return [...this.#buddies.values(), ...this.#leaving]
  }

  #open(alias: string, now: number): void {
    const known = this.#whoms.get(alias)
    if (!known || this.#buddies.has(alias)) return
    const { own, random, wall, loopback } = this.#options
    const buddy = new Buddy({
      ...known,
      own,
      local: this.#local,
      random,
      wall,
      sessionId: this.#sessionId,
      indices: this.#indicesOf(alias),
      nextSession: () => ++this.#sessions,
      attempts: this.#attempts,
      loopback,
      now,
    })
    this.#buddies.set(alias, buddy)
    this.#seek(buddy, now)
  }

  #close(alias: string, now: number): void {
    const buddy = this.#buddies.get(alias)
    if (!buddy) return
    this.#buddies.delete(alias)
    buddy.close(now)
    this.#leaving.push(buddy)
    this.#seek(buddy, now)
  }

  /** Publishes and looks in the DHT under every secret shared with him, and under no other any more. */
  #seek(buddy: Buddy, now: number): void {
    const { alias } = buddy
    const wanted = this.#buddies.get(alias) === buddy ? buddy.pairs : []
    for (const [name, sought] of [...this.#sought]) {
      if (sought.alias !== alias || wanted.includes(sought.pair)) continue
      this.#sought.delete(name)
      this.#discovery?.stop(name)
      this.#tags = undefined
    }
    const has = new Set([...this.#sought.values()].map(({ pair }) => pair))
    for (const pair of wanted) {
      if (has.has(pair)) continue
      const name = `${alias} ${++this.#names}`
      this.#sought.set(name, { alias, pair })
      const key: PairKeys['key'] = (...which) => pair.key(...which)
      this.#discovery?.seek(name, { own: pair.direction, key, ...(pair.mark && { mark: pair.mark }) }, now)
      this.#tags = undefined
    }
  }

  #opened(at: Address, now: number): void {
    this.#at = at
    const { name } = this.#options
    const { port } = splitAddress(at)
    const addresses = this.#candidates().map(({ address }) => address as string)
    this.#emit({ kind: 'listening', profile: name, port, addresses })
    if (this.#discovery) this.#enter('joining')
    this.#announce(now)
  }

  #announce(now: number): void {
    this.#discovery?.announce(this.#candidates(), now)
  }

  #candidates(): ReturnType<typeof ownCandidates> {
    if (this.#at === undefined) return []
    const { hosts, loopback } = this.#options
    const { port } = splitAddress(this.#at)
    return ownCandidates({ hosts, port, reflexive: this.#reflexive, loopback })
  }

  #hear(event: DiscoveryEvent, now: number): void {
    switch (event.kind) {
      case 'joined':
      case 'unreachable':
        this.#enter(event.kind)
        return
      case 'external':
        this.#reflexive = event.address
        this.#announce(now)
        return
      case 'found': {
        const { sessionId, candidates } = event.record
        const addresses = candidates.map(({ address }) => address)
        const sought = this.#sought.get(event.name)
        if (sought) this.#buddies.get(sought.alias)?.found(sought.pair, { sessionId, addresses }, now)
        return
      }
      case 'elsewhere':
        this.#emit({ kind: 'refused', buddy: this.#sought.get(event.name)?.alias ?? '', why: 'elsewhere' })
        return
      default:
        event satisfies never
    }
  }

  /** One look-up decides whether a frame is anybody's; a stranger costs nothing else. */
  #receiveFrame(datagram: Datagram, now: number): void {
    const tag = frameTag(datagram.bytes)
    if (tag) {
      const tagged = this.#tagged(bytesToHex(tag), now)
      if (tagged) this.#buddies.get(tagged.alias)?.receiveTagged(datagram, tagged, now)
      return
    }
    const index = frameReceiver(datagram.bytes)
    if (index === undefined) return
    const alias = this.#owners.get(index)
    if (alias === undefined) return
    for (const buddy of this.#everybody()) {
      if (buddy.alias === alias) buddy.receive(datagram, index, now)
    }
  }

  #tagged(tag: string, now: number): Tagged | undefined {
    const epoch = epochOf(this.#options.wall(now))
    if (this.#tags?.epoch !== epoch) this.#tags = { epoch, table: this.#tagTable(epoch) }
    return this.#tags.table.get(tag)
  }

  /** Clocks may differ by an hour: the tags of three epochs are known. */
  #tagTable(epoch: number): Map<string, Tagged> {
    const table = new Map<string, Tagged>()
    for (const { alias, pair } of this.#sought.values()) {
      const theirs = pair.role === 'initiator' ? 'responder' : 'initiator'
      for (const e of [epoch - 1, epoch, epoch + 1])
        table.set(bytesToHex(pair.tag(theirs, e)), { alias, pair, epoch: e })
    }
    return table
  }

  #indicesOf(alias: string): { allocate: () => number; release: (index: number) => void } {
    return {
      allocate: () => {
        for (;;) {
          const [a, b, c, d] = this.#options.random(4)
          const index = ((a! << 24) | (b! << 16) | (c! << 8) | d!) >>> 0
          if (this.#owners.has(index)) continue
          this.#owners.set(index, alias)
          return index
        }
      },
      release: (index) => this.#owners.delete(index),
    }
  }

  #enter(state: NetworkState): void {
    if (this.#network === state) return
    this.#network = state
    this.#emit({ kind: 'network', state })
  }

  #emit(event: TalkEvent): void {
    this.#events.push(event)
  }
}

interface Tagged {
  readonly alias: string
  readonly pair: Pair
  readonly epoch: number
}

const reopenPause = 5_000 // ms; an interface may come back
