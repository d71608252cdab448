/**
 * What a vault holds once it is open, as octets. Spec: docs/Protocol.md,
 * "Vault". Integers are big-endian; what is read is checked as if a stranger
 * had written it.
 */
import { hex } from '@scure/base'
import type { Address } from '../machine.ts'
import { parseFingerprint } from '../otr/identity.ts'
import { parseAddress } from '../wire/address.ts'
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'
import { type ProfileAddress, readProfileAddress } from './address.ts'
import { areSound, type Buddies, type Buddy, maxBuddies, type Trust } from './buddies.ts'
import { type Identity, readIdentity, writeIdentity } from './identity.ts'

export interface Contents {
  readonly identity: Identity
  readonly createdAt: number // unix ms
  readonly buddies: Buddies
  /** Nodes of the DHT that answered: where the next start begins, newest first. */
  readonly nodes: readonly Address[]
}

/** Nodes kept; the rest of a longer list is dropped. */
export const maxNodes = 200

export function encodeContents({ identity, createdAt, buddies, nodes }: Contents): Uint8Array {
  const kept = nodes.slice(0, maxNodes)
  const writer = new Writer(512 + 256 * buddies.length)
  writeIdentity(writer, identity)
  writer.u64(BigInt(createdAt)).u16(buddies.length)
  for (const buddy of buddies) writeBuddy(writer, buddy)
  writer.u16(kept.length)
  for (const node of kept) writer.data(utf8.encode(node))
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

export function decodeContents(octets: Uint8Array): Contents | undefined {
  const reader = new Reader(octets)
  const identity = readIdentity(reader)
  const createdAt = time(reader)
  const buddies = list(reader, maxBuddies, readBuddy)
  const nodes = list(reader, maxNodes, readNode)
  if (!identity || !buddies || !nodes || !reader.isComplete) return undefined
  return areSound(buddies, identity.address) ? { identity, createdAt, buddies, nodes } : undefined
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
  }
}

function readAddress(reader: Reader): ProfileAddress | undefined {
  const parsed = readProfileAddress(reader.bytes(65).slice())
  return parsed.kind === 'address' ? parsed.address : undefined
}

function readNode(reader: Reader): Address | undefined {
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

const trusts: readonly Trust[] = ['unverified', 'by-code', 'verified'] // the octet is the index
const maxTime = 253_402_300_799_999n // the year 9999 ends
const utf8 = new TextEncoder()
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
