/**
 * All of one profile: its ends in the network, the DHT, the LAN, every buddy.
 * Commands go in, plain JSON events come out; see `command.ts`. Sans-I/O: see
 * `src/machine.ts`.
 */

import { moveKey } from '../keyed.ts'
import type { Address, Datagram, Machine, Notice, Output } from '../machine.ts'
import type { Goal } from '../nat/way.ts'
import { Attempts } from '../otr/attempts.ts'
import type { Buddy as Contact } from '../profile/buddies.ts'
import type { Habits } from '../profile/habits.ts'
import { Queue } from '../queue.ts'
import type { Kept as KeptPart } from '../transfer/transfer.ts'
import type { Work, WorkResult } from '../transfer/work.ts'
import { frameReceiver, frameTag } from '../transport/link/frames.ts'
import { classify } from '../wire/classify.ts'
import { Buddy, type BuddyOptions } from './buddy.ts'
import type { Command, Removed, TalkEvent } from './command.ts'
import type { Kept } from './exchange.ts'
import { Guesses } from './guesses.ts'
import { KnownMessages } from './known.ts'
import type { Own } from './live.ts'
import { type OfferKind, Offers, type TakeFault } from './offers.ts'
import { isMulticast, Presence, type PresenceEvent, type PresenceOptions } from './presence.ts'
import { type Holder, Receivers } from './receivers.ts'
import { type Report, withoutBuddy } from './report.ts'
import { SoughtNames } from './sought.ts'
import type { Place } from './standing.ts'
import { type Offered, obey } from './transfers.ts'
import { unsent } from './transferstage.ts'

export interface TalkOptions extends PresenceOptions {
  /** The profile's name. */
  readonly name: string
  readonly own: Own
  /** Messages that came before, of an earlier process too. */
  readonly known?: KnownMessages
  /** Where nothing is set for a buddy; nothing is told without. */
  readonly habits?: Habits
}

/** What conversations are asked for: whom a text is for is settled by then. */
export type TalkCommand = Exclude<Command, { kind: 'drop' | 'resend' }>

/** Whom there is to talk with. */
export type Known = Pick<BuddyOptions, 'whom' | 'invite' | 'isStrange'>

export class Talk implements Machine<TalkEvent, Work> {
  readonly #options: TalkOptions
  readonly #events = new Queue<TalkEvent>()
  readonly #whoms = new Map<string, Known>()
  readonly #names = new SoughtNames()
  readonly #buddies = new Map<string, Buddy>()
  readonly #receivers: Receivers
  readonly #presence: Presence
  readonly #elsewhere = new Map<string, number>() // by alias: told when
  readonly #met = new Set<string>() // names of buddies there is a conversation with
  readonly #offers: Offers
  readonly #guesses = new Guesses()
  readonly #attempts = new Attempts()
  readonly #known: KnownMessages
  #mesh: readonly Goal[] = []
  #leaving: Buddy[] = []
  #sessions = 0
  #stunAt = Infinity
  #isClosing = false

  #selves: Own['selves']

  constructor(options: TalkOptions) {
    this.#options = options
    this.#selves = options.own.selves
    const { random, wall, known = new KnownMessages() } = options
    this.#known = known
    this.#receivers = new Receivers(random)
    this.#presence = new Presence(options)
    this.#offers = new Offers({ random, wall, sessionId: this.#presence.sessionId })
  }

