/** Reads what a vector file says of two sides and their DAKE. */
import { readFileSync } from 'node:fs'
import { armor, unarmor } from '../../../src/otr/armor.ts'
import type { Phi } from '../../../src/otr/dake.ts'
import { dh, generateDh } from '../../../src/otr/dh.ts'
import { ecdh, generateEcdh, publicPoint } from '../../../src/otr/ed448.ts'
import type { IdentityKeys } from '../../../src/otr/identity.ts'
import * as keys from '../../../src/otr/keys.ts'
import { type DakeKeys, type DataMessage, decodeMessage } from '../../../src/otr/message.ts'
import type { Agreed } from '../../../src/otr/ratchet.ts'
import {
  array,
  field,
  hex,
  type Json,
  list,
  object,
  octets,
  part,
  pointOf,
  tag,
  text,
  toHex,
} from './reading.ts'

export type Party = 'alice' | 'bob'
export const parties: readonly Party[] = ['bob', 'alice']
export const other = (party: Party): Party => (party === 'bob' ? 'alice' : 'bob')

export const sideOf = (file: Json, party: Party): Json => {
  const name = party === 'bob' ? 'initiator_bob' : 'responder_alice'
  return object(file[name], name)
}

export function partyOf(step: Json): Party {
  const party = text(step, 'party')
  if (party !== 'alice' && party !== 'bob') throw new Error('a step of neither alice nor bob')
  return party
}

export function identityOf(side: Json): IdentityKeys {
  const symmetricKey = octets(side, 'sym_h')
  return { symmetricKey, publicKey: publicPoint(symmetricKey), forgingKey: octets(side, 'F') }
}

export const accountOf = (file: Json, party: Party): Uint8Array =>
  new TextEncoder().encode(text(sideOf(file, party), 'account'))

/** A side's pairs by the names of the DAKE: Y and B of Bob, X and A of Alice. */
export function fieldsOf(side: Json, party: Party): readonly [Json, Json, Json, Json] {
  const names = [...(party === 'bob' ? ['Y', 'B'] : ['X', 'A']), 'ecdh_first', 'dh_first']
  return names.map((name) => object(side[name], name)) as unknown as [Json, Json, Json, Json]
}

export function pairsOf(side: Json, party: Party) {
  const [e, d, firstE, firstD] = fieldsOf(side, party)
  return {
    ecdh: generateEcdh(() => octets(e, 'ecdh_random')),
    dh: generateDh(() => octets(d, 'dh_random_80')),
    firstEcdh: generateEcdh(() => octets(firstE, 'ecdh_random')),
    firstDh: generateDh(() => octets(firstD, 'dh_random_80')),
    keys: {
      ecdh: octets(e, 'public'),
      dh: octets(d, 'public_mpi').subarray(4),
      firstEcdh: octets(firstE, 'public'),
      firstDh: octets(firstD, 'public_mpi').subarray(4),
    } satisfies DakeKeys,
  }
}

export const keysOf = (file: Json, party: Party): DakeKeys => pairsOf(sideOf(file, party), party).keys

export const viewOf = (file: Json, party: Party) => ({
  profile: octets(sideOf(file, party), 'client_profile'),
  keys: keysOf(file, party),
})

export const phiOf = (file: Json, sender: Party): Phi => ({
  senderTag: tag(field(sideOf(file, sender), 'instance_tag')),
  receiverTag: tag(field(sideOf(file, other(sender)), 'instance_tag')),
  own: keysOf(file, sender),
  theirs: keysOf(file, other(sender)),
  ownId: accountOf(file, sender),
  theirId: accountOf(file, other(sender)),
})

export function sharedOf(file: Json, party: Party): { kEcdh: Uint8Array; kDh: Uint8Array } {
  const own = pairsOf(sideOf(file, party), party)
  const theirs = keysOf(file, other(party))
  return { kEcdh: ecdh(own.ecdh.secret, pointOf(theirs.ecdh)), kDh: dh(own.dh.secret, theirs.dh) }
}

export function agreedOf(file: Json, party: Party): Agreed {
  const { kEcdh, kDh } = sharedOf(file, party)
  const { firstEcdh, firstDh } = pairsOf(sideOf(file, party), party)
  const theirs = keysOf(file, other(party))
  return {
    secret: keys.mixedSecret(kEcdh, keys.thirdBraceKey(kDh)),
    ecdh: firstEcdh,
    dh: firstDh,
    theirEcdh: pointOf(theirs.firstEcdh),
    theirDh: theirs.firstDh,
    isPostQuantum: false,
  }
}

/** What each side of a lone DAKE draws, in order. */
export function drawsOf(file: Json): Record<Party, Uint8Array[]> {
  const draws = (party: Party): Uint8Array[] => {
    const own = fieldsOf(sideOf(file, party), party)
    const pairs = own.map((pair) => octets(pair, 'ecdh_random' in pair ? 'ecdh_random' : 'dh_random_80'))
    const signature = object(file[party === 'bob' ? 'auth_i' : 'auth_r'], 'signature')
    return [...pairs, ...ringDraws(part(signature, 'random'))]
  }
  const after = 'bob_after' in file ? afterDraws(part(file, 'bob_after')) : []
  return { alice: draws('alice'), bob: [...draws('bob'), ...after] }
}

export const afterDraws = (after: Json): Uint8Array[] => [
  octets(after, 'ecdh_random'),
  octets(after, 'dh_random_80'),
]

/** In the order of otr4j: t, then c and r of each key. The signer's own may be missing: it is not used. */
export function ringDraws(random: Json): Uint8Array[] {
  const [c, r] = [array(random, 'c'), array(random, 'r')]
  const draws = [field(random, 't'), ...c.flatMap((value, i) => [value, r[i]])]
  return draws.map((draw) => (draw === null ? new Uint8Array(57) : hex(draw, 'ring random')))
}

export const drawList = (randomness: Json, party: Party): Uint8Array[] =>
  list(randomness, party).map((draw) => octets(draw, 'hex'))

/** A `Random` that gives the draws in order: copies, as secrets are overwritten after use. */
export function drawing(draws: Uint8Array[]): (size: number) => Uint8Array {
  return (size) => {
    const draw = draws.shift()
    if (draw?.length !== size)
      throw new Error(`a draw of ${size} octets, recorded: ${draw?.length ?? 'none'}`)
    return draw.slice()
  }
}

export function dataOf(message: Uint8Array, label: string): DataMessage {
  const decoded = decodeMessage(message)
  if (decoded.kind !== 'data') throw new Error(`${label}: no data message`)
  return decoded
}

export function macKeys({ revealed }: DataMessage): string[] {
  const count = revealed.length / 64
  return Array.from({ length: count }, (_, i) => toHex(revealed.subarray(64 * i, 64 * i + 64))).sort()
}

export function onlyReply(replies: readonly Uint8Array[]): Uint8Array {
  if (replies.length !== 1) throw new Error(`${replies.length} replies`)
  return replies[0]!
}

export function bytesOf(item: Json, field: string): Uint8Array {
  const bytes = unarmor(text(item, field))
  if (!bytes || armor(bytes) !== item[field]) throw new Error(`${field}: not the text form of a message`)
  return bytes
}

/** A file that the given one refers to. */
export function companion(name: string): Json {
  const file = new URL(`../../vectors/otrv4/${name}.json`, import.meta.url)
  return object(JSON.parse(readFileSync(file, 'utf8')), name)
}

/** Within the life of every profile of the files but the expired one. */
export const recordedAt = Date.UTC(2026, 0, 1)
