/**
 * The answering side of a full node (BEP 5, 42, 44): a question in, its answer
 * out. Limits: questions per source and in all, items and peers per source and
 * in all, and no answer is larger than one unfragmented datagram. A token shows
 * that its bearer receives at the address he sends from, for five to ten minutes.
 */
import { equal, hmacSha256, type Random } from '../crypto.ts'
import type { Address } from '../machine.ts'
import { formatAddress } from '../wire/address.ts'
import { Writer } from '../wire/writer.ts'
import { writeCompact } from './compact.ts'
import {
  type Answer,
  encodeMessage,
  type Failure,
  failures,
  type Item,
  type Query,
  type Question,
  type Wanting,
} from './krpc.ts'
import { k } from './lookup.ts'
import { Pace } from './pace.ts'
import { type Family, familyOf, hostOf, mayTell, sourceOf } from './reach.ts'
import { Store, type StoreLimits } from './store.ts'
import type { Table } from './table.ts'

export interface NodeOptions {
  readonly random: Random
  readonly id: () => Uint8Array
  /** Of this family, and of the other, for who wants those (BEP 32). */
  readonly tables: (family: Family) => Table | undefined
  readonly limits?: StoreLimits | undefined
}

export class Node {
  readonly store: Store
  readonly #options: NodeOptions
  readonly #sources = new Pace({ rate: 10, burst: 60, most: 4_096 })
  readonly #secret: Uint8Array
  readonly #all = new Pace({ rate: 500, burst: 1_000 })
  #sweepAt = -Infinity

  constructor(options: NodeOptions) {
    this.#options = options
    this.#secret = options.random(32).slice()
    this.store = new Store(options.id, options.limits)
  }

  /** `undefined`: he asks too much, and is not answered. */
  answer({ transaction, question }: Query, from: Address, now: number): Answer | Failure | undefined {
    if (!this.#sources.take(sourceOf(from), now) || !this.#all.take('', now)) return undefined
    if (now >= this.#sweepAt) {
      this.#sweepAt = now + sweepEvery
      this.store.sweep(now)
    }
    const found = this.#answer(question, from, now)
    if (typeof found === 'number') return { kind: 'failure', transaction, code: found }
    return fitted({ kind: 'answer', transaction, id: this.#options.id(), ip: from, ...found }, from)
  }

  #answer(question: Question, from: Address, now: number): Partial<Answer> | number {
    switch (question.kind) {
      case 'ping':
        return {}
      case 'find_node':
        return this.#nodes(question, from)
      case 'get_peers': {
        const values = this.store.peers(question.target, now).filter((peer) => mayTell(from, peer))
        const told = values.length > 0 ? { values } : {}
        return { ...told, ...this.#nodes(question, from), token: this.#token(from, now) }
      }
      case 'get': {
        const { target, seq } = question
        const item = this.store.item(target, now)
        return { ...told(item, seq), ...this.#nodes(question, from), token: this.#token(from, now) }
      }
      case 'announce_peer': {
        if (!this.#isToken(question.token, from, now)) return failures.protocol
        const port = question.isImplied ? undefined : question.port
        const peer = port === undefined ? from : formatAddress({ address: hostOf(from), port })
        if (peer !== undefined) this.store.announce(question.target, peer, { from, now })
        return {}
      }
      case 'put': {
        if (!this.#isToken(question.token, from, now)) return failures.protocol
        return this.store.put(question.item, { cas: question.cas, from, now }) ?? {}
      }
      case 'unknown':
        return failures.unknownMethod
      default:
        return question satisfies never
    }
  }

  /** An asker on the internet is not told of our LAN. */
  #nodes({ target, want = [] }: { readonly target: Uint8Array } & Wanting, asker: Address): Partial<Answer> {
    const families = want.length > 0 ? want : [familyOf(asker)]
    const nodes = families.flatMap((family) => {
      const known = this.#options.tables(family)?.closest(target, 2 * k) ?? []
      return known.filter(({ address }) => mayTell(asker, address)).slice(0, k)
    })
    return { nodes }
  }

  #token(asker: Address, now: number): Uint8Array {
    return this.#tokenOf(asker, Math.floor(now / tokenPeriod))
  }

  #isToken(token: Uint8Array, asker: Address, now: number): boolean {
    const period = Math.floor(now / tokenPeriod)
    return equal(token, this.#tokenOf(asker, period)) || equal(token, this.#tokenOf(asker, period - 1))
  }

  #tokenOf(asker: Address, period: number): Uint8Array {
    const message = new Writer(24).u64(BigInt(period)).bytes(writeCompact(asker).subarray(0, -2)).done()
    return hmacSha256(this.#secret, message).slice(0, 8)
  }
}

/** Nodes are what can be left out, the farthest first: no answer comes in fragments, nor is cut by a tunnel. */
function fitted(answer: Answer, asker: Address): Answer {
  const most = maxAnswer[familyOf(asker)]
  let fit = answer
  while (fit.nodes && fit.nodes.length > 0 && encodeMessage(fit).length > most)
    fit = { ...fit, nodes: fit.nodes.slice(0, -1) }
  return fit
}

/** With a seq that is not older than ours, ours is not sent again (BEP 44). */
function told(item: Item | undefined, seq: number | undefined): Partial<Answer> {
  if (item?.kind === 'mutable' && seq !== undefined && item.seq <= seq) return { seq: item.seq }
  return item ? { item } : {}
}

const maxAnswer = { 4: 1_472, 6: 1_232 } as const // IPv6: 1,280, which every path carries, without the headers
const tokenPeriod = 5 * 60_000 // ms; a token serves in its own and the next
const sweepEvery = 60_000 // ms
