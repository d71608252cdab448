/**
 * One buddy: where our record for him is kept, where his is read, hour by hour.
 * Spec: "Record" and "Timing" in docs/Protocol.md.
 */
import { equal, type Random } from '../crypto.ts'
import type { Address, WallClock } from '../machine.ts'
import { Queue } from '../queue.ts'
import { splitAddress } from '../wire/address.ts'
import { isOctets } from '../wire/bencode.ts'
import type { Looked } from './dht.ts'
import { Hearsay } from './hearsay.ts'
import { isGenuine, signedPart, targetOf } from './item.ts'
import type { Item, MutableItem } from './krpc.ts'
import type { Answered, Asker, Failed, Part, PartOrder } from './part.ts'
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
import { type Pace, Watch } from './watch.ts'

/** What we tell a buddy; `version` is another whenever it changes. */
export interface Announcement {
  readonly sessionId: Uint8Array
  readonly candidates: readonly Candidate[]
  readonly startAt: number // unix milliseconds, 0 for at once
  readonly version: number
}

interface WatchPart extends Part {
  readonly kind: 'watch'
  readonly role: Watch
  seq: number | undefined // the highest that was heard there: whoever writes the highest of all ends this hour only
}

interface PostPart extends Part {
  readonly kind: 'post'
  readonly role: Post
  seq: number // the highest that was seen there, or sealed by us
  isSealed: boolean // we said something there
}

export type RendezvousEvent =
  | { readonly kind: 'found'; readonly name: string; readonly record: RendezvousRecord }
  /** Another machine runs this profile: it tells the buddy where to find us, we do not for two hours. */
  | { readonly kind: 'elsewhere'; readonly name: string }
  /**
   * Where the buddy may be, by the word of nodes anybody can lie to: at most 8 new addresses a poll, none that a node
   * of the internet may not name. Whoever sends there sends at most 12 packets to an IP in an hour (`epoch`), and
   * nothing but the link's first handshake datagram before an answer was authenticated.
   */
  | { readonly kind: 'rumour'; readonly name: string; readonly addresses: readonly Address[] }

export interface RendezvousOptions {
  readonly name: string
  readonly pair: PairKeys
  /** Somebody waits for this buddy; else he shall only be able to find us. */
  readonly isEager: boolean
  readonly announcement: () => Announcement | undefined
  /** As whom the DHT sees us. */
  readonly external: () => Address | undefined
  readonly random: Random
  readonly wall: WallClock
  readonly now: number
}

export class Rendezvous implements Asker {
  readonly #options: RendezvousOptions
  readonly #events = new Queue<RendezvousEvent>()
  readonly #forgotten = new Queue<Part>()
  readonly #hearsay: Hearsay
  #parts: (PostPart | WatchPart)[] = []
  #reviewAt: number
  #seq = 0 // of ours, the latest
  #version = 0 // of what that one said
  #sealedAt = 0 // unix ms: when that one was made
  #elsewhereUntil = -Infinity
  #since: number // when somebody began to wait, the last time
  #hearsayAt: number // when rumours are better than nothing
  #hurriedUntil = -Infinity
  #hurriedPuts: { readonly at: number; readonly version: number }[] = []
  #newest: Heard | undefined // of the buddy's records

