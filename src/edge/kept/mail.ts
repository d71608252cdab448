/**
 * A profile's mail while it runs: what the user writes is in its log before it
 * is sent, and what comes before it is shown or confirmed. Between the talk and
 * whoever shows what happens: commands go down, events come up.
 */
import { UserError } from '../../error.ts'
import { type Command, type TalkEvent, type Under, underOf } from '../../session/command.ts'
import type { Kept } from '../../session/exchange.ts'
import type { Mailbox, Standing, Unshown } from '../../session/mailbox.ts'
import type { Came, Written } from '../../session/mailrecord.ts'
import type { TalkCommand } from '../../session/talk.ts'
import type { MessageName, Told } from '../control/awaited.ts'
import type { Journal } from './journal.ts'
import { MailLog } from './maillog.ts'
import { Standings } from './standings.ts'

export interface MailOptions {
  readonly journal: Journal
  readonly mailbox: Mailbox
  /** Whom a name stands for, as the vault has it. */
  readonly standing: (name: string) => Standing | undefined
  /** Conversations, by the one door to them. */
  readonly talk: MailTalk
  /** Who shows what happens. */
  readonly shown: {
    /** Whether messages of this buddy are shown at all here and now. */
    isHeard(buddy: string): boolean
    tell(event: TalkEvent): void
    /** Of a message that was told: whether it is `seen`, or not, is still to come. */
    isAwaited?(message: MessageName): boolean
  }
  readonly onFault: (error: unknown) => void
}

export interface MailTalk {
  knows(name: string): boolean
  act(command: TalkCommand): void
  kept(message: Kept): void
  withdraw(ids: ReadonlySet<string>): void
}

export class Mail implements AsyncDisposable {
  readonly #options: MailOptions
  readonly #mailbox: Mailbox
  readonly #log: MailLog
  readonly #standings: Standings
  /** Ids that the talk has; others wait for a conversation to be opened. */
  readonly #handed = new Set<string>()
  /** Ids of what an earlier process wrote. */
  readonly #earlier: ReadonlySet<string>
  /** Ids of which nothing was told yet. */
  readonly #untold = new Set<string>()
  readonly #announced = new Set<string>() // of those
  readonly #showing = new Set<string>() // names of whom more is left to be shown
  readonly #awaited = new Set<string>() // what is told, and perhaps shown
  #isOver = false

  constructor(options: MailOptions) {
    this.#options = options
    this.#mailbox = options.mailbox
    this.#earlier = new Set([...options.mailbox.waiting].map(({ id }) => id))
    this.#log = new MailLog(options)
    this.#standings = new Standings(options.standing)
  }

  /** What nobody needs any more is gone from the log then. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    await this.#log[Symbol.asyncDispose]()
  }

  /** The conversations know of all that came so far that it is kept: their goodbye takes the receipts along. */
  async settled(): Promise<void> {
    await this.#log.synced().catch(() => {}) // told to the user already
  }

  act(command: Command): void {
    this.#guard(() => this.#do(command))
  }

  /** What the talk tells: passed on, or kept back. */
  hear(event: TalkEvent): void {
    this.#guard(() => this.#hear(event))
  }

  /** What waits for the buddy of this name, as events that say so: for who begins to listen late. */
  unfinished(name: string): readonly TalkEvent[] {
    return this.#waitingFor(name).map((message) => waitingOf(message, name))
  }

  /** The conversation with the buddy of this name can be had, and is shown, from here on: what waits goes out. */
  begin(name: string): void {
    this.#guard(() => {
      for (const message of this.#waitingFor(name)) {
        if (!this.#earlier.has(message.id) || this.#announced.has(message.id)) continue
        this.#announced.add(message.id)
        this.#options.shown.tell(waitingOf(message, name))
      }
      const { due } = this.#mailbox.of(name, this.#standings.of(name))
      const isKnown = this.#options.talk.knows(name)
      for (const message of isKnown ? due : []) if (!this.#handed.has(message.id)) this.#hand(message, name)
      this.#showLeft(name)
    })
  }

  /** A message that was awaited was shown. */
  seen(message: MessageName): void {
    const { fingerprint, id } = message
    if (this.#awaited.delete(nameOf(message)))
      this.#guard(() => this.#log.note({ kind: 'shown', fingerprint, id }))
  }

  /** Who was told of it has gone: it is told again. */
  unseen(told: Told): void {
    if (this.#awaited.delete(nameOf(told))) this.#guard(() => this.#showLeft(told.buddy))
  }

  /** The user knows nobody of this name any more. */
  forget(name: string, { isKept, was }: Forgetting): void {
    this.#guard(() => {
      this.#standings.had(name, was)
      if (!isKept) this.#drop(name, undefined)
      for (const { fingerprint, id } of this.#unshownBy(name))
        this.#log.append({ kind: 'shown', fingerprint, id })
      this.#standings.forget(name)
    })
  }

  /** As it was written, whoever it is for. */
  #waitingFor(name: string): readonly Written[] {
    const { due, held } = this.#mailbox.of(name, this.#standings.of(name))
    return [...due, ...held].sort((a, b) => a.at - b.at)
  }

