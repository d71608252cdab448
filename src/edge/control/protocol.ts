/**
 * What the process that owns a profile and others say to each other: one JSON
 * object a line, in UTF-8, the first of which names the version. Pure.
 * Spec: docs/Control.md.
 */
import type { FaultCode } from '../../error.ts'
import { areFields, escapedJson, type Fields, parsedJson } from '../../json.ts'
import type { Change, ChangeFault } from '../../profile/change.ts'
import type { ProfileView } from '../../profile/view.ts'
import type { Command, TalkEvent, Trust } from '../../session/command.ts'
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
   * `silent`: it shows no messages; they are kept for who does. `confirms`: it says of each message that it is `shown`.
   */
  | {
      readonly kind: 'attach'
      readonly buddy?: string
      readonly fingerprint?: string
      readonly silent?: true
      readonly confirms?: true
    }
  /** A message was shown, by who attached to say so; has no answer. */
  | Shown
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

export interface Shown {
  readonly kind: 'shown'
  readonly fingerprint: string
  readonly id: string
}

/** What is answered. */
export type Asked = Exclude<Request, Command | Shown>

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
  /** Messages are awaited to be `shown`, as was asked for. */
  readonly confirms?: true
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
  const { otrtalk } = parse(line) ?? {}
  return typeof otrtalk === 'number' ? otrtalk : undefined
}

export function readHello(line: string): Hello | undefined {
  const { otrtalk, process, command, profile, network: told } = parse(line) ?? {}
  const network = readNetwork(told)
  if (typeof otrtalk !== 'number' || typeof process !== 'number') return undefined
  if (typeof command !== 'string' || typeof profile !== 'string') return undefined
  return network && { otrtalk, process, command, profile, network }
}

function readNetwork(value: unknown): OwnerNetwork | undefined {
  if (!areFields(value)) return undefined
  const { interface: name, port, bootstrap, dht, lan, portmap, stun } = value
  if (typeof dht !== 'boolean' || typeof portmap !== 'boolean') return undefined
  if (!areHosts(bootstrap) || !areHosts(stun)) return undefined
  if (lan !== 'also' && lan !== 'only' && lan !== 'off') return undefined
  return {
    ...(typeof name === 'string' && { interface: name }),
    ...(typeof port === 'number' && { port }),
    ...{ bootstrap, dht, lan, portmap, stun },
  }
}

const areHosts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((host) => typeof host === 'string')

/** The object that a line is. */
export function parse(line: string): Fields | undefined {
  const value = parsedJson(line)
  return areFields(value) ? value : undefined
}

/** A line of ours. Whoever reads it on a terminal sees no control and no bidi character of anybody's. */
export const lineOf = (value: object): string => `${escapedJson(value)}\n`

/** A line of an owner of the same version: of what is told, newer kinds are left out. */
export function readReply(line: string): Reply | undefined {
  const fields = parse(line)
  const kind = fields?.['kind']
  return typeof kind === 'string' && Object.hasOwn(replies, kind) ? (fields as Reply) : undefined
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
