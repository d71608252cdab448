/**
 * One buddy: where our record for him is kept, where his is read, hour by hour.
 * Spec: "Record" and "Timing" in docs/Protocol.md.
 */
import { equal, type Random } from '../crypto.ts'
import type { Address, WallClock } from '../machine.ts'
import { Queue } from '../queue.ts'
import { isOctets } from '../wire/bencode.ts'
import { isGenuine, signedPart, targetOf } from './item.ts'
import type { Answer, Item, MutableItem, Question } from './krpc.ts'
import type { Storer } from './lookup.ts'
import { type PairKeys, Place, readEpochs, writeEpochs } from './place.ts'
import { Post } from './post.ts'
import {
  type Candidate,
  isSameSession,
  markedPart,
  openRecord,
  type RendezvousRecord,
  sealRecord,
} from './record.ts'
import { type Order, type Pace, Watch } from './watch.ts'

/** What we tell every buddy; `version` grows whenever it changes. */
export interface Announcement {
  readonly sessionId: Uint8Array
  readonly candidates: readonly Candidate[]
  readonly startAt: number // unix milliseconds, 0 for at once
  readonly version: number
}

/** One place of one buddy: for whose sake the DHT is asked. */
export type Part = PostPart | { readonly kind: 'watch'; readonly of: Rendezvous; readonly role: Watch }

interface PostPart {
  readonly kind: 'post'
  readonly of: Rendezvous
  readonly role: Post
  seq: number // the highest that was seen there, or sealed by us
  isSealed: boolean // we said something there
}

export type RendezvousOrder =
  | ({ readonly part: Part } & Order)
  | { readonly part: Part; readonly kind: 'forget' }

export type RendezvousEvent =
  | { readonly kind: 'found'; readonly name: string; readonly record: RendezvousRecord }
  /** Another machine runs this profile: it tells the buddy where to find us, we do not for two hours. */
  | { readonly kind: 'elsewhere'; readonly name: string }

export interface RendezvousOptions {
  readonly name: string
  readonly pair: PairKeys
  /** Somebody waits for this buddy; else he shall only be able to find us. */
  readonly isEager: boolean
  readonly announcement: () => Announcement | undefined
  readonly random: Random
  readonly wall: WallClock
  readonly now: number
}

export class Rendezvous {
  readonly #options: RendezvousOptions
  readonly #events = new Queue<RendezvousEvent>()
  readonly #forgotten = new Queue<Part>()
  #parts: Part[] = []
  #reviewAt: number
  #heardSeq: number | undefined // of the buddy's newest record
  #seq = 0 // of ours, the latest
  #version = 0 // of what that one said
  #elsewhereUntil = -Infinity

  constructor(options: RendezvousOptions) {
    this.#options = options
    this.#reviewAt = options.now
  }

