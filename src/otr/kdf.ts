/**
 * The one hash of OTRv4: SHAKE-256 with a usage octet, as key derivation, hash
 * and MAC. OTRv4, "Key Derivation Function, Hash Function and MAC Function".
 */
import { shake256 } from '../crypto.ts'

/**
 * KDF(usageID || values, size) = SHAKE-256("OTRv4" || usageID || values, size)
 *
 * HWC and HCMAC are the same function.
 *
 * @param usage - one octet that separates this derivation from all others
 * @param values - inputs, concatenated as they stand: each must have a fixed
 *   length or carry its own, or two different lists could collide
 * @param size - octets wanted
 */
export const kdf = (usage: Usage, values: readonly Uint8Array[], size: number): Uint8Array =>
  numberedKdf(usages[usage], values, size)

/** The same, where the spec counts instead: the proofs of SMP (1 to 8), the extra keys of one message. */
export const numberedKdf = (id: number, values: readonly Uint8Array[], size: number): Uint8Array =>
  shake256(size, prefix, Uint8Array.of(id), ...values)

/** One row per usage, named as in the spec. */
export const usages = {
  fingerprint: 0x00,
  thirdBraceKey: 0x01,
  braceKey: 0x02,
  sharedSecret: 0x03,
  ssid: 0x04,
  authRBobClientProfile: 0x05,
  authRAliceClientProfile: 0x06,
  authRPhi: 0x07,
  authIBobClientProfile: 0x08,
  authIAliceClientProfile: 0x09,
  authIPhi: 0x0a,
  firstRootKey: 0x0b,
  tmpKey: 0x0c,
  authMacKey: 0x0d,
  nonIntAuthBobClientProfile: 0x0e,
  nonIntAuthAliceClientProfile: 0x0f,
  nonIntAuthPhi: 0x10,
  authMac: 0x11,
  rootKey: 0x12,
  chainKey: 0x13,
  nextChainKey: 0x14,
  messageKey: 0x15,
  macKey: 0x16,
  extraSymmetricKey: 0x17,
  authenticator: 0x18,
  smpSecret: 0x19,
  auth: 0x1a,
  // Ours, out of the way of later versions of the text: docs/Protocol.md, "Post-quantum".
  hybridBraceKey: 0x20,
  encapsulation: 0x21,
} as const

export type Usage = keyof typeof usages

const prefix = new TextEncoder().encode('OTRv4')
