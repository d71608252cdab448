/**
 * Keys for other uses that both sides of a data message derive beside its own:
 * a TLV 7 names each, and carries no key. OTRv4, "Extra Symmetric Key".
 */
import { wipe } from '../crypto.ts'
import { numberedKdf } from './kdf.ts'
import { type Tlv, tlvType } from './tlv.ts'

/** What a key is for. */
export interface KeyUse {
  readonly context: Uint8Array // 4 octets: the kind of use
  readonly value: Uint8Array // which of that kind; may be empty
}

/** The key is the receiver's own copy, to be overwritten after use. */
export interface ExtraKey extends KeyUse {
  readonly key: Uint8Array // 64 octets
}

/** @throws RangeError unless the context has 4 octets */
export function extraKeyTlv({ context, value }: KeyUse): Tlv {
  if (context.length !== contextSize) throw new RangeError('extra key: the context has 4 octets')
  return { type: tlvType.extraKey, value: Uint8Array.from([...context, ...value]) }
}

/**
 * extra_sym_key_n+1 = KDF(index || context || extra_sym_key_n, 64)
 *
 * for each TLV 7, where index is its place among all TLVs of the message.
 * Overwrites the first, which is nobody's key. A TLV without a context, and
 * those for which there are no keys left, give none.
 */
export function extraKeys(first: Uint8Array, tlvs: readonly Tlv[]): ExtraKey[] {
  const keys: ExtraKey[] = []
  let previous = first
  for (const [index, { type, value }] of tlvs.entries()) {
    if (type !== tlvType.extraKey || value.length < contextSize) continue
    if (index > 0xff || keys.length === maxKeys) break
    const context = value.slice(0, contextSize)
    const key = numberedKdf(index, [context, previous], 64)
    keys.push({ context, value: value.slice(contextSize), key })
    previous = key
  }
  wipe(first)
  return keys
}

const contextSize = 4
/** "only 10 extra symmetric keys can be derived", of which the first is the one that all others come from. */
export const maxKeys = 9
