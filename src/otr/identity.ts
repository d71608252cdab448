/**
 * The long-lived keys of one profile and their fingerprint. OTRv4, "Public
 * keys, Shared Prekeys, Forging keys and Fingerprints".
 */
import { ed448_hasher } from '@noble/curves/ed448.js'
import type { Random } from '../crypto.ts'
import { decodePoint, pointSize, publicPoint } from './ed448.ts'
import { kdf } from './kdf.ts'

/** Who someone is: 112 lower-case hex digits. Compared whole, with `===`. */
export type Fingerprint = string & { readonly __brand: 'Fingerprint' }

export interface IdentityKeys {
  readonly symmetricKey: Uint8Array // sym_key, 57 octets: the secret
  readonly publicKey: Uint8Array // H, 57 octets
  readonly forgingKey: Uint8Array // F, 57 octets
}

/**
 * New keys. The forging key is hashed onto the curve (Elligator), so that
 * nobody ever knew its secret (D14).
 */
export function generateIdentity(random: Random): IdentityKeys {
  const symmetricKey = random(pointSize)
  const F = ed448_hasher.hashToCurve(random(pointSize), { DST: 'otrtalk OTRv4 forging key' })
  return { symmetricKey, publicKey: publicPoint(symmetricKey), forgingKey: F.toBytes() }
}

/** Keys from where they were kept; `undefined` if they have another length or F is no valid point. */
export function loadIdentity(symmetricKey: Uint8Array, forgingKey: Uint8Array): IdentityKeys | undefined {
  if (symmetricKey.length !== pointSize || !decodePoint(forgingKey)) return undefined
  return { symmetricKey, publicKey: publicPoint(symmetricKey), forgingKey }
}

/** HWC(usage_fingerprint || byte(H) || byte(F), 56) */
export function fingerprintOf(keys: Pick<IdentityKeys, 'publicKey' | 'forgingKey'>): Fingerprint {
  const hash = kdf('fingerprint', [keys.publicKey, keys.forgingKey], fingerprintSize)
  return Array.from(hash, (octet) => octet.toString(16).padStart(2, '0')).join('') as Fingerprint
}

/** Reads a fingerprint as people write it: letter case and white space do not matter. */
export function parseFingerprint(text: string): Fingerprint | undefined {
  const digits = text.replace(/\s+/g, '').toLowerCase()
  return /^[\da-f]{112}$/.test(digits) ? (digits as Fingerprint) : undefined
}

/** For people: fourteen groups of eight digits. */
export const formatFingerprint = (fingerprint: Fingerprint): string =>
  fingerprint.replace(/.{8}(?!$)/g, '$& ')

const fingerprintSize = 56
