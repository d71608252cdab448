/**
 * Keeps what is said in conversations, for those with whom it is to be kept:
 * what is told of them goes into a log for each key. Nothing is written for
 * anybody else. Only in the process that has the profile's lock.
 */
import { UserError } from '../../error.ts'
import { moveKey } from '../../keyed.ts'
import { type Fingerprint, parseFingerprint } from '../../otr/identity.ts'
import { type Buddy, findBuddy, isBuddy } from '../../profile/buddies.ts'
import { type Habits, inForce } from '../../profile/habits.ts'
import type { History, HistoryLine } from '../../profile/history.ts'
import type { Command, EarlierLine, TalkEvent } from '../../session/command.ts'
import type { OpenProfile } from '../openprofile.ts'
import type { Entered } from './book.ts'
import { Shelf } from './shelf.ts'

export interface RecorderOptions {
  readonly profile: OpenProfile
  /** What is in force where nothing is set for a buddy. */
  readonly habits: Habits
  /** Something is not kept, or could not be read; what is said goes on. */
  readonly onFault: (alias: string, fault: UserError) => void
  /** Unix ms. */
  readonly now?: () => number
}

/** A text of ours, and what it is about. */
type Spoken = Pick<Extract<Command, { kind: 'say' }>, 'text' | 'about'>

export class Recorder implements AsyncDisposable {
  readonly #options: RecorderOptions
  readonly #shelf: Shelf
  /** With which key each conversation is, by name. */
  readonly #keys = new Map<string, Fingerprint>()
  /** What is to be sent yet, by id. */
  readonly #texts = new Map<string, Spoken>()
  readonly #faulty = new Set<Fingerprint>() // those of whom a fault was told
  #syncTimer: NodeJS.Timeout | undefined
  readonly #daily: NodeJS.Timeout

