/** The books of a profile, one for each key: each is opened once, and what is to be written meanwhile waits for it. */
import { hex } from '@scure/base'
import { randomBytes } from '../../crypto.ts'
import type { UserError } from '../../error.ts'
import type { Fingerprint } from '../../otr/identity.ts'
import type { OpenProfile } from '../openprofile.ts'
import { Book } from './book.ts'
import { historyHeads } from './histories.ts'
import { historyFolder, type LogName } from './logs.ts'

export interface ShelfOptions {
  readonly profile: OpenProfile
  readonly aliasOf: (fingerprint: Fingerprint) => string | undefined
  /** A part of a book cannot be read. */
  readonly onDamage: (fingerprint: Fingerprint, fault: UserError) => void
  /** A book cannot be opened, or written. */
  readonly onFault: (fingerprint: Fingerprint, error: unknown) => void
}

/** What is to be done with a book once it is open. */
type Entry = (book: Book) => void

export class Shelf implements AsyncDisposable {
  readonly #options: ShelfOptions
  readonly #books = new Map<Fingerprint, Book>()
  readonly #opening = new Map<Fingerprint, { readonly done: Promise<void>; readonly waiting: Entry[] }>()
  #names: Promise<Map<Fingerprint, LogName>> | undefined

  constructor(options: ShelfOptions) {
    this.#options = options
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#opening.values()].map(({ done }) => done))
    await this.synced()
    for (const book of this.#books.values()) await book[Symbol.asyncDispose]()
    this.#books.clear()
  }

  /** Of all that there is, open or not. */
  async keys(): Promise<readonly Fingerprint[]> {
    return [...(await this.#find()).keys()]
  }

  /** At once if the book is open: what is written is there whatever happens to the process. */
  write(fingerprint: Fingerprint, entry: Entry): void {
    const book = this.#books.get(fingerprint)
    const opening = this.#opening.get(fingerprint)
    if (book) this.#enter(fingerprint, book, entry)
    else if (opening) opening.waiting.push(entry)
    else void this.#open(fingerprint, entry)
  }

  /** From here on it is open, if it can be; it begins if there is none. */
  async open(fingerprint: Fingerprint): Promise<void> {
    if (!this.#books.has(fingerprint)) await (this.#opening.get(fingerprint)?.done ?? this.#open(fingerprint))
  }

  /** The book of this key, if there is one that can be opened. */
  async book(fingerprint: Fingerprint): Promise<Book | undefined> {
    await this.#opening.get(fingerprint)?.done
    if (!this.#books.has(fingerprint) && !(await this.#find()).has(fingerprint)) return undefined
    await this.open(fingerprint)
    return this.#books.get(fingerprint)
  }

  async remove(fingerprint: Fingerprint, { name }: Book): Promise<void> {
    this.#books.delete(fingerprint)
    ;(await this.#find()).delete(fingerprint)
    await this.#options.profile.removeLog(name)
  }

  /** What was written so far survives the end of the system then. */
  async synced(): Promise<void> {
    const { onFault } = this.#options
    const synced = [...this.#books].map(([fingerprint, book]) =>
      book.synced().catch((error: unknown) => onFault(fingerprint, error)),
    )
    await Promise.all(synced)
  }

  #enter(fingerprint: Fingerprint, book: Book, entry: Entry): void {
    try {
      entry(book)
    } catch (error) {
      this.#options.onFault(fingerprint, error)
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
        this.#options.onFault(fingerprint, error)
      },
    )
    this.#opening.set(fingerprint, { done, waiting })
    await done
  }

  async #opened(fingerprint: Fingerprint): Promise<Book> {
    const { profile, aliasOf, onDamage } = this.#options
    const names = await this.#find()
    const name: LogName = names.get(fingerprint) ?? `${historyFolder}/${hex.encode(randomBytes(16))}`
    const { records, log, fault } = await profile.openLog(name)
    names.set(fingerprint, name)
    if (fault) onDamage(fingerprint, fault)
    return new Book({ name, log, records, fingerprint, alias: aliasOf(fingerprint) ?? '' })
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
}
