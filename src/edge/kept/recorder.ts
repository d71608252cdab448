/**
 * Keeps what is said in conversations, for those with whom it is to be kept:
 * what is told of them goes into a log for each key. Nothing is written for
 * anybody else. Only in the process that has the profile's lock.
 */

import { hex } from '@scure/base'
import { randomBytes, sha256 } from '../../crypto.ts'
import { UserError } from '../../error.ts'
import { moveKey } from '../../keyed.ts'
import { type Fingerprint, parseFingerprint } from '../../otr/identity.ts'
import { type Buddy, findBuddy, isBuddy } from '../../profile/buddies.ts'
import { type Habits, inForce } from '../../profile/habits.ts'
import {
  encodeRecord,
  firstTextOf,
  type History,
  type HistoryLine,
  type HistoryRecord,
  keyOf,
  readHistory,
  recordsOf,
  remains,
} from '../../profile/history.ts'
import type { Command, EarlierLine, TalkEvent } from '../../session/command.ts'
import type { OpenProfile } from '../openprofile.ts'
import { historyHeads } from './histories.ts'
import type { LogFile } from './logfile.ts'
import { historyFolder, type LogName } from './logs.ts'

export interface RecorderOptions {
  readonly profile: OpenProfile
  /** What is in force where nothing is set for a buddy. */
  readonly habits: Habits
  /** Something is not kept, or could not be read; what is said goes on. */
  readonly onFault: (alias: string, fault: UserError) => void
  /** Unix ms. */
  readonly now?: () => number
}

/** The log of one key, open. */
interface Book {
  readonly name: LogName
  readonly log: LogFile
  /** As the log has it. */
  alias: string
  /** Of the lines in it, their texts by name: what is told twice is written once. */
  readonly known: Map<string, Set<string>>
}

/** A text of ours, and what it is about. */
type Spoken = Pick<Extract<Command, { kind: 'say' }>, 'text' | 'about'>

type Entered = Exclude<HistoryRecord, { kind: 'head' }>

/** What is to be done with a book once it is open. */
type Entry = (book: Book) => void

export class Recorder implements AsyncDisposable {
  readonly #options: RecorderOptions
  readonly #books = new Map<Fingerprint, Book>()
  readonly #opening = new Map<Fingerprint, { readonly done: Promise<void>; readonly waiting: Entry[] }>()
  /** With which key each conversation is, by name. */
  readonly #keys = new Map<string, Fingerprint>()
  /** What is to be sent yet, by id. */
  readonly #texts = new Map<string, Spoken>()
  readonly #faulty = new Set<Fingerprint>() // those of whom a fault was told
  #names: Promise<Map<Fingerprint, LogName>> | undefined
  #syncTimer: NodeJS.Timeout | undefined
  readonly #daily: NodeJS.Timeout

  constructor(options: RecorderOptions) {
    this.#options = options
    this.#daily = setInterval(() => void this.tidy(), tidyEvery).unref()
  }