  constructor(options: RecorderOptions) {
    this.#options = options
    this.#shelf = new Shelf({
      profile: options.profile,
      aliasOf: (fingerprint) => this.#buddyOf(fingerprint)?.alias,
      onDamage: (fingerprint, fault) => this.#tell(this.#buddyOf(fingerprint)?.alias ?? '', fault),
      onFault: (fingerprint, error) => this.#fail(fingerprint, error),
    })
    this.#daily = setInterval(() => void this.tidy(), tidyEvery).unref()
  }

  /**
   * Opens what is kept of these buddies, if anything is to be: what is said with them from then on is in the file at
   * once. With who is met for the first time that takes some milliseconds after the conversation is secured.
   */
  async begin(buddies: readonly Buddy[]): Promise<void> {
    for (const { fingerprint } of buddies)
      if (fingerprint && this.#isKept(fingerprint)) await this.#shelf.open(fingerprint)
  }

  /** A text of ours, that is kept when it is sent. */
  said({ id, text, about }: Spoken & { readonly id: string }): void {
    this.#texts.set(id, { text, ...(about && { about }) })
  }

  hear(event: TalkEvent): void {
    switch (event.kind) {
      case 'secured': {
        const fingerprint = certain(event.fingerprint)
        this.#keys.set(event.buddy, fingerprint)
        if (this.#isKept(fingerprint)) void this.#shelf.open(fingerprint)
        return
      }
      case 'waiting':
        this.said(event)
        return
      case 'message': {
        const { id, text, at } = event
        this.#record(certain(event.fingerprint), { kind: 'said', side: 'theirs', id, text, at })
        return
      }
      case 'edited': {
        const { id, text, at, of } = event
        const about = { as: 'edit', id: of } as const
        this.#say(certain(event.fingerprint), { side: 'theirs', id, text, at, about })
        return
      }
      case 'deleted': {
        const { of, at } = event
        this.#record(certain(event.fingerprint), { kind: 'deleted', side: 'theirs', id: of, at })
        return
      }
      case 'sent': {
        const { id } = event
        const spoken = this.#texts.get(id)
        this.#texts.delete(id)
        const fingerprint = this.#keys.get(event.buddy)
        if (!spoken || !fingerprint) return
        this.#say(fingerprint, { ...spoken, side: 'ours', id, at: this.#now() })
        return
      }
      case 'delivered':
      case 'undelivered': {
        const { id, kind: how } = event
        this.#texts.delete(id)
        const fingerprint = this.#keys.get(event.buddy)
        if (fingerprint)
          this.#record(fingerprint, { kind: 'settled', side: 'ours', id, how, at: this.#now() })
        return
      }
      case 'renamed':
        moveKey(this.#keys, event.buddy, event.to)
        return
      case 'removed':
        this.#keys.delete(event.buddy)
        return
      default:
        return
    }
  }

  /**
   * The newest lines that were kept with a buddy, oldest first, and no more than fit into an event.
   *
   * @param name - of the conversation
   * @param why - `began`: only if what is said with him is kept; else undefined
   */
  async earlier(
    name: string,
    count: number,
    why: 'began' | 'asked',
  ): Promise<readonly EarlierLine[] | undefined> {
    const { buddies } = this.#options.profile.contents
    const fingerprint = this.#keys.get(name) ?? findBuddy(buddies, name)?.fingerprint
    if (why === 'began' && !(fingerprint && this.#isKept(fingerprint))) return undefined
    try {
      const history = fingerprint && (await this.read(fingerprint))
      return history ? newest(history, count) : []
    } catch (error) {
      this.#tell(name, error)
      return undefined
    }
  }

  /** What there is of the conversations with a key; `undefined` for none. */
  async read(fingerprint: Fingerprint): Promise<History | undefined> {
    return (await this.#shelf.book(fingerprint))?.read()
  }

  /**
   * Deletes what was said before, or all of it, and the key that it was under.
   *
   * @param before - unix ms
   * @returns how many lines it was
   */
  async forget(fingerprint: Fingerprint, before = Infinity): Promise<number> {
    const gone = await this.#cut(fingerprint, before)
    if (gone > 0) await this.#options.profile.renewRecordKey()
    return gone
  }

  async #cut(fingerprint: Fingerprint, before: number): Promise<number> {
    const book = await this.#shelf.book(fingerprint)
    const lines = book?.read()?.lines
    if (!book || !lines) return 0
    const gone = lines.filter(({ at }) => at < before).length
    if (gone === lines.length) await this.#shelf.remove(fingerprint, book)
    else if (gone > 0) await book.cut(before)
    return gone
  }

  /** Writes out of the file what its authors took back. @returns how many lines it was */
  async #sweep(fingerprint: Fingerprint): Promise<number> {
    const book = await this.#shelf.book(fingerprint)
    const left = book?.remains ?? 0
    if (left > 0) await book?.cut(0)
    return left
  }

  /** Deletes what was kept for as long as it should be, and the texts of what was taken back. */
  async tidy(): Promise<void> {
    try {
      let gone = 0
      for (const fingerprint of await this.#shelf.keys()) {
        const { keep } = this.#habitsOf(fingerprint)
        if (keep !== undefined) gone += await this.#cut(fingerprint, this.#now() - keep * day)
        gone += await this.#sweep(fingerprint)
      }
      if (gone > 0) await this.#options.profile.renewRecordKey()
    } catch (error) {
      this.#tell('', error)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#daily)
    clearTimeout(this.#syncTimer)
    await this.#shelf[Symbol.asyncDispose]()
  }

  #now(): number {
    return this.#options.now?.() ?? Date.now()
  }

  #buddyOf(fingerprint: Fingerprint): Buddy | undefined {
    return this.#options.profile.contents.buddies.find((buddy) => isBuddy(buddy, fingerprint))
  }

  #habitsOf(fingerprint: Fingerprint): Habits {
    return inForce(this.#buddyOf(fingerprint)?.habits ?? {}, this.#options.habits)
  }

  #isKept(fingerprint: Fingerprint): boolean {
    const buddy = this.#buddyOf(fingerprint)
    return buddy !== undefined && inForce(buddy.habits, this.#options.habits).history === true
  }

  /** What changes a line that was not kept is a line of its own. */
  #say(
    fingerprint: Fingerprint,
    { side, id, at, text, about }: Spoken & Pick<HistoryLine, 'side' | 'id' | 'at'>,
  ): void {
    const said = { kind: 'said', side, id, at, text } as const
    if (!about || about.as === 'reply') this.#record(fingerprint, said)
    else if (about.as === 'delete') this.#record(fingerprint, { kind: 'deleted', side, id: about.id, at })
    else this.#record(fingerprint, { kind: 'edited', side, id: about.id, at, text }, said)
  }

  /** @param otherwise - in place of what changes a line that was not kept */
  #record(fingerprint: Fingerprint, wanted: Entered, otherwise?: Entered): void {
    if (!this.#isKept(fingerprint)) return
    this.#shelf.write(fingerprint, (book) => {
      if (!book.enter(wanted, { alias: this.#buddyOf(fingerprint)?.alias, otherwise })) return
      this.#faulty.delete(fingerprint)
      this.#syncTimer ??= setTimeout(() => {
        this.#syncTimer = undefined
        void this.#shelf.synced()
      }, syncAfter).unref()
    })
  }

  /** Once until something is written again. */
  #fail(fingerprint: Fingerprint, error: unknown): void {
    if (this.#faulty.has(fingerprint) && error instanceof UserError) return
    this.#faulty.add(fingerprint)
    this.#tell(this.#buddyOf(fingerprint)?.alias ?? '', error)
  }

  #tell(alias: string, error: unknown): void {
    if (!(error instanceof UserError)) throw error
    this.#options.onFault(alias, error)
  }
}

function newest({ lines, fingerprint }: History, count: number): readonly EarlierLine[] {
  const kept: EarlierLine[] = []
  let room = mostTold
  for (const line of lines.slice(-count).reverse()) {
    room -= line.text.length
    if (room < 0) break
    kept.push(earlierLine(line, fingerprint))
  }
  return kept.reverse()
}

/** As others may know it. */
export const earlierLine = (
  { side, id, at, text, settled, edited, deletedAt }: HistoryLine,
  fingerprint: Fingerprint,
): EarlierLine => ({
  ...{ from: side === 'ours' ? 'you' : 'buddy', id, at, text, fingerprint },
  ...(settled && { settled }),
  ...(edited && { edited: true }),
  ...(deletedAt !== undefined && { deleted: true }),
})

/** The session tells of fingerprints that it computed itself. */
function certain(text: string): Fingerprint {
  const fingerprint = parseFingerprint(text)
  if (fingerprint === undefined) throw new Error('what was said has no fingerprint')
  return fingerprint
}

const mostTold = 256 * 1_024 // UTF-16 units
const syncAfter = 1_000 // ms: a power failure loses no more of a history
const tidyEvery = 6 * 60 * 60_000 // ms
const day = 24 * 60 * 60_000 // ms
