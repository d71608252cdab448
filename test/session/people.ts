/** Whole profiles on the virtual network: what tests of the session layer begin with. */
import type { Random } from '../../src/crypto.ts'
import type { Address, Datagram, Machine, Notice, Output, WallClock } from '../../src/machine.ts'
import { createClientProfile, profileExpiry } from '../../src/otr/profile.ts'
import type { Buddy as Contact } from '../../src/profile/buddies.ts'
import { createIdentity, type Identity } from '../../src/profile/identity.ts'
import type { Self } from '../../src/profile/pair.ts'
import type { TalkEvent } from '../../src/session/command.ts'
import type { Kept } from '../../src/session/exchange.ts'
import type { Own } from '../../src/session/live.ts'
import { Node, type NodeEvent } from '../../src/session/node.ts'
import type { Place } from '../../src/session/standing.ts'
import { type Known, Talk } from '../../src/session/talk.ts'
import type { Work } from '../../src/transfer/work.ts'
import { address, type Host, type NatType, Network, type NetworkOptions } from '../support/network.ts'
import type { Segment } from '../support/segment.ts'

export const open: NatType = { mapping: 'endpoint-independent', filtering: 'endpoint-independent' }
export const cone: NatType = { mapping: 'endpoint-independent', filtering: 'address-and-port-dependent' }

/** Each destination has a port of its own: the next number. */
export const counting: NatType = {
  mapping: 'address-and-port-dependent',
  filtering: 'address-and-port-dependent',
}
/** The same, but nobody can say which. */
export const symmetric: NatType = { ...counting, isScattered: true }

/** Where somebody's program runs. */
export interface Spot {
  readonly nat?: NatType
  readonly place?: Place
  /** The link that it is on with others, whom it looks for there. */
  readonly segment?: Segment<Host<TalkEvent | NodeEvent>>
  /** In brackets. */
  readonly at6?: string
  /** There is no DHT for it. */
  readonly isAlone?: boolean
}

/** Behind a router that gives no address of its own away. */
export const place: Place = { hosts: [], families: ['udp4'] }

/** 2026-01-01, at the network's time 0. */
export const wall: WallClock = (now) => 1_767_225_600_000 + now

/** A seeded source of octets: a failing run fails again. Never for keys of people. */
export function seeded(seed: number): Random {
  let state = seed >>> 0 || 1
  return (size) =>
    Uint8Array.from({ length: size }, () => {
      state ^= state << 13
      state ^= state >>> 17
      state ^= state << 5
      return state & 0xff
    })
}

export interface Person {
  readonly alias: string
  readonly identity: Identity
  /** Discovery keys that were replaced. */
  readonly former?: readonly Self[]
  /** Of his client profile, in unix seconds; as the program does it by default. */
  readonly expires?: number
}

export const person = (alias: string, seed: number): Person => ({
  alias,
  identity: createIdentity(seeded(seed)),
})

export const contactOf = ({ alias, identity }: Person, changes: Partial<Contact> = {}): Contact => ({
  alias,
  address: identity.address,
  trust: 'unverified',
  fingerprint: undefined,
  addedAt: 0,
  lastSeenAt: undefined,
  isBlocked: false,
  isStrange: false,
  hints: [],
  habits: {},
  ...changes,
})

/** @param clock - of his machine */
export const ownOf = ({ identity, former, expires }: Person, clock: WallClock): Own => ({
  identity: identity.keys,
  instanceTag: identity.instanceTag,
  selves: [identity, ...(former ?? [])],
  clientProfile: (now) =>
    createClientProfile({
      identity: identity.keys,
      instanceTag: identity.instanceTag,
      expires: expires ?? profileExpiry(clock(now)),
      versions: '4q',
    }),
})

export const nothingSpecial = { invite: undefined, isStrange: false } as const

export class World {
  readonly network: Network<TalkEvent | NodeEvent>
  readonly #nodes: readonly Address[]
  #seed: number

