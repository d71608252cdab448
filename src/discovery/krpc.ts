/**
 * KRPC, the DHT's messages (BEP 5; `get` and `put` BEP 44, `ro` BEP 43, `ip`
 * BEP 42, `nodes6` and `want` BEP 32), as unions. Any octets give a message or `undefined`; an optional
 * field of a wrong type makes the whole message wrong. `v`, which would tell
 * who we are, is neither sent nor read.
 */
import type { Address } from '../machine.ts'
import {
  type Bencode,
  type Dictionary,
  decodeBencode,
  dictionary,
  encodeBencode,
  fromKey,
  isDictionary,
  isList,
  isOctets,
  toKey,
} from '../wire/bencode.ts'
import { readCompact, writeCompact } from './compact.ts'
import { type Family, familyOf } from './reach.ts'

export interface NodeInfo {
  readonly id: Uint8Array // 20 octets
  readonly address: Address
}

export type Message = Query | Answer | Failure

export interface Query {
  readonly kind: 'query'
  readonly transaction: Uint8Array // 1 to 32 octets, given back as they came
  readonly id: Uint8Array // the asker's
  readonly isReadOnly: boolean // BEP 43: not to be put into a table
  readonly question: Question
}

export type Question =
  | { readonly kind: 'ping' }
  | ({ readonly kind: 'find_node'; readonly target: Uint8Array } & Wanting)
  | ({ readonly kind: 'get_peers'; readonly target: Uint8Array } & Wanting)
  | {
      readonly kind: 'announce_peer'
      readonly target: Uint8Array
      readonly port: number
      readonly isImplied: boolean // take the port the datagram came from
      readonly token: Uint8Array
    }
  /** With `seq`, an item that is not newer need not be sent. */
  | ({ readonly kind: 'get'; readonly target: Uint8Array; readonly seq?: number | undefined } & Wanting)
  | {
      readonly kind: 'put'
      readonly token: Uint8Array
      readonly item: Item
      readonly cas?: number | undefined
    }
  | { readonly kind: 'unknown' }

/** BEP 32: nodes of which families shall be told; without it those of the family the question comes by. */
export interface Wanting {
  readonly want?: readonly Family[] | undefined
}

/** BEP 44. Sizes of value and salt are the storing node's to check. */
export type Item = ImmutableItem | MutableItem

export interface ImmutableItem {
  readonly kind: 'immutable'
  readonly value: Bencode
}

export interface MutableItem {
  readonly kind: 'mutable'
  readonly key: Uint8Array // 32 octets, Ed25519
  readonly salt: Uint8Array // empty in an answer, which does not carry it
  readonly seq: number
  readonly signature: Uint8Array // 64 octets
  readonly value: Bencode
}

export interface Answer {
  readonly kind: 'answer'
  readonly transaction: Uint8Array
  readonly id: Uint8Array // the answerer's
  readonly nodes?: readonly NodeInfo[] | undefined // `nodes` and `nodes6`
  readonly values?: readonly Address[] | undefined
  readonly token?: Uint8Array | undefined
  readonly item?: Item | undefined
  readonly seq?: number | undefined // of the item it has, also when it sends none
  readonly ip?: Address | undefined // as whom it sees us
}

export interface Failure {
  readonly kind: 'failure'
  readonly transaction: Uint8Array
  readonly code: number
}

/** BEP 5 and BEP 44. */
export const failures = {
  protocol: 203,
  unknownMethod: 204,
  tooBig: 205,
  signature: 206,
  salt: 207,
  cas: 301,
  seq: 302,
} as const

export function decodeMessage(bytes: Uint8Array): Message | undefined {
  const top = decodeBencode(bytes, limits)
  if (!isDictionary(top)) return undefined
  const transaction = top.get('t')
  if (!isOctets(transaction) || transaction.length < 1 || transaction.length > 32) return undefined
  switch (textOf(top.get('y'))) {
    case 'q':
      return decodeQuery(top, transaction)
    case 'r':
      return decodeAnswer(top, transaction)
    case 'e':
      return decodeFailure(top, transaction)
    default:
      return undefined
  }
}

export function encodeMessage(message: Message): Uint8Array {
  return encodeBencode(dictionary({ t: message.transaction, ...bodyOf(message) }))
}