  #do(command: Command): void {
    switch (command.kind) {
      case 'say':
        this.#say(command)
        return
      case 'drop':
        this.#drop(command.buddy, command.id)
        return
      case 'resend':
        this.#resend(command.buddy, command.id)
        return
      default:
        this.#options.talk.act(command)
        if (command.kind === 'open') this.begin(command.buddy)
    }
  }

  #hear(event: TalkEvent): void {
    const { shown } = this.#options
    switch (event.kind) {
      case 'message':
      case 'edited':
      case 'deleted':
        this.#came(event)
        return
      case 'sent':
        this.#untold.delete(event.id)
        break
      case 'delivered':
        shown.tell(this.#sinceWritten(event))
        this.#settle([event.id]) // told first: who dies in between is told it again
        return
      case 'undelivered':
        if (event.why === 'closed' && this.#mailbox.get(event.id)) {
          this.#handed.delete(event.id) // it goes out when the conversation is opened again
          return
        }
        shown.tell(event)
        this.#settle([event.id])
        return
      case 'renamed':
        this.#standings.rename(event.buddy, event.to)
        break
      case 'burnt':
        this.#drop(event.buddy, undefined) // it was for whoever has the other half of the code
        break
      default:
        if ('fingerprint' in event) this.#know(event)
    }
    shown.tell(event)
    if (event.kind === 'secured') this.#hold(event)
    if (event.kind === 'lost') this.#log.tidy()
    if (event.kind === 'renamed') this.#showLeft(event.to)
    if (event.kind === 'added') this.begin(event.buddy)
  }

  /** What came in an earlier process, or while nobody was here to whom it could be shown. */
  #showLeft(name: string): void {
    let room = shownAtOnce
    for (const message of this.#unshownBy(name)) {
      if (this.#awaited.has(nameOf(message))) continue // somebody has it
      if (this.#showing.has(name) || !this.#options.shown.isHeard(name)) return
      if (room <= 0) {
        this.#showLeftLater(name)
        return
      }
      room -= message.text.length
      this.#show(messageOf(message, name))
    }
  }

  /** What is told at once is written to another process at once: one that cannot follow is dropped. */
  #showLeftLater(name: string): void {
    this.#showing.add(name)
    setTimeout(() => {
      this.#showing.delete(name)
      if (!this.#isOver) this.#guard(() => this.#showLeft(name))
    }, shownPause).unref()
  }

  #unshownBy(name: string): readonly Unshown[] {
    const standing = this.#standings.of(name)
    if (standing?.kind !== 'key') return []
    return this.#mailbox.unshown.filter(({ fingerprint }) => fingerprint.startsWith(standing.key))
  }

  #say(command: Extract<Command, { kind: 'say' }>): void {
    const { buddy, id, text, fingerprint, about } = command
    const { talk } = this.#options
    if (!talk.knows(buddy)) {
      talk.act(command)
      return
    }
    const standing = this.#standings.of(buddy)
    const key = fingerprint ?? (standing?.kind === 'key' ? standing.key : undefined)
    const message: Written = { id, at: Date.now(), key, buddy, text, ...(about && { about }) }
    const why = this.#mailbox.refuses(message) ?? this.#write(message)
    if (why) this.#tell({ kind: 'undelivered', buddy, id, why })
    else this.#hand(message, buddy)
  }

  /** It is in the log, or not and why. */
  #write(message: Written): 'disk' | undefined {
    try {
      this.#log.append({ kind: 'written', message })
    } catch (error) {
      if (error instanceof UserError) return 'disk'
      throw error
    }
    const { id, buddy } = message
    this.#untold.add(id)
    this.#sync(() => {
      if (this.#untold.delete(id) && this.#mailbox.get(id))
        this.#options.shown.tell({ kind: 'written', buddy, id })
    })
    return undefined
  }

  #hand({ id, text, key, about }: Written, buddy: string): void {
    this.#handed.add(id)
    // The first octets of a key are his address’: no other answers in this conversation.
    const fingerprint = key?.length === fullKey ? { fingerprint: key } : {}
    this.#options.talk.act({ kind: 'say', buddy, id, text, ...fingerprint, ...(about && { about }) })
  }

  #drop(name: string, id: string | undefined): void {
    const ids = this.#mailbox.droppable(name, this.#standings.of(name), id).map((message) => message.id)
    if (ids.length === 0) return
    this.#log.append({ kind: 'settled', ids })
    this.#options.talk.withdraw(new Set(ids))
    for (const id of ids) this.#handed.delete(id)
    for (const id of ids) this.#tell({ kind: 'undelivered', buddy: name, id, why: 'dropped' })
  }

  /** What was written for another key goes to the one of now. */
  #resend(name: string, id: string | undefined): void {
    for (const message of this.#mailbox.resendable(name, this.#standings.of(name), id)) {
      this.#log.append({ kind: 'addressed', id: message.id, key: message.key })
      this.#hand(message, name)
    }
  }

  #came(event: Heard): void {
    const { id, fingerprint, buddy } = event
    const isHeard = this.#options.shown.isHeard(buddy)
    if (!this.#keep(cameOf(event), { isHeard })) return
    this.#sync(() => this.#options.talk.kept({ fingerprint, id }))
    if (isHeard && !this.#showing.has(buddy)) this.#show(event) // else it has its turn
  }

  /** Of what is not kept nothing is known: nobody confirms it, and it comes again in the next conversation. */
  #keep(message: Came, { isHeard }: { readonly isHeard: boolean }): boolean {
    let isKept = false
    try {
      if (isHeard || this.#mailbox.hasRoomFor(message)) {
        this.#log.append({ kind: 'came', message })
        isKept = true
      }
    } finally {
      const { fingerprint, id, text } = message
      if (!isKept) this.#mailbox.known.of(fingerprint).forget(id, text)
    }
    return isKept
  }

  #show(event: Heard): void {
    const { id, fingerprint } = event
    this.#log.append({ kind: 'showing', id, fingerprint })
    const { shown } = this.#options
    shown.tell(event)
    if (shown.isAwaited?.(event)) this.#awaited.add(nameOf(event))
    else this.#log.note({ kind: 'shown', id, fingerprint })
  }

  /** `ms` since it was written, also by an earlier process. */
  #sinceWritten(event: Extract<TalkEvent, { kind: 'delivered' }>): TalkEvent {
    const written = this.#earlier.has(event.id) ? this.#mailbox.get(event.id) : undefined
    return written ? { ...event, ms: Math.max(event.ms, Date.now() - written.at) } : event
  }

  #settle(ids: readonly string[]): void {
    for (const id of ids) {
      this.#handed.delete(id)
      this.#untold.delete(id)
    }
    const left = ids.filter((id) => this.#mailbox.get(id))
    if (left.length > 0) this.#log.note({ kind: 'settled', ids: left })
  }

  /** Who answers to this name: what was written while nobody knew is for him alone from here on. */
  #know({ buddy, fingerprint }: Under): void {
    if (this.#standings.isHeard(buddy, fingerprint)) return
    const { due } = this.#mailbox.of(buddy, this.#standings.of(buddy))
    for (const { id, key } of due)
      if (key === undefined) this.#log.append({ kind: 'addressed', id, key: fingerprint })
    this.#standings.hear(buddy, fingerprint)
  }

  /** Asks what is to become of what was written for another key. */
  #hold(secured: Under): void {
    const { held } = this.#mailbox.of(secured.buddy, this.#standings.of(secured.buddy))
    if (held.length === 0) return
    const ids = held.slice(0, mostNamed).map(({ id }) => id)
    this.#options.shown.tell({ kind: 'held', ids, count: held.length, ...underOf(secured) })
  }

  /** What the disk refuses is told to the user; nothing of it was promised to anybody. */
  #guard(step: () => void): void {
    try {
      step()
    } catch (error) {
      this.#options.onFault(error)
    }
  }

  /** Behind what runs now: who acts is told nothing before that is done, as the talk does it. */
  #tell(event: TalkEvent): void {
    queueMicrotask(() => this.#options.shown.tell(event))
  }

  #sync(then: () => void): void {
    this.#log.synced().then(then).catch(this.#options.onFault)
  }
}