  /** @param nodes - of the DHT, with their IPs; an IPv6 one in brackets */
  constructor(options: NetworkOptions, nodes: readonly string[] = ['198.51.100.1']) {
    this.network = new Network(options)
    this.#seed = options.seed + 1
    this.#nodes = nodes.map((ip) => address(`${ip}:6881`))
    for (const ip of nodes) {
      const host = this.network.attachAt(ip)
      const random = seeded(this.#seed++)
      const { now } = this.network
      const at: Place = { hosts: [], families: [ip.startsWith('[') ? 'udp6' : 'udp4'] }
      host.machine = new Node({ random, wall, place: at, loopback: false, hasBootstrap: false, now })
    }
    this.network.run(1)
  }

  /** A running program of a person who knows `contacts`. */
  start(who: Person, contacts: readonly Contact[], at: NatType | Spot = cone): Running {
    const knowns = contacts.map(
      (contact) => ({ whom: { kind: 'known', contact }, ...nothingSpecial }) as const,
    )
    return this.run(who, knowns, at)
  }

  /** A running program of a person who looks for each of these. */
  run(who: Person, knowns: readonly Known[], at: NatType | Spot = cone): Running {
    const spot: Spot = 'mapping' in at ? { nat: at } : at
    const { nat = cone, segment, at6, isAlone = false } = spot
    const host = this.network.attach(nat, segment, at6)
    const random = seeded(this.#seed++)
    const talk = new Talk({
      name: who.alias,
      own: ownOf(who, wall),
      random,
      wall,
      dht: { mode: isAlone ? 'off' : 'client', bootstrap: this.#nodes, saved: [] },
      place: spot.place ?? place,
      lan: segment !== undefined,
      stun: false,
      loopback: false,
      now: this.network.now,
    })
    for (const known of knowns) {
      const { whom } = known
      talk.know(known)
      const buddy = whom.kind === 'known' ? whom.contact.alias : whom.alias
      talk.act({ kind: 'open', buddy }, this.network.now)
    }
    const tap = new Tap(talk)
    host.machine = tap
    return new Running(this.network, host, { talk, tap })
  }
}

/** Remembers every datagram that came, for replays. */
class Tap implements Machine<TalkEvent, Work> {
  readonly heard: Datagram[] = []
  readonly sent: Datagram[] = []
  readonly #inner: Talk
  #held: Output<TalkEvent, Work>[] | undefined // what a hostile program keeps back
  #released: Output<TalkEvent, Work>[] = []

  constructor(inner: Talk) {
    this.#inner = inner
  }

  get deadline(): number {
    return this.#released.length > 0 ? -Infinity : this.#inner.deadline
  }

  receive(datagram: Datagram, now: number): void {
    this.heard.push(datagram)
    this.#inner.receive(datagram, now)
  }

  notice(notice: Notice, now: number): void {
    this.#inner.notice(notice, now)
  }

  /** From here on its datagrams are kept back, until `release`. */
  hold(): void {
    this.#held ??= []
  }

  release(): void {
    this.#released = this.#held ?? []
    this.#held = undefined
  }

  *drain(now: number): Generator<Output<TalkEvent, Work>> {
    yield* this.#released.splice(0)
    const heard: Kept[] = []
    for (const out of this.#inner.drain(now)) {
      if (out.kind === 'event' && isKept(out.event)) heard.push(out.event)
      if (out.kind === 'send') this.sent.push(out.datagram)
      if (out.kind === 'send' && this.#held) this.#held.push(out)
      else yield out
    }
    for (const message of heard) this.#inner.kept(message) // its disk is as fast as none
  }
}

/** What is kept before its sender is told. */
const isKept = (event: TalkEvent): event is TalkEvent & { kind: 'message' | 'edited' | 'deleted' } =>
  event.kind === 'message' || event.kind === 'edited' || event.kind === 'deleted'

let ids = 0 // no two messages have one, also not of two runs

export class Running {
  readonly host: Host<TalkEvent | NodeEvent>
  readonly talk: Talk
  readonly tap: Tap
  readonly #network: Network<TalkEvent | NodeEvent>

  constructor(
    network: Network<TalkEvent | NodeEvent>,
    host: Host<TalkEvent | NodeEvent>,
    { talk, tap }: { readonly talk: Talk; readonly tap: Tap },
  ) {
    this.#network = network
    this.host = host
    this.talk = talk
    this.tap = tap
  }

  /** Says a text, under an id that is told in what becomes of it. */
  say(buddy: string, text: string): string {
    const id = (++ids).toString(16).padStart(16, '0')
    this.talk.act({ kind: 'say', buddy, id, text }, this.#network.now)
    return id
  }

  /** The vault has what was told. */
  saved({ buddy, address }: { readonly buddy: string; readonly address: string }): void {
    this.talk.saved(buddy, address, this.#network.now)
  }

  quit(): void {
    this.talk.quit(this.#network.now)
  }

  /** As `kill -9` does: no goodbye. */
  kill(): void {
    this.host.machine = undefined
  }

  events<Kind extends TalkEvent['kind']>(kind: Kind): (TalkEvent & { kind: Kind })[] {
    return this.host.events.filter((event): event is TalkEvent & { kind: Kind } => event.kind === kind)
  }

  get texts(): string[] {
    return this.events('message').map(({ text }) => text)
  }
}
