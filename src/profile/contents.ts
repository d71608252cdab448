/**
 * What a vault holds once it is open, as octets. Spec: docs/Protocol.md,
 * "Vault". Integers are big-endian; what is read is checked as if a stranger
 * had written it.
 */
import { concatBytes } from '@noble/hashes/utils.js'
import { hex } from '@scure/base'
import type { Address } from '../machine.ts'
import { parseFingerprint } from '../otr/identity.ts'
import { parseAddress } from '../wire/address.ts'
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'
import { type ProfileAddress, readProfileAddress } from './address.ts'
import { areSound, type Buddies, type Buddy, maxBuddies, maxHints, type Trust } from './buddies.ts'
import { readCode } from './code.ts'
import { discoveryKeySize } from './discoverykey.ts'
import { type Habits, isKeep, switchable } from './habits.ts'
import { type Identity, readIdentity, selfWith, writeIdentity } from './identity.ts'
import { areSoundInvites, type Invite, type Invites, maxInvites, type Side } from './invite.ts'
import type { Self } from './pair.ts'

export interface Contents {
  readonly identity: Identity
  readonly createdAt: number // unix ms
  readonly buddies: Buddies
  /** Nodes of the DHT that answered: where the next start begins, newest first. */
  readonly nodes: readonly Address[]
  /** Discovery keys that were replaced and that a buddy may still use, newest first. */
  readonly former: readonly Self[]
  /** Codes that are not done with. */
  readonly invites: Invites
  /** What the keys of sealed logs are made of: none until the first log, two while logs go from the second to the first. */
  readonly recordKeys: readonly Uint8Array[]
}

/** Nodes kept; the rest of a longer list is dropped. */
export const maxNodes = 200

/** Replaced discovery keys: each of them costs every buddy who has not learned the newest a record of his own. */
export const maxFormer = 4

export const recordKeySize = 32

export function encodeContents(contents: Contents): Uint8Array {
  const { identity, createdAt, buddies, nodes } = contents
  const kept = nodes.slice(0, maxNodes)
  const writer = new Writer(512 + 256 * buddies.length)
  writeIdentity(writer, identity)
  writer.u64(BigInt(createdAt)).u16(buddies.length)
  for (const buddy of buddies) writeBuddy(writer, buddy)
  writer.u16(kept.length)
  for (const node of kept) writer.data(utf8.encode(node))
  for (const { type, encode } of fields) {
    const octets = encode(contents)
    if (octets.length > 0) writer.u8(type).data(octets)
  }
  return writer.done()
}

function writeBuddy(writer: Writer, buddy: Buddy): void {
  writer
    .data(utf8.encode(buddy.alias))
    .bytes(buddy.address)
    .u8(trusts.indexOf(buddy.trust))
    .data(hex.decode(buddy.fingerprint ?? ''))
    .u64(BigInt(buddy.addedAt))
    .u64(BigInt(buddy.lastSeenAt ?? 0))
}

/** `newer`: a field that this program does not know, behind all that it does. */
export function readContents(octets: Uint8Array): Contents | 'newer' | undefined {
  const reader = new Reader(octets)
  const identity = readIdentity(reader)
  const createdAt = time(reader)
  const buddies = list(reader, maxBuddies, readBuddy)
  const nodes = list(reader, maxNodes, readLiteral)
  if (!identity || !buddies || !nodes) return undefined
  const empty = { former: [], invites: [], recordKeys: [] }
  const contents = decodeFields(reader, { identity, createdAt, buddies, nodes, ...empty })
  if (contents === 'newer') return contents
  if (!contents || !reader.isComplete) return undefined
  return areSound(contents.buddies, identity.address) ? contents : undefined
}

/** The same, for whom it is all one why there are none. */
export function decodeContents(octets: Uint8Array): Contents | undefined {
  const contents = readContents(octets)
  return contents === 'newer' ? undefined : contents
}

/** What came to the vault later: one that was written before ends where they begin. */
interface Field {
  readonly type: number
  /** No octets for what a vault without the field has. */
  readonly encode: (contents: Contents) => Uint8Array
  /** @param octets - one or more */
  readonly decode: (octets: Uint8Array, contents: Contents) => Contents | undefined
}

/** type 1 | DATA, in ascending order; none twice, none empty: contents have one form only. */
const fields: readonly Field[] = [
  { type: 1, encode: encodeMarks, decode: decodeMarks },
  { type: 2, encode: encodeFormer, decode: decodeFormer },
  { type: 3, encode: encodeInvites, decode: decodeInvites },
  { type: 4, encode: encodeHints, decode: decodeHints },
  { type: 5, encode: encodeRecordKeys, decode: decodeRecordKeys },
  { type: 6, encode: encodeHabits, decode: decodeHabits },
]

