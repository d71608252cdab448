/**
 * Where we stand in the network: our main ends, one for each address family,
 * and as whom others see them and the extra ones. Opens the main ends, and
 * opens them again. Sans-I/O: see `src/machine.ts`.
 */
import type { Address, Local, Notice, Output } from '../machine.ts'
import { type Candidate, ownCandidates, scopeOf } from '../nat/candidates.ts'
import { type Mapping, Mappings, type Sighting } from '../nat/mapping.ts'
import type { End } from '../nat/punch.ts'
import { Queue } from '../queue.ts'
import { splitAddress } from '../wire/address.ts'

export type Family = 'udp4' | 'udp6'

/** A part of the network that may be used. */
export interface Place {
  /** Addresses of its interfaces, of both families. */
  readonly hosts: readonly string[]
  /** Those that an end can be opened for. */
  readonly families: readonly Family[]
}

export type StandingEvent =
  /** Every end that is wanted is open, or cannot be opened. */
  | { readonly kind: 'settled' }
  /** As whom an extra end is seen. */
  | { readonly kind: 'measured'; readonly local: Local; readonly mapping: Mapping }

interface Main {
  readonly local: Local
  readonly family: Family
  isWanted: boolean
  state: 'closed' | 'opening' | 'open' | 'closing'
  at: Address | undefined // where it is bound
  openAt: number
  hasFailed: boolean
  mappings: Mappings
  /** The word of one alone counts: there is nobody else, or the user named him. */
  isTrusted: boolean
}

interface Measured {
  readonly mappings: Mappings
  tellAt: number
}

export class Standing {
  readonly #outbox = new Queue<Output<StandingEvent>>()
  readonly #mains: readonly Main[]
  readonly #loopback: boolean
  readonly #measured = new Map<Local, Measured>()
  #hosts: readonly string[] = []
  #mapped: Address | undefined
  #isSettled = false
  #isClosing = false

