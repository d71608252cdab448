/**
 * Questions under way: random transaction ids, the pace per node and in all,
 * round-trip times, timeouts. An answer counts only from the very address that
 * was asked (BEP 5 asks less, and lets anybody answer who guesses two octets).
 */
import type { Random } from '../crypto.ts'
import type { Address, Local, Path } from '../machine.ts'
import type { Answer, Failure, Question } from './krpc.ts'
import { Pace } from './pace.ts'

/** A question to one node, asked for the sake of `tag`. */
export interface Asked<Tag> {
  readonly local: Local
  readonly peer: Address
  readonly question: Question
  readonly tag: Tag
  sentAt: number | undefined // undefined while it waits for its turn
}

export interface Departure {
  readonly local: Local
  readonly peer: Address
  readonly transaction: Uint8Array
  readonly question: Question
}

export class Rpc<Tag> {
  readonly #local: Local
  readonly #random: Random
  readonly #nodes = new Pace({ rate: 2, burst: 10 }) // libtorrent bans 50 packets in 10 s
  readonly #idle = new Pace({ rate: 20, burst: 250 }) // a cold start is some 150
  readonly #busy = new Pace({ rate: 100, burst: 250 })
  readonly #underWay = new Map<number, Asked<Tag>>() // in the order of sending
  #waiting: Asked<Tag>[] = []
  #srtt: number | undefined
  #variance = 0
  #allReadyAt = -Infinity
  /** Whether somebody waits for what is asked: then five times as much may be sent. */
  isUrgent = false

  constructor(local: Local, random: Random) {
    this.#local = local
    this.#random = random
  }

  /** After this long without an answer nobody waits for it any more; it still counts when it comes. ms */
  get softTimeout(): number {
    if (this.#srtt === undefined) return maxSoft
    return Math.min(maxSoft, Math.max(minSoft, this.#srtt + 4 * this.#variance))
  }

  get load(): number {
    return this.#waiting.length + this.#underWay.size
  }

  get deadline(): number {
    let deadline = this.#waiting.length > 0 ? this.#allReadyAt : Infinity
    for (const { sentAt } of this.#underWay.values()) {
      deadline = Math.min(deadline, sentAt! + hardTimeout)
      break // the others were sent later
    }
    return deadline
  }

  /** From the end that all else is asked from, or another. */
  ask(peer: Address, question: Question, tag: Tag, local = this.#local): Asked<Tag> {
    const asked: Asked<Tag> = { local, peer, question, tag, sentAt: undefined }
    this.#waiting.push(asked)
    this.#allReadyAt = -Infinity
    return asked
  }

  /** Whether a question to this node would leave at once. */
  isFree(peer: Address, now: number): boolean {
    const waiting = this.#waiting.filter((asked) => asked.peer === peer).length
    return waiting < this.#nodes.left(peer, now) && this.load < maxLoad
  }

  /** What may leave now. */
  *departures(now: number): Generator<Departure> {
    if (this.#allReadyAt > now) return
    const all = this.isUrgent ? this.#busy : this.#idle
    const held: Asked<Tag>[] = []
    this.#allReadyAt = Infinity
    for (const asked of this.#waiting) {
      const readyAt = Math.max(this.#nodes.readyAt(asked.peer, now), all.readyAt('', now))
      if (readyAt > now) {
        this.#allReadyAt = Math.min(this.#allReadyAt, readyAt)
        held.push(asked)
        continue
      }
      this.#nodes.take(asked.peer, now)
      all.take('', now)
      yield this.#depart(asked, now)
    }
    this.#waiting = held
  }

  /** Takes back the question this answers, if it comes from whom we asked, to where we asked from. */
  match({ transaction }: Answer | Failure, { local, peer }: Path, now: number): Asked<Tag> | undefined {
    const key = transaction.length === 4 ? keyOf(transaction) : -1
    const asked = this.#underWay.get(key)
    if (asked?.peer !== peer || asked.local !== local) return undefined
    this.#underWay.delete(key)
    this.#measure(now - asked.sentAt!)
    return asked
  }

  /** What has not left yet never will. */
  cancel(isVain: (asked: Asked<Tag>) => boolean): void {
    this.#waiting = this.#waiting.filter((asked) => !isVain(asked))
  }

  /** Our network is another: no answer to anything will come, and that is nobody's fault. */
  reset(): void {
    this.#waiting = []
    this.#underWay.clear()
    this.#srtt = undefined
  }

  /** Takes back what nobody answered in two seconds. */
  *expired(now: number): Generator<Asked<Tag>> {
    for (const [key, asked] of this.#underWay) {
      if (asked.sentAt! + hardTimeout > now) return
      this.#underWay.delete(key)
      yield asked
    }
  }

  #depart(asked: Asked<Tag>, now: number): Departure {
    let transaction: Uint8Array
    do transaction = this.#random(4)
    while (this.#underWay.has(keyOf(transaction)))
    asked.sentAt = now
    this.#underWay.set(keyOf(transaction), asked)
    const { local, peer, question } = asked
    return { local, peer, transaction, question }
  }

  /** RFC 6298, section 2. */
  #measure(rtt: number): void {
    if (this.#srtt === undefined) {
      this.#srtt = rtt
      this.#variance = rtt / 2
      return
    }
    this.#variance += (Math.abs(this.#srtt - rtt) - this.#variance) / 4
    this.#srtt += (rtt - this.#srtt) / 8
  }
}

const keyOf = (t: Uint8Array): number => ((t[0]! << 24) | (t[1]! << 16) | (t[2]! << 8) | t[3]!) >>> 0

const minSoft = 120 // ms; less would call the internet's jitter slow
const maxSoft = 1_000 // ms
const hardTimeout = 2_000 // ms
const maxLoad = 200 // beyond it, what can be asked again later waits