const newestField = Math.max(...fields.map(({ type }) => type))

function decodeFields(reader: Reader, before: Contents): Contents | 'newer' | undefined {
  let contents: Contents | undefined = before
  for (let last = 0; contents && reader.left > 0; ) {
    const type = reader.u8()
    const octets = reader.data()
    if (reader.isSound && type > newestField) return 'newer' // what is in it, and behind it, is for others to judge
    const field = fields.find((field) => field.type === type)
    if (!field || type <= last || !reader.isSound || octets.length === 0) return undefined
    contents = field.decode(octets, contents)
    last = type
  }
  return contents
}

/** An octet for each buddy: 1 blocked, 2 strange. */
function encodeMarks({ buddies }: Contents): Uint8Array {
  const marks = buddies.map(({ isBlocked, isStrange }) => (isBlocked ? 1 : 0) | (isStrange ? 2 : 0))
  return marks.some((mark) => mark > 0) ? Uint8Array.from(marks) : new Uint8Array(0)
}

function decodeMarks(octets: Uint8Array, contents: Contents): Contents | undefined {
  const { buddies } = contents
  const isSound = octets.length === buddies.length && octets.every((mark) => mark <= 3)
  if (!isSound || octets.every((mark) => mark === 0)) return undefined
  const marked = buddies.map((buddy, i) => {
    const mark = octets[i]!
    return { ...buddy, isBlocked: (mark & 1) !== 0, isStrange: (mark & 2) !== 0 }
  })
  return { ...contents, buddies: marked }
}

/** n x 32: the discovery secrets. */
function encodeFormer({ former }: Contents): Uint8Array {
  return concatBytes(...former.map(({ discoverySecret }) => discoverySecret))
}

function decodeFormer(octets: Uint8Array, contents: Contents): Contents | undefined {
  const count = octets.length / discoveryKeySize
  if (!Number.isInteger(count) || count > maxFormer) return undefined
  const former = Array.from({ length: count }, (_, i) =>
    selfWith(contents.identity, octets.slice(i * discoveryKeySize, (i + 1) * discoveryKeySize)),
  )
  return { ...contents, former }
}

/** n of: side 1 | alias DATA | code DATA | PRK 32 | made, expires 8 + 8 | fingerprint DATA */
function encodeInvites({ invites }: Contents): Uint8Array {
  const writer = new Writer()
  for (const { side, alias, code, prk, createdAt, expiresAt, bound } of invites) {
    writer
      .u8(sides.indexOf(side))
      .data(utf8.encode(alias))
      .data(utf8.encode(code ?? ''))
      .bytes(prk)
    writer
      .u64(BigInt(createdAt))
      .u64(BigInt(expiresAt))
      .data(hex.decode(bound ?? ''))
  }
  return writer.done()
}

function decodeInvites(octets: Uint8Array, contents: Contents): Contents | undefined {
  const reader = new Reader(octets)
  const invites: Invite[] = []
  while (reader.left > 0 && invites.length < maxInvites) {
    const invite = readInvite(reader)
    if (!invite) return undefined
    invites.push(invite)
  }
  return reader.isComplete && areSoundInvites(invites) ? { ...contents, invites } : undefined
}

function readInvite(reader: Reader): Invite | undefined {
  const side = sides[reader.u8()]
  const [alias, written] = [text(reader), text(reader)]
  const prk = reader.bytes(32).slice()
  const [createdAt, expiresAt] = [time(reader), time(reader)]
  const pinned = reader.data()
  const bound = parseFingerprint(hex.encode(pinned))
  const code = written === undefined ? undefined : readCode(written)
  if (!reader.isSound || !side || alias === undefined || (!bound && pinned.length > 0)) return undefined
  return code || written === '' ? { side, alias, code, prk, createdAt, expiresAt, bound } : undefined
}

/** For each buddy: a count of 2 octets, then addresses as DATA. */
function encodeHints({ buddies }: Contents): Uint8Array {
  const writer = new Writer()
  for (const { hints } of buddies) {
    writer.u16(hints.length)
    for (const hint of hints) writer.data(utf8.encode(hint))
  }
  return buddies.some(({ hints }) => hints.length > 0) ? writer.done() : new Uint8Array(0)
}

function decodeHints(octets: Uint8Array, contents: Contents): Contents | undefined {
  const reader = new Reader(octets)
  const buddies: Buddy[] = []
  for (const buddy of contents.buddies) {
    const hints = list(reader, maxHints, readLiteral)
    if (!hints) return undefined
    buddies.push({ ...buddy, hints })
  }
  const isSound = reader.isComplete && buddies.some(({ hints }) => hints.length > 0)
  return isSound ? { ...contents, buddies } : undefined
}