  get deadline(): number {
    if (this.#events.length > 0) return -Infinity
    let deadline = Math.min(this.#presence.deadline, this.#stunAt)
    for (const buddy of this.#everybody()) deadline = Math.min(deadline, buddy.deadline)
    return deadline
  }

  /** Everything closed has said goodbye. */
  get isQuiet(): boolean {
    return this.#buddies.size === 0 && this.#leaving.every(({ isQuiet }) => isQuiet)
  }

  /** Nodes of the DHT that answered, to begin with the next time. */
  get nodes(): readonly Address[] {
    return this.#presence.nodes
  }

  /** Our socket for IPv4 is bound to it. */
  get port4(): number | undefined {
    return this.#presence.port4
  }

  /** Nothing more is being learnt about where we can be reached: what is open, and what STUN servers say. */
  get isGathered(): boolean {
    return this.#presence.isGathered
  }

  /** Makes a buddy known, or who has the other half of an invite code. */
  know(known: Known): void {
    const { whom } = known
    this.#whoms.set(whom.kind === 'known' ? whom.contact.alias : whom.alias, known)
  }

  /** The user knows, or has invited, somebody of this alias. */
  knows(alias: string): boolean {
    return this.#whoms.has(alias)
  }

  /** The user calls him `to` from here on: what goes on with him goes on. */
  rename(alias: string, to: string): void {
    const known = this.#whoms.get(alias)
    if (!known || alias === to) return
    const { whom } = known
    const named =
      whom.kind === 'known' ? { ...whom, contact: { ...whom.contact, alias: to } } : { ...whom, alias: to }
    this.#whoms.delete(alias)
    this.know({ ...known, whom: named })
    this.#names.rename(alias, to)
    this.#offers.rename(alias, to)
    moveKey(this.#elsewhere, alias, to)
    moveKey(this.#buddies, alias, to)
    const buddy = this.#buddies.get(to)
    if (buddy) buddy.rename(to)
    else this.#emit({ kind: 'renamed', buddy: alias, to })
  }

  /** The user has changed what is known of a buddy: how far he is trusted, or where he may be. */
  revise(contact: Contact, now: number): void {
    const known = this.#whoms.get(contact.alias)
    if (known?.whom.kind !== 'known') return
    this.know({ ...known, whom: { kind: 'known', contact } })
    this.#buddies.get(contact.alias)?.revise(contact, now)
  }

  /** Nobody of this alias is known any more: what there is of a conversation ends. */
  forget(alias: string, now: number): void {
    this.#whoms.delete(alias)
    this.#close(alias, now)
  }

  /** The user has removed or blocked him. */
  remove(alias: string, why: Removed, now: number): void {
    this.forget(alias, now)
    this.#emit({ kind: 'removed', buddy: alias, why }) // behind what becomes of his conversation
  }

  /** The profile has another address: every buddy is told it. */
  renew(selves: Own['selves']): void {
    this.#selves = selves
    for (const [alias, known] of this.#whoms) this.#whoms.set(alias, { ...known, isStrange: true })
    for (const buddy of this.#buddies.values()) buddy.renew(selves)
  }

  /** This address, that he told, is in the vault: he is the buddy, and may know. */
  saved(alias: string, address: string, now: number): void {
    this.#buddies.get(alias)?.saved(address, now)
  }

  /** Our line for this buddy, with where we can be reached by now; `undefined` if there is nothing to tell, or to answer. */
  offer(alias: string, kind: OfferKind, now: number): string | undefined {
    const buddy = this.#buddies.get(alias)
    if (!buddy) return undefined
    const { candidates } = this.#presence
    const line = this.#offers.make(kind, { alias, pairs: buddy.pairs, candidates }, now)
    this.#exchanging(now)
    return line
  }

  /** Takes a line that this buddy gave by other means. */
  take(alias: string, line: string, now: number): 'taken' | TakeFault {
    const buddy = this.#buddies.get(alias)
    if (!buddy) return 'unknown-buddy'
    const taken = this.#offers.take(line, { alias, pairs: buddy.pairs }, now)
    if (typeof taken === 'string') return taken
    const { pair, epoch, sessionId, candidates } = taken
    this.#exchanging(now)
    buddy.found(pair, { sessionId, candidates, startAt: 0, epoch }, now)
    return 'taken'
  }

  /** What came is safe here: nothing is confirmed before. */
  kept(message: Kept): void {
    this.#known.of(message.fingerprint).kept(message.id)
    for (const buddy of this.#everybody()) buddy.kept(message)
  }

  /** What the user has said by these ids is sent no more. Nothing is told of it. */
  withdraw(ids: ReadonlySet<string>): void {
    for (const buddy of this.#everybody()) buddy.withdraw(ids)
  }

  act(command: TalkCommand, now: number): void {
    if (this.#isClosing) return
    const { buddy: alias } = command
    switch (command.kind) {
      case 'open':
        this.#openBuddy(alias, now)
        return
      case 'close':
        this.#close(alias, now)
        return
      case 'say': {
        const buddy = this.#buddies.get(alias)
        if (buddy) buddy.say(command, now)
        else
          this.#emit({
            kind: 'undelivered',
            buddy: alias,
            id: command.id,
            why: this.#whoms.has(alias) ? 'closed' : 'unknown-buddy',
          })
        return
      }
      case 'typing':
        this.#buddies.get(alias)?.type(command.state)
        return
      case 'read':
        this.#buddies.get(alias)?.read(command.ids)
        return
      case 'verify': {
        const { question, secret } = command
        this.#buddies.get(alias)?.verify({ secret, ...(question !== undefined && { question }) }, now)
        return
      }
      case 'answer':
        this.#buddies.get(alias)?.answer(command.secret, now)
        return
      case 'cancel':
        this.#buddies.get(alias)?.cancel(now)
        return
      case 'why':
        this.#emit({ kind: 'why', buddy: alias, report: this.#report(alias, now) })
        return
      case 'send':
      case 'accept':
      case 'reject':
      case 'pause':
      case 'go':
      case 'withdraw':
      case 'leave': {
        const transfers = this.#buddies.get(alias)?.transfers
        if (transfers) obey(transfers, command, now)
        else if (command.kind === 'send') this.#emit(unsent(command, this.#whoms.has(alias)))
        return
      }
      default:
        command satisfies never
    }
  }

  /** What he offers, that nobody has answered yet. */
  offered(alias: string, transfer: string): Offered | undefined {
    return this.#buddies.get(alias)?.transfers.offered(transfer)
  }

  /** Takes what he offers; false if he does not offer it any more. @param kept - what is on disk of an earlier run */
  accept(alias: string, transfer: string, kept: KeptPart | undefined): boolean {
    return this.#buddies.get(alias)?.transfers.accept(transfer, kept) ?? false
  }

  /** What came of a work that was yielded. */
  worked(result: WorkResult, now: number): void {
    for (const { transfers } of this.#buddies.values()) if (transfers.worked(result, now)) return
  }

  #report(alias: string, now: number): Report {
    const network = this.#presence.report
    const { lan, wall } = this.#options
    const told = this.#buddies.get(alias)?.report({ isOnLink: lan }, now)
    if (!told) return { network, buddy: withoutBuddy }
    const isElsewhere = now < (this.#elsewhere.get(alias) ?? -Infinity) + tellAgain
    const buddy = isElsewhere ? ({ ...told, refused: 'elsewhere' } as const) : told
    const times = this.#names.of(alias).flatMap(({ name }) => this.#presence.madeAt(name) ?? [])
    if (!buddy.record || times.length === 0) return { network, buddy }
    const age = Math.max(0, Math.round(wall(now) - Math.max(...times)))
    return { network, buddy: { ...buddy, record: { ...buddy.record, age } } }
  }

  /** Ends every conversation, saying so; done when `isQuiet`. */
  quit(now: number): void {
    this.#isClosing = true
    this.#presence.close()
    for (const alias of [...this.#buddies.keys()]) this.#close(alias, now)
  }

  addBootstrap(addresses: readonly Address[], now: number): void {
    this.#presence.addBootstrap(addresses, now)
  }

  addStun(addresses: readonly Address[], now: number): void {
    this.#presence.addStun(addresses, now)
  }

  /** Where others in the same mesh may wait. */
  addMesh(addresses: readonly Address[], now: number): void {
    this.#mesh = addresses.map((address) => ({ address, way: 'mesh' }))
    for (const buddy of this.#buddies.values())
      for (const pair of buddy.pairs) buddy.hear(pair, this.#mesh, now)
  }

  /** A router keeps this port for us, or none any more. */
  mapped(address: Address | undefined, now: number): void {
    this.#presence.mapped(address, now)
  }

  /**
   * Our network is another one, or the machine slept.
   *
   * @param isBound - our ends are bound to addresses that may be gone
   */
  moved(place: Place, { isBound }: { readonly isBound: boolean }, now: number): void {
    this.#presence.moved(place, { isBound }, now)
    for (const buddy of this.#buddies.values()) {
      buddy.moved(now)
      for (const { name } of this.#names.of(buddy.alias)) this.#presence.hurry(name, now) // he is to know soon
    }
  }

  /** Interfaces came or went that only the link sees. */
  linksMoved(now: number): void {
    this.#presence.linksMoved(now)
  }

  receive(datagram: Datagram, now: number): void {
    const isFrame = !isMulticast(datagram.local) && classify(datagram.bytes) === 'link'
    if (isFrame) this.#receiveFrame(datagram, now)
    else this.#presence.receive(datagram, now)
  }

  notice(notice: Notice, now: number): void {
    this.#presence.notice(notice, now)
    for (const buddy of this.#everybody()) buddy.notice(notice, now)
  }

  *drain(now: number): Generator<Output<TalkEvent, Work>> {
    if (now >= this.#stunAt) this.#keepStun(now)
    for (const out of this.#presence.drain(now)) {
      if (out.kind === 'event') this.#hear(out.event, now)
      else yield out
    }
    for (const buddy of this.#everybody()) {
      for (const out of buddy.drain(now)) {
        if (out.kind === 'close') this.#presence.forget(out.local)
        yield out
      }
      this.#grant(buddy, now)
      this.#seek(buddy, now)
    }
    this.#leaving = this.#leaving.filter(({ isQuiet }) => !isQuiet)
    for (const event of this.#events.take()) yield { kind: 'event', event }
  }

  #everybody(): readonly Buddy[] {
    return [...this.#buddies.values(), ...this.#leaving]
  }

  #openBuddy(alias: string, now: number): void {
    const known = this.#whoms.get(alias)
    if (!known || this.#buddies.has(alias)) return
    const { own, random, wall, habits = {}, loopback } = this.#options
    const holder: Holder = { buddy: undefined }
    const buddy = new Buddy({
      ...known,
      own: { ...own, selves: this.#selves },
      ends: () => this.#presence.ends,
      isHere: (address) => this.#presence.isHere(address),
      mayGuess: (host, now) => this.#guesses.take(host, holder.buddy?.alias ?? alias, now),
      random,
      wall,
      sessionId: this.#presence.sessionId,
      indices: this.#receivers.indicesOf(holder),
      nextSession: () => ++this.#sessions,
      attempts: this.#attempts,
      known: this.#known,
      habits,
      loopback,
      now,
    })
    holder.buddy = buddy
    this.#buddies.set(alias, buddy)
    this.#seek(buddy, now)
  }

  #close(alias: string, now: number): void {
    const buddy = this.#buddies.get(alias)
    if (!buddy) return
    this.#buddies.delete(alias)
    this.#offers.forget(alias)
    buddy.close(now)
    this.#leaving.push(buddy)
    this.#seek(buddy, now)
  }

  /** Looks for him, and is there for him, under every secret shared with him, and under no other any more. */
  #seek(buddy: Buddy, now: number): void {
    const { alias } = buddy
    const isOpen = this.#buddies.get(alias) === buddy
    if (!isOpen && this.#buddies.has(alias)) return // he was opened again
    const { begun, ended } = this.#names.change(alias, isOpen ? buddy.pairs : [])
    for (const name of ended) {
      this.#presence.stop(name)
      this.#met.delete(name)
    }
    for (const { name, pair, keys } of begun) {
      this.#presence.seek(name, keys, now)
      if (this.#mesh.length > 0) buddy.hear(pair, this.#mesh, now)
    }
    for (const { name, keys } of isOpen ? this.#names.of(alias) : []) {
      if (buddy.isSecured === this.#met.has(name)) continue
      if (buddy.isSecured) {
        this.#met.add(name)
        this.#presence.met(name)
      } else {
        this.#met.delete(name)
        this.#presence.lost(name, keys)
      }
    }
  }

  /** Does what a buddy wants of the rest. */
  #grant(buddy: Buddy, now: number): void {
    for (const wish of buddy.wishes.take()) {
      if (wish.kind === 'measure') {
        this.#presence.measure(wish.local, now)
        continue
      }
      const name = this.#names.nameOf(wish.pair)
      if (name === undefined) continue
      if (wish.kind === 'hurry') this.#presence.hurry(name, now)
      else this.#presence.tell(name, wish.fresh, now)
    }
  }

  #hear(event: PresenceEvent, now: number): void {
    switch (event.kind) {
      case 'network':
        this.#emit(event)
        return
      case 'listening':
        this.#emit({ ...event, profile: this.#options.name })
        return
      case 'opened':
        for (const buddy of this.#buddies.values()) buddy.moved(now)
        return
      case 'measured':
        for (const buddy of this.#buddies.values()) buddy.measured(event.local, event.mapping, now)
        return
      default:
        this.#hearOf(event, now)
    }
  }

  /** About somebody who is sought. */
  #hearOf(event: Extract<PresenceEvent, { name: string }>, now: number): void {
    const { alias, pair } = this.#names.get(event.name) ?? {}
    const buddy = alias === undefined ? undefined : this.#buddies.get(alias)
    if (!buddy || !pair) return
    switch (event.kind) {
      case 'found':
        buddy.found(pair, event.found, now)
        return
      case 'near':
        buddy.near(pair, event.near, now)
        return
      case 'rumour':
        buddy.hear(
          pair,
          event.addresses.map((address): Goal => ({ address, way: 'rumour' })),
          now,
        )
        return
      case 'elsewhere':
        if (now < (this.#elsewhere.get(buddy.alias) ?? -Infinity) + tellAgain) return // by the other family, too
        this.#elsewhere.set(buddy.alias, now)
        this.#emit({ kind: 'refused', buddy: buddy.alias, why: 'elsewhere' })
        return
      default:
        event satisfies never
    }
  }

  #exchanging(now: number): void {
    this.#names.forgetTags() // a line names an hour
    if (this.#options.stun && this.#stunAt === Infinity) this.#stunAt = now + stunGap
  }

  /** While people carry a line, the way to us that it names stays open. */
  #keepStun(now: number): void {
    const waiting = [...this.#buddies.values()].filter(
      ({ alias, isSecured }) => !isSecured && this.#offers.epochs(alias).length > 0,
    )
    this.#stunAt = waiting.length > 0 ? now + stunGap : Infinity
    if (waiting.length > 0) this.#presence.askStun(now)
  }

  #receiveFrame(datagram: Datagram, now: number): void {
    const tag = frameTag(datagram.bytes)
    if (tag) {
      const named = (alias: string): readonly number[] => this.#offers.epochs(alias)
      const tagged = this.#names.tagged(tag, this.#options.wall(now), named)
      if (tagged) this.#buddies.get(tagged.alias)?.receiveTagged(datagram, tagged, now)
      return
    }
    const index = frameReceiver(datagram.bytes)
    if (index === undefined) return
    this.#receivers.at(index)?.receive(datagram, index, now)
  }

  #emit(event: TalkEvent): void {
    this.#events.push(event)
  }
}

const stunGap = 20_000 // ms: NATs keep a mapping for half a minute at least
const tellAgain = 600_000 // ms
