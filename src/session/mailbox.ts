/**
 * A profile's mail: what its user wrote and nobody has confirmed, what came and
 * was not shown, and the names of all that came. It is what the records of its
 * log make of it, one after another; nothing else changes it. Pure.
 */
import { utf8ToBytes } from '@noble/hashes/utils.js'
import type { Undelivered } from './command.ts'
import { KnownMessages, messageName } from './known.ts'
import { type Came, encodeRecord, type MailRecord, readRecord, type Written } from './mailrecord.ts'
import { isTooLong, maxUnconfirmed } from './outbox.ts'

/** What came and was not shown; `isShowing`: it may have been, before a crash. */
export interface Unshown extends Came {
  readonly isShowing: boolean
}

/** Whom a name stands for: the holder of a key, or whoever has the other half of an invite code made at this time. */
export type Standing = Others &
  (
    | { readonly kind: 'key'; readonly key: string }
    | { readonly kind: 'invited'; readonly since: number } // unix ms
  )

export interface Others {
  /** Keys of those who have other names: what was written for them is theirs, whatever they were called then. */
  readonly others?: readonly string[]
}

/** It is known whom it is for. */
export type Addressed = Written & { readonly key: string }

export class Mailbox {
  /** By whatever key: what `Talk` drops when it comes again. */
  readonly known = new KnownMessages()
  readonly #waiting = new Map<string, Written>() // by id, in the order it was written
  readonly #unshown: Unshown[] = []
  #octets = 0 // of what is not settled
  #gone = 0
  readonly #held = new Map<string, Amount>() // of what is not shown, by whose it is

  /** @param records - of a log; what is none of ours is passed over */
  static of(records: Iterable<Uint8Array>): Mailbox {
    const mailbox = new Mailbox()
    for (const octets of records) {
      const record = readRecord(octets)
      if (record) mailbox.take(record)
    }
    return mailbox
  }

  /** What the user wrote and nobody confirmed, in the order it was written. */
  get waiting(): Iterable<Written> {
    return this.#waiting.values()
  }

  /** In the order it came. */
  get unshown(): readonly Unshown[] {
    return this.#unshown
  }

  /** Octets that `records` would take, about. */
  get size(): number {
    let names = 0
    for (const [, one] of this.known.all) names += one.size
    return this.#octets + this.#unshownOctets + names * nameSize
  }

  /** Whoever sends while nobody looks fills neither the log nor the place of others. */
  hasRoomFor(message: Came): boolean {
    const { count, octets } = this.#held.get(message.fingerprint) ?? nothing
    const size = sizeOf(message)
    if (count >= maxUnshown || octets + size > maxUnshownOctets) return false
    return this.#unshownOctets + size <= maxAllUnshown
  }

  /** Texts so far that records were taken of, and that `records` leave out. */
  get gone(): number {
    return this.#gone
  }

  get(id: string): Written | undefined {
    return this.#waiting.get(id)
  }