  get deadline(): number {
    if (this.#events.length > 0 || this.#forgotten.length > 0) return -Infinity
    return Math.min(this.#reviewAt, ...this.#parts.map(({ role }) => role.deadline))
  }

  /** Whether somebody waits for the buddy, and began to a short while ago. */
  isUrgent(now: number): boolean {
    return this.#options.isEager && now - this.#options.now < urgency
  }

  /** What we tell changed. */
  touch(now: number): void {
    for (const part of this.#parts) if (part.kind === 'post') part.role.touch(now)
  }

  /** Our network changed: every token is void, and every node may be. */
  restart(now: number): void {
    for (const part of [...this.#parts]) this.#drop(part)
    this.#reviewAt = now
  }

  /** Ends it: nothing is kept, the keys are wiped. */
  stop(): void {
    for (const part of [...this.#parts]) this.#drop(part)
    this.#reviewAt = Infinity
  }

  *drain(now: number): Generator<RendezvousOrder> {
    if (now >= this.#reviewAt) this.#review(now)
    for (const part of this.#forgotten.take()) yield { kind: 'forget', part }
    for (const part of this.#parts) {
      const orders =
        part.kind === 'watch'
          ? part.role.drain(now, { seq: this.#heardSeq })
          : part.role.drain(now, () => this.#seal(part, now))
      for (const order of orders) yield { part, ...order }
    }
  }

  events(): Iterable<RendezvousEvent> {
    return this.#events.take()
  }

  looked(part: Part, closest: readonly Storer[], now: number): void {
    if (this.#parts.includes(part)) part.role.looked(closest, now)
  }

  /** A node answered; of a `get` the item counts, whoever sent it: only the pair can make one. */
  answered(part: Part, from: Address, { question, answer, now }: Answered): void {
    if (!this.#parts.includes(part)) return
    if (part.kind === 'watch') part.role.answered(from)
    else if (question.kind === 'put') part.role.answered()
    const { item } = answer
    if (item?.kind !== 'mutable') return
    if (part.kind === 'watch') this.#hear(part.role.place, item, now)
    else this.#hearOwn(part, item, now)
  }

  /** Returns whether the node should be asked what newer record it has. */
  failed(part: Part, from: Address, { question, code, now }: Failed): boolean {
    if (!this.#parts.includes(part)) return false
    if (part.kind === 'watch') part.role.failed(from, now)
    return part.kind === 'post' && question.kind === 'put' && part.role.failed({ code, now })
  }

  /** Begins the places of this hour and ends those of the last. */
  #review(now: number): void {
    const { wall, pair, isEager, announcement } = this.#options
    this.#reviewAt = now + reviewEvery
    const [reads, writes] = [readEpochs(wall(now)), now < this.#elsewhereUntil ? [] : writeEpochs(wall(now))]
    for (const part of [...this.#parts]) {
      const { epoch } = part.role.place
      const isCurrent =
        part.kind === 'post' ? writes.includes(epoch) : part.role.pace === this.#paceOf(epoch, reads)
      if (!isCurrent) this.#drop(part)
    }
    for (const epoch of writes) {
      if (announcement() === undefined || this.#has('post', epoch)) continue
      const place = new Place(pair, pair.own, epoch)
      this.#parts.push({
        kind: 'post',
        of: this,
        role: new Post({ place, isUrgent: isEager, lookEvery: this.#lookEvery, now }),
        seq: 0,
        isSealed: false,
      })
    }
    for (const epoch of reads) if (!this.#has('watch', epoch)) this.#watch(epoch, { reads, now })
  }

  #watch(epoch: number, { reads, now }: { readonly reads: readonly number[]; readonly now: number }): void {
    const { pair, random, now: since } = this.#options
    const role = new Watch({
      place: new Place(pair, pair.own === 0 ? 1 : 0, epoch),
      pace: this.#paceOf(epoch, reads)!,
      random: () => random(1)[0]! / 256,
      since,
      now,
    })
    this.#parts.push({ kind: 'watch', of: this, role })
  }

  /** Nobody reads what is not among `reads`. */
  #paceOf(epoch: number, reads: readonly number[]): Pace | undefined {
    if (!reads.includes(epoch)) return undefined
    if (!this.#options.isEager) return 'steady'
    return epoch === reads[0] ? 'eager' : 'side'
  }

  get #lookEvery(): number {
    return this.#options.isEager ? 5 * 60_000 : 30 * 60_000
  }

  #has(kind: Part['kind'], epoch: number): boolean {
    return this.#parts.some((part) => part.kind === kind && part.role.place.epoch === epoch)
  }

  #drop(part: Part): void {
    this.#parts = this.#parts.filter((other) => other !== part)
    this.#forgotten.push(part)
    part.role.place[Symbol.dispose]()
  }

  #seal(part: PostPart, now: number): Item | undefined {
    const said = this.#options.announcement()
    if (!said) return undefined
    const { random, wall, pair } = this.#options
    const { place } = part.role
    // Both hours' records share a seq, so that a reader of both hears once; at one place it always grows.
    const least = said.version === this.#version ? Math.max(this.#seq, part.seq + 1) : this.#seq + 1
    const seq = Math.max(Math.floor(wall(now) / 1_000), least)
    this.#seq = part.seq = seq
    this.#version = said.version
    part.isSealed = true
    const { sessionId, candidates, startAt } = said
    const seal = { key: place.aead, target: place.target, seq }
    const record = { sessionId, timestamp: wall(now), startAt, candidates }
    const mark = pair.mark?.(markedPart(seal, record))
    const value = sealRecord({ ...record, ...(mark && { mark }) }, seal, random)
    const unsigned = { kind: 'mutable', key: place.publicKey, salt: new Uint8Array(0), seq, value } as const
    return { ...unsigned, signature: place.sign(signedPart(unsigned)) }
  }

  #hear(place: Place, { seq, value }: MutableItem, now: number): void {
    if (this.#heardSeq !== undefined && seq <= this.#heardSeq) return
    const record = this.#open(place, { seq, value })
    if (!record || Math.abs(this.#options.wall(now) - record.timestamp) > maxAge) return
    this.#heardSeq = seq
    this.#events.push({ kind: 'found', name: this.#options.name, record })
  }

  /**
   * Something newer than ours, in our direction. Ours is made newer again, as it
   * is by our last run, by a machine that ours takes over from, or by who has
   * the keys of the pair and not our mark. With our mark, written after we began,
   * it is of a machine that took over from us.
   */
  #hearOwn(part: PostPart, item: MutableItem, now: number): void {
    const { seq } = item
    const { place } = part.role
    const said = this.#options.announcement()
    if (!said || seq <= Math.max(part.seq, this.#seq) || seq > highestSeq) return
    const record = this.#open(place, item)
    // What does not open is a pair's all the same if it is signed; else it is only a node's word.
    if (!record && !(equal(targetOf(item), place.target) && isGenuine(item))) return
    this.#seq = part.seq = seq
    if (!part.isSealed) return
    if (!record || isSameSession(record, said.sessionId) || !this.#isOurs(record, place, seq)) {
      part.role.touch(now)
      return
    }
    this.#elsewhereUntil = now + elsewhereFor
    this.#reviewAt = now
    this.#events.push({ kind: 'elsewhere', name: this.#options.name })
  }

  /** Written by this profile since we began: one of an earlier run could be played back, by who had kept it from us. */
  #isOurs(record: RendezvousRecord, { target }: Place, seq: number): boolean {
    const { pair, wall, now: began } = this.#options
    const own = pair.mark?.(markedPart({ target, seq }, record))
    const { mark, timestamp } = record
    return own !== undefined && mark !== undefined && equal(own, mark) && timestamp >= Math.floor(wall(began))
  }

  #open(
    { aead, target }: Place,
    { seq, value }: Pick<MutableItem, 'seq' | 'value'>,
  ): RendezvousRecord | undefined {
    return isOctets(value) ? openRecord(value, { key: aead, target, seq }) : undefined
  }
}

interface Answered {
  readonly question: Question
  readonly answer: Answer
  readonly now: number
}

interface Failed {
  readonly question: Question
  readonly code: number | undefined
  readonly now: number
}

const urgency = 60_000 // ms
const reviewEvery = 30_000 // ms; the hour's margins are ten minutes
const maxAge = 2 * 60 * 60_000 // ms
const elsewhereFor = 2 * 60 * 60_000 // ms; as long as nodes keep what the other machine said last
// Unix seconds are some 2^31. Whoever has the pair's keys may write any seq; above this we follow none, so
// that ours have 2^52 left to grow.
const highestSeq = 2 ** 52