  /**
   * Opens what is kept of these buddies, if anything is to be: what is said with them from then on is in the file at
   * once. With who is met for the first time that takes some milliseconds after the conversation is secured.
   */
  async begin(buddies: readonly Buddy[]): Promise<void> {
    for (const { fingerprint } of buddies)
      if (fingerprint && this.#isKept(fingerprint) && !this.#books.has(fingerprint))
        await (this.#opening.get(fingerprint)?.done ?? this.#open(fingerprint))
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
        if (this.#isKept(fingerprint)) this.#write(fingerprint, () => {})
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
    await this.#opening.get(fingerprint)?.done
    if (!this.#books.has(fingerprint)) {
      if (!(await this.#find()).has(fingerprint)) return undefined
      await (this.#opening.get(fingerprint)?.done ?? this.#open(fingerprint))
    }
    const book = this.#books.get(fingerprint)
    return book && readHistory(book.log.records())
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
    const history = await this.read(fingerprint)
    const book = this.#books.get(fingerprint)
    if (!history || !book) return 0
    const gone = history.lines.filter(({ at }) => at < before).length
    if (gone === history.lines.length) {
      this.#books.delete(fingerprint)
      ;(await this.#find()).delete(fingerprint)
      await this.#options.profile.removeLog(book.name)
    } else if (gone > 0) await book.log.rewrite(() => withoutOlder(book.log.records(), before))
    return gone
  }

  /** Writes out of the file what its authors took back. @returns how many lines it was */
  async #sweep(fingerprint: Fingerprint): Promise<number> {
    const history = await this.read(fingerprint)
    const book = this.#books.get(fingerprint)
    const left = history && book ? remains(book.log.records()) : 0
    if (left > 0) await book?.log.rewrite(() => withoutOlder(book.log.records(), 0))
    return left
  }

  /** Deletes what was kept for as long as it should be, and the texts of what was taken back. */
  async tidy(): Promise<void> {
    try {
      let gone = 0
      for (const fingerprint of [...(await this.#find()).keys()]) {
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
    await Promise.all([...this.#opening.values()].map(({ done }) => done))
    for (const [fingerprint, { log }] of this.#books) {
      await log.synced().catch((error: unknown) => this.#fail(fingerprint, error))
      await log[Symbol.asyncDispose]()
    }
    this.#books.clear()
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

  /** @param otherwise - of what is about a line that was not kept */
  #record(fingerprint: Fingerprint, wanted: Entered, otherwise?: Entered): void {
    if (!this.#isKept(fingerprint)) return
    this.#write(fingerprint, (book) => {
      const record = otherwise && !book.known.has(keyOf(wanted)) ? otherwise : wanted
      const [key, texts] = [keyOf(record), book.known.get(keyOf(record))]
      const isKnown = record.kind === 'said' ? texts?.has(nameOf(record.text)) : texts !== undefined
      if (isKnown === (record.kind === 'said')) return // told again, or of a line that was not kept
      if (record.kind === 'said') note(book.known, key, record.text)
      const alias = this.#buddyOf(fingerprint)?.alias ?? book.alias
      if (alias !== book.alias) book.log.append(encodeRecord({ kind: 'head', fingerprint, alias }))
      book.alias = alias
      book.log.append(encodeRecord(record))
      this.#faulty.delete(fingerprint)
      this.#syncTimer ??= setTimeout(() => this.#sync(), syncAfter).unref()
    })
  }

  /** At once if the book is open: what is written is there whatever happens to the process. */
  #write(fingerprint: Fingerprint, entry: Entry): void {
    const book = this.#books.get(fingerprint)
    if (book) {
      this.#enter(fingerprint, book, entry)
      return
    }
    const opening = this.#opening.get(fingerprint)
    if (opening) opening.waiting.push(entry)
    else void this.#open(fingerprint, entry)
  }

  #enter(fingerprint: Fingerprint, book: Book, entry: Entry): void {
    try {
      entry(book)
    } catch (error) {
      this.#fail(fingerprint, error)
    }
  }

  async #open(fingerprint: Fingerprint, ...waiting: Entry[]): Promise<void> {
    const done = this.#opened(fingerprint).then(
      (book) => {
        this.#opening.delete(fingerprint)
        this.#books.set(fingerprint, book)
        for (const entry of waiting) this.#enter(fingerprint, book, entry)
      },
      (error: unknown) => {
        this.#opening.delete(fingerprint)
        this.#fail(fingerprint, error)
      },
    )
    this.#opening.set(fingerprint, { done, waiting })
    await done
  }

  async #opened(fingerprint: Fingerprint): Promise<Book> {
    const { profile } = this.#options
    const names = await this.#find()
    const name: LogName = names.get(fingerprint) ?? `${historyFolder}/${hex.encode(randomBytes(16))}`
    const { records, log, fault } = await profile.openLog(name)
    names.set(fingerprint, name)
    if (fault) this.#tell(this.#buddyOf(fingerprint)?.alias ?? '', fault)
    const history = readHistory(records)
    const alias = this.#buddyOf(fingerprint)?.alias ?? history?.alias ?? ''
    if (!history) log.append(encodeRecord({ kind: 'head', fingerprint, alias }))
    const known: Book['known'] = new Map()
    for (const line of history?.lines.slice(-mostKnown) ?? []) note(known, keyOf(line), firstTextOf(line))
    return { name, log, alias: history?.alias ?? alias, known }
  }

  /** Which log each key has. */
  #find(): Promise<Map<Fingerprint, LogName>> {
    this.#names ??= historyHeads(this.#options.profile).then(
      (heads) =>
        new Map([...heads].flatMap(([name, whose]) => (whose ? [[whose.fingerprint, name] as const] : []))),
      (error: unknown) => {
        this.#names = undefined
        throw error
      },
    )
    return this.#names
  }

  #sync(): void {
    this.#syncTimer = undefined
    for (const [fingerprint, { log }] of this.#books)
      log.synced().catch((error: unknown) => this.#fail(fingerprint, error))
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

/** Of a line that was taken away nobody knows the text. */
function note(known: Book['known'], key: string, text: string | undefined): void {
  const texts = known.get(key) ?? new Set()
  if (text !== undefined && texts.size < mostOfOneName) texts.add(nameOf(text))
  known.set(key, texts)
  if (known.size > mostKnown) known.delete(known.keys().next().value!)
}

const nameOf = (text: string): string => hex.encode(sha256(utf8.encode(text)).subarray(0, 8))

function withoutOlder(records: readonly Uint8Array[], before: number): readonly Uint8Array[] {
  const history = readHistory(records)
  return history ? recordsOf(history, before) : records
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

const utf8 = new TextEncoder()
const mostOfOneName = 64 // texts
const mostKnown = 4_096 // of the newest lines of a log: more than may be repeated
const mostTold = 256 * 1_024 // UTF-16 units
const syncAfter = 1_000 // ms: a power failure loses no more of a history
const tidyEvery = 6 * 60 * 60_000 // ms
const day = 24 * 60 * 60_000 // ms