/** What a buddy said. */
/** What waits for him is dropped, or `kept` for the next one. */
export interface Forgetting {
  readonly isKept: boolean
  /** As the vault had him: it may have forgotten him. */
  readonly was: Standing | undefined
}

type Heard = Extract<TalkEvent, { kind: 'message' | 'edited' | 'deleted' }>

function cameOf(event: Heard): Came {
  const { id, at, trust, fingerprint, buddy } = event
  const came = { id, at, trust, fingerprint, buddy }
  switch (event.kind) {
    case 'message':
      return { ...came, text: event.text, ...(event.about && { about: event.about }) }
    case 'edited':
      return { ...came, text: event.text, about: { as: 'edit', id: event.of }, changes: true }
    case 'deleted':
      return { ...came, text: '', about: { as: 'delete', id: event.of }, changes: true }
    default:
      return event satisfies never
  }
}

/** Of an earlier process: its session is none of this one's. */
function messageOf({ isShowing, changes, about, text, ...came }: Unshown, buddy: string): Heard {
  const told = { ...came, buddy, session: 0, ...(isShowing && { again: true as const }) }
  if (!changes || !about) return { kind: 'message', text, ...told, ...(about && { about }) }
  const changed = { ...told, of: about.id }
  return about.as === 'delete' ? { kind: 'deleted', ...changed } : { kind: 'edited', text, ...changed }
}

const waitingOf = ({ id, text, at, about }: Written, buddy: string): TalkEvent => ({
  ...{ kind: 'waiting', buddy, id, text, at, ...(about && { about }) },
})

const nameOf = ({ fingerprint, id }: MessageName): string => `${fingerprint} ${id}`

const fullKey = 112 // hex digits
const mostNamed = 64 // ids in one event
const shownAtOnce = 64 * 1024 // UTF-16 units of what nobody was shown before
const shownPause = 20 // ms
