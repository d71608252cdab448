/**
 * Who a profile is: its OTRv4 keys, its discovery key, its instance tag, and
 * what follows from them.
 */
import type { Random } from '../crypto.ts'
import {
  type Fingerprint,
  fingerprintOf,
  generateIdentity,
  type IdentityKeys,
  loadIdentity,
} from '../otr/identity.ts'
import type { Reader } from '../wire/reader.ts'
import type { Writer } from '../wire/writer.ts'
import { type ProfileAddress, profileAddress } from './address.ts'
import { discoveryKeyOf, discoveryKeySize } from './discoverykey.ts'
import type { Self } from './pair.ts'

export interface Identity {
  readonly keys: IdentityKeys
  readonly fingerprint: Fingerprint
  readonly discoverySecret: Uint8Array // 32 octets
  readonly address: ProfileAddress
  /** OTRv4, "Instance Tags": one for each device, 0x100 or more. */
  readonly instanceTag: number
}

export function createIdentity(random: Random): Identity {
  return complete(generateIdentity(random), random(discoveryKeySize), newInstanceTag(random))
}

/** The same one with a new discovery key, and so another address. */
export const withNewDiscoveryKey = (identity: Identity, random: Random): Identity => ({
  ...identity,
  ...selfWith(identity, random(discoveryKeySize)),
})

/** The same one on another device. */
export const withNewInstanceTag = (identity: Identity, random: Random): Identity => ({
  ...identity,
  instanceTag: newInstanceTag(random),
})

/** The address that an identity had, or has, with this discovery secret. */
export function selfWith({ fingerprint }: Identity, discoverySecret: Uint8Array): Self {
  return { discoverySecret, address: profileAddress(discoveryKeyOf(discoverySecret), fingerprint) }
}

/** Uniform over 0x100 to 0xffffffff. */
export function newInstanceTag(random: Random): number {
  for (;;) {
    const tag = new DataView(random(4).buffer).getUint32(0)
    if (tag >= leastTag) return tag
  }
}

/** sym_key 57 | F 57 | discovery secret 32 | instance tag 4 */
export function writeIdentity(writer: Writer, { keys, discoverySecret, instanceTag }: Identity): void {
  writer.bytes(keys.symmetricKey).bytes(keys.forgingKey).bytes(discoverySecret).u32(instanceTag)
}

export function readIdentity(reader: Reader): Identity | undefined {
  const symmetricKey = reader.bytes(otrKeySize).slice()
  const forgingKey = reader.bytes(otrKeySize).slice()
  const discoverySecret = reader.bytes(discoveryKeySize).slice()
  const instanceTag = reader.u32()
  if (!reader.isSound || instanceTag < leastTag) return undefined
  const keys = loadIdentity(symmetricKey, forgingKey)
  return keys && complete(keys, discoverySecret, instanceTag)
}

function complete(keys: IdentityKeys, discoverySecret: Uint8Array, instanceTag: number): Identity {
  const fingerprint = fingerprintOf(keys)
  const address = profileAddress(discoveryKeyOf(discoverySecret), fingerprint)
  return { keys, fingerprint, discoverySecret, address, instanceTag }
}

const otrKeySize = 57
const leastTag = 0x100 // those below are reserved
