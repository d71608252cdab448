/**
 * The fallback of a rendezvous: both buddies announce themselves as BEP 5's peers under info hashes that only the
 * pair knows, and read the other's. More nodes keep peers than items, and other ones: who surrounds the place of a
 * record does not know this one. But whoever saw the question may announce any address there: what is read is a
 * rumour. Spec: "Fallback" in docs/Protocol.md.
 */
import type { Address, WallClock } from '../machine.ts'
import { Announce } from './announce.ts'
import type { Looked } from './dht.ts'
import type { Answered, Asker, Failed, Part, PartOrder } from './part.ts'
import { InfoHash, type PairKeys, writeEpochs } from './place.ts'
import { familyOf, mayTell } from './reach.ts'
import { Watch } from './watch.ts'

/** One info hash, ours or the buddy's. */
interface HearsayPart extends Part {
  readonly role: Announce | Watch<InfoHash>
}

export interface HearsayOptions {
  readonly pair: PairKeys
  readonly port: () => number | undefined
  readonly isOwn: (address: Address) => boolean
  readonly random: () => number
  readonly wall: WallClock
}

export class Hearsay implements Asker {
  readonly #options: HearsayOptions
  #parts: HearsayPart[] = []
  #forgotten: HearsayPart[] = []
  #rumours: Address[] = []
  #since: number | undefined // when we began to listen
  #reviewAt = -Infinity
  readonly #known = new Set<Address>() // told already, the latest last
  #fresh = 0 // told since the last poll
  #tellers = new Map<Address, number>() // how many of them by whom

  constructor(options: HearsayOptions) {
    this.#options = options
  }

  get isOn(): boolean {
    return this.#since !== undefined
  }

  get deadline(): number {
    if (this.#forgotten.length > 0 || this.#rumours.length > 0) return -Infinity
    const reviewAt = this.isOn || this.#parts.length > 0 ? this.#reviewAt : Infinity
    return Math.min(reviewAt, ...this.#parts.map(({ role }) => role.deadline))
  }

  start(now: number): void {
    if (this.isOn) return
    this.#since = now
    this.#reviewAt = now
  }

  /** Something better than rumours came; he may still need ours, so what is announced stays so until the hour ends. */
  heard(): void {
    for (const part of [...this.#parts]) if (part.role instanceof Watch) this.#drop(part)
    this.#since = undefined
  }

  stop(): void {
    for (const part of [...this.#parts]) this.#drop(part)
    this.#since = undefined
  }

  *drain(now: number): Generator<PartOrder> {
    if (now >= this.#reviewAt) this.#review(now)
    for (const part of this.#forgotten.splice(0)) yield { kind: 'forget', part }
    for (const part of this.#parts) {
      const { role } = part
      const orders = role instanceof Watch ? role.drain(now, { seq: undefined }) : role.drain(now)
      for (const order of orders) {
        if (role instanceof Watch) this.#renew()
        yield { part, ...order }
      }
    }
  }

  /** What is new since the last time. */
  takeRumours(): readonly Address[] {
    return this.#rumours.splice(0)
  }

  looked(part: Part, { closest }: Looked, now: number): void {
    this.#find(part)?.role.looked(closest, now)
  }

  answered(part: Part, from: Address, { answer }: Answered): void {
    const role = this.#find(part)?.role
    if (!(role instanceof Watch)) return
    role.answered(from)
    for (const address of answer.values ?? []) this.#hear(from, address)
  }

  failed(part: Part, from: Address, { now }: Failed): boolean {
    const role = this.#find(part)?.role
    if (role instanceof Watch) role.failed(from, now)
    return false
  }

  #find(part: Part): HearsayPart | undefined {
    return this.#parts.find((own) => own === part)
  }

  /** Begins the info hashes of this hour and ends those of the last. */
  #review(now: number): void {
    this.#reviewAt = now + reviewEvery
    const { pair, port, random, wall } = this.#options
    const epochs = writeEpochs(wall(now))
    for (const part of [...this.#parts]) if (!epochs.includes(part.role.place.epoch)) this.#drop(part)
    if (this.#since === undefined) return
    const since = this.#since - calmAfter
    const [own, other] = [pair.own, pair.own === 0 ? 1 : 0] as const
    for (const epoch of epochs) {
      const roles = this.#parts.map(({ role }) => role).filter(({ place }) => place.epoch === epoch)
      if (!roles.some((role) => role instanceof Announce))
        this.#begin(new Announce({ place: new InfoHash(pair, own, epoch), port, now }))
      const place = new InfoHash(pair, other, epoch)
      if (!roles.some((role) => role instanceof Watch))
        this.#begin(new Watch({ place, method: 'get_peers', pace: 'eager', random, since, now }))
    }
  }

  #begin(role: HearsayPart['role']): void {
    this.#parts.push({ of: this, role })
  }

  #drop(part: HearsayPart): void {
    this.#parts = this.#parts.filter((other) => other !== part)
    this.#forgotten.push(part)
    part.role.place[Symbol.dispose]()
  }

  /** A poll begins: so many may be told again. */
  #renew(): void {
    this.#fresh = 0
    this.#tellers.clear()
  }

  #hear(teller: Address, address: Address): void {
    if (familyOf(address) !== familyOf(teller) || !mayTell(teller, address)) return
    if (this.#options.isOwn(address)) return
    const isKnown = this.#known.delete(address)
    const told = this.#tellers.get(teller) ?? 0
    if (!isKnown && (this.#fresh >= maxFresh || told >= maxPerTeller)) return
    this.#known.add(address)
    if (isKnown) return
    if (this.#known.size > maxKnown) this.#known.delete(this.#known.values().next().value!)
    this.#fresh++
    this.#tellers.set(teller, told + 1)
    this.#rumours.push(address)
  }
}

const reviewEvery = 30_000 // ms
const calmAfter = 7_500 // ms: it polls four times in 3 s, as he announces himself about now, and then every 5 s
const maxFresh = 8 // new addresses in a poll
const maxPerTeller = 1 // of them by one node, or the first liar would take them all
const maxKnown = 256
