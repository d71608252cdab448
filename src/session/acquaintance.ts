/**
 * Who the buddy is to us, and how that grows: with an invite code he is nobody
 * until the code is proved (SMP) and the addresses are exchanged; from then on
 * his key is pinned, and a verification raises the trust in it.
 *
 * Everything here is bound to one secured conversation and its key: what an
 * earlier one began ends with it.
 */
import { bytesToHex, concatBytes } from '@noble/hashes/utils.js'
import type { Random } from '../crypto.ts'
import type { WallClock } from '../machine.ts'
import type { Fingerprint } from '../otr/identity.ts'
import type { SmpEvent, SmpHurdle } from '../otr/smp.ts'
import { formatProfileAddress, type ProfileAddress } from '../profile/address.ts'
import { type Buddy as Contact, isBuddy } from '../profile/buddies.ts'
import type { Habits } from '../profile/habits.ts'
import { Pair, type Self } from '../profile/pair.ts'
import { Queue } from '../queue.ts'
import type { Refused, TalkEvent, Trust, Under, Verification } from './command.ts'
import { Introduction } from './introduction.ts'
import type { Payload } from './payload.ts'
import type { Session } from './session.ts'

/** `bound`: the fingerprint that proved an invite code first; nobody else can use it any more. */
export type Whom =
  | { readonly kind: 'known'; readonly contact: Contact }
  | { readonly kind: 'invited'; readonly alias: string; readonly bound: Fingerprint | undefined }

export interface AcquaintanceOptions {
  readonly whom: Whom
  /** An invite code that he and we share, or still do after we met. */
  readonly invite: Pair | undefined
  /** He does not know our address yet, or not the one of now. */
  readonly isStrange: boolean
  /** Under which we can be found: the one of now, then former ones that a buddy may still use. */
  readonly selves: readonly [Self, ...Self[]]
  readonly random: Random
  readonly wall: WallClock
}

/** A secured conversation. */
export interface Secured {
  readonly session: Session
  readonly fingerprint: Fingerprint
  /** By which it was reached. */
  readonly pair: Pair
}

export class Acquaintance {
  readonly events = new Queue<TalkEvent>()
  readonly #options: AcquaintanceOptions
  #introduction: Introduction
  #selves: AcquaintanceOptions['selves']
  readonly #made = new Map<string, Pair>()
  #whom: Whom
  /** Who he is to be, once the vault has it. */
  #pending: Contact | undefined
  #inVault: string | undefined // his address
  #heardIn: Session | undefined // where he told it last
  #introducedIn: Session | undefined
  #isWarned = false // that too many verifications have failed
  #proving: Session | undefined // its first SMP is about the invite code
  #asked: { readonly run: number; readonly session: Session } | undefined

  constructor(options: AcquaintanceOptions) {
    this.#options = options
    this.#whom = options.whom
    this.#selves = options.selves
    if (options.whom.kind === 'known') this.#inVault = formatProfileAddress(options.whom.contact.address)
    this.#introduction = new Introduction({ isDue: options.isStrange || options.whom.kind === 'invited' })
  }

  get alias(): string {
    return this.#whom.kind === 'known' ? this.#whom.contact.alias : this.#whom.alias
  }

  /** Those that are set for him. */
  get habits(): Habits {
    return this.#whom.kind === 'known' ? this.#whom.contact.habits : {}
  }

  /** He is a buddy: what he says is shown, and texts go to him. */
  get isMet(): boolean {
    return this.#whom.kind === 'known'
  }

  /** He will be a buddy in a moment: what he says waits for that. */
  get isPending(): boolean {
    return this.#pending !== undefined
  }

