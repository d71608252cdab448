/**
 * The conversation as JSON, one object a line, for scripts: events on stdout,
 * and on stdin what to say or to verify (docs/Tutorial.md, "JSON lines").
 */
import { randomBytes } from '../../crypto.ts'
import {
  type About,
  isMessageId,
  type TalkEvent,
  type TypingState,
  type Under,
} from '../../session/command.ts'
import { maxReceipts } from '../../session/payload.ts'
import { followNames } from '../called.ts'
import { oneLine, tooLong } from '../dialogue.ts'
import type { AboutTransfer } from '../explaintransfer.ts'
import { type SafeText, visibleJson, words } from '../safetext.ts'
import { lineId, newTransfer, type Ui, type UiEnd, type UiOptions } from '../ui.ts'
import { type FileRequest, fileRequest } from './filerequest.ts'
import { Streams } from './streams.ts'

export function openJson(options: UiOptions): Ui {
  return new Json(options)
}

/** An event as a line, with its newline: `event` first, raw text with all controls escaped. */
export function jsonLine(event: TalkEvent): SafeText {
  return words`${visibleJson(fields(event))}\n`
}

class Json implements Ui {
  readonly done: Promise<UiEnd>
  readonly #options: UiOptions
  readonly #streams: Streams
  /** Buddies with whom a conversation is secured. */
  readonly #secured = new Set<string>()
  /** Whom a line may be to. */
  readonly #aliases: Set<string>

  constructor(options: UiOptions) {
    this.#options = options
    this.#aliases = new Set(
      options.buddy === undefined ? options.buddies.map(({ alias }) => alias) : [options.buddy],
    )
    this.#streams = new Streams(options, { maxLine, say: (line) => this.#read(line) })
    this.done = this.#streams.done
  }

  tell(event: TalkEvent): void {
    if (event.kind === 'secured') this.#secured.add(event.buddy)
    if (event.kind === 'lost') this.#secured.delete(event.buddy)
    if (event.kind === 'added') this.#aliases.add(event.buddy)
    for (const names of [this.#secured, this.#aliases]) followNames(names, event)
    this.#streams.print(visibleJson(fields(event)))
    this.#streams.hear(event)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#streams.end({ kind: 'left' })
    await this.done.catch(() => undefined) // whoever waits for `done` has heard
  }

  #read(line: string): string | undefined {
    if (line.trim() === '') return undefined
    const wanted = request(line)
    if (typeof wanted === 'string') return this.#refuse(wanted, requestHint)
    const { to, ...asked } = wanted
    if (asked.kind === 'history' && !this.#options.recall)
      return this.#refuse('the history is with the process that has the profile', 'otrtalk history reads it')
    const buddy = this.#whom(to)
    if (buddy === undefined) return this.#refuse(...this.#nobody(to))
    if (asked.kind === 'history') {
      this.#options.recall?.(buddy, asked.count, 'asked')
      return undefined
    }
    const isOfNow = asked.kind === 'verify' || asked.kind === 'answer' || asked.kind === 'cancel'
    if (isOfNow && !this.#secured.has(buddy))
      return this.#refuse('a verification needs a secured conversation', waitHint)
    const { act, random = randomBytes } = this.#options
    const newId = (): string => lineId(random)
    if (asked.kind === 'send') {
      const { transfer = newTransfer(newId) } = asked
      act({ ...asked, buddy, transfer })
      return undefined
    }
    if (asked.kind !== 'say') {
      act({ ...asked, buddy })
      return undefined
    }
    const { id = newId(), ...said } = asked
    act({ ...said, buddy, id })
    return id
  }

  /** The buddy that is meant: in a conversation with one alone he need not be named. */
  #whom(to: string | undefined): string | undefined {
    if (to === undefined) return this.#options.buddy
    return this.#aliases.has(to) ? to : undefined
  }

  #nobody(to: string | undefined): [message: string, hint: string] {
    const aliases = [...this.#aliases]
    const hint = aliases.length > 0 ? `there are: ${aliases.slice(0, maxNamed).join(', ')}` : requestHint
    return [
      to === undefined ? 'a line of stdin names nobody: "to" is missing' : '"to" is no buddy here',
      hint,
    ]
  }

  #refuse(message: string, hint: string): undefined {
    this.#streams.print(visibleJson({ event: 'error', message, hint }))
  }
}

/** `to`: the alias of whom it is about. */
type Request = Wanted & { readonly to?: string }

type Wanted =
  | { readonly kind: 'say'; readonly text: string; readonly id?: string; readonly about?: About }
  | { readonly kind: 'typing'; readonly state: TypingState }
  | { readonly kind: 'read'; readonly ids: readonly string[] }
  | { readonly kind: 'verify'; readonly question?: string; readonly secret: string }
  | { readonly kind: 'answer'; readonly secret: string }
  | { readonly kind: 'cancel' }
  | { readonly kind: 'why' }
  | { readonly kind: 'drop' | 'resend'; readonly id?: string }
  | { readonly kind: 'history'; readonly count: number }
  | FileRequest

