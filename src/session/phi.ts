/**
 * Who the two are in phi, the shared state that a DAKE signs (docs/Protocol.md, D2):
 * `"otrtalk 1"` | role | discovery key | h. The number is this protocol's
 * version; h binds the DAKE to the link that carries it, so that whoever sits
 * between two links breaks it.
 */
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import type { Pair } from '../profile/pair.ts'
import type { Established } from '../transport/link/sealed.ts'

export function phiIds(
  { role, h }: Pick<Established, 'role' | 'h'>,
  { names }: Pair,
): { readonly own: Uint8Array; readonly peer: Uint8Array } {
  const [own, peer] = role === 'initiator' ? ([0, 1] as const) : ([1, 0] as const)
  return { own: phiId(own, names.own, h), peer: phiId(peer, names.buddy, h) }
}

const phiId = (role: 0 | 1, discoveryKey: Uint8Array, h: Uint8Array): Uint8Array =>
  concatBytes(utf8ToBytes('otrtalk 1'), Uint8Array.of(role), discoveryKey, h)
