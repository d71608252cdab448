/**
 * Opens a way through two NATs: which datagrams leave from which local end at
 * which moment. What is sent is the link's own first datagram (an init or a
 * knock): the handshake is the probe, and the first path on which it is
 * answered wins. docs/Protocol.md, "Candidates and paths".
 *
 * A NAT that gives each destination a port of its own (hard) opposite one that
 * does not (easy): the hard side probes from 256 ends, the easy side probes
 * ports at random; some hundred of them hit one of 256 (measured: 17 of 17
 * within half a second).
 */
import type { Random } from '../crypto.ts'
import type { Address, Local, Notice, Output, Path } from '../machine.ts'
import { formatAddress, splitAddress } from '../wire/address.ts'
import { type Candidate, isV6, scopeOf } from './candidates.ts'
import type { Mapping } from './mapping.ts'
import { type Goal, rankOf, type Way, wayTo } from './way.ts'

/** An end of ours that is open. */
export interface End {
  readonly local: Local
  readonly mapping: Mapping
}

export interface PunchOptions {
  readonly ends: readonly End[]
  /** Of his record; `goals` are known otherwise. */
  readonly candidates: readonly Candidate[]
  readonly goals?: readonly Goal[] | undefined
  /** The first datagram leaves then: ms. */
  readonly startAt: number
  readonly patience: number // ms from there
  readonly random: Random
  /** One of the two, where both NATs count: see `foreseen`. */
  readonly stretches?: boolean | undefined
  /** Whether one more of many datagrams may go to this host: of those at random, and of those from many ends. */
  readonly mayGuess: (host: string) => boolean
}

/** Send the first datagram on this path. */
export interface Probe {
  readonly kind: 'probe'
  readonly path: Path
}

interface Aim {
  readonly goal: Goal
  round: number
  nextAt: number
}

interface Extra {
  readonly local: Local
  readonly goals: readonly Address[]
}

interface Burst {
  readonly goals: readonly Address[]
  rounds: number
  nextAt: number
  at: number // of the ends, the next one's place
}

interface Spray {
  readonly hosts: readonly string[]
  nextAt: number
  left: number
}

export class Punch {
  readonly #options: PunchOptions
  readonly #aims: Aim[] = []
  readonly #endsAt: number
  #burst: Burst | undefined // from many ends
  #opening: readonly Local[] = [] // ends that are to be open, or are about to be
  #extras: Extra[] = []
  #spray: Spray | undefined // at random ports
  readonly #sprayed = new Set<string>()

