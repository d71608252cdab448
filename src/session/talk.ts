/**
 * All of one profile: its ends in the network, the DHT, the LAN, every buddy.
 * Commands go in, plain JSON events come out; see `command.ts`. Sans-I/O: see
 * `src/machine.ts`.
 */
import type { Random } from '../crypto.ts'
import { Discovery, type DiscoveryEvent } from '../discovery/discovery.ts'
import { Lan, type LanEvent } from '../discovery/lan.ts'
import { Pace } from '../discovery/pace.ts'
import type { Address, Datagram, Local, Machine, Notice, Output, WallClock } from '../machine.ts'
import { maxCandidates } from '../nat/candidates.ts'
import { Stun } from '../nat/stun.ts'
import type { Goal } from '../nat/way.ts'
import { Attempts } from '../otr/attempts.ts'
import type { Pair } from '../profile/pair.ts'
import { Queue } from '../queue.ts'
import { frameReceiver, frameTag } from '../transport/link/frames.ts'
import { splitAddress } from '../wire/address.ts'
import { classify } from '../wire/classify.ts'
import type { Fresh } from './approach.ts'
import { Buddy, type BuddyOptions, type Own } from './buddy.ts'
import type { Command, NetworkState, TalkEvent } from './command.ts'
import { type OfferKind, Offers, type TakeFault } from './offers.ts'
import { type DhtReport, networkReport, type Report, withoutBuddy } from './report.ts'
import { SoughtNames } from './sought.ts'
import { type Family, type Place, Standing } from './standing.ts'

export interface TalkOptions {
  /** The profile's name. */
  readonly name: string
  readonly own: Own
  readonly random: Random
  readonly wall: WallClock
  readonly dht: DhtOptions
  readonly place: Place
  /** Buddies are looked for on the link, too. */
  readonly lan: boolean
  /** Whether a host is on the link: who is not cannot have been heard there. */
  readonly isOnLink?: ((host: string) => boolean) | undefined
  /** Others than nodes of the DHT shall say as whom they see us: `addStun` names them. */
  readonly stun: boolean
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
  readonly #names = new SoughtNames()
  readonly #buddies = new Map<string, Buddy>()
  readonly #owners = new Map<number, string>() // receiver index -> alias
  readonly #standing: Standing
  readonly #discoveries = new Map<Family, Discovery>()
  readonly #reach = new Map<Family, 'joined' | 'unreachable'>()
  readonly #seenRecords = new Map<string, number>() // by name: the newest, whichever family it came by
  readonly #elsewhere = new Map<string, number>() // by alias: told when
  readonly #lan: Lan | undefined
  readonly #met = new Set<string>() // names of buddies there is a conversation with
  readonly #stun: Stun
  readonly #offers: Offers
  // Two attempts of a thousand at once, for the first may be to where he was; then one a minute.
  readonly #guesses = new Pace({ rate: 17, burst: 2_048 })
  readonly #allGuesses = new Pace({ rate: 34, burst: 4_096 })
  readonly #sessionId: Uint8Array
  readonly #attempts = new Attempts()
  #mesh: readonly Goal[] = []
  #leaving: Buddy[] = []
  #sessions = 0
  #stunAt = Infinity
  #network: NetworkState | undefined
  #told: string | undefined // of where we listen
  #isClosing = false

  constructor(options: TalkOptions) {
    this.#options = options
    const { dht, random, wall, place, lan, loopback, now } = options
    const sessionId = random(8).slice()
    this.#sessionId = sessionId
    this.#standing = new Standing(place, { loopback, now })
    this.#offers = new Offers({ random, wall, sessionId })
    this.#stun = new Stun({ servers: [], random })
    if (lan) {
      const locals = { multicast4: { kind: 'multicast4' }, multicast6: { kind: 'multicast6' } } as const
      this.#lan = new Lan({ locals, random, wall, sessionId })
    }
    if (dht.mode === 'off') return
    const { mode, bootstrap, saved } = dht
    for (const family of ['udp4', 'udp6'] as const) {
      const local = this.#standing.localOf(family)
      const other = (): Discovery | undefined => this.#discoveryOf(family === 'udp4' ? 'udp6' : 'udp4')
      const discovery = new Discovery({ local, sessionId, other, random, wall, mode, bootstrap, saved, now })
      this.#discoveries.set(family, discovery)
    }
  }

