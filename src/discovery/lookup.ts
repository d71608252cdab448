/**
 * Finds the nodes nearest to a target (Kademlia's iterative lookup). Eight
 * questions are under way at a time; one that takes longer than the soft
 * timeout gives its place to the next, and still counts if it comes. So a dead
 * node costs a round trip or two, not a hard timeout.
 */
import type { Address } from '../machine.ts'
import { compareDistance } from './id.ts'
import type { Answer, NodeInfo } from './krpc.ts'
import { mayTell, networkOf } from './reach.ts'

/** Somebody who may be near, asked or not. */
export interface Candidate {
  /** `undefined`: an address to begin with, whose id we learn as it answers. */
  id: Uint8Array | undefined
  readonly address: Address
  readonly network: string | undefined
  state: CandidateState
}

type CandidateState =
  | { readonly kind: 'new' }
  | { readonly kind: 'asked'; readonly asked: { readonly sentAt: number | undefined } }
  | { readonly kind: 'answered'; readonly token: Uint8Array | undefined }
  | { readonly kind: 'failed' }

/** One of the nearest nodes, and its token, which lets us put something there. */
export interface Storer extends NodeInfo {
  readonly token: Uint8Array | undefined
}

export interface LookupOptions {
  /** Asked first, in this order: for one who knows nobody yet. */
  readonly addresses?: readonly Address[]
  /** How many of the nearest settle it. */
  readonly breadth?: number
}

export class Lookup {
  readonly target: Uint8Array
  readonly #breadth: number
  readonly #candidates: Candidate[] = [] // nearest first; those without id before all
  readonly #known = new Set<Address>()
  #asked = 0

  constructor(
    target: Uint8Array,
    nodes: readonly NodeInfo[],
    { addresses = [], breadth = k }: LookupOptions = {},
  ) {
    this.target = target
    this.#breadth = breadth
    for (const address of addresses) this.#add(undefined, address)
    for (const { id, address } of nodes) this.#add(id, address)
  }

  /** Whom to ask next; the caller says `asked` of each. */
  next(now: number, softTimeout: number): Candidate | undefined {
    if (this.#asked >= maxQuestions) return undefined
    let underWay = 0
    for (const { state } of this.#candidates) {
      if (state.kind === 'asked' && !isSlow(state.asked, now, softTimeout)) underWay++
    }
    return underWay < alpha ? this.#front().find(({ state }) => state.kind === 'new') : undefined
  }

  asked(candidate: Candidate, asked: { readonly sentAt: number | undefined }): void {
    this.#asked++
    candidate.state = { kind: 'asked', asked }
  }

  /** The id is the one it answers with, whatever others said. */
  answered(candidate: Candidate, { id, nodes = [], token }: Answer): void {
    candidate.state = { kind: 'answered', token }
    this.#take(candidate)
    candidate.id = id
    this.#insert(candidate)
    const told = nodes.filter(({ address }) => mayTell(candidate.address, address))
    told.sort((a, b) => compareDistance(this.target, a.id, b.id))
    for (const { id, address } of told.slice(0, maxTold)) this.#add(id, address)
  }

  failed(candidate: Candidate): void {
    candidate.state = { kind: 'failed' }
  }

  /** Nobody nearer is left to ask or worth waiting for. */
  isDone(now: number, softTimeout: number): boolean {
    const isSilent = !this.#candidates.some(({ state }) => state.kind === 'answered')
    return this.#front().every(({ state }) => {
      if (state.kind === 'new') return this.#asked >= maxQuestions
      // Until somebody answered at all we wait for the slow too: a far-away only node.
      return state.kind !== 'asked' || (!isSilent && isSlow(state.asked, now, softTimeout))
    })
  }

  /** When a question becomes slow. */
  deadline(now: number, softTimeout: number): number {
    let deadline = Infinity
    for (const { state } of this.#candidates) {
      if (state.kind !== 'asked' || state.asked.sentAt === undefined) continue
      const slowAt = state.asked.sentAt + softTimeout
      if (slowAt > now) deadline = Math.min(deadline, slowAt)
    }
    return deadline
  }

  /** The nearest that answered, as many as settle it. */
  closest(): Storer[] {
    const storers: Storer[] = []
    for (const { id, address, state } of this.#candidates) {
      if (storers.length < this.#breadth && id && state.kind === 'answered')
        storers.push({ id, address, token: state.token })
    }
    return storers
  }

  /** Everybody up to the last one needed that answered: the result is settled by them. */
  #front(): Candidate[] {
    let answered = 0
    const end = this.#candidates.findIndex(
      ({ state }) => state.kind === 'answered' && ++answered === this.#breadth,
    )
    return end < 0 ? this.#candidates : this.#candidates.slice(0, end)
  }

  #add(id: Uint8Array | undefined, address: Address): void {
    if (this.#known.has(address)) return
    this.#known.add(address)
    const candidate: Candidate = { id, address, network: networkOf(address), state: { kind: 'new' } }
    const same = this.#candidates.filter(
      ({ network, state }) =>
        network !== undefined && network === candidate.network && state.kind !== 'failed',
    )
    if (same.length >= maxPerNetwork) {
      // The two nearest of a network stay, so that both buddies end at the same ones.
      const farthest = same.findLast(({ state }) => state.kind === 'new')
      if (!farthest || this.#compare(candidate, farthest) > 0) return
      this.#take(farthest)
    }
    this.#insert(candidate)
    const last = this.#candidates.at(-1)!
    if (this.#candidates.length > maxCandidates && last.state.kind === 'new') this.#candidates.pop()
  }

  #insert(candidate: Candidate): void {
    const at = this.#candidates.findIndex((other) => this.#compare(candidate, other) < 0)
    this.#candidates.splice(at < 0 ? this.#candidates.length : at, 0, candidate)
  }

  #take(candidate: Candidate): void {
    const at = this.#candidates.indexOf(candidate)
    if (at >= 0) this.#candidates.splice(at, 1)
  }

  #compare(a: Candidate, b: Candidate): number {
    if (!a.id || !b.id) return Number(Boolean(a.id)) - Number(Boolean(b.id))
    return compareDistance(this.target, a.id, b.id)
  }
}

const isSlow = (
  { sentAt }: { readonly sentAt: number | undefined },
  now: number,
  softTimeout: number,
): boolean => sentAt !== undefined && now >= sentAt + softTimeout

export const k = 8 // BEP 5
/** For a deep lookup: who sits nearest to a target with two nodes in each of twenty networks holds no more than 40. */
export const deepBreadth = 48
const alpha = 8 // questions under way
const maxQuestions = 100 // in a lookup
const maxPerNetwork = 2 // of a /24
const maxTold = 16 // by one node: honest ones tell of eight
const maxCandidates = 128
