/** What was said under one key, in the log where it is kept: what is told twice is written once. */
import { hex } from '@scure/base'
import { sha256 } from '../../crypto.ts'
import type { Fingerprint } from '../../otr/identity.ts'
import {
  encodeRecord,
  firstTextOf,
  type History,
  type HistoryRecord,
  keyOf,
  readHistory,
  recordsOf,
  remains,
} from '../../profile/history.ts'
import type { LogFile } from './logfile.ts'
import type { LogName } from './logs.ts'

export type Entered = Exclude<HistoryRecord, { kind: 'head' }>

export interface BookOptions {
  readonly name: LogName
  readonly log: LogFile
  /** Of the log. */
  readonly records: readonly Uint8Array[]
  readonly fingerprint: Fingerprint
  /** What the buddy is called now. */
  readonly alias: string
}

export interface Entering {
  /** What the buddy is called now; as before if nobody knows. */
  readonly alias: string | undefined
  /** In place of what changes a line that was not kept. */
  readonly otherwise?: Entered | undefined
}

export class Book implements AsyncDisposable {
  readonly name: LogName
  readonly #log: LogFile
  readonly #fingerprint: Fingerprint
  readonly #known = new Map<string, Set<string>>() // by its lines, their texts by name
  #alias: string // as the log has it

  constructor({ name, log, records, fingerprint, alias }: BookOptions) {
    const history = readHistory(records)
    this.name = name
    this.#log = log
    this.#fingerprint = fingerprint
    this.#alias = history?.alias ?? alias
    if (!history) log.append(encodeRecord({ kind: 'head', fingerprint, alias }))
    for (const line of history?.lines.slice(-mostKnown) ?? []) this.#note(keyOf(line), firstTextOf(line))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#log[Symbol.asyncDispose]()
  }

  /** @returns false if it was told before, or is of a line that was not kept. @throws UserError by the disk */
  enter(wanted: Entered, { alias = this.#alias, otherwise }: Entering): boolean {
    const record = otherwise && !this.#known.has(keyOf(wanted)) ? otherwise : wanted
    const key = keyOf(record)
    const texts = this.#known.get(key)
    const isKnown = record.kind === 'said' ? texts?.has(nameOf(record.text)) : texts !== undefined
    if (isKnown === (record.kind === 'said')) return false
    if (record.kind === 'said') this.#note(key, record.text)
    if (alias !== this.#alias)
      this.#log.append(encodeRecord({ kind: 'head', fingerprint: this.#fingerprint, alias }))
    this.#alias = alias
    this.#log.append(encodeRecord(record))
    return true
  }

  read(): History | undefined {
    return readHistory(this.#log.records())
  }

  /** How many lines were taken back whose texts are in the file yet. */
  get remains(): number {
    return remains(this.#log.records())
  }

  /** Without the lines before, unix ms, and without the texts of those that were taken back. */
  async cut(before: number): Promise<void> {
    await this.#log.rewrite(() => {
      const records = this.#log.records()
      const history = readHistory(records)
      return history ? recordsOf(history, before) : records
    })
  }

  synced(): Promise<void> {
    return this.#log.synced()
  }

  /** Of a line that was taken away nobody knows the text. */
  #note(key: string, text: string | undefined): void {
    const texts = this.#known.get(key) ?? new Set()
    if (text !== undefined && texts.size < mostOfOneName) texts.add(nameOf(text))
    this.#known.set(key, texts)
    if (this.#known.size > mostKnown) this.#known.delete(this.#known.keys().next().value!)
  }
}

const nameOf = (text: string): string => hex.encode(sha256(utf8.encode(text)).subarray(0, 8))

const utf8 = new TextEncoder()
const mostOfOneName = 64 // texts
const mostKnown = 4_096 // of the newest lines of a log: more than may be repeated