  get deadline(): number {
    if (this.#events.length > 0 || this.#outputs.length > 0) return -Infinity
    let deadline = Math.min(this.#standing.deadline, this.#stun.deadline, this.#stunAt)
    if (this.#lan) deadline = Math.min(deadline, this.#lan.deadline)
    for (const [, discovery] of this.#open()) deadline = Math.min(deadline, discovery.deadline)
    for (const buddy of this.#everybody()) deadline = Math.min(deadline, buddy.deadline)
    return deadline
  }

  /** Everything closed has said goodbye. */
  get isQuiet(): boolean {
    return this.#buddies.size === 0 && this.#leaving.every(({ isQuiet }) => isQuiet)
  }

  /** Nodes of the DHT that answered, to begin with the next time. */
  get nodes(): readonly Address[] {
    const all = [...this.#discoveries.values()].map((discovery) => discovery.nodes())
    const most = all.every((nodes) => nodes.length > 0) ? maxSaved / all.length : maxSaved
    return all.flatMap((nodes) => nodes.slice(0, most))
  }

  /** Our socket for IPv4 is bound to it. */
  get port4(): number | undefined {
    return this.#standing.ports.udp4
  }

  /** Nothing more is being learnt about where we can be reached: what is open, and what STUN servers say. */
  get isGathered(): boolean {
    const { families } = this.#standing
    const isSeen = (family: Family): boolean => this.#standing.mapping(family).kind !== 'unknown'
    if (!families.some((family) => this.#standing.isOpen(family))) return false
    return !this.#options.stun || families.some(isSeen)
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

  /** Our line for this buddy, with where we can be reached by now; `undefined` if there is nothing to tell, or to answer. */
  offer(alias: string, kind: OfferKind, now: number): string | undefined {
    const buddy = this.#buddies.get(alias)
    if (!buddy) return undefined
    const { candidates } = this.#standing
    const line = this.#offers.make(kind, { alias, pairs: buddy.pairs, candidates }, now)
    this.#exchanging(now)
    return line
  }

  /** Takes a line that this buddy gave by other means. */
  take(alias: string, line: string, now: number): 'taken' | TakeFault {
    const buddy = this.#buddies.get(alias)
    if (!buddy) return 'unknown-buddy'
    const taken = this.#offers.take(line, { alias, pairs: buddy.pairs }, now)
    if (typeof taken === 'string') return taken
    const { pair, epoch, sessionId, candidates } = taken
    this.#exchanging(now)
    buddy.found(pair, { sessionId, candidates, startAt: 0, epoch }, now)
    return 'taken'
  }

  act(command: Command, now: number): void {
    if (this.#isClosing) return
    const { buddy: alias } = command
    switch (command.kind) {
      case 'open':
        this.#openBuddy(alias, now)
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
      case 'why':
        this.#emit({ kind: 'why', buddy: alias, report: this.#report(alias, now) })
        return
      default:
        command satisfies never
    }
  }

  #report(alias: string, now: number): Report {
    const { lan, stun, wall } = this.#options
    const dht = (family: Family): DhtReport => this.#dhtReport(family)
    const network = networkReport({ standing: this.#standing, dht, lan, stun })
    const told = this.#buddies.get(alias)?.report({ isOnLink: lan }, now)
    if (!told) return { network, buddy: withoutBuddy }
    const isElsewhere = now < (this.#elsewhere.get(alias) ?? -Infinity) + tellAgain
    const buddy = isElsewhere ? ({ ...told, refused: 'elsewhere' } as const) : told
    const times = this.#names.of(alias).flatMap(({ name }) => this.#seenRecords.get(name) ?? [])
    if (!buddy.record || times.length === 0) return { network, buddy }
    const age = Math.max(0, Math.round(wall(now) - Math.max(...times)))
    return { network, buddy: { ...buddy, record: { ...buddy.record, age } } }
  }

  #dhtReport(family: Family): DhtReport {
    const discovery = this.#discoveryOf(family)
    if (!discovery || !this.#standing.families.includes(family)) return { state: 'off', ...nothingSent }
    const { counters } = discovery
    const told = this.#reach.get(family)
    return { state: told ?? (counters.sent === 0 ? 'alone' : 'joining'), ...counters }
  }

  /** Ends every conversation, saying so; done when `isQuiet`. */
  quit(now: number): void {
    this.#isClosing = true
    this.#standing.close()
    for (const alias of [...this.#buddies.keys()]) this.#close(alias, now)
  }

  addBootstrap(addresses: readonly Address[], now: number): void {
    for (const discovery of this.#discoveries.values()) discovery.addBootstrap(addresses, now)
  }

  addStun(addresses: readonly Address[], now: number): void {
    this.#stun.add(addresses)
    this.#askStun(now)
  }

  /** Where others in the same mesh may wait. */
  addMesh(addresses: readonly Address[], now: number): void {
    this.#mesh = addresses.map((address) => ({ address, way: 'mesh' }))
    for (const buddy of this.#buddies.values())
      for (const pair of buddy.pairs) buddy.hear(pair, this.#mesh, now)
  }

  /** A router keeps this port for us, or none any more. */
  mapped(address: Address | undefined, now: number): void {
    this.#standing.mapped = address
    this.#announce(now)
  }

  /**
   * Our network is another one, or the machine slept.
   *
   * @param isBound - our ends are bound to addresses that may be gone
   */
  moved(place: Place, { isBound }: { readonly isBound: boolean }, now: number): void {
    this.#standing.moved(place, { isBound }, now)
    for (const discovery of this.#discoveries.values()) discovery.moved(now)
    this.#lan?.moved(now)
    this.#reach.clear()
    if (place.families.length === 0) this.#enter('gone')
    this.#announce(now)
    this.#askStun(now)
    for (const buddy of this.#buddies.values()) {
      buddy.moved(now)
      for (const pair of buddy.pairs) this.#hurry(pair, now) // he is to know soon
    }
  }

  /** Interfaces came or went that only the link sees. */
  linksMoved(now: number): void {
    this.#lan?.moved(now)
  }

  receive(datagram: Datagram, now: number): void {
    const { local } = datagram
    if (local.kind === 'multicast4' || local.kind === 'multicast6') {
      this.#lan?.receive(datagram, now)
      return
    }
    const owner = classify(datagram.bytes)
    if (owner === 'dht') this.#discoveryOf(familyOf(local))?.receive(datagram, now)
    if (owner === 'stun') this.#stun.receive(datagram, now)
    if (owner === 'link') this.#receiveFrame(datagram, now)
  }

  notice(notice: Notice, now: number): void {
    this.#lan?.notice(notice, now)
    const family = this.#standing.notice(notice, now)
    if (notice.kind === 'closed') this.#gone(notice)
    if (family === undefined) {
      for (const buddy of this.#everybody()) buddy.notice(notice, now)
      return
    }
    this.#announce(now)
    if (notice.kind === 'opened') this.#opened(family, now)
    else if (this.#standing.ends.length === 0 && this.#network !== 'gone') this.#enter('no-socket')
  }

  *drain(now: number): Generator<Output<TalkEvent>> {
    for (const out of this.#standing.drain(now)) {
      if (out.kind !== 'event') yield out
      else if (out.event.kind === 'settled') this.#listening()
      else for (const buddy of this.#buddies.values()) buddy.measured(out.event.local, out.event.mapping, now)
    }
    yield* this.#outputs.take()
    for (const [family, discovery] of this.#open()) {
      for (const out of discovery.drain(now)) {
        if (out.kind === 'event') this.#hear(out.event, family, now)
        else yield out
      }
    }
    for (const out of this.#lan?.drain(now) ?? []) {
      if (out.kind === 'event') this.#hearNear(out.event, now)
      else yield out
    }
    if (now >= this.#stunAt) this.#keepStun(now)
    for (const out of this.#stun.drain(now)) {
      if (out.kind !== 'event') yield out
      else if (out.event.kind === 'seen') this.#see({ ...out.event, isTrusted: true }, now)
    }
    for (const buddy of this.#everybody()) {
      for (const out of buddy.drain(now)) {
        if (out.kind === 'close') this.#gone(out)
        yield out
      }
      this.#grant(buddy, now)
      this.#seek(buddy, now)
    }
    this.#leaving = this.#leaving.filter(({ isQuiet }) => !isQuiet)
    for (const event of this.#events.take()) yield { kind: 'event', event }
  }

  #everybody(): readonly Buddy[] {
    return [...this.#buddies.values(), ...this.#leaving]
  }

  #discoveryOf(family: Family): Discovery | undefined {
    return this.#discoveries.get(family)
  }

  /** Without a socket nothing of the DHT is due: its answers could not come. */
  #open(): readonly (readonly [Family, Discovery])[] {
    return [...this.#discoveries].filter(([family]) => this.#standing.isOpen(family))
  }

  #openBuddy(alias: string, now: number): void {
    const known = this.#whoms.get(alias)
    if (!known || this.#buddies.has(alias)) return
    const { own, random, wall, loopback } = this.#options
    const buddy = new Buddy({
      ...known,
      own,
      ends: () => this.#standing.ends,
      mayGuess: (host, now) => this.#mayGuess(host, now),
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
    this.#offers.forget(alias)
    buddy.close(now)
    this.#leaving.push(buddy)
    this.#seek(buddy, now)
  }

  /** Looks for him, and is there for him, under every secret shared with him, and under no other any more. */
  #seek(buddy: Buddy, now: number): void {
    const { alias } = buddy
    const isOpen = this.#buddies.get(alias) === buddy
    if (!isOpen && this.#buddies.has(alias)) return // he was opened again
    const { begun, ended } = this.#names.change(alias, isOpen ? buddy.pairs : [])
    for (const name of ended) this.#stop(name)
    for (const { name, pair, keys } of begun) {
      for (const discovery of this.#discoveries.values()) discovery.seek(name, keys, now)
      this.#lan?.seek(name, keys)
      if (this.#mesh.length > 0) buddy.hear(pair, this.#mesh, now)
    }
    for (const { name, keys } of isOpen ? this.#names.of(alias) : []) {
      if (buddy.isSecured === this.#met.has(name)) continue
      if (buddy.isSecured) this.#lan?.met(name)
      else this.#lan?.seek(name, keys)
      if (buddy.isSecured) this.#met.add(name)
      else this.#met.delete(name)
    }
  }

  #stop(name: string): void {
    for (const discovery of this.#discoveries.values()) discovery.stop(name)
    this.#lan?.stop(name)
    this.#met.delete(name)
    this.#seenRecords.delete(name)
  }

  /** Does what a buddy wants of the rest. */
  #grant(buddy: Buddy, now: number): void {
    for (const wish of buddy.wishes.take()) {
      switch (wish.kind) {
        case 'measure':
          this.#standing.measure(wish.local)
          this.#discoveryOf(familyOf(wish.local))?.measure(wish.local, now)
          this.#stun.ask(wish.local, now)
          break
        case 'tell':
          this.#tell(wish.pair, wish.fresh, now)
          break
        case 'hurry':
          this.#hurry(wish.pair, now)
          break
        default:
          wish satisfies never
      }
    }
  }

  /** He alone is told the fresh address, before all others. */
  #tell(pair: Pair, fresh: Fresh | undefined, now: number): void {
    const name = this.#names.nameOf(pair)
    if (name === undefined) return
    const { candidates } = this.#standing
    const said = fresh && {
      candidates: [{ kind: 'reflexive', address: fresh.address } as const, ...candidates].slice(
        0,
        maxCandidates,
      ),
      startAt: fresh.startAt,
    }
    for (const discovery of this.#discoveries.values()) discovery.tell(name, said, now)
  }

  /** What he publishes next is needed soon, and what we tell has to be true: a NAT that counts has gone on. */
  #hurry(pair: Pair, now: number): void {
    const name = this.#names.nameOf(pair)
    for (const [family, discovery] of this.#discoveries) {
      if (name !== undefined) discovery.hurry(name, now)
      const { kind } = this.#standing.mapping(family)
      if (kind === 'counting' && this.#standing.isOpen(family))
        discovery.measure(this.#standing.localOf(family), now)
    }
  }

  #opened(family: Family, now: number): void {
    if (this.#discoveries.size > 0) this.#enter(this.#isJoined ? 'joined' : 'joining')
    this.#stun.ask(this.#standing.localOf(family), now)
    for (const buddy of this.#buddies.values()) buddy.moved(now)
  }

  get #isJoined(): boolean {
    return [...this.#reach.values()].includes('joined')
  }

  #listening(): void {
    const { ports, candidates } = this.#standing
    const port = ports.udp4 ?? ports.udp6
    if (port === undefined) return
    const addresses = candidates.map(({ address }) => address as string)
    const said = JSON.stringify([port, addresses])
    if (this.#told === said) return
    this.#told = said
    this.#emit({ kind: 'listening', profile: this.#options.name, port, addresses })
  }

  #announce(now: number): void {
    const { candidates, ports } = this.#standing
    for (const discovery of this.#discoveries.values()) discovery.announce(candidates, now)
    this.#lan?.announce({ port4: ports.udp4 ?? 0, port6: ports.udp6 ?? 0 })
  }

  #hear(event: DiscoveryEvent, family: Family, now: number): void {
    switch (event.kind) {
      case 'joined':
      case 'unreachable':
        this.#reach.set(family, event.kind)
        this.#reached()
        return
      case 'external': {
        const before = JSON.stringify(this.#standing.candidates)
        this.#standing.trust(family)
        if (JSON.stringify(this.#standing.candidates) !== before) this.#announce(now)
        return
      }
      case 'seen':
        this.#see({ ...event, isTrusted: false }, now)
        return
      case 'rumour': {
        const sought = this.#names.get(event.name)
        const goals = event.addresses.map((address): Goal => ({ address, way: 'rumour' }))
        if (sought) this.#buddies.get(sought.alias)?.hear(sought.pair, goals, now)
        return
      }
      case 'found': {
        const { sessionId, candidates, startAt, timestamp } = event.record
        const sought = this.#names.get(event.name)
        if (!sought || timestamp < (this.#seenRecords.get(event.name) ?? 0)) return
        this.#seenRecords.set(event.name, timestamp)
        this.#buddies.get(sought.alias)?.found(sought.pair, { sessionId, candidates, startAt }, now)
        return
      }
      case 'elsewhere': {
        const alias = this.#names.get(event.name)?.alias ?? ''
        if (now < (this.#elsewhere.get(alias) ?? -Infinity) + tellAgain) return // by the other family, too
        this.#elsewhere.set(alias, now)
        this.#emit({ kind: 'refused', buddy: alias, why: 'elsewhere' })
        return
      }
      default:
        event satisfies never
    }
  }

  /** One of the two is enough; a family without a node to ask says nothing. */
  #reached(): void {
    if (this.#isJoined) this.#enter('joined')
    else if (this.#reach.size > 0) this.#enter('unreachable')
  }

  #hearNear({ name, address, epoch, sessionId }: LanEvent, now: number): void {
    const sought = this.#names.get(name)
    const isOnLink = this.#options.isOnLink?.(splitAddress(address).address) ?? true
    if (sought && isOnLink)
      this.#buddies.get(sought.alias)?.near(sought.pair, { address, epoch, sessionId }, now)
  }

  #see(sighting: Parameters<Standing['see']>[0], now: number): void {
    if (this.#standing.see(sighting, now)) this.#announce(now)
  }

  /** An end is closed, or about to be. */
  #gone({ local }: { readonly local: Local }): void {
    if (this.#standing.isMain(local)) return
    for (const discovery of this.#discoveries.values()) discovery.forget(local)
    this.#stun.notice({ kind: 'closed', local, reason: 'ended' })
  }

  #exchanging(now: number): void {
    this.#names.forgetTags() // a line names an hour
    if (this.#options.stun && this.#stunAt === Infinity) this.#stunAt = now + stunGap
  }

  /** While people carry a line, the way to us that it names stays open. */
  #keepStun(now: number): void {
    const waiting = [...this.#buddies.values()].filter(
      ({ alias, isSecured }) => !isSecured && this.#offers.epochs(alias).length > 0,
    )
    this.#stunAt = waiting.length > 0 ? now + stunGap : Infinity
    if (waiting.length > 0) this.#askStun(now)
  }

  #askStun(now: number): void {
    for (const { local } of this.#standing.ends) this.#stun.ask(local, now)
  }

  /** Whoever names a host must not make us send it thousands of datagrams. */
  #mayGuess(host: string, now: number): boolean {
    return (
      this.#guesses.left(host, now) > 0 && this.#allGuesses.take('', now) && this.#guesses.take(host, now)
    )
  }

  #receiveFrame(datagram: Datagram, now: number): void {
    const tag = frameTag(datagram.bytes)
    if (tag) {
      const named = (alias: string): readonly number[] => this.#offers.epochs(alias)
      const tagged = this.#names.tagged(tag, this.#options.wall(now), named)
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

const familyOf = ({ kind }: Local): Family => (kind === 'udp6' ? 'udp6' : 'udp4')

const nothingSent = { sent: 0, received: 0, puts: 0, lookups: 0 }
const stunGap = 20_000 // ms: NATs keep a mapping for half a minute at least
const tellAgain = 600_000 // ms
const maxSaved = 200 // nodes