  /**
   * Texts may go out: in a conversation that an invite led to only once he has
   * proved the code and told his address in it, as he would not take them before.
   */
  mayTalk({ session, pair }: Secured): boolean {
    if (!this.isMet || this.#proving === session) return false
    return pair !== this.#options.invite || this.#heardIn === session
  }

  /** The secrets he can be found and reached by. */
  get pairs(): readonly Pair[] {
    const { invite } = this.#options
    const selves = this.#selves
    const whom = this.#whom
    if (whom.kind === 'invited') return invite ? [invite] : []
    const invites = invite && this.#introduction.isDue ? [invite] : []
    // A former key of ours serves until he has said that he knows the one of now.
    const own = this.#introduction.isDue ? selves : selves.slice(0, 1)
    const pairs = own.map((self) => this.#pairOf(self, whom.contact.address))
    return [...pairs.filter((pair) => pair !== undefined), ...invites]
  }

  /** Whether to go on with who has this fingerprint. */
  accepts(fingerprint: Fingerprint): boolean {
    const whom = this.#whom
    if (whom.kind === 'known') return isBuddy(whom.contact, fingerprint)
    return whom.bound === undefined || whom.bound === fingerprint
  }

  under({ session, fingerprint }: Secured): Under {
    return { buddy: this.alias, session: session.number, fingerprint, trust: this.#trust }
  }

  /**
   * A conversation was secured with somebody whom we accept. One that an invite
   * led to begins with its proof, the accepter's first (docs/Protocol.md, "First
   * contact"); so does each later one that still needs the invite, as one side
   * may have crashed before it saved that the code was proved.
   */
  secured({ session, fingerprint, pair }: Secured, now: number): void {
    this.#asked = undefined
    const whom = this.#whom
    if (whom.kind === 'known') {
      const contact = { ...whom.contact, fingerprint: whom.contact.fingerprint ?? fingerprint }
      this.#whom = { kind: 'known', contact } // pinned from here on
    }
    this.#pending = undefined
    this.#proving = pair === this.#options.invite ? session : undefined
    if (!this.#proving) return
    if (pair.role === 'responder') {
      session.expectProof()
      return
    }
    if (session.verify({ secret: pair.smpSecret, isProof: true }, now) === undefined) return
    this.#refuse('failed') // a conversation that cannot be proved is of no use
    session.close(now)
  }

  /** Tells our address where that is due, once a conversation. */
  introduce({ session }: Secured, now: number): void {
    const isProven = this.#whom.kind === 'known' || this.#whom.bound !== undefined
    if (!isProven || !this.#introduction.isDue || this.#introducedIn === session || !session.hasRoom) return
    const id = bytesToHex(this.#options.random(8))
    session.introduce(this.#selves[0].address, id, now)
    this.#introduction.told(id)
    this.#introducedIn = session
  }

  /** A receipt of his; he may have our address by now. */
  confirmed(current: Secured, id: string): void {
    if (this.#introduction.confirmed(id)) this.#emit({ kind: 'introduced', ...this.under(current) })
  }

  /** His address came with a message. Nothing is confirmed before it is `saved`. */
  hearAddress(current: Secured, { id, address }: Payload, now: number): void {
    if (id === undefined || address === undefined) return
    const whom = this.#whom
    if (whom.kind === 'invited' && whom.bound !== current.fingerprint) return // the code is not proved
    const { fingerprint } = current
    const heard = this.#introduction.heard(address, { fingerprint, id })
    if (!heard || !this.#pairOf(this.#selves[0], heard)) return
    this.#heardIn = current.session
    const text = formatProfileAddress(heard)
    if (whom.kind === 'known' && this.#inVault === text) this.saved(current, text)
    else if (whom.kind === 'known') this.#moved(current, { ...whom.contact, address: heard })
    else this.#met(current, heard, now)
  }

  /** This address is in the vault: he who told it is the buddy, and may know. */
  saved(current: Secured | undefined, address: string): void {
    const id = this.#introduction.saved(address)
    if (id === undefined) return // another one was told since
    this.#inVault = address
    const contact = this.#pending
    this.#pending = undefined
    if (contact && formatProfileAddress(contact.address) === address) this.#whom = { kind: 'known', contact }
    current?.session.confirm(id)
  }

  /** The user calls him otherwise. */
  rename(alias: string): void {
    const whom = this.#whom
    this.#whom =
      whom.kind === 'known' ? { kind: 'known', contact: { ...whom.contact, alias } } : { ...whom, alias }
    if (this.#pending) this.#pending = { ...this.#pending, alias }
  }

  /** The user says who he is, and how far to trust that; a conversation with somebody else ends. */
  revise(current: Secured | undefined, contact: Contact, now: number): void {
    const whom = this.#whom
    if (whom.kind !== 'known') return
    const { alias, trust: before, fingerprint } = whom.contact
    const pinned = { ...contact, alias, fingerprint: contact.fingerprint ?? fingerprint }
    this.#whom = { kind: 'known', contact: pinned }
    if (this.#pending) this.#pending = { ...this.#pending, trust: contact.trust }
    if (!current) return
    if (!isBuddy(pinned, current.fingerprint)) current.session.close(now)
    else if (contact.trust !== before) this.#emit({ kind: 'trust', ...this.under(current) })
  }

  /** We have another address. What he confirms of the former one says nothing of it. */
  renew(selves: AcquaintanceOptions['selves']): void {
    this.#selves = selves
    this.#introduction = new Introduction({ isDue: true })
    this.#introducedIn = undefined
  }

  verify(current: Secured | undefined, input: { question?: string; secret: string }, now: number): void {
    if (!current || !this.isMet) return
    if (this.#proving === current.session) {
      this.#tell(current, 'running') // the proof of the code: it will not take long
      return
    }
    // docs/Protocol.md, "Verification": after three failures the user must allow more. Who asks again after he was told does.
    if (this.#isWarned) current.session.allowVerifying()
    const hurdle = current.session.verify(input, now)
    this.#isWarned = hurdle === 'too-many-failures'
    this.#tell(current, hurdle === undefined ? 'running' : hindered(hurdle))
  }

  /** Answers the question of this conversation; one of an earlier conversation is over. */
  answer(current: Secured | undefined, secret: string, now: number): void {
    const asked = this.#asked
    this.#asked = undefined
    if (!current) return
    const isOn = asked?.session === current.session && current.session.answer({ secret, run: asked.run }, now)
    if (!isOn) this.#tell(current, 'cancelled')
  }

  cancel(current: Secured | undefined, now: number): void {
    this.#asked = undefined
    if (current?.session.cancel(now)) this.#tell(current, 'cancelled')
  }

  hearSmp(current: Secured, event: SmpEvent, now: number): void {
    if (this.#proving === current.session) this.#hearProof(current, event, now)
    else if (this.isMet) this.#hearVerification(current, event)
  }

  /** Nobody is reached by what was made here any more; the invite's secret is its owner's. */
  wipe(): void {
    for (const pair of this.#made.values()) pair.wipe()
  }

  #hearVerification(current: Secured, event: SmpEvent): void {
    switch (event.state) {
      case 'asked':
        this.#asked = { run: event.run, session: current.session }
        this.#emit({ kind: 'asked', question: event.question, ...this.under(current) })
        return
      case 'running':
        this.#tell(current, 'running')
        return
      case 'succeeded':
        // Who answers a question shows that it is he. Who asked it may be anybody.
        if (event.byQuestion) this.#tell(current, 'answered')
        else this.#raise(current, 'verified')
        return
      case 'failed':
        this.#tell(current, 'failed')
        return
      case 'aborted':
        this.#asked = undefined
        this.#tell(current, ended(event.why))
        return
      default:
        event satisfies never
    }
  }

  /** Both have the code, or somebody is in between: a failure burns it. Nobody is `verified` by it. */
  #hearProof(current: Secured, event: SmpEvent, now: number): void {
    const { session, fingerprint, pair } = current
    switch (event.state) {
      case 'asked':
        // Only the accepter asks; and only once, as a second guess would be another's.
        if (pair.role === 'responder')
          session.answer({ secret: pair.smpSecret, run: event.run, isProof: true }, now)
        return
      case 'running':
        return
      case 'succeeded':
        this.#proving = undefined
        this.#introducedIn = undefined // told before he had the proof, it was not taken
        if (this.isMet || !this.accepts(fingerprint)) return
        this.#whom = { kind: 'invited', alias: this.alias, bound: fingerprint }
        this.#emit({ kind: 'bound', ...this.under(current) })
        return
      case 'failed':
        this.#proving = undefined
        if (!this.isMet) this.#emit({ kind: 'burnt', buddy: this.alias, why: 'wrong-code' })
        return
      case 'aborted':
        this.#proving = undefined
        if (!this.isMet) this.#refuse('failed')
        return
      default:
        event satisfies never
    }
  }

  #met(current: Secured, address: ProfileAddress, now: number): void {
    const { fingerprint } = current
    const at = Math.floor(this.#options.wall(now))
    const { alias } = this
    const contact: Contact = {
      ...{ alias, address, fingerprint, trust: 'by-code', addedAt: at, lastSeenAt: at },
      ...{ isBlocked: false, isStrange: this.#introduction.isDue, hints: [], habits: {} },
    }
    this.#pending = contact
    this.#emit({ kind: 'met', address: formatProfileAddress(address), ...this.under(current) })
  }

  #moved(current: Secured, contact: Contact): void {
    this.#pending = contact
    this.#emit({ kind: 'moved', address: formatProfileAddress(contact.address), ...this.under(current) })
  }

  #raise(current: Secured, trust: Trust): void {
    const whom = this.#whom
    if (whom.kind === 'known') this.#whom = { kind: 'known', contact: { ...whom.contact, trust } }
    this.#emit({ kind: 'verified', ...this.under(current) })
  }

  get #trust(): Trust {
    const contact = this.#whom.kind === 'known' ? this.#whom.contact : this.#pending
    return contact?.trust ?? 'unverified'
  }

  /** Made once for each two addresses: what goes on with a pair goes on with the same one. */
  #pairOf(self: Self, address: ProfileAddress): Pair | undefined {
    const name = bytesToHex(concatBytes(self.address, address))
    const pair = this.#made.get(name) ?? Pair.of(self, address)
    if (pair) this.#made.set(name, pair)
    return pair
  }

  #tell(current: Secured, state: Verification): void {
    this.#emit({ kind: 'verification', state, ...this.under(current) })
  }

  #refuse(why: Refused): void {
    this.#emit({ kind: 'refused', buddy: this.alias, why })
  }

  #emit(event: TalkEvent): void {
    this.events.push(event)
  }
}

function ended(why: (SmpEvent & { state: 'aborted' })['why']): Verification {
  switch (why) {
    case 'by-peer':
    case 'session':
      return 'cancelled'
    case 'out-of-turn':
    case 'invalid':
      return 'broken'
    default:
      return hindered(why)
  }
}

function hindered(why: SmpHurdle | 'not-secured'): Verification {
  if (why === 'too-often') return 'too-often'
  if (why === 'running') return 'running' // it goes on
  return why === 'too-many-failures' ? 'limited' : 'cancelled'
}
