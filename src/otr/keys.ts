/**
 * What is derived from what in the double ratchet. OTRv4, "Shared Secrets",
 * "Deriving Double Ratchet Keys" and "Calculating Encryption and MAC Keys".
 */
import { wipe } from '../crypto.ts'
import { kdf } from './kdf.ts'
import type { Encapsulation } from './kem.ts'

export type RootKey = Uint8Array & { readonly __brand: 'RootKey' } // 64 octets
export type ChainKey = Uint8Array & { readonly __brand: 'ChainKey' } // 64 octets
export type BraceKey = Uint8Array & { readonly __brand: 'BraceKey' } // 32 octets
export type MixedSecret = Uint8Array & { readonly __brand: 'MixedSecret' } // K, 64 octets

/**
 * brace_key = KDF(usage_third_brace_key || k_dh, 32); overwrites k_dh.
 *
 * With an encapsulation, the extension's: KDF(usage_hybrid_brace_key || k_dh ||
 * ss || HWC(usage_encapsulation || ek || ct, 64), 32); overwrites ss as well.
 */
export function thirdBraceKey(kDh: Uint8Array, kem?: Encapsulation): BraceKey {
  const key = kem
    ? kdf('hybridBraceKey', [kDh, kem.shared, kdf('encapsulation', [kem.ek, kem.ct], 64)], 32)
    : kdf('thirdBraceKey', [kDh], 32)
  wipe(kDh)
  if (kem) wipe(kem.shared)
  return key as BraceKey
}

/** brace_key = KDF(usage_brace_key || brace_key, 32) */
export const nextBraceKey = (braceKey: BraceKey): BraceKey => kdf('braceKey', [braceKey], 32) as BraceKey

/** K = KDF(usage_shared_secret || K_ecdh || brace_key, 64); overwrites K_ecdh. */
export function mixedSecret(kEcdh: Uint8Array, braceKey: BraceKey): MixedSecret {
  const secret = kdf('sharedSecret', [kEcdh, braceKey], 64) as MixedSecret
  wipe(kEcdh)
  return secret
}

/** KDF(usage_first_root_key || K, 64) */
export const firstRootKey = (secret: MixedSecret): RootKey => kdf('firstRootKey', [secret], 64) as RootKey

/** HWC(usage_SSID || K, 8) */
export const ssidOf = (secret: MixedSecret): Uint8Array => kdf('ssid', [secret], 8)

/** derive_ratchet_keys(purpose, prev_root_key, K); overwrites K. */
export function ratchetKeys(
  previous: RootKey,
  secret: MixedSecret,
): { readonly rootKey: RootKey; readonly chainKey: ChainKey } {
  const rootKey = kdf('rootKey', [previous, secret], 64) as RootKey
  const chainKey = kdf('chainKey', [previous, secret], 64) as ChainKey
  wipe(secret)
  return { rootKey, chainKey }
}

/** chain_key[k+1] = KDF(usage_next_chain_key || chain_key[k], 64) */
export const nextChainKey = (chainKey: ChainKey): ChainKey => kdf('nextChainKey', [chainKey], 64) as ChainKey

/** What one message is encrypted with, and what others may use beside it; the MAC key follows from MKenc. */
export interface MessageKeys {
  readonly mkEnc: Uint8Array // 64 octets, the first 32 of which are the cipher's key
  readonly extraKey: Uint8Array // extra_symm_key, 64 octets
}

/**
 * MKenc = KDF(usage_message_key || chain_key, 64)
 * extra_symm_key = KDF(usage_extra_symm_key || 0xFF || chain_key, 64)
 */
export const messageKeys = (chainKey: ChainKey): MessageKeys => ({
  mkEnc: kdf('messageKey', [chainKey], 64),
  extraKey: kdf('extraSymmetricKey', [extraKeyMark, chainKey], 64),
})

/** MKmac = KDF(usage_MAC_key || MKenc, 64) */
export const macKey = (mkEnc: Uint8Array): Uint8Array => kdf('macKey', [mkEnc], 64)

/** Authenticator = HCMAC(usage_authenticator || MKmac || data_message_sections, 64) */
export const authenticator = (mkMac: Uint8Array, sections: Uint8Array): Uint8Array =>
  kdf('authenticator', [mkMac, sections], 64)

const extraKeyMark = Uint8Array.of(0xff)