  constructor(options: RendezvousOptions) {
    const { pair, wall, external, announcement, isEager, now } = options
    this.#options = options
    this.#reviewAt = now
    this.#since = isEager ? now : -Infinity
    this.#hearsayAt = isEager ? now + hearsayAfter : Infinity
    const candidates = (): readonly Candidate[] => announcement()?.candidates ?? []
    this.#hearsay = new Hearsay({
      pair,
      port: () => {
        const [known = candidates()[0]?.address] = [external()]
        return known && splitAddress(known).port
      },
      isOwn: (address) => address === external() || candidates().some((own) => own.address === address),
      random: this.#number,
      wall,
    })
  }

  get deadline(): number {
    if (this.#events.length > 0 || this.#forgotten.length > 0) return -Infinity
    const deadline = Math.min(
      this.#reviewAt,
      this.#hearsay.deadline,
      ...this.#parts.map(({ role }) => role.deadline),
    )
    return Math.min(deadline, this.#hearsay.isOn ? Infinity : this.#hearsayAt)
  }

  /** Whether somebody waits for the buddy, and began to a short while ago. */
  isUrgent(now: number): boolean {
    return now - this.#since < urgency
  }

  /** What we tell changed. */
  touch(now: number): void {
    const isHurried = now < this.#hurriedUntil && this.#mayHurry(now)
    for (const part of this.#parts) if (part.kind === 'post') part.role.touch(now, { isHurried })
  }

  /** An attempt to reach him failed: perhaps he moved, and what changes here concerns him now. */
  hurry(now: number): void {
    this.#since = now
    this.#hurriedUntil = now + hurryFor
    if (!this.#hearsay.isOn) this.#hearsayAt = now + hearsayAfter
    for (const { kind, role } of this.#parts) {
      const isRead = kind === 'watch' && (role.pace !== 'side' || role.place.epoch === this.#newest?.epoch)
      if (isRead) role.hurry(now)
    }
    const isChanged = this.#options.announcement()?.version !== this.#version
    if (isChanged) this.touch(now)
  }

  /** Our network changed: every token is void, and every node may be. */
  restart(now: number): void {
    const isOn = this.#hearsay.isOn
    for (const part of [...this.#parts]) this.#drop(part)
    this.#hearsay.stop()
    this.#reviewAt = now
    if (!this.#options.isEager) return
    this.#since = now
    if (isOn) this.#hearsayAt = now + hearsayAfter
  }

  /** Ends it: nothing is kept, the keys are wiped. */
  stop(): void {
    for (const part of [...this.#parts]) this.#drop(part)
    this.#hearsay.stop()
    this.#hearsayAt = Infinity
    this.#reviewAt = Infinity
  }

  *drain(now: number): Generator<PartOrder> {
    if (now >= this.#reviewAt) this.#review(now)
    if (now >= this.#hearsayAt) {
      this.#hearsayAt = Infinity
      this.#hearsay.start(now)
    }
    for (const part of this.#forgotten.take()) yield { kind: 'forget', part }
    yield* this.#hearsay.drain(now)
    for (const part of this.#parts) {
      const orders =
        part.kind === 'watch' ? part.role.drain(now, part) : part.role.drain(now, () => this.#seal(part, now))
      for (const order of orders) yield { part, ...order }
    }
  }

  events(): Iterable<RendezvousEvent> {
    const addresses = this.#hearsay.takeRumours()
    if (addresses.length > 0) this.#events.push({ kind: 'rumour', name: this.#options.name, addresses })
    return this.#events.take()
  }

  looked(whose: Part, { closest, isFew }: Looked, now: number): void {
    this.#find(whose)?.role.looked(closest, now)
    if (isFew && !this.#hearsay.isOn) this.#hearsayAt = Math.min(this.#hearsayAt, now)
  }

  /** A node answered; of a `get` the item counts, whoever sent it: only the pair can make one. */
  answered(whose: Part, from: Address, { question, answer, now }: Answered): void {
    const part = this.#find(whose)
    if (!part) return
    if (part.kind === 'watch') part.role.answered(from)
    else if (question.kind === 'put') part.role.stored(from)
    else part.role.read(from, answer.item, now)
    const { item } = answer
    if (item?.kind !== 'mutable') return
    if (part.kind === 'watch') this.#hear(part, item, now)
    else this.#hearOwn(part, item, now)
  }

  /** Returns whether the node should be asked what newer record it has. */
  failed(whose: Part, from: Address, { question, code, now }: Failed): boolean {
    const part = this.#find(whose)
    if (part?.kind === 'watch') part.role.failed(from, now)
    if (part?.kind !== 'post') return false
    if (question.kind === 'put') return part.role.failed({ code, now })
    part.role.read(from, undefined, now)
    return false
  }

  #find(part: Part): PostPart | WatchPart | undefined {
    return this.#parts.find((own) => own === part)
  }

  readonly #number = (): number => this.#options.random(1)[0]! / 256

  #mayHurry(now: number): boolean {
    this.#hurriedPuts = this.#hurriedPuts.filter(({ at }) => now - at < minute)
    return this.#hurriedPuts.length < maxHurried
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
    const { pair } = this.#options
    const role = new Watch({
      place: new Place(pair, pair.own === 0 ? 1 : 0, epoch),
      method: 'get',
      pace: this.#paceOf(epoch, reads)!,
      random: this.#number,
      since: this.#since,
      now,
    })
    if (this.#newest) role.found()
    this.#parts.push({ kind: 'watch', of: this, role, seq: undefined })
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

  #has(kind: 'post' | 'watch', epoch: number): boolean {
    return this.#parts.some((part) => part.kind === kind && part.role.place.epoch === epoch)
  }

  #drop(part: PostPart | WatchPart): void {
    this.#parts = this.#parts.filter((other) => other !== part)
    this.#forgotten.push(part)
    part.role.place[Symbol.dispose]()
  }

  #seal(part: PostPart, now: number): Item | undefined {
    const said = this.#options.announcement()
    if (!said) return undefined
    const { random, wall, pair } = this.#options
    const { place } = part.role
    // Both hours' records share seq and timestamp, so that a reader of both hears once; at one place seq always grows.
    const least = said.version === this.#version ? Math.max(this.#seq, part.seq + 1) : this.#seq + 1
    const seq = Math.max(Math.floor(wall(now) / 1_000), least)
    if (seq > this.#seq || said.version !== this.#version) this.#sealedAt = wall(now)
    this.#seq = part.seq = seq
    this.#version = said.version
    part.isSealed = true
    const { version } = said
    if (part.role.isHurried && this.#hurriedPuts.at(-1)?.version !== version)
      this.#hurriedPuts.push({ at: now, version })
    const { sessionId, candidates, startAt } = said
    const seal = { key: place.aead, target: place.target, seq }
    const record = { sessionId, timestamp: this.#sealedAt, startAt, candidates }
    const mark = pair.mark?.(markedPart(seal, record))
    const value = sealRecord({ ...record, ...(mark && { mark }) }, seal, random)
    const unsigned = { kind: 'mutable', key: place.publicKey, salt: new Uint8Array(0), seq, value } as const
    return { ...unsigned, signature: place.sign(signedPart(unsigned)) }
  }

  /** Within a place seq orders, as it does for the nodes that store it; between two hours' places the time of writing. */
  #hear(part: WatchPart, { seq, value }: MutableItem, now: number): void {
    if (part.seq !== undefined && seq <= part.seq) return
    const { place } = part.role
    const record = this.#open(place, { seq, value })
    if (!record || Math.abs(this.#options.wall(now) - record.timestamp) > maxAge) return
    part.seq = seq
    const heard = { epoch: place.epoch, seq, timestamp: record.timestamp }
    if (this.#newest && !isNewer(heard, this.#newest)) return
    this.#newest = heard
    this.#hearsay.heard()
    this.#hearsayAt = Infinity
    for (const { kind, role } of this.#parts) if (kind === 'watch') role.found()
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
      part.role.supersede(now)
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

/** A record of the buddy. */
interface Heard {
  readonly epoch: number // of its place: not this hour, if a clock is wrong
  readonly seq: number
  readonly timestamp: number // unix ms
}

/** The copies of one record at two places have the same of both. */
const isNewer = (a: Heard, b: Heard): boolean =>
  a.timestamp > b.timestamp || (a.timestamp === b.timestamp && a.seq > b.seq)

const minute = 60_000 // ms
const urgency = 60_000 // ms
const hearsayAfter = 5_000 // ms
const hurryFor = 15_000 // ms after a failed attempt in which what changes goes out at once
const maxHurried = 4 // in a minute
const reviewEvery = 30_000 // ms; the hour's margins are ten minutes
const maxAge = 2 * 60 * 60_000 // ms
const elsewhereFor = 2 * 60 * 60_000 // ms; as long as nodes keep what the other machine said last
// Unix seconds are some 2^31. Whoever has the pair's keys may write any seq; above this we follow none, so
// that ours have 2^52 left to grow.
const highestSeq = 2 ** 52