  constructor(place: Place, { loopback, now }: { readonly loopback: boolean; readonly now: number }) {
    this.#loopback = loopback
    this.#mains = (['udp4', 'udp6'] as const).map((family) => ({
      local: { kind: family },
      ...{ family, isWanted: false, state: 'closed', at: undefined, openAt: Infinity, hasFailed: false },
      ...{ mappings: new Mappings(), isTrusted: false },
    }))
    this.moved(place, { isBound: false }, now)
  }

  get deadline(): number {
    if (this.#outbox.length > 0) return -Infinity
    let deadline = Infinity
    for (const { openAt, state } of this.#mains) if (state === 'closed') deadline = Math.min(deadline, openAt)
    for (const { tellAt } of this.#measured.values()) deadline = Math.min(deadline, tellAt)
    return deadline
  }

  localOf(family: Family): Local {
    return this.#main(family).local
  }

  isMain(local: Local): boolean {
    return this.#mains.some((main) => main.local === local)
  }

  isOpen(family: Family): boolean {
    return this.#main(family).state === 'open'
  }

  get families(): readonly Family[] {
    return this.#mains.filter(({ isWanted }) => isWanted).map(({ family }) => family)
  }

  /** Of the main ends that are open. */
  get ports(): { readonly udp4: number | undefined; readonly udp6: number | undefined } {
    return { udp4: this.#portOf('udp4'), udp6: this.#portOf('udp6') }
  }

  /** The main ends that are open. */
  get ends(): readonly End[] {
    return this.#mains
      .filter(({ state }) => state === 'open')
      .map(({ local, family }) => ({ local, mapping: this.mapping(family) }))
  }

  get hosts(): readonly string[] {
    return this.#hosts
  }

  /** Whether what is sent to this address stays on this machine: the system takes it for its own, whichever interface has it. */
  isHere(address: Address): boolean {
    return scopeOf(address) === 'loopback' || this.#hosts.includes(splitAddress(address).address)
  }

  /** What is known of our NAT. */
  mapping(family: Family): Mapping {
    const { mappings, isTrusted } = this.#main(family)
    return isTrusted || mappings.voters > 1 ? mappings.mapping : { kind: 'unknown' }
  }

  /** Where we can be reached. */
  get candidates(): readonly Candidate[] {
    const { ports } = this
    return ownCandidates({
      hosts: this.#hosts,
      ports,
      mappings: this.#mains.map(({ family }) => this.mapping(family)),
      mapped: this.#mapped === undefined || ports.udp4 === undefined ? [] : [this.#mapped],
      loopback: this.#loopback,
    })
  }

  /** A router keeps this port for us, or none any more. */
  set mapped(address: Address | undefined) {
    this.#mapped = address
  }

  /**
   * Our network is another one, or the machine slept: nothing is known of it any more.
   *
   * @param isBound - our ends are bound to addresses that may be gone: others are opened
   */
  moved({ hosts, families }: Place, { isBound }: { readonly isBound: boolean }, now: number): void {
    this.#hosts = hosts
    this.#isSettled = false
    for (const main of this.#mains) {
      main.isWanted = families.includes(main.family) && !this.#isClosing
      main.mappings = new Mappings()
      main.isTrusted = false
      main.hasFailed = false
      if (main.state === 'closed') main.openAt = main.isWanted ? now : Infinity
      if (main.state === 'open' && (isBound || !main.isWanted)) this.#close(main)
    }
    this.#settle()
  }

  /** No end is opened any more. */
  close(): void {
    this.#isClosing = true
    for (const main of this.#mains) main.openAt = Infinity
  }

  /** Which main end it is about. */
  notice(notice: Notice, now: number): Family | undefined {
    const main = this.#mains.find(({ local }) => local === notice.local)
    if (!main) {
      if (notice.kind === 'closed') this.#measured.delete(notice.local)
      return undefined
    }
    const wasClosing = main.state === 'closing'
    if (notice.kind === 'opened') {
      main.state = 'open'
      main.at = notice.at
      // The network changed while it was being opened.
      if (!main.isWanted) this.#close(main)
    } else {
      main.state = 'closed'
      main.at = undefined
      main.hasFailed = !wasClosing
      main.openAt = main.isWanted && !this.#isClosing ? now + (wasClosing ? 0 : reopenPause) : Infinity
    }
    this.#settle()
    return main.family
  }

  /** One more end is to be measured: what `see` says of it is told when it is enough. */
  measure(local: Local): void {
    this.#measured.set(local, { mappings: new Mappings(), tellAt: Infinity })
  }

  /** Somebody saw an end of ours; true if it is a main one, and what is known of it changed. */
  see(
    { local, isTrusted, ...sighting }: Sighting & { readonly local: Local; readonly isTrusted: boolean },
    now: number,
  ): boolean {
    const measured = this.#measured.get(local)
    measured?.mappings.see(sighting)
    if (measured)
      measured.tellAt = measured.mappings.voters > 1 ? now : Math.min(measured.tellAt, now + second)
    const main = this.#mains.find((main) => main.local === local)
    if (!main) return false
    const before = JSON.stringify(this.mapping(main.family))
    main.isTrusted ||= isTrusted
    main.mappings.see(sighting)
    return JSON.stringify(this.mapping(main.family)) !== before
  }

  /** What those who were asked say is all that will be said. */
  trust(family: Family): void {
    this.#main(family).isTrusted = true
  }

  *drain(now: number): Generator<Output<StandingEvent>> {
    for (const main of this.#mains) {
      if (main.state !== 'closed' || now < main.openAt) continue
      main.state = 'opening'
      main.openAt = Infinity
      yield { kind: 'open', local: main.local }
    }
    for (const [local, measured] of this.#measured) {
      if (now < measured.tellAt) continue
      measured.tellAt = Infinity
      yield { kind: 'event', event: { kind: 'measured', local, mapping: measured.mappings.mapping } }
    }
    yield* this.#outbox.take()
  }

  #close(main: Main): void {
    main.state = 'closing'
    main.at = undefined
    this.#outbox.push({ kind: 'close', local: main.local })
  }

  #settle(): void {
    const wanted = this.#mains.filter(({ isWanted }) => isWanted)
    const isSettled = wanted.every(({ state, hasFailed }) => state === 'open' || hasFailed)
    if (wanted.length === 0 || !isSettled || this.#isSettled) return
    this.#isSettled = true
    this.#outbox.push({ kind: 'event', event: { kind: 'settled' } })
  }

  #portOf(family: Family): number | undefined {
    const { at } = this.#main(family)
    return at === undefined ? undefined : splitAddress(at).port
  }

  #main(family: Family): Main {
    return this.#mains.find((main) => main.family === family)!
  }
}

const reopenPause = 5_000 // ms; an interface may come back
const second = 300 // ms for a second opinion