  constructor(options: PunchOptions) {
    this.#options = options
    const { candidates, goals = [], startAt, patience } = options
    const own = candidates.map((candidate) => ({ address: candidate.address, way: wayTo(candidate) }))
    // A counter counts our datagrams: those to predicted ports go first, in the order he predicts them.
    const ranked = [...goals, ...own.filter(({ way }) => way !== 'predicted')]
    const predicted = own.filter(({ way }) => way === 'predicted').map(({ address }) => address)
    ranked.sort((a, b) => rankOf(a) - rankOf(b))
    for (const address of this.#foresee(predicted)) this.learn({ address, way: 'predicted' })
    for (const goal of ranked) this.learn(goal)
    this.#endsAt = startAt + patience
    this.#plan()
  }

  get deadline(): number {
    const many = Math.min(this.#burst?.nextAt ?? Infinity, this.#spray?.nextAt ?? Infinity)
    let deadline = Math.min(this.#endsAt, many)
    for (const { nextAt } of this.#aims) deadline = Math.min(deadline, nextAt)
    return deadline
  }

  /** Nobody answered in time: a new attempt with a new handshake is needed. */
  isOver(now: number): boolean {
    return now >= this.#endsAt
  }

  /** The first datagram leaves then. */
  get startAt(): number {
    return this.#options.startAt
  }

  /** What was tried, in this order. */
  get goals(): readonly Goal[] {
    return this.#aims.map(({ goal }) => goal)
  }

  /** Many ports are tried, on his side or on ours. */
  get isGuessing(): boolean {
    return this.#burst !== undefined || this.#spray !== undefined
  }

  /** Also probe this one, from now on. Bounded. */
  learn(goal: Goal, now = -Infinity): void {
    const isKnown = this.#aims.some(({ goal: { address } }) => address === goal.address)
    const same = this.#aims.filter(({ goal: { way } }) => way === goal.way).length
    if (isKnown || same >= (goal.way === 'mesh' ? maxMesh : maxOfAWay)) return
    this.#aims.push({ goal, round: 0, nextAt: Math.max(now, this.startAt) })
  }

  /** How he was reached there. */
  wayOf({ local, peer }: Path): Way {
    const aim = this.#aims.find(({ goal: { address } }) => address === peer)
    if (this.owns(local)) return 'guessed'
    if (aim) return aim.goal.way
    return this.#sprayed.has(splitAddress(peer).address) ? 'guessed' : 'learnt'
  }

  /** One of the many ends that it opened. */
  owns(local: Local): boolean {
    return this.#opening.includes(local)
  }

  notice(notice: Notice): void {
    if (!this.#burst || !this.owns(notice.local)) return
    if (notice.kind === 'opened') this.#extras.push({ local: notice.local, goals: this.#burst.goals })
    else this.#extras = this.#extras.filter(({ local }) => local !== notice.local)
  }

  *drain(now: number): Generator<Output<Probe>> {
    if (this.isOver(now)) return
    for (const aim of this.#aims) if (now >= aim.nextAt) yield* this.#probe(aim, now)
    if (this.#burst && now >= this.#burst.nextAt) yield* this.#probeFromMany(this.#burst, now)
    if (this.#spray && now >= this.#spray.nextAt) yield* this.#probeAtRandom(this.#spray, now)
  }

  /** Ends that are of no use any more; the caller may keep one that won. */
  close(): readonly Local[] {
    const ends = this.#extras.length > 0 || this.#burst ? this.#opening : []
    this.#opening = []
    this.#extras = []
    this.#burst = undefined
    this.#spray = undefined
    return ends
  }

  /**
   * Where both NATs count, our nth datagram must go to the port from which his mth comes, and his mth to that from which
   * our nth comes. Each knows the other's count of a moment ago only, so both are too low by a few. If one takes each
   * port and the other each second, just one pair meets, as long as the one's error and twice the other's are 7 at the
   * most; with the same steps on both sides most errors would let none meet.
   */
  #foresee(predicted: readonly Address[]): readonly Address[] {
    const { ends, stretches = false } = this.#options
    const isCounting = ends.some(({ mapping }) => mapping.kind === 'counting')
    const [first, second] = predicted.map(splitAddress)
    if (!isCounting || !first || !second || first.address !== second.address) return predicted
    const step = (second.port - first.port) * (stretches ? 2 : 1)
    const ports = Array.from({ length: foreseen }, (_, i) => first.port + step * i)
    return ports.flatMap((port) => formatAddress({ address: first.address, port }) ?? [])
  }

  /** Whether many ports are to be tried, and on whose side. */
  #plan(): void {
    const { ends, candidates, startAt } = this.#options
    const own = ends.find(({ local }) => local.kind === 'udp4')?.mapping
    if (!own) return
    const isHard = own.kind === 'changing' || own.kind === 'counting'
    const theirs = candidates.filter(({ address }) => !isV6(address) && scopeOf(address) === 'public')
    const hard = theirs
      .filter(({ kind }) => kind === 'changing')
      .map(({ address }) => splitAddress(address).address)
    const easy = theirs.filter(({ kind }) => kind !== 'changing' && kind !== 'predicted')
    const isCounting = own.kind === 'counting' || theirs.some(({ kind }) => kind === 'predicted')
    const from = startAt + (isCounting ? afterPrediction : afterProbes)
    if (isHard && easy.length > 0 && hard.length === 0)
      this.#burst = {
        goals: easy.slice(0, maxEasy).map(({ address }) => address),
        nextAt: from,
        at: 0,
        rounds: 0,
      }
    const hosts = isHard ? [] : [...new Set(hard)].slice(0, 1)
    if (hosts.length > 0) this.#spray = { hosts, nextAt: from, left: maxGuesses }
  }

  *#probe(aim: Aim, now: number): Generator<Output<Probe>> {
    const { address, way } = aim.goal
    aim.nextAt = now + (way === 'mesh' ? meshGap : (gaps[aim.round++] ?? steadyGap))
    for (const { local } of this.#options.ends) {
      if ((local.kind === 'udp6') === isV6(address))
        yield { kind: 'event', event: { kind: 'probe', path: { local, peer: address } } }
    }
  }

  *#probeFromMany(burst: Burst, now: number): Generator<Output<Probe>> {
    const { mayGuess } = this.#options
    burst.nextAt = now + burstGap
    if (this.#opening.length === 0) {
      this.#opening = Array.from({ length: manyEnds }, () => ({ kind: 'udp4', isExtra: true }) as const)
      for (const local of this.#opening) yield { kind: 'open', local }
      return
    }
    if (this.#extras.length === 0) return // they are being opened
    for (const { local, goals } of this.#extras.slice(burst.at, burst.at + burstSize)) {
      for (const peer of goals)
        if (mayGuess(splitAddress(peer).address))
          yield { kind: 'event', event: { kind: 'probe', path: { local, peer } } }
    }
    burst.at += burstSize
    if (burst.at < this.#extras.length) return
    burst.at = 0
    burst.nextAt = ++burst.rounds < maxRounds ? now + againFromMany : Infinity
  }

  *#probeAtRandom(spray: Spray, now: number): Generator<Output<Probe>> {
    spray.nextAt = spray.left > guessesAtOnce ? now + guessGap : Infinity
    const { ends, mayGuess } = this.#options
    const local = ends.find(({ local }) => local.kind === 'udp4')!.local
    for (let i = 0; i < guessesAtOnce && spray.left > 0; i++) {
      spray.left--
      const [high, low] = this.#options.random(2)
      const port = lowestGuess + (((high! << 8) | low!) % (65_536 - lowestGuess))
      for (const address of spray.hosts) {
        if (!mayGuess(address)) continue
        this.#sprayed.add(address)
        yield {
          kind: 'event',
          event: { kind: 'probe', path: { local, peer: formatAddress({ address, port })! } },
        }
      }
    }
  }
}

// Dense at first: his hole may open a moment after our first try. ms.
const gaps = [100, 200, 400]
const steadyGap = 1_000
const foreseen = 8 // ports
const afterProbes = 400 // ms: what is easy comes first
const afterPrediction = 1_200 // ms
const manyEnds = 256
const maxEasy = 2 // of his addresses: 512 datagrams
const burstSize = 64 // datagrams, and then
const burstGap = 10 // ms: routers' queues are short
const againFromMany = 2_000 // ms
const maxRounds = 3
const guessesAtOnce = 20
const guessGap = 50 // ms
const maxGuesses = 1_024 // an attempt: 98 of 100 hit by then
const lowestGuess = 1_024
const maxOfAWay = 16 // of a record; learnt: a peer that hops ports must not make us spray
const maxMesh = 256
const meshGap = 5_000 // ms
