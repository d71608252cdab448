/**
 * What the owner of a profile does for its clients: they hear what is told of
 * the buddies they are attached to, act on the same conversations as the
 * owner's own screen, and look at and change the public part of the profile.
 */
import { randomBytes } from '../../crypto.ts'
import { UserError } from '../../error.ts'
import { moveKey } from '../../keyed.ts'
import { parseFingerprint } from '../../otr/identity.ts'
import { type Buddy, findBuddy, pinBuddy } from '../../profile/buddies.ts'
import { type Change, type ChangeFault, changed } from '../../profile/change.ts'
import { findInvite, openInvites } from '../../profile/invite.ts'
import { type ProfileView, viewOf } from '../../profile/view.ts'
import { type Command, isSaying, type TalkEvent } from '../../session/command.ts'
import { exported } from '../carry.ts'
import type { OutboxChange, Waiting } from '../kept/outbox.ts'
import type { Recorder } from '../kept/recorder.ts'
import { standingOf } from '../meeting.ts'
import type { OpenProfile } from '../openprofile.ts'
import { blockedFault, otherFingerprint, soughtNowhere, unknownBuddy } from '../refusals.ts'
import { aliasOf } from '../remember.ts'
import type { Talking } from '../talking.ts'
import { Awaited, type MessageName, type Told } from './awaited.ts'
import { Present } from './present.ts'
import type { Attached } from './protocol.ts'

export interface SwitchboardOptions {
  readonly profile: OpenProfile
  readonly recorder?: Recorder | undefined
  /** All buddies are talked with here, and so new ones: else those whom the owner began with. */
  readonly isOpenToAll: boolean
  /** What there is to show here: `said` by a client, and all that the talk tells of whom this owner is for. */
  readonly onEvent: (event: TalkEvent) => void
  /** The owner shows no messages: they are kept for who does. */
  readonly isSilent?: boolean
}

/** Who hears of a buddy, or of all. */
export interface Listener {
  /** Shows no messages: they are kept for who does. */
  readonly isSilent?: boolean
  /** Says of each message when it has shown it. */
  readonly confirms?: boolean
  tell(event: TalkEvent): void
}

/** Made by whom something was said or asked: the owner's own screen, or a client. */
type Actor = Listener | 'owner'

