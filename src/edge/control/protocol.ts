/**
 * What the process that owns a profile and others say to each other: one JSON
 * object a line, in UTF-8, the first of which names the version. Pure. What a
 * client sends is read as if a stranger had written it. Spec: docs/Control.md.
 */
import type { FaultCode } from '../../error.ts'
import { escapedJson } from '../../json.ts'
import { type Change, type ChangeFault, readChange } from '../../profile/change.ts'
import type { ProfileView } from '../../profile/view.ts'
import {
  type About,
  type Command,
  isMessageId,
  isTransferId,
  type TalkEvent,
  type TransferCommand,
  type Trust,
} from '../../session/command.ts'
import { maxReceipts } from '../../session/payload.ts'
import type { OutboxChange, Waiting } from '../kept/outbox.ts'

export const version = 1

/** Octets of a client's line, without its end: whatever 64 clients send, it does not fill the owner's memory. */
export const longestRequest: number = 64 * 1_024

/** What a client asks for. A `Command` has no answer but the events that come of it. */
export type Request =
  | Command
  /** Delete what was kept of the conversations with this key: all, or what is older than unix ms. */
  | { readonly kind: 'forget'; readonly fingerprint: string; readonly before?: number }
  /**
   * Hear of this buddy from here on, or of all; whoever has another key than this is not shown, and told nothing.
   * `silent`: it shows no messages; they are kept for who does.
   */
  | {
      readonly kind: 'attach'
      readonly buddy?: string
      readonly fingerprint?: string
      readonly silent?: true
    }
  | { readonly kind: 'view' }
  | { readonly kind: 'change'; readonly change: Change }
  /** What waits for buddies, after this change of it. */
  | { readonly kind: 'outbox'; readonly change?: OutboxChange }
  /** The profile's passphrase, before what only who knows it may ask for; empty for a profile without. */
  | { readonly kind: 'unlock'; readonly passphrase: string }
  /** Another passphrase from here on; an empty one is none. */
  | { readonly kind: 'rekey'; readonly passphrase: string }
  /** The profile as a file, sealed under this passphrase. */
  | { readonly kind: 'export'; readonly passphrase: string }

/** What is answered. */
export type Asked = Exclude<Request, Command>

/** What the owner says: events, and an answer to each request that is no `Command`, in their order. */
export type Reply = TalkEvent | Answer | Bye

export type Answer =
  | Attached
  | { readonly kind: 'view'; readonly view: ProfileView }
  /** It is on disk. */
  | { readonly kind: 'changed'; readonly view: ProfileView }
  | { readonly kind: 'unchanged'; readonly why: ChangeFault; readonly by?: string }
  | { readonly kind: 'outbox'; readonly waiting: readonly Waiting[] }
  | { readonly kind: 'unlocked' }
  /** It is another passphrase. */
  | { readonly kind: 'locked' }
  | { readonly kind: 'rekeyed' }
  /** So many lines are gone. */
  | { readonly kind: 'forgotten'; readonly lines: number }
  /** The octets in base64. */
  | { readonly kind: 'exported'; readonly file: string }
  | Fault

/** The present state follows, as events. */
export interface Attached {
  readonly kind: 'attached'
  /** Of the profile itself. */
  readonly fingerprint: string
  /** The name under which he is told of: an invite's may be another than the alias. */
  readonly buddy?: string
  readonly buddies: readonly AttachedBuddy[]
}

export interface AttachedBuddy {
  readonly alias: string
  readonly trust: Trust
  readonly fingerprint?: string
}

/** How the owner uses the network: what its clients ask for must be the same. */
export interface OwnerNetwork {
  readonly interface?: string
  readonly port?: number
  readonly bootstrap: readonly string[]
  readonly dht: boolean
  readonly lan: 'also' | 'only' | 'off'
  readonly portmap: boolean
  readonly stun: readonly string[]
}

/** A request that was refused, in words; nothing has changed. */
export interface Fault {
  readonly kind: 'fault'
  /** The kind of the request; `hello` for the first line, `line` for one that is none. */
  readonly of: Request['kind'] | 'hello' | 'line'
  readonly message: string
  readonly hint?: string
  /** What a program ends with that can do nothing else. */
  readonly exit: FaultCode
}

export interface Bye {
  readonly kind: 'bye'
  readonly why: 'left' // the owner's user did
}

/** The owner's first line. */
export interface Hello {
  readonly otrtalk: number
  readonly process: number
  readonly command: string
  readonly profile: string
  readonly network: OwnerNetwork
}

/** The version a first line names; `undefined` if it is none. */
export function readVersion(line: string): number | undefined {
  const value = parse(line)
  const named = value && 'otrtalk' in value ? value.otrtalk : undefined
  return typeof named === 'number' ? named : undefined
}

export function readHello(line: string): Hello | undefined {
  const value = parse(line)
  if (!value || !('otrtalk' in value && 'process' in value && 'command' in value && 'profile' in value))
    return undefined
  const { otrtalk, process, command, profile } = value
  const network = readNetwork('network' in value ? value.network : undefined)
  const isHello = typeof otrtalk === 'number' && typeof process === 'number'
  if (!isHello || typeof command !== 'string' || typeof profile !== 'string') return undefined
  return network && { otrtalk, process, command, profile, network }
}