function bodyOf(message: Message): Record<string, Bencode | undefined> {
  switch (message.kind) {
    case 'query': {
      const { id, question, isReadOnly } = message
      if (question.kind === 'unknown') throw new TypeError('an unknown question cannot be asked')
      const a = dictionary({ id, ...argumentsOf(question) })
      return { y: fromKey('q'), q: fromKey(question.kind), a, ro: isReadOnly ? 1 : undefined }
    }
    case 'answer': {
      const { id, nodes, values, token, item, seq, ip } = message
      const r = dictionary({
        id,
        token,
        ...nodeFields(nodes),
        values: values?.map(writeCompact),
        ...(item ? itemFields(item) : { seq }),
      })
      return { y: fromKey('r'), r, ip: ip && writeCompact(ip) }
    }
    case 'failure':
      return { y: fromKey('e'), e: [message.code, fromKey(failureText(message.code))] }
    default:
      return message satisfies never
  }
}

function argumentsOf(question: Exclude<Question, { kind: 'unknown' }>): Record<string, Bencode | undefined> {
  switch (question.kind) {
    case 'ping':
      return {}
    case 'find_node':
      return { target: question.target, want: wantField(question) }
    case 'get_peers':
      return { info_hash: question.target, want: wantField(question) }
    case 'announce_peer': {
      const { target, port, isImplied, token } = question
      return { info_hash: target, port, implied_port: isImplied ? 1 : 0, token }
    }
    case 'get':
      return { target: question.target, seq: question.seq, want: wantField(question) }
    case 'put': {
      const { token, item, cas } = question
      const salt = item.kind === 'mutable' && item.salt.length > 0 ? item.salt : undefined
      return { ...itemFields(item), token, salt, cas }
    }
    default:
      return question satisfies never
  }
}

const wantField = ({ want }: Wanting): Bencode | undefined => want?.map((family) => fromKey(`n${family}`))

/** An answer that tells of nobody has an empty `nodes`. */
function nodeFields(nodes: Answer['nodes']): Record<string, Bencode | undefined> {
  if (!nodes) return {}
  const [four, six] = ([4, 6] as const).map((family) =>
    nodes.filter((node) => familyOf(node.address) === family),
  )
  const octets = (some: readonly NodeInfo[]): Uint8Array =>
    joined(some.flatMap((node) => [node.id, writeCompact(node.address)]))
  const hasSix = six!.length > 0
  return {
    nodes: hasSix && four!.length === 0 ? undefined : octets(four!),
    nodes6: hasSix ? octets(six!) : undefined,
  }
}

function itemFields(item: Item): Record<string, Bencode> {
  if (item.kind === 'immutable') return { v: item.value }
  return { k: item.key, seq: item.seq, sig: item.signature, v: item.value }
}

function decodeQuery(top: Dictionary, transaction: Uint8Array): Query | undefined {
  const body = top.get('a')
  const method = textOf(top.get('q'))
  if (!isDictionary(body) || method === undefined) return undefined
  const id = sized(body.get('id'), 20)
  const question = id && decodeQuestion(method, body)
  return question && { kind: 'query', transaction, id, isReadOnly: top.get('ro') === 1, question }
}

function decodeQuestion(method: string, body: Dictionary): Question | undefined {
  switch (method) {
    case 'ping':
      return { kind: 'ping' }
    case 'find_node': {
      const target = sized(body.get('target'), 20)
      return target && hasWant(body) ? { kind: 'find_node', target, want: decodeWant(body) } : undefined
    }
    case 'get_peers': {
      const target = sized(body.get('info_hash'), 20)
      return target && hasWant(body) ? { kind: 'get_peers', target, want: decodeWant(body) } : undefined
    }
    case 'announce_peer':
      return decodeAnnounce(body)
    case 'get': {
      const target = sized(body.get('target'), 20)
      const seq = body.get('seq')
      if (!target || !isIntegerOrNone(seq) || !hasWant(body)) return undefined
      return { kind: 'get', target, seq, want: decodeWant(body) }
    }
    case 'put': {
      const [token, salt, cas] = [body.get('token'), body.get('salt') ?? none, body.get('cas')]
      const item = decodeItem(body, salt)
      return item && isOctets(token) && isIntegerOrNone(cas) ? { kind: 'put', token, item, cas } : undefined
    }
    default:
      return { kind: 'unknown' }
  }
}

const hasWant = (body: Dictionary): boolean => isList(body.get('want') ?? [])

/** Families that nobody knows are left out. */
function decodeWant(body: Dictionary): Family[] | undefined {
  const want = body.get('want')
  if (!isList(want)) return undefined
  const names = want.map((name) => textOf(name))
  return ([4, 6] as const).filter((family) => names.includes(`n${family}`))
}