  /** Whether it may be written, or why not. */
  refuses(message: Written): Undelivered | undefined {
    const { id, text, key, buddy } = message
    if (isTooLong(text)) return 'too-long'
    if (this.#waiting.has(id)) return 'known-id'
    let count = 0
    for (const other of this.#waiting.values())
      if (key === undefined || other.key === undefined ? other.buddy === buddy : isSame(other.key, key))
        count++
    if (count >= maxUnconfirmed) return 'too-many'
    return this.#octets + sizeOf(message) > maxOctets ? 'full' : undefined
  }

  /** What may go to whom the name stands for, and what was written for somebody else of that name, in order. */
  of(
    name: string,
    standing: Standing | undefined,
  ): { readonly due: readonly Written[]; readonly held: readonly Written[] } {
    const [due, held]: [Written[], Written[]] = [[], []]
    for (const message of this.#waiting.values()) {
      if (standing && isFor(message, name, standing)) due.push(message)
      else if (message.buddy === name && !isOfOthers(message, standing)) held.push(message)
    }
    return { due, held }
  }

  /** What the user may give up: all that waits under the name, or the one of an id. */
  droppable(name: string, standing: Standing | undefined, id?: string): readonly Written[] {
    const { due, held } = this.of(name, standing)
    return [...due, ...held].filter((message) => id === undefined || message.id === id)
  }

  /** What was written for another key, as it goes to who has the name now; nothing where nobody knows his key. */
  resendable(name: string, standing: Standing | undefined, id?: string): readonly Addressed[] {
    if (standing?.kind !== 'key') return []
    const { held } = this.of(name, standing)
    const chosen = held.filter((message) => id === undefined || message.id === id)
    return chosen.map((message) => ({ ...message, key: standing.key }))
  }

  take(record: MailRecord): void {
    switch (record.kind) {
      case 'written':
        this.#waiting.set(record.message.id, record.message)
        this.#octets += sizeOf(record.message)
        return
      case 'addressed': {
        const message = this.#waiting.get(record.id)
        if (message) this.#waiting.set(record.id, { ...message, key: record.key })
        return
      }
      case 'settled':
        for (const id of record.ids) this.#settle(id)
        return
      case 'came': {
        const { fingerprint, id, text } = record.message
        this.known.of(fingerprint).add(messageName(id, text))
        this.#unshown.push({ ...record.message, isShowing: false })
        this.#hold(record.message, 1)
        return
      }
      case 'showing': {
        const at = this.#find(record)
        if (at >= 0) this.#unshown[at] = { ...this.#unshown[at]!, isShowing: true }
        return
      }
      case 'shown': {
        const [message] = this.#find(record) >= 0 ? this.#unshown.splice(this.#find(record), 1) : []
        if (!message) return
        this.#hold(message, -1)
        this.#gone++
        return
      }
      case 'known':
        for (const name of record.names) this.known.of(record.fingerprint).add(name)
        return
      default:
        record satisfies never
    }
  }

  /** A log that makes the same of a new one: without texts that nobody needs any more. */
  *records(): Generator<Uint8Array> {
    for (const [fingerprint, one] of this.known.all)
      yield encodeRecord({ kind: 'known', fingerprint, names: [...one.names] })
    for (const message of this.#waiting.values()) yield encodeRecord({ kind: 'written', message })
    for (const { isShowing, ...message } of this.#unshown) {
      yield encodeRecord({ kind: 'came', message })
      if (isShowing) yield encodeRecord({ kind: 'showing', ...message })
    }
  }

  get #unshownOctets(): number {
    let all = 0
    for (const { octets } of this.#held.values()) all += octets
    return all
  }

  #hold(message: Came, by: 1 | -1): void {
    const { fingerprint } = message
    const { count, octets } = this.#held.get(fingerprint) ?? nothing
    if (count + by === 0) this.#held.delete(fingerprint)
    else this.#held.set(fingerprint, { count: count + by, octets: octets + by * sizeOf(message) })
  }

  #settle(id: string): void {
    const message = this.#waiting.get(id)
    if (!message) return
    this.#waiting.delete(id)
    this.#octets -= sizeOf(message)
    this.#gone++
  }

  /** The oldest of this id, -1 if there is none. */
  #find({ id, fingerprint }: { readonly id: string; readonly fingerprint: string }): number {
    return this.#unshown.findIndex((other) => other.id === id && other.fingerprint === fingerprint)
  }
}

/** One may be the beginning of the other, as an address has it. */
const isSame = (a: string, b: string): boolean => a.startsWith(b) || b.startsWith(a)

const isOfOthers = ({ key }: Written, standing: Others | undefined): boolean =>
  key !== undefined && standing?.others?.some((other) => isSame(key, other)) === true

/** A code made later, under the same name, leads to somebody else. */
export function isFor({ key, buddy, at }: Written, name: string, standing: Standing): boolean {
  if (standing.kind === 'key') return key !== undefined && isSame(key, standing.key)
  return key === undefined && buddy === name && at >= standing.since
}

interface Amount {
  readonly count: number
  readonly octets: number
}

const nothing: Amount = { count: 0, octets: 0 }
const octetsOf = (text: string): number => utf8ToBytes(text).length
const sizeOf = ({ text, buddy }: Written | Came): number => octetsOf(text) + octetsOf(buddy) + overhead

const overhead = 128 // octets of a record beside its texts, about
const nameSize = 16
const maxOctets = 16 * 1024 * 1024 // of all that waits
const maxUnshown = 1_000 // messages of one
const maxUnshownOctets = 2 * 1024 * 1024 // of one
const maxAllUnshown = 8 * 1024 * 1024 // of all