/** What a line of stdin asks for, or what is wrong with it. */
function request(line: string): Request | string {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return 'a line of stdin is no JSON' // JSON.parse's only way to say so
  }
  if (typeof value !== 'object' || value === null) return 'a line of stdin says nothing'
  const wanted = wantedOf(value)
  if (!('to' in value) || typeof wanted === 'string') return wanted
  return typeof value.to === 'string' ? { ...wanted, to: value.to } : '"to" is no text'
}

function wantedOf(value: object): Wanted | string {
  if ('say' in value || 'edit' in value || 'delete' in value) return sayRequest(value)
  if ('typing' in value)
    return typeof value.typing === 'boolean'
      ? { kind: 'typing', state: value.typing ? 'begun' : 'ended' }
      : '"typing" is not true or false'
  if ('read' in value)
    return Array.isArray(value.read) && value.read.length <= maxReceipts && value.read.every(isMessageId)
      ? { kind: 'read', ids: value.read }
      : '"read" is no list of ids'
  if ('verify' in value) return verifyRequest(value.verify)
  if ('answer' in value) return answerRequest(value.answer)
  const wanted = fileRequest(value)
  if (wanted !== undefined) return wanted
  if ('cancel' in value) return value.cancel === true ? { kind: 'cancel' } : '"cancel" is not true'
  if ('why' in value) return value.why === true ? { kind: 'why' } : '"why" is not true'
  if ('history' in value) return historyRequest(value.history)
  const id = 'id' in value ? value.id : undefined
  if ('drop' in value) return value.drop === true ? mailRequest('drop', id) : '"drop" is not true'
  if ('resend' in value) return value.resend === true ? mailRequest('resend', id) : '"resend" is not true'
  return 'a line of stdin says nothing'
}

function mailRequest(kind: 'drop' | 'resend', id: unknown): Wanted | string {
  if (id === undefined) return { kind }
  return isMessageId(id) ? { kind, id } : noId
}

function historyRequest(count: unknown): Wanted | string {
  const isCount = typeof count === 'number' && Number.isInteger(count) && count >= 1 && count <= 99_999
  return isCount ? { kind: 'history', count } : '"history" is no number of lines'
}

/** A text, another text of an earlier message, or none any more. */
function sayRequest(value: object): Wanted | string {
  const id = 'id' in value ? value.id : undefined
  if (id !== undefined && !isMessageId(id)) return noId
  const named = id === undefined ? {} : { id }
  if ('delete' in value)
    return isMessageId(value.delete)
      ? { kind: 'say', text: '', about: { as: 'delete', id: value.delete }, ...named }
      : '"delete" is not 16 hex digits'
  const isEdit = 'edit' in value
  const said = isEdit ? 'text' in value && value.text : 'say' in value && value.say
  if (typeof said !== 'string' || said === '') return isEdit ? '"text" is no text' : '"say" is no text'
  const text = said.replace(/\p{Surrogate}/gu, '\ufffd')
  const other = isEdit ? value.edit : 'reply' in value ? value.reply : undefined
  if (other === undefined) return { kind: 'say', text, ...named }
  const as = isEdit ? 'edit' : 'reply'
  return isMessageId(other)
    ? { kind: 'say', text, about: { as, id: other }, ...named }
    : `"${as}" is not 16 hex digits`
}

function verifyRequest(value: unknown): Wanted | string {
  if (typeof value !== 'object' || value === null || !('secret' in value)) return '"verify" has no "secret"'
  const question = 'question' in value ? value.question : ''
  if (typeof question !== 'string' || tooLong(question)) return '"question" is no text of 300 characters'
  const secret = secretOf(value.secret)
  if (secret === undefined) return '"secret" is no text of 1 to 300 characters'
  const asked = oneLine(question)
  return { kind: 'verify', secret, ...(asked !== '' && { question: asked }) }
}

function answerRequest(value: unknown): Wanted | string {
  const secret = secretOf(value)
  return secret === undefined ? '"answer" is no text of 1 to 300 characters' : { kind: 'answer', secret }
}

/** The same octets as for a person who types it at a prompt. */
function secretOf(value: unknown): string | undefined {
  return typeof value === 'string' && !tooLong(value) && oneLine(value) !== '' ? oneLine(value) : undefined
}