function decodeAnnounce(body: Dictionary): Question | undefined {
  const target = sized(body.get('info_hash'), 20)
  const [token, port, implied] = [body.get('token'), body.get('port') ?? 0, body.get('implied_port') ?? 0]
  if (!target || !isOctets(token) || typeof port !== 'number' || typeof implied !== 'number') return undefined
  const isImplied = implied !== 0
  const isPort = port >= 1 && port <= 65_535
  return isImplied || isPort ? { kind: 'announce_peer', target, port, isImplied, token } : undefined
}

/** With a key it is a mutable item, and all of `k`, `seq`, `sig` must be there. */
function decodeItem(body: Dictionary, salt: Bencode): Item | undefined {
  const value = body.get('v')
  if (value === undefined || !isOctets(salt)) return undefined
  if (!body.has('k')) return { kind: 'immutable', value }
  const [key, signature, seq] = [sized(body.get('k'), 32), sized(body.get('sig'), 64), body.get('seq')]
  if (!key || !signature || typeof seq !== 'number' || seq < 0) return undefined
  return { kind: 'mutable', key, salt, seq, signature, value }
}

function decodeAnswer(top: Dictionary, transaction: Uint8Array): Answer | undefined {
  const body = top.get('r')
  if (!isDictionary(body)) return undefined
  const id = sized(body.get('id'), 20)
  const [token, seq, ip] = [body.get('token'), body.get('seq'), top.get('ip')]
  const nodes = decodeNodes(body.get('nodes'), 4)
  const nodes6 = decodeNodes(body.get('nodes6'), 6)
  const values = decodeValues(body.get('values'))
  const item = body.has('v') ? decodeItem(body, none) : undefined
  if (!id || !nodes || !nodes6 || !values || (body.has('v') && !item)) return undefined
  if ((token !== undefined && !isOctets(token)) || !isIntegerOrNone(seq)) return undefined
  // `ip` concerns nobody's answer: a node that fills it in otherwise is still of use.
  return {
    kind: 'answer',
    transaction,
    id,
    nodes: [...nodes, ...nodes6],
    values,
    token,
    item,
    seq,
    ip: isOctets(ip) ? readCompact(ip) : undefined,
  }
}

function decodeFailure(top: Dictionary, transaction: Uint8Array): Failure | undefined {
  const body = top.get('e')
  const code = isList(body) ? body[0] : undefined
  return typeof code === 'number' ? { kind: 'failure', transaction, code } : undefined
}

/** Nodes of 26 octets each, or 38; those that cannot be sent to are left out. */
function decodeNodes(value: Bencode | undefined, family: Family): NodeInfo[] | undefined {
  if (value === undefined) return []
  const nodeSize = nodeSizes[family]
  if (!isOctets(value) || value.length % nodeSize !== 0 || value.length > maxNodes * nodeSize)
    return undefined
  const nodes: NodeInfo[] = []
  for (let at = 0; at < value.length; at += nodeSize) {
    const address = readCompact(value.subarray(at + 20, at + nodeSize))
    if (address !== undefined) nodes.push({ id: value.subarray(at, at + 20), address })
  }
  return nodes
}

function decodeValues(value: Bencode | undefined): Address[] | undefined {
  if (value === undefined) return []
  if (!isList(value)) return undefined
  return value.slice(0, maxValues).flatMap((octets) => (isOctets(octets) ? (readCompact(octets) ?? []) : []))
}

const failureText = (code: number): string =>
  (
    ({
      [failures.protocol]: 'protocol error',
      [failures.unknownMethod]: 'method unknown',
      [failures.tooBig]: 'value too big',
      [failures.signature]: 'invalid signature',
      [failures.salt]: 'salt too big',
      [failures.cas]: 'CAS mismatch',
      [failures.seq]: 'sequence number not newer',
    }) as Record<number, string>
  )[code] ?? 'error'

const textOf = (value: Bencode | undefined): string | undefined =>
  isOctets(value) && value.length <= 32 ? toKey(value) : undefined

const sized = (value: Bencode | undefined, size: number): Uint8Array | undefined =>
  isOctets(value) && value.length === size ? value : undefined

const isIntegerOrNone = (value: Bencode | undefined): value is number | undefined =>
  value === undefined || typeof value === 'number'

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

const none = new Uint8Array(0)
const nodeSizes = { 4: 26, 6: 38 } as const
const maxNodes = 64 // honest answers hold 8, some 16 or 20
const maxValues = 128 // peers: honest answers hold 100 at the most
/** libtorrent's and transmission's largest answers, with some 100 peers, are below 1,500 octets. */
const limits = { length: 4_096, depth: 16, count: 1_024 }