/** For each buddy: an octet of switches, two bits each from the lowest (0 unset, 1 off, 2 on), and days to keep (0 unset). */
function encodeHabits({ buddies }: Contents): Uint8Array {
  const writer = new Writer()
  for (const { habits } of buddies) {
    const bits = switchable.map((name, i) => bitsOf(habits[name]) << (2 * i))
    writer.u8(bits.reduce((all, one) => all | one, 0)).u16(habits.keep ?? 0)
  }
  const isAny = buddies.some(({ habits }) => Object.keys(habits).length > 0)
  return isAny ? writer.done() : new Uint8Array(0)
}

const bitsOf = (value: boolean | undefined): number => (value === undefined ? 0 : value ? 2 : 1)

function decodeHabits(octets: Uint8Array, contents: Contents): Contents | undefined {
  const reader = new Reader(octets)
  const buddies: Buddy[] = []
  for (const buddy of contents.buddies) {
    const habits = readHabits(reader)
    if (!habits) return undefined
    buddies.push({ ...buddy, habits })
  }
  const isSound = reader.isComplete && buddies.some(({ habits }) => Object.keys(habits).length > 0)
  return isSound ? { ...contents, buddies } : undefined
}

function readHabits(reader: Reader): Habits | undefined {
  const [bits, keep] = [reader.u8(), reader.u16()]
  let habits: Habits = {}
  for (const [i, name] of switchable.entries()) {
    const value = (bits >> (2 * i)) & 3
    if (value === 3) return undefined
    if (value > 0) habits = { ...habits, [name]: value === 2 }
  }
  if (bits >> (2 * switchable.length) !== 0 || (keep !== 0 && !isKeep(keep))) return undefined
  return keep === 0 ? habits : { ...habits, keep }
}

/** The newest, then perhaps the one before. */
function encodeRecordKeys({ recordKeys }: Contents): Uint8Array {
  return concatBytes(...recordKeys)
}

function decodeRecordKeys(octets: Uint8Array, contents: Contents): Contents | undefined {
  const count = octets.length / recordKeySize
  if (count !== 1 && count !== 2) return undefined
  const recordKeys = Array.from({ length: count }, (_, i) =>
    octets.slice(i * recordKeySize, (i + 1) * recordKeySize),
  )
  return { ...contents, recordKeys }
}

function list<Item>(
  reader: Reader,
  most: number,
  read: (reader: Reader) => Item | undefined,
): Item[] | undefined {
  const count = reader.u16()
  if (count > most) return undefined
  const items: Item[] = []
  while (items.length < count) {
    const item = read(reader)
    if (item === undefined) return undefined
    items.push(item)
  }
  return items
}

function readBuddy(reader: Reader): Buddy | undefined {
  const alias = text(reader)
  const address = readAddress(reader)
  const trust = trusts[reader.u8()]
  const pinned = reader.data()
  const addedAt = time(reader)
  const lastSeenAt = time(reader)
  if (!reader.isSound || alias === undefined || !address || !trust) return undefined
  const fingerprint = parseFingerprint(hex.encode(pinned))
  if (!fingerprint && pinned.length > 0) return undefined
  return {
    alias,
    address,
    trust,
    fingerprint,
    addedAt,
    lastSeenAt: lastSeenAt === 0 ? undefined : lastSeenAt,
    isBlocked: false,
    isStrange: false,
    hints: [],
    habits: {},
  }
}

function readAddress(reader: Reader): ProfileAddress | undefined {
  const parsed = readProfileAddress(reader.bytes(65).slice())
  return parsed.kind === 'address' ? parsed.address : undefined
}

function readLiteral(reader: Reader): Address | undefined {
  const written = text(reader)
  const node = written === undefined ? undefined : parseAddress(written)
  return node === written ? node : undefined
}

/** Unix ms; one that is no date fails the reader. */
function time(reader: Reader): number {
  const value = reader.u64()
  if (value > maxTime) reader.fail()
  return Number(value)
}

function text(reader: Reader): string | undefined {
  try {
    return strictUtf8.decode(reader.data())
  } catch {
    return undefined // the decoder's only way to say that this is no UTF-8
  }
}

const sides: readonly Side[] = ['inviter', 'accepter'] // the octet is the index
const trusts: readonly Trust[] = ['unverified', 'by-code', 'verified'] // the octet is the index
const maxTime = 253_402_300_799_999n // the year 9999 ends
const utf8 = new TextEncoder()
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
