/**
 * The client profile: who may be spoken with under which tag, until when.
 * OTRv4, "Client Profile".
 */
import { ed448Sign, ed448Verify, equal } from '../crypto.ts'
import { Reader } from '../wire/reader.ts'
import { Writer } from '../wire/writer.ts'
import { decodePoint, type Point, pointSize } from './ed448.ts'
import { type Fingerprint, fingerprintOf, type IdentityKeys } from './identity.ts'

/** A profile that was validated. */
export interface ClientProfile {
  readonly bytes: Uint8Array // as it came: hashed into the transcript of the DAKE
  readonly instanceTag: number
  readonly publicKey: Point // H
  readonly forgingKey: Point // F
  readonly isPostQuantum: boolean // announces the extension of docs/Protocol.md, "Post-quantum"
  readonly expires: number // unix seconds
  readonly fingerprint: Fingerprint
}

/** Why a profile is refused. `clock`: theirs has expired by ours, or ours is wrong. */
export type ProfileFault =
  | { readonly kind: 'malformed' | 'signature' | 'tag' | 'version' | 'key' }
  | { readonly kind: 'clock'; readonly expires: number }

export interface NewClientProfile {
  readonly identity: IdentityKeys
  readonly instanceTag: number // 0x100..0xffffffff
  readonly expires: number // unix seconds
  /** Letters of what is spoken, one each: `q` is the post-quantum extension, which a DAKE under this profile uses. */
  readonly versions?: '4' | '4q'
}

/** Makes and signs a profile for version 4, as the text has it unless `versions` says more. */
export function createClientProfile(options: NewClientProfile): Uint8Array {
  const { identity, instanceTag, expires, versions = '4' } = options
  if (instanceTag < lowestTag) throw new RangeError(`profile: instance tag ${instanceTag} is reserved`)
  const fields = new Writer(160).u16(field.tag).u32(instanceTag)
  fields.u16(field.publicKey).bytes(publicKeyType).bytes(identity.publicKey)
  fields.u16(field.forgingKey).bytes(forgingKeyType).bytes(identity.forgingKey)
  fields.u16(field.versions).data(new TextEncoder().encode(versions))
  fields.u16(field.expires).u64(BigInt(expires))
  const signed = fields.done()
  // "Create a Client Profile Signature": over the fields, without their number (D4).
  return new Writer(signed.length + 118)
    .u32(5)
    .bytes(signed)
    .bytes(ed448Sign(identity.symmetricKey, signed))
    .done()
}

/**
 * When a profile made now expires, in unix seconds: after the recommended week,
 * rounded up to a UTC day so that it does not tell when it was made (D14).
 *
 * @param wall - unix milliseconds
 */
export const profileExpiry = (wall: number): number => (Math.ceil(wall / day) * day + 7 * day) / 1000

/** Less than a day is left: time to make and publish another (D14). */
export const needsRenewal = (expires: number, wall: number): boolean => expires * 1000 - wall < day

/**
 * "Validating a Client Profile", in the order of that section.
 *
 * @param senderTag - of the message that carried the profile
 * @param wall - unix milliseconds
 */
export function validateClientProfile(
  bytes: Uint8Array,
  { senderTag, wall }: { readonly senderTag: number; readonly wall: number },
): ClientProfile | ProfileFault {
  const fields = parse(bytes)
  if (!fields) return { kind: 'malformed' }
  const { instanceTag, H, F, versions, expires, signed, signature } = fields
  if (!ed448Verify(H, signed, signature)) return { kind: 'signature' }
  if (instanceTag !== senderTag || instanceTag < lowestTag) return { kind: 'tag' }
  if (expires * 1000 + day <= wall) return { kind: 'clock', expires }
  // "Establishing Versions": no 1 or 2, and other characters are ignored.
  if (!versions.includes('4') || /[12]/.test(versions)) return { kind: 'version' }
  const publicKey = decodePoint(H)
  const forgingKey = publicKey && decodePoint(F)
  if (!forgingKey) return { kind: 'key' }
  const fingerprint = fingerprintOf({ publicKey: H, forgingKey: F })
  const isPostQuantum = versions.includes(postQuantum)
  return { bytes: bytes.slice(), instanceTag, publicKey, forgingKey, isPostQuantum, expires, fingerprint }
}

/** Octets of the profile at the front of `bytes`; `undefined` where there is none. */
export function clientProfileSize(bytes: Uint8Array): number | undefined {
  const fields = parse(bytes)
  return fields && 4 + fields.signed.length + signatureSize
}

/** What a profile of our own says, unchecked; `undefined` if it is none. */
export function ownClientProfile(
  bytes: Uint8Array,
): Pick<ClientProfile, 'instanceTag' | 'isPostQuantum'> | undefined {
  const fields = parse(bytes)
  return fields && { instanceTag: fields.instanceTag, isPostQuantum: fields.versions.includes(postQuantum) }
}

interface Fields {
  readonly instanceTag: number
  readonly H: Uint8Array
  readonly F: Uint8Array
  readonly versions: string
  readonly expires: number
  readonly signed: Uint8Array
  readonly signature: Uint8Array
}

/**
 * "Client Profile Data Type": the five fields of version 4, each once, in any
 * order. An unknown field has no known length, so that it cannot be skipped;
 * the two of version 3 count as unknown here.
 */
function parse(bytes: Uint8Array): Fields | undefined {
  const reader = new Reader(bytes)
  const seen = new Map<number, Uint8Array>()
  const count = reader.u32()
  for (let i = 0; i < count && reader.isSound; i++) {
    const type = reader.u16()
    if (seen.has(type)) reader.fail()
    seen.set(type, readField(reader, type))
  }
  const signed = bytes.subarray(4, reader.at)
  const signature = reader.bytes(signatureSize)
  if (!reader.isSound || seen.size !== Object.keys(field).length) return undefined
  return {
    instanceTag: new Reader(seen.get(field.tag)!).u32(),
    H: seen.get(field.publicKey)!,
    F: seen.get(field.forgingKey)!,
    versions: String.fromCharCode(...seen.get(field.versions)!),
    expires: Number(BigInt.asIntN(64, new Reader(seen.get(field.expires)!).u64())),
    signed,
    signature,
  }
}

function readField(reader: Reader, type: number): Uint8Array {
  switch (type) {
    case field.tag:
      return reader.bytes(4)
    case field.publicKey:
      return readKey(reader, publicKeyType)
    case field.forgingKey:
      return readKey(reader, forgingKeyType)
    case field.versions: {
      const versions = reader.data()
      if (versions.length > longestVersions) reader.fail()
      return versions
    }
    case field.expires:
      return reader.bytes(8)
    default:
      reader.fail()
      return new Uint8Array(0)
  }
}

function readKey(reader: Reader, type: Uint8Array): Uint8Array {
  if (!equal(reader.bytes(2), type)) reader.fail()
  return reader.bytes(pointSize)
}

const field = { tag: 1, publicKey: 2, forgingKey: 3, versions: 4, expires: 5 } as const

// "Public keys ...": ED448-PUBKEY 0x0010 and ED448-FORGING-KEY 0x0012, the only little-endian shorts.
const publicKeyType = Uint8Array.of(0x10, 0x00)
const forgingKeyType = Uint8Array.of(0x12, 0x00)

const signatureSize = 114
const lowestTag = 0x100 // "Instance Tags": lower ones are reserved
const longestVersions = 64 // of one character each: more versions than there will be
const postQuantum = 'q'
const day = 86_400_000 // ms