function readNetwork(value: unknown): OwnerNetwork | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (!('bootstrap' in value && 'dht' in value && 'lan' in value && 'portmap' in value && 'stun' in value))
    return undefined
  const { dht, lan, portmap } = value
  const [bootstrap, stun] = [hostsOf(value.bootstrap), hostsOf(value.stun)]
  const name = 'interface' in value && typeof value.interface === 'string' ? value.interface : undefined
  const port = 'port' in value && typeof value.port === 'number' ? value.port : undefined
  if (typeof dht !== 'boolean' || typeof portmap !== 'boolean' || !bootstrap || !stun) return undefined
  if (lan !== 'also' && lan !== 'only' && lan !== 'off') return undefined
  const optional = { ...(name !== undefined && { interface: name }), ...(port !== undefined && { port }) }
  return { ...optional, bootstrap, dht, lan, portmap, stun }
}

const hostsOf = (value: unknown): readonly string[] | undefined =>
  Array.isArray(value) && value.every((host): host is string => typeof host === 'string') ? value : undefined

/** A client's line; `undefined` for anything that asks for nothing. */
export function readRequest(line: string): Request | undefined {
  const value = parse(line)
  if (!value || !('kind' in value)) return undefined
  const { kind } = value
  if (kind === 'view') return { kind }
  if (kind === 'forget') {
    const fingerprint = fingerprintOf('fingerprint' in value ? value.fingerprint : undefined)
    const before = 'before' in value ? value.before : undefined
    const isSound = before === undefined || (typeof before === 'number' && Number.isFinite(before))
    if (fingerprint === undefined || !isSound) return undefined
    return { kind, fingerprint, ...(before !== undefined && { before }) }
  }
  if (kind === 'change') {
    const change = 'change' in value ? readChange(value.change) : undefined
    return change && { kind, change }
  }
  if (kind === 'outbox') return readOutbox('change' in value ? value.change : undefined)
  if (kind === 'unlock' || kind === 'rekey' || kind === 'export') {
    const passphrase = 'passphrase' in value ? value.passphrase : undefined
    const isText = typeof passphrase === 'string' && passphrase.length <= longestSecret
    return isText && (passphrase !== '' || kind !== 'export') ? { kind, passphrase } : undefined
  }
  const named = 'buddy' in value ? value.buddy : undefined
  const given = 'fingerprint' in value ? value.fingerprint : undefined
  const fingerprint = fingerprintOf(given)
  if (given !== undefined && fingerprint === undefined) return undefined
  const pin = fingerprint === undefined ? {} : { fingerprint }
  if (kind === 'attach' && named === undefined) return fingerprint === undefined ? { kind } : undefined // nobody is everybody’s key
  const buddy = textOf(named, longestName)
  if (buddy === undefined) return undefined
  const isSilent = 'silent' in value && value.silent === true
  if (kind === 'attach') return { kind, buddy, ...pin, ...(isSilent && { silent: true }) }
  return commandOf(value, buddy, pin)
}

function readOutbox(change: unknown): Request | undefined {
  if (change === undefined) return { kind: 'outbox' }
  const isChange = typeof change === 'object' && change !== null && 'buddy' in change
  const buddy = isChange ? textOf(change.buddy, longestName) : undefined
  const wanted = isChange && buddy !== undefined ? commandOf(change, buddy, {}) : undefined
  return wanted?.kind === 'drop' || wanted?.kind === 'resend' ? { kind: 'outbox', change: wanted } : undefined
}

function commandOf(value: object, buddy: string, pin: { fingerprint?: string }): Command | undefined {
  const kind = 'kind' in value ? value.kind : undefined
  switch (kind) {
    case 'open':
    case 'close':
    case 'cancel':
    case 'why':
      return { kind, buddy }
    case 'say': {
      const id = 'id' in value ? value.id : undefined
      const [said, given] = ['text' in value && value.text, 'about' in value ? value.about : undefined]
      const about = aboutOf(given)
      const text = about?.as === 'delete' && said === '' ? said : textOf(said, longestText)
      if (!isMessageId(id) || text === undefined || (given !== undefined && !about)) return undefined
      return { kind, buddy, id, text, ...pin, ...(about && { about }) }
    }
    case 'typing': {
      const state = 'state' in value ? value.state : undefined
      return state === 'begun' || state === 'ended' ? { kind, buddy, state } : undefined
    }
    case 'read': {
      const ids = 'ids' in value ? value.ids : undefined
      return Array.isArray(ids) && ids.length <= maxReceipts && ids.every(isMessageId)
        ? { kind, buddy, ids }
        : undefined
    }
    case 'drop':
    case 'resend': {
      const id = 'id' in value ? value.id : undefined
      if (id === undefined) return { kind, buddy }
      return isMessageId(id) ? { kind, buddy, id } : undefined
    }
    case 'verify': {
      const secret = textOf('secret' in value && value.secret, longestSecret)
      const asked = 'question' in value ? textOf(value.question, longestSecret) : ''
      if (secret === undefined || asked === undefined) return undefined
      return { kind, buddy, secret, ...(asked !== '' && { question: asked }) }
    }
    case 'answer': {
      const secret = textOf('secret' in value && value.secret, longestSecret)
      return secret === undefined ? undefined : { kind, buddy, secret }
    }
    default:
      return transferOf(value, buddy, pin)
  }
}

