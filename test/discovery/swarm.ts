/** A DHT of our own full nodes on the virtual network, and buddies who share a secret. */
import { sha256 } from '../../src/crypto.ts'
import { Discovery, type DiscoveryEvent, type PairKeys } from '../../src/discovery/discovery.ts'
import { type Answer, decodeMessage, encodeMessage, type Query } from '../../src/discovery/krpc.ts'
import type { Address, Local } from '../../src/machine.ts'
import { type Host, type NatType, Network, type NetworkOptions } from '../support/network.ts'

export const cone: NatType = { mapping: 'endpoint-independent', filtering: 'address-and-port-dependent' }

export interface Member {
  readonly discovery: Discovery
  readonly host: Host<DiscoveryEvent>
  readonly local: Local
  readonly at: Address
}

export interface SwarmOptions extends NetworkOptions {
  readonly nodes: number
  readonly family?: 4 | 6
}

/** The wall clock of all: 30 minutes into an hour. */
export const wallStart = 1_700_000_000_000 - (1_700_000_000_000 % 3_600_000) + 1_800_000

export class Swarm {
  readonly network: Network<DiscoveryEvent>
  readonly nodes: Member[] = []
  readonly random: (size: number) => Uint8Array
  readonly start: number

  #buddies = 0
  readonly #family: 4 | 6

  constructor({ nodes, family = 4, ...options }: SwarmOptions) {
    this.#family = family
    this.network = new Network<DiscoveryEvent>(options)
    this.start = this.network.now
    this.random = seeded(options.seed)
    for (let i = 0; i < nodes; i++) this.#addNode(i)
  }

  readonly wall = (now: number): number => wallStart + now - this.start

  /** Lets the nodes find each other. */
  settle(span = 60_000): this {
    this.network.run(span)
    return this
  }

  kill(share: number): void {
    for (const { host } of this.nodes.slice(0, Math.round(this.nodes.length * share)))
      host.machine = undefined
  }

  /** Somebody, behind a NAT as a rule, who knows three nodes that live. */
  buddy(
    options: {
      wall?: (now: number) => number
      saved?: readonly Address[]
      bootstrap?: readonly Address[]
      ip?: string // on the open internet, not behind a NAT
    } = {},
  ): Member {
    const alive = this.nodes.filter(({ host }) => host.machine !== undefined)
    const bootstrap = options.bootstrap ?? alive.slice(-3).map(({ at }) => at)
    // With IPv6 there is no NAT.
    const ip = options.ip ?? (this.#family === 6 ? `[2a01::${++this.#buddies}]` : undefined)
    const host = ip === undefined ? this.network.attach(cone) : this.network.attachAt(ip)
    const local: Local = { kind: `udp${this.#family}` }
    const at = host.open(local)
    const { random, wall } = this
    const discovery = new Discovery({
      local,
      random,
      wall: options.wall ?? wall,
      mode: 'client',
      bootstrap,
      saved: options.saved,
      now: this.network.now,
    })
    host.machine = discovery
    discovery.announce([{ kind: 'host', address: at }], this.network.now)
    return { discovery, host, local, at }
  }

  /** Runs until it is true; returns after how many ms, or `undefined` if never within the span. */
  until(isTrue: () => boolean, span = 30_000): number | undefined {
    const start = this.network.now
    while (!isTrue()) {
      if (this.network.now - start >= span) return undefined
      const before = this.network.now
      this.network.run(5)
      this.network.now = Math.max(this.network.now, before + 5)
    }
    return this.network.now - start
  }

  #addNode(i: number): void {
    const ip = this.#family === 6 ? `[2a00:${(i + 1).toString(16)}::7]` : `45.${i >> 8}.${i & 255}.7`
    const host = this.network.attachAt(ip)
    const local: Local = { kind: `udp${this.#family}` }
    const at = host.open(local)
    const known = this.nodes.length
    const bootstrap = known === 0 ? [] : Array.from(this.random(3), (n) => this.nodes[n % known]!.at)
    const { random, wall } = this
    const discovery = new Discovery({ local, random, wall, mode: 'node', bootstrap, now: this.network.now })
    host.machine = discovery
    this.nodes.push({ discovery, host, local, at })
  }
}

/** What a node hears and says may be bent: it answers not at all, or with lies. */
export function bend(
  { host, discovery }: Member,
  { hears = () => true, says = (answer) => answer }: Bent,
): void {
  host.machine = {
    get deadline() {
      return discovery.deadline
    },
    receive(datagram, now) {
      const message = decodeMessage(datagram.bytes)
      if (message?.kind !== 'query' || hears(message)) discovery.receive(datagram, now)
    },
    *drain(now) {
      for (const out of discovery.drain(now)) {
        const message = out.kind === 'send' ? decodeMessage(out.datagram.bytes) : undefined
        if (out.kind !== 'send' || message?.kind !== 'answer') yield out
        else yield { kind: 'send', datagram: { ...out.datagram, bytes: encodeMessage(says(message)) } }
      }
    },
  }
}

export interface Bent {
  readonly hears?: (query: Query) => boolean
  readonly says?: (answer: Answer) => Answer
}

/** Both directions' keys of two who share a name. */
export const pairOf = (name: string, own: 0 | 1): PairKeys => ({
  own,
  key: (label, direction, epoch) =>
    sha256(new TextEncoder().encode(`${name}|${label}|${direction}|${epoch}`)),
  mark: (octets) => sha256(new TextEncoder().encode(`${name}|${own} alone`), octets).slice(0, 16),
})

export const found = ({ host }: Member): boolean => host.events.some(({ kind }) => kind === 'found')

/** Octets that repeat with the seed. */
export function seeded(seed: number): (size: number) => Uint8Array {
  let block = sha256(Uint8Array.of(seed, seed >> 8, seed >> 16, seed >> 24))
  let at = 0
  return (size) => {
    const bytes = new Uint8Array(size)
    for (let i = 0; i < size; i++) {
      if (at === 32) {
        block = sha256(block)
        at = 0
      }
      bytes[i] = block[at++]!
    }
    return bytes
  }
}
