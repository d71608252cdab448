/**
 * A profile's address, which buddies give each other: `ot1...`, bech32m
 * (BIP 350) of 65 octets: version (1) | discovery key (32) | first 32 octets of
 * the OTRv4 fingerprint. Spec: docs/Protocol.md, "Address".
 */
import { bech32m, hex } from '@scure/base'
import { equal } from '../crypto.ts'
import type { Fingerprint } from '../otr/identity.ts'
import { Writer } from '../wire/writer.ts'
import { discoveryKeySize, isDiscoveryKey } from './discoverykey.ts'

/** The 65 octets; made by this file only. */
export type ProfileAddress = Uint8Array & { readonly __brand: 'ProfileAddress' }

/** Why a text is no address. */
export type AddressFault =
  | 'empty'
  | 'prefix' // does not begin with ot1
  | 'short'
  | 'long'
  | 'characters' // one that no address has
  | 'mixed-case'
  | 'checksum' // a letter is wrong, or two are exchanged
  | 'version' // of a newer program
  | 'key' // the discovery key is refused

export type ParsedAddress =
  | { readonly kind: 'address'; readonly address: ProfileAddress }
  | { readonly kind: 'wrong'; readonly why: AddressFault }

export function profileAddress(discoveryKey: Uint8Array, fingerprint: Fingerprint): ProfileAddress {
  if (!isDiscoveryKey(discoveryKey)) throw new RangeError('this discovery key is refused by every buddy')
  return brand(new Writer(size).u8(version).bytes(discoveryKey).bytes(prefixOf(fingerprint)).done())
}

/** Reads `ot1...`; white space around it is dropped, upper case is read too (QR codes prefer it). */
export function parseProfileAddress(text: string): ParsedAddress {
  const word = text.trim()
  if (word === '') return wrong('empty')
  if (!/^ot1/i.test(word)) return wrong('prefix')
  if (word !== word.toLowerCase() && word !== word.toUpperCase()) return wrong('mixed-case')
  if (!/^ot1[02-9ac-hj-np-z]*$/i.test(word)) return wrong('characters')
  if (word.length !== textLength) return wrong(word.length < textLength ? 'short' : 'long')
  const decoded = bech32m.decodeUnsafe(word, textLength)
  if (!decoded) return wrong('checksum')
  return readProfileAddress(bech32m.fromWords(decoded.words))
}

/** Takes the 65 octets. */
export function readProfileAddress(octets: Uint8Array): ParsedAddress {
  if (octets.length !== size) return wrong(octets.length < size ? 'short' : 'long')
  if (octets[0] !== version) return wrong('version')
  const address = brand(octets)
  return isDiscoveryKey(discoveryKeyIn(address)) ? { kind: 'address', address } : wrong('key')
}

export const formatProfileAddress = (address: ProfileAddress): string =>
  bech32m.encode(prefix, bech32m.toWords(address), textLength)

export const discoveryKeyIn = (address: ProfileAddress): Uint8Array =>
  address.subarray(1, 1 + discoveryKeySize)

/** Whether he who has this fingerprint is the one whose address this is. */
export const isFingerprintOf = (address: ProfileAddress, fingerprint: Fingerprint): boolean =>
  equal(address.subarray(1 + discoveryKeySize), prefixOf(fingerprint))

/** What an address has of its holder's fingerprint: the first 64 of its 112 hex digits. */
export const keyIn = (address: ProfileAddress): string => hex.encode(address.subarray(1 + discoveryKeySize))

const prefixOf = (fingerprint: Fingerprint): Uint8Array => hex.decode(fingerprint).subarray(0, prefixSize)

/** Octet for octet, from the front: below, at or above zero, for sorting. */
export function compareOctets(a: Uint8Array, b: Uint8Array): number {
  const differing = a.findIndex((octet, i) => octet !== b[i])
  return differing < 0 ? a.length - b.length : a[differing]! - (b[differing] ?? -1)
}

const wrong = (why: AddressFault): ParsedAddress => ({ kind: 'wrong', why })
const brand = (octets: Uint8Array): ProfileAddress => octets as ProfileAddress

const version = 1
const prefixSize = 32 // octets of the fingerprint
const size = 1 + discoveryKeySize + prefixSize
const prefix = 'ot'
const textLength = prefix.length + 1 + (size * 8) / 5 + 6 // 113: 65 octets are 104 letters, and no bit is left over
