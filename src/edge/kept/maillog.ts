/** The mail of a profile that is open, as its log has it. */
import { UserError } from '../../error.ts'
import { Mailbox } from '../../session/mailbox.ts'
import { encodeRecord, type MailRecord } from '../../session/mailrecord.ts'
import type { OpenProfile } from '../openprofile.ts'
import type { Journal } from './journal.ts'

export interface OpenedMail {
  /** The profile closes it. */
  readonly journal: Journal
  readonly mailbox: Mailbox
  /** To be told: a part of it could not be read. */
  readonly fault: UserError | undefined
}

/** Only with the lock. */
export async function openMail(profile: OpenProfile): Promise<OpenedMail> {
  const { records, log, fault } = await profile.openLog('mail')
  return { journal: log, mailbox: Mailbox.of(records), fault }
}

export interface MailLogOptions {
  readonly journal: Journal
  readonly mailbox: Mailbox
  /** What no `UserError` is. */
  readonly onFault: (error: unknown) => void
}

/** What comes to the mailbox is in its log before, and what nobody needs any more is gone from it by and by. */
export class MailLog implements AsyncDisposable {
  readonly #options: MailLogOptions
  #isRewriting = false
  #swept = 0 // of the texts that are gone: those that are out of the log

  constructor(options: MailLogOptions) {
    this.#options = options
    this.tidy() // after a crash
    this.#compact()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isUntidy) await this.#rewrite()
  }

  /** What was appended so far survives the end of the system. */
  synced(): Promise<void> {
    return this.#options.journal.synced()
  }

  /** @throws UserError if it could not be written: then it is not in the mailbox either */
  append(record: MailRecord): void {
    const { journal, mailbox } = this.#options
    journal.append(encodeRecord(record))
    mailbox.take(record)
    this.#compact()
  }

  /** What makes no promise: without it something is sent once more, or shown once more as such. */
  note(record: MailRecord): void {
    try {
      this.append(record)
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      this.#options.mailbox.take(record)
    }
  }

  /** No text stays in the log that nobody needs any more. */
  tidy(): void {
    if (!this.#isUntidy || this.#isRewriting) return
    this.#isRewriting = true
    void this.#rewrite().then(() => {
      this.#isRewriting = false
    })
  }

  /** Writes the log anew when most of it is of no use any more. */
  #compact(): void {
    const { journal, mailbox } = this.#options
    if (this.#isRewriting || journal.size < smallLog || journal.size < 2 * mailbox.size) return
    this.#isRewriting = true
    void this.#rewrite().then((isShorter) => {
      this.#isRewriting = !isShorter // else it stays long until the next process
    })
  }

  get #isUntidy(): boolean {
    return this.#options.mailbox.gone > this.#swept
  }

  /** @returns whether the log could be written anew */
  async #rewrite(): Promise<boolean> {
    const { journal, mailbox, onFault } = this.#options
    let { gone } = mailbox
    try {
      await journal.rewrite(() => {
        gone = mailbox.gone
        return mailbox.records()
      })
      this.#swept = gone
      return true
    } catch (error) {
      if (!(error instanceof UserError)) onFault(error)
      return false
    }
  }
}

const smallLog = 64 * 1024 // octets
