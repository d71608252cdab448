/** BEP 44's items: under which target they stand, and what their signature covers. */
import { ed25519Verify, sha1 } from '../crypto.ts'
import { dictionary, encodeBencode } from '../wire/bencode.ts'
import type { Item, MutableItem } from './krpc.ts'

/** SHA-1 of the bencoded value, or of public key and salt. */
export function targetOf(item: Item): Uint8Array {
  return item.kind === 'immutable' ? sha1(encodeBencode(item.value)) : sha1(item.key, item.salt)
}

/** `4:salt…3:seqi1e1:v…`: a dictionary without its first and last letter; no salt if it is empty. */
export function signedPart({ salt, seq, value }: Pick<MutableItem, 'salt' | 'seq' | 'value'>): Uint8Array {
  return encodeBencode(dictionary({ salt: salt.length > 0 ? salt : undefined, seq, v: value })).slice(1, -1)
}

export const isGenuine = (item: MutableItem): boolean =>
  ed25519Verify(item.key, signedPart(item), item.signature)

export const maxValueSize = 1_000 // octets, bencoded
export const maxSaltSize = 64 // octets
