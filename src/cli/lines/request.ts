/** What a line of JSON on stdin asks for (docs/Tutorial.md, "JSON lines"). Pure. */
import { areFields, type Fields, parsedJson } from '../../json.ts'
import { type About, isMessageId, type TypingState } from '../../session/command.ts'
import { maxReceipts } from '../../session/payload.ts'
import { oneLine, tooLong } from '../dialogue.ts'
import { type FileRequest, fileRequest } from './filerequest.ts'

/** `to`: the alias of whom it is about. */
export type Request = Wanted & { readonly to?: string }

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
export function request(line: string): Request | string {
  const fields = parsedJson(line)
  if (fields === undefined) return 'a line of stdin is no JSON'
  if (!areFields(fields)) return nothing
  const wanted = wantedOf(fields)
  const { to } = fields
  if (to === undefined || typeof wanted === 'string') return wanted
  return typeof to === 'string' ? { ...wanted, to } : '"to" is no text'
}

function wantedOf(fields: Fields): Wanted | string {
  const { say, edit, delete: gone, typing, read, verify, answer, cancel, why, history, drop, resend } = fields
  if (say !== undefined || edit !== undefined || gone !== undefined) return sayRequest(fields)
  if (typing !== undefined)
    return typeof typing === 'boolean'
      ? { kind: 'typing', state: typing ? 'begun' : 'ended' }
      : '"typing" is not true or false'
  if (read !== undefined)
    return Array.isArray(read) && read.length <= maxReceipts && read.every(isMessageId)
      ? { kind: 'read', ids: read }
      : '"read" is no list of ids'
  if (verify !== undefined) return verifyRequest(verify)
  if (answer !== undefined) return answerRequest(answer)
  const wanted = fileRequest(fields)
  if (wanted !== undefined) return wanted
  if (cancel !== undefined) return cancel === true ? { kind: 'cancel' } : '"cancel" is not true'
  if (why !== undefined) return why === true ? { kind: 'why' } : '"why" is not true'
  if (history !== undefined) return historyRequest(history)
  if (drop !== undefined) return drop === true ? mailRequest('drop', fields) : '"drop" is not true'
  if (resend !== undefined) return resend === true ? mailRequest('resend', fields) : '"resend" is not true'
  return nothing
}

function mailRequest(kind: 'drop' | 'resend', { id }: Fields): Wanted | string {
  if (id === undefined) return { kind }
  return isMessageId(id) ? { kind, id } : noId
}

function historyRequest(count: unknown): Wanted | string {
  const isCount = typeof count === 'number' && Number.isInteger(count) && count >= 1 && count <= 99_999
  return isCount ? { kind: 'history', count } : '"history" is no number of lines'
}

/** A text, another text of an earlier message, or none any more. */
function sayRequest({ id, delete: gone, edit, reply, ...texts }: Fields): Wanted | string {
  if (id !== undefined && !isMessageId(id)) return noId
  const named = id === undefined ? {} : { id }
  if (gone !== undefined)
    return isMessageId(gone)
      ? { kind: 'say', text: '', about: { as: 'delete', id: gone }, ...named }
      : '"delete" is not 16 hex digits'
  const [as, other, from] =
    edit === undefined ? (['reply', reply, 'say'] as const) : (['edit', edit, 'text'] as const)
  const said = texts[from]
  if (typeof said !== 'string' || said === '') return `"${from}" is no text`
  const text = said.replace(/\p{Surrogate}/gu, '\ufffd')
  if (other === undefined) return { kind: 'say', text, ...named }
  return isMessageId(other)
    ? { kind: 'say', text, about: { as, id: other }, ...named }
    : `"${as}" is not 16 hex digits`
}

function verifyRequest(value: unknown): Wanted | string {
  const { secret: typed, question = '' } = areFields(value) ? value : {}
  if (typed === undefined) return '"verify" has no "secret"'
  if (typeof question !== 'string' || tooLong(question)) return '"question" is no text of 300 characters'
  const secret = secretOf(typed)
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

const nothing = 'a line of stdin says nothing'
const noId = '"id" is not 16 hex digits'

/** What a line may be. */
export const requestHint =
  'one object a line: {"say":"text"}, also with "id" or "reply"; {"edit":"id","text":"…"}, {"delete":"id"}, {"typing":true}, {"read":["id"]}, {"verify":{"question":"…","secret":"…"}}, {"answer":"…"}, {"cancel":true}, {"why":true}, {"resend":true}, {"drop":true}, {"history":20}, {"send":"path"}, {"accept":"transfer","into":"folder"}, {"reject":"transfer"}, {"pause":"transfer"}, {"go":"transfer"}, {"cancel":"transfer"}; each with "to" where there are several buddies'