function transferOf(
  value: object,
  buddy: string,
  pin: { fingerprint?: string },
): TransferCommand | undefined {
  const kind = 'kind' in value ? value.kind : undefined
  const transfer = 'transfer' in value ? value.transfer : undefined
  if (!isTransferId(transfer)) return undefined
  switch (kind) {
    case 'send': {
      const name = textOf('name' in value && value.name, longestName)
      const form = 'form' in value ? value.form : undefined
      const paths = 'paths' in value ? pathsOf(value.paths) : undefined
      const isForm = form === 'files' || form === 'stream'
      return isForm && name !== undefined && paths
        ? { kind, buddy, transfer, name, form, paths, ...pin }
        : undefined
    }
    case 'accept': {
      const [into] = ('into' in value && pathsOf([value.into])) || []
      return into === undefined ? undefined : { kind, buddy, transfer, into }
    }
    case 'reject': {
      const why = 'why' in value ? value.why : 'declined'
      const isWhy = why === 'declined' || why === 'policy' || why === 'large' || why === 'disk'
      return isWhy ? { kind, buddy, transfer, why } : undefined
    }
    case 'pause':
    case 'go':
    case 'withdraw':
    case 'leave':
      return { kind, buddy, transfer }
    default:
      return undefined
  }
}

function aboutOf(value: unknown): About | undefined {
  if (typeof value !== 'object' || value === null || !('as' in value && 'id' in value)) return undefined
  const { as, id } = value
  return (as === 'reply' || as === 'edit' || as === 'delete') && isMessageId(id) ? { as, id } : undefined
}

/** Absolute ones, at least one. */
function pathsOf(value: unknown): readonly string[] | undefined {
  const isList = Array.isArray(value) && value.length > 0
  if (!isList) return undefined
  const isPath = (path: unknown): path is string =>
    typeof path === 'string' && path.startsWith('/') && !path.includes('\0')
  return value.every(isPath) ? value : undefined
}

function parse(line: string): object | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined
  } catch {
    return undefined // JSON.parse's only way to say that it is none
  }
}

/** Not empty, and well-formed. */
const textOf = (value: unknown, longest: number): string | undefined =>
  typeof value === 'string' && value !== '' && value.length <= longest
    ? value.replace(/\p{Surrogate}/gu, '\ufffd')
    : undefined

const fingerprintOf = (value: unknown): string | undefined =>
  typeof value === 'string' && /^[\da-f]{112}$/.test(value) ? value : undefined

/** A line of ours. Whoever reads it on a terminal sees no control and no bidi character of anybody's. */
export const lineOf = (value: object): string => `${escapedJson(value)}\n`

/** A line of an owner of the same version: of what is told, newer kinds are left out. */
export function readReply(line: string): Reply | undefined {
  const value = parse(line)
  if (!value || !('kind' in value) || typeof value.kind !== 'string') return undefined
  return Object.hasOwn(replies, value.kind) ? (value as Reply) : undefined
}

export const isAnswer = (reply: Reply): reply is Answer => Object.hasOwn(answers, reply.kind)

/** Whether a request of this kind is answered, be it by a fault. */
export const isAnswered = (kind: Fault['of']): boolean => Object.hasOwn(answered, kind)

const answered: Record<Asked['kind'], true> = {
  ...{ attach: true, view: true, change: true, outbox: true },
  ...{ unlock: true, rekey: true, export: true, forget: true },
}

const answers: Record<Answer['kind'], true> = {
  ...{ attached: true, view: true, changed: true, unchanged: true, fault: true },
  ...{ unlocked: true, locked: true, rekeyed: true, exported: true, outbox: true, forgotten: true },
}

const replies: Record<Reply['kind'], true> = {
  ...{ ...answers, bye: true },
  ...{ listening: true, network: true, unresolved: true, phase: true, unreached: true, path: true },
  ...{ secured: true, lost: true, refused: true, message: true, said: true, sent: true },
  ...{ edited: true, deleted: true, typing: true, read: true },
  ...{ delivered: true, undelivered: true, asked: true, verification: true, verified: true },
  ...{ trust: true, added: true, renamed: true, removed: true, why: true, code: true, alone: true },
  ...{ offered: true, transfer: true, progress: true, skipped: true },
  ...{ met: true, bound: true, burnt: true, introduced: true, moved: true },
  ...{ waiting: true, written: true, held: true, earlier: true, unkept: true },
}

const longestName = 255 // UTF-16 units: an alias has 32 characters, a file 255 octets
const longestText = 64 * 1_024 // UTF-16 units: what is too long is told by the outbox
const longestSecret = 1_024 // UTF-16 units
