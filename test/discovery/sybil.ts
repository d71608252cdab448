/** Somebody who wants two buddies not to meet: nodes of his own next to where their records are kept. */
import type { DiscoveryEvent } from '../../src/discovery/discovery.ts'
import { compareDistance } from '../../src/discovery/id.ts'
import {
  type Answer,
  decodeMessage,
  encodeMessage,
  type NodeInfo,
  type Query,
} from '../../src/discovery/krpc.ts'
import { epochOf, Place } from '../../src/discovery/place.ts'
import type { Address, Datagram, Local, Machine, Output } from '../../src/machine.ts'
import { address } from '../support/network.ts'
import { type Member, pairOf, Swarm, wallStart } from './swarm.ts'

/**
 * `silent`: known to others, and answers a ping, but nothing that is asked in a lookup. `swallowing`: answers all,
 * tells of its like alone, says that it stores and does not. `poisonous`: that, and answers with garbage.
 */
export type Malice = 'silent' | 'swallowing' | 'poisonous'

export interface Cluster {
  readonly targets: readonly Uint8Array[]
  readonly ips: readonly string[] // as many nodes as these are, next to each target
  readonly malice: Malice
}

/** Puts them there, and makes the honest ones know them. */
export function surround(swarm: Swarm, { targets, ips, malice }: Cluster): void {
  const nodes = ips.map((ip, n) => {
    const id = targets[n % targets.length]!.slice()
    id[18] = n >> 8
    id[19] = id[19]! ^ (n & 255)
    const host = swarm.network.attachAt(ip)
    const local: Local = { kind: 'udp4' }
    return { host, id, local, address: host.open(local) }
  })
  for (const { host, id, local } of nodes) {
    const honest = swarm.nodes.map(({ at }) => at)
    host.machine = new Sybil({
      id,
      local,
      malice,
      nodes,
      honest,
      random: swarm.random,
      now: swarm.network.now,
    })
  }
}

interface SybilOptions {
  readonly id: Uint8Array
  readonly local: Local
  readonly malice: Malice
  readonly nodes: readonly NodeInfo[]
  readonly honest: readonly Address[]
  readonly random: (size: number) => Uint8Array
  readonly now: number
}

class Sybil implements Machine<DiscoveryEvent> {
  readonly #options: SybilOptions
  #out: Datagram[] = []
  #greetAt: number
  #rounds = 0

  constructor(options: SybilOptions) {
    this.#options = options
    this.#greetAt = options.now + (options.random(2)[0]! << 6)
  }

  get deadline(): number {
    return this.#out.length > 0 ? -Infinity : this.#greetAt
  }

  receive({ peer, bytes }: Datagram): void {
    const message = decodeMessage(bytes)
    if (message?.kind !== 'query') return
    if (this.#options.malice === 'silent' && message.question.kind !== 'ping') return
    this.#send(peer, encodeMessage(this.#answer(message, peer)))
  }

  *drain(now: number): Generator<Output<DiscoveryEvent>> {
    const { honest, id, random } = this.#options
    if (now >= this.#greetAt) {
      this.#greetAt = ++this.#rounds < 4 ? now + 10_000 : Infinity
      // He who asks is asked back, and gets into the table.
      const ping = {
        kind: 'query',
        transaction: random(4),
        id,
        isReadOnly: false,
        question: { kind: 'ping' },
      } as const
      for (const at of honest) this.#send(at, encodeMessage(ping))
    }
    for (const datagram of this.#out.splice(0)) yield { kind: 'send', datagram }
  }

  #answer({ transaction, question }: Query, asker: Address): Answer {
    const { id, malice, nodes, random } = this.#options
    const answer: Answer = { kind: 'answer', transaction, id, ip: asker, token: Uint8Array.of(1) }
    if (!('target' in question) || question.kind === 'announce_peer') return answer
    const { target } = question
    const near = [...nodes].sort((a, b) => compareDistance(target, a.id, b.id)).slice(0, 8)
    if (malice !== 'poisonous') return { ...answer, nodes: near }
    const lan = Array.from({ length: 4 }, (_, n) => ({
      id: target,
      address: address(`192.168.1.${n + 1}:6881`),
    }))
    const item = { kind: 'mutable', key: random(32), salt: new Uint8Array(0), seq: 2 ** 51 } as const
    const garbage = { ...item, signature: random(64), value: random(512) }
    const values = [address('10.0.0.1:5000'), address('45.0.1.7:53')]
    return { ...answer, nodes: [...lan, ...near], item: garbage, values, ip: address('6.6.6.6:6666') }
  }

  #send(peer: Address, bytes: Uint8Array): void {
    this.#out.push({ local: this.#options.local, peer, bytes })
  }
}

const epoch = epochOf(wallStart)
const targets = ([0, 1] as const).map((direction) => new Place(pairOf('x', 0), direction, epoch).target)
export const oneNetwork = Array.from({ length: 100 }, (_, n) => `46.6.6.${n + 1}`)
export const twentyNetworks = Array.from({ length: 100 }, (_, n) => `46.${n % 20}.6.${n + 1}`)

/** A swarm in which they wait, and two who begin to look for each other. */
export function beset(malice: Malice, ips: readonly string[]): { swarm: Swarm; a: Member; b: Member } {
  const swarm = new Swarm({ seed: 4, latency: [25, 25], nodes: 32 }).settle(25_000)
  surround(swarm, { targets, ips, malice })
  swarm.network.run(40_000)
  const [a, b] = [swarm.buddy({ ip: '45.200.0.1' }), swarm.buddy({ ip: '45.200.1.1' })]
  a.discovery.seek('b', pairOf('x', 0), swarm.network.now)
  b.discovery.seek('a', pairOf('x', 1), swarm.network.now)
  return { swarm, a, b }
}

export const heardOf = (one: Member, other: Member): boolean =>
  one.host.events.some((event) => event.kind === 'rumour' && event.addresses.includes(other.at))