/** In the order of the documentation; later fields come behind the older ones. */
function fields(event: TalkEvent): object {
  const name = { event: event.kind }
  switch (event.kind) {
    case 'listening':
      return { ...name, profile: event.profile, port: event.port, addresses: event.addresses }
    case 'phase':
      return { ...name, buddy: event.buddy, phase: event.phase, ms: event.ms }
    case 'secured': {
      const { buddy, fingerprint, trust, path, ms, session, pq } = event
      return { ...name, buddy, fingerprint, trust, path, ms, session, pq }
    }
    case 'message': {
      const { buddy, id, text, at, again, about } = event
      const more = { ...(again && { again }), ...(about && { about }) }
      return { ...name, buddy, id, text, at, ...under(event), ...more }
    }
    case 'waiting': {
      const { buddy, id, text, at, about } = event
      return { ...name, buddy, id, text, at, ...(about && { about }) }
    }
    case 'held':
      return { ...name, buddy: event.buddy, ids: event.ids, count: event.count, ...under(event) }
    case 'edited': {
      const { buddy, id, of, text, at, again } = event
      return { ...name, buddy, id, of, text, at, ...under(event), ...(again && { again }) }
    }
    case 'deleted': {
      const { buddy, id, of, at, again } = event
      return { ...name, buddy, id, of, at, ...under(event), ...(again && { again }) }
    }
    case 'typing':
      return { ...name, buddy: event.buddy, state: event.state, ...under(event) }
    case 'read':
      return { ...name, buddy: event.buddy, ids: event.ids, ...under(event) }
    case 'written':
    case 'sent':
      return { ...name, buddy: event.buddy, id: event.id }
    case 'delivered':
      return { ...name, buddy: event.buddy, id: event.id, ms: event.ms }
    case 'undelivered':
      return { ...name, buddy: event.buddy, id: event.id, why: event.why }
    case 'refused': {
      const { buddy, why, clocks } = event
      return { ...name, buddy, why, ...(clocks && { clocks }) }
    }
    case 'added':
      return { ...name, buddy: event.buddy }
    case 'renamed':
      return { ...name, buddy: event.buddy, to: event.to }
    case 'said':
      return {
        ...name,
        buddy: event.buddy,
        id: event.id,
        text: event.text,
        ...(event.about && { about: event.about }),
      }
    case 'lost':
    case 'burnt':
    case 'removed':
      return { ...name, buddy: event.buddy, why: event.why }
    case 'why':
      return { ...name, buddy: event.buddy, report: event.report }
    case 'network':
      return { ...name, state: event.state }
    case 'earlier':
      return { ...name, buddy: event.buddy, lines: event.lines }
    case 'unkept':
      return { ...name, message: event.message, ...(event.hint !== undefined && { hint: event.hint }) }
    case 'unresolved':
      return { ...name, hosts: event.hosts }
    case 'path':
      return { ...name, buddy: event.buddy, path: event.path }
    case 'unreached':
      return { ...name, buddy: event.buddy, why: event.why, ms: event.ms }
    case 'asked':
      return { ...name, buddy: event.buddy, question: event.question, ...under(event) }
    case 'verification':
      return { ...name, buddy: event.buddy, state: event.state, ...under(event) }
    case 'verified':
    case 'trust':
    case 'bound':
    case 'introduced':
      return { ...name, buddy: event.buddy, ...under(event) }
    case 'moved':
      return { ...name, buddy: event.buddy, address: event.address, ...under(event) }
    case 'met': {
      const { buddy, address, knownAs } = event
      return { ...name, buddy, address, ...under(event), ...(knownAs !== undefined && { knownAs }) }
    }
    case 'code':
      return { ...name, code: event.code, expiresAt: event.expiresAt, buddy: event.buddy }
    case 'alone':
      return { ...name, buddy: event.buddy, ms: event.ms }
    case 'offered':
    case 'transfer':
    case 'progress':
    case 'skipped':
      return transferFields(event)
    default:
      return event satisfies never
  }
}

function transferFields(event: AboutTransfer): object {
  const name = { event: event.kind, buddy: event.buddy, transfer: event.transfer }
  switch (event.kind) {
    case 'offered': {
      const { name: title, form, files, folders, octets } = event
      return { ...name, name: title, form, files, folders, octets, ...under(event) }
    }
    case 'transfer': {
      const { name: title, direction, state, by, why, path, renamed, message, root, since } = event
      return { ...name, name: title, direction, state, by, why, path, renamed, message, root, since }
    }
    case 'progress':
      return { ...name, octets: event.octets, of: event.of, rate: event.rate, left: event.left }
    case 'skipped':
      return { ...name, path: event.path, why: event.why }
    default:
      return event satisfies never
  }
}

/** Of which conversation and key it is told. */
const under = ({ trust, fingerprint, session }: Under): object => ({ trust, fingerprint, session })

const noId = '"id" is not 16 hex digits'
const waitHint = 'wait for the event secured'
const requestHint =
  'one object a line: {"say":"text"}, also with "id" or "reply"; {"edit":"id","text":"…"}, {"delete":"id"}, {"typing":true}, {"read":["id"]}, {"verify":{"question":"…","secret":"…"}}, {"answer":"…"}, {"cancel":true}, {"why":true}, {"resend":true}, {"drop":true}, {"history":20}, {"send":"path"}, {"accept":"transfer","into":"folder"}, {"reject":"transfer"}, {"pause":"transfer"}, {"go":"transfer"}, {"cancel":"transfer"}; each with "to" where there are several buddies'
const maxNamed = 20
const maxLine = 2 ** 18 // UTF-16 units: the longest message with every character escaped