export class Switchboard {
  readonly #options: SwitchboardOptions
  readonly #present = new Present()
  readonly #awaited = new Awaited<Listener>()
  readonly #listeners = new Map<Listener, Set<string> | 'all'>()
  readonly #own = new Set<string>() // names whom the owner began with
  readonly #included = new Set<string>() // names that are looked for because of clients alone
  readonly #names = new Map<string, string>() // of conversations, by another alias in the vault
  readonly #unsettled = new Set<string>() // ids of texts of which nobody knows yet what becomes of them
  #guessing: Promise<unknown> = Promise.resolve()
  #rekeyings = 0
  readonly #askers = new Map<string, Actor[]>() // by name: whom the next report is for
  #open!: (talking: Talking) => void
  readonly #talking = new Promise<Talking>((resolve) => {
    this.#open = resolve
  })

  constructor(options: SwitchboardOptions) {
    this.#options = options
  }

  /** Conversations can be had from here on. @param own - whom the owner is for */
  open(talking: Talking, own: readonly string[]): void {
    for (const name of own) this.#own.add(name)
    this.#open(talking)
  }

  get view(): ProfileView {
    const { profile } = this.#options
    return viewOf(profile.contents, profile)
  }

  /** Whether messages of whom the conversation calls so are shown to anybody. */
  isHeard(name: string): boolean {
    if (this.#own.has(name) && this.#options.isSilent !== true) return true
    return [...this.#listeners].some(
      ([{ isSilent }, names]) => isSilent !== true && (names === 'all' || names.has(name)),
    )
  }

  /** What the talk tells: to the owner what is its own, to clients what they listen to. */
  hear(event: TalkEvent): void {
    this.#present.hear(event, performance.now())
    this.#follow(event)
    if (event.kind === 'delivered' || event.kind === 'undelivered') this.#unsettled.delete(event.id)
    if (event.kind === 'why') {
      this.#report(event)
      return
    }
    if (isSaying(event)) this.#await(event)
    if (this.#isOwn(event)) this.#options.onEvent(event)
    this.#tellClients(event)
    if (event.kind === 'removed') this.#own.delete(event.buddy)
  }

  /** Nobody but clients has it, and none of them has said so far that he has shown it. */
  isAwaited(message: MessageName): boolean {
    return this.#awaited.has(message)
  }

  /** A client has shown a message. */
  shown(talking: Talking, message: MessageName, by: Listener): void {
    if (this.#awaited.shown(message, by)) talking.seen(message)
  }

  /**
   * @param by - who hears of it by having said it
   * @throws UserError if what becomes of another text would be taken for what becomes of this one
   */
  act(talking: Talking, command: Command, by: Actor): void {
    if (command.kind === 'why')
      this.#askers.set(command.buddy, [...(this.#askers.get(command.buddy) ?? []), by])
    if (command.kind === 'say') {
      const { buddy, id, text, about } = command
      if (by !== 'owner' && this.#unsettled.has(id)) throw usedId(id)
      this.#unsettled.add(id)
      const said = { kind: 'said', buddy, id, text, ...(about && { about }) } as const
      if (by !== 'owner' && this.#isOwn(said)) this.#options.onEvent(said)
      this.#tellClients(said, by)
    }
    talking.act(command)
  }

  /** The conversations, as soon as there are any; `undefined` if the owner is still asked something. */
  async talking(): Promise<Talking | undefined> {
    const late = AbortSignal.timeout(patience)
    return await Promise.race([
      this.#talking,
      new Promise<undefined>((resolve) => late.addEventListener('abort', () => resolve(undefined))),
    ])
  }

  /** From here on `listener` hears of the buddy, or of all. @throws UserError if there is none, or another */
  attach(
    talking: Talking,
    listener: Listener,
    { buddy: alias, fingerprint }: { readonly buddy?: string; readonly fingerprint?: string },
  ): Attached {
    const { profile } = this.#options
    const name = alias === undefined ? undefined : this.#nameOf(talking, alias, fingerprint)
    this.#listen(listener, name)
    if (name !== undefined) talking.act({ kind: 'open', buddy: name })
    const known = profile.contents.buddies.filter(
      (buddy) => !buddy.isBlocked && (name === undefined || this.#nameIn(buddy) === name),
    )
    return {
      kind: 'attached',
      fingerprint: profile.contents.identity.fingerprint,
      ...(name !== undefined && { buddy: name }),
      buddies: known.map((buddy) => ({
        alias: this.#nameIn(buddy),
        trust: buddy.trust,
        ...(buddy.fingerprint && { fingerprint: buddy.fingerprint }),
      })),
    }
  }

  /** What is the case now, of the buddy or of all. */
  present(talking: Talking, name: string | undefined): readonly TalkEvent[] {
    const waiting = this.#conversationsOf(name).flatMap((each) => talking.unfinished(each))
    return [...this.#present.events(name, performance.now()), ...waiting]
  }

  /** Whoever has begun to listen is shown what nobody was. */
  begin(talking: Talking, name: string | undefined): void {
    for (const each of this.#conversationsOf(name)) talking.begin(each)
  }

  /** What waits for buddies, after `change`. */
  outbox(talking: Talking, change: OutboxChange | undefined): readonly Waiting[] {
    const buddy = change && findBuddy(this.#options.profile.contents.buddies, change.buddy)
    if (change) talking.act({ ...change, buddy: buddy ? this.#nameIn(buddy) : change.buddy })
    return talking.outbox
  }

  detach(talking: Talking | undefined, listener: Listener): void {
    this.#listeners.delete(listener)
    for (const told of this.#awaited.leave(listener)) talking?.unseen(told)
    for (const [name, askers] of this.#askers)
      this.#askers.set(
        name,
        askers.map((asker) => (asker === listener ? nobody : asker)),
      )
    for (const name of this.#included) {
      const isHeard = [...this.#listeners.values()].some((names) => names !== 'all' && names.has(name))
      if (isHeard) continue
      this.#included.delete(name)
      talking?.exclude(name)
    }
  }

  /** Done once it is on disk. */
  async change(talking: Talking | undefined, change: Change): Promise<ProfileView | Refusal> {
    const { profile, isOpenToAll } = this.#options
    const before = 'alias' in change ? findBuddy(profile.contents.buddies, change.alias) : undefined
    const name = before ? this.#nameIn(before) : 'alias' in change ? change.alias : ''
    if (this.#isTaken(talking, change, name)) return { why: 'alias-taken' }
    const was = before && standingOf(profile.contents, before.alias)
    const refusal = await changeProfile(profile, change)
    if (refusal) return refusal
    if (before && givesAliasUp(change)) this.#names.delete(before.alias)
    talking?.follow(change, { name, isOpenToAll, was })
    return this.view
  }

  /** Whether this is the profile's passphrase. One after another: each costs 128 MiB. */
  async opensWith(passphrase: string): Promise<boolean> {
    const opens = this.#guessing.then(() => this.#options.profile.opensWith(passphrase))
    this.#guessing = opens.catch(() => {}) // told to who asked
    return await opens
  }

  /** Counts passphrases: who has shown that he knows one need not know the next. */
  get rekeyings(): number {
    return this.#rekeyings
  }

  async rekey(passphrase: string): Promise<void> {
    await this.#options.profile.rekey(passphrase)
    this.#rekeyings++
  }

  /** As a file under this passphrase. */
  async exported(passphrase: string): Promise<Uint8Array> {
    return await exported(this.#options.profile, passphrase)
  }

  /** Deletes what was kept with a key, from before a time or all; how many lines it was. */
  async forget(fingerprint: string, before?: number): Promise<number> {
    const key = parseFingerprint(fingerprint)
    return key === undefined ? 0 : ((await this.#options.recorder?.forget(key, before)) ?? 0)
  }

  /** Of this name, or all. */
  #conversationsOf(name: string | undefined): readonly string[] {
    return name === undefined ? [...this.#own, ...this.#included] : [name]
  }

  #listen(listener: Listener, name: string | undefined): void {
    const names = this.#listeners.get(listener)
    if (name === undefined || names === 'all') this.#listeners.set(listener, 'all')
    else this.#listeners.set(listener, new Set([...(names ?? []), name]))
  }

  /** Of the conversation with him, which begins if there is none. */
  #nameOf(talking: Talking, alias: string, fingerprint: string | undefined): string {
    const { contents } = this.#options.profile
    const buddy = findBuddy(contents.buddies, alias)
    if (!buddy && talking.knows(alias) && fingerprint === undefined) return alias // an invite's
    if (!buddy && findInvite(openInvites(contents), alias)) throw soughtNowhere(alias)
    if (!buddy) throw unknownBuddy(contents.buddies, alias)
    if (buddy.isBlocked) throw blockedFault(buddy.alias)
    if (fingerprint !== undefined && !pinBuddy(buddy, fingerprint)) throw otherFingerprint(buddy.alias)
    const name = this.#nameIn(buddy)
    if (!talking.knows(name)) {
      this.#included.add(name)
      talking.include(buddy)
    }
    return name
  }

  /**
   * Whether a conversation with somebody else has the name that is to be an alias, as that of an invite may: what is
   * said to the buddy would go to him.
   *
   * @param own - how the conversation calls whom the change is about
   */
  #isTaken(talking: Talking | undefined, change: Change, own: string): boolean {
    const wanted = change.kind === 'add' ? change.alias : change.kind === 'rename' ? change.to : undefined
    const { buddies } = this.#options.profile.contents
    if (wanted === undefined || findBuddy(buddies, wanted)) return false // a buddy’s: refused with his name
    const names = this.#conversationsOf(undefined).filter((name) => talking?.knows(name))
    const holder = findBuddy(
      names.map((alias) => ({ alias })),
      wanted,
    )
    return holder !== undefined && (change.kind === 'add' || holder.alias !== own)
  }

  #nameIn({ alias }: Buddy): string {
    return this.#names.get(alias) ?? alias
  }

  /** Names change, and an invite's need not become the alias of whom it led to. */
  #follow(event: TalkEvent): void {
    if (event.kind === 'added') this.#own.add(event.buddy)
    if (event.kind === 'renamed') {
      const { buddy, to } = event
      for (const names of [this.#own, this.#included, ...this.#listeners.values()])
        if (names !== 'all' && names.delete(buddy)) names.add(to)
      moveKey(this.#askers, buddy, to)
      this.#awaited.rename(buddy, to)
      for (const [alias, name] of this.#names) if (name === buddy || name === to) this.#names.delete(alias)
    }
    if (event.kind === 'removed') this.#included.delete(event.buddy)
    if (!('fingerprint' in event) || event.kind === 'message') return
    const alias = aliasOf(this.#options.profile.contents, event)
    if (alias !== event.buddy) this.#names.set(alias, event.buddy)
  }

  /** Whoever does not confirm has shown a message when it is written to him. */
  #await(message: Told): void {
    const { buddy } = message
    if (this.#own.has(buddy) && this.#options.isSilent !== true) return
    const clients = [...this.#listeners].flatMap(([listener, names]) =>
      listener.isSilent !== true && (names === 'all' || names.has(buddy)) ? [listener] : [],
    )
    if (clients.every(({ confirms }) => confirms)) this.#awaited.tell(message, clients)
  }

  #isOwn(event: TalkEvent): boolean {
    if (!('buddy' in event)) return true
    return this.#own.has(event.kind === 'renamed' ? event.to : event.buddy)
  }

  #tellClients(event: TalkEvent, but?: Actor): void {
    if (event.kind === 'code') return // a secret
    const name = event.kind === 'renamed' ? event.to : 'buddy' in event ? event.buddy : undefined
    for (const [listener, names] of [...this.#listeners]) {
      const isHeard = names === 'all' || name === undefined || names.has(name)
      if (isHeard && listener !== but) listener.tell(event)
    }
  }

  /** Only who asked is told. */
  #report(event: TalkEvent & { kind: 'why' }): void {
    const [asker, ...others] = this.#askers.get(event.buddy) ?? []
    this.#askers.set(event.buddy, others)
    if (asker === 'owner' || asker === undefined) this.#options.onEvent(event)
    else asker.tell(event)
  }
}

/** From here on somebody else may have it. */
const givesAliasUp = ({ kind }: Change): boolean => kind === 'rename' || kind === 'remove' || kind === 'block'

export interface Refusal {
  readonly why: ChangeFault
  readonly by?: string
}

/** Changes what is on disk, or says why not. */
export async function changeProfile(profile: OpenProfile, change: Change): Promise<Refusal | undefined> {
  let refusal: Refusal | undefined
  await profile.save((contents) => {
    const result = changed(contents, change, { random: randomBytes, at: Date.now() })
    if (result.kind === 'changed') return result.contents
    const { why, by } = result
    refusal = { why, ...(by !== undefined && { by }) }
    return contents
  })
  return refusal
}

const usedId = (id: string): UserError =>
  new UserError(`the id ${id} names another text that is not confirmed yet`, {
    hint: 'use a new id for each text',
    exit: 2,
  })

/** Asked, and left before the answer came. */
const nobody: Listener = { tell() {} }

const patience = 2_000 // ms
